"""Interchanges, functional groups and transaction sets: who stands inside whom, and what kind each set is.

Belongs here: everything about ISA, GS, ST and their trailers. Counts and control numbers are compared and never used
to navigate. Does not belong here: what is inside a transaction set.
"""

import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from claims import schema
from claims.interchange.x12.findings import Findings
from claims.interchange.x12.progress import Open, Progress
from claims.interchange.x12.tokens import (
    ABSENT,
    CODE,
    Bytes,
    Flags,
    Index,
    Ints,
    Longs,
    Tokens,
    dates32,
    decimals,
    int32s,
    spread,
)

ISA, IEA, GS, GE, ST, SE, TA1 = (CODE[name] for name in ("ISA", "IEA", "GS", "GE", "ST", "SE", "TA1"))
_IS_ENVELOPE = np.zeros(256, np.bool_)
_IS_ENVELOPE[[ISA, IEA, GS, GE, ST, SE, TA1]] = True

KINDS = ("", "837P", "837I", "837D", "835", "999", "TA1", "997", "277CA", "277", "276", "270", "271", "278")
KIND = {name: number for number, name in enumerate(KINDS)}
CLAIM_KINDS = (KIND["837P"], KIND["837I"], KIND["837D"])

_GUIDES = {
    "X098": "837P", "X222": "837P", "X096": "837I", "X223": "837I", "X097": "837D", "X224": "837D",
    "X091": "835", "X221": "835", "X231": "999", "X214": "277CA", "X093": "277", "X212": "277",
    "X092": "271", "X279": "271", "X094": "278", "X215": "278", "X216": "278", "X217": "278",
}  # fmt: skip
_BY_ST01 = {"835": "835", "999": "999", "997": "997", "276": "276", "270": "270", "271": "271", "278": "278"}
_GUIDE_NUMBER = re.compile(r"X\d{3}")


class Envelope(NamedTuple):
    """Interchanges, groups and transaction sets of a `Tokens`, and each segment's place in them.

    Transactions are arrays by transaction: `opens` and `closes` (segments ST and SE, or what stands for it), `isa`,
    `gs` (segment or ABSENT), `kind`, `ordinal` in the file, `has_se`. Per segment: `transaction` (or ABSENT). Per
    region: `interchange` (its ordinal in the file) and `outside` (segments of it before this window).
    `copied` are the ordinals of the copies that stand before this window.
    """

    isa: Index
    iea: Index
    isa_groups: Index
    opens: Index
    closes: Index
    tx_isa: Index
    tx_gs: Index
    has_se: Flags
    kind: Bytes
    ordinal: Ints
    group_ordinal: Ints
    broken: Flags
    transaction: Ints
    interchange: Ints
    outside: Longs
    copied: Longs

    def kind_of(self, segment: Index) -> Bytes:
        """Kind of the set of each segment, 0 outside any."""
        out: Bytes = np.append(self.kind, np.uint8(0)).take(self.transaction[segment])
        return out


def read_envelope(tokens: Tokens, findings: Findings, progress: Progress) -> Envelope:
    """Find the envelopes, check them, name each set's kind. Costs a few passes over control segments."""
    code = tokens.code
    before = progress.open
    at = np.flatnonzero(_IS_ENVELOPE.take(code))
    what = code[at]
    after = np.append(at[1:], tokens.count)  # segment of the next envelope segment
    next_what = np.append(what[1:], np.uint8(0))

    isa = at[what == ISA]
    isa_of = np.searchsorted(isa, at, "right") - 1

    # Groups: a GS lasts to the GE that comes before any other GS, IEA or ISA.
    is_level = np.isin(what, (GS, GE, IEA, ISA))
    level_at, level_what = at[is_level], what[is_level]
    is_gs = level_what == GS
    gs = level_at[is_gs]
    follower = np.append(level_what[1:], np.uint8(0))[is_gs]
    follower_at = np.append(level_at[1:], tokens.count)[is_gs]
    ge = np.where(follower == GE, follower_at, ABSENT)
    orphan_ge = level_at[(level_what == GE) & (np.append(np.uint8(0), level_what[:-1]) != GS)]

    is_edge = np.isin(what, (IEA, ISA))
    edge_at, edge_what = at[is_edge], what[is_edge]
    is_head = edge_what == ISA
    iea = np.where(
        np.append(edge_what[1:], np.uint8(0))[is_head] == IEA, np.append(edge_at[1:], tokens.count)[is_head], ABSENT
    )
    orphan_iea = edge_at[(edge_what == IEA) & (np.append(np.uint8(0), edge_what[:-1]) != ISA)]

    is_open = (what == ST) | (what == TA1)
    opens = at[is_open]
    has_se = next_what[is_open] == SE
    is_ta1 = what[is_open] == TA1
    closes = np.where(has_se, after[is_open], after[is_open] - 1)
    closes = np.where(is_ta1, opens, closes)
    has_se &= ~is_ta1
    orphan_se = at[(what == SE) & (np.append(np.uint8(0), what[:-1]) != ST)]

    tx_isa = isa[isa_of[is_open]] if len(isa) else np.zeros(0, np.int64)
    # The group around a set: the last GS before it, unless a GE, IEA or ISA came between.
    place = np.searchsorted(level_at, opens, "right") - 1
    tx_gs = np.where(level_what[place] == GS, level_at[place], ABSENT) if len(level_at) else np.full(len(opens), ABSENT)
    tx_gs = np.where(is_ta1, ABSENT, tx_gs)

    tx_source = tokens.source[tokens.region[opens]]
    ordinal = (_rank(tx_source) + progress.base("set", tx_source)).astype(np.int32)
    gs_source = tokens.source[tokens.region[gs]]
    gs_rank = _rank(gs_source) + progress.base("group", gs_source)
    interchange = (_rank(tokens.source) + progress.base("interchange", tokens.source)).astype(np.int32)
    outside_before = np.zeros(len(isa), np.int64)
    copied = np.zeros(0, np.int64)
    if before is not None:
        # The copies of ISA and GS were counted where they stand.
        own = tokens.source[0]
        interchange[tokens.source == own] -= 1
        gs_rank = gs_rank - np.where(gs_source == own, before.copies - 1, 0)
        outside_before[0] = before.segments - before.copies
        copied = np.array([1, before.gs_ordinal][: before.copies], np.int64)
    group_ordinal = np.where(tx_gs >= 0, gs_rank[np.searchsorted(gs, np.maximum(tx_gs, 0))] if len(gs) else 0, 0)

    kind, guide_misfit, unknown = _kinds(tokens, opens, closes, tx_gs, is_ta1)

    # Sets and the gaps between them in turn.
    sizes = closes - opens + 1
    turns = np.empty(2 * len(opens) + 1, np.int64)
    turns[1::2] = sizes
    turns[0::2] = np.append(opens, tokens.count) - np.append(0, closes + 1)
    numbers = np.full(len(turns), ABSENT, np.int32)
    numbers[1::2] = np.arange(len(opens))
    transaction = np.repeat(numbers, turns)

    # -- checks -------------------------------------------------------------------------------------------------------
    groups_of_isa = (
        np.bincount(np.searchsorted(isa, gs, "right") - 1, minlength=len(isa)) if len(isa) else np.zeros(0, np.int64)
    )
    sets_of_gs = np.bincount(np.searchsorted(gs, tx_gs[tx_gs >= 0]), minlength=len(gs))
    if before is not None:
        groups_of_isa[0] += before.groups - (before.copies - 1)
        if before.gs:
            sets_of_gs[0] += before.sets_in_group
    # What stands open at a cut is not missing its trailer.
    isa_ends, gs_ends = np.ones(len(isa), np.bool_), np.ones(len(gs), np.bool_)
    if not tokens.regions[-1].is_last:
        isa_ends[-1] = False
        gs_ends[-1:] = not (len(gs) and gs[-1] > isa[-1] and ge[-1] < 0)
    codes = ("X12-IEA-MISSING", "X12-IEA-COUNT", "X12-IEA-CONTROL")
    _check_trailers(tokens, findings, isa, iea, groups_of_isa, 13, codes, isa_ends)
    codes = ("X12-GE-MISSING", "X12-GE-COUNT", "X12-GE-CONTROL")
    _check_trailers(tokens, findings, gs, ge, sets_of_gs, 6, codes, gs_ends)
    st = np.flatnonzero(~is_ta1)
    se = np.where(has_se[st], closes[st], ABSENT)
    bad = _check_trailers(
        tokens, findings, opens[st], se, sizes[st], 2, ("X12-SE-MISSING", "X12-SE-COUNT", "X12-SE-CONTROL")
    )
    broken = np.zeros(len(opens), np.bool_)
    broken[st] = bad
    broken |= unknown
    findings.bad("X12-ST-UNKNOWN", opens, unknown, 1)
    findings.bad("X12-ST-GUIDE", opens, guide_misfit, 3)
    findings.bad("X12-ST-OUTSIDE-GROUP", opens, (tx_gs < 0) & ~is_ta1, None)
    findings.add("X12-ENVELOPE-ORPHAN", np.sort(np.concatenate([orphan_se, orphan_ge, orphan_iea])))
    outside = np.flatnonzero(transaction < 0)
    outside = outside[~_IS_ENVELOPE[code[outside]]]
    findings.add("X12-SEGMENT-OUTSIDE", outside)

    _check_duplicates(tokens, findings, "X12-ST-DUPLICATE", opens[st], tx_gs[st], 2)
    _check_duplicates(tokens, findings, "X12-GS-DUPLICATE", gs, np.searchsorted(isa, gs, "right"), 6)
    if before is not None:
        first_gs = gs[0] if before.gs else ABSENT
        _check_seen(tokens, findings, "X12-ST-DUPLICATE", opens[st[tx_gs[st] == first_gs]], 2, before.set_numbers)
        further = gs[before.copies - 1 :]
        next_isa = isa[1] if len(isa) > 1 else tokens.count
        _check_seen(tokens, findings, "X12-GS-DUPLICATE", further[further < next_isa], 6, before.group_numbers)
    _check_interchange_numbers(tokens, findings, isa, progress)
    is_inexact = [region.is_first and not region.is_exact for region in tokens.regions]
    findings.add("X12-ISA-LENGTH", isa[is_inexact])
    last_of_region = np.append(isa[1:], tokens.count) - 1
    findings.add("X12-SEGMENT-UNTERMINATED", last_of_region[tokens.unterminated])
    findings.add("X12-FILE-LATIN1", isa[[n for n in tokens.latin if n or before is None or not before.is_latin]])
    _check_blanks(tokens, findings)
    return Envelope(
        isa, iea, groups_of_isa, opens, closes, tx_isa, tx_gs, has_se, kind, ordinal,
        group_ordinal.astype(np.int32), broken, transaction, interchange, outside_before, copied,
    )  # fmt: skip


def advance(tokens: Tokens, envelope: Envelope, progress: Progress) -> None:
    """Move `progress` past this window: ordinals, and what stands open where the last interchange was cut."""
    before = progress.open
    skip = before.copies if before is not None else 0
    gs = np.flatnonzero(tokens.code == GS)
    progress.add("interchange", tokens.source[1 if before is not None else 0 :])
    progress.add("group", tokens.source[tokens.region[gs[gs >= skip]]])
    progress.add("set", tokens.source[tokens.region[envelope.opens]])
    progress.open = None
    if tokens.regions[-1].is_last:
        return
    isa = int(envelope.isa[-1])
    is_same = before is not None and len(tokens.regions) == 1
    old = before if is_same and before is not None else Open(b"", b"", 0)
    mine = gs[gs > isa]
    ge = np.flatnonzero(tokens.code == GE)
    is_open = len(mine) > 0 and not (ge > mine[-1]).any()
    group = int(mine[-1]) if is_open else ABSENT
    is_same_group = is_same and is_open and group < skip
    here = envelope.opens > isa
    in_group = envelope.opens[here & (envelope.tx_gs == group)] if is_open else envelope.opens[:0]
    progress.open = Open(
        isa=tokens.segment_bytes(isa),
        gs=tokens.segment_bytes(group) if is_open else b"",
        gs_ordinal=_ordinal_of_group(envelope, group, isa, len(tokens.regions) - 1) if is_open else 0,
        gs_at=int(tokens.file_offset(np.array([group]))[0]) if is_open else 0,
        segments=old.segments + tokens.count - isa - (skip if is_same else 0),
        groups=int(envelope.isa_groups[-1]),
        sets_in_group=len(in_group) + (old.sets_in_group if is_same_group else 0),
        sets=old.sets + int(here.sum()),
        broken_sets=old.broken_sets + int((here & envelope.broken).sum()),
        is_latin=old.is_latin or len(tokens.regions) - 1 in tokens.latin,
        set_numbers=(old.set_numbers if is_same_group else set())
        | set(tokens.text(tokens.element(in_group, 2)).to_pylist()),
        group_numbers=old.group_numbers | set(tokens.text(tokens.element(mine, 6)).to_pylist()),
    )


def _ordinal_of_group(envelope: Envelope, group: int, isa: int, region: int) -> int:
    """n-th segment of its interchange."""
    if group < len(envelope.copied):
        return int(envelope.copied[group])
    return group - isa + 1 + int(envelope.outside[region])


def _check_seen(
    tokens: Tokens, findings: Findings, code: str, segments: Index, element: int, seen: set[str | None]
) -> None:
    """Numbers that stand in an earlier window of the same interchange."""
    if len(segments) and seen:
        numbers = tokens.text(tokens.element(segments, element)).to_pylist()
        findings.bad(code, segments, np.array([n is not None and n in seen for n in numbers], np.bool_), element)


def _check_interchange_numbers(tokens: Tokens, findings: Findings, isa: Index, progress: Progress) -> None:
    """The same ISA06 and ISA13 twice in a file."""
    senders = tokens.text(tokens.element(isa, 6)).to_pylist()
    numbers = tokens.text(tokens.element(isa, 13)).to_pylist()
    again = []
    for n, region in enumerate(tokens.regions):
        seen = progress.seen.setdefault(region.source, set())
        key = (senders[n], numbers[n])
        again.append(region.is_first and numbers[n] is not None and key in seen)
        seen.add(key)
    findings.bad("X12-ISA-DUPLICATE", isa, np.array(again, np.bool_), 13)


def _rank(group: Index) -> Ints:
    """1-based place of each row among the rows of its group; rows of a group stand together."""
    if not len(group):
        return np.zeros(0, np.int32)
    place = np.arange(len(group))
    is_new = np.append(True, group[1:] != group[:-1])
    return (place - np.maximum.accumulate(np.where(is_new, place, 0)) + 1).astype(np.int32)


def _kinds(tokens: Tokens, opens: Index, closes: Index, tx_gs: Index, is_ta1: Flags) -> tuple[Bytes, Flags, Flags]:
    st01 = tokens.text(tokens.element(opens, 1)).to_pylist()
    st03 = tokens.text(tokens.element(opens, 3)).to_pylist()
    gs08 = tokens.text(tokens.element(tx_gs, 8)).to_pylist()
    known: dict[tuple[str | None, str | None, str | None], int] = {}
    named = np.zeros(len(opens), np.uint8)
    is_837 = np.zeros(len(opens), np.bool_)
    for n, key in enumerate(zip(st01, st03, gs08, strict=True)):
        if is_ta1[n]:
            named[n] = KIND["TA1"]
            continue
        if key not in known:
            known[key] = _kind(*key)
        named[n] = known[key]
        is_837[n] = key[0] == "837"
    # The service lines have the last word on which 837 it is.
    lines = np.zeros((3, len(opens)), np.int64)
    for n, name in enumerate(("SV1", "SV2", "SV3")):
        at = np.flatnonzero(tokens.code == CODE[name])
        lines[n] = np.searchsorted(at, closes, "right") - np.searchsorted(at, opens)
    seen = np.where(lines.sum(axis=0) > 0, lines.argmax(axis=0) + KIND["837P"], named).astype(np.uint8)
    seen = np.where(is_837 & (seen == 0), np.uint8(KIND["837P"]), seen)
    misfit = is_837 & (seen != named)
    return np.where(is_837, seen, named).astype(np.uint8), misfit, (named == 0) & ~is_837


def _kind(st01: str | None, st03: str | None, gs08: str | None) -> int:
    for guide in (st03, gs08):
        number = _GUIDE_NUMBER.search(guide or "")
        if number is None or number.group() not in _GUIDES:
            continue
        name = _GUIDES[number.group()]
        if name[:3] == st01:
            return KIND[name]
    if st01 == "277":
        return KIND["277"]
    return KIND[_BY_ST01.get(st01 or "", "")]


def _check_trailers(
    tokens: Tokens,
    findings: Findings,
    head: Index,
    tail: Index,
    count: Index,
    control: int,
    codes: tuple[str, str, str],
    ends: Flags | None = None,
) -> Flags:
    """Compare trailers with their headers; which headers have a missing or unequal one."""
    missing, wrong_count, wrong_control = codes
    gone = tail < 0
    declared, good, _ = tokens.integer(tokens.element(tail, 1))
    miscounted = ~gone & (~good | (declared != count))
    ours = tokens.text(tokens.element(head, control))
    theirs = tokens.text(tokens.element(tail, 2))
    equal = (
        pc.equal(pc.utf8_trim_whitespace(ours), pc.utf8_trim_whitespace(theirs))
        .fill_null(False)
        .to_numpy(zero_copy_only=False)
    )
    differs = ~gone & ~equal
    findings.bad(missing, head, gone if ends is None else gone & ends, None)
    findings.bad(wrong_count, tail, miscounted, 1)
    findings.bad(wrong_control, tail, differs, 2)
    bad: Flags = gone | miscounted | differs
    return bad


def _check_duplicates(
    tokens: Tokens, findings: Findings, code: str, segments: Index, group: Index, element: int
) -> None:
    if len(segments) < 2:
        return
    number = pc.dictionary_encode(tokens.text(tokens.element(segments, element))).indices.fill_null(-1).to_numpy()
    key = group.astype(np.int64) * (len(segments) + 2) + number
    _, first = np.unique(key, return_index=True)
    again = np.ones(len(segments), np.bool_)
    again[first] = False
    findings.bad(code, segments, again & (number >= 0), element)


def _check_blanks(tokens: Tokens, findings: Findings) -> None:
    """Empty segments, reported at the segment before; layout after the last terminator is none."""
    if len(tokens.blank_at):
        before = np.searchsorted(tokens.begin, tokens.blank_at) - 1
        findings.add("X12-SEGMENT-EMPTY", before[before >= 0])


def provenance(tokens: Tokens, envelope: Envelope, file_ids: pa.Array, segment: Index) -> dict[str, pa.Array]:
    """The provenance columns of rows that come from `segment`."""
    tx = envelope.transaction[segment]
    region = tokens.region[segment]
    isa = envelope.isa
    # Sets, then what is outside of any: `tx` of -1 finds it.
    st, gs = np.append(envelope.opens, ABSENT), np.append(envelope.tx_gs, ABSENT)
    set_control = tokens.text(tokens.element(np.where(tokens.code[st] == TA1, ABSENT, st), 2))
    first = st.take(tx)
    is_outside = tx < 0
    if is_outside.any():
        first = np.where(is_outside, isa[region] - envelope.outside[region], first)
    within = segment - first + 1
    copies = len(envelope.copied)
    if copies:
        within = np.where(segment < copies, envelope.copied[np.minimum(segment, copies - 1)], within)
    return {
        "file_id": spread(file_ids, tokens.source[region]),
        "transaction_ordinal": int32s(np.append(envelope.ordinal, 0).take(tx)),
        "isa_control_number": spread(tokens.text(tokens.element(isa, 13)), region),
        "gs_control_number": spread(tokens.text(tokens.element(gs, 6)), np.where(is_outside, len(st) - 1, tx)),
        "st_control_number": spread(set_control, np.where(is_outside, len(st) - 1, tx)),
        "segment_ordinal": int32s(within),
        "byte_offset": pa.array(tokens.file_offset(segment)),
    }


def interchange_table(tokens: Tokens, envelope: Envelope, file_ids: pa.Array, status: list[str]) -> pa.Table:
    """The `interchanges` table: those that end in this window."""
    isa = envelope.isa
    regions = tokens.regions
    last = np.append(isa[1:], tokens.count) - 1
    last = np.where(envelope.iea >= 0, envelope.iea, last)
    begin = tokens.file_offset(isa)
    marks = [r.delimiters for r in regions]

    def text(position: int) -> pa.Array:
        return tokens.text(tokens.element(isa, position))

    def trimmed(position: int) -> pa.Array:
        return pc.utf8_trim_whitespace(text(position))

    def mark(values: list[int | None]) -> pa.Array:
        return pa.array([None if value is None else chr(value) for value in values], pa.string())

    day, _, has_day, no_day = tokens.dates(tokens.element(isa, 9))
    declared, has_count, _ = tokens.integer(tokens.element(envelope.iea, 1))
    del no_day
    table = pa.table(
        {
            "file_id": file_ids.take(pa.array(tokens.source)),
            "interchange_ordinal": int32s(envelope.interchange),
            "byte_offset": pa.array(begin),
            "byte_length": pa.array(tokens.file_offset_end(last) - begin),
            "isa_control_number": text(13),
            "sender_qualifier": trimmed(5),
            "sender_id": trimmed(6),
            "receiver_qualifier": trimmed(7),
            "receiver_id": trimmed(8),
            "interchange_date": dates32(day, has_day),
            "interchange_time": text(10),
            "version_code": text(12),
            "acknowledgement_requested_code": text(14),
            "usage_code": text(15),
            "element_separator": mark([m.element for m in marks]),
            "repetition_separator": mark([m.repetition for m in marks]),
            "component_separator": mark([m.component for m in marks]),
            "segment_terminator": mark([m.terminator for m in marks]),
            "group_count": int32s(envelope.isa_groups),
            "declared_group_count": int32s(declared, has_count),
            "status": pa.array(status, pa.string()),
        },
        schema.arrow("interchanges"),
    )
    ends = [region.is_last for region in regions]
    return table if all(ends) else table.filter(pa.array(ends))


def transaction_table(
    tokens: Tokens,
    envelope: Envelope,
    file_ids: pa.Array,
    status: list[str],
    claims: Index,
    lines: Index,
    charges: Longs,
    has_charge: Flags,
) -> pa.Table:
    """The `transactions` table; `claims`, `lines` and `charges` (cents) are by transaction."""
    opens, closes = envelope.opens, envelope.closes
    is_ta1 = tokens.code[opens] == TA1
    bht = _second(tokens, opens, closes, CODE["BHT"])
    bpr = _second(tokens, opens, closes, CODE["BPR"])

    def either(first: pa.Array, second: pa.Array) -> pa.Array:
        return pc.coalesce(first, second)

    def of(segment: Index, position: int) -> pa.Array:
        return tokens.text(tokens.element(segment, position))

    gs = envelope.tx_gs
    day, _, has_day, _ = tokens.dates(tokens.element(np.where(bht >= 0, bht, gs), 4))
    day_bare, _, has_bare, _ = tokens.dates(tokens.element(gs, 4))
    del bpr
    declared, has_count, _ = tokens.integer(tokens.element(np.where(envelope.has_se, closes, ABSENT), 1))
    region = tokens.region[opens]
    begin = tokens.file_offset(opens)
    guide = either(of(np.where(is_ta1, ABSENT, opens), 3), of(gs, 8))
    return pa.table(
        {
            **provenance(tokens, envelope, file_ids, opens),
            "interchange_ordinal": int32s(envelope.interchange[region]),
            "group_ordinal": int32s(envelope.group_ordinal),
            "transaction_type": _kind_names(tokens, envelope),
            "implementation_guide": guide,
            "group_sender_id": of(gs, 2),
            "group_receiver_id": of(gs, 3),
            "purpose_code": of(bht, 2),
            "reference_id": of(bht, 3),
            "created_date": dates32(np.where(has_day, day, day_bare).astype(np.int32), has_day | has_bare),
            "created_time": either(of(bht, 5), of(gs, 5)),
            "usage_code": either(of(bht, 6), of(envelope.isa[region], 15)),
            "byte_length": pa.array(tokens.file_offset_end(closes) - begin),
            "segment_count": int32s(closes - opens + 1),
            "declared_segment_count": int32s(declared, has_count),
            "claim_count": int32s(claims),
            "line_count": int32s(lines),
            "charge_amount": decimals(charges, has_charge, schema.MONEY),
            "status": pa.array(status, pa.string()),
        },
        schema.arrow("transactions"),
    )


def _kind_names(tokens: Tokens, envelope: Envelope) -> pa.Array:
    """Names of the kinds; a kind that is not read keeps its ST01."""
    names = pa.array(KINDS).take(pa.array(envelope.kind))
    unread = envelope.kind == 0
    if not unread.any():
        return names
    return pc.if_else(pa.array(unread), tokens.text(tokens.element(envelope.opens, 1)), names)


def _second(tokens: Tokens, opens: Index, closes: Index, code: int) -> Index:
    """The first segment of `code` inside each set, where it stands among the first five segments; else ABSENT."""
    out = np.full(len(opens), ABSENT, np.int64)
    for step in range(4, 0, -1):
        at = opens + step
        inside = at <= closes
        hit = inside & (tokens.code[np.minimum(at, max(tokens.count - 1, 0))] == code)
        out = np.where(hit, at, out)
    return out
