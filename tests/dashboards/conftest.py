"""A published home of two small tenants, its marts made by hand to the columns of the dbt contract.

Every number that a test of this folder expects can be worked out from the rows below with pencil and paper.

alder, January to June 2025, received until June 30, so January to April are closed (60 days), May and June are open.
Each month Evergreen gets 10 claims and Summit 5, of 1,000 dollars each. Evergreen denies 2 (one for eligibility, 1,000
denied and 400 recovered; one for authorization, 600 denied), Summit 1 (eligibility, 500 denied) from February on. Of
Evergreen's claims of each month one has no answer. Evergreen pays 4,000 and 100 more each month, Summit 2,000.
birch has one month, June 2025, with one claim of 700 dollars, paid 650.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import streamlit as st
import yaml

from claims.warehouse import publish

MARTS = Path(__file__).resolve().parents[2] / "dbt_project" / "models" / "marts"
CONTRACTS = sorted(MARTS.glob("_*__models.yml"))
EVERGREEN, SUMMIT = "EVG01", "SUM01"
NPI_1, NPI_2 = "1234567893", "1999999984"
CUT_OFF = date(2025, 6, 30)

Rows = dict[str, list[dict[str, Any]]]


def revenue(tenant: str, month: date, payer: str, claims: int, charges: int, payments: int, **other: Any) -> dict:
    row = {"tenant_id": tenant, "month_date": month, "payer_id": payer, "claim_count": claims}
    amounts = {"gross_charge_amount": charges, "net_charge_amount": charges, "payment_amount": payments}
    return row | amounts | {"trailing_day_count": 91, "is_mature": month.month <= 4} | other


def outcome(payer: str, npi: str, month: date, category: str, claims: int, **other: Any) -> dict:
    row = {"tenant_id": "alder", "month_date": month, "payer_id": payer, "rendering_provider_npi": npi}
    row |= {"specialty": "family_medicine", "reason_category": category, "claim_count": claims}
    row |= {"adjudicated_claim_count": claims, "charge_amount": claims * 1000, "is_mature": month.month <= 4}
    denied = 0 if category == "none" else claims
    amounts = {"denied_claim_count": denied, "denied_charge_amount": 0, "recovered_amount": 0}
    return row | amounts | {"recovered_claim_count": 0} | other


def claim(number: int, payer: str, npi: str, day: date, category: str, submission: int = 1) -> dict:
    row = {"tenant_id": "alder", "claim_id": f"f{number:031x}-1", "is_first_pass": submission == 1, "is_primary": True}
    row |= {
        "is_initially_denied": category != "none",
        "submitted_date": day,
        "payer_id": payer,
        "rendering_provider_npi": npi,
    }
    return row | {"initial_reason_category": category, "cut_off_date": CUT_OFF, "received_date": day}


def denial(of: dict, denied_on: date, category: str, amount: int, payer_name: str, segment: int) -> dict:
    row = {key: of[key] for key in ("tenant_id", "claim_id", "submitted_date", "payer_id", "rendering_provider_npi")}
    row |= {"denial_id": f"{of['claim_id']}-d", "claim_line_number": 1, "is_initial": True, "denied_date": denied_on}
    row |= {"procedure_code": "99213", "group_code": "CO", "reason_code": "27", "reason_category": category}
    row |= {"payer_name": payer_name, "charge_amount": amount, "denied_amount": amount, "recovered_amount": 0}
    row |= {"reason_short_words": "after coverage ended", "reason_workflow": "verify dates", "file_id": "e" * 32}
    return row | {"transaction_ordinal": 3, "segment_ordinal": segment, "byte_offset": 4096}


def the_marts() -> Rows:
    months = [date(2025, n, 1) for n in range(1, 7)]
    rows: Rows = {
        "agg_revenue_monthly": [],
        "agg_denials_monthly": [],
        "agg_denied_lines_monthly": [],
        "dim_payer": [
            {"tenant_id": "alder", "payer_id": EVERGREEN, "payer_name": "Evergreen Health"},
            {"tenant_id": "alder", "payer_id": SUMMIT, "payer_name": "Summit Mutual"},
            {"tenant_id": "birch", "payer_id": EVERGREEN, "payer_name": "Evergreen Health"},
        ],
        "dim_provider": [
            {"tenant_id": "alder", "provider_npi": npi, "specialty": "family_medicine", "is_rendering": True}
            for npi in (NPI_1, NPI_2)
        ],
    }
    for month in months:
        evergreen = {"receivable_amount": 20000, "trailing_charge_amount": 30000, "first_denial_count": 2}
        summit = {"receivable_amount": 4000, "trailing_charge_amount": 15000, "first_denial_count": 1}
        rows["agg_revenue_monthly"] += [
            revenue(
                "alder", month, EVERGREEN, 10, 10000, 4000 + 100 * month.month, days_in_receivable=60.7, **evergreen
            ),
            revenue("alder", month, SUMMIT, 5, 5000, 2000, days_in_receivable=24.3, **summit),
        ]
        recovered = {"denied_charge_amount": 1000, "recovered_amount": 400, "recovered_claim_count": 1}
        rows["agg_denials_monthly"] += [
            outcome(EVERGREEN, NPI_1, month, "none", 8, adjudicated_claim_count=7),
            outcome(EVERGREEN, NPI_1, month, "eligibility", 1, **recovered),
            outcome(EVERGREEN, NPI_1, month, "authorization", 1, denied_charge_amount=600),
        ]
        if month.month == 1:
            rows["agg_denials_monthly"].append(outcome(SUMMIT, NPI_2, month, "none", 5))
        else:
            rows["agg_denials_monthly"] += [
                outcome(SUMMIT, NPI_2, month, "none", 4),
                outcome(SUMMIT, NPI_2, month, "eligibility", 1, denied_charge_amount=500),
            ]
        line = {"tenant_id": "alder", "month_date": month, "payer_id": EVERGREEN, "rendering_provider_npi": NPI_1}
        line |= {"specialty": "family_medicine", "procedure_code": "99213", "is_mature": month.month <= 4}
        rows["agg_denied_lines_monthly"] += [
            line | {"reason_category": "none", "line_count": 18, "denied_line_count": 0},
            line
            | {"reason_category": "eligibility", "line_count": 2, "denied_line_count": 2, "denied_charge_amount": 1000},
        ]
    birch = {"receivable_amount": 50, "trailing_charge_amount": 700, "first_denial_count": 0}
    rows["agg_revenue_monthly"].append(revenue("birch", months[-1], EVERGREEN, 1, 700, 650, **birch))

    first = claim(1, EVERGREEN, NPI_1, date(2025, 1, 10), "eligibility")
    second = claim(2, SUMMIT, NPI_2, date(2025, 6, 2), "authorization")
    again = claim(3, EVERGREEN, NPI_1, date(2025, 3, 1), "eligibility", submission=2)
    of_birch = claim(4, EVERGREEN, NPI_1, date(2025, 6, 2), "none") | {"tenant_id": "birch"}
    rows["fct_claims"] = [first, second, again, of_birch]
    rows["fct_denials"] = [
        denial(first, date(2025, 2, 1), "eligibility", 1000, "=HYPERLINK(1)", 17),
        denial(second, date(2025, 6, 20), "authorization", 250, "Summit Mutual", 42),
        denial(again, date(2025, 4, 1), "eligibility", 99, "Evergreen Health", 8),
    ]
    return rows | the_kpis(months) | the_edits(first, second)


def edit(of: dict, rule: str, severity: str, carc: str | None, **other: Any) -> dict:
    row = {key: of[key] for key in ("tenant_id", "claim_id", "submitted_date", "payer_id")}
    row |= {"edit_id": f"{of['claim_id']}:{rule}:1:1", "source": "rule", "rule_id": rule, "severity": severity}
    row |= {"message": f"Message of {rule}", "fix": f"Fix of {rule}", "prevented_reason_code": carc, "line_number": 1}
    row |= {"is_overridden": False, "file_id": of["claim_id"][:32], "transaction_ordinal": 2, "segment_ordinal": 31}
    return row | {"byte_offset": 512} | other


def the_edits(first: dict, second: dict) -> Rows:
    """ELG-1 on Evergreen's claim was right, of four judged one; DX-1 on Summit's is a warning, not answered yet."""
    answered = {"first_adjudicated_date": date(2025, 2, 1), "initial_outcome": "denied", "is_initially_denied": True}
    month = {"tenant_id": "alder", "payer_id": EVERGREEN, "category": "eligibility", "prevented_reason_code": "27"}
    counts = {"fired_count": 5, "overridden_count": 1, "judged_count": 4, "foretold_count": 1}
    return {
        "fct_claim_edits": [
            edit(first, "ELG-1", "error", "27", is_foretold=True, initial_reason_code="27", **answered),
            edit(second, "DX-1", "warning", "16"),
            edit(second, "X12-9", "error", None, source="reader", line_number=None),
        ],
        "agg_rule_performance": [month | counts | {"month_date": date(2025, 1, 1), "rule_id": "ELG-1"}],
    }


def the_kpis(months: list[date]) -> Rows:
    """Denials of 3 of 15 claims a month, naively 2 of 15; answers after 10, 20 (Evergreen) and 40 days (Summit)."""
    denial, lag = "agg_initial_denial_rate", "agg_payer_lag"
    rows: Rows = {denial: [], lag: [], "agg_kpi_comparison": [], "dim_kpi_definition": []}
    for position, (kpi, name, definition, model, unit, statistic, factor) in enumerate(
        [
            ("initial_denial_rate", "Initial denial rate", "default", denial, "share", "ratio", 3),
            ("initial_denial_rate", "Initial denial rate", "naive", denial, "share", "ratio", 1),
            ("payer_lag", "Payer lag", "default", lag, "days", "median", 1),
        ]
    ):
        row = {"kpi_id": kpi, "kpi_name": name, "definition_id": definition, "model_name": model, "unit": unit}
        row |= {"statistic": statistic, "factor": factor, "position": position, "is_default": definition == "default"}
        row |= {"formula": f"{definition} formula of {kpi}", "definition_source": f"{definition} body", "note": "Note."}
        row |= {"numerator_rows": "marts.fct_claims as claims", "denominator_rows": "marts.fct_claims as claims"}
        rows["dim_kpi_definition"].append(
            row | {"numerator_filter": "claims.is_initially_denied", "denominator_filter": "claims.is_first_pass"}
        )
    for month in months:
        key = {"tenant_id": "alder", "month_date": month, "has_full_window": True, "is_mature": month.month <= 4}
        rate = key | {"kpi_id": "initial_denial_rate"}
        for definition, value, difference in (("default", 0.2, 0.0), ("naive", 0.13, -0.07)):
            rows["agg_kpi_comparison"].append(
                rate | {"definition_id": definition, "kpi_value": value, "default_value": 0.2, "difference": difference}
            )
        days = key | {"kpi_id": "payer_lag", "definition_id": "default"}
        rows["agg_kpi_comparison"].append(days | {"kpi_value": 20.0, "default_value": 20.0, "difference": 0.0})
        for payer, denied, sent in ((EVERGREEN, 2, 30), (SUMMIT, 1, 15)):
            rows[denial].append(
                rate | {"definition_id": "default", "payer_id": payer, "numerator": denied, "denominator": sent}
            )
            naive = {"definition_id": "naive", "numerator": denied - denied % 2, "denominator": sent // 3}
            rows[denial].append(rate | naive | {"payer_id": payer})
        for payer, after in ((EVERGREEN, 10), (EVERGREEN, 20), (SUMMIT, 40)):
            rows[lag].append(days | {"payer_id": payer, "lag_days": after, "numerator": after, "denominator": 1})
    return rows


def write_warehouse(path: Path, rows: Rows) -> Path:
    """Every mart of the dbt contract, empty but for `rows`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        for model in [one for path in CONTRACTS for one in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]]:
            name = model["name"]
            columns = ", ".join(f"{column['name']} {column['data_type']}" for column in model["columns"])
            connection.execute(f"create table marts.{name} ({columns})")
            for row in rows.get(name, []):
                marks = ", ".join("?" for _ in row)
                connection.execute(f"insert into marts.{name} ({', '.join(row)}) values ({marks})", list(row.values()))
    return path


@pytest.fixture(scope="session")
def published_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLAIMWORKS_HOME whose serving folder holds alder and birch."""
    home = tmp_path_factory.mktemp("home")
    warehouse = write_warehouse(home / "warehouse" / "claimworks.duckdb", the_marts())
    (home / "lake").mkdir()
    publish(warehouse, home / "lake", home / "serving", ["alder", "birch", "cedar"])
    return home


@pytest.fixture
def home(published_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The published home, set for the app under test, with nothing cached from another test."""
    monkeypatch.setenv("CLAIMWORKS_HOME", str(published_home))
    st.cache_data.clear()
    yield published_home
    st.cache_data.clear()
