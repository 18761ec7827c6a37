"""The declarations: every statement runs, gives what its columns say, and shows nobody."""

from pathlib import Path

import pyarrow as pa
import pytest

from claims.reports import REPORTS, Filters, Kind, Report, Table, open_report
from claims.reports.xlsx_file import ABOUT, sheet_names

TABLES = [(report, table) for report in REPORTS.values() for table in report.tables]
IDS = [f"{report.name}/{table.name}" for report, table in TABLES]

TYPES = {
    Kind.TEXT: pa.types.is_string,
    Kind.COUNT: pa.types.is_integer,
    Kind.AMOUNT: lambda kind: pa.types.is_decimal(kind) and kind.scale == 2,
    Kind.QUANTITY: pa.types.is_decimal,
    Kind.SHARE: pa.types.is_float64,
    Kind.DAYS: pa.types.is_float64,
    Kind.DATE: pa.types.is_date32,
    Kind.MONTH: pa.types.is_date32,
}


def test_the_reports_that_finance_asks_for_are_there() -> None:
    assert set(REPORTS) == {
        "revenue",
        "payments",
        "ar_aging",
        "denials",
        "underpayments",
        "payer_scorecard",
        "credit_balances",
    }
    assert all(name == report.name for name, report in REPORTS.items())


@pytest.mark.parametrize(("report", "table"), TABLES, ids=IDS)
def test_a_statement_gives_the_columns_that_are_declared(report: Report, table: Table, plain_copy: Path) -> None:
    with open_report(plain_copy, "alder", report, Filters()) as opened:
        relation = opened._run(table.sql)
        schema = relation.to_arrow_table().schema
        opened.totals(table)
    assert schema.names == [column.name for column in table.columns]
    for column in table.columns:
        assert TYPES[column.kind](schema.field(column.name).type), column.name
        assert column.total is None or column.kind.is_number


@pytest.mark.parametrize(("report", "table"), TABLES, ids=IDS)
def test_rows_name_nobody(report: Report, table: Table) -> None:
    """Tokens of patients, members and accounts stay where they are; a claim is named by its id alone."""
    for column in table.columns:
        assert not column.name.endswith("_key"), column.name
        assert not {"patient_key", "subscriber_key", "birth_year", "zip3", "sex_code"} & {column.name}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_a_report_defines_its_words_and_has_sheets_of_different_names(report: Report) -> None:
    assert report.definitions
    names = [*sheet_names(report, report.tables), ABOUT]
    assert len({name.lower() for name in names}) == len(names)
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)
    for table in report.tables:
        for chart in table.charts:
            assert all(table.column(name).kind.is_number for name in chart.values)
            table.column(chart.category)
