"""Codes as integers and look-ups as of a day: what lets a join of a whole batch be two binary searches.

Belongs here: packing of short codes, the as-of index, exact decimals from integers. Does not belong here: any rule of
pricing.

A code of up to seven ASCII characters becomes an unsigned integer that sorts as the text does, so a range of codes is
a range of integers. Numbers are integers at a fixed decimal scale, never floats.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

WIDTH = 7
OPEN_DAY = np.int64(2**31 - 1)
_DAY_BITS = np.int64(32)
_DAY_ZERO = np.int64(2**31)  # so that days before 1970 stay within their bits


class PackError(ValueError):
    """A reference table holds a key that is longer than a code can be, or a number that a scale cannot hold."""


def pack(values: pa.ChunkedArray | pa.Array, width: int = WIDTH, *, strict: bool = False) -> Keys:
    """Text column to integers that sort alike, blank and null to 0, shorter codes before longer ones.

    A value longer than `width` bytes is no code: it becomes the largest integer, which no reference row has, or with
    `strict` (reference tables) raises `PackError`. Cost: one pass per byte of width.
    """
    array = pc.cast(values, pa.string())
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if isinstance(array, pa.ChunkedArray):  # combine_chunks of an empty chunked array
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], pa.string())
    count = len(array)
    out = np.zeros(count, dtype=np.uint64)
    if not count:
        return out
    if array.null_count:
        array = pc.fill_null(array, "")
    _, offset_buffer, data_buffer = array.buffers()
    offsets = np.frombuffer(offset_buffer, dtype=np.int32)[array.offset : array.offset + count + 1].astype(np.int64)
    lengths = offsets[1:] - offsets[:-1]
    data = np.frombuffer(data_buffer, dtype=np.uint8) if data_buffer is not None else np.zeros(0, dtype=np.uint8)
    if strict and int(lengths.max()) > width:
        raise PackError(f"a key of more than {width} characters: {array[int(lengths.argmax())]}")
    starts = offsets[:-1]
    for position in range(min(width, int(lengths.max()))):
        here = lengths > position
        byte = np.zeros(count, dtype=np.uint64)
        byte[here] = data[starts[here] + position]
        out |= byte << np.uint64(8 * (width - 1 - position))
    out[lengths > width] = np.iinfo(np.uint64).max
    return out


def packed(text: str, width: int = WIDTH) -> np.uint64:
    """One code as `pack` packs it."""
    data = text.encode("ascii")
    if len(data) > width:
        raise PackError(f"{text!r} has more than {width} characters")
    return np.uint64(int.from_bytes(data.ljust(width, b"\0"), "big"))


def scaled(values: pa.ChunkedArray | pa.Array, scale: int, *, fill: int = 0) -> Ints:
    """Decimal column as integers of 10^-scale, null as `fill`. Raises `PackError` where digits would be lost."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    try:
        exact = pc.cast(array, pa.decimal128(38, scale))
    except pa.ArrowInvalid as error:
        raise PackError(f"a number with more than {scale} decimals") from error
    count = len(exact)
    if not count:
        return np.zeros(0, dtype=np.int64)
    halves = np.frombuffer(exact.buffers()[1], dtype=np.int64)[2 * exact.offset : 2 * (exact.offset + count)]
    low, high = halves[::2], halves[1::2]
    valid = valid_of(exact)
    if bool(np.any(valid & (high != low >> 63))):
        raise PackError(f"a number too large for {scale} decimals")
    return np.where(valid, low, np.int64(fill))


def valid_of(values: pa.ChunkedArray | pa.Array) -> Flags:
    """True where a value stands."""
    if not values.null_count:
        return np.ones(len(values), dtype=np.bool_)
    return np.asarray(pc.is_valid(values).to_numpy(zero_copy_only=False), dtype=np.bool_)


def decimals(values: Ints, precision: int, scale: int, valid: Flags | None = None) -> pa.Array:
    """Integers of 10^-scale as an Arrow decimal column, null where not `valid`. No value is converted."""
    halves = np.empty((len(values), 2), dtype=np.int64)
    halves[:, 0] = values
    halves[:, 1] = values >> 63
    mask = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
    return pa.Array.from_buffers(
        pa.decimal128(precision, scale), len(values), [mask, pa.py_buffer(halves)], -1 if valid is not None else 0
    )


def days_of(values: pa.ChunkedArray | pa.Array, fill: np.int64) -> Ints:
    """Date column as days since 1970, null as `fill`."""
    return np.asarray(
        pc.fill_null(pc.cast(pc.cast(values, pa.date32()), pa.int32()), int(fill)).to_numpy(), dtype=np.int64
    )


class Reach(Enum):
    """Which later release may stand in on a day of which none is loaded."""

    DAY = "none"
    YEAR = "the next of the same calendar year"
    ANY = "the next"


class AsOf:
    """Rows of one versioned reference table by key and day.

    `find(keys, days)` gives the row that held on the day, -1 where none did. At most one row of a key may hold on a
    day; where two overlap the later start wins. Cost: two binary searches per needle.

    With `reach`, a day on which no row of the whole table holds, because no release of that day is loaded, takes the
    next release: of the same calendar year, or of any. A key that a loaded release left out stays unknown.
    """

    def __init__(self, keys: Keys, starts: Ints, ends: Ints, reach: Reach = Reach.DAY) -> None:
        """`keys` by `pack`, `starts` and inclusive `ends` in days since 1970 (`OPEN_DAY` while open)."""
        self._reach = reach
        self._starts = starts
        self._spans = np.unique(np.stack([starts, ends], axis=1), axis=0)
        self._order = np.lexsort((starts, keys))
        self._unique, places = np.unique(keys[self._order], return_inverse=True)
        self._moments = (places.astype(np.int64) << _DAY_BITS) + (starts[self._order] + _DAY_ZERO)
        self._ends = ends[self._order]

    def find(self, keys: Keys, days: Ints) -> Ints:
        """Row numbers of the table given to the constructor, -1 where no row of the key holds on the day."""
        if not len(self._unique):
            return np.full(len(keys), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(self._unique, keys), len(self._unique) - 1).astype(np.int64)
        known = self._unique[place] == keys
        at = np.searchsorted(self._moments, (place << _DAY_BITS) + (days + _DAY_ZERO), side="right") - 1
        at = np.maximum(at, 0)
        holds = known & (self._moments[at] >> _DAY_BITS == place) & (self._ends[at] >= days)
        holds &= self._moments[at] <= (place << _DAY_BITS) + (days + _DAY_ZERO)
        rows: Ints = np.where(holds, self._order[at], -1)
        if self._reach is not Reach.DAY:
            missing = np.flatnonzero(~holds & known)
            covered = np.zeros(len(missing), dtype=np.bool_)
            for start, end in self._spans:
                covered |= (days[missing] >= start) & (days[missing] <= end)
            missing = missing[~covered]
            rows[missing] = self._next(place[missing], days[missing])
        return rows

    def _next(self, place: Ints, days: Ints) -> Ints:
        at = np.searchsorted(self._moments, (place << _DAY_BITS) + (days + _DAY_ZERO), side="right")
        at = np.minimum(at, len(self._moments) - 1)
        rows = self._order[at]
        good = (self._moments[at] >> _DAY_BITS == place) & (self._starts[rows] > days)
        if self._reach is Reach.YEAR:
            years = days.astype("datetime64[D]").astype("datetime64[Y]") + 1
            good &= self._starts[rows] < years.astype("datetime64[D]").astype(np.int64)
        return np.where(good, rows, -1)

    def is_later(self, rows: Ints, days: Ints) -> Flags:
        """True where the row that was found begins after the day."""
        if not len(self._starts):
            return np.zeros(len(rows), dtype=np.bool_)
        return (rows >= 0) & (self._starts[rows] > days)


def as_of(table: pa.Table, key: Keys, reach: Reach = Reach.DAY) -> AsOf:
    """The as-of index of a reference table with columns effective_from and effective_to."""
    return AsOf(
        key,
        days_of(table["effective_from"], np.int64(0)),
        days_of(table["effective_to"], OPEN_DAY),
        reach,
    )


def column(table: pa.Table, name: str, type_: pa.DataType) -> pa.ChunkedArray:
    """A column of `table`, or nulls of `type_` where the caller left it out."""
    if name in table.column_names:
        return table[name]
    return pa.chunked_array([pa.nulls(table.num_rows, type_)])


def dictionary(codes: npt.NDArray[Any], words: Sequence[str]) -> pa.Array:
    """Text column from positions in `words`; a negative position is null."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8), mask=codes < 0), pa.array(words, pa.string()))
