"""The priced lines of the lake: what is priced again and what is left, and that every amount follows from its trace."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from typer.testing import CliRunner

from claims import schema
from claims.lake import Lake
from claims.pricing import ContractError, priced_row, replay, to_text
from claims.reference import load
from orchestration.cli import app
from orchestration.defs.silver.prices import PriceReport, price_stale
from orchestration.exits import CommandError
from orchestration.settings import Settings
from tests.dbt import tiny_lake

JANUARY, MARCH = date(2025, 1, 10), date(2025, 3, 10)
CONTRACT = """
    contracts:
      - id: heron-{year}
        payers: [P1]
        effective_from: {year}-01-01
        effective_to: {year}-12-31
        lesser_of: true
        terms:
          - {{method: fixed_fee, fees_file: heron.csv}}
          - {{method: percent_of_charge, percent: {percent}}}
"""
FEES = "code,modifier,fee,facility_fee\n99213,,100.00,70.00\n20610,,60,\n20610,50,90,\n"


def _line(
    file: str, claim: int, line: int, code: str | None, charge: str, service: date, **more: Any
) -> dict[str, Any]:
    return {
        "file_id": file, "transaction_ordinal": 1, "claim_ordinal": claim, "line_number": line, "procedure_code": code,
        "charge_amount": Decimal(charge), "unit_count": Decimal(1), "unit_code": "UN", "service_from_date": service,
        "tenant_id": "alder", **more,
    }  # fmt: skip


def _claim(file: str, claim: int, payer: str, place: str = "11", **more: Any) -> dict[str, Any]:
    return {
        "file_id": file, "transaction_ordinal": 1, "claim_ordinal": claim, "payer_id": payer, "claim_filing_code": "CI",
        "facility_type_code": place, "claim_type": "professional", "tenant_id": "alder", **more,
    }  # fmt: skip


def _bronze(lake: Lake, day: date, claims: list[dict[str, Any]], lines: list[dict[str, Any]]) -> None:
    for name, rows in (("claims", claims), ("claim_lines", lines)):
        lake.ensure("bronze", name, schema.bronze(name))
        data = tiny_lake.table(name, [row | {"received_date": day} for row in rows])
        lake.write("bronze", name, data, [("alder", day)])


def _run(settings: Settings) -> PriceReport:
    return price_stale(settings, progress=lambda _: None)


def _rows(settings: Settings) -> dict[tuple[str, int, int], dict[str, Any]]:
    found = Lake(settings.lake).read("silver", "priced_lines").to_pylist()
    return {(row["file_id"], row["claim_ordinal"], row["line_number"]): row for row in found}


def _contract(settings: Settings, year: int, percent: int = 50) -> None:
    folder = settings.contracts / "alder"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"heron-{year}.yml").write_text(dedent(CONTRACT.format(year=year, percent=percent)))
    (folder / "heron.csv").write_text(FEES)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Two months of one tenant: a visit, an injection of both sides and a drug in January, a visit in March."""
    settings = Settings(home=tmp_path)
    lake = Lake(settings.lake)
    _bronze(
        lake,
        JANUARY,
        [_claim("a", 1, "P1"), _claim("a", 2, "P1", "22"), _claim("a", 3, "P9")],
        [
            _line("a", 1, 1, "99213", "150", date(2024, 12, 30)),
            _line("a", 1, 2, "20610", "200", JANUARY, modifier_1="50"),
            _line("a", 1, 3, "J3301", "30", JANUARY, unit_count=Decimal(4)),
            _line("a", 2, 1, "99213", "150", JANUARY),
            _line("a", 3, 1, "99213", "150", JANUARY),
        ],
    )
    _bronze(lake, MARCH, [_claim("b", 1, "P1")], [_line("b", 1, 1, "99213", "80", MARCH)])
    _contract(settings, 2025)
    return settings


def test_lines_are_priced_by_the_contract_of_their_day_and_each_amount_follows_from_its_trace(
    settings: Settings,
) -> None:
    report = _run(settings)
    assert (report.lines, report.months, report.partitions) == (6, 2, 2)
    rows = _rows(settings)
    assert {key: (row["price_status"], row["expected_allowed_amount"]) for key, row in rows.items()} == {
        ("a", 1, 1): ("unpriced", None),  # a service of 2024, of which there is no contract
        ("a", 1, 2): ("priced", Decimal("90.00")),  # the fee of modifier 50
        ("a", 1, 3): ("priced", Decimal("15.00")),  # 50 % of 30
        ("a", 2, 1): ("priced", Decimal("70.00")),  # the fee of a facility
        ("a", 3, 1): ("unpriced", None),  # a payer without contract
        ("b", 1, 1): ("priced", Decimal("80.00")),  # the charge is lower than 100
    }
    assert rows["a", 3, 1]["price_reason"] == rows["a", 1, 1]["price_reason"] == "no_contract"
    assert rows["b", 1, 1]["trace"] == "fixed_fee=100;lower_of_charge=80;round=80"
    for row in rows.values():
        steps = priced_row(row)["steps"]
        assert not steps or replay(steps)[-1] == row["expected_allowed_amount"]
    assert "lower of fee and charge" in to_text(priced_row(rows["b", 1, 1]))


def test_only_what_changed_is_priced_again(settings: Settings, tmp_path: Path) -> None:
    _run(settings)
    assert _run(settings).months == 0
    # A contract of 2024 holds on a day of service of the January files alone, one of 2023 on none.
    _contract(settings, 2023)
    assert _run(settings).months == 0
    _contract(settings, 2024)
    assert (_run(settings).months, _rows(settings)["a", 1, 1]["expected_allowed_amount"]) == (1, Decimal("100.00"))
    # A first release stands in for the days of its year before it as well; one of the next year is of nobody's day.
    for start, months in ((date(2025, 2, 1), 2), (date(2026, 1, 1), 0)):
        source = tmp_path / f"published-{start}" / "clfs.csv"
        source.parent.mkdir()
        source.write_text(f"hcpcs,rate\n80053,1{start:%m}.56\n")
        assert [one.status for one in load(source, settings.reference, effective=start)] == ["loaded"]
        assert _run(settings).months == months
    _bronze(Lake(settings.lake), MARCH, [_claim("b", 1, "P1")], [_line("b", 1, 1, "99213", "75", MARCH)])
    assert (_run(settings).months, _rows(settings)["b", 1, 1]["expected_allowed_amount"]) == (1, Decimal("75.00"))
    _bronze(Lake(settings.lake), MARCH, [], [])
    assert _run(settings).months == 1
    assert {file for file, _, _ in _rows(settings)} == {"a"}
    assert _run(settings).months == 0


def test_an_amount_of_the_lake_is_explained(
    settings: Settings, at_home: Callable[[Path], AbstractContextManager[Settings]]
) -> None:
    file_id = "a" * 32
    claim, line = _claim(file_id, 12, "P1"), _line(file_id, 12, 1, "99213", "80", MARCH)
    _bronze(Lake(settings.lake), MARCH, [claim], [line, line | {"line_number": 2, "procedure_code": "J3301"}])
    _run(settings)
    ask = ["price", "--tenant", "alder", "--claim", f"{file_id}-12"]
    with at_home(settings.home):
        both, second, none = (
            CliRunner().invoke(app, [*ask, *words]) for words in ([], ["--line", "2", "--json"], ["--line", "3"])
        )
    assert both.stdout.startswith(f"{file_id}-12 line 1, contract heron-2025: priced: 80.00")
    assert "line 2, contract heron-2025: priced: 40.00" in both.stdout
    [document] = json.loads(second.stdout)["lines"]
    assert [step["amount"] for step in document["trace"]] == ["80.00", "40.00", "40.00", "40.00"]
    assert isinstance(none.exception, CommandError)


def test_contracts_that_cannot_be_used_stop_the_pricing_with_file_and_line(settings: Settings) -> None:
    (settings.contracts / "alder" / "heron.csv").write_text("code,modifier,fee\n99213,,100.00\n99214,,12.345\n")
    with pytest.raises(ContractError, match=r"alder: heron\.csv:3: fee '12\.345'"):
        _run(settings)
    assert not Lake(settings.lake).read("silver", "priced_lines").num_rows
