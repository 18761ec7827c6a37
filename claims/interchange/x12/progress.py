"""What the reader carries from one window of bytes to the next, so that a window is read as a part of its file.

Belongs here: cutting interchanges into windows, ordinals so far, the interchange and group that stand open at a cut.
Does not belong here: reading a window.

A window holds some interchanges, or a part of one. A part begins at an ST and, but for the first, is read behind
copies of its ISA and its open GS, so that a window is always a whole interchange to what reads it. Memory is bounded
by the window and the largest transaction set, not by the file.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from claims.interchange.x12.source import WHITE, Region, Source
from claims.interchange.x12.tokens import Index, Longs

WINDOW_BYTES = 4 << 20


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


def _parts(data: bytes, region: Region, limit: int) -> Iterator[Region]:
    start = region.start
    while region.end - start > limit + limit // 2:
        cut = _next_set(data, start + limit, region)
        if cut is None:
            break
        yield replace(region, start=start, end=cut, head=region.start, is_first=start == region.start, is_last=False)
        start = cut
    yield replace(region, start=start, head=region.start, is_first=start == region.start)


def _next_set(data: bytes, at: int, region: Region) -> int | None:
    """Where the next ST after `at` begins; None when there is none."""
    marks = region.delimiters
    terminator = bytes([marks.terminator])
    layout = WHITE.replace(terminator, b"")
    wanted = b"ST" + bytes([marks.element])
    found = data.find(wanted, at, region.end)
    while found >= 0:
        if data[max(region.start, found - 64) : found].rstrip(layout)[-1:] == terminator:
            return found
        found = data.find(wanted, found + 1, region.end)
    return None
