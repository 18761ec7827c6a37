"""Eligibility and authorization extracts: every row is a row of the table or a finding."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims import schema
from claims.interchange.extracts import CATALOGUE, Extract, as_markdown, read_authorizations, read_eligibility
from claims.interchange.x12.source import Source
from orchestration.defs.bronze.ingest import REPLAY, REPLAY_FIX, REPLAY_MESSAGE
from tests.examples import examples

HEADER = b"member_id,payer_id,plan_code,coverage_from_date,coverage_through_date,checked_date\n"
ROW = b"M1,P1,PL,2024-01-01,2024-12-31,2024-01-05\n"
AUTHORIZATIONS = (
    b"authorization_number,member_id,payer_id,procedure_code,"
    b"valid_from_date,valid_through_date,approved_units,issued_date\n"
)


def eligibility(*files: bytes) -> Extract:
    return read_eligibility([Source.of(data, str(n)) for n, data in enumerate(files)])


def codes(result: Extract) -> list[tuple[str, int, int | None]]:
    return [(r["code"], r["segment_ordinal"], r["element_position"]) for r in result.findings.to_pylist()]


def test_rows_have_the_types_of_the_schema_and_where_they_stand() -> None:
    data = HEADER + ROW + b"\r\n M2 ,P1,,2024-02-29,,\r\n"
    result = eligibility(data)
    assert result.table.schema.equals(schema.arrow("eligibility"))
    first, second = result.table.to_pylist()
    assert first["coverage_through_date"] == date(2024, 12, 31)
    assert (second["member_id"], second["plan_code"], second["checked_date"]) == ("M2", None, None)
    assert (second["row_ordinal"], data[second["byte_offset"] :][:4]) == (2, b" M2 ")
    assert codes(result) == []


def test_authorizations_carry_units() -> None:
    result = read_authorizations([Source.of(AUTHORIZATIONS + b"A1,M1,P1,97110,2024-01-01,2024-02-01,12.5,2023-12-30")])
    assert result.table.schema.equals(schema.arrow("authorizations"))
    assert result.table["approved_units"].to_pylist() == [Decimal("12.500")]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (b"M1,P1\n", ("CSV-ROW-FIELDS", 2, None)),
        (b"M1,P1,PL,2024-01-01,2024-12-31,2024-01-05,more\n", ("CSV-ROW-FIELDS", 2, None)),
        (b"M1,P1,PL,2024-02-31,,\n", ("CSV-ROW-DATE", 2, 4)),
        (b"M1,P1,PL,2024-01-01,01/02/2024,\n", ("CSV-ROW-DATE", 2, 5)),
        (b" ,P1,PL,2024-01-01,,\n", ("CSV-ROW-BLANK", 2, 1)),
        (b'"M1,P1,PL,2024-01-01,,\n', ("CSV-ROW-FIELDS", 2, None)),
    ],
)
def test_a_bad_row_is_a_finding_and_its_neighbours_are_read(row: bytes, expected: tuple[str, int, int | None]) -> None:
    result = eligibility(HEADER + ROW + row)
    assert codes(result) == [expected]
    assert result.table["row_ordinal"].to_pylist() == [1]
    [finding] = result.findings.to_pylist()
    assert finding["byte_offset"] == len(HEADER + ROW)
    assert finding["fix"]


def test_a_number_that_is_none_is_a_finding() -> None:
    result = read_authorizations([Source.of(AUTHORIZATIONS + b"A1,M1,P1,97110,2024-01-01,2024-02-01,many,\n")])
    assert codes(result) == [("CSV-ROW-NUMBER", 1, 7)]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "CSV-FILE-EMPTY"),
        (b"\n", "CSV-FILE-EMPTY"),
        (b"a,b\n1,2\n", "CSV-HEADER-MISSING"),
        (HEADER.replace(b"\n", b",member_id\n"), "CSV-HEADER-MISSING"),
        (HEADER.replace(b"\n", b",other\n"), "CSV-HEADER-UNKNOWN"),
        (HEADER + ROW.replace(b"PL", b"\xe9"), "CSV-ENCODING"),
        (HEADER + b'"' + b"x" * 140_000 + b'",P,,2024-01-01,,\n', "CSV-QUOTE-OPEN"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_finding(data: bytes, code: str) -> None:
    assert [c for c, _, _ in codes(eligibility(data))] == [code]


def test_quoted_fields_hold_commas_quotes_and_newlines() -> None:
    data = HEADER + b'"M,1",P1,"a\nb ""c""",2024-01-01,,\n' + ROW
    first, second = eligibility(data).table.to_pylist()
    assert (first["member_id"], first["plan_code"]) == ("M,1", 'a\nb "c"')
    assert data[second["byte_offset"] :] == ROW


def test_columns_may_stand_in_any_order_and_files_are_kept_apart() -> None:
    swapped = b"\xef\xbb\xbfpayer_id,member_id,coverage_through_date,coverage_from_date\nP2,M2,,2024-01-01\n"
    table = eligibility(HEADER + ROW, swapped, HEADER + b"M3,P3,,2024-01-01,,").table
    rows = {r["member_id"]: (r["payer_id"], r["file_id"]) for r in table.to_pylist()}
    assert rows["M2"] == ("P2", Source.of(swapped).file_id)
    assert rows.keys() == {"M1", "M2", "M3"}
    assert len({file_id for _, file_id in rows.values()}) == 3


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.binary(max_size=60) | st.text(alphabet='M1,"\r\n-2024é\0', max_size=80).map(str.encode), max_size=4))
def test_no_bytes_make_it_raise(bodies: list[bytes]) -> None:
    result = eligibility(*(HEADER + body for body in bodies), *bodies)
    assert set(result.findings["code"].to_pylist()) <= CATALOGUE.keys()
    assert result.table.schema.equals(schema.arrow("eligibility"))


def test_no_message_holds_a_value() -> None:
    text = str(eligibility(HEADER + b"SECRETID,P1,PL,SECRETDATE,,\n").findings.to_pylist())
    assert "SECRET" not in text


def test_the_page_of_errors_says_what_the_code_says(root: Path) -> None:
    page = (root / "docs" / "errors.md").read_text(encoding="utf-8")
    assert as_markdown() in page
    assert f"| `{REPLAY}` | warning | none | {REPLAY_MESSAGE} | {REPLAY_FIX} |" in page
