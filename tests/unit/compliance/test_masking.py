"""Masked by default: what the schema calls an identifier is in no rule, and no value of the wrong form is shown."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims import schema
from claims.schema import Split
from compliance.masking import _BY_SEGMENT, MASK, Delimiters, mask

USUAL = Delimiters("*", ":", "^")


@pytest.mark.parametrize(
    ("segment", "masked"),
    [
        ("CLM*A10014577*660***13:A:1**A*Y*Y", f"CLM*{MASK}*660***13:A:1**A*Y*Y"),
        ("NM1*IL*1*HART*NILS*D***MI*KGW140260930", f"NM1*IL*1*{MASK}*{MASK}*{MASK}***MI*{MASK}"),
        ("NM1*85*2*BIRCH GROUP, INC.*****XX*1900000146", "NM1*85*2*BIRCH GROUP, INC.*****XX*1900000146"),
        ("NM1*82*1*NAKAMURA*OTIS****XX*1001831761", f"NM1*82*1*{MASK}*{MASK}****XX*1001831761"),
        ("NM1*82*1*NAKAMURA*OTIS****34*900457781", f"NM1*82*1*{MASK}*{MASK}****34*{MASK}"),
        ("NM1*PR*2*EVERGREEN HMO*****PI*COM04", "NM1*PR*2*EVERGREEN HMO*****PI*COM04"),
        ("N3*9665 WALNUT LN", f"N3*{MASK}"),
        ("N4*PFLUGERVILLE*TX*78660", f"N4*{MASK}*TX*{MASK}"),
        ("PER*IC*J DOE*TE*2065550147", f"PER*IC*{MASK}*TE*{MASK}"),
        ("DMG*D8*19530823*F", f"DMG*D8*{MASK}*F"),
        ("PAT*19****D8*20250101*01*180*Y", f"PAT*19****{MASK}*{MASK}*{MASK}*{MASK}*Y"),
        ("REF*G1*A017", f"REF*G1*{MASK}"),
        ("REF*6R*A1S1L1", f"REF*6R*{MASK}"),
        ("SBR*P*18*10595*GROUP NAME*****HM", f"SBR*P*18*{MASK}*{MASK}*****HM"),
        ("HI*ABK:R519*ABF:K219^ABF:J029", "HI*ABK:R519*ABF:K219^ABF:J029"),
        ("SV1*HC:99213:25::::NOTE ON SMITH*100*UN*1***1:2", f"SV1*HC:99213:25::::{MASK}*100*UN*1***1:2"),
        ("CLP*A1*1*307*113.81*28.71*16*0425062*13*1", f"CLP*{MASK}*1*307*113.81*28.71*16*{MASK}*13*1"),
        ("CAS*CO*45*39.08**104*-0.54", "CAS*CO*45*39.08**104*-0.54"),
        ("TRN*1*CHECK1*1512345678", f"TRN*1*{MASK}*{MASK}"),
        ("PLB*1234567893*20251231*WO:ACCT*5", f"PLB*1234567893*20251231*WO:{MASK}*5"),
        ("NTE*ADD*SEE DR. SMITH: 5 PM", f"NTE*ADD*{MASK}:{MASK}"),
        ("K3*ANYTHING", f"K3*{MASK}"),
        ("STC*A7:562:85*20250620*U*263******A7:1*A7:2*SMITH", f"STC*A7:562:85*20250620*U*263******A7:1*A7:2*{MASK}"),
        ("IK4*3:1:2*1036*7*SMITH", f"IK4*3:1:2*1036*7*{MASK}"),
        ("CTX*CLM01:A1001", f"CTX*{MASK}:{MASK}"),
        ("ZZZ*X*Y:Z", f"ZZZ*{MASK}*{MASK}:{MASK}"),
        ("DTP*472*RD8*20250614-20250615", "DTP*472*RD8*20250614-20250615"),
        ("DTP*QQQ*D8*19530823", f"DTP*QQQ*D8*{MASK}"),
        ("SMITH JOHN*X", f"{MASK}*{MASK}"),
        ("", MASK),
    ],
)
def test_segments_are_shown_as_written_here(segment: str, masked: str) -> None:
    assert mask(segment, USUAL) == masked


def test_other_delimiters_are_respected() -> None:
    text = "NM1|IL|1|HART|NILS||||MI|KGW1"
    assert mask(text, Delimiters("|", ">", None)) == f"NM1|IL|1|{MASK}|{MASK}||||MI|{MASK}"
    assert mask("HI|BK>J029|BF>K219", Delimiters("|", ">", None)) == "HI|BK>J029|BF>K219"
    assert mask("SV1*HC:99213*1", Delimiters("*", None, None)) == f"SV1*{MASK}*1", "no component where there is none"


def _declared() -> list[tuple[str, str, int, int, str]]:
    """(segment, qualifier, element, component, where from) of every identifier that the schema declares."""
    places = set()
    for table in schema.TABLES:
        for column in table.columns:
            if column.identifier is None and column.split is Split.KEEP:
                continue
            about = f"{table.name}.{column.name}"
            for qualifier in re.findall(r"REF\*([A-Z0-9]{2})", column.description):
                places.add(("REF", qualifier, 2, 0, about))
            for segment, element, component in re.findall(
                r"\b([A-Z][A-Z0-9]{1,2})(\d\d)(?:-(\d))?\b", column.description
            ):
                if segment in _BY_SEGMENT or segment in ("N3", "K3"):
                    places.add((segment, "", int(element), int(component or 0), about))
    return sorted(places)


DECLARED = _declared()


def test_the_schema_names_the_places_of_its_identifiers() -> None:
    found = {(segment, element) for segment, _, element, _, _ in DECLARED}
    assert {("CLM", 1), ("CLP", 1), ("CLP", 7), ("NM1", 3), ("NM1", 9), ("N3", 1), ("N4", 1), ("N4", 3)} <= found
    assert {("DMG", 2), ("TRN", 2), ("PLB", 3), ("IK4", 4), ("SV1", 1)} <= found
    assert {q for segment, q, *_ in DECLARED if segment == "REF"} >= {"G1", "9F", "F8", "EA", "D9", "SY", "EI", "6R"}


# Values with the forms of every kind of identifier, codes and numbers among them.
VALUES = ("A1", "19530823", "900457781", "1234567893", "KGW140260930", "MARY", "98177", "78660-0431")


@pytest.mark.parametrize(("segment", "qualifier", "element", "component", "about"), DECLARED)
def test_no_rule_shows_what_the_schema_calls_an_identifier(
    segment: str, qualifier: str, element: int, component: int, about: str
) -> None:
    first = {"NM1": ["IL", "QC", "74", "QD", "GB", "03"], "N1": ["PE"]}.get(segment, [qualifier])
    for value in VALUES:
        for one in first:
            elements = [one if one else "", *[""] * 20]
            if segment == "NM1":
                elements[1], elements[7] = "1", "MI"
            if segment == "N1":
                elements[2] = "FI"
            elements[element - 1] = ":".join(["", *[""] * (component - 2), value]) if component > 1 else value
            masked = mask("*".join([segment, *elements]), USUAL)
            shown = masked.split("*")[element].split(":")[max(component - 1, 0)]
            assert shown == MASK, f"{about}: {segment}{element:02d} shows a value"


NAMES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ '-", min_size=7, max_size=30).filter(lambda t: t.strip() == t)
_FREE_OF_NAMES = sorted(set(_BY_SEGMENT) - {"NM1", "N1", "HI", "SVD", "REF"})


@given(segment=st.sampled_from([*_FREE_OF_NAMES, "MSG", "N2", "N3", "QQ9"]), values=st.lists(NAMES, max_size=25))
def test_a_name_is_shown_in_the_place_of_no_code(segment: str, values: list[str]) -> None:
    elements = mask("*".join([segment, *values]), USUAL).split("*")[1:]
    assert len(elements) == len(values)
    forms = {MASK}
    # A payer's, a group's or a control number may be of letters; a name of a person has no such place.
    assert all(shown in forms or segment in {"ST", "SE", "GS", "GE", "IEA", "TA1", "AK1", "AK2"} for shown in elements)


@given(text=st.text(max_size=200), delimiters=st.sampled_from([USUAL, Delimiters("|", ">", None)]))
def test_any_text_keeps_its_separators_and_raises_nothing(text: str, delimiters: Delimiters) -> None:
    masked = mask(text, delimiters)
    for mark in (delimiters.element, delimiters.component, delimiters.repetition):
        if mark is not None and text.split(delimiters.element, maxsplit=1)[0].isalnum():
            assert masked.count(mark) == text.count(mark)


@given(st.sampled_from(sorted(_BY_SEGMENT)), st.lists(st.text("ABC123.-:^ ", max_size=12), max_size=25))
def test_masking_twice_is_masking_once(segment: str, values: list[str]) -> None:
    once = mask("*".join([segment, *values]), USUAL)
    assert mask(once, USUAL) == once
