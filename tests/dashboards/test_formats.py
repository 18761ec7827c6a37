"""How values are written, hand-worked."""

from datetime import date
from decimal import Decimal

import pytest

from dashboards import formats


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "$0"),
        ("949.60", "$950"),
        ("1000", "$1.00K"),
        ("12345.67", "$12.3K"),
        ("999949", "$1.00M"),
        ("4560000", "$4.56M"),
        ("-250000", "-$250K"),
        ("12300000000", "$12.3B"),
    ],
)
def test_money_in_three_figures(amount: str, words: str) -> None:
    assert formats.money(Decimal(amount)) == words


def test_what_is_not_known_is_a_dash() -> None:
    assert {formats.money(None), formats.rate(None), formats.days(None), formats.count(None), formats.day(None)} == {
        "—"
    }


def test_the_rest() -> None:
    assert formats.exact_money(Decimal("-1234.5")) == "-$1,234.50"
    assert formats.rate(0.1249) == "12.5%"
    assert formats.days(41.26) == "41.3"
    assert formats.day(date(2026, 3, 1)) == "Mar 1, 2026"
    assert formats.month(date(2026, 3, 1)) == "Mar 2026"
    assert formats.tenant("north_shore") == "North Shore"
