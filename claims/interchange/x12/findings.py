"""What can be wrong with an interchange: the catalogue of stable codes, and the collector that makes the table.

Belongs here: each code's severity, what it quarantines, the 999 code that reports it, its message and its fix.
Messages never hold a value of the file. Does not belong here: the checks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from claims.interchange.x12.tokens import Flags, Index


class Finding(NamedTuple):
    """One kind of finding. `scope` is what it quarantines; `syntax_code` is the IK3-04, IK4-03 or IK5-02 code of a 999."""

    code: str
    severity: str
    scope: str
    syntax_code: str | None
    message: str
    fix: str


_RESEND = "Ask the sender for the whole file again."
_SENDER = "Tell the sender; the data was read as it stands."

CATALOGUE: tuple[Finding, ...] = (
    # -- file ---------------------------------------------------------------------------------------------------------
    Finding("X12-FILE-EMPTY", "error", "interchange", None, "The file is empty", _RESEND),
    Finding(
        "X12-FILE-NOT-X12",
        "error",
        "interchange",
        None,
        "The file holds no ISA segment: it is not an X12 interchange",
        "Check that the right file was sent and that it was not encrypted or converted on the way.",
    ),
    Finding(
        "X12-FILE-COMPRESSED",
        "error",
        "interchange",
        None,
        "The file is a compressed archive",
        "Unpack it and send the files inside.",
    ),
    Finding(
        "X12-FILE-UTF16",
        "error",
        "interchange",
        None,
        "The file is encoded as UTF-16",
        "Send it as ASCII or UTF-8, one byte for each character of the basic set.",
    ),
    Finding(
        "X12-FILE-ISA-BROKEN",
        "error",
        "interchange",
        None,
        "The ISA segment does not have sixteen elements, so its delimiters are unknown",
        "Send the ISA as 106 bytes with all sixteen elements padded to their fixed lengths.",
    ),
    Finding(
        "X12-FILE-LEADING-BYTES",
        "warning",
        "none",
        None,
        "Bytes that belong to no interchange stand before the first ISA",
        "Remove what stands before the ISA.",
    ),
    Finding("X12-FILE-LATIN1", "info", "none", None, "The text is not UTF-8; it was read as Latin-1", _SENDER),
    # -- interchange and group ----------------------------------------------------------------------------------------
    Finding(
        "X12-ISA-LENGTH",
        "error",
        "none",
        None,
        "The ISA segment is not 106 bytes long; delimiters were found by counting its separators",
        "Pad the elements of the ISA to their fixed lengths.",
    ),
    Finding("X12-ISA-DATE", "warning", "none", None, "ISA09 is not a date", _SENDER),
    Finding(
        "X12-ISA-DUPLICATE",
        "error",
        "none",
        None,
        "Two interchanges of the file have the same sender and control number",
        "Check whether the same interchange was sent twice.",
    ),
    Finding(
        "X12-SEGMENT-UNTERMINATED",
        "warning",
        "none",
        None,
        "The last segment of the interchange has no terminator",
        "End every segment, the IEA included, with the terminator.",
    ),
    Finding("X12-SEGMENT-EMPTY", "info", "none", "8", "Two terminators stand with nothing between them", _SENDER),
    Finding("X12-IEA-MISSING", "error", "none", None, "The interchange has no IEA: it may be cut short", _RESEND),
    Finding("X12-IEA-COUNT", "error", "none", None, "IEA01 is not the number of functional groups", _SENDER),
    Finding("X12-IEA-CONTROL", "error", "none", None, "IEA02 is not ISA13", _SENDER),
    Finding("X12-GE-MISSING", "error", "none", "3", "The functional group has no GE", _RESEND),
    Finding("X12-GE-COUNT", "error", "none", "5", "GE01 is not the number of transaction sets", _SENDER),
    Finding("X12-GE-CONTROL", "error", "none", "4", "GE02 is not GS06", _SENDER),
    Finding("X12-GS-DUPLICATE", "error", "none", "6", "Two groups of the interchange have the same control number", _SENDER),
    Finding(
        "X12-ENVELOPE-ORPHAN",
        "error",
        "none",
        "2",
        "A trailer (SE, GE or IEA) stands without its header",
        _RESEND,
    ),
    Finding(
        "X12-SEGMENT-OUTSIDE",
        "error",
        "none",
        "2",
        "A segment stands outside any transaction set",
        _RESEND,
    ),
    # -- transaction set ----------------------------------------------------------------------------------------------
    Finding("X12-ST-OUTSIDE-GROUP", "error", "none", None, "The transaction set stands outside any functional group", _SENDER),
    Finding(
        "X12-ST-UNKNOWN",
        "error",
        "transaction",
        "1",
        "The kind of transaction set is not one that is read here",
        "Send 837, 835, 999, 997, 276, 277, 270, 271 or 278 sets, 004010 or 005010.",
    ),
    Finding(
        "X12-ST-GUIDE",
        "warning",
        "none",
        None,
        "The guide in ST03 or GS08 does not fit the service lines found; the lines decided",
        "Correct GS08 and ST03.",
    ),
    Finding("X12-ST-DUPLICATE", "error", "none", "23", "Two transaction sets of the group have the same control number", _SENDER),
    Finding("X12-SE-MISSING", "error", "transaction", "2", "The transaction set has no SE: it is cut short", _RESEND),
    Finding(
        "X12-SE-COUNT",
        "error",
        "transaction",
        "4",
        "SE01 is not the number of segments: some were lost or added",
        _RESEND,
    ),
    Finding("X12-SE-CONTROL", "error", "transaction", "3", "SE02 is not ST02", _RESEND),
    Finding(
        "X12-BODY-MISSING",
        "error",
        "transaction",
        "5",
        "The transaction set holds nothing of what its kind is for",
        _RESEND,
    ),
    # -- segments and elements ----------------------------------------------------------------------------------------
    Finding("X12-SEGMENT-UNKNOWN", "warning", "none", "1", "Unknown segment identifier", "Remove the segment or correct its identifier."),
    Finding("X12-ELEMENT-AMOUNT", "error", "none", "6", "Not an amount", "Send digits with at most two after a point."),
    Finding("X12-ELEMENT-NUMBER", "error", "none", "6", "Not a number", "Send digits, with a point where needed."),
    Finding("X12-ELEMENT-DATE", "error", "none", "8", "Not a date of the calendar", "Send CCYYMMDD, or a range of two dates."),
)

BY_CODE: dict[str, Finding] = {finding.code: finding for finding in CATALOGUE}


@dataclass
class _Chunk:
    code: str
    segment: Index
    element: int | Index | None
    component: int | None


class Findings:
    """Findings as they are made: about segments (vectorised), or about a place in a file."""

    def __init__(self) -> None:
        self.chunks: list[_Chunk] = []
        self.of_files: list[tuple[str, int, int]] = []

    def add(self, code: str, segments: Index, element: int | Index | None = None, component: int | None = None) -> None:
        """One finding for each of `segments`; `element` is one position for all, or one per segment."""
        if len(segments):
            self.chunks.append(_Chunk(code, np.asarray(segments), element, component))

    def bad(self, code: str, segments: Index, where: Flags, element: int | Index | None, component: int | None = None) -> None:
        """One finding for each segment where `where` holds."""
        if where.any():
            at = np.flatnonzero(where)
            self.add(code, segments[at], element[at] if isinstance(element, np.ndarray) else element, component)

    def add_file(self, code: str, source: int, offset: int = 0) -> None:
        """A finding about source number `source` at `offset`."""
        self.of_files.append((code, source, offset))

    def flatten(self) -> "Flat":
        """All findings about segments, in order of segment."""
        if not self.chunks:
            none = np.zeros(0, np.int64)
            return Flat(none, none, none, none, [])
        codes = sorted({chunk.code for chunk in self.chunks})
        number = {code: n for n, code in enumerate(codes)}
        segment = np.concatenate([chunk.segment.astype(np.int64) for chunk in self.chunks])
        code = np.concatenate([np.full(len(c.segment), number[c.code]) for c in self.chunks])
        element = np.concatenate([_spread(c.element, len(c.segment)) for c in self.chunks])
        component = np.concatenate([_spread(c.component, len(c.segment)) for c in self.chunks])
        # A value that several rows share (a subscriber's birth date) is one finding.
        rows = np.unique(np.stack([segment, code, element, component], axis=1), axis=0)
        return Flat(rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], codes)


class Flat(NamedTuple):
    """Findings about segments as arrays; `code` indexes `codes`; 0 stands for no element or component."""

    segment: Index
    code: Index
    element: Index
    component: Index
    codes: Sequence[str]


def _spread(value: int | Index | None, count: int) -> Index:
    if isinstance(value, np.ndarray):
        return value.astype(np.int64)
    return np.full(count, value or 0, np.int64)
