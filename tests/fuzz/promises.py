"""What the X12 reader promises for any bytes at all, as checks that the fuzzers and the suite share.

Belongs here: the promises. Does not belong here: how inputs are made.
"""

import re
from typing import Any

from claims import schema
from claims.interchange.x12 import Source, is_x12, read

_BLANK = "\t\n\x0b\x0c\r \x00\x1a"


def check_bytes(data: bytes) -> None:
    """Read `data` and check: no exception, exact schemas, and every byte in a segment or told by a finding."""
    is_x12(data)
    tables = read([Source.of(data)], segments=True, details=True).tables
    for name, table in tables.items():
        assert table.schema == schema.arrow(name), name
        table.validate(full=True)
    findings = tables["findings"].select(["code", "byte_offset", "message"]).to_pylist()
    codes = {row["code"] for row in findings}
    segments = tables["segments"].select(["byte_offset", "text"]).to_pylist()
    if tables["interchanges"].num_rows == 0:
        assert codes & _FILE_CODES, codes
        return
    nothing = set("".join([_BLANK, *tables["interchanges"]["segment_terminator"].to_pylist()]).encode())
    holes = [_stretch(row) for row in findings if row["code"] == "X12-SET-TOO-LONG"]
    _check_cover(data, segments, codes, holes, nothing)


_FILE_CODES = frozenset(
    ("X12-FILE-EMPTY", "X12-FILE-NOT-X12", "X12-FILE-COMPRESSED", "X12-FILE-UTF16", "X12-FILE-ISA-BROKEN")
)


def _stretch(finding: dict[str, Any]) -> tuple[int, int]:
    """First byte, and the byte after the last, of what a finding says was left out."""
    named = re.search(r": (\d+) bytes from byte (\d+)$", finding["message"])
    assert named is not None, "a finding names no stretch"
    length, begin = map(int, named.groups())
    assert begin == finding["byte_offset"]
    return begin, begin + length


def _check_cover(
    data: bytes, segments: list[dict[str, Any]], codes: set[str], holes: list[tuple[int, int]], nothing: set[int]
) -> None:
    """Between one segment and the next stands nothing but terminators, layout, and the stretches that are named."""
    at = segments[0]["byte_offset"]
    lead = data[:at].removeprefix(b"\xef\xbb\xbf").strip(_BLANK.encode())
    assert not lead or "X12-FILE-LEADING-BYTES" in codes
    for one in segments:
        assert one["byte_offset"] >= at, "segments overlap"
        assert _between(data, at, one["byte_offset"], holes) <= nothing, "bytes are lost"
        raw = one["text"].encode()
        if data[one["byte_offset"] : one["byte_offset"] + len(raw)] != raw:
            raw = one["text"].encode("latin-1")
            assert data[one["byte_offset"] : one["byte_offset"] + len(raw)] == raw, "a segment is not where it says"
        at = one["byte_offset"] + len(raw)
    assert _between(data, at, len(data), holes) <= nothing, "bytes are lost at the end"


def _between(data: bytes, start: int, end: int, holes: list[tuple[int, int]]) -> set[int]:
    """The bytes that stand in `start..end` without the `holes` inside it."""
    kept = b""
    for begin, stop in sorted(holes):
        if start <= begin and stop <= end:
            kept += data[start:begin]
            start = stop
    kept += data[start:end]
    return set(kept)
