"""837: values of real files by hand, and each loop in its place."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from claims import schema
from claims.interchange.x12 import Source, read
from tests.unit.x12.interchanges import BILLING, CLAIM, SUBSCRIBER, interchange, professional, transaction


def rows(data: bytes, table: str) -> list[dict[str, Any]]:
    return read([Source.of(data)]).tables[table].to_pylist()


@pytest.fixture(scope="module")
def samples(shared_dir: Path) -> Path:
    return shared_dir / "samples" / "x12"


def test_every_sample_reads_into_the_exact_schemas(samples: Path) -> None:
    sources = [Source.of(path.read_bytes(), path.name) for path in sorted(samples.glob("*/*"))]
    tables = read(sources, segments=True).tables
    assert set(tables) == {table.name for table in schema.TABLES if table.feed == "x12"}
    for name, table in tables.items():
        table.validate(full=True)
        assert table.schema == schema.arrow(name)
    assert tables["interchanges"]["file_id"].unique().to_pylist() == list(dict.fromkeys(s.file_id for s in sources))


def test_institutional_claim_by_hand(samples: Path) -> None:
    data = (samples / "837I/x12__institutional-claim.837i").read_bytes()
    [claim] = rows(data, "claims")
    expected = {
        "claim_ordinal": 1,
        "claim_type": "institutional",
        "patient_control_number": "756048Q",
        "total_charge_amount": Decimal("89.93"),
        "facility_type_code": "14",
        "facility_code_qualifier": "A",
        "frequency_code": "1",
        "statement_from_date": date(1996, 9, 11),
        "statement_through_date": date(1996, 9, 11),
        "admission_type_code": "3",
        "admission_source_code": None,
        "patient_status_code": "01",
        "principal_diagnosis_code": "3669",
        "diagnosis_count": 3,
        "line_count": 2,
        "billing_provider_npi": "9876540809",
        "billing_provider_taxonomy_code": "203BA0200N",
        "billing_provider_tax_id": "567891234",
        "payer_responsibility_code": "P",
        "relationship_code": "18",
        "claim_filing_code": "MB",
        "payer_name": "MEDICARE B",
        "payer_id": "00435",
        "is_subscriber": True,
        "subscriber_member_id": "030005074A",
        "subscriber_birth_date": date(1926, 11, 11),
        "patient_last_name": "DOE",
        "patient_first_name": "JON",
        "patient_city": "CENTERVILLE",
        "other_payer_count": 1,
        "segment_ordinal": 20,
    }
    assert {name: claim[name] for name in expected} == expected
    codes = rows(data, "claim_codes")
    assert [(c["qualifier"], c["code"], c["diagnosis_position"]) for c in codes] == [
        ("BK", "3669", 1), ("BF", "4019", 2), ("BF", "79431", 3), ("BH", "A1", None), ("BH", "A2", None),
        ("BH", "B1", None), ("BH", "B2", None), ("BE", "A2", None), ("BG", "09", None),
    ]  # fmt: skip
    assert codes[3]["from_date"] == date(1926, 11, 11)
    assert codes[7]["amount"] == Decimal("15.31")
    [other] = rows(data, "claim_other_payers")
    assert (other["payer_responsibility_code"], other["payer_id"], other["subscriber_first_name"]) == (
        "S",
        "1135",
        "JANE",
    )
    lines = rows(data, "claim_lines")
    assert [(x["revenue_code"], x["procedure_code"], x["charge_amount"], x["unit_count"]) for x in lines] == [
        ("0305", "85025", Decimal("13.39"), Decimal("1.000")),
        ("0730", "93005", Decimal("76.54"), Decimal("3.000")),
    ]


def test_dental_dependent_by_hand(samples: Path) -> None:
    data = (samples / "837D/x12__sample.txt").read_bytes()
    [claim] = rows(data, "claims")
    assert claim["claim_type"] == "dental"
    assert (claim["is_subscriber"], claim["relationship_code"]) == (False, "19")
    assert (claim["subscriber_first_name"], claim["patient_first_name"]) == ("JANE", "TED")
    assert claim["patient_birth_date"] == date(1992, 5, 1)
    assert claim["subscriber_birth_date"] is None
    assert claim["statement_from_date"] == date(2006, 10, 29)
    assert claim["clearinghouse_trace_number"] == "17312345600006351"
    assert claim["rendering_provider_taxonomy_code"] == "1223G0001X"
    assert [(x["product_qualifier"], x["procedure_code"], x["unit_count"]) for x in rows(data, "claim_lines")] == [
        ("AD", "D2150", Decimal(1)),
        ("AD", "D1110", Decimal(1)),
    ]


def test_coordination_of_benefits_by_hand(samples: Path) -> None:
    data = (samples / "837P/x12__demo.cob.example3.B.837").read_bytes()
    adjustments = rows(data, "claim_adjustments")
    assert [
        (a["other_payer_ordinal"], a["line_number"], a["group_code"], a["reason_code"], a["amount"], a["payer_id"])
        for a in adjustments
    ] == [
        (1, None, "PR", "1", Decimal("21.89"), "999996666"),
        (1, None, "PR", "2", Decimal("15.00"), "999996666"),
        (None, 1, "CO", "42", Decimal("3.00"), "999996666"),
    ]
    adjudications = rows(data, "claim_line_adjudications")
    assert [(a["line_number"], a["paid_amount"]) for a in adjudications] == [
        (1, Decimal("40.00")), (2, Decimal("15.00")), (3, Decimal("21.04")),
    ]  # fmt: skip
    assert not [f for f in rows(data, "findings") if f["code"].startswith("X12-COB")]


def test_drug_lines_by_hand(samples: Path) -> None:
    lines = rows((samples / "837P/x12__demo.drug.example10.2.837").read_bytes(), "claim_lines")
    assert [x["ndc_code"] for x in lines][:3] == [None, "00004196501", "63323024910"]
    assert (lines[1]["ndc_unit_count"], lines[1]["ndc_unit_code"]) == (Decimal(7), "UN")
    assert lines[0]["service_from_date"] == date(2004, 2, 1)
    assert lines[0]["service_through_date"] == date(2004, 2, 7)


def test_parties_of_different_loops_never_overwrite_each_other() -> None:
    claim = [
        *CLAIM[:3],
        "NM1*DN*1*REF*A****XX*1111111112",
        "NM1*82*1*REND*B****XX*1234567893",
        "PRV*PE*PXC*TAXO",
        "NM1*77*2*PLACE*****XX*1222222220",
        "SBR*S*18*G2******CI",
        "AMT*D*20",
        "OI***Y***Y",
        "NM1*IL*1*OTHER*SUB****MI*M2",
        "NM1*PR*2*SECOND*****PI*P2",
        "REF*F8*ICN2",
        "NM1*82*1*OTHERREND*****XX*1333333338",
        "SBR*T*18*G3******MB",
        "AMT*D*5",
        "NM1*PR*2*THIRD*****PI*P3",
        "LX*1",
        "SV1*HC:99213*150.50*UN*1***1",
        "DTP*472*D8*20240115",
        "LIN**N4*00002143480",
        "CTP****3*ML",
        "NM1*82*1*LINEREND*****XX*1444444446",
        "SVD*P2*20*HC:99213**1",
        "CAS*CO*45*130.50",
        "DTP*573*D8*20240201",
        "SVD*P3*5*HC:99213**1",
    ]
    data = interchange(professional(claim))
    [row] = rows(data, "claims")
    assert row["referring_provider_npi"] == "1111111112"
    assert row["rendering_provider_npi"] == "1234567893"
    assert row["rendering_provider_taxonomy_code"] == "TAXO"
    assert row["service_facility_npi"] == "1222222220"
    assert (row["payer_id"], row["payer_claim_control_number"], row["other_payer_count"]) == ("12345", None, 2)
    others = rows(data, "claim_other_payers")
    assert [(o["payer_id"], o["paid_amount"], o["payer_claim_control_number"]) for o in others] == [
        ("P2", Decimal(20), "ICN2"),
        ("P3", Decimal(5), None),
    ]
    [line] = rows(data, "claim_lines")
    assert (line["rendering_provider_npi"], line["ndc_code"]) == ("1444444446", "00002143480")
    assert [(a["payer_id"], a["adjudication_date"]) for a in rows(data, "claim_line_adjudications")] == [
        ("P2", date(2024, 2, 1)),
        ("P3", None),
    ]
    [adjustment] = rows(data, "claim_adjustments")
    assert (adjustment["payer_id"], adjustment["line_number"], adjustment["other_payer_ordinal"]) == ("P2", 1, None)


def test_claims_of_several_subscribers_and_providers_keep_their_own() -> None:
    second = [
        "HL*3**20*1",
        "NM1*85*2*BIRCH*****XX*1222222220",
        "HL*4*3*22*1",
        "SBR*P**G9******CI",
        "NM1*IL*1*ROE*RICHARD****MI*W0002",
        "NM1*PR*2*GREEN*****PI*54321",
        "HL*5*4*23*0",
        "PAT*19",
        "NM1*QC*1*ROE*RITA",
        "DMG*D8*20150607*F",
        *CLAIM,
    ]
    body = ["BHT*0019*00*1*20240131*1200*CH", *BILLING, *SUBSCRIBER, *CLAIM, *second]
    claims = rows(interchange(transaction("837", "005010X222A2", body)), "claims")
    assert [
        (
            c["billing_provider_npi"],
            c["subscriber_member_id"],
            c["patient_first_name"],
            c["payer_id"],
            c["is_subscriber"],
        )
        for c in claims
    ] == [
        ("1234567893", "W0001", "JANE", "12345", True),
        ("1222222220", "W0002", "RITA", "54321", False),
    ]
    assert [c["relationship_code"] for c in claims] == ["18", "19"]
    assert claims[1]["billing_provider_tax_id"] is None
    assert claims[1]["patient_address_1"] is None


def test_provenance_finds_the_bytes(samples: Path) -> None:
    data = (samples / "837P/x12__sample.txt").read_bytes()
    for row in read([Source.of(data)], segments=True).tables["segments"].to_pylist():
        start = row["byte_offset"]
        assert data[start : start + len(row["text"].encode())].decode() == row["text"]
    for row in rows(data, "claims"):
        assert data[row["byte_offset"] :].startswith(b"CLM*" + row["patient_control_number"].encode())


def test_segments_carry_loop_and_claim() -> None:
    data = interchange(professional())
    table = read([Source.of(data)], segments=True).tables["segments"].to_pylist()
    loops = [(row["segment_id"], row["loop_id"], row["claim_ordinal"]) for row in table]
    assert loops == [
        ("ISA", None, None), ("GS", None, None), ("ST", None, None), ("BHT", None, None), ("NM1", "1000A", None),
        ("PER", "1000A", None), ("NM1", "1000B", None), ("HL", "2000A", None), ("PRV", "2000A", None),
        ("NM1", "2010AA", None),
        ("N3", "2010AA", None), ("N4", "2010AA", None), ("REF", "2010AA", None), ("HL", "2000B", None),
        ("SBR", "2000B", None), ("NM1", "2010BA", None), ("N3", "2010BA", None), ("N4", "2010BA", None),
        ("DMG", "2010BA", None), ("NM1", "2010BB", None), ("CLM", "2300", 1), ("REF", "2300", 1), ("HI", "2300", 1),
        ("LX", "2400", 1), ("SV1", "2400", 1), ("DTP", "2400", 1), ("REF", "2400", 1), ("LX", "2400", 1),
        ("SV1", "2400", 1), ("DTP", "2400", 1), ("SE", None, None), ("GE", None, None), ("IEA", None, None),
    ]  # fmt: skip


def test_every_kind_of_hi_with_its_date_amount_and_poa() -> None:
    hi = [
        "HI*ABK:A419:::::::Y*ABF:E119:::::::W", "HI*BBR:0DTJ4ZZ:D8:20240115", "HI*BH:11:D8:20240101*BE:80:::1234",
        "HI*BG:17", "HI*BI:70:RD8:20240101-20240105", "HI*DR:470", "HI*APR:R05*ABN:V270*ABJ:A419*TC:A01",
    ]  # fmt: skip
    found = rows(interchange(professional([*CLAIM[:2], *hi, *CLAIM[3:]])), "claim_codes")
    assert [(r["qualifier"], r["code"]) for r in found] == [
        ("ABK", "A419"), ("ABF", "E119"), ("BBR", "0DTJ4ZZ"), ("BH", "11"), ("BE", "80"), ("BG", "17"), ("BI", "70"),
        ("DR", "470"), ("APR", "R05"), ("ABN", "V270"), ("ABJ", "A419"), ("TC", "A01"),
    ]  # fmt: skip
    assert [r["present_on_admission_code"] for r in found[:3]] == ["Y", "W", None]
    assert [r["diagnosis_position"] for r in found[:3]] == [1, 2, None]
    assert (found[2]["from_date"], found[4]["amount"]) == (date(2024, 1, 15), Decimal(1234))
    assert (found[6]["from_date"], found[6]["through_date"]) == (date(2024, 1, 1), date(2024, 1, 5))
