"""Files that are not held as a whole: read from disk window by window, and stretches too long to be read at all."""

import io
import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from claims.interchange.x12 import Source, progress, read, reader, roundtrip, source
from orchestration.commands import x12 as command
from tests.fuzz.promises import check_bytes
from tests.unit.x12.interchanges import CLAIM, interchange, professional


@pytest.fixture
def many(tmp_path: Path) -> Path:
    path = tmp_path / "many.837"
    path.write_bytes(interchange(*(professional(CLAIM, CLAIM, control=f"{n:04d}") for n in range(1, 31))))
    return path


def test_a_file_on_disk_reads_as_its_bytes(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = many.read_bytes() * 3
    many.write_bytes(data)
    whole = read([Source.of(data)], segments=True).tables
    monkeypatch.setattr(reader, "WINDOW_BYTES", 2000)
    for chunk in (64, 1000, 4099):
        monkeypatch.setattr(source, "_CHUNK", chunk)
        parts = read([Source.at(many)], segments=True).tables
        assert all(parts[name].equals(table) for name, table in whole.items() if name != "findings")
        assert parts["findings"].num_rows == whole["findings"].num_rows


def test_find_across_the_edges_of_what_is_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_CHUNK", 4)
    path = tmp_path / "text"
    path.write_bytes(b"abcdefghijklmnop")
    data = source.FileBytes(path)
    for wanted in (b"cdefg", b"op", b"p", b"h", b"xy"):
        for start in range(len(data)):
            assert data.find(wanted, start, 15) == b"abcdefghijklmnop".find(wanted, start, 15)
    assert (data[3:5], data[12:99], len(data)) == (b"de", b"mnop", 16)


def test_a_set_too_long_is_put_aside_and_the_rest_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "WINDOW_BYTES", 2000)
    monkeypatch.setattr(progress, "MAX_SET_BYTES", 4000)
    sets = [professional(CLAIM, control="0001"), professional(*[CLAIM] * 60, control="0002")]
    data = interchange(*sets, professional(CLAIM, control="0003"))
    tables = read([Source.of(data)], segments=True).tables
    assert tables["transactions"]["status"].to_pylist() == ["accepted", "quarantined", "accepted"]
    assert set(tables["findings"]["code"].to_pylist()) == {"X12-SET-TOO-LONG", "X12-SE-COUNT"}
    assert tables["claims"].num_rows == 2
    row = tables["transactions"].slice(1, 1).to_pylist()[0]
    text = data[row["byte_offset"] : row["byte_offset"] + row["byte_length"]]
    assert text.startswith(b"ST*837*0002")
    assert text.endswith(b"*0002~")
    for row in tables["segments"].to_pylist():
        assert data[row["byte_offset"] :].startswith(row["text"].encode())
    check_bytes(data)


def test_a_stretch_left_out_is_named_to_the_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "WINDOW_BYTES", 2000)
    monkeypatch.setattr(progress, "MAX_SET_BYTES", 4000)
    data = interchange(professional(CLAIM, control="0001"), professional(*[CLAIM] * 60, control="0002"))
    tables = read([Source.of(data)], segments=True).tables
    [found] = [row for row in tables["findings"].to_pylist() if row["code"] == "X12-SET-TOO-LONG"]
    length, begin = re.findall(r"\d+", found["message"])[-2:]
    assert found["byte_offset"] == int(begin)
    texts = [(row["byte_offset"], row["text"].encode()) for row in tables["segments"].to_pylist()]
    ends = [offset + len(text) + 1 for offset, text in texts]
    assert int(begin) in ends
    assert int(begin) + int(length) in [offset for offset, _ in texts]
    assert sum(len(text) + 1 for _, text in texts) + int(length) == len(data)


@pytest.mark.parametrize("first", ["ISA", "ST"])
def test_a_long_stretch_without_a_terminator(first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "WINDOW_BYTES", 2000)
    monkeypatch.setattr(progress, "MAX_SET_BYTES", 4000)
    whole = interchange(professional())
    data = whole[: whole.index(b"GS*" if first == "ISA" else b"BHT")] + b"NM1*85*2*ABC" * 5000
    tables = read([Source.of(data)]).tables
    check_bytes(data)
    codes = tables["findings"]["code"].to_pylist()
    assert codes.count("X12-SET-TOO-LONG") == 1
    assert tables["interchanges"]["status"].to_pylist() == ["quarantined"]


def test_read_writes_parquet_batch_by_batch(many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "WINDOW_BYTES", 2000)
    monkeypatch.setattr(command, "_BATCH_BYTES", 2000)
    monkeypatch.setattr(command, "_HELD_BYTES", 0)
    result = CliRunner().invoke(command.app, ["read", str(many), "--out", str(tmp_path / "out"), "--json"])
    [entry] = json.loads(result.stdout)["files"]
    assert (entry["status"], len(entry["transactions"]), entry["interchanges"]) == ("accepted", 30, 1)
    assert sum(one["claims"] for one in entry["transactions"]) == 60
    whole = read([Source.at(many)], segments=True, details=True).tables
    for name, table in whole.items():
        assert pq.read_table(tmp_path / "out" / f"{name}.parquet").equals(table), name


def test_a_long_stream_goes_to_disk(many: Path) -> None:
    data = many.read_bytes()
    held, spooled = Source.drain(io.BytesIO(data)), Source.drain(io.BytesIO(data), held=1000)
    assert isinstance(held.data, bytes)
    assert isinstance(spooled.data, source.FileBytes)
    assert held.file_id == spooled.file_id == Source.of(data).file_id
    assert read([spooled], segments=True).tables == read([held], segments=True).tables


def test_round_trip_window_by_window(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "WINDOW_BYTES", 2000)
    monkeypatch.setattr(roundtrip, "BATCH_BYTES", 4000)
    monkeypatch.setattr(source, "_CHUNK", 1000)
    other = interchange(professional(CLAIM), control=2).replace(b"~", b"\n").replace(b"*", b"|")
    latin = interchange(*(professional(CLAIM, control=f"{n:04d}") for n in range(1, 9)), control=3)
    data = many.read_bytes() + b"\r\n" + other + latin.replace(b"JANE", b"JOS\xc9", 3) + b"\x1a"
    many.write_bytes(data)
    assert roundtrip.round_trip(Source.at(many)) == read([Source.of(data)], segments=True).tables["segments"].num_rows
    assert roundtrip.round_trip(Source.of(b"nothing")) == 0


@pytest.mark.parametrize(("before", "after"), [(b"BHT", b"BHU"), (b"HI*ABK", b"HI*X~HI*ABK"), (b"IEA*1*", b"")])
def test_round_trip_tells_the_first_difference(
    before: bytes, after: bytes, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "WINDOW_BYTES", 2000)
    monkeypatch.setattr(roundtrip, "BATCH_BYTES", 4000)
    data = many.read_bytes()
    assert before in data
    split = roundtrip._split
    monkeypatch.setattr(roundtrip, "_split", lambda data, heads: split(data[:].replace(before, after, 1), heads))
    with pytest.raises(roundtrip.DiffersError) as caught:
        roundtrip.round_trip(Source.at(many))
    assert caught.value.segment == data[: data.index(before)].count(b"~") + 1


def test_a_segment_left_out_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "WINDOW_BYTES", 2000)
    monkeypatch.setattr(progress, "MAX_SET_BYTES", 4000)
    monkeypatch.setattr(roundtrip, "MAX_SET_BYTES", 4000)
    data = interchange(professional(*[CLAIM] * 60))
    with pytest.raises(roundtrip.DiffersError):
        roundtrip.round_trip(Source.of(data))
    with pytest.raises(roundtrip.DiffersError):
        roundtrip.round_trip(Source.of(data[:106] + b"NM1*85*2*ABC" * 5000))


def test_a_long_list_of_findings_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_MAX_LISTED", 5)
    path = tmp_path / "bad.837"
    bad = tuple(segment.replace("150.50", "one") for segment in CLAIM)
    path.write_bytes(interchange(professional(*[bad] * 20)))
    result = CliRunner().invoke(command.app, ["read", str(path), "--json"])
    assert result.exit_code == 3
    [entry] = json.loads(result.stdout)["files"]
    assert sum(len(one["errors"]) for one in entry["transactions"]) == 5
    assert entry["errors_left_out"] > 10
