"""Small interchanges for tests of the codec, built from segments so that counts and control numbers are right."""

from collections.abc import Sequence

ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *240131*1200*^*00501*{control:09d}*0*P*:"

BILLING = (
    "HL*1**20*1",
    "PRV*BI*PXC*207Q00000X",
    "NM1*85*2*ALDER CLINIC*****XX*1234567893",
    "N3*1 MAIN ST",
    "N4*BOSTON*MA*021010000",
    "REF*EI*123456789",
)
SUBSCRIBER = (
    "HL*2*1*22*0",
    "SBR*P*18*GRP1******CI",
    "NM1*IL*1*DOE*JANE*M***MI*W0001",
    "N3*2 ELM ST",
    "N4*BOSTON*MA*02118",
    "DMG*D8*19800229*F",
    "NM1*PR*2*BLUE*****PI*12345",
)
CLAIM = (
    "CLM*C1*150.50***11:B:1*Y*A*Y*Y",
    "REF*D9*T1",
    "HI*ABK:E119*ABF:I10",
    "LX*1",
    "SV1*HC:99213:25*100.5*UN*1***1:2",
    "DTP*472*D8*20240115",
    "REF*6R*L1",
    "LX*2",
    "SV1*HC:36415*50*UN*2***1",
    "DTP*472*RD8*20240115-20240116",
)


def professional(*claims: Sequence[str], control: str = "0001") -> list[str]:
    """The segments ST..SE of an 837P with one subscriber and `claims`."""
    return transaction(
        "837",
        "005010X222A2",
        [
            "BHT*0019*00*1*20240131*1200*CH",
            "NM1*41*2*CLINIC*****46*123",
            "PER*IC*BOB*TE*5551234567",
            "NM1*40*2*PAYER*****46*999",
            *BILLING,
            *SUBSCRIBER,
            *(segment for claim in claims or (CLAIM,) for segment in claim),
        ],
        control,
    )


def remittance(*body: str, total: str = "80", control: str = "0001") -> list[str]:
    """The segments ST..SE of an 835 with `body` after the payee."""
    return transaction(
        "835",
        None,
        [
            f"BPR*I*{total}*C*ACH*CCP*01*1*DA*2*1512345678**01*3*DA*4*20240301",
            "TRN*1*EFT1*1512345678",
            "DTM*405*20240229",
            "N1*PR*PAYER",
            "N3*PO BOX 1",
            "N4*BOSTON*MA*02118",
            "REF*2U*60054",
            "PER*BL*EDI*TE*5551234567",
            "N1*PE*ALDER CLINIC*XX*1234567893",
            "REF*TJ*123456789",
            "LX*1",
            *body,
        ],
        control,
    )


def transaction(st01: str, guide: str | None, body: Sequence[str], control: str = "0001") -> list[str]:
    """ST, body, SE with a right count."""
    head = f"ST*{st01}*{control}" + (f"*{guide}" if guide else "")
    return [head, *body, f"SE*{len(body) + 2}*{control}"]


def interchange(
    *sets: Sequence[str], functional: str = "HC", guide: str = "005010X222A2", control: int = 1, mark: str = "~"
) -> bytes:
    """One interchange with one group of `sets`."""
    segments = [
        ISA.format(control=control),
        f"GS*{functional}*SENDER*RECEIVER*20240131*1200*{control}*X*{guide}",
        *(segment for one in sets for segment in one),
        f"GE*{len(sets)}*{control}",
        f"IEA*1*{control:09d}",
    ]
    return "".join(segment + mark for segment in segments).encode()
