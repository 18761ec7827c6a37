"""Writing interchanges: marks, envelopes, and segments that refuse data holding a mark.

Belongs here: what every outgoing interchange has in common, and writing back what was read. Does not belong here: what
an answer or a request says (`acknowledge`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import pyarrow as pa

Element: TypeAlias = str | Sequence[str] | None
Segment: TypeAlias = Sequence[Element]

_HIGHEST = 999_999_999


class WriteError(ValueError):
    """What was to be written does not fit an interchange. `code` is stable; the message holds no value."""

    code = "X12-WRITE"


class MarkInDataError(WriteError):
    """A value holds one of the delimiters."""

    code = "X12-WRITE-MARK"


class UnknownAddressError(WriteError):
    """No sender or no receiver is known."""

    code = "X12-WRITE-ADDRESS"


class TooLongError(WriteError):
    """A value is longer than its fixed place in the envelope."""

    code = "X12-WRITE-LENGTH"


@dataclass(frozen=True)
class Marks:
    """Delimiters to write with. `line_break` follows every terminator and is no part of the data."""

    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    terminator: str = "~"
    line_break: str = ""

    def __post_init__(self) -> None:
        """Refuse marks that no reader could tell apart or from data."""
        marks = (self.element, self.component, self.repetition, self.terminator)
        if len(set(marks)) < 4 or any(len(m) != 1 or m.isalnum() or m == " " or ord(m) > 127 for m in marks):
            raise WriteError("the four delimiters must be four different ASCII characters, no letter, digit or blank")

    @property
    def all(self) -> frozenset[str]:
        """The four characters that no value may hold."""
        return frozenset((self.element, self.component, self.repetition, self.terminator))


@dataclass(frozen=True)
class Address:
    """Who sends to whom, as ISA05..08 and GS02..03 say it."""

    sender_id: str
    receiver_id: str
    sender_qualifier: str = "ZZ"
    receiver_qualifier: str = "ZZ"
    group_sender_id: str | None = None
    group_receiver_id: str | None = None
    usage_code: str = "P"

    def reversed(self) -> "Address":
        """The way back."""
        return Address(
            self.receiver_id,
            self.sender_id,
            self.receiver_qualifier,
            self.sender_qualifier,
            self.group_receiver_id,
            self.group_sender_id,
            self.usage_code,
        )


@dataclass(frozen=True)
class TransactionSet:
    """ST01, the guide (ST03), and the segments between ST and SE."""

    kind: str
    guide: str
    body: Sequence[Segment]


@dataclass(frozen=True)
class RenderedSet:
    """A transaction set whose segments between ST and SE are text already: `count` of them, each with its end."""

    kind: str
    guide: str
    text: str
    count: int
    marks: Marks


@dataclass(frozen=True)
class Group:
    """One functional group: GS01, GS08 and its sets."""

    functional_code: str
    guide: str
    sets: Sequence[TransactionSet | RenderedSet]


@dataclass(frozen=True)
class Outgoing:
    """One interchange that waits for its control numbers. `answers` are TA1 segments, which stand before the groups."""

    address: Address
    groups: Sequence[Group]
    answers: Sequence[Segment] = ()


@dataclass
class Numbers:
    """Control numbers without gaps: each call gives the next. Kept by the caller between interchanges."""

    interchange: int = 1
    group: int = 1

    def next_interchange(self) -> int:
        """ISA13 of the next interchange."""
        self.interchange += 1
        return self.interchange - 1

    def next_group(self) -> int:
        """GS06 of the next group."""
        self.group += 1
        return self.group - 1


def render(segment: Segment, marks: Marks) -> str:
    """One segment without its terminator; trailing empty elements are left out."""
    forbidden = marks.all

    def text(value: str) -> str:
        if not forbidden.isdisjoint(value):
            raise MarkInDataError(f"an element of {segment[0]} holds a delimiter")
        return value

    elements = [
        ""
        if element is None
        else text(element)
        if isinstance(element, str)
        else marks.component.join(text(part) for part in element).rstrip(marks.component)
        for element in segment
    ]
    return marks.element.join(elements).rstrip(marks.element)


def write_interchange(
    address: Address,
    groups: Sequence[Group],
    *,
    numbers: Numbers,
    at: datetime,
    marks: Marks | None = None,
    answers: Sequence[Segment] = (),
) -> bytes:
    """One interchange. `answers` are TA1 segments, which stand before the groups.

    Raises `MarkInDataError`, `TooLongError`, and `WriteError` for a set that was rendered with other marks.
    """
    marks = marks or Marks()
    end = marks.terminator + marks.line_break
    control = f"{_held(numbers.next_interchange()):09d}"
    is_4010 = bool(groups) and all(_is_4010(group) for group in groups)
    out = [_isa(address, control, at, marks, is_4010=is_4010) + end]
    out.extend(render(answer, marks) + end for answer in answers)
    for group in groups:
        number = str(_held(numbers.next_group()))
        sender = address.group_sender_id or address.sender_id
        receiver = address.group_receiver_id or address.receiver_id
        day, time = f"{at:%Y%m%d}", f"{at:%H%M}"
        opening = ("GS", group.functional_code, sender, receiver, day, time, number, "X", group.guide)
        out.append(render(opening, marks) + end)
        for place, one in enumerate(group.sets, 1):
            st02 = f"{place:04d}"
            text, count = _body(one, marks)
            out.append(render(("ST", one.kind, st02, None if _is_4010(one) else one.guide), marks) + end)
            out.append(text)
            out.append(render(("SE", str(count + 2), st02), marks) + end)
        out.append(render(("GE", str(len(group.sets)), number), marks) + end)
    out.append(render(("IEA", str(len(groups)), control), marks) + end)
    return "".join(out).encode("utf-8")


def _is_4010(one: Group | TransactionSet | RenderedSet) -> bool:
    """Whether it is of 004010, which names the guide in GS08 alone and knows no repetitions."""
    return one.guide.startswith("004010")


def _held(number: int) -> int:
    if not 0 < number <= _HIGHEST:
        raise TooLongError("a control number has more than nine digits, or is not positive")
    return number


def _body(one: TransactionSet | RenderedSet, marks: Marks) -> tuple[str, int]:
    """The text between ST and SE, and its number of segments."""
    if isinstance(one, RenderedSet):
        if one.marks != marks:
            raise WriteError("a transaction set was rendered with other delimiters than the interchange")
        return one.text, one.count
    end = marks.terminator + marks.line_break
    return "".join(render(segment, marks) + end for segment in one.body), len(one.body)


def _isa(address: Address, control: str, at: datetime, marks: Marks, *, is_4010: bool) -> str:
    def fixed(value: str, width: int) -> str:
        if len(value) > width:
            raise TooLongError(f"an identifier of the ISA is longer than {width} characters")
        if not marks.all.isdisjoint(value):
            raise MarkInDataError("an element of ISA holds a delimiter")
        return value.ljust(width)

    blank = " " * 10
    version = ("U", "00401") if is_4010 else (marks.repetition, "00501")
    parts = (
        "ISA", "00", blank, "00", blank,
        fixed(address.sender_qualifier, 2), fixed(address.sender_id, 15),
        fixed(address.receiver_qualifier, 2), fixed(address.receiver_id, 15),
        f"{at:%y%m%d}", f"{at:%H%M}", *version, control, "0", address.usage_code, marks.component,
    )  # fmt: skip
    return marks.element.join(parts)


def rewrite(tables: dict[str, pa.Table], marks: Marks | None = None) -> dict[str, bytes]:
    """What was read, by file: every segment of the `segments` table, in order, in its interchange's delimiters.

    With `marks` the delimiters are changed: elements, components and repetitions are taken apart by the old ones and
    put together by the new ones. Raises `MarkInDataError` where a value holds one of the new ones.
    """
    ends: dict[str, list[tuple[int, int, dict[str, str | None]]]] = {}
    for row in tables["interchanges"].to_pylist():
        start = row["byte_offset"]
        ends.setdefault(row["file_id"], []).append((start, row["interchange_ordinal"], row))
    out: dict[str, bytes] = {}
    segments = tables["segments"].select(["file_id", "byte_offset", "text"])
    for file_id, heads in ends.items():
        mine = segments.filter(pa.compute.equal(segments["file_id"], file_id)).sort_by("byte_offset")
        texts: list[str] = mine["text"].to_pylist()
        offsets: list[int] = mine["byte_offset"].to_pylist()
        heads.sort()
        starts = [start for start, _, _ in heads[1:]] + [2**63 - 1]
        parts: list[str] = []
        at = 0
        for (_, _, head), stop in zip(heads, starts, strict=True):
            until = at
            while until < len(offsets) and offsets[until] < stop:
                until += 1
            own = texts[at:until]
            at = until
            terminator = str(head["segment_terminator"])
            if marks is None:
                parts.extend(text + terminator for text in own)
            else:
                end = marks.terminator + marks.line_break
                parts.extend(text + end for text in _redelimit(own, head, marks))
        out[file_id] = "".join(parts).encode("utf-8")
    return out


def _redelimit(texts: Iterable[str], head: dict[str, str | None], marks: Marks) -> Iterable[str]:
    old = (head["element_separator"], head["component_separator"], head["repetition_separator"])
    new = (marks.element, marks.component, marks.repetition)
    table = str.maketrans({before: after for before, after in zip(old, new, strict=True) if before is not None})
    for text in texts:
        if text.startswith("ISA"):
            # ISA11 and ISA16 name the delimiters; the rest of the ISA holds none.
            elements = text.split(str(head["element_separator"]))
            if head["repetition_separator"] is not None:
                elements[11] = marks.repetition
            elements[16] = marks.component
            yield marks.element.join(elements)
            continue
        kept = text
        for before in old:
            if before is not None:
                kept = kept.replace(before, "")
        if not marks.all.isdisjoint(kept):
            raise MarkInDataError("a segment holds one of the new delimiters in its data")
        yield text.translate(table)
