"""What the guides require of claims and remittances: 837P, 837I, 837D and 835, in 005010 and, where the same, 004010.

Belongs here: which segment a loop must hold, and which elements a segment must hold, as tables. Does not belong here:
what `checks` finds already (claims without an identifier, a charge, a payer, a diagnosis or lines), the sets that
carry no claim (`required`), code values.

Sources: the implementation guides 005010X222A1, X223A2, X224A2 and X221A1 and their 004010 forerunners. A situational
segment or element is asked for only where the guide's condition can be seen in the set itself.

Each rule is first asked of all segments of its name, and only of what is absent then whether kind, version, loop and
party are the rule's: in a good file that is next to nothing. Costs about 5 % of reading.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from claims.interchange.x12 import loops
from claims.interchange.x12.columns import first_of
from claims.interchange.x12.envelope import KIND
from claims.interchange.x12.findings import Findings
from claims.interchange.x12.loops import Context
from claims.interchange.x12.tokens import Flags, Index, pack

_P, _I, _D, _R = "837P", "837I", "837D", "835"
_CLAIMS = f"{_P} {_I} {_D}"
_NEW = "005010"
_BY_LOOP, _BY_LEVEL, _BY_OTHER = "loop", "level", "other"
_OWN_CASE = "own case"
IS_MARK = np.zeros(256, np.bool_)
"""By byte: whether it may be meant as a mark between the parts of a composite."""
IS_MARK[list(b":><|^\\!;&@#$%+=?")] = True


class Part(NamedTuple):
    """`head` (under one of `roles`, in one of `sections`) must be followed by one of `needs` before the next loop
    opens, or has finding `code`; with `by`, anywhere in its level or 2320.

    `qualifiers`: element 1 of what is needed. `version`: of the guide, all where empty. `when`: the guide's condition.
    """

    code: str
    kinds: str
    head: str
    sections: tuple[int, ...]
    roles: str
    needs: str
    qualifiers: str = ""
    version: str = ""
    by: str = _BY_LOOP
    when: str = ""


class Elements(NamedTuple):
    """`segment` must hold each of `elements`, or has X12-ELEMENT-MISSING there; X12-ELEMENT-PAIR for what goes
    together.

    "3" element 3; "2|3" one of them; "8+9" both or none; "5>6|7" with 5 also one of 6 and 7; "!4>2" without 4, 2.
    "5.2" part 2 of a composite, wherever the composite is there. `where`: only segments whose element has one of these
    values ("2=1").
    """

    kinds: str
    segment: str
    elements: str
    sections: tuple[int, ...] = ()
    roles: str = ""
    version: str = ""
    where: str = ""


_OTHER_PROVIDERS = "DN P3 82 77 DQ 85 71 72 ZZ DD"

PARTS: tuple[Part, ...] = (
    Part("X12-CONTACT-MISSING", _CLAIMS, "NM1", (loops.ENVELOPE,), "41", "PER"),
    Part("X12-ADDRESS-MISSING", _CLAIMS, "NM1", (loops.BILLING,), "85 87 PE", "N3"),
    Part("X12-CITY-MISSING", _CLAIMS, "NM1", (loops.BILLING,), "85 87 PE", "N4"),
    Part("X12-TAX-ID-MISSING", _CLAIMS, "NM1", (loops.BILLING,), "85", "REF", "EI SY", _NEW),
    Part("X12-TAX-ID-MISSING", _CLAIMS, "NM1", (loops.BILLING,), "PE", "REF", "EI", _NEW),
    Part("X12-MEMBER-MISSING", _CLAIMS, "HL", (loops.SUBSCRIBER,), "", "NM1", "IL", by=_BY_LEVEL),
    Part("X12-ADDRESS-MISSING", _CLAIMS, "NM1", (loops.SUBSCRIBER,), "IL", "N3", version=_NEW, when=_OWN_CASE),
    Part("X12-CITY-MISSING", _CLAIMS, "NM1", (loops.SUBSCRIBER,), "IL", "N4", version=_NEW, when=_OWN_CASE),
    Part("X12-DEMOGRAPHICS-MISSING", _CLAIMS, "NM1", (loops.SUBSCRIBER,), "IL", "DMG", version=_NEW, when=_OWN_CASE),
    Part("X12-RELATIONSHIP-MISSING", _CLAIMS, "HL", (loops.DEPENDENT,), "", "PAT"),
    Part("X12-PATIENT-MISSING", _CLAIMS, "HL", (loops.DEPENDENT,), "", "NM1", "QC", by=_BY_LEVEL),
    Part("X12-ADDRESS-MISSING", _CLAIMS, "NM1", (loops.DEPENDENT,), "QC", "N3"),
    Part("X12-CITY-MISSING", _CLAIMS, "NM1", (loops.DEPENDENT,), "QC", "N4"),
    Part("X12-DEMOGRAPHICS-MISSING", _CLAIMS, "NM1", (loops.DEPENDENT,), "QC", "DMG"),
    Part("X12-CL1-MISSING", _I, "CLM", (loops.CLAIM,), "", "CL1", version=_NEW),
    Part("X12-ADDRESS-MISSING", _CLAIMS, "NM1", (loops.CLAIM,), "77 PW 45", "N3", version=_NEW),
    Part("X12-CITY-MISSING", _CLAIMS, "NM1", (loops.CLAIM,), "77 PW 45", "N4", version=_NEW),
    Part("X12-ADDRESS-MISSING", _CLAIMS, "NM1", (loops.LINE,), "77 PW 45", "N3", version=_NEW),
    Part("X12-CITY-MISSING", _CLAIMS, "NM1", (loops.LINE,), "77 PW 45", "N4", version=_NEW),
    Part("X12-OTHER-COVERAGE-MISSING", _CLAIMS, "SBR", (loops.OTHER_PAYER,), "", "OI"),
    Part("X12-OTHER-MEMBER-MISSING", _CLAIMS, "SBR", (loops.OTHER_PAYER,), "", "NM1", "IL", by=_BY_OTHER),
    Part("X12-OTHER-PAYER-MISSING", _CLAIMS, "SBR", (loops.OTHER_PAYER,), "", "NM1", "PR", by=_BY_OTHER),
    Part("X12-OTHER-ID-MISSING", _CLAIMS, "NM1", (loops.OTHER_PAYER,), _OTHER_PROVIDERS, "REF"),
    Part("X12-DRUG-QUANTITY-MISSING", f"{_P} {_I}", "LIN", (loops.DRUG,), "", "CTP", version=_NEW),
    Part("X12-ADJUDICATION-DATE-MISSING", _P, "SVD", (loops.ADJUDICATION,), "", "DTP", "573"),
    Part("X12-ADJUDICATION-DATE-MISSING", f"{_I} {_D}", "SVD", (loops.ADJUDICATION,), "", "DTP", "573", _NEW),
    Part("X12-FORM-ANSWER-MISSING", _P, "LQ", (loops.FORM,), "", "FRM"),
    Part("X12-ADDRESS-MISSING", _R, "N1", (loops.PARTY,), "PR", "N3"),
    Part("X12-CITY-MISSING", _R, "N1", (loops.PARTY,), "PR", "N4"),
    Part("X12-CONTACT-MISSING", _R, "N1", (loops.PARTY,), "PR", "PER", "BL", _NEW),
    Part("X12-PATIENT-MISSING", _R, "CLP", (loops.REMIT_CLAIM,), "", "NM1", "QC"),
)

_PERSONS = "DN P3 82 77 DQ 71 72 ZZ DD DK"
_PARTIES = (loops.CLAIM, loops.LINE)
_TRIPLES = "1 2 3 5>6|7 6>5 7>5 8>9|10 9>8 10>8 11>12|13 12>11 13>11 14>15|16 15>14 16>14 17>18|19 18>17 19>17"

ELEMENTS: tuple[Elements, ...] = (
    Elements(_CLAIMS, "BHT", "1 2 3 4 5 6"),
    Elements(_CLAIMS, "HL", "3 4"),
    Elements(_CLAIMS, "HL", "2", (loops.SUBSCRIBER, loops.DEPENDENT)),
    Elements(f"{_CLAIMS} {_R}", "NM1", "1 2 8+9"),
    Elements(_CLAIMS, "NM1", "3 8 9", (loops.ENVELOPE,)),
    Elements(_CLAIMS, "NM1", "3", (loops.BILLING,), "85 PE"),
    Elements(_CLAIMS, "NM1", "8 9", (loops.BILLING,), "PE", version=_NEW),
    Elements(_CLAIMS, "NM1", "3", (loops.SUBSCRIBER, loops.DEPENDENT), "IL PR QC"),
    Elements(_CLAIMS, "NM1", "8 9", (loops.SUBSCRIBER,), "PR"),
    Elements(_CLAIMS, "NM1", "8 9", (loops.SUBSCRIBER,), "IL", version=_NEW, where="2=1"),
    Elements(_CLAIMS, "NM1", "3 8 9", (loops.OTHER_PAYER,), "IL PR"),
    Elements(_CLAIMS, "NM1", "3", _PARTIES, _PERSONS, version=_NEW),
    Elements(_R, "NM1", "3", (), "TT PR"),
    Elements(_CLAIMS, "SBR", "1 2", (loops.OTHER_PAYER,)),
    Elements(_CLAIMS, "PAT", "5+6 7+8"),
    Elements(_CLAIMS, "PAT", "1", (loops.DEPENDENT,)),
    Elements(_CLAIMS, "PRV", "1 2 3"),
    Elements(_CLAIMS, "CUR", "1 2"),
    Elements(f"{_CLAIMS} {_R}", "N3", "1"),
    Elements(f"{_CLAIMS} {_R}", "N4", "1 !4>2 !4>3"),
    Elements(f"{_CLAIMS} {_R}", "REF", "1 2"),
    Elements(_CLAIMS, "PER", "1 3 4 5+6 7+8"),
    Elements(_CLAIMS, "DMG", "1 2 3", (loops.SUBSCRIBER, loops.DEPENDENT)),
    Elements(_CLAIMS, "DTP", "1 2 3"),
    Elements(_CLAIMS, "CLM", "5 5.1 5.3 8 9"),
    Elements(_CLAIMS, "CLM", "5.2", version=_NEW),
    Elements(f"{_P} {_D}", "CLM", "6 11.1"),
    Elements(f"{_P} {_I} {_D}", "CLM", "7", version=_NEW),
    Elements(_I, "CL1", "1 3", version=_NEW),
    Elements(_CLAIMS, "PWK", "1 2 5+6"),
    Elements(_CLAIMS, "CN1", "1"),
    Elements(_CLAIMS, "K3", "1"),
    Elements(_CLAIMS, "NTE", "2"),
    Elements(_I, "NTE", "1", (loops.CLAIM,)),
    Elements(_P, "CR1", "1+2 4 5 6"),
    Elements(_P, "CR2", "8", version=_NEW),
    Elements(_P, "CR3", "1 2 3"),
    Elements(_CLAIMS, "CRC", "1 2 3"),
    Elements(_CLAIMS, "HI", "1 1.1 1.2"),
    Elements(_CLAIMS, "HCP", "1 2"),
    Elements(f"{_CLAIMS} {_R}", "AMT", "1 2"),
    Elements(f"{_CLAIMS} {_R}", "QTY", "1 2"),
    Elements(f"{_CLAIMS} {_R}", "CAS", _TRIPLES),
    Elements(_CLAIMS, "OI", "3 6"),
    Elements(f"{_CLAIMS} {_R}", "MIA", "1"),
    Elements(f"{_CLAIMS} {_R}", "LX", "1"),
    Elements(_P, "SV1", "1.1 3 4"),
    Elements(_P, "SV1", "7 7.1", version=_NEW),
    Elements(_I, "SV2", "2.1 2.2 4 5"),
    Elements(_D, "SV3", "1.1"),
    Elements(_P, "SV5", "1 1.1 1.2 2 3"),
    Elements(_CLAIMS, "MEA", "1 2 3"),
    Elements(_CLAIMS, "PS1", "1 2"),
    Elements(_CLAIMS, "LIN", "2 3"),
    Elements(_CLAIMS, "CTP", "4 5 5.1", version=_NEW),
    Elements(_CLAIMS, "SVD", "1 2 5"),
    Elements(f"{_P} {_D}", "SVD", "3 3.1 3.2"),
    Elements(_I, "SVD", "3.1 3.2 4"),
    Elements(_P, "FRM", "1 2|3|4|5"),
    Elements(f"{_P} {_R}", "LQ", "1 2"),
    Elements(_R, "BPR", "1 2 3 4 16 6+7 8+9 12+13 14+15"),
    Elements(_R, "TRN", "1 3"),
    Elements(_R, "CUR", "1 2"),
    Elements(_R, "DTM", "1 2"),
    Elements(_R, "N1", "1 3+4"),
    Elements(_R, "N1", "3 4", (), "PE"),
    Elements(_R, "PER", "1 3+4 5+6 7+8"),
    Elements(_R, "RDM", "1"),
    Elements(_R, "TS3", "1 2 3 4 5"),
    Elements(_R, "CLP", "6"),
    Elements(_R, "SVC", "1 1.1 1.2"),
    Elements(_R, "PLB", "1 2 3 3.1 4 5+6 7+8 9+10 11+12 13+14"),
)


def check_required_claims(context: Context, findings: Findings) -> None:
    """Findings for what is missing in claims and remittances. Costs nothing where no such set is read."""
    envelope = context.envelope
    kinds = frozenset(envelope.kind[~envelope.broken].tolist()) & _READ
    if kinds:
        _Claims(context, findings, kinds).check()


class _Need(NamedTuple):
    """One word of `Elements.elements`: any of `choices` (element, part or 0), where `given` holds or lacks."""

    choices: tuple[tuple[int, int], ...]
    given: tuple[int, int] | None = None
    lacks: bool = False
    code: str = "X12-ELEMENT-MISSING"


class _Claims:
    def __init__(self, context: Context, findings: Findings, kinds: frozenset[int]) -> None:
        self.context = context
        self.findings = findings
        self.kinds = kinds
        self._places: dict[str, tuple[Index, Index, int]] = {}
        self._absent: dict[tuple[str, int], Index] = {}
        self._heads: dict[tuple[str, tuple[int, ...], str], Index] = {}
        self._followed: dict[tuple[str, tuple[int, ...], str, str], Flags] = {}
        tokens = context.tokens
        self.is_new = self._are_new()
        marks = [region.delimiters.component or 0 for region in tokens.regions]
        self.marks = np.array(marks, np.uint8)
        self.mark = marks[0] if len(set(marks)) == 1 else None

    def _are_new(self) -> Flags:
        """By set: whether its guide is of 005010, by GS08, or by ISA12 where that names none; at the end one more."""
        tokens, envelope = self.context.tokens, self.context.envelope
        words = tokens.windows[tokens.element(envelope.tx_gs, 8).start] & np.uint64((1 << 48) - 1)
        is_old, is_new = (words == pack(guide) for guide in ("004010", "005010"))
        by_head = tokens.packed(tokens.element(envelope.tx_isa, 12)) == pack("00501")
        return np.append(is_new | (by_head & ~is_old), False)

    def check(self) -> None:
        """All rules."""
        for part in PARTS:
            if self.kinds & _numbers(part.kinds):
                self._part(part)
        for rule in ELEMENTS:
            if self.kinds & _numbers(rule.kinds) and len(self.context.of(rule.segment)):
                for need in _needs(rule.elements):
                    self._need(rule, need)

    # -- segments -----------------------------------------------------------------------------------------------------

    def _part(self, part: Part) -> None:
        head = self._head(part)
        if not len(head):
            return
        row = self._rows(part.by)
        lost = head[~self._held(part).take(row.take(head))]
        if not len(lost):
            return
        lost = self._of_rule(lost, part.kinds, part.version)
        if part.when == _OWN_CASE:
            lost = lost[self._is_patient(lost)]
        self.findings.add(part.code, lost)

    def _head(self, part: Part) -> Index:
        key = part.head, part.sections, part.roles
        known = self._heads.get(key)
        if known is None:
            known = self.context.of(part.head, *part.sections)
            if part.roles and len(known):
                known = known[_among(self.context.role.take(known), part.roles)]
            self._heads[key] = known
        return known

    def _held(self, part: Part) -> Flags:
        """By row: whether what the rule needs is there; one more entry than rows, for what stands before the first."""
        sections = part.sections if part.qualifiers else ()
        key = part.needs, sections, part.qualifiers, part.by
        known = self._followed.get(key)
        if known is None:
            row = self._rows(part.by)
            needed = self.context.of(part.needs, *sections)
            if part.qualifiers:
                needed = needed[_among(self.context.tokens.qualifier.take(needed), part.qualifiers)]
            known = np.zeros(int(row.max(initial=0)) + 2, np.bool_)
            known[row.take(needed)] = True
            self._followed[key] = known
        return known

    def _rows(self, by: str) -> Index:
        context = self.context
        return context.opener if by == _BY_LOOP else context.level if by == _BY_LEVEL else context.other

    def _is_patient(self, member: Index) -> Flags:
        """Whether the subscriber of each NM1*IL is the patient (SBR02 = 18)."""
        context = self.context
        sbr = context.of("SBR", loops.SUBSCRIBER)
        own = first_of(context.level[sbr], sbr, len(context.level_at))[context.level[member]]
        words = context.tokens.packed(context.tokens.element(own, 2))
        out: Flags = (own >= 0) & (words == pack("18"))
        return out

    # -- elements -----------------------------------------------------------------------------------------------------

    def _need(self, rule: Elements, need: _Need) -> None:
        first, part = need.choices[0]
        if need.given is not None and not need.lacks and self._place(rule.segment)[2] <= need.given[0]:
            return
        lost = self._partless(rule.segment, first, part) if part else self._lacking(rule.segment, first)
        for choice in need.choices[1:]:
            lost = lost[~self._holds(lost, *choice)]
        if need.given is not None and len(lost):
            lost = lost[self._holds(lost, *need.given) != need.lacks]
        if not len(lost):
            return
        context = self.context
        if rule.sections:
            lost = lost[np.isin(context.section[lost], rule.sections)]
        if rule.roles:
            lost = lost[_among(context.role[lost], rule.roles)]
        lost = self._of_rule(lost, rule.kinds, rule.version)
        if rule.where and len(lost):
            element, _, values = rule.where.partition("=")
            lost = lost[_among(context.tokens.packed(context.tokens.element(lost, int(element))), values)]
        self.findings.add(need.code, lost, first, part or None)

    def _place(self, name: str) -> tuple[Index, Index, int]:
        """First token and size of each segment `name`, and the largest size."""
        known = self._places.get(name)
        if known is None:
            tokens, found = self.context.tokens, self.context.of(name)
            size = tokens.size.take(found)
            known = self._places[name] = tokens.first.take(found), size, int(size.max(initial=0))
        return known

    def _lacking(self, name: str, element: int) -> Index:
        """The segments `name` without this element."""
        known = self._absent.get((name, element))
        if known is None:
            first, size, _ = self._place(name)
            there = self.context.tokens.filled.take(first + np.int32(element), mode="clip")
            # Past the last token of a segment stands one of the next.
            there &= size > element
            known = self._absent[name, element] = self.context.of(name)[~there]
        return known

    def _partless(self, name: str, element: int, part: int) -> Index:
        """The segments `name` whose composite is there and lacks this part."""
        tokens = self.context.tokens
        unsure = self._unsure(name, element, part)
        if not len(unsure):
            return unsure
        lost = ~self._holds(unsure, element, part)
        # By another mark than that of ISA16 the parts are unknown, which is a finding of its own.
        spans = tokens.element(unsure, element)
        for place in (1, 2, 3) if part > 1 else ():
            byte = tokens.bytes[np.minimum(spans.start + place, spans.end)]
            lost &= (byte == self._mark(unsure)) | ~IS_MARK[byte] | (spans.start + place >= spans.end)
        return unsure[lost]

    def _unsure(self, name: str, element: int, part: int) -> Index:
        """Segments `name` with this composite, less those whose part is easily seen to be there: a first one, a second
        one after up to three characters, a third one after two and one, as in CLM05.
        """
        found = self.context.of(name)
        tokens = self.context.tokens
        spans = tokens.element(found, element)
        mark, width = self._mark(found), spans.end - spans.start
        at = tokens.windows[spans.start].view(np.uint8).reshape(-1, 8)
        seen: Flags = at[:, 0] != mark
        if part == 2:
            one, two, three, four = (at[:, place] == mark for place in (1, 2, 3, 4))
            seen &= (
                (one & ~two & (width > 2))
                | (two & ~one & ~three & (width > 3))
                | (three & ~one & ~two & ~four & (width > 4))
            )
        elif part == 3:
            seen &= (at[:, 2] == mark) & (at[:, 4] == mark) & (at[:, 5] != mark) & (width > 5)
            seen &= (at[:, 1] != mark) & (at[:, 3] != mark)
        return found[~seen & (width > 0)]

    def _mark(self, found: Index) -> Index | int:
        """The component separator around each segment; 0 where its interchange has none."""
        if self.mark is not None:
            return self.mark
        out: Index = self.marks.take(self.context.tokens.region.take(found))
        return out

    def _holds(self, segment: Index, element: int, part: int) -> Flags:
        tokens = self.context.tokens
        spans = tokens.element(segment, element)
        if part:
            spans = tokens.components(spans, part)[part - 1]
        out: Flags = spans.end > spans.start
        return out

    def _of_rule(self, segment: Index, kinds: str, version: str) -> Index:
        """Those of `segment` in sets of `kinds`, in interchanges of `version`."""
        context = self.context
        segment = segment[np.isin(context.kind[segment], list(_numbers(kinds)))]
        if version:
            segment = segment[self.is_new[context.envelope.transaction[segment]]]
        return segment


@cache
def _numbers(kinds: str) -> frozenset[int]:
    return frozenset(KIND[name] for name in kinds.split())


_READ = _numbers(f"{_CLAIMS} {_R}")


@cache
def _needs(elements: str) -> tuple[_Need, ...]:
    """The words of `Elements.elements`."""
    out = []
    for word in elements.split():
        given, is_if, wanted = word.rpartition(">")
        if "+" in word:
            one, other = (_place(side) for side in word.split("+"))
            out.append(_Need((one,), other, code="X12-ELEMENT-PAIR"))
            out.append(_Need((other,), one, code="X12-ELEMENT-PAIR"))
        elif is_if and given.startswith("!"):
            out.append(_Need(_places(wanted), _place(given[1:]), lacks=True))
        elif is_if:
            out.append(_Need(_places(wanted), _place(given), code="X12-ELEMENT-PAIR"))
        else:
            out.append(_Need(_places(wanted)))
    return tuple(out)


def _places(choices: str) -> tuple[tuple[int, int], ...]:
    return tuple(_place(choice) for choice in choices.split("|"))


def _place(text: str) -> tuple[int, int]:
    element, _, part = text.partition(".")
    return int(element), int(part or 0)


def _among(words: Index, codes: str) -> Flags:
    packed = [pack(code) for code in codes.split()]
    out: Flags = words == packed[0]
    for word in packed[1:]:
        out |= words == word
    return out
