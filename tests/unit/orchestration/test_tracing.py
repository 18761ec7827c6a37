"""A sealed set, read again by itself, gives the very segments that the whole file gave."""

from pathlib import Path

import pytest

from claims.interchange import x12
from orchestration.tracing import MalformedError, Reference, _read_again, _unit

FILE = "0123456789abcdef" * 2


def test_references_are_claims_or_places() -> None:
    assert Reference.of(f"{FILE}-17") == Reference(FILE, claim_ordinal=17)
    assert Reference.of(f" {FILE}:1:230\n") == Reference(FILE, transaction_ordinal=1, segment_ordinal=230)


@pytest.mark.parametrize(
    "text", ["", "17", FILE, f"{FILE}-", f"{FILE}-x", f"{FILE}:1", f"{FILE.upper()}-1", f"{FILE}-{'9' * 40}", "A100"]
)
def test_anything_else_is_said_to_be_none(text: str) -> None:
    with pytest.raises(MalformedError):
        Reference.of(text)


def _check(data: bytes) -> int:
    """Read every set of a file again from its bytes alone; how many segments were compared."""
    tables = x12.read([x12.Source.of(data)], segments=True).tables
    heads = {row["interchange_ordinal"]: row for row in tables["interchanges"].to_pylist()}
    segments = tables["segments"].to_pylist()
    compared = 0
    for row in tables["transactions"].to_pylist():
        head = heads[row["interchange_ordinal"]]
        block = data[row["byte_offset"] : row["byte_offset"] + row["byte_length"]]
        again = list(_read_again(block, row, head))
        first = [one for one in segments if one["transaction_ordinal"] == row["transaction_ordinal"]]
        for name in ("segment_id", "segment_ordinal", "byte_offset", "loop_id", "text"):
            assert [one[name] for one in again] == [one[name] for one in first], name
        assert [one["claim_ordinal"] is None for one in again] == [one["claim_ordinal"] is None for one in first]
        for one in again:
            raw = data[one["byte_offset"] : one["byte_offset"] + one["byte_length"]]
            assert raw.decode("utf-8", "replace").strip() == one["text"].strip()
        compared += len(again)
    return compared


def _samples(shared_dir: Path) -> list[Path]:
    return sorted(p for p in (shared_dir / "samples" / "x12").rglob("*") if p.is_file() and p.stat().st_size < 200_000)


def test_sets_of_real_files_are_read_again_as_they_were(shared_dir: Path) -> None:
    compared = files = 0
    for path in _samples(shared_dir):
        data = path.read_bytes()
        if x12.is_x12(data):
            compared += _check(data)
            files += 1
    assert files > 20
    assert compared > 1000


def test_every_segment_of_real_files_has_a_unit_that_holds_it(shared_dir: Path) -> None:
    for path in _samples(shared_dir)[::5]:
        tables = x12.read([x12.Source.of(path.read_bytes())], segments=True).tables
        segments = tables["segments"].to_pylist()
        for row in tables["transactions"].to_pylist():
            mine = [one for one in segments if one["transaction_ordinal"] == row["transaction_ordinal"]]
            for one in mine:
                one["byte_length"] = len(one["text"])
            for one in mine[:200]:
                unit = _unit(mine, one["segment_ordinal"])
                assert [s.ordinal for s in unit if s.is_row] == [one["segment_ordinal"]]
                assert len({s.ordinal for s in unit}) == len(unit), "no segment twice"
            assert _unit(mine, 10**8) == []
