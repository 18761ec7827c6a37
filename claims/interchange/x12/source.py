"""What a reader is given, and where the interchanges stand in it.

Belongs here: `Source`, delimiters, and the search for ISA segments. Does not belong here: anything about segments
after the ISA.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

WHITE = b"\t\n\x0b\x0c\r \x00\x1a"
"""Bytes that may stand before a segment: layout, and the NUL and Ctrl-Z padding of old systems."""

_BOM = b"\xef\xbb\xbf"
_ISA_SEPARATORS = (3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103)
_ISA_LENGTH = 106
_ALNUM = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_MANY_CANDIDATES = 4096


@dataclass(frozen=True)
class Source:
    """One file as received: `file_id` (first 32 hex digits of the SHA-256 of its bytes), its name, its bytes."""

    file_id: str
    name: str
    data: bytes

    @classmethod
    def of(cls, data: bytes, name: str = "-") -> "Source":
        """A source whose `file_id` is computed from `data`."""
        return cls(hashlib.sha256(data).hexdigest()[:32], name, data)


@dataclass(frozen=True)
class Delimiters:
    """The delimiters of an interchange as single bytes; `repetition` and `component` are None where it has none."""

    element: int
    component: int | None
    repetition: int | None
    terminator: int


@dataclass(frozen=True)
class Region:
    """The bytes `start..end` of source `source`: one interchange, from its ISA to the byte before the next one.

    `is_exact` is false when the ISA is not 106 bytes long and its delimiters were found by counting separators. Of an
    interchange read in parts, `head` is where its ISA stands, and `is_first` and `is_last` tell which part this is.
    """

    source: int
    start: int
    end: int
    delimiters: Delimiters
    is_exact: bool
    head: int = -1
    is_first: bool = True
    is_last: bool = True


def is_x12(data: bytes) -> bool:
    """Whether `data` begins with an ISA segment (after a byte order mark and layout bytes). Costs microseconds."""
    head = data[:4096].removeprefix(_BOM).lstrip(WHITE)
    return head[:3] == b"ISA" and _read_isa(head, 0) is not None


def file_problem(data: bytes) -> str:
    """The finding code that says why `data` holds no interchange."""
    if not data.strip(WHITE):
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


def _interchanges(data: bytes) -> list[tuple[int, Delimiters, bool]]:
    found: list[tuple[int, Delimiters, bool]] = []
    for at in _candidates(data):
        read = _read_isa(data, at)
        if read is None:
            continue
        delimiters, exact = read
        # An exact ISA is unmistakable; a loose one counts only where a segment may begin.
        if exact or _begins_segment(data, at, found[-1][1] if found else None):
            found.append((at, delimiters, exact))
    return found


def _candidates(data: bytes) -> list[int]:
    if data.count(b"ISA") > _MANY_CANDIDATES:
        text = np.frombuffer(data, np.uint8)
        at = np.flatnonzero((text[:-4] == 73) & (text[1:-3] == 83) & (text[2:-2] == 65))
        separator = text[at + 3]
        follows = text[np.minimum(at + 6, len(text) - 1)]
        # Only where a separator stands on both sides of a two-byte ISA01; this holds for loose headers too.
        plausible: npt.NDArray[np.int64] = at[(separator == follows) & ~_is_alnum(separator)]
        return [int(place) for place in plausible]
    out: list[int] = []
    at_ = data.find(b"ISA")
    while at_ >= 0:
        out.append(at_)
        at_ = data.find(b"ISA", at_ + 3)
    return out


def _is_alnum(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[list(_ALNUM)] = True
    return table[values]


def _begins_segment(data: bytes, at: int, before: Delimiters | None) -> bool:
    head = data[max(0, at - 64) : at].rstrip(
        WHITE if before is None else WHITE.replace(bytes([before.terminator]), b"")
    )
    if not head or head == _BOM:
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
        parts = data[at : at + 256].split(bytes([separator]), 16)
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
