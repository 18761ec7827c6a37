"""What a reader is given, and where the interchanges stand in it.

Belongs here: `Source`, delimiters, and the search for ISA segments. Does not belong here: anything about segments
after the ISA.
"""

import hashlib
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
import numpy.typing as npt

WHITE = b"\t\n\x0b\x0c\r \x00\x1a"
"""Bytes that may stand before a segment: layout, and the NUL and Ctrl-Z padding of old systems."""

_BOM = b"\xef\xbb\xbf"
_ISA_SEPARATORS = (3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103)
_ISA_LENGTH = 106
_ALNUM = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_MANY_CANDIDATES = 4096
_CHUNK = 8 << 20
_REACH = 256
_LOOK_BACK = 64

HELD_BYTES = 8 << 20
"""A stream up to this size is held in memory."""


class FileBytes:
    """The bytes of a file, read where they are asked for and never held as a whole.

    A map of the file would fault when the file shrinks under it; here a slice then comes back short.
    """

    def __init__(self, place: Path | IO[bytes]) -> None:
        """A path is opened for each read, so that thousands wait without a handle; a file is closed at last."""
        self._place = place
        if not isinstance(place, Path):
            weakref.finalize(self, place.close)
        self._length = place.stat().st_size if isinstance(place, Path) else place.seek(0, 2)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, place: slice) -> bytes:
        start, stop, _ = place.indices(self._length)
        if stop <= start:
            return b""
        if not isinstance(self._place, Path):
            self._place.seek(start)
            return self._place.read(stop - start)
        with self._place.open("rb") as file:
            file.seek(start)
            return file.read(stop - start)

    def find(self, wanted: bytes, start: int = 0, end: int | None = None) -> int:
        """Where `wanted` first begins at or after `start` and ends at or before `end`; -1 where it does not."""
        end = self._length if end is None else min(end, self._length)
        while start < end:
            found = self[start : min(start + _CHUNK + len(wanted) - 1, end)].find(wanted)
            if found >= 0:
                return start + found
            start += _CHUNK
        return -1


Data: TypeAlias = bytes | FileBytes


@dataclass(frozen=True)
class Source:
    """One file as received: `file_id` (first 32 hex digits of the SHA-256 of its bytes), its name, its bytes."""

    file_id: str
    name: str
    data: Data

    @classmethod
    def of(cls, data: bytes, name: str = "-") -> "Source":
        """A source whose `file_id` is computed from `data`."""
        return cls(hashlib.sha256(data).hexdigest()[:32], name, data)

    @classmethod
    def at(cls, path: Path) -> "Source":
        """A source that stays on disk and is read window by window. Costs one pass over the file, for its `file_id`.

        Raises:
            OSError: the file cannot be read.
        """
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
        return cls(digest.hexdigest()[:32], path.name, FileBytes(path))

    @classmethod
    def drain(cls, stream: IO[bytes], name: str = "-", held: int = HELD_BYTES) -> "Source":
        """All that `stream` gives: up to `held` bytes in memory, more in a temporary file that has no name on disk.

        Raises:
            OSError: the stream cannot be read, or the disk has no room for it.
        """
        head = stream.read(held + 1)
        if len(head) <= held:
            return cls.of(head, name)
        digest = hashlib.sha256(head)
        file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the source, and goes with it
        file.write(head)
        while piece := stream.read(_CHUNK):
            digest.update(piece)
            file.write(piece)
        return cls(digest.hexdigest()[:32], name, FileBytes(file))


@dataclass(frozen=True)
class Delimiters:
    """The delimiters of an interchange as single bytes; `repetition` and `component` are None where it has none."""

    element: int
    component: int | None
    repetition: int | None
    terminator: int

    @property
    def layout(self) -> bytes:
        """The bytes that are layout here: `WHITE` without what delimits."""
        return bytes(byte for byte in WHITE if byte not in (self.element, self.terminator))


@dataclass(frozen=True)
class Region:
    """The bytes `start..end` of source `source`: one interchange, from its ISA to the byte before the next one.

    `is_exact` is false when the ISA is not 106 bytes long and its delimiters were found by counting separators. Of an
    interchange read in parts, `head` is where its ISA stands, and `is_first` and `is_last` tell which part this is.
    Of a stretch too long to be read, `hole` is what is left out.
    """

    source: int
    start: int
    end: int
    delimiters: Delimiters
    is_exact: bool
    head: int = -1
    is_first: bool = True
    is_last: bool = True
    hole: tuple[int, int] | None = None


def chunks(data: Data, start: int, end: int, overlap: int = 0) -> Iterator[tuple[int, bytes]]:
    """`start..end` of `data` in pieces of some megabytes, each with its place; it reaches `overlap` into the next."""
    for at in range(start, end, _CHUNK):
        yield at, data[at : min(at + _CHUNK + overlap, end)]


def is_blank(data: Data, start: int, end: int) -> bool:
    """Whether only layout and padding stand in `start..end`, a byte order mark aside."""
    return not any((piece if at else piece.removeprefix(_BOM)).strip(WHITE) for at, piece in chunks(data, start, end))


def is_x12(data: Data) -> bool:
    """Whether `data` begins with an ISA segment (after a byte order mark and layout bytes). Costs microseconds."""
    head = data[:4096].removeprefix(_BOM).lstrip(WHITE)
    return head[:3] == b"ISA" and _read_isa(head, 0) is not None


def file_problem(data: Data) -> str:
    """The finding code that says why `data` holds no interchange."""
    if is_blank(data, 0, len(data)):
        return "X12-FILE-EMPTY"
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06") or data[:2] == b"\x1f\x8b":
        return "X12-FILE-COMPRESSED"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"I\x00S\x00A" in data[:256]:
        return "X12-FILE-UTF16"
    if b"ISA" in data[:512]:
        return "X12-FILE-ISA-BROKEN"
    return "X12-FILE-NOT-X12"


def locate(sources: Sequence[Source]) -> list[Region]:
    """The interchanges of `sources`, in order. A source without a readable ISA has none."""
    regions: list[Region] = []
    for number, source in enumerate(sources):
        found = _interchanges(source.data)
        ends = [*(start for start, _, _ in found[1:]), len(source.data)][: len(found)]
        regions.extend(
            Region(number, start, end, delimiters, exact)
            for (start, delimiters, exact), end in zip(found, ends, strict=True)
        )
    return regions


def _interchanges(data: Data) -> list[tuple[int, Delimiters, bool]]:
    found: list[tuple[int, Delimiters, bool]] = []
    for start, piece in chunks(data, 0, len(data), _REACH):
        # Each piece but the first looks back, and leaves what begins in the next piece to it.
        back = min(start, _LOOK_BACK)
        text = (data[start - back : start] + piece) if back else piece
        for at in _candidates(piece[: _CHUNK + 2]):
            read = _read_isa(text, at + back)
            if read is None:
                continue
            delimiters, exact = read
            # An exact ISA is unmistakable; a loose one counts only where a segment may begin.
            if exact or _begins_segment(text, at + back, start - back, found[-1][1] if found else None):
                found.append((start + at, delimiters, exact))
    return found


def _candidates(data: bytes) -> Iterator[int]:
    place = data.find(b"ISA")
    places: list[int] = []
    while place >= 0 and len(places) <= _MANY_CANDIDATES:
        places.append(place)
        place = data.find(b"ISA", place + 3)
    if len(places) > _MANY_CANDIDATES:
        text = np.frombuffer(data + bytes(8), np.uint8)
        at = np.flatnonzero((text[:-8] == 73) & (text[1:-7] == 83) & (text[2:-6] == 65))
        separator = text[at + 3]
        # Only where a separator stands on both sides of a two-byte ISA01; this holds for loose headers too.
        plausible: npt.NDArray[np.int64] = at[(separator == text[at + 6]) & ~_is_alnum(separator)]
        # The last bytes of a piece cannot be judged here.
        yield from map(int, np.union1d(plausible, at[at > len(data) - 7]))
    else:
        yield from places


def _is_alnum(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[list(_ALNUM)] = True
    return table[values]


def _begins_segment(data: bytes, at: int, offset: int, before: Delimiters | None) -> bool:
    """Whether a segment may begin at `at` of `data`, which stands at `offset` of its file."""
    head = data[max(0, at - _LOOK_BACK) : at].rstrip(
        WHITE if before is None else WHITE.replace(bytes([before.terminator]), b"")
    )
    if not head or (head == _BOM and offset == 0):
        return True
    return before is not None and head[-1] == before.terminator


def _read_isa(data: bytes, at: int) -> tuple[Delimiters, bool] | None:
    head = data[at : at + _ISA_LENGTH]
    if len(head) < 4:
        return None
    separator = head[3]
    if separator in _ALNUM or separator > 127 or separator == 32:
        return None
    if len(head) == _ISA_LENGTH and all(head[p] == separator for p in _ISA_SEPARATORS):
        component, terminator, repetition, exact = head[104], head[105], head[82], True
        version = head[84:89]
    else:
        parts = data[at : at + _REACH].split(bytes([separator]), 16)
        if len(parts) < 17 or len(parts[16]) < 2:
            return None
        component, terminator, exact = parts[16][0], parts[16][1], False
        if terminator in _ALNUM:  # ISA16 is empty: what stands where it should is the terminator
            component, terminator = separator, component
        repetition = parts[11][0] if len(parts[11]) == 1 else separator
        version = parts[12]
    if terminator in _ALNUM or terminator > 127 or terminator in (separator, component, 32):
        return None
    # ISA11 is a delimiter from 00402 on; before that it names a standards body (`U`).
    has_repetition = (
        repetition not in _ALNUM and repetition < 128 and repetition not in (separator, component, terminator, 32)
    )
    if version[:5] in (b"00200", b"00300", b"00400", b"00401"):
        has_repetition = False
    has_component = component not in _ALNUM and component < 128 and component not in (separator, 32)
    return (
        Delimiters(separator, component if has_component else None, repetition if has_repetition else None, terminator),
        exact,
    )
