"""What the reader carries from one window of bytes to the next, so that a window is read as a part of its file.

Belongs here: cutting interchanges into windows, ordinals so far, the interchange and group that stand open at a cut.
Does not belong here: reading a window.

A window holds some interchanges, or a part of one. A part begins at an ST and, but for the first, is read behind
copies of its ISA and its open GS, so that a window is always a whole interchange to what reads it. Memory is bounded
by the window and the largest transaction set, not by the file; and a stretch longer than `MAX_SET_BYTES` without the
start of a transaction set is left out, all but its first and last segments, with a finding.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from claims.interchange.x12.source import Data, Region, Source
from claims.interchange.x12.tokens import Index, Longs

WINDOW_BYTES = 4 << 20
MAX_SET_BYTES = 64 << 20
_EDGE = 64 << 10


@dataclass
class Open:
    """The interchange that stands open at a cut, and its open group if there is one."""

    isa: bytes
    gs: bytes
    gs_at: int
    gs_ordinal: int = 0
    segments: int = 0
    groups: int = 0
    sets_in_group: int = 0
    sets: int = 0
    broken_sets: int = 0
    has_error: bool = False
    is_latin: bool = False
    set_numbers: set[str | None] = field(default_factory=set)
    group_numbers: set[str | None] = field(default_factory=set)

    @property
    def copies(self) -> int:
        """How many segments of the next window are copies."""
        return 2 if self.gs else 1


class Progress:
    """Ordinals so far by source, and what stands open."""

    def __init__(self, count: int) -> None:
        """`count` is the number of sources."""
        self.counted: defaultdict[str, Longs] = defaultdict(lambda: np.zeros(count, np.int64))
        self.open: Open | None = None
        self.seen: dict[int, set[tuple[str | None, str | None]]] = {}

    def base(self, name: str, source: Index) -> Longs:
        """How many of `name` stand before this window, by row of `source`."""
        return self.counted[name][source]

    def add(self, name: str, source: Index) -> None:
        """Count one more of `name` for each row of `source`."""
        np.add.at(self.counted[name], source, 1)


def windows(sources: Sequence[Source], regions: Sequence[Region], limit: int) -> Iterator[list[Region]]:
    """`regions` in windows of about `limit` bytes; an interchange longer than that is cut at its transaction sets."""
    window: list[Region] = []
    size = 0
    for region in regions:
        for part in _parts(sources[region.source].data, region, limit):
            length = part.end - part.start
            if window and (size + length > limit or not part.is_first):
                yield window
                window, size = [], 0
            window.append(part)
            size += length
    if window:
        yield window


def _parts(data: Data, region: Region, limit: int) -> Iterator[Region]:
    start = region.start
    while region.end - start > limit + limit // 2:
        cut = _next_set(data, start + limit, region)
        stop = region.end if cut is None else cut
        hole = None
        if stop - start > limit + MAX_SET_BYTES:
            # The sets before the long one are read as ever.
            near = _last_set(data, start + 1, start + limit, region)
            if near is not None:
                stop = near
            else:
                hole = _hole(data, start, stop, region)
        if stop == region.end and hole is None:
            break
        is_last = stop == region.end
        yield replace(
            region, start=start, end=stop, head=region.start, is_first=start == region.start, is_last=is_last, hole=hole
        )
        if is_last:
            return
        start = stop
    yield replace(region, start=start, head=region.start, is_first=start == region.start)


def _last_set(data: Data, start: int, end: int, region: Region) -> int | None:
    """Where the last ST begins in `start..end`; None when there is none."""
    last = None
    found = _next_set(data, start, region, end)
    while found is not None:
        last = found
        found = _next_set(data, found + 1, region, end)
    return last


def _hole(data: Data, start: int, end: int, region: Region) -> tuple[int, int]:
    """What is left out of `start..end`: all between its first segment and the trailers at its end."""
    terminator = bytes([region.delimiters.terminator])
    first = data[start : start + _EDGE].find(terminator, 105 if start == region.start and region.is_exact else 0)
    begin = start + first + 1 if first >= 0 else min(start + _EDGE, end)
    edge = max(begin, end - _EDGE)
    tail = data[edge:end]
    trailer = tail.rfind(terminator + b"SE" + bytes([region.delimiters.element]))
    if trailer < 0:
        for wanted in (b"GE", b"IEA"):
            trailer = trailer if trailer >= 0 else tail.rfind(terminator + wanted + bytes([region.delimiters.element]))
    # The terminator before the trailers ends a first segment that has none in sight.
    return begin, edge + trailer + (first >= 0) if trailer >= 0 else end


def _next_set(data: Data, at: int, region: Region, end: int | None = None) -> int | None:
    """Where the next ST after `at` begins; None when there is none before `end` or the end of the region."""
    end = region.end if end is None else end
    marks = region.delimiters
    terminator = bytes([marks.terminator])
    layout = marks.layout
    wanted = b"ST" + bytes([marks.element])
    found = data.find(wanted, at, end)
    while found >= 0:
        if data[max(region.start, found - 64) : found].rstrip(layout)[-1:] == terminator:
            return found
        found = data.find(wanted, found + 1, end)
    return None
