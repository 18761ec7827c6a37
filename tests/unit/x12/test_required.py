"""Required segments and elements of 270, 271, 276, 277, 277CA, 278, 997, 999 and TA1: each is missed when it is gone.

Each line is `segment | required elements | what its loss is called, and the head that bears the finding`. A segment
without a name may be left out: its loss must give no finding.
"""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from claims.interchange.x12 import Source, read
from claims.interchange.x12.required import ELEMENTS, SEGMENTS
from tests.unit.x12.interchanges import ISA, interchange, transaction

SETS: dict[str, tuple[str, str, str]] = {
    "270": ("270", "005010X279A1", """
        BHT*0022*13*T1*20240301*1200 | 1 2 4 5 | X12-BHT-MISSING@ST
        HL*1**20*1 | 3 4 |
        NM1*PR*2*PAYER*****PI*60054 | 1 2 8 9 | X12-HL-PARTY@HL*1
        HL*2*1*21*1 | 2 3 4 |
        NM1*1P*2*ALDER*****XX*1234567893 | 1 2 8 9 | X12-HL-PARTY@HL*2
        REF*EO*477563928 | 1 2 |
        HL*3*2*22*0 | 2 3 4 |
        TRN*1*T1*9PAYER | 1 2 3 |
        NM1*IL*1*DOE*JANE****MI*W1 | 1 2 | X12-HL-PARTY@HL*3
        N3*1 MAIN ST | 1 |
        INS*Y*18 | 1 2 |
        DTP*291*D8*20240301 | 1 2 3 |
        EQ*30 | 1 | X12-INQUIRY-MISSING@HL*3
        HL*4*2*22*1 | 2 3 4 |
        NM1*IL*1*ROE*R****MI*W2 | 1 2 | X12-HL-PARTY@HL*4
        HL*5*4*23*0 | 2 3 |
        NM1*03*1*ROE*BOB | 1 2 | X12-HL-PARTY@HL*5
        EQ*30 | 1 | X12-INQUIRY-MISSING@HL*5
        """),
    "271": ("271", "005010X279A1", """
        BHT*0022*11*T1*20240301*1200 | 1 2 4 5 | X12-BHT-MISSING@ST
        HL*1**20*1 | 3 4 |
        NM1*PR*2*PAYER*****PI*60054 | 1 2 8 9 | X12-HL-PARTY@HL*1
        PER*IC*HELP*TE*8005551212 | 1 |
        HL*2*1*21*1 | 2 3 4 |
        NM1*1P*2*ALDER*****XX*1234567893 | 1 2 8 9 | X12-HL-PARTY@HL*2
        HL*3*2*22*0 | 2 3 4 |
        TRN*2*T1*9PAYER | 1 2 3 |
        NM1*IL*1*DOE*JANE****MI*W1 | 1 2 | X12-HL-PARTY@HL*3
        EB*1**30 | 1 | X12-BENEFIT-MISSING@HL*3
        MSG*COPAY PER VISIT | 1 |
        HL*4*2*22*0 | 2 3 4 |
        NM1*IL*1*ROE*R****MI*W2 | 1 2 | X12-HL-PARTY@HL*4
        AAA*N**75*C | 1 3 4 | X12-BENEFIT-MISSING@HL*4
        """),
    "276": ("276", "005010X212", """
        BHT*0010*13*T1*20240301*1200 | 1 2 3 4 5 | X12-BHT-MISSING@ST
        HL*1**20*1 | 3 4 |
        NM1*PR*2*PAYER*****PI*60054 | 1 2 8 9 | X12-HL-PARTY@HL*1
        HL*2*1*21*1 | 2 3 4 |
        NM1*41*2*CLINIC*****46*123 | 1 2 8 9 | X12-HL-PARTY@HL*2
        HL*3*2*19*1 | 2 3 4 |
        NM1*1P*2*ALDER*****XX*1234567893 | 1 2 8 9 | X12-HL-PARTY@HL*3
        HL*4*3*22*0 | 2 3 4 |
        DMG*D8*19800229*F | 1 2 |
        NM1*IL*1*DOE*JANE****MI*W1 | 1 2 3 8 9 | X12-HL-PARTY@HL*4
        TRN*1*C1 | 1 2 | X12-TRACE-MISSING@HL*4
        REF*EJ*C1 | 1 2 |
        AMT*T3*100 | 1 2 |
        SVC*HC:99213*100*****1 | 1 2 7 |
        DTP*472*D8*20240115 | 1 2 3 | X12-SERVICE-DATE-MISSING@SVC
        HL*5*3*22*1 | 2 3 4 |
        NM1*IL*1*ROE*R****MI*W2 | 1 2 3 8 9 | X12-HL-PARTY@HL*5
        HL*6*5*23 | 2 3 |
        DMG*D8*20150607*M | 1 2 | X12-DEMOGRAPHICS-MISSING@HL*6
        NM1*QC*1*ROE*BOB | 1 2 3 | X12-HL-PARTY@HL*6
        TRN*1*C2 | 1 2 | X12-TRACE-MISSING@HL*6
        """),
    "277": ("277", "005010X212", """
        BHT*0010*08*T1*20240301*1200*DG | 1 2 3 4 5 6 | X12-BHT-MISSING@ST
        HL*1**20*1 | 3 4 |
        NM1*PR*2*PAYER*****PI*60054 | 1 2 8 9 | X12-HL-PARTY@HL*1
        HL*2*1*21*1 | 2 3 4 |
        NM1*41*2*CLINIC*****46*123 | 1 2 8 9 | X12-HL-PARTY@HL*2
        HL*3*2*19*1 | 2 3 4 |
        NM1*1P*2*ALDER*****XX*1234567893 | 1 2 8 9 | X12-HL-PARTY@HL*3
        HL*4*3*22*0 | 2 3 4 |
        NM1*IL*1*DOE*JANE****MI*W1 | 1 2 3 8 9 | X12-HL-PARTY@HL*4
        TRN*2*C1 | 1 2 | X12-TRACE-MISSING@HL*4
        STC*F1:65*20240302**100*80 | 1 2 | X12-STATUS-MISSING@TRN
        REF*1K*ICN1 | 1 2 |
        DTP*472*D8*20240115 | 1 2 3 |
        SVC*HC:99213*100*80****1 | 1 2 3 7 |
        STC*F1:65*20240302 | 1 2 | X12-STATUS-MISSING@SVC
        DTP*472*D8*20240115 | 1 2 3 | X12-SERVICE-DATE-MISSING@SVC
        """),
    "277CA": ("277", "005010X214", """
        BHT*0085*08*T1*20240301*1200*TH | 1 2 3 4 5 6 | X12-BHT-MISSING@ST
        HL*1**20*1 | 3 4 |
        NM1*PR*2*PAYER*****PI*60054 | 1 2 8 9 | X12-HL-PARTY@HL*1
        TRN*1*T0 | 1 2 | X12-TRACE-MISSING@HL*1
        DTP*050*D8*20240301 | 1 2 3 | X12-RECEIPT-DATE-MISSING@TRN*1
        DTP*009*D8*20240301 | 1 2 3 | X12-PROCESS-DATE-MISSING@TRN*1
        HL*2*1*21*1 | 2 3 4 |
        NM1*41*2*CLINIC*****46*123 | 1 2 8 9 | X12-HL-PARTY@HL*2
        TRN*2*B1 | 1 2 | X12-TRACE-MISSING@HL*2
        STC*A1:19:PR*20240301*WQ*100 | 1 3 | X12-STATUS-MISSING@TRN*2*B1
        QTY*90*1 | 1 2 |
        AMT*YU*100 | 1 2 |
        HL*3*2*19*1 | 2 3 4 |
        NM1*85*2*ALDER*****XX*1234567893 | 1 2 8 9 | X12-HL-PARTY@HL*3
        HL*4*3*PT | 2 3 |
        NM1*QC*1*DOE*JANE****MI*W1 | 1 2 3 8 9 | X12-HL-PARTY@HL*4
        TRN*2*C1 | 1 2 | X12-TRACE-MISSING@HL*4
        STC*A2:20:PR*20240301*WQ*100 | 1 3 | X12-STATUS-MISSING@TRN*2*C1
        REF*D9*CH1 | 1 2 |
        DTP*472*D8*20240115 | 1 2 3 | X12-SERVICE-DATE-MISSING@TRN*2*C1
        SVC*HC:99213*100 | 1 2 |
        STC*A2:20:PR**WQ | 1 3 | X12-STATUS-MISSING@SVC
        """),
    "278": ("278", "005010X217", """
        BHT*0007*13*T1*20240301*1200 | 1 2 3 4 5 | X12-BHT-MISSING@ST
        HL*1**20*1 | 3 4 |
        NM1*X3*2*REVIEWER*****PI*60054 | 1 2 8 9 | X12-HL-PARTY@HL*1
        HL*2*1*21*1 | 2 3 4 |
        NM1*1P*2*ALDER*****XX*1234567893 | 1 2 8 9 | X12-HL-PARTY@HL*2
        HL*3*2*22*1 | 2 3 4 |
        NM1*IL*1*DOE*JANE****MI*W1 | 1 2 8 9 | X12-HL-PARTY@HL*3
        HL*4*3*EV*0 | 2 3 4 |
        TRN*1*T1*9PAYER | 1 2 3 |
        UM*HS*I**11:B | 1 2 | X12-REVIEW-MISSING@HL*4
        HCR*A1*AUTH1 | 1 |
        DTP*472*D8*20240115 | 1 2 3 |
        HI*ABK:E119 | 1 |
        PWK*OZ*BM | 1 2 |
        AAA*N | 1 |
        """),
    "999": ("999", "005010X231A1", """
        AK1*HC*1*005010X222A1 | 1 2 3 |
        AK2*837*0001*005010X222A1 | 1 2 |
        IK3*CLM*22*2300*8 | 1 2 |
        IK4*2**6 | 1 3 |
        IK5*R*5 | 1 | X12-IK5-MISSING@AK2
        AK9*R*1*1*0 | 1 2 3 4 | X12-AK9-MISSING@AK1
        """),
    "997": ("997", "004010", """
        AK1*HC*1 | 1 2 |
        AK2*837*0001 | 1 2 |
        AK3*CLM*22**8 | 1 2 |
        AK4*2**6 | 1 3 |
        AK5*R*5 | 1 | X12-IK5-MISSING@AK2
        AK9*R*1*1*0 | 1 2 3 4 | X12-AK9-MISSING@AK1
        """),
}  # fmt: skip
# Elements that say what the segment is, and the NPI: without them something else is wrong, too.
_TELLING = {("HL", 3), ("DTP", 1), ("NM1", 9)}
LEVELS = {
    "270": {"20": "X12-HL-20-MISSING", "21": "X12-HL-21-MISSING", "22": "X12-HL-22-MISSING"},
    "271": {"20": "X12-HL-20-MISSING"},
    "276": {f"{level}": f"X12-HL-{level}-MISSING" for level in ("20", "21", "19", "22")},
    "277": {"20": "X12-HL-20-MISSING", "21": "X12-HL-21-MISSING"},
    "277CA": {"20": "X12-HL-20-MISSING", "21": "X12-HL-21-MISSING"},
    "278": {f"{level}": f"X12-HL-{level}-MISSING" for level in ("20", "21", "22", "EV")},
}


class Line(NamedTuple):
    segment: str
    elements: tuple[int, ...]
    code: str
    head: str


def lines(kind: str) -> list[Line]:
    out = []
    for raw in SETS[kind][2].strip().splitlines():
        segment, elements, loss = (part.strip() for part in raw.split("|"))
        code, _, head = loss.partition("@")
        out.append(Line(segment, tuple(int(e) for e in elements.split()), code, head))
    return out


def found(kind: str, body: list[str], version: str = "00501") -> list[dict[str, Any]]:
    st01, guide, _ = SETS[kind]
    data = interchange(transaction(st01, guide, body), guide=guide)
    data = data.replace(b"*00501*", b"*" + version.encode() + b"*", 1)
    return [r for r in read([Source.of(data)]).tables["findings"].to_pylist() if not r["code"].startswith("X12-HL-ID")]


def places(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(r["code"], r["segment_ordinal"], r["segment_id"], r["element_position"]) for r in rows]


@pytest.mark.parametrize("kind", SETS)
def test_the_sets_are_whole(kind: str) -> None:
    assert found(kind, [line.segment for line in lines(kind)]) == []


@pytest.mark.parametrize("kind", SETS)
def test_a_segment_that_is_gone_is_missed_at_its_head(kind: str) -> None:
    every = lines(kind)
    for n, line in enumerate(every):
        if line.segment.startswith(("HL", "AK1", "AK2", "SVC")):
            continue  # what opens a stretch takes its stretch along
        rest = [other.segment for other in every[:n] + every[n + 1 :]]
        rows = found(kind, rest)
        if not line.code:
            assert rows == [], line
            continue
        before = ["ST", *(other.segment for other in every[:n])]
        own = max(i for i, segment in enumerate(before) if (segment + "*").startswith(line.head + "*"))
        assert places(rows) == [(line.code, own + 1, line.head.split("*")[0], None)], line
        assert rows[0]["severity"] == "error"
        assert rows[0]["fix"]
        assert rows[0]["message"]


@pytest.mark.parametrize("kind", SETS)
def test_an_element_that_is_gone_is_missed_at_its_segment(kind: str) -> None:
    every = lines(kind)
    for n, line in enumerate(every):
        for element in line.elements:
            parts = line.segment.split("*")
            parts[element] = ""
            body = [other.segment for other in every]
            body[n] = "*".join(parts).rstrip("*")
            rows = found(kind, body)
            name = parts[0]
            missed = [r for r in rows if r["code"] == "X12-ELEMENT-MISSING"]
            assert places(missed) == [("X12-ELEMENT-MISSING", n + 2, name, element)], (line, element)
            assert missed == rows or (name, element) in _TELLING, (line, element, places(rows))
            assert missed[0]["syntax_error_code"] == "1"


@pytest.mark.parametrize(("kind", "level"), [(kind, level) for kind in LEVELS for level in LEVELS[kind]])
def test_a_level_that_is_gone_is_missed_at_the_set(kind: str, level: str) -> None:
    body, keep = [], True
    for line in lines(kind):
        parts = line.segment.split("*")
        if parts[0] == "HL":
            keep = parts[3] != level
        if keep:
            body.append(line.segment)
    rows = [r for r in found(kind, body) if r["code"] != "X12-HL-PARENT"]
    assert places(rows) == [(LEVELS[kind][level], 1, "ST", None)]


def test_an_answer_to_a_request_need_not_go_down_to_the_event() -> None:
    body = [line.segment for line in lines("278")][:3]
    assert len(found("278", body)) == 3
    body[0] = body[0].replace("*13*", "*11*")
    assert found("278", body) == []


def test_a_ta1_must_be_whole() -> None:
    for element in range(6):
        parts = ["TA1", "000000001", "240131", "1200", "A", "000"]
        if element:
            parts[element] = ""
        head = ISA.format(control=1)
        data = "".join(s + "~" for s in (head, "*".join(parts).rstrip("*"), "IEA*0*000000001")).encode()
        rows = places(read([Source.of(data)]).tables["findings"].to_pylist())
        assert rows == ([("X12-ELEMENT-MISSING", 1, "TA1", element)] if element else [])


def test_every_rule_is_shown_to_fail() -> None:
    losses = {(kind, line.code) for kind in SETS for line in lines(kind) if line.code}
    losses |= {(kind, code) for kind, levels in LEVELS.items() for code in levels.values()}
    for rule in SEGMENTS:
        for kind in rule.kinds.split():
            if rule.version != "00401":
                assert (kind, rule.code) in losses, (rule, kind)
    blanks = {(kind, line.segment.split("*")[0], e) for kind in SETS for line in lines(kind) for e in line.elements}
    for one in ELEMENTS:
        for kind in one.kinds.split():
            held = {element for k, name, element in blanks if k == kind and name == one.segment}
            if one.segment != "TA1" and held:
                assert {int(e[0]) for e in one.elements.split()} <= held, (one, kind)
    assert {one.segment for one in ELEMENTS} - {name for _, name, _ in blanks} == {"TA1"}


def test_real_files_without_claims_stay_clean(shared_dir: Path) -> None:
    for kind in ("270", "271", "276", "277", "997", "999"):
        for path in sorted((shared_dir / "samples" / "x12" / kind).iterdir()):
            codes = set(read([Source.of(path.read_bytes())]).tables["findings"]["code"].to_pylist())
            # The NPIs of the guide's examples are made up; one SE02 is not its ST02.
            assert codes <= {"X12-NPI", "X12-SE-CONTROL"}, (path.name, codes)
