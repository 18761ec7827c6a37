"""Claims written as 837 from tables: real files segment by segment, generated claims, delimiters, simulated files."""

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from claims import schema
from claims.interchange.x12 import Address, MarkInDataError, Marks, Numbers, Source, WriteError, read, write_interchange
from claims.interchange.x12.write837 import GUIDES, Party, write_claims
from claims.simulator import simulate
from tests.unit.x12.interchanges import BILLING, CLAIM, SUBSCRIBER, interchange, professional, transaction

AT = datetime(2024, 3, 1, 12, 30)  # noqa: DTZ001 - an envelope carries local wall-clock time without a zone
SUBMITTER, RECEIVER = Party("CLINIC", "123", "BOB", "5551234567"), Party("PAYER", "999")
TYPED = (
    *("claims", "claim_lines", "claim_codes", "claim_other_payers", "claim_adjustments", "claim_line_adjudications"),
)
PROVENANCE = [column.name for column in schema.PROVENANCE]
NUMBER = re.compile(r"-?\d*\.\d+")

# Files whose segments do not all come back, and why.
NOT_WHOLE = {
    "x12__demo.example11.837": "its components stand behind a mark that ISA16 does not name: its pointer is no number",
    "pyx12__x12testdata.py_blank1.source": "a composite of blanks and nothing",
    "x12__automobile-accident.837": "HI with an empty code between others",
}

KINDS = {"837P": "professional", "837I": "institutional", "837D": "dental"}

Tables = dict[str, pa.Table]


def written(tables: Tables, marks: Marks | None = None, *, known: bool = True) -> bytes:
    submitter, receiver = (None, None) if known else (SUBMITTER, RECEIVER)
    groups = write_claims(tables, at=AT, submitter=submitter, receiver=receiver, marks=marks)
    return write_interchange(Address("SENDER", "RECEIVER"), groups, numbers=Numbers(), at=AT, marks=marks)


def all_of(data: bytes) -> Tables:
    return read([Source.of(data)], segments=True, details=True).tables


def typed(tables: Tables) -> dict[str, list[dict[str, Any]]]:
    return {name: tables[name].drop(PROVENANCE).to_pylist() for name in TYPED}


def segments(tables: Tables) -> list[str]:
    """The segments between ST and SE of every set."""
    return [text for _, texts in sorted(by_set(tables).items()) for text in texts]


def by_set(tables: Tables) -> dict[tuple[str, int], list[str]]:
    """The segments between ST and SE, with plain delimiters, amounts as 40, not 40.00, and no empty end."""
    heads = {head["file_id"]: head for head in tables["interchanges"].to_pylist()}
    out: dict[tuple[str, int], list[str]] = {}
    for row in tables["segments"].select(["file_id", "transaction_ordinal", "text"]).to_pylist():
        head = heads[row["file_id"]]
        elements = row["text"].replace(head["component_separator"], ":").split(head["element_separator"])
        if elements[0] not in ("ISA", "GS", "ST", "SE", "GE", "IEA"):
            plain = [e.rstrip("0").rstrip(".") if NUMBER.fullmatch(e) else e for e in elements]
            out.setdefault((row["file_id"], row["transaction_ordinal"]), []).append("*".join(plain).rstrip("*"))
    return out


def typed_by_set(tables: Tables) -> dict[tuple[str, int], dict[str, list[dict[str, Any]]]]:
    """The typed rows of every set; ordinals of the file are left out."""
    out: dict[tuple[str, int], dict[str, list[dict[str, Any]]]] = {}
    for name in TYPED:
        for row in tables[name].to_pylist():
            key = (row["file_id"], row["transaction_ordinal"])
            plain = {k: v for k, v in row.items() if k not in PROVENANCE and k != "claim_ordinal"}
            out.setdefault(key, {}).setdefault(name, []).append(plain)
    return out


@pytest.mark.parametrize("folder", ["837P", "837I", "837D"])
def test_real_files_come_back_segment_by_segment(shared_dir: Path, folder: str) -> None:
    """All files of a kind in one pass: every set that has claims, in the guide (005010 or 004010) it came in."""
    names = {}
    for path in sorted((shared_dir / "samples" / "x12" / folder).iterdir()):
        source = Source.of(path.read_bytes())
        names[source.file_id] = (path.name, source)
    before = read([source for _, source in names.values()], segments=True, details=True).tables
    after = all_of(written(before))
    guides = [row["implementation_guide"] for row in before["transactions"].to_pylist()]
    assert {guide[:6] for guide in guides if guide} <= {"005010", "004010"}
    theirs, theirs_typed = by_set(before), typed_by_set(before)
    read_sets = [(row["file_id"], row["transaction_ordinal"]) for row in before["transactions"].to_pylist()]
    # Sets stand in groups by guide, in the order in which the guides come first.
    groups = list(dict.fromkeys(after["transactions"]["implementation_guide"].to_pylist()))
    sets = sorted(
        (key for key in read_sets if key in theirs_typed), key=lambda key: groups.index(guide_of(before, key))
    )
    ours, ours_typed = sorted(by_set(after).items()), typed_by_set(after)
    assert len(ours) == len(sets) > 0
    for (own, texts), key in zip(ours, sets, strict=True):
        name = names[key[0]][0]
        assert ours_typed[own] == theirs_typed[key], name
        if name not in NOT_WHOLE:
            assert texts == theirs[key], name


def guide_of(tables: Tables, key: tuple[str, int]) -> str:
    """The guide that a set read before is written in."""
    [row] = [r for r in tables["transactions"].to_pylist() if (r["file_id"], r["transaction_ordinal"]) == key]
    guide: str = row["implementation_guide"]
    return guide if guide.startswith("004010") else GUIDES[KINDS[row["transaction_type"]]]


def test_004010_is_written_as_004010(shared_dir: Path) -> None:
    path = shared_dir / "samples" / "x12" / "837P" / "pyx12__x12testdata.py_simple_837p.source"
    before = all_of(path.read_bytes())
    data = written(before)
    [head] = all_of(data)["interchanges"].to_pylist()
    assert (head["version_code"], head["repetition_separator"]) == ("00401", None)
    assert b"*X*004010X098A1~ST*837*0001~BHT*" in data


def test_typed_tables_alone_are_enough() -> None:
    dependent = ["HL*3*1*22*1", "SBR*P********CI", *SUBSCRIBER[2:4], SUBSCRIBER[6]]
    dependent += ["HL*4*3*23*0", "PAT*19", "NM1*QC*1*DOE*BOB", *SUBSCRIBER[3:5]]
    dependent += ["DMG*D8*20150607*M", "CLM*C2*9***11:B:1*Y*A*Y*Y"]
    dependent += [*CLAIM[2:4], "SV1*HC:99213*9*UN*1***1", "DTP*472*D8*20240115"]
    again = ["CLM*C3*9***11:B:1*Y*A*Y*Y", *CLAIM[2:4], "SV1*HC:99213*9*UN*1***1", "DTP*472*D8*20240116"]
    third = ["HL*5*1*22*0", *SUBSCRIBER[1:], "CLM*C4*9***11:B:1*Y*A*Y*Y", *again[1:]]
    head = ["BHT*0019*00*1*20240131*1200*CH", "NM1*41*2*CLINIC*****46*123", "PER*IC*BOB*TE*5551234567"]
    head.append("NM1*40*2*PAYER*****46*999")
    body = [*head, *BILLING, *SUBSCRIBER, *CLAIM, *dependent, *again, *third]
    before = read([Source.of(interchange(transaction("837", "005010X222A2", body)))]).tables
    assert before["findings"].num_rows == 0
    after = all_of(written({name: before[name] for name in TYPED}, known=False))
    # The typed tables hold no street and no city of the billing provider: only the details do.
    lost = [(r["code"], r["segment_id"]) for r in after["findings"].to_pylist()]
    assert lost == [("X12-ADDRESS-MISSING", "NM1"), ("X12-ELEMENT-MISSING", "N4")]
    assert typed(after) == typed(before)
    levels = [text for text in after["segments"]["text"].to_pylist() if text.startswith("HL")]
    assert levels == ["HL*1**20*1", "HL*2*1*22*0", "HL*3*1*22*1", "HL*4*3*23*0", "HL*5*1*22*0"]


def test_a_changed_column_is_written_instead_of_its_detail() -> None:
    before = all_of(interchange(professional()))
    lines, claims = before["claim_lines"], before["claims"]
    before["claim_lines"] = _replaced(lines, "line_control_number", ["NEW", None])
    before["claims"] = _replaced(
        _replaced(claims, "clearinghouse_trace_number", [None]), "billing_provider_name", ["BIRCH CLINIC"]
    )
    after = all_of(written(before))
    assert after["claim_lines"]["line_control_number"].to_pylist() == ["NEW", None]
    assert after["claims"]["clearinghouse_trace_number"].to_pylist() == [None]
    assert after["claims"]["billing_provider_name"].to_pylist() == ["BIRCH CLINIC"]
    assert "N3*1 MAIN ST" in segments(after)
    assert not [text for text in segments(after) if "ALDER" in text or text.startswith(("REF*D9", "REF*6R*L1"))]


def _replaced(table: pa.Table, column: str, values: list[Any]) -> pa.Table:
    field = table.schema.field(column)
    return table.set_column(table.schema.get_field_index(column), field, pa.array(values, field.type))


def test_every_set_and_kind_has_its_own_place() -> None:
    before = all_of(interchange(professional(control="0001"), professional(control="0002")))
    kinds = pa.array(["institutional", "professional"])
    before["claims"] = before["claims"].set_column(
        before["claims"].schema.get_field_index("claim_type"), schema.arrow("claims").field("claim_type"), kinds
    )
    groups = write_claims(before, at=AT)
    assert [(group.guide, len(group.sets)) for group in groups] == [("005010X222A1", 1), ("005010X223A2", 1)]
    assert write_claims({"claims": schema.empty("claims")}, at=AT) == []


def test_other_delimiters() -> None:
    marks = Marks("|", ">", "!", "\x1d", "\n")
    before = all_of(interchange(professional()))
    data = written(before, marks)
    assert not set(b"*:~^") & set(data)
    after = all_of(data)
    assert after["findings"].num_rows == 0
    assert typed(after) == typed(before)


def test_data_that_holds_a_delimiter_is_refused() -> None:
    before = all_of(interchange(professional()).replace(b"1 MAIN ST", b"1|2 MAIN ST"))
    with pytest.raises(MarkInDataError, match="party_address_1"):
        written(before, Marks(element="|"))
    assert typed(all_of(written(before))) == typed(before)
    with pytest.raises(MarkInDataError):
        written(before, Marks(component="."))
    tables = {name: before[name] for name in TYPED}
    tables["claims"] = _replaced(tables["claims"], "patient_control_number", ["A~B"])
    with pytest.raises(MarkInDataError, match="patient_control_number"):
        written(tables, known=False)
    # What slicing left behind in the buffer is no value.
    two = pa.concat_tables([tables["claims"], before["claims"]]).combine_chunks()
    written({**tables, "claims": two.slice(1)}, known=False)


def test_sets_rendered_with_other_delimiters_are_refused() -> None:
    groups = write_claims(all_of(interchange(professional())), at=AT, marks=Marks(element="|"))
    with pytest.raises(WriteError, match="other delimiters"):
        write_interchange(Address("S", "R"), groups, numbers=Numbers(), at=AT)


def test_a_submitter_is_needed() -> None:
    tables = {name: all_of(interchange(professional()))[name] for name in TYPED}
    with pytest.raises(WriteError, match="submitter"):
        written(tables)


def test_simulated_claims_survive(tmp_path: Path) -> None:
    simulate(tmp_path, claims=200, seed=11)
    paths = sorted(path for path in tmp_path.rglob("*") if path.is_file() and "837" in path.parts)
    before = read([Source.of(path.read_bytes()) for path in paths], details=True).tables
    assert before["claims"].num_rows > 100
    after = all_of(written(before))
    # One interchange holds professional claims first.
    kinds = before["claims"]["claim_type"].to_pylist()
    order = sorted(range(len(kinds)), key=lambda n: kinds[n] != "professional")

    def rows(table: pa.Table) -> list[dict[str, Any]]:
        return [{k: v for k, v in row.items() if k != "claim_ordinal"} for row in table.drop(PROVENANCE).to_pylist()]

    assert rows(after["claims"]) == rows(before["claims"].take(order))
    for name in TYPED[1:]:
        assert sorted(rows(after[name]), key=repr) == sorted(rows(before[name]), key=repr), name


def test_amounts_and_dates_are_written_short() -> None:
    before = all_of(interchange(professional()))
    assert before["claims"]["total_charge_amount"].to_pylist() == [Decimal("150.50")]
    assert before["claim_lines"]["service_through_date"].to_pylist()[1] == date(2024, 1, 16)
    text = written(before).decode()
    assert "CLM*C1*150.5***11:B:1*Y*A*Y*Y~" in text
    assert "DTP*472*RD8*20240115-20240116~" in text
