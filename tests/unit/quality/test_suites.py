"""Every expectation of every bronze suite can fail, fails alone, and says where without saying what stood there.

The broken data is generated from the suites: a check without a breaker stops this module.
"""

import json
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, assert_never

import pyarrow as pa
import pytest

from claims import schema
from quality.suites import SuiteResult, checks, validate
from quality.suites.checks import ASSIGNED, Check, Member, Partition, Pattern, Required, Severity, Shape, Unique, Within

TODAY = date(2026, 6, 30)
DAY = date(2026, 5, 17)
TENANT = "alder"
LAKE_TABLES = [table.name for tables in schema.LAYERS.values() for table in tables]

# A text that each pattern of the suites takes; a pattern without one stops the module.
MATCHING = {
    "^[0-9a-f]{32}$": "0123456789abcdef0123456789abcdef",
    "^[a-z][a-z0-9_-]{0,62}$": TENANT,
    r"^\d{3}$": "303",
    r"^\d{10}$": "1234567893",
    "^[A-Z]{2}$": "GA",
    "^[A-Z0-9]{3,8}$": "E119",
    r"^\d{3,4}$": "0450",
    "^[A-Z]{0,2}[0-9]{1,3}$": "45",
}
# What no check of the suites takes: a name with blanks, signs and letters beyond ASCII.
SECRET = "Müller, Hans-Jürgen (*1950)"
TOO_LATE = TODAY + timedelta(days=2)
# The spoilt tenant and day are among the expected partitions, so that only their own check is against them.
# Of a table whose key is the day each row has its own.
DAYS = [DAY + timedelta(days=n) for n in range(40)]
PARTITIONS = [*((tenant, day) for tenant in (TENANT, SECRET) for day in DAYS), (TENANT, TOO_LATE)]


def suite(table: str) -> tuple[Check, ...]:
    """The suite as the asset check runs it, on a fixed day."""
    return checks(table, today=TODAY, partitions=PARTITIONS)


def good_rows(table: str, count: int) -> list[dict[str, Any]]:
    """`count` rows of bronze table `table` that pass every check, different in their keys alone."""
    by_column: dict[str, list[Check]] = {}
    for check in suite(table):
        if isinstance(check, Member | Pattern | Within):
            by_column.setdefault(check.column, []).append(check)

    def value(column: schema.Column, row: int) -> Any:
        if column.name == "tenant_id":
            return TENANT
        if column.name in schema.BY_NAME[table].keys:
            if pa.types.is_integer(column.type):
                return row + 1
            if column.name == "received_date":
                return DAYS[row]
            if column.name not in by_column:
                return f"A{row}"
        for check in by_column.get(column.name, []):
            if isinstance(check, Member):
                return check.values[0]
            if isinstance(check, Pattern):
                return MATCHING[check.regex]
        if pa.types.is_integer(column.type):
            return 1960 if column.name.endswith("_birth_year") else 1
        if pa.types.is_decimal(column.type):
            return Decimal("120.00")
        if pa.types.is_date(column.type):
            return DAY
        return False if pa.types.is_boolean(column.type) else "A"

    return [{c.name: value(c, row) for c in schema.bronze_columns(table)} for row in range(count)]


def break_row(check: Check, rows: list[dict[str, Any]], at: int) -> None:
    """Spoil row `at` so that `check`, and it alone, has something against it."""
    match check:
        case Shape():
            raise ValueError("the shape belongs to the table, not to a row")
        case Required():
            rows[at][check.column] = None
        case Unique():
            rows[at].update({name: rows[at - 1][name] for name in check.columns})
        case Member() | Pattern():
            rows[at][check.column] = SECRET
        case Within():
            rows[at][check.column] = outside(check)
        case Partition():
            rows[at]["received_date"] = DAY - timedelta(days=1)
        case _:
            assert_never(check)


def outside(check: Within) -> int | date:
    """The nearest value beyond the upper bound, or below the lower one where nothing lies above."""
    step = timedelta(days=1) if isinstance(check.minimum, date) else 1
    if check.maximum is None or check.maximum == date.max:
        assert check.minimum is not None
        return check.minimum - step  # type: ignore[operator, return-value]
    return check.maximum + step  # type: ignore[operator, return-value]


def as_table(table: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as a bronze table, with nulls let in where the schema forbids them."""
    return pa.Table.from_pylist(rows, pa.schema([(f.name, f.type) for f in schema.bronze(table)]))


def run(table: str, rows: list[dict[str, Any]]) -> SuiteResult:
    return validate(table, as_table(table, rows), today=TODAY, partitions=PARTITIONS)


ROW_CHECKS = [
    pytest.param(table, check, id=f"{table}-{check.name}")
    for table in LAKE_TABLES
    for check in suite(table)
    if not isinstance(check, Shape)
]


@cache
def found_in_broken_table(table: str) -> dict[str, int]:
    """Rows against each check in a table that has two good rows, then one spoilt row per check of its suite."""
    row_checks = [check for check in suite(table) if not isinstance(check, Shape)]
    rows = good_rows(table, len(row_checks) + 2)
    for at, check in enumerate(row_checks, start=2):
        break_row(check, rows, at)
    return {failure.check: failure.unexpected_count for failure in run(table, rows).failures}


@pytest.mark.parametrize("table", LAKE_TABLES)
def test_good_rows_pass(table: str) -> None:
    result = run(table, good_rows(table, 3))
    assert result.failures == ()
    assert result.success
    assert (result.row_count, result.check_count) == (3, len(suite(table)))


@pytest.mark.parametrize(("table", "check"), ROW_CHECKS)
def test_every_expectation_can_fail_and_fails_alone(table: str, check: Check) -> None:
    """One row is spoilt for each check: a count above its own row would mean that another's row is against it too."""
    assert found_in_broken_table(table).get(check.name) == (2 if isinstance(check, Unique) else 1)


@pytest.mark.parametrize("table", LAKE_TABLES)
def test_nothing_fails_that_was_not_spoilt(table: str) -> None:
    assert set(found_in_broken_table(table)) == {check.name for check in suite(table)} - {"shape"}


@pytest.mark.parametrize("table", LAKE_TABLES)
@pytest.mark.parametrize("how", ["missing", "unexpected", "mistyped", "reordered"])
def test_a_wrong_shape_fails_alone(table: str, how: str) -> None:
    good = as_table(table, good_rows(table, 2))
    last = good.column_names[-1]
    broken = {
        "missing": lambda: good.drop_columns([last]),
        "unexpected": lambda: good.append_column("extra", pa.array([1, 2])),
        "mistyped": lambda: good.set_column(good.num_columns - 1, last, pa.array(["a", "b"])),
        "reordered": lambda: good.select(good.column_names[::-1]),
    }[how]()
    result = validate(table, broken, today=TODAY, partitions=PARTITIONS)
    assert [failure.check for failure in result.failures] == ["shape"]
    assert not result.success
    expected = {"missing": (last,), "unexpected": ("extra",), "mistyped": (last,)}.get(how, tuple(broken.column_names))
    assert result.failures[0].columns == expected
    assert str(result.failures[0]).endswith(f"{len(expected)} columns")


@pytest.mark.parametrize(
    ("table", "check", "critical"),
    [
        ("claims", "patient_key: pattern", True),
        ("claims", "key: unique", True),
        ("claims", "claim_type: known value", True),
        ("claims", "received_date: required", True),
        ("claims", "partition: expected", True),
        ("claims", "frequency_code: known value", False),
        ("claims", "total_charge_amount: range", False),
        ("remittance_adjustments", "group_code: known value", False),
    ],
)
def test_the_platform_s_own_faults_block_and_the_senders_do_not(table: str, check: str, critical: bool) -> None:
    rows = good_rows(table, 4)
    break_row(next(c for c in suite(table) if c.name == check), rows, 2)
    result = run(table, rows)
    assert [failure.check for failure in result.failures] == [check]
    assert result.success is not critical
    assert bool(result.warnings) is not critical
    assert result.failures[0].severity is (Severity.CRITICAL if critical else Severity.WARNING)


def test_a_result_holds_no_value_of_the_data() -> None:
    rows = good_rows("claims", 4)
    for name in ("patient_key", "claim_key", "frequency_code", "tenant_id"):
        rows[1][name] = SECRET
    result = run("claims", rows)
    assert len(result.failures) == 4
    told = repr(result) + json.dumps([str(failure) for failure in result.failures], ensure_ascii=False)
    assert "Müller" not in told
    assert MATCHING["^[0-9a-f]{32}$"] not in told


def test_an_empty_table_passes_when_its_shape_is_right() -> None:
    assert validate("claims", schema.bronze("claims").empty_table(), today=TODAY).failures == ()
    assert not validate("claims", schema.arrow("claims").empty_table(), today=TODAY).success


def test_assigned_codes_are_those_that_the_schema_describes() -> None:
    for (table, name), values in ASSIGNED.items():
        column = next(c for c in schema.BY_NAME[table].columns if c.name == name)
        assert tuple(column.description.rpartition(": ")[2].split(" | ")) == values, f"{table}.{name}"


def test_raw_segments_have_no_suite() -> None:
    with pytest.raises(KeyError):
        checks("segments")


def test_great_expectations_loads_with_the_first_validation_only() -> None:
    script = "import sys, quality.suites; print('great_expectations' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
