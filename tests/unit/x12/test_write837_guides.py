"""Every loop and segment of the 837 guides with every element filled: read with details, written, identical.

The segments are those that 005010X222A1, X223A2 and X224A2 name; the elements are those that the guides use, and the
few that they do not use but that senders fill.
"""

from datetime import datetime

import pytest

from claims.interchange.x12 import Address, Numbers, Source, read, write_interchange
from claims.interchange.x12.write837 import GUIDES, write_claims
from tests.unit.x12.interchanges import interchange, transaction

AT = datetime(2024, 3, 1, 12, 30)  # noqa: DTZ001 - an envelope carries local wall-clock time without a zone
NPI = "1234567893"

KINDS = {"P": "professional", "I": "institutional", "D": "dental"}


def party(entity: str, kind: str = "1", *, prv: str = "", number: int = 1) -> list[str]:
    """NM1 with all twelve elements, PRV, N3, N4 with all seven, REF with its payer, PER."""
    segments = [f"NM1*{entity}*{kind}*LAST{number}*FIRST*MIDDLE*DR*JR*XX*{NPI}*72*PR*SECOND"]
    segments += [f"PRV*{prv}*PXC*207Q00000X"] if prv else []
    segments += ["N3*1 MAIN ST*SUITE 2", "N4*BOSTON*MA*02118*US*CO*LOC1*SUB"]
    segments += ["REF*0B*LIC1*NOTE*2U:PAYER1", "REF*G2*COM2"]
    return [*segments, "PER*IC*ANN*TE*5551112222*EX*12*EM*A@B.ORG"]


def head(kind: str) -> list[str]:
    """BHT to 2010CA: submitter, receiver, provider, subscriber and patient."""
    return [
        "BHT*0019*18*REF1*20240131*1200*RP",
        "NM1*41*2*CLINIC*****46*123", "PER*IC*BOB*TE*5551234567*FX*5551234568*EM*B@C.ORG", "PER*IC*SUE*TE*5551234569",
        "NM1*40*2*PAYER*****46*999",
        "HL*1**20*1", "PRV*BI*PXC*207Q00000X", "CUR*85*USD*1.5",
        f"NM1*85*2*ALDER CLINIC*****XX*{NPI}", "N3*1 MAIN ST*FLOOR 3", "N4*BOSTON*MA*021010000*US***SUB",
        "REF*EI*123456789", "REF*0B*LIC1", "REF*1G*UPIN", "PER*IC*ANN*TE*5551112222*EX*12*EM*A@B.ORG",
        "NM1*87*2", "N3*PO BOX 1*X", "N4*BOSTON*MA*02101*CA***ON",
        "NM1*PE*2*PAY TO PLAN*****PI*PLAN1", "N3*3 OAK ST*X", "N4*BOSTON*MA*02101*US***SUB", "REF*2U*P1", "REF*EI*1",
        "HL*2*1*22*1", "SBR*P**GRP1*GROUP NAME*12****CI", "PAT*****D8*20240101*01*150*Y",
        "NM1*IL*1*DOE*JANE*M*DR*JR*MI*W0001*72*PR*SECOND", "N3*2 ELM ST*X", "N4*BOSTON*MA*02118*US***SUB",
        "DMG*D8*19800229*F", "REF*SY*123456789", "REF*Y4*CASUALTY", "PER*IC*JANE*TE*5551112222*EX*12",
        "NM1*PR*2*BLUE*****PI*12345", "N3*4 ASH ST*X", "N4*BOSTON*MA*02118*US***SUB", "REF*2U*P1", "REF*G2*COM",
        "HL*3*2*23*0", "PAT*19****D8*20240102*01*7.5*N",
        "NM1*QC*1*DOE*BOB*M*MR*III", "N3*2 ELM ST*X", "N4*BOSTON*MA*02118*US***SUB", "DMG*D8*20150607*M",
        "REF*Y4*CASUALTY", "REF*1W*MEMBER", "PER*IC*JANE*TE*5551112222*EX*12",
    ]  # fmt: skip


def other_payer(parties: list[str], number: int) -> list[str]:
    """2320 and 2330: SBR to MOA, the subscriber, the payer, and the providers as the payer knows them."""
    return [
        f"SBR*{'ST'[number - 1]}*18*G{number}*NAME*12****CI",
        "CAS*CO*1*1*1*2*2*2*3*3*3*4*4*4*5*5*5*6*6*6", "CAS*PR*1*10*1*2*5",
        "AMT*D*20", "AMT*A8*3.5", "AMT*EAF*7",
        "OI***Y*P**Y",
        "MIA*1*2*3*4*MA01*6*7*8*9*10*11*12*13*14*15*16*17*18*19*MA02*MA03*MA04*MA05*24",
        "MOA*.5*10*MA01*MA02*MA03*MA04*MA05*8*9",
        "NM1*IL*1*DOE*JIM*M*DR*JR*MI*W9", "N3*9 ELM ST*X", "N4*BOSTON*MA*02118*US***SUB", "REF*SY*123456789",
        f"NM1*PR*2*SECOND{number}*****PI*P{number}", "N3*8 ELM ST*X", "N4*BOSTON*MA*02118*US***SUB",
        "DTP*573*D8*20240105", "REF*2U*P1", "REF*G1*AUTH", "REF*9F*REFERRAL", "REF*T4*Y", "REF*F8*ICN1",
        *parties,
    ]  # fmt: skip


def adjudication(payer: str, product: str) -> list[str]:
    """2430."""
    return [
        f"SVD*{payer}*55.5*{product}*0305*2*1",
        "CAS*CO*1*1*1*2*2*2*3*3*3*4*4*4*5*5*5*6*6*6", "CAS*PR*1*10",
        "DTP*573*D8*20240105", "AMT*EAF*15.25",
    ]  # fmt: skip


PRODUCT = "HC:99213:25:59:GT:XU:DESCRIPTION"
PAPERWORK = "PWK*OZ*BM*1*PE*AC*DMN0012*DESCRIPTION*01:02:03:04:05*RC"
NOTES = ["K3*FIXED FORMAT"]
PRICING = "HCP*03*100*50*REPRICER*1.5*GRP*20*0305*HC*99213*UN*2*T1*1*1"
CONTRACT = "CN1*02*500*10*CODE*5*VER"
DRUGS = [
    "LIN**N4*01234567891", "CTP****2*ML", "REF*VY*LINK1", "REF*XZ*RX1",
    "LIN*7*N4*01234567892*MF*MAKER", "CTP*AA*01*1.25*3*GR", "REF*XZ*RX2",
]  # fmt: skip


def numbered(qualifiers: str) -> list[str]:
    return [f"REF*{qualifier}*R{n}" for n, qualifier in enumerate(qualifiers.split(), 1)]


def dates(qualifiers: str) -> list[str]:
    return [f"DTP*{qualifier}*D8*202401{n:02d}" for n, qualifier in enumerate(qualifiers.split(), 1)]


def claim_p(identifier: str) -> list[str]:
    return [
        f"CLM*{identifier}*100.5***11:B:1*Y*A*Y*Y*P*AA:OA:EM:MA:US*02*******Y*1",
        *dates("431 454 304 453 439 484 455 471 314 360 361 297 296 435 096 090 091 444 050"),
        PAPERWORK, CONTRACT, "AMT*F5*25",
        *numbered("4N F5 EW 9F G1 F8 X4 9A 9C LX D9 EA P4 1J"), *NOTES, "NTE*ADD*FREE TEXT",
        "CR1*LB*150*I*A*DH*12.5*FROM*TO*ROUND*STRETCHER", "CR2*1*2*C1*C2*DA*3*2*A*Y*TEXT*MORE*Y",
        "CRC*07*Y*01*02*03*04*05", "CRC*E1*N*L1", "CRC*75*Y*IH", "CRC*ZZ*Y*ST",
        "HI*ABK:E119*ABF:I10*ABF:J45*ABF:K21*ABF:L40*ABF:M54*ABF:N39*ABF:O99*ABF:P07*ABF:Q21*ABF:R07*ABF:S72",
        "HI*BP:33510*BO:33511", "HI*BG:AA*BG:AB", PRICING,
        *party("DN", prv="RF"), *party("P3", number=2), *party("82", prv="PE"), *party("77", "2"), *party("DQ"),
        *party("PW", "2"), *party("45", "2"),
        *other_payer([*party("DN"), *party("82"), *party("77", "2"), *party("DQ"), *party("85", "2")], 1),
        *other_payer([], 2),
        "LX*1", f"SV1*{PRODUCT}*50.25*UN*2*11*A*1:2:3:4*8*Y*10*Y*Y*13*14*0*16*17*18*19*20*21",
        "SV5*HC:E0277:RR*DA*10*100*200*4*7", PAPERWORK, "PWK*CT*AD",
        "CR1*LB*150*I*A*DH*12.5*FROM*TO*ROUND*STRETCHER", "CR3*I*MO*12*A*TEXT", "CRC*07*Y*01*02*03*04*05",
        "CRC*70*Y*65", "CRC*09*Y*38",
        "DTP*472*RD8*20240101-20240102", *dates("471 607 463 461 304 738 739 011 455 454"),
        "QTY*PT*2", "QTY*FL*3", "MEA*TR*R1*12.5*ML:1:2:UN:3:4:GR:5:6:IN:7:8:FO:9:10*1*2*3*AA*01*1*1*1",
        "MEA*OG*HT*60*IN", CONTRACT, *numbered("9B 9D G1 6R EW X4 F4 BT 9F"), "AMT*T*1.5", "AMT*F4*2.5", *NOTES,
        "NTE*DCP*TEXT", "NTE*TPO*MORE", "PS1*PROVIDER*44.5*MA", PRICING, *DRUGS,
        *party("82", prv="PE"), *party("QB"), *party("77", "2"), *party("DQ"), *party("DK"), *party("DN"),
        *party("PW", "2"), *party("45", "2"),
        *adjudication("P1", PRODUCT), *adjudication("P2", PRODUCT),
        "LQ*UT*1.02", "FRM*1A*Y*TEXT*20240105*12.5", "FRM*1B*N", "LQ*AS*X", "FRM*2*W",
        "LX*2", "SV1*HC:99214*50.25*UN*2***1", "DTP*472*D8*20240103",
    ]  # fmt: skip


def claim_i(identifier: str) -> list[str]:
    return [
        f"CLM*{identifier}*100.5***11:A:1**A*Y*Y*********Y*1*1",
        "DTP*096*TM*1130", "DTP*434*RD8*20240101-20240105", "DTP*435*DT*202401011200", "DTP*050*D8*20240106",
        "CL1*1*7*01*5", PAPERWORK, CONTRACT, "AMT*F3*25", *numbered("4N 9F G1 F8 9A 9C LX D9 LU EA G4 P4"), *NOTES,
        "NTE*ALG*TEXT", "NTE*ADD*TEXT", "CRC*ZZ*Y*ST*S2*NU",
        "HI*ABK:E119:::::::Y", "HI*ABJ:I10", "HI*APR:R07*APR:R08", "HI*ABN:V00:::::::N", "HI*DR:470",
        "HI*ABF:J45:::::::W*ABF:K21", "HI*BBR:0JH60DZ:D8:20240102", "HI*BBQ:0JH60DY:D8:20240103*BBQ:0JH60DX",
        "HI*BI:70:RD8:20240101-20240101*BI:71:RD8:20240101-20240103", "HI*BH:11:D8:20240101",
        "HI*BE:80:::5*BE:01:::150.25", "HI*BG:07*BG:09", "HI*TC:AA", PRICING,
        *party("71", prv="AT"), *party("72"), *party("ZZ"), *party("82"), *party("77", "2"), *party("DN"),
        *other_payer([*party("71"), *party("72"), *party("77", "2"), *party("85", "2")], 1), *other_payer([], 2),
        "LX*1", f"SV2*0305*{PRODUCT}*50.25*UN*2*6*10.5*8*9*10", PAPERWORK, "DTP*472*RD8*20240101-20240102",
        *numbered("6R 9B 9D"), "AMT*GT*1.5", "AMT*N8*2.5", "NTE*TPO*MORE", PRICING, *DRUGS,
        *party("72"), *party("ZZ"), *party("82"), *party("DN"),
        *adjudication("P1", PRODUCT), *adjudication("P2", PRODUCT),
        "LX*2", "SV2*0306**50.25*UN*2",
    ]  # fmt: skip


def claim_d(identifier: str) -> list[str]:
    return [
        f"CLM*{identifier}*100.5***11:B:1*Y*A*Y*Y**AA:OA:EM:MA:US*02*******Y*1",
        "DTP*439*D8*20240101", "DTP*452*D8*20240102", "DTP*472*D8*20240103", "DTP*050*D8*20240106",
        "DN1*24*12*N*TEXT", "DN2*8*E****JP", "DN2*9*M****JP", PAPERWORK, CONTRACT, "AMT*F5*25",
        *numbered("G3 4N F8 9F 9A 9C LX G1 D9"), *NOTES, "NTE*ADD*TEXT", "HI*ABK:K0262*ABF:K0263", PRICING,
        *party("DN", prv="RF"), *party("82", prv="PE"), *party("77", "2"), *party("DD", prv="AS"), *party("DQ"),
        *other_payer([*party("DN"), *party("82"), *party("DQ"), *party("85", "2"), *party("77", "2")], 1),
        *other_payer([], 2),
        "LX*1", "SV3*AD:D2150:25:59:GT:XU:DESCRIPTION*50.25*12*10:20:30:40:09*I*2*7*8*9*10*1:2:3:4",
        "TOO*JP*12*M:O:D:B:L", "TOO*JP*13", "DTP*472*D8*20240101", *dates("139 441 446 196 198"), CONTRACT,
        *numbered("G3 G1 9F 6R 9B 9D"), "AMT*T*1.5", *NOTES, PRICING,
        *party("82", prv="PE"), *party("DD", prv="AS"), *party("DQ"), *party("77", "2"),
        *adjudication("P1", "AD:D2150:25:59:GT:XU:DESCRIPTION"), *adjudication("P2", "AD:D2150"),
        "LX*2", "SV3*AD:D2160*50.25****2",
    ]  # fmt: skip


BODIES = {"P": claim_p, "I": claim_i, "D": claim_d}


@pytest.mark.parametrize("kind", KINDS)
def test_every_segment_and_element_of_the_guide_comes_back(kind: str) -> None:
    guide = GUIDES[KINDS[kind]]
    body = [*head(kind), *BODIES[kind]("C1"), *BODIES[kind]("C2")]
    data = interchange(transaction("837", guide, body), guide=guide)
    before = read([Source.of(data)], details=True).tables
    assert before["claims"]["claim_type"].to_pylist() == [KINDS[kind]] * 2
    assert "X12-SEGMENT-UNKNOWN" not in before["findings"]["code"].to_pylist()
    groups = write_claims(before, at=AT)
    text = write_interchange(Address("SENDER", "RECEIVER"), groups, numbers=Numbers(), at=AT).decode()
    ours = text.split("~")[3:-4]
    assert ours == body
