"""What the official tables say of a code: one row for each stretch of days, which says what they say on that day."""

from datetime import date

import duckdb
import pytest

from claims.reference import Reference, open_reference
from quality.scrub.official import install

DAYS = (date(2023, 12, 31), date(2024, 5, 14), date(2024, 7, 1), date(2025, 12, 31), date(2026, 7, 1), date(2030, 1, 1))


@pytest.fixture(scope="module")
def reference() -> Reference:
    return open_reference(None)


@pytest.fixture(scope="module")
def connection(reference: Reference) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    install(connection, reference)
    return connection


def test_one_row_of_a_code_holds_on_a_day(connection: duckdb.DuckDBPyConnection) -> None:
    overlapping = connection.execute(
        "SELECT count(*) FROM ref_code a JOIN ref_code b ON a.code = b.code AND a.effective_from < b.effective_from "
        "AND a.effective_to >= b.effective_from"
    ).fetchone()
    rows = connection.execute("SELECT count(*), count(DISTINCT code) FROM ref_code").fetchone()
    assert overlapping == (0,)
    assert rows is not None
    assert rows[0] > rows[1] > 300


@pytest.mark.parametrize("day", DAYS)
def test_it_says_what_the_tables_say_on_that_day(
    connection: duckdb.DuckDBPyConnection, reference: Reference, day: date
) -> None:
    def said(columns: str) -> dict[str, tuple[object, ...]]:
        rows = connection.execute(
            f"SELECT code, {columns} FROM ref_code WHERE $1 BETWEEN effective_from AND effective_to", [day]
        ).fetchall()
        return {code: values for code, *values in rows if any(value is not None for value in values)}  # type: ignore[misc]

    fees = {
        row["hcpcs_code"]: [row["status_code"], row["global_days"]]
        for row in reference.as_of("fee_schedule", day).to_pylist()
        if not row["modifier"]
    }
    most = {
        row["hcpcs_code"]: [row["mue_units"], row["mai"]]
        for row in reference.as_of("mue", day).to_pylist()
        if row["setting"] == "practitioner"
    }
    status = {row["hcpcs_code"]: [row["status_indicator"]] for row in reference.as_of("opps_status", day).to_pylist()}
    assert said("status_code, global_days") == fees
    assert said("practitioner_mue_units, practitioner_mai") == most
    assert said("opps_status") == status
