"""Where each segment stands: loop, claim, service line, other payer. Resolved for all segments at once.

Belongs here: the rules of the implementation guides that say which segment opens which loop. Does not belong here:
element values other than the qualifiers that decide a loop.

Loops are pre-order in X12, so the loop of a segment is the loop of the last opener before it. Openers are a sparse
array; what they decide is spread to the segments between them with `np.repeat`.
"""

from functools import cached_property

import numpy as np

from claims.interchange.x12.envelope import CLAIM_KINDS, KIND, KINDS, Envelope
from claims.interchange.x12.tokens import ABSENT, CODE, SEGMENT_IDS, Bytes, Flags, Index, Ints, Tokens, pack

# Sections: what a segment belongs to, coarser than a loop (a role tells whose NM1 or N1 it stands under).
(
    ENVELOPE, BILLING, SUBSCRIBER, DEPENDENT, LEVEL, CLAIM, OTHER_PAYER, LINE, DRUG, ADJUDICATION, FORM,
    PARTY, HEADER_NUMBER, REMIT_CLAIM, REMIT_LINE, PROVIDER_LEVEL,
    HIERARCHY, TRACE, STATUS_LINE, BENEFIT, ANSWER, ANSWER_SEGMENT, ANSWER_ELEMENT,
) = range(23)  # fmt: skip

_PROFESSIONAL, _INSTITUTIONAL, _DENTAL = (1 << KIND[k] for k in ("837P", "837I", "837D"))
_ALL = _PROFESSIONAL | _INSTITUTIONAL | _DENTAL


def _each(section: int, kinds: int, loop: str, parties: str) -> list[tuple[int, int, str, str]]:
    """`parties` as "NM101:letter of the loop"."""
    pairs = (party.split(":") for party in parties.split())
    return [(section, kinds, qualifier, loop + letter) for qualifier, letter in pairs]


# (section, NM101) -> loop, by kind of 837. 005010 names; where 004010 uses another letter for the same party, the
# party decides.
_NM1_LOOPS: tuple[tuple[int, int, str, str], ...] = (
    (ENVELOPE, _ALL, "41", "1000A"),
    (ENVELOPE, _ALL, "40", "1000B"),
    (BILLING, _ALL, "85", "2010AA"),
    (BILLING, _ALL, "87", "2010AB"),
    (BILLING, _ALL, "PE", "2010AC"),
    (SUBSCRIBER, _ALL, "IL", "2010BA"),
    (SUBSCRIBER, _ALL, "PR", "2010BB"),
    (SUBSCRIBER, _ALL, "QD", "2010BD"),
    (DEPENDENT, _ALL, "QC", "2010CA"),
    *_each(CLAIM, _PROFESSIONAL, "2310", "DN:A P3:A 82:B 77:C FA:C LI:C TL:C QB:C DQ:D PW:E 45:F"),
    *_each(CLAIM, _INSTITUTIONAL, "2310", "71:A 72:B 73:C ZZ:C 82:D 77:E FA:E DN:F"),
    *_each(CLAIM, _DENTAL, "2310", "DN:A P3:A 82:B 77:C FA:C DD:D DQ:E"),
    *_each(OTHER_PAYER, _ALL, "2330", "IL:A PR:B"),
    *_each(OTHER_PAYER, _PROFESSIONAL, "2330", "DN:C P3:C 82:D 77:E DQ:F 85:G"),
    *_each(OTHER_PAYER, _INSTITUTIONAL, "2330", "71:C 72:D ZZ:E 77:F 82:G DN:H 85:I"),
    *_each(OTHER_PAYER, _DENTAL, "2330", "DN:C P3:C 82:D DQ:E 85:F 77:G DD:H"),
    *_each(LINE, _PROFESSIONAL, "2420", "82:A QB:B 77:C DQ:D DK:E DN:F P3:F PW:G 45:H"),
    *_each(LINE, _INSTITUTIONAL, "2420", "72:A ZZ:B 82:C DN:D"),
    *_each(LINE, _DENTAL, "2420", "82:A DD:B DQ:C 77:D"),
)

_SECTION_LOOPS = {
    BILLING: "2000A", SUBSCRIBER: "2000B", DEPENDENT: "2000C", LEVEL: "2000", CLAIM: "2300", OTHER_PAYER: "2320",
    LINE: "2400", DRUG: "2410", ADJUDICATION: "2430", FORM: "2440", HEADER_NUMBER: "2000", REMIT_CLAIM: "2100",
    REMIT_LINE: "2110", PROVIDER_LEVEL: "PLB", ANSWER: "2000", ANSWER_SEGMENT: "2100", ANSWER_ELEMENT: "2110",
}  # fmt: skip
_UNNAMED = {CLAIM: "2310", OTHER_PAYER: "2330", LINE: "2420", BILLING: "2010A", SUBSCRIBER: "2010B", DEPENDENT: "2010C"}

# Sets that are nothing but a hierarchy: the letter of each level (HL03), and the loop number that each opener takes.
_STATUS_LETTERS = {"20": "A", "21": "B", "19": "C", "22": "D", "PT": "D", "23": "E"}
_BENEFIT_LETTERS = {"20": "A", "21": "B", "22": "C", "23": "D"}
_REVIEW_LETTERS = {"20": "A", "21": "B", "22": "C", "23": "D", "EV": "E", "SS": "F"}
_HIERARCHIES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "277CA": (_STATUS_LETTERS, {"HL": "2000", "NM1": "2100", "TRN": "2200", "SVC": "2220"}),
    "277": (_STATUS_LETTERS, {"HL": "2000", "NM1": "2100", "TRN": "2200", "SVC": "2220"}),
    "276": (_STATUS_LETTERS, {"HL": "2000", "NM1": "2100", "TRN": "2200", "SVC": "2210"}),
    "270": (_BENEFIT_LETTERS, {"HL": "2000", "NM1": "2100", "EQ": "2110"}),
    "271": (_BENEFIT_LETTERS, {"HL": "2000", "NM1": "2100", "EB": "2110"}),
    "278": (_REVIEW_LETTERS, {"HL": "2000", "NM1": "2010"}),
}
_HIERARCHY_SECTION = {"HL": HIERARCHY, "NM1": HIERARCHY, "TRN": TRACE, "SVC": STATUS_LINE, "EQ": BENEFIT, "EB": BENEFIT}

LOOPS: tuple[str, ...] = (
    "",
    *sorted(
        {
            *_SECTION_LOOPS.values(),
            *_UNNAMED.values(),
            *(loop for *_, loop in _NM1_LOOPS),
            "1000A",
            "1000B",
            *(n + x for letters, numbers in _HIERARCHIES.values() for x in letters.values() for n in numbers.values()),
        }
    ),
)
LOOP = {name: number for number, name in enumerate(LOOPS)}

_SECTIONS = 23


def _tables() -> tuple[Bytes, Bytes]:
    by_section = np.zeros(_SECTIONS, np.uint8)
    for section, name in _SECTION_LOOPS.items():
        by_section[section] = LOOP[name]
    by_party = np.zeros((len(KINDS), _SECTIONS, 1 << 16), np.uint8)
    for section, name in _UNNAMED.items():
        by_party[:, section, :] = LOOP[name]
    for section, kinds, qualifier, name in _NM1_LOOPS:
        for kind in CLAIM_KINDS:
            if kinds >> kind & 1:
                by_party[kind, section, pack(qualifier)] = LOOP[name]
    return by_section, by_party


_LOOP_OF_SECTION, _LOOP_OF_PARTY = _tables()

_OPENS = np.zeros((len(KINDS), 256), np.bool_)
_ENVELOPE_CODES = [CODE[name] for name in ("ISA", "IEA", "GS", "GE", "ST", "SE", "TA1")]
_OPENS[:, _ENVELOPE_CODES] = True
for _kind in CLAIM_KINDS:
    _OPENS[_kind, [CODE[name] for name in ("HL", "CLM", "SBR", "LX", "NM1", "SVD", "LIN", "LQ")]] = True
_OPENS[KIND["835"], [CODE[name] for name in ("N1", "LX", "CLP", "SVC", "PLB")]] = True
for _name, (_, _numbers) in _HIERARCHIES.items():
    _OPENS[KIND[_name], [CODE[name] for name in _numbers]] = True
_ANSWER_SECTIONS = {
    "AK2": ANSWER, "AK3": ANSWER_SEGMENT, "IK3": ANSWER_SEGMENT, "AK4": ANSWER_ELEMENT, "IK4": ANSWER_ELEMENT,
    "AK5": ANSWER, "IK5": ANSWER, "AK9": ENVELOPE,
}  # fmt: skip
for _name in ("999", "997"):
    _OPENS[KIND[_name], [CODE[name] for name in _ANSWER_SECTIONS]] = True
_HIERARCHY_KINDS = tuple(KIND[name] for name in _HIERARCHIES)

_HL, _CLM, _SBR, _LX, _NM1, _SVD, _LIN, _LQ, _N1, _CLP, _SVC, _PLB = (
    CODE[name] for name in ("HL", "CLM", "SBR", "LX", "NM1", "SVD", "LIN", "LQ", "N1", "CLP", "SVC", "PLB")
)
_REMIT_SECTION = np.zeros(256, np.uint8)
_REMIT_SECTION[[_N1, _LX, _CLP, _SVC, _PLB]] = (PARTY, HEADER_NUMBER, REMIT_CLAIM, REMIT_LINE, PROVIDER_LEVEL)
_PLAIN_SECTION = np.zeros(256, np.uint8)
for _name, _section in {**_HIERARCHY_SECTION, **_ANSWER_SECTIONS}.items():
    _PLAIN_SECTION[CODE[_name]] = _section
_LEVEL_SECTION = {pack("20"): BILLING, pack("22"): SUBSCRIBER, pack("23"): DEPENDENT}


class Context:
    """Per segment: `kind` of its set (0 outside one that is read), `section`, `role` (packed NM101 or N101 of the party
    it stands under, 0 if none), `loop` (see `LOOPS`), `claim` (row among the CLM, or the CLP), `line` (row among the
    LX, or the SVC of an 835), `other` (row among the 2320 loops), `level` (row among the HL); -1 where there is none.
    """

    def __init__(self, tokens: Tokens, envelope: Envelope) -> None:
        self.tokens = tokens
        self.envelope = envelope
        self._found: dict[tuple[str, tuple[int, ...]], Index] = {}
        kinds = np.append(np.where(envelope.broken, 0, envelope.kind), 0).astype(np.uint8)
        self.kind: Bytes = kinds[envelope.transaction]
        code = tokens.code
        at = np.flatnonzero(_OPENS.ravel().take(self.kind.astype(np.intp) << 8 | code))
        what, kind = code[at], self.kind[at]
        section, role, opens = self._sections(at, what, kind)
        if not opens.all():
            at, what, kind, section, role = at[opens], what[opens], kind[opens], section[opens], role[opens]
        party = np.where(
            (what == _NM1) & (role < 1 << 16), _LOOP_OF_PARTY[kind, section, role & 0xFFFF], _LOOP_OF_SECTION[section]
        )
        is_n1 = what == _N1
        if is_n1.any():
            party = np.where(is_n1 & (role == pack("PR")), LOOP["1000A"], party)
            party = np.where(is_n1 & (role == pack("PE")), LOOP["1000B"], party)
        party = self._hierarchy_loops(at, what, kind, party)
        self._openers: Index = at
        counts = np.diff(np.append(at, tokens.count))
        self.section: Bytes = np.repeat(section, counts)
        self.role: Ints = np.repeat(role, counts)
        self.loop: Bytes = np.repeat(party.astype(np.uint8), counts)

        def rows(is_start: Flags, holds: Flags) -> Ints:
            row = np.cumsum(is_start, dtype=np.int32) - np.int32(1)
            out: Ints = np.repeat(np.where(holds, row, np.int32(-1)), counts)
            return out

        is_claim_section = (section >= CLAIM) & (section <= FORM)
        self.claim_at: Index = at[what == _CLM]
        self.line_at: Index = at[(what == _LX) & (section == LINE)]
        self.other_at: Index = at[(what == _SBR) & (section == OTHER_PAYER)]
        self.level_at: Index = at[what == _HL]
        self.remit_claim_at: Index = at[what == _CLP]
        self.remit_line_at: Index = at[(what == _SVC) & (section == REMIT_LINE)]
        is_remit = kind == KIND["835"]
        is_remit_claim = (section == REMIT_CLAIM) | (section == REMIT_LINE)
        claim = rows(what == _CLM, is_claim_section)
        line = rows((what == _LX) & (section == LINE), (section >= LINE) & (section <= FORM))
        if is_remit.any():
            claim = np.maximum(claim, rows(what == _CLP, is_remit_claim))
            line = np.maximum(line, rows((what == _SVC) & (section == REMIT_LINE), section == REMIT_LINE))
        self.claim: Ints = claim
        self.line: Ints = line
        self.other: Ints = rows((what == _SBR) & (section == OTHER_PAYER), section == OTHER_PAYER)
        has_level = ((section >= BILLING) & (section <= FORM)) | ((section >= HIERARCHY) & (section <= BENEFIT))
        self.level: Ints = rows(what == _HL, has_level)

    def _hierarchy_loops(self, at: Index, what: Bytes, kind: Bytes, loop: Index) -> Index:
        """Loops of the sets that are nothing but a hierarchy: the opener's number and the level's letter."""
        if not np.isin(kind, _HIERARCHY_KINDS).any():
            return loop
        place = np.arange(len(at))
        level = np.maximum.accumulate(np.where((what == _HL) | _IS_EDGE[what], place, 0))
        words = self.tokens.packed(self.tokens.element(at, 3))[level]
        for name, (letters, numbers) in _HIERARCHIES.items():
            here = (kind == KIND[name]) & (what[level] == _HL)
            for code, letter in letters.items():
                mine = here & (words == pack(code))
                for opener, number in numbers.items():
                    loop = np.where(mine & (what == CODE[opener]), LOOP[number + letter], loop)
        return loop

    def _sections(self, at: Index, what: Bytes, kind: Bytes) -> tuple[Bytes, Ints, Flags]:
        """Section and role of each opener, and which of them open something where they stand."""
        count = len(at)
        place = np.arange(count, dtype=np.int32)
        is_remit = kind == KIND["835"]
        is_837 = (kind >= CLAIM_KINDS[0]) & (kind <= CLAIM_KINDS[-1])
        section = np.zeros(count, np.uint8)
        role = np.zeros(count, np.int32)
        opens = np.ones(count, np.bool_)
        if is_remit.any():
            section = np.where(is_remit, _REMIT_SECTION[what], section)
            # An SVC without a CLP before it in its 2000 opens nothing.
            claim = np.maximum.accumulate(np.where(what == _CLP, place, -1))
            reset = np.maximum.accumulate(np.where(is_remit & (what != _CLP) & (what != _SVC), place, 0))
            opens = ~(is_remit & (what == _SVC) & (claim < reset))
        is_plain = (kind > KIND["835"]) & ~_IS_EDGE[what]
        if is_plain.any():
            section = np.where(is_plain, _PLAIN_SECTION[what], section)
        if is_837.any():
            is_level = is_837 & (what == _HL)
            levels = self.tokens.packed(self.tokens.element(at[is_level], 3))
            level_section = np.full(len(levels), LEVEL, np.uint8)
            for word, name in _LEVEL_SECTION.items():
                level_section[levels == word] = name
            section[is_level] = level_section
            reset = np.maximum.accumulate(np.where(is_level | ~is_837 | _IS_EDGE[what], place, 0))
            claim = np.maximum.accumulate(np.where(what == _CLM, place, 0))
            in_claim = is_837 & (claim > reset)
            line = np.maximum.accumulate(np.where((what == _LX) & in_claim, place, 0))
            in_line = in_claim & (line > claim)
            section[is_837 & (what == _CLM)] = CLAIM
            section[(what == _SBR) & in_claim & ~in_line] = OTHER_PAYER
            section[(what == _LX) & in_claim] = LINE
            section[(what == _LIN) & in_line] = DRUG
            section[(what == _SVD) & in_line] = ADJUDICATION
            section[(what == _LQ) & in_line] = FORM
            is_party = is_837 & (what == _NM1)
            # An opener out of its place (the SBR of 2000B, an LX without a claim) opens nothing.
            opens &= ~is_837 | (section > 0) | is_party | _IS_EDGE[what]
            opens &= ~(is_837 & (what == _CLM) & (claim < reset))
            # A party belongs to the section that stands open; 2410, 2430 and 2440 end where a 2420 begins.
            last = np.maximum.accumulate(np.where(opens & ~is_party, place, 0))
            around = section[last]
            around = np.where((around >= DRUG) & (around <= FORM), LINE, around).astype(np.uint8)
            section = np.where(is_party, around, section)
        named = np.flatnonzero((what == _NM1) | (what == _N1))
        words = self.tokens.qualifier[at[named]]
        role[named] = np.where(words < 1 << 24, words, 0).astype(np.int32)
        return section, role, opens

    def opener_after(self, segment: Index) -> Index:
        """The next segment that opens something, after each of `segment`; the segment count where there is none."""
        ends = np.append(self._openers, self.tokens.count)
        out: Index = ends[np.searchsorted(self._openers, segment, "right")]
        return out

    @cached_property
    def opener(self) -> Ints:
        """By segment: the row, among all that open something, of the one it stands under; -1 before the first."""
        at = self._openers
        counts = np.diff(np.concatenate(([0], at, [self.tokens.count])))
        out: Ints = np.repeat(np.arange(-1, len(at), dtype=np.int32), counts)
        return out

    def latest_level(self, *words: str) -> Index:
        """By row of HL: the row of the last HL of one of these levels (HL03) up to it in its set, itself included."""
        at = self.level_at
        place = np.arange(len(at))
        if not len(at):
            return place
        level = self.tokens.packed(self.tokens.element(at, 3))
        start = self.envelope.opens[self.envelope.transaction[at]]
        last = np.maximum.accumulate(np.where(np.isin(level, [pack(word) for word in words]), place, ABSENT))
        out: Index = np.where((last >= 0) & (at[last] > start), last, ABSENT)
        return out

    def prepare(self) -> None:
        """Build what is shared, before several threads ask for it."""
        self._by_code  # noqa: B018 - a cached property, read for its effect
        self.tokens.components(self.tokens.whole(np.zeros(0, np.int64)), 1)

    @cached_property
    def _by_code(self) -> tuple[Index, Index]:
        order = np.argsort(self.tokens.code, kind="stable")
        bounds = np.searchsorted(self.tokens.code[order], np.arange(len(SEGMENT_IDS) + 1))
        return order, bounds

    def of(self, name: str, *sections: int) -> Index:
        """Segments with identifier `name` in sets that are read, in order; of `sections` only, where any are given."""
        known = self._found.get((name, sections))
        if known is None:
            known = self._found[name, sections] = self._find(name, sections)
        return known

    def _find(self, name: str, sections: tuple[int, ...]) -> Index:
        order, bounds = self._by_code
        number = CODE[name]
        found = order[bounds[number] : bounds[number + 1]]
        if sections:
            here = self.section[found]
            keep = here == sections[0]
            for section in sections[1:]:
                keep |= here == section
            chosen: Index = found[keep]
            return chosen
        return found[self.kind[found] > 0]


_IS_EDGE = np.zeros(256, np.bool_)
_IS_EDGE[_ENVELOPE_CODES] = True
