"""What the X12 reader promises for any bytes at all, as checks that the fuzzers and the suite share.

Belongs here: the promises. Does not belong here: how inputs are made.
"""

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
    codes = set(tables["findings"]["code"].to_pylist())
    segments = tables["segments"].select(["byte_offset", "text"]).to_pylist()
    if tables["interchanges"].num_rows == 0:
        assert codes & _FILE_CODES, codes
        return
    _check_cover(data, segments, codes)


_FILE_CODES = frozenset(
    ("X12-FILE-EMPTY", "X12-FILE-NOT-X12", "X12-FILE-COMPRESSED", "X12-FILE-UTF16", "X12-FILE-ISA-BROKEN")
)


def _check_cover(data: bytes, segments: list[dict[str, Any]], codes: set[str]) -> None:
    """Between one segment and the next stands nothing but a terminator, empty segments and layout."""
    at = segments[0]["byte_offset"]
    lead = data[:at].removeprefix(b"\xef\xbb\xbf").strip(_BLANK.encode())
    assert not lead or "X12-FILE-LEADING-BYTES" in codes
    for one in segments:
        assert one["byte_offset"] >= at, "segments overlap"
        between = data[at : one["byte_offset"]].strip(_BLANK.encode())
        assert len(set(between) - set(_BLANK.encode())) <= 1 or "X12-SET-TOO-LONG" in codes, "bytes are lost"
        raw = one["text"].encode()
        if data[one["byte_offset"] : one["byte_offset"] + len(raw)] != raw:
            raw = one["text"].encode("latin-1")
            assert data[one["byte_offset"] : one["byte_offset"] + len(raw)] == raw, "a segment is not where it says"
        at = one["byte_offset"] + len(raw)
    rest = set(data[at:].strip(_BLANK.encode()))
    assert len(rest - set(_BLANK.encode())) <= 1 or "X12-SET-TOO-LONG" in codes, "bytes are lost at the end"
