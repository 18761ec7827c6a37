"""Downloads: a spreadsheet must not run what a file of claims happens to hold."""

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from dashboards import exports


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_that_would_be_a_formula_is_neutralised(start: str) -> None:
    table = pa.table({"payer_name": [f"{start}HYPERLINK(1)", "Plain", None]})
    assert exports.neutralised(table).column("payer_name").to_pylist() == [f"'{start}HYPERLINK(1)", "Plain", None]


def test_numbers_and_days_stay_what_they_are() -> None:
    table = pa.table({"amount": pa.array([Decimal("-12.50")], pa.decimal128(18, 2)), "day": [date(2026, 3, 31)]})
    assert exports.csv(table) == b'"amount","day"\n-12.50,2026-03-31\n'


def test_quotes_and_separators_inside_a_text_survive() -> None:
    table = pa.table({"name": ['a "b", c']})
    assert exports.csv(table) == b'"name"\n"a ""b"", c"\n'
