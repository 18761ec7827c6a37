"""Required segments and elements of 837P, 837I and 835: each is missed, at its place, when it is gone from a file that
has it; and what may be left out is not.
"""

from pathlib import Path
from typing import Any

import pytest

from claims.interchange.x12 import Source, read
from claims.interchange.x12.required_claims import PARTS
from tests.unit.x12.interchanges import BILLING, SUBSCRIBER, interchange, transaction

COVERAGE = (
    "SBR*S*19*******CI", "AMT*D*120", "OI***Y***Y", "NM1*IL*1*ROE*R****MI*W9", "NM1*PR*2*SECOND*****PI*P2",
    "NM1*82*1", "REF*G2*A1",
)  # fmt: skip
LINE = (
    "LX*1", "SV1*HC:99213*120*UN*1***1", "DTP*472*D8*20240115", "LIN**N4*00002010301", "CTP****1*UN",
    "SVD*P2*120*HC:99213**1", "DTP*573*D8*20240120", "LQ*UT*01.02", "FRM*1A**A1",
)  # fmt: skip
HEADER = ("BHT*0019*00*1*20240131*1200*CH", "NM1*41*2*CLINIC*****46*123", "PER*IC*BOB*TE*5551234567*EX*9")
BODY_P = (
    *HEADER, "NM1*40*2*PAYER*****46*999", *BILLING, "NM1*87*2", "N3*PO BOX 2", "N4*BOSTON*MA*021010001", *SUBSCRIBER,
    "CLM*C0*120***11:B:1*Y*A*Y*Y*P*AA", "PWK*OZ*BM***AC*1", "HI*ABK:E119", "NM1*77*2*CAMPUS*****XX*1234567893",
    "N3*3 MAIN ST", "N4*BOSTON*MA*021010002", *COVERAGE, *LINE,
    "HL*3*1*22*1", "SBR*P********CI", "NM1*IL*1*ROE*R****MI*W2", "NM1*PR*2*BLUE*****PI*54321", "HL*4*3*23*0", "PAT*19",
    "NM1*QC*1*ROE*BOB", "N3*4 MAIN ST", "N4*BOSTON*MA*021010003", "DMG*D8*20150607*M", "CLM*C1*50***11:B:1*Y*A*Y*Y",
    "HI*ABK:E118", "LX*1", "SV1*HC:99214*50*UN*1***1", "DTP*472*D8*20240116",
)  # fmt: skip
BODY_I = (
    *HEADER, "NM1*40*2*PAYER*****46*999", *BILLING, *SUBSCRIBER, "CLM*C0*120***11:A:1**A*Y*Y",
    "DTP*434*RD8*20240115-20240115", "CL1*1*1*01", "HI*ABK:E119", "LX*1", "SV2*0300*HC:99213*120*UN*1",
)  # fmt: skip
BODY_R = (
    "BPR*I*70*C*ACH*CCP*01*1*DA*2*1512345678**01*3*DA*4*20240301", "TRN*1*EFT1*1512345678", "N1*PR*PAYER",
    "N3*PO BOX 1", "N4*BOSTON*MA*02118", "PER*BL*EDI*TE*5551234567", "N1*PE*CLINIC*XX*1234567893", "LX*1",
    "CLP*C1*1*100*80*20*CI*ICN1", "NM1*QC*1*DOE*JANE", "AMT*AU*100", "SVC*HC:99213*100*80", "DTM*472*20240115",
    "CAS*PR*1*10**2*5**3*5", "REF*6R*L1", "LQ*HE*N130", "PLB*1234567893*20241231*WO:I1*10*CS:I2*0",
)  # fmt: skip
SETS = {
    "837P": ("837", "005010X222A2", "HC", BODY_P),
    "837I": ("837", "005010X223A3", "HC", BODY_I),
    "835": ("835", "005010X221A1", "HP", BODY_R),
}

# What is taken out, the finding, and the segment that bears it.
SEGMENTS = [
    ("837P", "PER*IC", "X12-CONTACT-MISSING", "NM1*41"),
    ("837P", "N3*1 MAIN", "X12-ADDRESS-MISSING", "NM1*85"),
    ("837P", "N4*BOSTON*MA*021010000", "X12-CITY-MISSING", "NM1*85"),
    ("837P", "REF*EI", "X12-TAX-ID-MISSING", "NM1*85"),
    ("837P", "N3*PO BOX 2", "X12-ADDRESS-MISSING", "NM1*87"),
    ("837P", "N4*BOSTON*MA*021010001", "X12-CITY-MISSING", "NM1*87"),
    ("837P", "N3*2 ELM", "X12-ADDRESS-MISSING", "NM1*IL*1*DOE"),
    ("837P", "N4*BOSTON*MA*02118", "X12-CITY-MISSING", "NM1*IL*1*DOE"),
    ("837P", "DMG*D8*1980", "X12-DEMOGRAPHICS-MISSING", "NM1*IL*1*DOE"),
    ("837P", "N3*3 MAIN", "X12-ADDRESS-MISSING", "NM1*77"),
    ("837P", "N4*BOSTON*MA*021010002", "X12-CITY-MISSING", "NM1*77"),
    ("837P", "OI*", "X12-OTHER-COVERAGE-MISSING", "SBR*S"),
    ("837P", "NM1*IL*1*ROE*R****MI*W9", "X12-OTHER-MEMBER-MISSING", "SBR*S"),
    ("837P", "NM1*PR*2*SECOND", "X12-OTHER-PAYER-MISSING", "SBR*S"),
    ("837P", "REF*G2*A1", "X12-OTHER-ID-MISSING", "NM1*82*1"),
    ("837P", "CTP*", "X12-DRUG-QUANTITY-MISSING", "LIN*"),
    ("837P", "DTP*573", "X12-ADJUDICATION-DATE-MISSING", "SVD*"),
    ("837P", "FRM*", "X12-FORM-ANSWER-MISSING", "LQ*"),
    ("837P", "NM1*IL*1*ROE*R****MI*W2", "X12-MEMBER-MISSING", "HL*3"),
    ("837P", "PAT*", "X12-RELATIONSHIP-MISSING", "HL*4"),
    ("837P", "N3*4 MAIN", "X12-ADDRESS-MISSING", "NM1*QC"),
    ("837P", "N4*BOSTON*MA*021010003", "X12-CITY-MISSING", "NM1*QC"),
    ("837P", "DMG*D8*2015", "X12-DEMOGRAPHICS-MISSING", "NM1*QC"),
    ("837I", "CL1*", "X12-CL1-MISSING", "CLM*"),
    ("837I", "REF*EI", "X12-TAX-ID-MISSING", "NM1*85"),
    ("835", "N3*PO", "X12-ADDRESS-MISSING", "N1*PR"),
    ("835", "N4*BOS", "X12-CITY-MISSING", "N1*PR"),
    ("835", "PER*BL", "X12-CONTACT-MISSING", "N1*PR"),
    ("835", "NM1*QC", "X12-PATIENT-MISSING", "CLP*"),
]

# Segment, and the elements (or part of one) that are missed one by one; "+8" where the finding is of the pair, at 8.
ELEMENTS = [
    ("837P", "BHT", "1 2 3 4 5 6"), ("837P", "NM1*41", "2 3 8 9"), ("837P", "PER*IC", "1 3 4"), ("837P", "HL*2", "2 4"),
    ("837P", "PRV", "1 2 3"), ("837P", "NM1*85", "2 3 8"), ("837P", "N3*1 MAIN", "1"),
    ("837P", "N4*BOSTON*MA*021010000", "1 2 3"), ("837P", "REF*EI", "2"), ("837P", "NM1*IL*1*DOE", "3 8 9"),
    ("837P", "DMG*D8*1980", "1 2 3"), ("837P", "NM1*PR*2*BLUE", "8 9"), ("837P", "CLM*C0", "5 5.1 5.2 5.3 6 7 8 9"),
    ("837P", "PWK", "1 2 5 6"), ("837P", "HI*ABK:E119", "1.2"), ("837P", "NM1*77", "3 8"), ("837P", "SBR*S", "2"),
    ("837P", "AMT*D", "2"), ("837P", "OI*", "3 6"), ("837P", "NM1*IL*1*ROE*R****MI*W9", "3 8 9"),
    ("837P", "NM1*PR*2*SECOND", "8"), ("837P", "REF*G2", "1 2"), ("837P", "LX*1", "1"), ("837P", "DTP*472", "2 3"),
    ("837P", "SV1*HC:99213", "3 4 7"), ("837P", "LIN", "2 3"), ("837P", "CTP", "4 5"), ("837P", "SVD", "3 3.2 5"),
    ("837P", "LQ", "1 2"), ("837P", "FRM", "1"), ("837P", "PAT*19", "1"), ("837P", "NM1*QC", "3"),
    ("837I", "CL1", "1 3"), ("837I", "CLM*C0", "7 8 9"), ("837I", "SV2", "4 5"), ("837I", "DTP*434", "2"),
    ("835", "BPR", "1 3 4 6 7 8 9 12 13 14 15 16"), ("835", "TRN", "1 3"), ("835", "N3", "1"), ("835", "N4", "1 2 3"),
    ("835", "PER*BL", "3 4"), ("835", "N1*PE", "3 4"), ("835", "LX", "1"), ("835", "CLP", "6"), ("835", "NM1*QC", "2"),
    ("835", "AMT", "1 2"), ("835", "SVC", "1 1.2"), ("835", "DTM", "1 2"), ("835", "CAS", "1 2 5 8"),
    ("835", "REF", "1 2"), ("835", "LQ", "1 2"), ("835", "PLB", "1 2 3 5"),
]  # fmt: skip
_OURS = {"X12-ELEMENT-PAIR", "X12-ELEMENT-MISSING"}
# Without these something else is wrong, too: money, roles, pairs.
_ALSO = {"X12-ELEMENT-PAIR", "X12-ELEMENT-MISSING", "X12-BALANCE-SERVICE", "X12-BALANCE-CLAIM", "X12-NPI"}
_ALSO |= {"X12-ELEMENT-CODE", "X12-HI-MISSING", "X12-LINE-POINTER", "X12-STATEMENT-MISSING", "X12-BILLING-MISSING"}
_ALSO |= {"X12-CONTACT-MISSING", "X12-DRUG-QUANTITY-MISSING", "X12-COB-LINE", "X12-COB-CLAIM", "X12-COMPONENT-MARK"}


def found(kind: str, body: list[str], version: str = "005010") -> list[tuple[Any, ...]]:
    st01, guide, functional, _ = SETS[kind]
    guide = guide.replace("005010", version)
    data = interchange(transaction(st01, guide if st01 == "837" else None, body), functional=functional, guide=guide)
    rows = read([Source.of(data)]).tables["findings"].to_pylist()
    return [(r["code"], r["segment_ordinal"], r["element_position"], r["component_position"], r["scope"]) for r in rows]


def place(kind: str, start: str) -> int:
    return next(n for n, segment in enumerate(SETS[kind][3]) if (segment + "*").startswith(start))


@pytest.mark.parametrize("kind", SETS)
def test_the_sets_are_whole(kind: str) -> None:
    assert found(kind, list(SETS[kind][3])) == []


@pytest.mark.parametrize(("kind", "gone", "code", "head"), SEGMENTS)
def test_a_segment_that_is_gone_is_missed_at_its_head(kind: str, gone: str, code: str, head: str) -> None:
    body = list(SETS[kind][3])
    del body[place(kind, gone)]
    bearer = max(n for n in range(place(kind, gone)) if body[n].startswith(head))
    if head == "SBR*S" and gone.startswith("NM1*PR"):
        assert (code, bearer + 2, None, None, "none") in found(kind, body)
        return
    assert found(kind, body) == [(code, bearer + 2, None, None, "none")]


@pytest.mark.parametrize(("kind", "start", "elements"), ELEMENTS)
def test_an_element_that_is_gone_is_missed_at_its_segment(kind: str, start: str, elements: str) -> None:
    at = place(kind, start)
    for word in elements.split():
        body = list(SETS[kind][3])
        element, _, part = word.partition(".")
        parts = body[at].split("*")
        if part:
            components = parts[int(element)].split(":")
            components[int(part) - 1] = ""
            parts[int(element)] = ":".join(components).rstrip(":")
        else:
            parts[int(element)] = ""
        body[at] = "*".join(parts).rstrip("*")
        rows = found(kind, body)
        wanted = {(code, at + 2, int(element), int(part) if part else None, "none") for code in _OURS}
        assert wanted & set(rows), (word, rows)
        assert {row[0] for row in rows} <= _ALSO, (word, rows)


def test_what_another_element_stands_for_is_not_missed() -> None:
    body = list(BODY_P)
    body[place("837P", "N4*BOSTON*MA*021010000")] = "N4*TORONTO***CA"
    assert found("837P", body) == []


def test_a_form_without_any_answer_is_missed_at_the_first_place_of_one() -> None:
    body = list(BODY_P)
    at = place("837P", "FRM")
    body[at] = "FRM*1A*Y"
    assert found("837P", body) == []
    body[at] = "FRM*1A"
    assert found("837P", body) == [("X12-ELEMENT-MISSING", at + 2, 2, None, "none")]


def test_4010_is_asked_for_less() -> None:
    body = [
        segment for segment in BODY_P if not segment.startswith(("REF*EI", "CTP", "N3*3", "N4*BOSTON*MA*021010002"))
    ]
    assert {code for code, *_ in found("837P", body)} >= {"X12-TAX-ID-MISSING", "X12-DRUG-QUANTITY-MISSING"}
    assert found("837P", body, "004010") == []


def test_every_code_of_the_segments_is_shown() -> None:
    assert {part.code for part in PARTS} == {code for _, _, code, _ in SEGMENTS}


def test_real_files_miss_only_what_the_guide_asks_for(shared_dir: Path) -> None:
    """By file: X221A1 requires PER*BL, BPR16 and the code of SVC01; X222A1 CLM05-2 and 2330B; the rest is whole."""
    payer = {"X12-CONTACT-MISSING"}
    expected = {
        "x12__demo.ambulance.example5.837": {"X12-ELEMENT-MISSING"},
        "x12__demo.cob.example3.A.837": {"X12-OTHER-PAYER-MISSING"},
        "pyx12__x12testdata.py_blank1.source": {"X12-ELEMENT-MISSING"},
        "x12__managed-care.835": payer,
        "x12__medicare-part-a.835": payer,
        "x12__cob-contractural-adjustment.835": payer | {"X12-ELEMENT-MISSING", "X12-ELEMENT-PAIR"},
        "x12__secondary-payment.835": payer | {"X12-ELEMENT-MISSING", "X12-ELEMENT-PAIR"},
        "x12__tertiary-payment.835": payer | {"X12-ELEMENT-MISSING", "X12-ELEMENT-PAIR"},
    }
    ours = {part.code for part in PARTS} | {"X12-ELEMENT-MISSING", "X12-ELEMENT-PAIR"}
    for kind in ("837P", "837I", "837D", "835"):
        for path in sorted((shared_dir / "samples" / "x12" / kind).iterdir()):
            codes = set(read([Source.of(path.read_bytes())]).tables["findings"]["code"].to_pylist())
            assert codes & ours == expected.get(path.name, set()), path.name
