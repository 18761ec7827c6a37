"""Each finding of claims, remittances and envelopes, made by one change to a file that has none."""

from collections.abc import Sequence
from typing import Any

import pytest

from claims.interchange.x12 import Source, read
from claims.interchange.x12.findings import BY_CODE
from tests.unit.x12.interchanges import CLAIM, interchange, professional, remittance

COB = (
    *CLAIM[:3], "SBR*S*18*******CI", "AMT*D*120.5", "CAS*CO*45*10", "OI***Y***Y", "NM1*IL*1*DOE*JANE****MI*W1",
    "NM1*PR*2*SECOND*****PI*P2", *CLAIM[3:6], "SVD*P2*90.5*HC:99213**1", "CAS*PR*1*10", "DTP*573*D8*20240120",
    CLAIM[7], *CLAIM[8:], "SVD*P2*40*HC:36415**2", "CAS*CO*45*10", "DTP*573*D8*20240120",
)  # fmt: skip
PAID = (
    "CLP*C1*1*100*80*20*CI*ICN1", "NM1*QC*1*DOE*JANE", "SVC*HC:99213*100*80", "DTM*472*20240115", "CAS*PR*1*20",
)  # fmt: skip
HEAD = {"functional": "HP", "guide": "005010X221A1"}


def codes(data: bytes) -> list[tuple[Any, ...]]:
    found = read([Source.of(data)]).tables["findings"].to_pylist()
    return [(r["code"], r["segment_id"], r["element_position"]) for r in found]


def counted(data: bytes) -> bytes:
    """SE01 put right after a segment was taken out."""
    text = data.decode().split("~")
    start = next(n for n, s in enumerate(text) if s.startswith("ST*"))
    end = next(n for n, s in enumerate(text) if s.startswith("SE*"))
    text[end] = f"SE*{end - start + 1}*0001"
    return "~".join(text).encode()


def changed(data: bytes, old: str, new: str) -> bytes:
    assert data.count(old.encode()) >= 1, old
    return counted(data.replace(old.encode(), new.encode(), 1))


PROFESSIONAL = interchange(professional(CLAIM))
PRIOR = interchange(professional(COB))
PAYMENT = interchange(remittance(*PAID), **HEAD)
INSTITUTIONAL = counted(
    PROFESSIONAL.replace(b"X222A2", b"X223A3")
    .replace(b"SV1*HC:99213:25*100.5*UN*1***1:2~DTP*472*D8*20240115", b"SV2*0300*HC:99213*100.5*UN*1")
    .replace(b"SV1*HC:36415*50*UN*2***1", b"SV2*0301*HC:36415*50*UN*2")
    .replace(b"11:B:1*Y*A*Y*Y", b"11:A:1**A*Y*Y~DTP*434*RD8*20240115-20240116~CL1*1*1*01")
)

CASES: Sequence[tuple[str, bytes, str, str, tuple[str, int | None]]] = (
    ("X12-ISA-DATE", PROFESSIONAL, "*240131*", "*249931*", ("ISA", 9)),
    ("X12-ELEMENT-AMOUNT", PROFESSIONAL, "*100.5*", "*1OO.5*", ("SV1", 2)),
    ("X12-ELEMENT-NUMBER", PROFESSIONAL, "UN*1*", "UN*x*", ("SV1", 4)),
    ("X12-SUBMITTER-MISSING", PROFESSIONAL, "NM1*41*2*CLINIC*****46*123~", "", ("ST", None)),
    ("X12-RECEIVER-MISSING", PROFESSIONAL, "NM1*40*2*PAYER*****46*999~", "", ("ST", None)),
    ("X12-CLM-ID", PROFESSIONAL, "CLM*C1", "CLM*", ("CLM", 1)),
    ("X12-CLM-CHARGE", PROFESSIONAL, "CLM*C1*150.50", "CLM*C1*", ("CLM", 2)),
    ("X12-BILLING-MISSING", PROFESSIONAL, "NM1*85*2*ALDER CLINIC*****XX*1234567893~", "", ("CLM", None)),
    ("X12-SUBSCRIBER-MISSING", PROFESSIONAL, "SBR*P*18*GRP1******CI~", "", ("CLM", None)),
    ("X12-PAYER-MISSING", PROFESSIONAL, "NM1*PR*2*BLUE*****PI*12345~", "", ("CLM", None)),
    ("X12-STATEMENT-MISSING", INSTITUTIONAL, "DTP*434*RD8*20240115-20240116~", "", ("CLM", None)),
    ("X12-LINE-SERVICE", PROFESSIONAL, "SV1*HC:36415*50*UN*2***1~", "", ("LX", None)),
    ("X12-LINE-CHARGE", PROFESSIONAL, "HC:36415*50*", "HC:36415**", ("LX", None)),
    ("X12-LINE-PROCEDURE", PROFESSIONAL, "SV1*HC:36415*", "SV1*HC*", ("LX", None)),
    ("X12-LINE-DATE", PROFESSIONAL, "DTP*472*D8*20240115~", "", ("LX", None)),
    ("X12-COB-LINE", PRIOR, "CAS*PR*1*10", "CAS*PR*1*11", ("SVD", 2)),
    ("X12-COB-CLAIM", PRIOR, "CAS*CO*45*10~OI", "CAS*CO*45*11~OI", ("SBR", 1)),
    ("X12-COB-PAID", PRIOR, "AMT*D*120.5", "AMT*D*121", ("SBR", 1)),
    ("X12-TRN-MISSING", PAYMENT, "TRN*1*EFT1*1512345678~", "", ("ST", None)),
    ("X12-REMIT-PAYER-MISSING", PAYMENT, "N1*PR*PAYER~", "", ("ST", None)),
    ("X12-REMIT-PAYEE-MISSING", PAYMENT, "N1*PE*ALDER CLINIC*XX*1234567893~", "", ("ST", None)),
    ("X12-CLP-ID", PAYMENT, "CLP*C1", "CLP*", ("CLP", 1)),
    ("X12-CLP-STATUS", PAYMENT, "CLP*C1*1*", "CLP*C1**", ("CLP", 2)),
    ("X12-CLP-AMOUNT", PAYMENT, "CLP*C1*1*100*80*", "CLP*C1*1*100**", ("CLP", 4)),
    ("X12-CLP-CONTROL", PAYMENT, "*CI*ICN1", "*CI", ("CLP", 7)),
    ("X12-SVC-AMOUNT", PAYMENT, "SVC*HC:99213*100*80", "SVC*HC:99213*100", ("SVC", 3)),
    ("X12-BALANCE-SERVICE", PAYMENT, "CAS*PR*1*20", "CAS*PR*1*19", ("SVC", 3)),
    ("X12-BALANCE-CLAIM", PAYMENT, "CAS*PR*1*20", "CAS*PR*1*19", ("CLP", 4)),
    ("X12-BALANCE-TRANSACTION", PAYMENT, "BPR*I*80*", "BPR*I*81*", ("BPR", 2)),
    ("X12-BODY-MISSING", PAYMENT, "BPR*I*80*C*ACH*CCP*01*1*DA*2*1512345678**01*3*DA*4*20240301~", "", ("ST", None)),
    ("X12-ST-UNKNOWN", PROFESSIONAL, "ST*837*0001*005010X222A2", "ST*850*0001", ("ST", 1)),
    ("X12-ST-GUIDE", PROFESSIONAL, "ST*837*0001*005010X222A2", "ST*837*0001*005010X224A2", ("ST", 3)),
)


@pytest.mark.parametrize("data", [PROFESSIONAL, PRIOR, PAYMENT, INSTITUTIONAL])
def test_the_files_have_none(data: bytes) -> None:
    assert codes(data) == []


@pytest.mark.parametrize(("code", "data", "old", "new", "place"), CASES, ids=[case[0] for case in CASES])
def test_one_change_makes_the_finding(
    code: str, data: bytes, old: str, new: str, place: tuple[str, int | None]
) -> None:
    assert (code, *place) in codes(changed(data, old, new))
    assert BY_CODE[code].fix


def test_what_stands_twice() -> None:
    one, two = professional(CLAIM), professional((CLAIM[0].replace("C1", "C2"), *CLAIM[1:]), control="0002")
    assert codes(interchange(one, two)) == []
    assert ("X12-ST-DUPLICATE", "ST", 2) in codes(interchange(one, one))
    assert ("X12-CLM-DUPLICATE", "CLM", 1) in codes(interchange(professional(CLAIM, CLAIM)))
    assert ("X12-ISA-DUPLICATE", "ISA", 13) in codes(PROFESSIONAL + PROFESSIONAL)
    text = PROFESSIONAL.decode()
    group = text[text.index("GS*") : text.index("IEA*")]
    twice = text.replace("IEA*1*", group + "IEA*2*").encode()
    assert ("X12-GS-DUPLICATE", "GS", 6) in codes(twice)


def test_a_set_outside_any_group() -> None:
    text = PROFESSIONAL.decode()
    bare = text[: text.index("GS*")] + text[text.index("ST*") : text.index("GE*")] + "IEA*0*000000001~"
    assert ("X12-ST-OUTSIDE-GROUP", "ST", None) in codes(bare.encode())


def test_a_claim_without_lines_is_put_aside_and_its_neighbour_is_read() -> None:
    bare, other = CLAIM[:3], (CLAIM[0].replace("C1", "C2"), *CLAIM[1:])
    data = interchange(professional(bare, other))
    assert ("X12-CLM-NO-LINES", "CLM", None) in codes(data)
    assert read([Source.of(data)]).tables["claims"]["patient_control_number"].to_pylist() == ["C2"]


def test_an_empty_component_is_not_another_mark() -> None:
    assert codes(changed(PROFESSIONAL, "11:B:1", "11::1")) == [("X12-ELEMENT-MISSING", "CLM", 5)]
