"""Detail tables: every segment of a kind has its row, in its loop, whatever the transaction set."""

from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from claims import schema
from claims.interchange.x12 import Source, read
from claims.interchange.x12.findings import CATALOGUE, as_markdown
from tests.unit.x12.interchanges import CLAIM, interchange, professional, remittance, transaction

SEGMENTS = {
    "detail_parties": ("NM1", "N1"),
    "detail_references": ("REF",),
    "detail_traces": ("TRN",),
    "detail_dates": ("DTP", "DTM"),
    "detail_amounts": ("AMT", "QTY"),
    "detail_contacts": ("PER",),
    "detail_notes": ("NTE", "K3", "MSG"),
    "detail_attachments": ("PWK",),
    "detail_conditions": ("CRC",),
    "detail_transports": ("CR1",),
    "detail_pricing": ("HCP",),
    "detail_contracts": ("CN1",),
    "detail_forms": ("LQ", "FRM"),
    "detail_teeth": ("TOO",),
    "detail_demographics": ("DMG",),
    "detail_drugs": ("LIN", "CTP"),
    "detail_elements": (
        *("CUR", "PRV", "SBR", "PAT", "CLM", "CL1", "OI", "SV1", "SV2", "SV3", "SV5", "SVD"),
        *("CR2", "CR3", "CR5", "CR6", "CR7", "HSD", "MEA", "PS1", "DN1", "DN2"),
    ),
    "detail_summaries": ("TS2", "TS3"),
    "detail_adjudications": ("MIA", "MOA"),
    "detail_benefits": ("EB", "EQ"),
    "detail_rejections": ("AAA",),
    "detail_reviews": ("UM", "HCR"),
}


def rows(data: bytes, table: str) -> list[dict[str, Any]]:
    return read([Source.of(data)], details=True).tables[table].to_pylist()


def test_nothing_of_the_real_files_is_lost(shared_dir: Path) -> None:
    sources = [Source.of(path.read_bytes()) for path in sorted((shared_dir / "samples" / "x12").glob("*/*"))]
    tables = read(sources, segments=True, details=True).tables
    good = {
        (row["file_id"], row["transaction_ordinal"])
        for row in tables["transactions"].to_pylist()
        if row["status"] != "quarantined"
    }
    seen = Counter(
        row["segment_id"]
        for row in tables["segments"].to_pylist()
        if (row["file_id"], row["transaction_ordinal"]) in good
    )
    assert set(SEGMENTS) == {table.name for table in schema.DETAIL_TABLES}
    for name, segments in SEGMENTS.items():
        tables[name].validate(full=True)
        assert tables[name].schema == schema.arrow(name)
        assert Counter(tables[name]["segment_id"].to_pylist()) == {s: seen[s] for s in segments if seen[s]}, name


def test_places_of_an_837() -> None:
    claim = [
        *CLAIM[:3], "K3*NOTE", "PWK*OZ*BM***AC*DMN0012", "CRC*07*Y*01*02", "HCP*03*100*50",
        "NM1*82*1*REND*B****XX*1234567893", "PRV*PE*PXC*TAXO", "REF*0B*LIC",
        "SBR*S*18*G2******CI", "AMT*D*20", "NM1*PR*2*SECOND*****PI*P2", "N3*1 ST", "N4*NY*NY*10001*US", "REF*F8*ICN2",
        *CLAIM[3:6], "NTE*ADD*FREE TEXT", "DTP*461*TM*1200",
    ]  # fmt: skip
    data = interchange(professional(claim, CLAIM))
    parties = [p for p in rows(data, "detail_parties") if p["claim_ordinal"] == 1]
    assert [(p["loop_id"], p["party_id"], p["party_city"], p["taxonomy_code"]) for p in parties] == [
        ("2310B", "1234567893", None, "TAXO"),
        ("2330B", "P2", "NY", None),
    ]
    assert [(p["loop_id"], p["party_city"]) for p in rows(data, "detail_parties")][:4] == [
        ("1000A", None), ("1000B", None), ("2010AA", "BOSTON"), ("2010BA", "BOSTON"),
    ]  # fmt: skip
    references = rows(data, "detail_references")
    assert [(r["loop_id"], r["qualifier"], r["other_payer_ordinal"], r["claim_ordinal"]) for r in references] == [
        ("2010AA", "EI", None, None), ("2300", "D9", None, 1), ("2310B", "0B", None, 1), ("2330B", "F8", 1, 1),
        ("2300", "D9", None, 2), ("2400", "6R", None, 2),
    ]  # fmt: skip
    assert [(n["segment_id"], n["note_code"], n["text"], n["line_number"]) for n in rows(data, "detail_notes")] == [
        ("K3", None, "NOTE", None),
        ("NTE", "ADD", "FREE TEXT", 1),
    ]
    [attachment] = rows(data, "detail_attachments")
    assert (attachment["transmission_code"], attachment["control_text"]) == ("BM", "DMN0012")
    [condition] = rows(data, "detail_conditions")
    assert (condition["category_code"], condition["condition_code_2"]) == ("07", "02")
    [pricing] = rows(data, "detail_pricing")
    assert pricing["allowed_amount"] == Decimal(100)
    dates = [(d["qualifier"], d["from_date"], d["value"], d["line_number"]) for d in rows(data, "detail_dates")]
    assert dates[:2] == [("472", date(2024, 1, 15), "20240115", 1), ("461", None, "1200", 1)]
    assert rows(data, "claims")[0]["has_attachment"]


def test_835_and_271() -> None:
    body = ["TS3*1234567893*11*20241231*2*200", "CLP*C1*1*100*80**CI*I", "CAS*CO*45*20", "MOA***MA01", "QTY*CA*3"]
    data = interchange(remittance(*body), functional="HP", guide="005010X221A1")
    [summary] = rows(data, "detail_summaries")
    assert (summary["fiscal_period_date"], summary["claim_count"], summary["summary_1_amount"]) == (
        date(2024, 12, 31), Decimal(2), Decimal(200),
    )  # fmt: skip
    assert [(r["loop_id"], r["qualifier"]) for r in rows(data, "detail_references")] == [
        ("1000A", "2U"),
        ("1000B", "TJ"),
    ]
    assert [(a["qualifier"], a["quantity"], a["claim_ordinal"]) for a in rows(data, "detail_amounts")] == [
        ("CA", Decimal(3), 1)
    ]
    body = [
        "BHT*0022*11*1*20240301*1200", "HL*1**20*1", "NM1*PR*2*PAYER*****PI*60054", "HL*2*1*21*1",
        "NM1*1P*2*ALDER*****XX*1234567893", "HL*3*2*22*0", "TRN*2*T1*9PAYER", "NM1*IL*1*DOE*JANE****MI*W1",
        "AAA*N**75*C", "EB*C*IND*30^98**GOLD*23*500", "EB*B**98****20******HC:99213",
    ]  # fmt: skip
    data = interchange(transaction("271", "005010X279A1", body), functional="HB", guide="005010X279A1")
    benefits = rows(data, "detail_benefits")
    assert [(b["loop_id"], b["benefit_code"], b["service_type_code"], b["amount"]) for b in benefits] == [
        ("2110C", "C", "30^98", Decimal(500)),
        ("2110C", "B", "98", Decimal(20)),
    ]
    assert benefits[1]["procedure_code"] == "99213"
    assert rows(data, "detail_rejections")[0]["reject_reason_code"] == "75"
    assert [p["loop_id"] for p in rows(data, "detail_parties")] == ["2100A", "2100B", "2100C"]


def test_the_page_of_errors_is_the_catalogue(root: Path) -> None:
    assert as_markdown() in (root / "docs" / "errors.md").read_text(encoding="utf-8")
    assert len({finding.code for finding in CATALOGUE}) == len(CATALOGUE)
