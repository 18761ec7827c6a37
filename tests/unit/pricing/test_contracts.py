"""Contracts: each method by hand, and every authoring error caught at load with file and line."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from typer.testing import CliRunner

from claims.pricing import ContractError, contracts_of, load_contracts, price, replay
from orchestration.cli import app
from orchestration.exits import CommandError
from tests.unit.pricing.tables import Tables, fee, lines

Small = Callable[..., Tables]
AtHome = Callable[[Path], AbstractContextManager[Any]]

GOOD = """
contracts:
  - id: bluebird-2025
    payers: [COM01, COM02]
    effective_from: 2025-01-01
    effective_to: 2025-12-31
    lesser_of: true
    carve_outs:
      - {codes: [J*], method: percent_of_charge, percent: 60}
    terms:
      - {method: fixed_fee, fees: {99214: 140.10, 70450-26: 61.25}}
      - {codes: [20000-29999], method: percent_of_medicare, percent: 112.5}
      - {method: percent_of_medicare, percent: 125, unpriced_percent_of_charge: 40}
  - id: heron-2025
    payers: [COM03]
    effective_from: 2025-01-01
    terms:
      - {codes: ["59400"], method: case_rate, amount: 3000}
      - {method: percent_of_charge, percent: 33.3333}
"""


def written(folder: Path, text: str, name: str = "contracts.yml") -> Path:
    path = folder / name
    path.write_text(dedent(text), encoding="utf-8")
    return path


@pytest.fixture
def prices(small: Small, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """`prices(line, ...)`: rows of the output under the two contracts."""
    tables = small(fee_schedule=[fee("99213", "100.01"), fee("29870", "365.31"), fee("99214", "120")])
    contracts = load_contracts(written(tmp_path, GOOD))

    def run(*rows: dict[str, Any]) -> list[dict[str, Any]]:
        out: list[dict[str, Any]] = price(lines(*rows), tables, contracts).to_pylist()
        for row in out:
            assert row["allowed_amount"] is None or replay(row["steps"])[-1] == row["allowed_amount"]
        return out

    return run


@pytest.mark.parametrize(
    ("line", "amount", "last"),
    [
        ({"code": "99213", "payer_id": "COM01", "charge_amount": 200}, "125.01", "percent_of_medicare"),
        ({"code": "29870", "payer_id": "COM02", "charge_amount": 900}, "410.97", "percent_of_medicare"),
        ({"code": "99213", "payer_id": "COM01", "charge_amount": 110}, "110.00", "percent_of_medicare"),
        ({"code": "99214", "payer_id": "COM01", "charge_amount": 500, "unit_count": 2}, "280.20", "units"),
        ({"code": "70450", "mods": "26", "payer_id": "COM01", "charge_amount": 500}, "61.25", "fixed_fee"),
        ({"code": "J1100", "payer_id": "COM01", "charge_amount": "12.35"}, "7.41", "percent_of_charge"),
        ({"code": "99999", "payer_id": "COM01", "charge_amount": 50}, "20.00", "percent_of_charge"),
        ({"code": "99213", "payer_id": "COM03", "charge_amount": "100.00"}, "33.33", "percent_of_charge"),
    ],
    ids=["percent of Medicare", "range", "lesser of", "fixed fee by units", "fixed fee by modifier", "carve-out",
         "no Medicare price", "percent of charge"],
)  # fmt: skip
def test_each_method(prices: Callable[..., Any], line: dict[str, Any], amount: str, last: str) -> None:
    [row] = prices(line)
    assert row["allowed_amount"] == Decimal(amount)
    assert last in [step["rule"] for step in row["steps"]]
    assert row["payment_amount"] is None  # sequestration is Medicare's


def test_case_rate_pays_the_claim_once(prices: Callable[..., Any]) -> None:
    rows = prices(
        {"code": "99213", "payer_id": "COM03", "charge_amount": 100},
        {"code": "59400", "payer_id": "COM03", "charge_amount": 5000},
        {"code": "99214", "payer_id": "COM03", "charge_amount": 90, "claim_ordinal": 2},
    )
    assert [row["allowed_amount"] for row in rows] == [Decimal("0.00"), Decimal("3000.00"), Decimal("30.00")]
    assert rows[0]["reason"] == "in_case_rate"


def test_payers_without_contract_and_days_outside_it(prices: Callable[..., Any]) -> None:
    from datetime import date

    rows = prices(
        {"code": "99213", "payer_id": "OTHER"},
        {"code": "99213", "payer_id": "OTHER", "claim_filing_code": "MB"},
        {"code": "99213", "payer_id": "COM01", "service_date": date(2026, 1, 1)},
        {"code": "99213"},
    )
    assert [row["reason"] for row in rows] == ["no_contract", None, "no_contract", None]
    assert [row["contract_id"] for row in rows] == [None, "medicare", None, "medicare"]
    assert rows[0]["medicare_amount"] == Decimal("100.01")


def test_json_is_read_too(tmp_path: Path) -> None:
    text = (
        '{"contracts": [{"id": "a", "payers": ["P"], "effective_from": "2025-01-01",'
        ' "terms": [{"method": "percent_of_charge", "percent": 50}]}]}'
    )
    written(tmp_path, text, "one.json")
    [contract] = load_contracts(tmp_path)
    assert contract.terms[0].percent == Decimal("0.5")


@pytest.mark.parametrize(
    ("change", "place", "word"),
    [
        (("lesser_of: true", "lessor_of: true"), "contracts.yml:7", "unknown word 'lessor_of'"),
        (("percent: 60", "percent: -60"), "contracts.yml:9", "must not be negative"),
        (("percent: 60", "percent: sixty"), "contracts.yml:9", "is no number"),
        (("percent: 60", "amount: 60"), "contracts.yml:9", "amount is no word of percent_of_charge"),
        (("codes: [J*]", "codes: [J]"), "contracts.yml:9", "is no code"),
        (("20000-29999", "29999-20000"), "contracts.yml:12", "is no code"),
        (("percent_of_medicare, percent: 112.5", "percent_of_mediacre, percent: 112.5"), "contracts.yml:12", "no"),
        (("method: percent_of_medicare, percent: 125,", "method: percent_of_medicare,"), "contracts.yml:13", "needs"),
        (("effective_to: 2025-12-31", "effective_to: 2024-12-31"), "contracts.yml:6", "is before effective_from"),
        (("effective_to: 2025-12-31", "effective_to: 31.12.2025"), "contracts.yml:6", "is no day"),
        (("payers: [COM03]", "payers: [COM02]"), "contracts.yml:14", "two contracts"),
        (("id: heron-2025", "id: bluebird-2025"), "contracts.yml:14", "is also at contracts.yml:3"),
        (("99214: 140.10", "99214: 140.105"), "contracts.yml:11", "amount in cents"),
        (("99214: 140.10", "99214X: 140.10"), "contracts.yml:11", "is no code"),
        (("codes: [J*], ", ""), "contracts.yml:9", "a carve-out needs codes"),
        (("codes: [20000-29999], ", ""), "contracts.yml:13", "no code reaches this term"),
        (("    payers: [COM03]\n", ""), "contracts.yml:14", "missing: payers"),
        (("lesser_of: true", "lesser_of: yes"), "contracts.yml:7", "true or false"),
        (("carve_outs:", "carve_outs: ["), "contracts.yml:9", ""),
    ],
)  # fmt: skip
def test_an_authoring_error_is_caught_with_file_and_line(
    tmp_path: Path, change: tuple[str, str], place: str, word: str
) -> None:
    assert change[0] in GOOD
    with pytest.raises(ContractError) as caught:
        load_contracts(written(tmp_path, GOOD.replace(*change, 1)))
    assert any(one.startswith(f"{place}:") and word in one for one in caught.value.problems), caught.value.problems


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    written(tmp_path, GOOD.replace("percent: 60", "percent: 0").replace("112.5", "5000"), "a.yml")
    written(tmp_path, "", "b.yml")
    with pytest.raises(ContractError) as caught:
        load_contracts(tmp_path)
    assert [one.split(": ")[0] for one in caught.value.problems] == ["a.yml:9", "a.yml:12", "b.yml:1"]


LISTED = """
contracts:
  - id: heron-2025
    payers: [COM07]
    effective_from: 2025-01-01
    terms:
      - {method: fixed_fee, fees_file: heron.csv}
"""
FEES = (
    "code,modifier,fee,facility_fee\n99213,,100.00,70.00\n20610,,60.00,\n20610,50,90.00,\n20610,59,55.00,50.00\n"
    "70450,26,31.00,\n"
)


@pytest.mark.parametrize(
    ("line", "amount"),
    [
        ({"code": "99213"}, "100.00"),
        ({"code": "99213", "place_of_service_code": "22"}, "70.00"),
        ({"code": "20610", "place_of_service_code": "22"}, "60.00"),
        ({"code": "20610", "mods": "RT 50"}, "90.00"),
        ({"code": "20610", "mods": "50 59"}, "55.00"),
        ({"code": "20610", "mods": "59 50", "place_of_service_code": "22"}, "50.00"),
        ({"code": "70450", "mods": "26", "place_of_service_code": "22"}, "31.00"),
        ({"code": "70450"}, None),
        ({"code": "99213", "claim_type": "institutional", "bill_type_code": "13"}, "70.00"),
        ({"code": "99213", "claim_type": "institutional", "bill_type_code": "11"}, None),
    ],
    ids=["office", "facility", "one fee for both", "a modifier's own fee", "the lowest of two", "and in any order",
         "professional part", "no fee for the whole", "hospital outpatient", "a stay has no fee by code"],
)  # fmt: skip
def test_a_list_of_fees_beside_the_contract(
    small: Small, tmp_path: Path, line: dict[str, Any], amount: str | None
) -> None:
    (tmp_path / "heron.csv").write_text(FEES)
    contracts = load_contracts(written(tmp_path, LISTED))
    [row] = price(lines({"payer_id": "COM07", "charge_amount": 500, **line}), small(), contracts).to_pylist()
    assert row["allowed_amount"] == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("fees", "problem"),
    [
        ("code,price\n99213,1\n", "heron.csv:1: the header must be of"),
        ("code,fee\n99213\n", "heron.csv:2: 1 cells, the header has 2"),
        ("code,fee\n9921,1.00\n", "heron.csv:2: 9921 is no code"),
        ("code,fee\n99213,1.005\n", "heron.csv:2: fee '1.005' is no amount"),
        ("code,fee\n99213,-1\n", "heron.csv:2: fee '-1' is no amount"),
        ("code,modifier,fee\n99213,25,1\n\n99213,25,2\n", "heron.csv:4: 99213 25 stands twice"),
        ("code,fee\n", "heron.csv:1: no fee"),
        (None, "contracts.yml:7: fees_file 'heron.csv': No such file"),
    ],
)
def test_a_list_of_fees_is_checked_with_file_and_line(tmp_path: Path, fees: str | None, problem: str) -> None:
    if fees is not None:
        (tmp_path / "heron.csv").write_text(fees)
    with pytest.raises(ContractError) as caught:
        load_contracts(written(tmp_path, LISTED))
    assert [one for one in caught.value.problems if one.startswith(problem)], caught.value.problems


def test_a_fee_list_stands_beside_its_contract_and_nowhere_else(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"contracts\.yml:7: fees_file '\.\./heron\.csv' must be the name"):
        load_contracts(written(tmp_path, LISTED.replace("heron.csv", "../heron.csv")))


def test_a_tenant_has_the_contracts_of_all_and_its_own(tmp_path: Path) -> None:
    assert contracts_of(tmp_path, "alder") == ()
    written(tmp_path, GOOD)
    (tmp_path / "alder").mkdir()
    (tmp_path / "alder" / "heron.csv").write_text(FEES)
    written(tmp_path / "alder", LISTED.replace("heron-2025", "egret-2025"))
    assert [one.contract_id for one in contracts_of(tmp_path, "alder")] == ["bluebird-2025", "heron-2025", "egret-2025"]
    assert [one.contract_id for one in contracts_of(tmp_path, "birch")] == ["bluebird-2025", "heron-2025"]
    written(tmp_path / "alder", LISTED.replace("heron-2025", "egret-2025").replace("COM07", "COM03"))
    with pytest.raises(ContractError, match="payer 'COM03' has two contracts from 2025-01-01"):
        contracts_of(tmp_path, "alder")


def test_contracts_are_loaded_whole_or_not_at_all(at_home: AtHome, tmp_path: Path) -> None:
    source = tmp_path / "given"
    source.mkdir()
    (source / "heron.csv").write_text(FEES)
    written(source, LISTED, "heron.yml")
    with at_home(tmp_path / "home") as settings:
        load = ["contracts", "load", str(source / "heron.yml"), "--tenant", "alder"]
        assert CliRunner().invoke(app, load).exit_code == 0
        shown = CliRunner().invoke(app, ["contracts", "list", "--tenant", "alder", "--date", "2025-07-01", "--json"])
        [held] = json.loads(shown.stdout)["contracts"]
        assert (held["contract_id"], held["fees"], held["effective_to"]) == ("heron-2025", 5, None)
        before = {path.name: path.read_bytes() for path in (settings.contracts / "alder").iterdir()}
        assert set(before) == {"heron.csv", "heron.yml"}
        (source / "heron.csv").write_text("code,fee\n99213,none\n")
        refused = CliRunner().invoke(app, load)
        assert isinstance(refused.exception, CommandError)
        assert "PRICE-CONTRACT" in str(refused.exception)
        assert "heron.csv:2" in str(refused.exception)
        assert {path.name: path.read_bytes() for path in (settings.contracts / "alder").iterdir()} == before
        assert [path.name for path in settings.contracts.iterdir()] == ["alder"]
