"""Writing: round trip of every real file, delimiters, refusal of data that holds one, answers that read back."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.interchange.x12 import (
    Address,
    Group,
    MarkInDataError,
    Marks,
    Numbers,
    Source,
    TooLongError,
    TransactionSet,
    WriteError,
    acknowledge,
    read,
    rewrite,
    write_interchange,
)
from tests.unit.x12.interchanges import CLAIM, interchange, professional

AT = datetime(2024, 3, 1, 12, 30)  # noqa: DTZ001 - an envelope carries local wall-clock time without a zone
ADDRESS = Address("SENDER", "RECEIVER")


def texts(data: bytes) -> list[str]:
    return read([Source.of(data)], segments=True).tables["segments"]["text"].to_pylist()


def test_every_real_file_survives_the_round_trip(shared_dir: Path) -> None:
    paths = sorted((shared_dir / "samples" / "x12").glob("*/*"))
    sources = [Source.of(path.read_bytes(), path.name) for path in paths]
    written = rewrite(read(sources, segments=True).tables)
    for source in sources:
        plain = source.data.decode()
        terminator = plain[plain.index("ISA") + 105]
        theirs = [segment.strip("\r\n ") for segment in plain.split(terminator)]
        ours = [segment.strip() for segment in written[source.file_id].decode().split(terminator)]
        assert [s for s in ours if s] == [s for s in theirs if s], source.name


def test_delimiters_can_be_changed_and_changed_back() -> None:
    data = interchange(professional())
    tables = read([Source.of(data)], segments=True).tables
    [other] = rewrite(tables, Marks("|", ">", "!", "\x1d", "\n")).values()
    assert b"*" not in other
    assert read([Source.of(other)]).tables["findings"].num_rows == 0
    [back] = rewrite(read([Source.of(other)], segments=True).tables, Marks()).values()
    assert back == data


def test_data_that_holds_the_new_delimiter_is_refused() -> None:
    tables = read([Source.of(interchange(professional()).replace(b"1 MAIN ST", b"1|2 MAIN ST"))], segments=True).tables
    with pytest.raises(MarkInDataError):
        rewrite(tables, Marks(element="|"))


@pytest.mark.parametrize(
    "marks", [("*", "*", "^", "~"), ("A", ":", "^", "~"), ("**", ":", "^", "~"), (" ", ":", "^", "~")]
)
def test_marks_that_no_reader_could_tell_apart_are_refused(marks: tuple[str, str, str, str]) -> None:
    with pytest.raises(WriteError):
        Marks(*marks)


def test_what_is_written_has_right_counts_and_numbers() -> None:
    numbers = Numbers(41, 7)
    one = TransactionSet("276", "005010X212", [("BHT", "0010", "13", None, "20240301"), ("HL", "1", None, "20", "1")])
    data = write_interchange(ADDRESS, [Group("HR", "005010X212", [one, one])], numbers=numbers, at=AT)
    tables = read([Source.of(data)]).tables
    # The sets are hollow; their envelopes are right.
    codes = set(tables["findings"]["code"].to_pylist())
    assert not {
        code for code in codes if code.startswith(("X12-ISA", "X12-IEA", "X12-GE", "X12-GS", "X12-SE", "X12-ST"))
    }
    assert tables["transactions"]["st_control_number"].to_pylist() == ["0001", "0002"]
    assert tables["interchanges"]["isa_control_number"].to_pylist() == ["000000041"]
    assert tables["transactions"]["gs_control_number"].to_pylist() == ["7", "7"]
    assert (numbers.interchange, numbers.group) == (42, 8)


def test_an_identifier_too_long_for_the_isa_is_refused() -> None:
    with pytest.raises(TooLongError):
        write_interchange(Address("S" * 16, "R"), [], numbers=Numbers(), at=AT)


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P", "Zs")), min_size=1, max_size=20))
def test_a_value_comes_back_or_is_refused(value: str) -> None:
    body = [("BHT", "0010", "13"), ("REF", "ZZ", value, ("A", value))]
    group = Group("HR", "005010X212", [TransactionSet("276", "005010X212", body)])
    try:
        data = write_interchange(ADDRESS, [group], numbers=Numbers(), at=AT)
    except MarkInDataError:
        assert set("*:^~") & set(value)
        return
    assert texts(data)[4] == f"REF*ZZ*{value}*A:{value}"


def test_the_answer_reads_back_and_says_what_was_wrong() -> None:
    sets = [professional(control="0001"), professional(control="0002"), professional(control="0003")]
    data = interchange(*sets).decode()
    size = len(sets[0])
    data = data.replace(f"SE*{size}*0002", f"SE*{size + 1}*0002")
    third = data.rindex("ST*837")
    data = data[:third] + data[third:].replace("20240115~REF", "20240230~REF").replace("*0*P*", "*1*P*")
    data = data.replace("*0*P*:", "*1*P*:")
    tables = read([Source.of(data.encode())]).tables
    answer = acknowledge(tables, numbers=Numbers(), at=AT)
    back = read([Source.of(answer)]).tables
    assert back["findings"].num_rows == 0
    rows = back["acknowledgements"].to_pylist()
    assert [(r["level"], r["acknowledged_st_control_number"], r["status_code"], r["error_code"]) for r in rows] == [
        ("interchange", None, "A", "000"),
        ("transaction", "0001", "A", None),
        ("transaction", "0002", "R", "4"),
        ("segment", "0003", None, "8"),
        ("element", "0003", None, "8"),
        ("transaction", "0003", "E", "5"),
        ("group", None, "P", None),
    ]
    element = rows[4]
    assert (element["error_segment_id"], element["error_loop_id"], element["error_element_position"]) == (
        "DTP",
        "2400",
        3,
    )
    assert (
        element["error_segment_ordinal"] == data[third:].replace("\n", "").split("~").index("DTP*472*D8*20240230") + 1
    )
    assert rows[0]["acknowledged_isa_control_number"] == "000000001"
    assert b"20240230" not in answer


def test_answers_are_never_answered() -> None:
    tables = read([Source.of(interchange(professional(CLAIM)))]).tables
    answer = acknowledge(tables, numbers=Numbers(), at=AT)
    assert acknowledge(read([Source.of(answer)]).tables, numbers=Numbers(), at=AT) == b""


def test_a_group_that_names_no_guide_is_answered_by_its_version() -> None:
    plain = interchange(professional())
    data = plain.replace(b"*X*005010X222A2~", b"*X~").replace(b"ST*837*0001*005010X222A2~", b"ST*837*0001~")
    assert data != plain
    answer = acknowledge(read([Source.of(data)]).tables, numbers=Numbers(), at=AT)
    assert "AK1*HC*1*005010" in texts(answer)
    assert read([Source.of(answer)]).tables["findings"].to_pylist() == []
