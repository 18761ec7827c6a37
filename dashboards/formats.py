"""How numbers, days and names are written on every page.

Belongs here: values to words. Does not belong here: where the values come from.
"""

from datetime import date, datetime
from decimal import Decimal

MISSING = "—"
ZERO = Decimal(0)

# What rounds to a thousand of one unit is written as one of the next.
_NEARLY = Decimal("0.9995")
_STEPS = ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "K"))


def money(amount: Decimal | None) -> str:
    """Dollars in three significant figures from a thousand on: $950, $12.3K, $4.56M."""
    if amount is None:
        return MISSING
    sign, size = ("-" if amount < 0 else ""), abs(amount)
    for unit, letter in _STEPS:
        if size >= unit * _NEARLY:
            scaled = size / unit
            places = 2 if scaled < 10 else 1 if scaled < 100 else 0
            return f"{sign}${scaled:.{places}f}{letter}"
    return f"{sign}${size:,.0f}"


def exact_money(amount: Decimal | None) -> str:
    """Dollars to the cent."""
    return MISSING if amount is None else f"{'-' if amount < 0 else ''}${abs(amount):,.2f}"


def count(number: int | None) -> str:
    """A whole number with separators."""
    return MISSING if number is None else f"{number:,}"


def rate(share: float | None) -> str:
    """A share as per cent with one decimal."""
    return MISSING if share is None else f"{share:.1%}"


def days(number: float | None) -> str:
    """Days with one decimal."""
    return MISSING if number is None else f"{number:.1f}"


def in_unit(value: float | None, unit: str) -> str:
    """The value of a KPI in its unit."""
    return rate(value) if unit == "share" else days(value)


def difference(value: float | None, unit: str) -> str:
    """A difference of two values of a KPI in their unit, with its sign."""
    if value is None:
        return MISSING
    return f"{value * 100:+.1f} points" if unit == "share" else f"{value:+.1f} days"


def day(value: date | datetime | None) -> str:
    """A day as Mar 31, 2026."""
    return MISSING if value is None else f"{value:%b} {value.day}, {value.year}"


def month(value: date | None) -> str:
    """A month as Mar 2026."""
    return MISSING if value is None else f"{value:%b %Y}"


def tenant(tenant_id: str) -> str:
    """A tenant's id as a name."""
    return tenant_id.replace("_", " ").replace("-", " ").title()
