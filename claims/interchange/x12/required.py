"""What the guides require of the sets that carry no claim: 270, 271, 276, 277, 277CA, 278, 997, 999, TA1.

Belongs here: which segment a stretch of segments must hold, and which elements a segment must hold, as tables. Does
not belong here: what claims and remittances must hold (`checks`), counts and control numbers (`envelope`).

Sources: the implementation guides 005010X279A1, X212, X214, X217, X231A1 and their 004010 forerunners. A situational
segment is asked for only where the guide's condition can be seen in the set itself.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from claims.interchange.x12.envelope import KIND
from claims.interchange.x12.findings import Findings
from claims.interchange.x12.loops import Context
from claims.interchange.x12.tokens import Flags, Index, pack


class _Segment(NamedTuple):
    """From each `head` up to the next of its `_ENDS`, one of `needs` must stand, or the head has finding `code`.

    `levels`: HL03 of the levels that the rule is about (all where empty). `qualifiers`: element 1 of what is needed,
    element 3 of an HL. `leaf`: only levels without a dependent below them. `request`: only where BHT02 asks.
    """

    code: str
    kinds: str
    head: str
    levels: str
    needs: str
    qualifiers: str = ""
    leaf: bool = False
    request: bool = False
    version: str = ""


class _Elements(NamedTuple):
    """`segment` must hold each of `elements` ("1|2": one of them), or has X12-ELEMENT-MISSING at it.

    `levels`: HL03 of the level it stands in; `roles`: its element 1. All where empty.
    """

    kinds: str
    segment: str
    elements: str
    levels: str = ""
    roles: str = ""
    version: str = ""


_BENEFITS, _STATUS = "270 271", "276 277 277CA"
_HIERARCHIES = f"{_BENEFITS} {_STATUS} 278"

SEGMENTS: tuple[_Segment, ...] = (
    _Segment("X12-BHT-MISSING", _HIERARCHIES, "ST", "", "BHT"),
    _Segment("X12-HL-20-MISSING", _HIERARCHIES, "ST", "", "HL", "20"),
    _Segment("X12-HL-21-MISSING", "270 276 277 277CA", "ST", "", "HL", "21"),
    _Segment("X12-HL-21-MISSING", "278", "ST", "", "HL", "21", request=True),
    _Segment("X12-HL-19-MISSING", "276", "ST", "", "HL", "19"),
    _Segment("X12-HL-22-MISSING", "270 276", "ST", "", "HL", "22"),
    _Segment("X12-HL-22-MISSING", "278", "ST", "", "HL", "22", request=True),
    _Segment("X12-HL-EV-MISSING", "278", "ST", "", "HL", "EV", request=True, version="00501"),
    _Segment("X12-HL-PARTY", _HIERARCHIES, "HL", "20 21 19 22 23 PT", "NM1"),
    _Segment("X12-INQUIRY-MISSING", "270", "HL", "22 23", "EQ", leaf=True),
    _Segment("X12-BENEFIT-MISSING", "271", "HL", "22 23", "EB AAA", leaf=True),
    _Segment("X12-DEMOGRAPHICS-MISSING", "276", "HL", "23", "DMG"),
    _Segment("X12-REVIEW-MISSING", "278", "HL", "EV", "UM"),
    _Segment("X12-REVIEW-MISSING", "278", "HL", "SS", "UM", version="00401"),
    _Segment("X12-TRACE-MISSING", "276 277", "HL", "22 23", "TRN", leaf=True),
    _Segment("X12-TRACE-MISSING", "277CA", "HL", "20 21 PT", "TRN"),
    _Segment("X12-STATUS-MISSING", "277", "TRN", "21 19 22 23", "STC"),
    _Segment("X12-STATUS-MISSING", "277CA", "TRN", "21 19 PT", "STC"),
    _Segment("X12-STATUS-MISSING", "277 277CA", "SVC", "", "STC"),
    _Segment("X12-RECEIPT-DATE-MISSING", "277CA", "TRN", "20", "DTP", "050"),
    _Segment("X12-PROCESS-DATE-MISSING", "277CA", "TRN", "20", "DTP", "009"),
    _Segment("X12-SERVICE-DATE-MISSING", "277CA", "TRN", "PT", "DTP", "472"),
    _Segment("X12-SERVICE-DATE-MISSING", "276 277", "SVC", "", "DTP", "472", version="00501"),
    _Segment("X12-AK9-MISSING", "997 999", "AK1", "", "AK9"),
    _Segment("X12-IK5-MISSING", "997 999", "AK2", "", "AK5 IK5"),
)

ELEMENTS: tuple[_Elements, ...] = (
    _Elements("270 271", "BHT", "1 2 4 5"),
    _Elements("276 278", "BHT", "1 2 3 4 5", version="00501"),
    _Elements("277 277CA", "BHT", "1 2 3 4 5 6", version="00501"),
    _Elements(_HIERARCHIES, "HL", "3"),
    _Elements(_HIERARCHIES, "HL", "2", "21 19 22 23 PT EV SS"),
    _Elements(_HIERARCHIES, "HL", "4", "20 21 19 22 EV"),
    _Elements(_HIERARCHIES, "NM1", "1 2"),
    _Elements(_HIERARCHIES, "NM1", "8 9", "20 21 19"),
    _Elements("276 277 278", "NM1", "8 9", "22", "IL"),
    _Elements("277CA", "NM1", "3 8 9", "PT"),
    _Elements("276 277", "NM1", "3", "22 23", "IL QC"),
    _Elements(_HIERARCHIES, "TRN", "1 2"),
    _Elements("270 271 278", "TRN", "3"),
    _Elements(_HIERARCHIES, "REF", "1 2"),
    _Elements(_HIERARCHIES, "DTP", "1 2 3"),
    _Elements(_HIERARCHIES, "PER", "1"),
    _Elements(_HIERARCHIES, "N3", "1"),
    _Elements("276", "DMG", "1 2"),
    _Elements(_STATUS, "AMT", "1 2"),
    _Elements("277CA", "QTY", "1 2"),
    _Elements("270", "EQ", "1|2"),
    _Elements("270 271", "INS", "1 2"),
    _Elements("271", "EB", "1"),
    _Elements("271", "AAA", "1 3 4"),
    _Elements("271", "MSG", "1"),
    _Elements("278", "AAA", "1"),
    _Elements("278", "UM", "1 2"),
    _Elements("278", "HCR", "1"),
    _Elements("278", "HI", "1"),
    _Elements("278", "PWK", "1 2"),
    _Elements("276", "SVC", "1 2"),
    _Elements("277", "SVC", "1 2 3"),
    _Elements("277CA", "SVC", "1 2"),
    _Elements("276 277", "SVC", "7", version="00501"),
    _Elements("277", "STC", "1 2"),
    _Elements("277CA", "STC", "1 3"),
    _Elements("997", "AK1", "1 2"),
    _Elements("999", "AK1", "1 2 3"),
    _Elements("997 999", "AK2", "1 2"),
    _Elements("997 999", "AK3", "1 2"),
    _Elements("997 999", "IK3", "1 2"),
    _Elements("997 999", "AK4", "1 3"),
    _Elements("997 999", "IK4", "1 3"),
    _Elements("997 999", "AK5", "1"),
    _Elements("997 999", "IK5", "1"),
    _Elements("997 999", "AK9", "1 2 3 4"),
    _Elements("TA1", "TA1", "1 2 3 4 5"),
)

# What ends the stretch of a head, beside the end of its set.
_ENDS: dict[str, tuple[str, ...]] = {
    "ST": (),
    "HL": ("HL",),
    "TRN": ("TRN", "HL", "SVC"),
    "SVC": ("SVC", "TRN", "HL"),
    "AK1": ("AK1",),
    "AK2": ("AK2", "AK9"),
}
_REQUESTS = "01 13 36"
_KINDS = np.zeros(256, np.bool_)
_KINDS[
    [KIND[name] for kinds in {r.kinds for r in SEGMENTS} | {r.kinds for r in ELEMENTS} for name in kinds.split()]
] = True


def check_required(context: Context, findings: Findings) -> None:
    """Findings for what is missing. Costs nothing where no set of these kinds is read."""
    envelope = context.envelope
    if not _KINDS[envelope.kind[~envelope.broken]].any():
        return
    _Required(context, findings).check()


def is_5010(context: Context, segment: Index) -> Flags:
    """Whether each segment's interchange is 005010 (ISA12)."""
    return _has_version(context, segment, "00501")


def _has_version(context: Context, segment: Index, version: str) -> Flags:
    isa = context.envelope.isa
    found = context.tokens.packed(context.tokens.element(isa, 12))
    out: Flags = (found == pack(version))[context.tokens.region[segment]]
    return out


class _Required:
    def __init__(self, context: Context, findings: Findings) -> None:
        self.context = context
        self.findings = findings
        self.level_words = self._words(context.level_at, 3)
        # A level with a dependent (HL03 = 23) right below it speaks of the dependent.
        at, transaction = context.level_at, context.envelope.transaction[context.level_at]
        followed = np.zeros(len(at), np.bool_)
        followed[:-1] = (self.level_words[1:] == pack("23")) & (transaction[1:] == transaction[:-1])
        self.is_leaf: Flags = ~followed | (self.level_words == pack("23"))

    def check(self) -> None:
        """All rules."""
        for rule in SEGMENTS:
            self._segments(rule)
        for elements in ELEMENTS:
            self._elements(elements)

    def _segments(self, rule: _Segment) -> None:
        context = self.context
        head = self._found(rule.head, rule.kinds, rule.levels, rule.version)
        if rule.leaf and len(head):
            head = head[self.is_leaf[context.level[head]]]
        if rule.request and len(head):
            head = head[self._asks(head)]
        if not len(head):
            return
        needed = self._all(rule.needs.split())
        if rule.qualifiers:
            words = self._words(needed, 3 if rule.needs == "HL" else 1)
            needed = needed[np.isin(words, _packed(rule.qualifiers))]
        held = np.searchsorted(needed, self._end(rule.head, head)) > np.searchsorted(needed, head, "right")
        self.findings.bad(rule.code, head, ~held, None)

    def _elements(self, rule: _Elements) -> None:
        tokens = self.context.tokens
        found = self._found(rule.segment, rule.kinds, rule.levels, rule.version)
        if rule.roles and len(found):
            found = found[np.isin(self._words(found, 1), _packed(rule.roles))]
        if not len(found):
            return
        for choice in rule.elements.split():
            missing = np.ones(len(found), np.bool_)
            for element in choice.split("|"):
                spans = tokens.element(found, int(element))
                missing &= spans.end <= spans.start
            self.findings.bad("X12-ELEMENT-MISSING", found, missing, int(choice[0]))

    def _found(self, name: str, kinds: str, levels: str, version: str) -> Index:
        """Segments `name` in sets of `kinds`, in `levels` of an interchange of `version`."""
        context = self.context
        found = context.of(name)
        found = found[np.isin(context.kind[found], [KIND[kind] for kind in kinds.split()])]
        if levels and len(found):
            level = context.level[found]
            if not len(self.level_words):
                return found[:0]
            found = found[(level >= 0) & np.isin(self.level_words[np.maximum(level, 0)], _packed(levels))]
        if version and len(found):
            found = found[_has_version(context, found, version)]
        return found

    def _end(self, name: str, head: Index) -> Index:
        """The segment at which the stretch of each head ends."""
        end = self.context.envelope.closes[self.context.envelope.transaction[head]]
        stops = self._all(_ENDS[name])
        if not len(stops):
            return end
        place = np.searchsorted(stops, head, "right")
        after: Index = np.where(place < len(stops), stops[np.minimum(place, len(stops) - 1)], end)
        return np.minimum(after, end)

    def _all(self, names: Sequence[str]) -> Index:
        """All segments of any of `names`, in order."""
        if len(names) == 1:
            return self.context.of(names[0])
        found = [self.context.of(name) for name in names]
        return np.sort(np.concatenate(found)) if found else np.zeros(0, np.int64)

    def _asks(self, segment: Index) -> Flags:
        """Whether the set around each segment is a request by its BHT02."""
        envelope = self.context.envelope
        bht = self.context.of("BHT")
        asks = bht[np.isin(self._words(bht, 2), _packed(_REQUESTS))]
        held = np.zeros(len(envelope.opens) + 1, np.bool_)
        held[envelope.transaction[asks]] = True
        out: Flags = held[envelope.transaction[segment]]
        return out

    def _words(self, segment: Index, element: int) -> Index:
        return self.context.tokens.packed(self.context.tokens.element(segment, element))


def _packed(words: str) -> Index:
    return np.array([pack(word) for word in words.split()], np.uint64)
