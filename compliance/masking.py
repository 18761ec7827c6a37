"""Masking of X12 segments: every element is hidden but those known to hold no identifier.

Belongs here: which elements of which segments may be shown, and the masking itself. Does not belong here: who sees a
segment masked or in clear (`compliance.access`), where segments come from.

Denied by default. An element is shown when a rule names its place **and** its value has the form that belongs there: a
code of at most so many characters, an amount, a date. A name that slipped into the place of a code stays hidden. So
does every segment that no rule knows. What the rules show is what `claims.schema` lets cross the identity line: codes,
amounts, dates of service, states, providers' NPIs, names of organisations. Free text, account, member, payer and trace
numbers, addresses, birth dates, bank accounts are in no rule; a test holds the rules to the schema.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MASK = "••••"

# The forms. A rule says `place:form`; a place is an element, `n.m` a component of it, `a-b` a range.
_FORMS = {
    **{f"c{n}": rf"[A-Z0-9]{{1,{n}}}" for n in (1, 2, 3, 4, 5, 6)},
    "amount": r"-?(\d{1,15}(\.\d{0,4})?|\.\d{1,4})",
    "count": r"\d{1,6}",
    "date": r"(\d{6}|\d{8}|\d{12})(-\d{8})?",
    "time": r"\d{4,8}",
    "state": r"[A-Z]{2}",
    "npi": r"[12]\d{9}",
    "taxonomy": r"\d{3}[A-Z0-9]{6}X",
    "procedure": r"[A-Z0-9]{4,5}",
    "ndc": r"\d{11}",
    "remark": r"[A-Z]{1,2}\d{1,4}",
    "control": r"[A-Z0-9]{1,9}",
    "guide": r"00\d{4}(X\d{3}([A-Z]\d)?)?",
    "payer": r"[A-Z0-9]{1,15}",
    "organisation": r"[A-Z0-9][A-Z0-9 &.,'/()#-]{0,59}",
    # Diagnoses and procedures, occurrence and value codes, their dates and amounts: HI names nobody.
    "health": r"[A-Z0-9.-]{1,30}",
}
_COMPILED = {name: re.compile(form) for name, form in _FORMS.items()}

# NM101 of those that are no patient, subscriber or other insured: providers, facilities, payers, clearinghouses.
_BODIES = "1P|2B|40|41|45|71|72|73|77|80|82|85|87|AY|DD|DK|DN|DQ|FA|LI|P3|PE|PR|PW|QB|TL|TT|X3|ZZ"  # fmt: skip
# Dates of care, of its claim and of its coverage. Of birth and of death there are none among them.
_CARE_DATES = (
    "009|011|036|050|090|091|096|102|150|151|232|233|291|296|297|304|307|314|318|346|347|348|349|356|357|360|361|405|"
    "431|434|435|439|441|444|446|452|453|454|455|461|463|471|472|484|573|607|738|739"
)
_SERVICE = "{0}.1:c2 {0}.2:procedure {0}.3-6:c2"

# Segment, what its elements must hold for the rule to apply (`element=value|value`), the places that it shows.
_RULES: tuple[tuple[str, str, str], ...] = (
    ("ST", "", "1:c3 2:control 3:guide"),
    ("SE", "", "1:count 2:control"),
    ("GS", "", "1:c2 4:date 5:time 6:control 7:c1 8:guide"),
    ("GE", "", "1:count 2:control"),
    ("IEA", "", "1:count 2:control"),
    ("TA1", "", "1:control 2:date 3:time 4:c1 5:c3"),
    ("BHT", "", "1:c4 2:c2 4:date 5:time 6:c2"),
    ("HL", "", "1-2:count 3:c2 4:c1"),
    ("CUR", "", "1:c3 2:c3"),
    ("PRV", "", "1:c3 2:c3"),
    ("PRV", "2=PXC|ZZ", "3:taxonomy"),
    # Persons and organisations.
    ("NM1", "", "1:c3 2:c1 8:c2"),
    ("NM1", f"1={_BODIES} 2=2", "3:organisation"),
    ("NM1", f"1={_BODIES} 8=XX", "9:npi"),
    ("NM1", f"1={_BODIES} 2=2 8=46|PI|XV", "9:payer"),
    ("N1", "", "1:c3 3:c2"),
    ("N1", "1=PE|PR", "2:organisation"),
    ("N1", "1=PE|PR 3=XX", "4:npi"),
    ("N1", "1=PR 3=PI|XV", "4:payer"),
    ("N4", "", "2:state 4:c3"),
    ("PER", "", "1:c2 3:c2 5:c2 7:c2"),
    ("DMG", "", "1:c3 3:c1"),
    ("REF", "", "1:c3"),
    ("REF", "1=HPI", "2:npi"),
    ("REF", "1=2U", "2:payer"),
    ("SBR", "", "1:c1 2:c2 5:c3 9:c2"),
    ("PAT", "", "1:c2 9:c1"),
    ("INS", "", "1:c1 2:c2 3:c3 4:c2"),
    # The claim.
    ("CLM", "", "2:amount 5.1:c2 5.2-3:c1 6-10:c1 11.1-3:c3 11.4:state 11.5:c3 12:c3 20:c2"),
    ("DTP", f"1={_CARE_DATES}", "3:date"),
    ("DTP", "", "1-2:c3"),
    ("DTM", f"1={_CARE_DATES}", "2:date"),
    ("DTM", "", "1:c3"),
    ("CL1", "", "1-3:c2"),
    ("AMT", "", "1:c3 2:amount"),
    ("QTY", "", "1:c3 2:amount"),
    ("CN1", "", "1:c2 2-3:amount"),
    ("PWK", "", "1-2:c2 5:c2"),
    ("NTE", "", "1:c3"),
    ("CRC", "", "1:c2 2:c1 3-7:c3"),
    ("CR1", "", "3-4:c1"),
    ("HI", "", "1-12.1-9:health"),
    ("HCP", "", "1:c2 2-3:amount 5:amount 7:amount 11:c2 12:amount 13-15:c2"),
    ("DN2", "", "1-2:c2"),
    ("OI", "", "3-4:c1 6:c1"),
    ("MIA", "", "1-4:amount 5:remark 6-19:amount 20-23:remark 24:amount"),
    ("MOA", "", "1-2:amount 3-7:remark 8-9:amount"),
    # Its lines.
    ("LX", "", "1:count"),
    ("SV1", "", _SERVICE.format(1) + " 2:amount 3:c2 4:amount 5:c2 7.1-4:count 9:c1 11-12:c1 15:c1"),
    ("SV2", "", _SERVICE.format(2) + " 1:c4 3:amount 4:c2 5:amount 7:amount"),
    ("SV3", "", _SERVICE.format(1) + " 2:amount 3:c2 4.1-5:c3 5:c1 6:amount 11.1-4:count"),
    ("SV5", "", _SERVICE.format(1) + " 2:c2 3-5:amount 6:c1"),
    ("TOO", "", "1:c2 2:c2 3.1-5:c1"),
    ("LIN", "2=N4", "3:ndc"),
    ("LIN", "", "2:c2"),
    ("CTP", "", "4:amount 5.1:c2"),
    ("MEA", "", "1-2:c3 3:amount"),
    ("LQ", "", "1:c3 2:c6"),
    ("FRM", "", "1:c5 2:c1"),
    ("SVD", "", "1:payer 2:amount " + _SERVICE.format(3) + " 5-6:amount"),
    ("CAS", "", ("1:c2 2:c5 3-4:amount 5:c5 6-7:amount 8:c5 9-10:amount 11:c5 12-13:amount 14:c5 15-16:amount 17:c5 "
                "18-19:amount")),
    # The payment.
    ("BPR", "", "1:c1 2:amount 3:c1 4-5:c3 16:date"),
    ("TRN", "", "1:c2"),
    ("TS3", "", "1:npi 2:c2 3:date 4-24:amount"),
    ("TS2", "", "1-19:amount"),
    ("CLP", "", "2:c2 3-5:amount 6:c2 8:c2 9:c1 11:c4 12-13:amount"),
    ("SVC", "", _SERVICE.format(1) + " 2-3:amount 4:c4 5:amount " + _SERVICE.format(6) + " 7:amount"),
    ("PLB", "", ("1:npi 2:date 3.1:c2 4:amount 5.1:c2 6:amount 7.1:c2 8:amount 9.1:c2 10:amount 11.1:c2 12:amount "
                "13.1:c2 14:amount")),
    # The answers.
    ("STC", "", ("1.1:c3 1.2:c4 1.3:c3 2:date 3:c2 4-5:amount 6:date 8:date 10.1:c3 10.2:c4 10.3:c3 11.1:c3 11.2:c4 "
                "11.3:c3")),
    ("AK1", "", "1:c2 2:control 3:guide"),
    ("AK2", "", "1:c3 2:control 3:guide"),
    ("AK3", "", "1:c3 2:count 3:c6 4-8:c3"),
    ("IK3", "", "1:c3 2:count 3:c6 4-8:c3"),
    ("AK4", "", "1.1-3:count 2:c4 3:c3"),
    ("IK4", "", "1.1-3:count 2:c4 3:c3"),
    ("CTX", "", "2:c3 3:count 4:c6 5.1-3:count"),
    ("AK5", "", "1:c1 2-6:c3"),
    ("IK5", "", "1:c1 2-6:c3"),
    ("AK9", "", "1:c1 2-4:count 5-9:c3"),
    ("EQ", "", "1:c2 " + _SERVICE.format(2) + " 3:c3 4:c3"),
    ("EB", "", "1:c2 2:c3 3:c2 4:c3 6:c2 7-8:amount 9:c2 10:amount 11-12:c1 " + _SERVICE.format(13)),
    ("AAA", "", "1:c1 2:c2 3:c2 4:c1"),
    ("UM", "", "1:c2 2:c1 3:c2 4.1-2:c2 6:c3"),
    ("HCR", "", "1:c2 3:c3"),
    ("LS", "", "1:c4"),
    ("LE", "", "1:c4"),
)  # fmt: skip

_Place = tuple[int, int]  # element and component; component 0 is the element as a whole


@dataclass(frozen=True)
class _Rule:
    needs: tuple[tuple[int, frozenset[str]], ...]
    shows: dict[_Place, re.Pattern[str]]

    def applies(self, elements: list[str]) -> bool:
        return all(n < len(elements) and elements[n] in values for n, values in self.needs)


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _places(text: str) -> Iterator[_Place]:
    element, _, component = text.partition(".")
    for n in _range(element):
        for m in _range(component) if component else (0,):
            yield n, m


def _parse() -> dict[str, list[_Rule]]:
    rules: dict[str, list[_Rule]] = {}
    for segment, needs, shows in _RULES:
        conditions = [need.split("=") for need in needs.split()]
        parsed = tuple((int(n), frozenset(values.split("|"))) for n, values in conditions)
        forms = [show.split(":") for show in shows.split()]
        shown = {place: _COMPILED[form] for where, form in forms for place in _places(where)}
        rules.setdefault(segment, []).append(_Rule(parsed, shown))
    return rules


_BY_SEGMENT = _parse()


@dataclass(frozen=True)
class Delimiters:
    """The separators of the interchange that a segment comes from; None where it has none."""

    element: str
    component: str | None
    repetition: str | None


def mask(text: str, delimiters: Delimiters) -> str:
    """A segment's text (without its terminator) with every element hidden that is not known to be safe.

    Separators and empty elements stay, so that positions can be counted; how long a hidden value is does not show.
    """
    elements = text.split(delimiters.element)
    rules = _BY_SEGMENT.get(elements[0])
    if rules is None:
        name = elements[0] if re.fullmatch(r"[A-Z][A-Z0-9]{1,2}", elements[0]) else MASK
        hidden = [_masked(value, delimiters, n, {}) for n, value in enumerate(elements[1:], 1)]
        return delimiters.element.join([name, *hidden])
    shown: dict[_Place, re.Pattern[str]] = {}
    for rule in rules:
        if rule.applies(elements):
            shown |= rule.shows
    out = [elements[0], *(_masked(value, delimiters, n, shown) for n, value in enumerate(elements[1:], 1))]
    return delimiters.element.join(out)


def _masked(value: str, delimiters: Delimiters, element: int, shown: dict[_Place, re.Pattern[str]]) -> str:
    def one(text: str, component: int) -> str:
        form = shown.get((element, component)) or (shown.get((element, 0)) if component == 1 and is_alone else None)
        return text if not text or (form is not None and form.fullmatch(text)) else MASK

    repeated = value.split(delimiters.repetition) if delimiters.repetition else [value]
    out = []
    for repetition in repeated:
        parts = repetition.split(delimiters.component) if delimiters.component else [repetition]
        is_alone = len(parts) == 1
        masked = [one(part, m) for m, part in enumerate(parts, 1)]
        out.append((delimiters.component or "").join(masked))
    return (delimiters.repetition or "").join(out)
