"""Envelopes: delimiters, several interchanges, quarantine beside good neighbours, and every kind of bad input."""

import random
from pathlib import Path
from typing import Any

import pytest

from claims.interchange.x12 import Source, is_x12, read, read_batches
from tests.unit.x12.interchanges import CLAIM, interchange, professional


def tables(*data: bytes) -> dict[str, list[dict[str, Any]]]:
    return {name: t.to_pylist() for name, t in read([Source.of(d) for d in data], segments=True).tables.items()}


def without_place(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k not in ("file_id", "byte_offset")} for row in rows]


@pytest.mark.parametrize(
    ("element", "component", "mark"),
    [("*", ":", "~"), ("|", "^", "\n"), ("*", ">", "\x1d"), ("~", "<", "\r\n"), ("\t", ";", "'"), ("*", ":", "~\r\n")],
)
def test_delimiters_are_taken_from_the_isa(element: str, component: str, mark: str) -> None:
    plain = interchange(professional())
    text = plain.decode().replace("^", "!" if component == "^" else "^")
    table = str.maketrans({"*": element, ":": component})
    other = "".join(segment.translate(table) + mark for segment in text.split("~")[:-1]).encode()
    ours, theirs = tables(plain), tables(other)
    for name in ("claims", "claim_lines", "claim_codes"):
        assert without_place(ours[name]) == without_place(theirs[name])
    assert theirs["findings"] == []
    [head] = theirs["interchanges"]
    assert (head["element_separator"], head["component_separator"], head["segment_terminator"]) == (
        element,
        component,
        mark[0],
    )


def test_files_with_different_delimiters_in_one_call_are_read_as_alone() -> None:
    first = interchange(professional())
    second = first.replace(b"*", b"|").replace(b"~", b"\n").replace(b":", b">")
    third = interchange(professional(CLAIM, CLAIM, control="0007"), control=5)
    together = tables(first, second, third)
    for name in ("claims", "claim_lines", "claim_codes", "transactions", "interchanges", "findings", "segments"):
        assert together[name] == [row for data in (first, second, third) for row in tables(data)[name]]


def test_several_interchanges_groups_and_sets() -> None:
    one = interchange(professional(control="0001"), professional(control="0002"), control=1)
    two = interchange(professional(control="0001"), control=2)
    read_ = tables(b"\xef\xbb\xbf\r\n" + one + b"\r\n" + two + b"\r\n\x1a")
    assert read_["findings"] == []
    places = [(t["interchange_ordinal"], t["group_ordinal"], t["transaction_ordinal"]) for t in read_["transactions"]]
    assert places == [(1, 1, 1), (1, 1, 2), (2, 2, 3)]
    assert [(c["claim_ordinal"], c["isa_control_number"], c["st_control_number"]) for c in read_["claims"]] == [
        (1, "000000001", "0001"), (2, "000000001", "0002"), (3, "000000002", "0001"),
    ]  # fmt: skip


def test_a_name_that_holds_isa_is_no_interchange() -> None:
    claim = [*CLAIM[:3], "NM1*82*1*ISA*LISA****XX*1234567893", *CLAIM[3:]]
    assert len(tables(interchange(professional(claim)))["interchanges"]) == 1


@pytest.mark.parametrize(
    ("wrong", "code"),
    [("SE*99*0002~", "X12-SE-COUNT"), ("SE*{size}*0009~", "X12-SE-CONTROL"), ("", "X12-SE-MISSING")],
)
def test_a_broken_set_is_quarantined_and_its_neighbours_go_on(wrong: str, code: str) -> None:
    sets = [professional(control=f"000{n}") for n in (1, 2, 3)]
    size = len(sets[0])
    data = interchange(*sets).decode()
    found = f"SE*{size}*0002~"
    assert found in data
    data = data.replace(found, wrong.format(size=size))
    read_ = tables(data.encode())
    assert [t["status"] for t in read_["transactions"]] == ["accepted", "quarantined", "accepted"]
    assert [c["claim_ordinal"] for c in read_["claims"]] == [1, 3]
    assert [f["code"] for f in read_["findings"]] == [code]
    assert read_["findings"][0]["scope"] == "transaction"
    assert read_["interchanges"][0]["status"] == "accepted_with_errors"
    broken = read_["transactions"][1]
    block = data.encode()[broken["byte_offset"] : broken["byte_offset"] + broken["byte_length"]]
    assert block.startswith(b"ST*837*0002")
    assert b"CLM*C1" in block
    assert b"0003" not in block
    assert broken["claim_count"] == 1


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"GE*1*1~", b"GE*2*1~", "X12-GE-COUNT"),
        (b"GE*1*1~", b"GE*1*7~", "X12-GE-CONTROL"),
        (b"GE*1*1~", b"", "X12-GE-MISSING"),
        (b"IEA*1*000000001~", b"IEA*3*000000001~", "X12-IEA-COUNT"),
        (b"IEA*1*000000001~", b"IEA*1*000000009~", "X12-IEA-CONTROL"),
        (b"IEA*1*000000001~", b"", "X12-IEA-MISSING"),
        (b"IEA*1*000000001~", b"IEA*1*000000001", "X12-SEGMENT-UNTERMINATED"),
        (b"GE*1*1~", b"SE*1*1~GE*1*1~", "X12-ENVELOPE-ORPHAN"),
        (b"GE*1*1~", b"REF*G1*X~GE*1*1~", "X12-SEGMENT-OUTSIDE"),
        (b"LX*2~", b"~LX*2~", "X12-SEGMENT-EMPTY"),
        (b"LX*2~", b"LX*2~ZZZ*1~", "X12-SEGMENT-UNKNOWN"),
        (b"*00501*", b"*501*", "X12-ISA-LENGTH"),
        (b"HL*2*1*22", b"HL*2*9*22", "X12-HL-PARENT"),
        (b"HL*2*1*22", b"HL*5*1*22", "X12-HL-ID"),
        (b"1234567893", b"1234567890", "X12-NPI"),
        (b"20240115~REF", b"20240230~REF", "X12-ELEMENT-DATE"),
        (b"C1*150.50*", b"C1*150.51*", "X12-CLM-BALANCE"),
        (b"***1:2~", b"***1:3~", "X12-LINE-POINTER"),
        (b"11:B:1", b"11:B:7", "X12-CLM-ORIGINAL"),
        (b"11:B:1", b"11>B>1", "X12-COMPONENT-MARK"),
        (b"REF*D9*T1~HI*ABK:E119*ABF:I10", b"REF*D9*T1~HI*ABF:E119*ABF:I10", "X12-HI-MISSING"),
    ],
)
def test_each_finding_and_the_claim_is_still_read(old: bytes, new: bytes, code: str) -> None:
    data = interchange(professional())
    assert old in data
    extra = data.replace(old, new)
    grown = extra.count(b"~ZZZ") or extra.count(b"ZZZ")
    if grown:
        extra = extra.replace(b"SE*29*", b"SE*30*").replace(b"SE*28*", b"SE*29*")
    read_ = tables(extra)
    assert code in [f["code"] for f in read_["findings"]]
    if grown == 0:
        assert [c["patient_control_number"] for c in read_["claims"]] == ["C1"]


def test_a_clean_file_has_no_findings() -> None:
    assert tables(interchange(professional()))["findings"] == []


def test_a_finding_says_where() -> None:
    data = interchange(professional()).replace(b"20240115~REF", b"20240230~REF")
    [found] = tables(data)["findings"]
    assert (found["segment_id"], found["loop_id"], found["element_position"], found["claim_ordinal"]) == (
        "DTP",
        "2400",
        3,
        1,
    )
    assert data[found["byte_offset"] :].startswith(b"DTP*472*D8*20240230")
    assert "20240230" not in found["message"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "X12-FILE-EMPTY"),
        (b" \r\n\x00", "X12-FILE-EMPTY"),
        (b"hello", "X12-FILE-NOT-X12"),
        (bytes(range(256)) * 8, "X12-FILE-NOT-X12"),
        (b"PK\x03\x04rest", "X12-FILE-COMPRESSED"),
        (interchange(professional()).decode().encode("utf-16"), "X12-FILE-UTF16"),
        (interchange(professional()).decode().encode("utf-16-le"), "X12-FILE-UTF16"),
        (b"ISA*00*", "X12-FILE-ISA-BROKEN"),
        (b"ISA", "X12-FILE-ISA-BROKEN"),
    ],
)
def test_what_is_no_interchange_is_a_finding(data: bytes, code: str) -> None:
    good = interchange(professional())
    read_ = tables(good, data, good[:-1])
    assert [f["code"] for f in read_["findings"]] == [code, "X12-SEGMENT-UNTERMINATED"]
    assert len(read_["claims"]) == 2
    assert not is_x12(data)
    assert is_x12(good)


def test_truncated_anywhere_never_raises() -> None:
    data = interchange(professional())
    sources = [Source.of(data[:size]) for size in range(0, len(data), 7)]
    for batch in read_batches(sources, max_bytes=4096):
        for table in batch.tables.values():
            table.validate(full=True)


def test_random_damage_never_raises(shared_dir: Path) -> None:
    chance = random.Random(7)
    samples = [path.read_bytes() for path in sorted((shared_dir / "samples" / "x12").glob("*/*"))]
    for _ in range(60):
        damaged = []
        for data in chance.sample(samples, 4):
            text = bytearray(data)
            for _ in range(chance.choice((1, 5, 40))):
                at = chance.randrange(len(text) + 1)
                text[at : at + chance.choice((0, 1, 1, 60))] = bytes(
                    chance.choices(b"*~:ISTE\x00\xff109", k=chance.randrange(4))
                )
            damaged.append(Source.of(bytes(text)))
        for table in read(damaged, segments=True).tables.values():
            table.validate(full=True)


def test_latin1_is_read_and_offsets_stay_true() -> None:
    data = interchange(professional()).replace(b"DOE*JANE", "MU\u00d1OZ*JOS\u00c9".encode("latin-1"))
    read_ = tables(data)
    assert (read_["claims"][0]["patient_last_name"], read_["claims"][0]["patient_first_name"]) == (
        "MU\u00d1OZ",
        "JOS\u00c9",
    )
    assert [f["code"] for f in read_["findings"]] == ["X12-FILE-LATIN1"]
    for row in read_["segments"]:
        text = row["text"].encode("latin-1")
        assert data[row["byte_offset"] : row["byte_offset"] + len(text)] == text


def test_utf8_is_kept() -> None:
    data = interchange(professional()).replace(b"DOE*JANE", "MU\u00d1OZ*\u4e9c".encode())
    read_ = tables(data)
    assert read_["claims"][0]["patient_first_name"] == "\u4e9c"
    assert read_["findings"] == []


def test_batches_equal_one_read() -> None:
    sources = [Source.of(interchange(professional(control=f"{n:04d}"), control=n)) for n in range(1, 8)]
    whole = read(sources).tables
    parts = list(read_batches(sources, max_bytes=2500))
    assert len(parts) > 1
    for name, table in whole.items():
        assert table.to_pylist() == [row for part in parts for row in part.tables[name].to_pylist()]


def test_no_sources() -> None:
    assert all(table.num_rows == 0 for table in read([]).tables.values())
