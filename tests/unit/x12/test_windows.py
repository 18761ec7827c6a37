"""Reading in windows: a file cut between its transaction sets reads as the whole file."""

from pathlib import Path
from typing import Any

import pytest

from claims.interchange.x12 import Source, read, read_batches, reader
from tests.unit.x12.interchanges import CLAIM, interchange, professional, remittance


def _hard_file() -> bytes:
    sets = [professional(CLAIM, CLAIM, control=f"{n:04d}") for n in range(1, 8)]
    sets[2][-1] = "SE*1*0003"
    sets[4] = professional(CLAIM, control="0001")
    sets[5] = [segment.replace("20240115", "20240230") for segment in sets[5]]
    two_groups = interchange(*sets, control=1).replace(
        b"ST*837*0005", b"GE*4*1~GS*HC*SENDER*RECEIVER*20240131*1200*1*X*005010X222A2~REF*ZZ*1~ST*837*0005"
    )
    paid = interchange(
        *(remittance("CLP*C1*1*100*80**CI*I", "CAS*CO*45*20", control=f"{n:04d}") for n in range(1, 6)),
        functional="HP",
        guide="005010X221A1",
        control=2,
    )
    latin = interchange(*sets[:2], control=3).replace(b"JANE", b"JOS\xc9")
    return b"\xef\xbb\xbf" + two_groups + b"\n" + paid + b"\n" + latin + interchange(*sets[:3], control=1)[:-60]


def _by_place(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = [{k: v for k, v in row.items() if k != "finding_ordinal"} for row in rows]
    return sorted(kept, key=lambda row: (row["file_id"], row["byte_offset"], row["code"], row["element_position"] or 0))


@pytest.mark.parametrize("limit", [700, 1500, 4000])
def test_small_windows_read_as_one(limit: int, monkeypatch: pytest.MonkeyPatch, shared_dir: Path) -> None:
    sources = [Source.of(path.read_bytes()) for path in sorted((shared_dir / "samples" / "x12").glob("8*/*"))[:12]]
    sources[3:3] = [Source.of(_hard_file()), Source.of(b"nothing"), Source.of(_hard_file()[3:])]
    whole = read(sources, segments=True).tables
    monkeypatch.setattr(reader, "WINDOW_BYTES", limit)
    parts = read(sources, segments=True).tables
    assert parts["claims"].column(0).num_chunks > 3
    for name, table in whole.items():
        ours, theirs = parts[name].to_pylist(), table.to_pylist()
        if name == "findings":  # a missing trailer is known only when the last part is read
            ours, theirs = _by_place(ours), _by_place(theirs)
        assert ours == theirs, name


def test_a_long_source_comes_in_several_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "WINDOW_BYTES", 1000)
    source = Source.of(_hard_file())
    parts = list(read_batches([source], max_bytes=3000))
    assert len(parts) > 2
    rows = [row for part in parts for row in part.tables["claims"].to_pylist()]
    assert rows == read([source]).tables["claims"].to_pylist()
