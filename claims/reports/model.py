"""What a report is made of: typed columns, tables with their statement, charts, definitions, filters.

Belongs here: the parts, and nothing that reads or writes. Does not belong here: any report (`catalog`).
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum


class Kind(Enum):
    """What a column holds, which decides how each kind of file writes it."""

    TEXT = "text"
    COUNT = "count"  # whole number
    AMOUNT = "amount"  # US dollars to the cent, a decimal
    QUANTITY = "quantity"  # units of service, a decimal
    SHARE = "share"  # 0.25 is a quarter, shown as per cent
    DAYS = "days"  # days, with one decimal where it is a mean or a quotient
    DATE = "date"
    MONTH = "month"  # first day of the month

    @property
    def is_number(self) -> bool:
        """Whether a cell of it is a number."""
        return self not in (Kind.TEXT, Kind.DATE, Kind.MONTH)


@dataclass(frozen=True)
class Column:
    """A column as the table's statement returns it. `total`: what the row of totals says, as SQL over the rows."""

    name: str
    title: str
    kind: Kind
    total: str | None = None
    width: int = 12  # characters, for files that have widths


def text(name: str, title: str, width: int = 14) -> Column:
    """A column of text."""
    return Column(name, title, Kind.TEXT, None, width)


def count(name: str, title: str) -> Column:
    """A column of whole numbers that add up."""
    return Column(name, title, Kind.COUNT, f"sum({name})", 11)


def amount(name: str, title: str) -> Column:
    """A column of dollars that add up."""
    return Column(name, title, Kind.AMOUNT, f"sum({name})", 15)


def share(name: str, title: str, numerator: str, denominator: str) -> Column:
    """A quotient of sums, over the rows as within each: never a mean of rates."""
    return Column(name, title, Kind.SHARE, quotient(f"sum({numerator})", f"sum({denominator})"), 11)


def quotient(numerator: str, denominator: str) -> str:
    """SQL of a quotient with six decimals, null where the denominator is zero."""
    return f"round(({numerator})::double / nullif({denominator}, 0)::double, 6)"


@dataclass(frozen=True)
class Chart:
    """Bars (or a line) of `values` by `category`, summed over the rows of the table, at most `limit` categories."""

    title: str
    category: str
    values: tuple[str, ...]
    is_line: bool = False
    limit: int = 12


@dataclass(frozen=True)
class Table:
    """One table: a statement on the published copy whose columns are `columns`, in a complete order.

    The statement binds `$start` and `$end` (first days of months) and `$payers` (a list, empty for all) as it needs.
    """

    name: str
    title: str
    sql: str
    columns: tuple[Column, ...]
    charts: tuple[Chart, ...] = ()

    @property
    def marts(self) -> frozenset[str]:
        """The tables of the published copy that the statement reads, as `schema.table`."""
        return frozenset(re.findall(r"\b(?:marts|gold)\.\w+", self.sql))

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True)
class Definition:
    """A term of the report: what it means, in words that finance can hold against its own."""

    term: str
    words: str


@dataclass(frozen=True)
class Report:
    """A report: its first table is what a CSV holds unless another is asked for."""

    name: str
    title: str
    description: str
    tables: tuple[Table, ...]
    definitions: tuple[Definition, ...]
    months: str | None = None  # what the months of the filter are months of; None: as of the data cut-off

    def table(self, name: str | None) -> Table:
        """The table of that name, the first one for None.

        Raises:
            KeyError: there is none of that name.
        """
        if name is None:
            return self.tables[0]
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)


@dataclass(frozen=True)
class Filters:
    """What a report is narrowed to: months from `start` to `end` (first days, both within), payers (none: all)."""

    start: date | None = None
    end: date | None = None
    payers: tuple[str, ...] = ()
