"""Every expectation of the suites of features and scores can fail, fails alone, and blocks where we computed it."""

from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ml.denial.features import Reason
from ml.denial.scoring import SCORES
from quality.suites import SuiteResult, contract_checks, contract_of, hold, read_contracts
from quality.suites.checks import (
    TENANT_PATTERN,
    TOKEN_PATTERN,
    Check,
    Member,
    Pattern,
    Required,
    Severity,
    Shape,
    Unique,
    Within,
)
from quality.suites.contracts import Contract, ContractError

ROOT = Path(__file__).resolve().parents[3]
MODELS = ROOT / "dbt_project" / "models" / "features" / "_features__models.yml"
TODAY = date(2026, 6, 30)

CONTRACTS = {c.table: c for c in read_contracts(MODELS, "features")}
REASONS = {f"reason_{n}_code": tuple(reason.value for reason in Reason) for n in (1, 2, 3)}
CONTRACTS["denial_scores"] = contract_of("gold", "denial_scores", SCORES, ("tenant_id", "claim_id"), REASONS)

MATCHING = {
    TENANT_PATTERN: "alder",
    TOKEN_PATTERN: "0123456789abcdef" * 2,
    r"^\d{10}$": "1234567893",
    "^[A-Z]{2}$": "GA",
    "^[A-Z0-9]{3,8}$": "E119",
    r"^\d{3,4}$": "0450",
}
SECRET = "Müller, Hans-Jürgen (*1950)"


def suite(table: str) -> tuple[Check, ...]:
    return contract_checks(CONTRACTS[table], today=TODAY)


def good_value(contract: Contract, name: str, row: int) -> Any:
    if name == "claim_id":
        return f"{'0123456789abcdef' * 2}-{row + 1}"
    for check in suite(contract.table):
        if isinstance(check, Member) and check.column == name:
            return check.values[0]
        if isinstance(check, Pattern) and check.column == name:
            return MATCHING[check.regex]
    type_ = next(column.type for column in contract.columns if column.name == name)
    if pa.types.is_date(type_):
        return date(2026, 5, 17)
    if pa.types.is_boolean(type_):
        return False
    return "A" if pa.types.is_string(type_) else 1


def good_rows(table: str, count: int) -> list[dict[str, Any]]:
    contract = CONTRACTS[table]
    return [{c.name: good_value(contract, c.name, row) for c in contract.columns} for row in range(count)]


def break_row(check: Check, rows: list[dict[str, Any]], at: int) -> None:
    match check:
        case Unique():
            rows[at].update({name: rows[at - 1][name] for name in check.columns})
        case Required():
            rows[at][check.column] = None
        case Member() | Pattern():
            rows[at][check.column] = SECRET
        case Within():
            step: Any = timedelta(days=1) if isinstance(check.minimum, date) else 1
            beyond: Any = check.minimum - step if check.maximum is None else check.maximum + step  # type: ignore[operator]
            rows[at][check.column] = beyond
        case _:
            raise ValueError(f"{check.name} is of no row")


def run(table: str, rows: list[dict[str, Any]], tenants: tuple[str, ...] = ()) -> SuiteResult:
    contract = CONTRACTS[table]
    data = pa.Table.from_pylist(rows, pa.schema([(c.name, c.type) for c in contract.columns]))
    return hold(contract.layer, table, suite(table), data, tenants=tenants)


ROW_CHECKS = [
    pytest.param(table, check, id=f"{table}-{check.name}")
    for table in CONTRACTS
    for check in suite(table)
    if not isinstance(check, Shape)
]


@cache
def found_in_broken_table(table: str) -> dict[str, tuple[int, Severity]]:
    """Two good rows, then one spoilt row per check of the suite."""
    row_checks = [check for check in suite(table) if not isinstance(check, Shape)]
    rows = good_rows(table, len(row_checks) + 2)
    for at, check in enumerate(row_checks, start=2):
        break_row(check, rows, at)
    return {failure.check: (failure.unexpected_count, failure.severity) for failure in run(table, rows).failures}


@pytest.mark.parametrize("table", CONTRACTS)
def test_good_rows_pass(table: str) -> None:
    result = run(table, good_rows(table, 3))
    assert result.failures == ()
    assert result.judged == result.suite == suite(table)


@pytest.mark.parametrize(("table", "check"), ROW_CHECKS)
def test_every_expectation_can_fail_and_fails_alone(table: str, check: Check) -> None:
    assert found_in_broken_table(table).get(check.name) == (2 if isinstance(check, Unique) else 1, check.severity)


@pytest.mark.parametrize("table", CONTRACTS)
def test_a_wrong_shape_fails_alone(table: str) -> None:
    contract = CONTRACTS[table]
    rows = pa.Table.from_pylist(good_rows(table, 2), pa.schema([(c.name, c.type) for c in contract.columns]))
    result = hold(contract.layer, table, suite(table), rows.drop_columns(["claim_id"]))
    assert [failure.check for failure in result.failures] == ["shape"]
    assert not result.success
    assert len(result.judged) == 1


@pytest.mark.parametrize(
    ("table", "check", "severity"),
    [
        ("ftr_denial__claim", "key: unique", Severity.CRITICAL),
        ("ftr_denial__claim", "patient_key: pattern", Severity.CRITICAL),
        ("ftr_denial__claim", "payer_denial_rate_90d: range", Severity.CRITICAL),
        ("ftr_denial__claim", "payer_remitted_count_90d: range", Severity.CRITICAL),
        ("ftr_denial__claim", "authorization_state: known value", Severity.CRITICAL),
        ("ftr_denial__claim", "total_charge_amount: range", Severity.WARNING),
        ("ftr_denial__claim", "frequency_code: known value", Severity.WARNING),
        ("ftr_denial__label", "is_initially_denied: required", Severity.CRITICAL),
        ("denial_scores", "denial_probability: range", Severity.CRITICAL),
        ("denial_scores", "model_version: required", Severity.CRITICAL),
        ("denial_scores", "reason_1_code: known value", Severity.CRITICAL),
    ],
)
def test_what_we_computed_blocks_and_what_was_sent_warns(table: str, check: str, severity: Severity) -> None:
    assert next(c for c in suite(table) if c.name == check).severity is severity


def test_each_tenant_is_told_his_own_share_of_a_failure() -> None:
    rows = good_rows("denial_scores", 6)
    for row in rows[3:]:
        row["tenant_id"] = "birch"
    for row in (rows[0], rows[3], rows[4]):
        row["denial_probability"] = 1.5
    (failure,) = run("denial_scores", rows, tenants=("alder", "birch", "cedar")).failures
    assert (failure.check, failure.unexpected_count) == ("denial_probability: range", 3)
    assert failure.by_tenant == {"alder": 1, "birch": 2}


def test_a_result_holds_no_value_of_the_data() -> None:
    rows = good_rows("ftr_denial__claim", 4)
    for name in ("patient_key", "tenant_id", "frequency_code"):
        rows[1][name] = SECRET
    result = run("ftr_denial__claim", rows, tenants=("alder",))
    assert len(result.failures) == 3
    assert "Müller" not in repr(result)
    assert "Müller" not in str(result.documents)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"name": "m", "columns": []}, "which columns name a row"),
        (
            {
                "name": "m",
                "data_tests": [{"sound_rows": {"arguments": {"key": ["a"]}}}],
                "columns": [{"name": "a", "data_type": "json"}],
            },
            "unknown type 'json'",
        ),
    ],
)
def test_a_contract_that_cannot_be_held_is_refused(tmp_path: Path, model: dict[str, Any], words: str) -> None:
    import yaml

    path = tmp_path / "models.yml"
    path.write_text(yaml.safe_dump({"models": [model]}))
    with pytest.raises(ContractError, match=words):
        read_contracts(path, "features")
