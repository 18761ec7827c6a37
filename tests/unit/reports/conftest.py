"""A published copy whose rows are made by hand, so that every figure of a report can be worked out with a pencil."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from claims.reports import REPORTS, Filters, write
from claims.warehouse import publish
from claims.warehouse.publishing import REQUIRED_MARTS

MARTS = Path(__file__).resolve().parents[3] / "dbt_project" / "models" / "marts"
CUT_OFF = date(2025, 6, 30)
EVIL = "=HYPERLINK(1)"
NPI = "0123456789"

Rows = dict[str, list[dict[str, Any]]]


def claim(number: int, balance: str | int, age_days: int = 10, **other: Any) -> dict[str, Any]:
    """A claim to Evergreen of 100 dollars, first and live, served `age_days` before the cut-off."""
    day = CUT_OFF - timedelta(days=age_days)
    row = {"tenant_id": "alder", "claim_id": f"{number:032x}-1", "claim_chain_id": f"c{number}", "payer_id": "EVG01"}
    row |= {"payer_name": "Evergreen", "is_live": True, "is_primary": True, "is_first_pass": True}
    row |= {"rendering_provider_npi": NPI, "payer_responsibility_code": "P", "final_outcome": "open"}
    row |= {"service_from_date": day, "service_through_date": day, "submitted_date": day, "cut_off_date": CUT_OFF}
    row |= {"charge_amount": 100, "paid_amount": 0, "denied_amount": 0, "open_balance_amount": Decimal(balance)}
    return row | other


def owed(
    number: int, balance: Decimal | int, bucket: str = "0-30", month: date = date(2025, 6, 1), **other: Any
) -> dict[str, Any]:
    """An open balance at the end of a month, of a claim of Evergreen."""
    row = {"tenant_id": "alder", "claim_id": f"{number:032x}-1", "month_date": month, "payer_id": "EVG01"}
    row |= {"is_primary": True, "rendering_provider_npi": NPI, "specialty": "family_medicine", "age_bucket": bucket}
    row |= {"is_over_90_days": bucket in ("91-120", "> 120"), "age_days": 5, "answer_state": "unanswered"}
    return row | {"charge_amount": 100, "open_balance_amount": balance} | other


def base() -> Rows:
    """Two payers, one of which chose its name to be run by a spreadsheet, one provider, six months of money."""
    months = [date(2025, month, 1) for month in range(1, 7)]
    money = {"gross_charge_amount": 1000, "net_charge_amount": 900, "payment_amount": Decimal("400.10")}
    money |= {"matched_payment_amount": 390, "adjustment_amount": 20, "write_off_amount": 5, "receivable_amount": 70}
    return {
        "dim_date": [{"date_day": date(2015, 1, 1) + timedelta(days=n)} for n in (0, 6000)],
        "dim_payer": [
            {"tenant_id": "alder", "payer_id": "EVG01", "payer_name": "Evergreen, \"Health\""},
            {"tenant_id": "alder", "payer_id": "SUM01", "payer_name": EVIL},
        ],
        "dim_provider": [
            {"tenant_id": "alder", "provider_npi": NPI, "provider_name": "+1 Clinic", "specialty": "family_medicine"}
        ],
        "agg_revenue_monthly": [
            {"tenant_id": "alder", "month_date": month, "payer_id": payer, "claim_count": 3, "is_mature": True} | money
            for month in months
            for payer in ("EVG01", "SUM01")
        ],
        "agg_denials_monthly": [
            {"tenant_id": "alder", "month_date": months[0], "payer_id": "SUM01", "rendering_provider_npi": NPI,
             "specialty": "family_medicine", "reason_category": "eligibility", "claim_count": 2,
             "denied_claim_count": 2, "fully_denied_claim_count": 1, "denied_charge_amount": 300, "denied_amount": 250,
             "recovered_claim_count": 1, "recovered_amount": 75, "is_mature": True},
        ],
        "fct_claims": [claim(1, 0)],
    }  # fmt: skip


def publish_rows(home: Path, rows: Rows) -> Path:
    """Publish the marts that reports read, as the dbt contracts have them, with `rows`; returns the copy of alder."""
    needed = {mart.removeprefix("marts.") for report in REPORTS.values() for t in report.tables for mart in t.marts}
    needed |= {*REQUIRED_MARTS}
    warehouse = home / "warehouse.duckdb"
    home.mkdir(parents=True, exist_ok=True)
    warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema marts")
        for contract in sorted(MARTS.glob("_*models.yml")):
            for model in yaml.safe_load(contract.read_text())["models"]:
                if model["name"] not in needed:
                    continue
                columns = ", ".join(f"{column['name']} {column['data_type']}" for column in model["columns"])
                connection.execute(f"create table marts.{model['name']} ({columns})")
        for name, values in rows.items():
            for row in values:
                marks = ", ".join("?" for _ in row)
                connection.execute(f"insert into marts.{name} ({', '.join(row)}) values ({marks})", list(row.values()))
    (home / "lake").mkdir(exist_ok=True)
    publish(warehouse, home / "lake", home / "serving", ["alder"])
    return home / "serving" / "alder.duckdb"


@pytest.fixture
def published(tmp_path: Path) -> Callable[[Rows], Path]:
    """A function that publishes `base` with the tables that it is given in place of its own."""
    return lambda rows: publish_rows(tmp_path / "home", base() | rows)


@pytest.fixture(scope="session")
def plain_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy of `base`. Read only."""
    return publish_rows(tmp_path_factory.mktemp("reports"), base())


@pytest.fixture
def csv_rows(tmp_path: Path) -> Callable[..., list[dict[str, str]]]:
    """A function that writes a report's table as CSV and reads it back."""
    import csv

    def read(copy: Path, name: str, table: str | None = None, **filters: Any) -> list[dict[str, str]]:
        out = tmp_path / "read.csv"
        write(copy, "alder", REPORTS[name], Filters(**filters), "csv", out, table_name=table)
        with out.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    return read
