"""From segments to typed Arrow columns, with a finding for each value that is not of its type.

Belongs here: `Columns`, and the two moves that every table is made of: pick the first segment per row, and repeat a
segment per repetition. Does not belong here: which column comes from which element.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import pyarrow as pa

from claims import schema
from claims.interchange.x12.findings import Findings
from claims.interchange.x12.tokens import ABSENT, Flags, Index, Ints, Longs, Spans, Tokens, dates32, decimals, int32s

T = TypeVar("T")

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_MANY_ROWS = 4_000


def first_of(row: Index, segment: Index, count: int) -> Index:
    """By row (0..count-1): the first of `segment` whose `row` it is, else ABSENT. A `row` of -1 is no row."""
    out = np.full(count + 1, ABSENT, np.int64)
    out[row[::-1]] = segment[::-1]
    return out[:count]


def within(group: Index) -> Ints:
    """1-based place of each row among the rows of its group; rows of a group stand together."""
    if not len(group):
        return np.zeros(0, np.int32)
    place = np.arange(len(group), dtype=np.int32)
    is_new = np.append(True, group[1:] != group[:-1])
    out: Ints = place - np.maximum.accumulate(np.where(is_new, place, 0)).astype(np.int32) + np.int32(1)
    return out


def make_table(name: str, data: dict[str, pa.Array]) -> pa.Table:
    """Table `name` of `claims.schema` from its columns."""
    fields = schema.arrow(name)
    return pa.table([data[field.name] for field in fields], schema=fields)


def together(tasks: Sequence[Callable[[], T]], rows: int) -> list[T]:
    """The results of `tasks`, side by side where rows and cores are enough: their work is outside the GIL."""
    workers = min(len(tasks), CORES)
    if rows < _MANY_ROWS or workers < 2:
        return [task() for task in tasks]
    with ThreadPoolExecutor(workers) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]


class Columns:
    """Columns of one `Tokens`; every bad value becomes a finding at its segment and element."""

    def __init__(self, tokens: Tokens, findings: Findings, *, is_alone: bool = True) -> None:
        """`is_alone` tells that no other window is read at the same time, so that its tables may be."""
        self.tokens = tokens
        self.findings = findings
        self.is_alone = is_alone

    def text(self, segment: Index, position: int | Index) -> pa.Array:
        """Element as sent; null where absent."""
        return self.tokens.text(self.tokens.element(segment, position))

    def words(self, segment: Index, position: int | Index) -> Index:
        """Element packed into an integer (see `pack`), for comparing with codes of at most four bytes."""
        if isinstance(position, int) and position == 1:
            return np.where(segment >= 0, self.tokens.qualifier.take(segment), np.uint32(0))
        return self.tokens.packed(self.tokens.element(segment, position))

    def cents(self, segment: Index, position: int | Index) -> tuple[Longs, Flags]:
        """Amount in cents, and which rows have one."""
        return self.cents_of(self.tokens.element(segment, position), segment, position)

    def cents_of(
        self, spans: Spans, segment: Index, position: int | Index, component: int | None = None
    ) -> tuple[Longs, Flags]:
        """The same for values already found."""
        values, good, bad = self.tokens.number(spans, 2)
        self.findings.bad("X12-ELEMENT-AMOUNT", segment, bad, position, component)
        return values, good

    def money(self, segment: Index, position: int | Index) -> pa.Array:
        """Amount as DECIMAL(18,2)."""
        return decimals(*self.cents(segment, position), schema.MONEY)

    def money_of(self, spans: Spans, segment: Index, position: int | Index, component: int | None = None) -> pa.Array:
        """The same for values already found."""
        return decimals(*self.cents_of(spans, segment, position, component), schema.MONEY)

    def quantity(self, segment: Index, position: int | Index) -> pa.Array:
        """Quantity as DECIMAL(18,3)."""
        return self.quantity_of(self.tokens.element(segment, position), segment, position)

    def quantity_of(
        self, spans: Spans, segment: Index, position: int | Index, component: int | None = None
    ) -> pa.Array:
        """The same for values already found."""
        values, good, bad = self.tokens.number(spans, 3)
        self.findings.bad("X12-ELEMENT-NUMBER", segment, bad, position, component)
        return decimals(values, good, schema.QUANTITY)

    def integer(self, segment: Index, position: int | Index) -> pa.Array:
        """Whole number as int32."""
        return self.integer_of(self.tokens.element(segment, position), segment, position)

    def integer_of(self, spans: Spans, segment: Index, position: int | Index, component: int | None = None) -> pa.Array:
        """The same for values already found."""
        values, good, bad = self.tokens.integer(spans)
        far = np.abs(values) > np.iinfo(np.int32).max
        self.findings.bad("X12-ELEMENT-NUMBER", segment, bad | far, position, component)
        return int32s(values, good & ~far)

    def days(self, segment: Index, position: int | Index) -> tuple[Ints, Ints, Flags]:
        """First and last day of a date or range, and which rows have one."""
        first, last, good, bad = self.tokens.dates(self.tokens.element(segment, position))
        self.findings.bad("X12-ELEMENT-DATE", segment, bad, position)
        return first, last, good

    def dates(self, segment: Index, position: int | Index) -> tuple[pa.Array, pa.Array]:
        """First and last day as date32."""
        first, last, good = self.days(segment, position)
        return dates32(first, good), dates32(last, good)

    def date(self, segment: Index, position: int | Index) -> pa.Array:
        """First day as date32."""
        return self.dates(segment, position)[0]

    def dates_of(
        self, spans: Spans, segment: Index, position: int | Index, component: int | None = None
    ) -> tuple[pa.Array, pa.Array]:
        """First and last day of values already found."""
        first, last, good, bad = self.tokens.dates(spans)
        self.findings.bad("X12-ELEMENT-DATE", segment, bad, position, component)
        return dates32(first, good), dates32(last, good)

    def parts(self, segment: Index, position: int | Index, count: int) -> list[Spans]:
        """The first `count` components of an element."""
        return self.tokens.components(self.tokens.element(segment, position), count)

    def repeat(self, segment: Index, start: int, step: int, times: int, width: int = 1) -> tuple[Index, Index]:
        """One row for each group of `step` elements from `start` with a value in its first `width`: segment, element.

        CAS triplets are `start=2, step=3, times=6`. Groups after the last element cost nothing.
        """
        if not len(segment):
            return segment, segment
        size = self.tokens.size[segment]
        most = min(times, max(0, -(-(int(size.max()) - start) // step)))
        held = np.zeros((len(segment), most), np.bool_)
        for turn in range(most):
            for extra in range(width):
                spans = self.tokens.element(segment, start + turn * step + extra)
                held[:, turn] |= spans.end > spans.start
        which, turn_of = np.nonzero(held)
        return segment[which], start + turn_of * step
