"""Tokenising in columns: segments, elements and components as integer arrays over one byte buffer.

Belongs here: the buffer, the positions, and the gathers that turn positions into Arrow columns. Nothing here knows
what a segment means. Does not belong here: loops, tables, findings.

How it works. All interchanges stand in one buffer. `np.flatnonzero` finds every delimiter; a string array over the
same buffer, without a copy, has offsets that interleave token and delimiter, so that token *i* is element *2i*. A
column of a table is then `array.take(2 * token)` in C++, with a null where the element is absent, and no value ever
becomes a Python object. Numbers and dates are parsed from 8-byte windows of the buffer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from claims.interchange.x12.source import WHITE, Region, Source

Ints: TypeAlias = npt.NDArray[np.int32]
Longs: TypeAlias = npt.NDArray[np.int64]
Words: TypeAlias = npt.NDArray[np.uint64]
Bytes: TypeAlias = npt.NDArray[np.uint8]
Flags: TypeAlias = npt.NDArray[np.bool_]
Index: TypeAlias = npt.NDArray[np.integer[Any]]

ABSENT = -1
"""In an array of segments: no such segment."""

_PADDING = 32
_SHARED_ROWS = 1 << 16
_SHARED_VALUES = 8
_LOW = np.int64((1 << 32) - 1)
_MASKS = np.array([(1 << (8 * n)) - 1 for n in range(8)] + [(1 << 64) - 1, 0], np.uint64)
"""By width: the bytes of a window that belong to the value; none of a value of more than eight bytes."""
_IS_WHITE = np.zeros(256, np.bool_)
_IS_WHITE[list(WHITE)] = True
_LAST_WHITE = max(WHITE)


def pack(text: str) -> int:
    """The integer that `Tokens.packed` gives for a token of at most eight ASCII characters."""
    return int.from_bytes(text.encode("ascii"), "little")


def _codes(words: str) -> tuple[str, ...]:
    return tuple(words.split())


SEGMENT_IDS = (
    "",
    *_codes(
        "ISA IEA GS GE ST SE TA1 BHT HL CLM SBR LX NM1 SVD LIN LQ N1 CLP SVC PLB SV1 SV2 SV3 SV4 SV5 N2 N3 N4 PER REF"
        " DTP DTM DMG PAT PRV CUR AMT QTY CAS HI CL1 PWK CN1 K3 NTE CR1 CR2 CR3 CR5 CR6 CR7 CRC HCP OI MIA MOA DN1 DN2"
        " TOO CTP MEA PS1 FRM HSD BPR TRN TS2 TS3 RDM STC AAA EB EQ III INS MPI AK1 AK2 AK3 AK4 AK5 AK9 IK3 IK4 IK5"
        " CTX UM HCR INC TPO MSG LS LE VEH DSB"
    ),
)
"""Known segment identifiers; a segment's code is its place here, 0 where the identifier is unknown."""

CODE = {name: number for number, name in enumerate(SEGMENT_IDS)}

_HASH_BITS = 18


def _hash(words: Words) -> npt.NDArray[np.int64]:
    return ((words & 0x3F) | ((words >> 8) & 0x3F) << 6 | ((words >> 16) & 0x3F) << 12).astype(np.int64)


_PACKED_IDS = np.array([pack(name) for name in SEGMENT_IDS], np.uint64)
_ID_TABLE = np.zeros(1 << _HASH_BITS, np.uint8)
_ID_TABLE[_hash(_PACKED_IDS)] = np.arange(len(SEGMENT_IDS), dtype=np.uint8)


@dataclass(frozen=True)
class Spans:
    """One value per row as bytes `start..end` of the buffer; empty where absent. `token` is set for whole elements."""

    start: Index
    end: Index
    token: Index | None = None


@dataclass(frozen=True)
class Copies:
    """ISA and GS that stand open before a part of an interchange, with their terminators, and where the GS stands."""

    isa: bytes = b""
    gs: bytes = b""
    gs_at: int = 0


class Tokens:
    """All segments of some interchanges, in order.

    Per segment (arrays of length `count`): `code` (see `SEGMENT_IDS`), `first` token (the identifier), `size` (tokens,
    identifier included), `region`, `begin`/`end` in the buffer, and `qualifier`: element 1 packed (see `pack`), 0 where
    it is absent or longer than four bytes. A segment argument may hold `ABSENT`.
    """

    def __init__(self, sources: Sequence[Source], regions: Sequence[Region], copies: Copies | None = None) -> None:
        """`copies` stand before the first region, which then is a part of an interchange."""
        self.regions = regions
        self.copies = copies or Copies()
        self.source: Longs = np.array([r.source for r in regions], np.int64)
        self._assemble(sources, regions)
        self._cut(*self._tokenise())
        self._components: Longs | None = None
        self._named: tuple[Index | None, Longs, Longs] = (None, self._segments[:0], self._segments[:0])

    # -- building ---------------------------------------------------------------------------------------------------

    def _assemble(self, sources: Sequence[Source], regions: Sequence[Region]) -> None:
        parts: list[bytes] = []
        begins = np.zeros(len(regions) + 1, np.int64)
        self.unterminated: list[int] = []
        self.latin: dict[int, Longs] = {}
        at = len(self.copies.isa) + len(self.copies.gs)
        parts += [self.copies.isa, self.copies.gs]
        for number, region in enumerate(regions):
            data = sources[region.source].data
            if region.hole is None:
                part = data[region.start : region.end]
            else:
                part = data[region.start : region.hole[0]] + data[region.hole[1] : region.end]
            if not part.isascii():
                part, widened = _as_utf8(part)
                if widened is not None:
                    self.latin[number] = widened
            begins[number] = at if number else 0
            parts.append(part)
            at += len(part)
            terminator = region.delimiters.terminator
            tail = part[-64:].rstrip(region.delimiters.layout)
            if not tail and len(part) > 64:
                tail = part.rstrip(region.delimiters.layout)
            if tail[-1:] != bytes([terminator]):
                self.unterminated.append(number)
                parts.append(bytes([terminator]))
                at += 1
        begins[-1] = at
        parts.append(bytes(_PADDING))
        self.region_begin = begins
        self.length = at
        self.data = b"".join(parts)
        self.buffer = pa.py_buffer(self.data)
        self.bytes: Bytes = np.frombuffer(self.data, np.uint8)
        # Eight bytes from every position: one gather reads a date, a qualifier or a segment identifier.
        self.windows: Words = np.ndarray((at + _PADDING - 8,), "<u8", self.data, strides=(1,))

    def _tokenise(self) -> tuple[Longs, Longs]:
        """Where each token ends, and which of them end a segment."""
        groups: dict[tuple[int, int], list[int]] = {}
        for number, region in enumerate(self.regions):
            groups.setdefault((region.delimiters.element, region.delimiters.terminator), []).append(number)
        if len(groups) <= 1:
            text = self.bytes[: self.length]
            element, terminator = next(iter(groups), (0, 0))
            is_mark = text == terminator
            is_mark |= text == element
            at = np.flatnonzero(is_mark)
            is_last = text.take(at) == terminator
        else:
            found: list[Longs] = []
            lasts: list[Flags] = []
            for (element, terminator), numbers in groups.items():
                text, back = self._gather_regions(numbers)
                here = np.flatnonzero((text == terminator) | (text == element))
                lasts.append(text[here] == terminator)
                found.append(back(here))
            at = np.concatenate(found)
            order = np.argsort(at, kind="stable")
            at, is_last = at[order], np.concatenate(lasts)[order]
        # Start and end of a token in one word, so that one gather finds both. The last one is nothing.
        words = np.append(at, at[-1:] + 1 if len(at) else 0)
        words <<= 32
        words[1:] |= at + 1
        self._tokens: Longs = words
        self._offsets: Ints = words.view(np.int32)
        self._starts: Ints = self._offsets[0:-2:2]
        return at, np.flatnonzero(is_last)

    def _gather_regions(self, numbers: Sequence[int]) -> tuple[Bytes, Any]:
        """The bytes of some regions side by side, and the function that maps positions in them back to the buffer."""
        begins, ends = self.region_begin[numbers], self.region_begin[np.asarray(numbers) + 1]
        text = np.concatenate([self.bytes[b:e] for b, e in zip(begins.tolist(), ends.tolist(), strict=True)])
        local = np.concatenate(([0], np.cumsum(ends - begins)))

        def back(positions: Longs) -> Longs:
            which = np.searchsorted(local, positions, "right") - 1
            out: Longs = positions - local[which] + begins[which]
            return out

        return text, back

    def _cut(self, marks: Longs, last: Longs) -> None:
        end = marks.take(last)
        first = np.zeros_like(last)
        begin = np.zeros_like(end)
        if len(last):
            first[1:] = last[:-1] + 1
            begin[1:] = end[:-1] + 1
        is_layout = self.bytes.take(begin) <= _LAST_WHITE
        if is_layout.any():
            self._trim(first[is_layout], marks)
            begin = self._starts.take(first).astype(np.int64)
        is_blank = (first == last) & (begin >= end)
        self.blank_at: Longs = begin[is_blank]
        if is_blank.any():
            first, last, begin, end = first[~is_blank], last[~is_blank], begin[~is_blank], end[~is_blank]
        self.count = len(first)
        self.first: Ints = first.astype(np.int32)
        self.size: Ints = (last - first + 1).astype(np.int32)
        self.begin: Ints = begin.astype(np.int32)
        self.end: Ints = end.astype(np.int32)
        # First token and the one after the last, in one word; the last entry is what `ABSENT` finds.
        self._segments: Longs = np.append((last + 1) << 32 | first, 0)
        window = self.windows[begin]
        first_end = marks.take(first)
        width = first_end - begin
        words = window & _MASKS.take(width, mode="clip")
        code = _ID_TABLE.take(_hash(words))
        code[_PACKED_IDS.take(code) != words] = 0
        self.code: Bytes = code
        # Element 1 of most segments stands in the same window as their identifier.
        second = marks.take(np.minimum(first + 1, last)) - first_end - 1
        second[(width > 3) | (second > 4)] = 0
        shift = ((np.minimum(width, 3) + 1) << 3).astype(np.uint64)
        qualifier = (window >> shift) & _MASKS.take(second)
        self.qualifier: npt.NDArray[np.uint32] = qualifier.astype(np.uint32)
        bounds = np.searchsorted(begin, self.region_begin[1:-1])
        sizes = np.diff(np.concatenate(([0], bounds, [self.count])))
        self.region: Ints = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        # An ISA that does not open a region is a broken header inside another interchange.
        isa = np.flatnonzero(code == CODE["ISA"])
        code[isa[begin[isa] != self.region_begin[self.region[isa]]]] = 0
        self.strings = pa.StringArray.from_buffers(len(self._offsets) - 2, pa.py_buffer(self._offsets), self.buffer)

    def _trim(self, first: Longs, ends: Longs) -> None:
        """Move the starts of these tokens past layout bytes."""
        starts = self._starts
        todo = first[_IS_WHITE[self.bytes[starts[first]]] & (starts[first] < ends[first])]
        for _ in range(8):
            if not len(todo):
                return
            starts[todo] += 1
            todo = todo[_IS_WHITE[self.bytes[starts[todo]]] & (starts[todo] < ends[todo])]
        if len(todo):
            solid = np.flatnonzero(~_IS_WHITE[self.bytes[: self.length]])
            place = np.searchsorted(solid, starts[todo])
            target = np.append(solid, self.length)[place]
            starts[todo] = np.minimum(target, ends[todo])

    # -- places -----------------------------------------------------------------------------------------------------

    def segment_bytes(self, segment: int) -> bytes:
        """One segment of the buffer with its terminator."""
        return self.data[int(self.begin[segment]) : int(self.end[segment]) + 1]

    def file_offset(self, segment: Index) -> Longs:
        """Offset in its file of each segment's first byte."""
        return self._in_file(self.begin[segment].astype(np.int64), self.region[segment], False)

    def file_offset_end(self, segment: Index) -> Longs:
        """Offset in its file of the byte after each segment's terminator."""
        return self._in_file(self.end[segment].astype(np.int64) + 1, self.region[segment], True)

    def _in_file(self, position: Longs, region: Index, is_end: bool) -> Longs:
        starts = np.array([r.start for r in self.regions], np.int64)
        ends = np.array([r.end for r in self.regions], np.int64)
        copied = len(self.copies.isa) + len(self.copies.gs)
        begins = self.region_begin[:-1].copy()
        begins[:1] += copied
        is_one = len(starts) == 1
        out = position + ((starts - begins) if is_one else (starts - begins).take(region))
        for number, widened in self.latin.items():
            here = np.flatnonzero(region == number)
            out[here] -= np.searchsorted(widened, position[here] - begins[number])
        for number, part in enumerate(self.regions):
            if part.hole is not None:
                begin, end = part.hole
                # What ends at the edge of the hole ends before it, unless nothing stands behind it.
                is_behind = out > begin if is_end and end < part.end else out >= begin
                out[(region == number) & is_behind] += end - begin
        copies = np.flatnonzero(position < copied)
        if len(copies):
            out[copies] = np.where(position[copies] >= len(self.copies.isa), self.copies.gs_at, self.regions[0].head)
        result: Longs = np.minimum(out, ends if is_one else ends.take(region))
        return result

    # -- elements ---------------------------------------------------------------------------------------------------

    def element(self, segment: Index, position: int | Index) -> Spans:
        """Element `position` (1-based; an array for one per row, below 1 for none) of each segment."""
        known, first, stop = self._named
        if known is not segment:
            # Several elements of the same segments follow each other in most callers.
            bounds = self._segments.take(segment)
            first, stop = bounds & _LOW, bounds >> 32
            self._named = segment, first, stop
        token = first + position
        there = token < stop
        if not isinstance(position, int):
            there &= position >= 1
        if not there.all():
            if not there.any():
                nowhere = np.full(len(segment), self.length)
                return Spans(nowhere, nowhere)
            token[~there] = ABSENT
        places = self._tokens.take(token)
        return Spans(places & _LOW, places >> 32, token)

    @cached_property
    def filled(self) -> Flags:
        """By token: whether it holds anything. Eight times smaller than the places of the tokens: quick to look up."""
        out: Flags = self._offsets[1::2] > self._offsets[0::2]
        return out

    def whole(self, segment: Index) -> Spans:
        """The whole text of each segment, without its terminator."""
        return Spans(self.begin[segment], self.end[segment])

    def components(self, spans: Spans, count: int) -> list[Spans]:
        """The first `count` components of each composite element."""
        marks = self._component_marks()
        low = np.searchsorted(marks, spans.start)
        high = np.searchsorted(marks, spans.end)
        most = int((high - low).max(initial=0)) + 1
        none = Spans(spans.start, spans.start)
        return [_component(marks, low, high, spans, n) if n <= most else none for n in range(1, count + 1)]

    def _component_marks(self) -> Longs:
        if self._components is None:
            groups: dict[int | None, list[int]] = {}
            for number, region in enumerate(self.regions):
                groups.setdefault(region.delimiters.component, []).append(number)
            if len(groups) == 1:
                mark = next(iter(groups))
                at = np.flatnonzero(self.bytes[: self.length] == mark) if mark is not None else np.zeros(0, np.int64)
            else:
                found = []
                for mark, numbers in groups.items():
                    if mark is not None:
                        text, back = self._gather_regions(numbers)
                        found.append(back(np.flatnonzero(text == mark)))
                at = np.sort(np.concatenate(found)) if found else np.zeros(0, np.int64)
            self._components = at
        return self._components

    # -- values -----------------------------------------------------------------------------------------------------

    def packed(self, spans: Spans) -> Words:
        """Each value as an integer (see `pack`), 0 where it is absent or longer than eight bytes."""
        width = spans.end - spans.start
        if not width.any():
            return np.zeros(len(width), np.uint64)
        out: Words = self.windows[spans.start] & _MASKS.take(width, mode="clip")
        return out

    def text(self, spans: Spans) -> pa.StringArray:
        """Each value verbatim, null where absent."""
        there = spans.end > spans.start
        count = len(there)
        if not there.any():
            return nothing(pa.string(), count)
        mask = None if there.all() else ~there
        if spans.token is not None:
            return self.strings.take(pa.array(spans.token << 1, mask=mask))
        start, end = spans.start, spans.end
        if mask is not None:
            end = np.maximum.accumulate(np.where(there, end, 0))
            start = np.where(there, start, end)
        if (start[1:] < end[:-1]).any():  # rows not in file order, or a value that several rows share
            held = np.flatnonzero(there)
            _, one, place = np.unique(spans.start[held], return_index=True, return_inverse=True)
            distinct = self.text(Spans(spans.start[held[one]], spans.end[held[one]]))
            rows = np.zeros(count, np.int64)
            rows[held] = place
            return distinct.take(pa.array(rows, mask=mask))
        offsets = np.empty(2 * count + 1, np.int32)
        offsets[0:-1:2] = start
        offsets[1::2] = end
        offsets[-1] = end[-1]
        strings = pa.StringArray.from_buffers(2 * count, pa.py_buffer(offsets), self.buffer)
        return strings.take(pa.array(np.arange(0, 2 * count, 2), mask=mask))

    def number(self, spans: Spans, scale: int) -> tuple[Longs, Flags, Flags]:
        """Each value times 10^scale as an integer; which rows have one; which rows hold something else."""
        start, width = spans.start, spans.end - spans.start
        there = width > 0
        total = np.zeros(len(start), np.int64)
        if not there.any():
            return total, there, there.copy()
        fits = there & (width <= 20)
        negative = np.zeros(len(start), np.bool_)
        bad = there & ~fits
        digits = np.zeros(len(start), np.int8)
        places = np.full(len(start), -1, np.int8)  # digits after the point; -1 before it
        lost = np.zeros(len(start), np.bool_)
        for at in range(int(width[fits].max(initial=0))):
            live = fits & (width > at)
            char = self.bytes[start + np.where(live, at, 0)]
            value = char - np.uint8(48)
            is_digit = live & (value < 10)
            is_point = live & (char == 46)
            if at == 0:
                negative = live & (char == 45)
                bad |= live & ~is_digit & ~is_point & ~negative & (char != 43)
            else:
                bad |= live & ~is_digit & ~is_point
            bad |= is_point & (places >= 0)
            places[is_point & (places < 0)] = 0
            keep = is_digit & (places < scale)
            lost |= is_digit & ~keep & (value != 0)
            total = np.where(keep, total * 10 + value, total)
            digits += keep
            places += keep & (places >= 0)
        bad |= fits & (digits == 0)
        bad |= (digits > 17) | lost
        total *= np.int64(10) ** np.clip(scale - np.maximum(places, 0), 0, scale)
        total[negative] *= -1
        good = there & ~bad
        total[~good] = 0
        return total, good, bad

    def integer(self, spans: Spans) -> tuple[Longs, Flags, Flags]:
        """Each value as an integer; which rows have one; which rows hold something else."""
        return self.number(spans, 0)

    def dates(self, spans: Spans) -> tuple[Ints, Ints, Flags, Flags]:
        """First and last day of each date or range as days since 1970; which rows have one; which hold something else.

        Forms: CCYYMMDD, CCYYMMDD-CCYYMMDD, CCYYMMDDHHMM, and YYMMDD as ISA09 and 4010 send it.
        """
        width = spans.end - spans.start
        there = width > 0
        start = spans.start
        is_short = width == 6
        word = self.windows[start]
        if is_short.any():
            # YYMMDD: put the century before it. Years up to 69 are 20xx.
            year = (word & np.uint64(0xFF)) >= 0x37
            century = np.where(year, np.uint64(pack("19")), np.uint64(pack("20")))
            word = np.where(is_short, (word << np.uint64(16)) | century, word)
        first, good = _days(word)
        is_range = (width == 17) & (self.bytes[start + np.where(width == 17, 8, 0)] == 45)
        last = first
        if is_range.any():
            second, fine = _days(self.windows[start + np.where(is_range, 9, 0)])
            last = np.where(is_range, second, first)
            good &= ~is_range | fine
        form = width == 8
        if not form.all():
            form |= is_short | is_range | (width == 12) | (width == 14)
            good &= form & there
        return first, last, good, there & ~good


def _component(marks: Longs, low: Longs, high: Longs, spans: Spans, position: int) -> Spans:
    count = len(marks)
    there = (low + position - 1 <= high) & (spans.end > spans.start)
    before = low + position - 2  # the mark before this component
    if count == 0:
        end = spans.end if position == 1 else spans.start
        return Spans(spans.start, end)
    start = spans.start if position == 1 else np.where(there, marks[np.clip(before, 0, count - 1)] + 1, spans.start)
    after = before + 1
    end = np.where(there & (after < high), marks[np.clip(after, 0, count - 1)], spans.end)
    return Spans(start, np.where(there, end, start))


def _days(word: Words) -> tuple[Ints, Flags]:
    """Days since 1970 of eight ASCII digits CCYYMMDD read little-endian, and whether they are a date."""
    digit = word ^ np.uint64(0x3030303030303030)
    # No byte above 9: adding 0x76 carries into bit 7 for 10..127, and 128.. has it set.
    good = ((digit + np.uint64(0x7676767676767676)) | digit) & np.uint64(0x8080808080808080) == 0
    pair = (digit * np.uint64(10) + (digit >> np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)
    pair = np.where(good, pair, np.uint64(0))
    year = (pair & np.uint64(0xFF)) * np.uint64(100) + ((pair >> np.uint64(16)) & np.uint64(0xFF))
    month = (pair >> np.uint64(32)) & np.uint64(0xFF)
    day = ((pair >> np.uint64(48)) & np.uint64(0xFF)).astype(np.int32)
    good &= (year >= 1) & (month >= 1) & (month <= 12)
    place = np.where(good, (year - np.uint64(1)) * np.uint64(12) + month - np.uint64(1), np.uint64(0)).astype(np.int64)
    good &= (day >= 1) & (day <= _MONTH_LENGTH.take(place))
    out: Ints = np.where(good, _MONTH_BEGIN.take(place) + day - np.int32(1), np.int32(0))
    return out, good


_MONTHS = np.arange("0001-01", "10000-02", dtype="datetime64[M]").astype("datetime64[D]").astype(np.int32)
_MONTH_BEGIN, _MONTH_LENGTH = _MONTHS[:-1], np.diff(_MONTHS)


def _as_utf8(part: bytes) -> tuple[bytes, Longs | None]:
    """`part` as UTF-8, and, where it had to be widened from Latin-1, the positions of the bytes that were added."""
    try:
        part.decode("utf-8")
    except UnicodeDecodeError:
        wide = part.decode("latin-1").encode("utf-8")
        text = np.frombuffer(wide, np.uint8)
        return wide, np.flatnonzero((text & 0xC0) == 0x80)
    return part, None


def bitmap(there: Flags) -> pa.Buffer | None:
    """An Arrow validity buffer, None when every row is there."""
    if there.all():
        return None
    return pa.py_buffer(np.packbits(there, bitorder="little"))


@cache
def _nothing(type_: pa.DataType) -> pa.Array:
    return pa.nulls(_SHARED_ROWS, type_)


def nothing(type_: pa.DataType, count: int) -> pa.Array:
    """A column of nulls. Columns share their memory: most segments leave most of their elements out."""
    return _nothing(type_).slice(0, count) if count <= _SHARED_ROWS else pa.nulls(count, type_)


@lru_cache(_SHARED_VALUES)
def _repeated(value: str) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), _SHARED_ROWS)


def spread(values: pa.Array, rows: Index) -> pa.Array:
    """`values.take(rows)` of texts, null where a row is `ABSENT`. Columns of one value share their memory."""
    count = len(rows)
    if count and count <= _SHARED_ROWS and (rows == rows[0]).all():
        value = values[int(rows[0])].as_py() if rows[0] >= 0 else None
        return nothing(pa.string(), count) if value is None else _repeated(value).slice(0, count)
    is_absent = rows < 0
    return values.take(pa.array(rows, mask=is_absent if is_absent.any() else None))


def decimals(values: Longs, there: Flags, type_: pa.DataType) -> pa.Array:
    """Scaled integers as decimal128 without going through Python or float."""
    if not there.any():
        return nothing(type_, len(values))
    wide = np.empty((len(values), 2), np.int64)
    wide[:, 0] = values
    wide[:, 1] = values >> 63
    return pa.Array.from_buffers(type_, len(values), [bitmap(there), pa.py_buffer(wide)])


def dates32(days: Ints, there: Flags) -> pa.Array:
    """Days since 1970 as date32."""
    if not there.any():
        return nothing(pa.date32(), len(days))
    return pa.Array.from_buffers(
        pa.date32(), len(days), [bitmap(there), pa.py_buffer(np.ascontiguousarray(days, np.int32))]
    )


def int32s(values: Index, there: Flags | None = None) -> pa.Array:
    """Integers as int32, null where `there` is false."""
    if there is not None and not there.any():
        return nothing(pa.int32(), len(values))
    mask = None if there is None else bitmap(there)
    return pa.Array.from_buffers(pa.int32(), len(values), [mask, pa.py_buffer(np.ascontiguousarray(values, np.int32))])


def flags(values: Flags) -> pa.Array:
    """Booleans as an Arrow array without nulls."""
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(np.packbits(values, bitorder="little"))])
