"""Tables of the answers to what was sent: 999, 997, TA1 (`acknowledgements`), 277CA and 277 (`claim_statuses`).

Belongs here: which column comes from which element. Does not belong here: writing answers, the life of a claim.
"""

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from claims.interchange.x12 import loops
from claims.interchange.x12.columns import Columns, first_of, make_table, within
from claims.interchange.x12.envelope import KIND, provenance
from claims.interchange.x12.loops import Context
from claims.interchange.x12.progress import Progress
from claims.interchange.x12.tokens import ABSENT, CODE, Flags, Index, int32s, pack

Row: TypeAlias = dict[str, Any]

_LEVELS = ("interchange", "group", "transaction", "segment", "element")
# Segment -> level, elements of the error codes, element of the status.
_ANSWERS: tuple[tuple[str, int, tuple[int, ...], int], ...] = (
    ("TA1", 0, (5,), 4),
    ("AK9", 1, (5, 6, 7, 8, 9), 1),
    ("AK5", 2, (2, 3, 4, 5, 6), 1),
    ("IK5", 2, (2, 3, 4, 5, 6), 1),
    ("AK3", 3, (4, 5, 6, 7, 8), 0),
    ("IK3", 3, (4, 5, 6, 7, 8), 0),
    ("AK4", 4, (3,), 0),
    ("IK4", 4, (3,), 0),
)


def acknowledgements(context: Context, columns: Columns, file_ids: pa.Array, progress: Progress) -> pa.Table:
    """One row per answer, and one more for each further error code of the same segment."""
    tokens = context.tokens
    segments, levels, errors, statuses = [], [], [], []
    for name, depth, error_positions, status_position in _ANSWERS:
        found = context.of(name)
        found = found[np.isin(context.kind[found], _ANSWER_KINDS)]
        for turn, position in enumerate(error_positions):
            spans = tokens.element(found, position)
            held = found if turn == 0 else found[spans.end > spans.start]
            segments.append(held)
            levels.append(np.full(len(held), depth))
            errors.append(np.full(len(held), position))
            statuses.append(np.full(len(held), status_position))
    segment, level = np.concatenate(segments), np.concatenate(levels)
    error, status = np.concatenate(errors), np.concatenate(statuses)
    order = np.lexsort((error, segment))
    segment, level, error, status = segment[order], level[order], error[order], status[order]

    def above(names: tuple[str, ...], lowest: int) -> Index:
        """The last of these segments at or before each row inside its set, for rows at `lowest` level or deeper."""
        at = np.sort(np.concatenate([context.of(name) for name in names]))
        if not len(at):
            return np.full(len(segment), ABSENT)
        place = np.searchsorted(at, segment, "right") - 1
        near = at[np.maximum(place, 0)]
        same = (place >= 0) & (context.envelope.transaction[near] == context.envelope.transaction[segment])
        return np.where(same & (level >= lowest), near, ABSENT)

    ta1 = np.where(level == 0, segment, ABSENT)
    group, of_set = above(("AK1",), 1), above(("AK2",), 2)
    bad = above(("AK3", "IK3"), 3)
    element = np.where(level == 4, segment, ABSENT)
    where = columns.parts(element, 1, 2)
    names = pa.array(["997", "999", "TA1"])
    kind = context.kind[segment]
    data: Row = {
        **provenance(tokens, context.envelope, file_ids, segment),
        "acknowledgement_ordinal": int32s(_per_file(context, segment, progress, "answer")),
        "acknowledgement_type": names.take(
            pa.array(np.where(kind == KIND["TA1"], 2, np.where(kind == KIND["999"], 1, 0)))
        ),
        "level": pa.array(_LEVELS).take(pa.array(level)),
        "acknowledged_isa_control_number": columns.text(ta1, 1),
        "acknowledged_gs_control_number": columns.text(group, 2),
        "acknowledged_st_control_number": columns.text(of_set, 2),
        "acknowledged_guide": pc.coalesce(columns.text(of_set, 3), columns.text(group, 3)),
        "status_code": columns.text(segment, status),
        "error_code": columns.text(segment, error),
        "error_segment_id": columns.text(bad, 1),
        "error_segment_ordinal": columns.integer(bad, 2),
        "error_loop_id": columns.text(bad, 3),
        "error_element_position": columns.integer_of(where[0], element, 1, 1),
        "error_component_position": columns.integer_of(where[1], element, 1, 2),
        "error_value": columns.text(element, 4),
    }
    return make_table("acknowledgements", data)


def claim_statuses(context: Context, columns: Columns, file_ids: pa.Array, progress: Progress) -> pa.Table:
    """One row per STC of a 277CA or 277."""
    tokens = context.tokens
    stc = context.of("STC")
    stc = stc[np.isin(context.kind[stc], _STATUS_KINDS)]
    level = context.level[stc]
    count = len(context.level_at)
    is_line = context.section[stc] == loops.STATUS_LINE
    words = tokens.packed(tokens.element(context.level_at, 3))
    level_name = np.full(count, 3)
    for name, number in (("20", 0), ("21", 1), ("19", 2)):
        level_name[words == pack(name)] = number
    # An STC before any HL stands at no level; it is read as a claim's.
    mine = np.where(level >= 0, level_name[np.maximum(level, 0)], 3) if count else np.full(len(stc), 3)
    is_claim = mine == 3
    group = _claim_groups(context)

    def party(levels: tuple[str, ...], *roles: str) -> pa.Array:
        """NM109 of the first party with one of `roles` in the level around each row."""
        nm1 = context.of("NM1", loops.HIERARCHY)
        nm1 = nm1[np.isin(context.role[nm1], [pack(role) for role in roles])]
        picked = first_of(context.level[nm1], nm1, count)
        around = context.latest_level(*levels)
        if not count:
            return columns.text(np.full(len(stc), ABSENT), 9)
        at = np.where(level >= 0, around[np.maximum(level, 0)], ABSENT)
        return columns.text(np.where(at >= 0, picked[np.maximum(at, 0)], ABSENT), 9)

    def within_claim(name: str, sections: tuple[int, ...], *qualifiers: str) -> Index:
        """The first segment of the row's claim (2200) with one of these qualifiers in element 1."""
        found = context.of(name, *sections)
        if qualifiers:
            found = found[np.isin(columns.words(found, 1), [pack(q) for q in qualifiers])]
        picked = first_of(group[found], found, int(group.max(initial=0)) + 1)
        return np.where(is_claim, picked[group[stc]], ABSENT)

    claim_only = (loops.TRACE, loops.HIERARCHY)
    svc_at = context.of("SVC", loops.STATUS_LINE)
    svc_at = svc_at[np.isin(context.kind[svc_at], _STATUS_KINDS)]
    svc = svc_at[np.maximum(np.searchsorted(svc_at, stc) - 1, 0)] if len(svc_at) else np.full(len(stc), ABSENT)
    svc = np.where(is_line, svc, ABSENT)
    dtp = context.of("DTP", loops.STATUS_LINE)
    dtp = dtp[columns.words(dtp, 1) == pack("472")]
    line_dtp = _first_after(svc, svc_at, dtp)
    claim_dtp = within_claim("DTP", claim_only, "472", "232")
    service = columns.dates(np.where(line_dtp >= 0, line_dtp, claim_dtp), 3)
    trace = columns.text(within_claim("TRN", (loops.TRACE,)), 2)
    account = columns.text(within_claim("REF", claim_only, "EJ"), 2)
    batch = columns.text(_of_receiver(context, level, mine > 0), 2)
    # A 277 repeats the trace of its 276; only a 277CA carries CLM01 there.
    is_277ca = pa.array(context.kind[stc] == KIND["277CA"])
    status = [columns.parts(stc, position, 3) for position in (1, 10, 11)]
    data: Row = {
        **provenance(tokens, context.envelope, file_ids, stc),
        "status_ordinal": int32s(_per_file(context, stc, progress, "status")),
        "level": pa.array(("source", "receiver", "provider", "claim", "line")).take(
            pa.array(np.where(is_line, 4, mine))
        ),
        "patient_control_number": pc.if_else(is_277ca, pc.coalesce(trace, account), pc.coalesce(account, trace)),
        "payer_claim_control_number": columns.text(within_claim("REF", claim_only, "1K"), 2),
        "clearinghouse_trace_number": columns.text(within_claim("REF", claim_only, "D9"), 2),
        "batch_reference_id": batch,
        "subscriber_member_id": pc.if_else(
            pa.array(is_claim), party(("22", "PT"), "IL", "QC"), pa.scalar(None, pa.string())
        ),
        **{
            f"{column}{'' if n == 0 else f'_{n + 1}'}": tokens.text(status[n][part])
            for n in range(3)
            for part, column in enumerate(("category_code", "status_code", "entity_code"))
        },
        "action_code": columns.text(stc, 3),
        "effective_date": columns.date(stc, 2),
        "charge_amount": columns.money(stc, 4),
        "payment_amount": columns.money(stc, 5),
        "billing_provider_npi": party(("19",), "85", "1P"),
        "payer_id": party(("20",), "PR"),
        "service_from_date": service[0],
        "service_through_date": service[1],
        "procedure_code": tokens.text(columns.parts(svc, 1, 2)[1]),
    }
    return make_table("claim_statuses", data)


_ANSWER_KINDS = (KIND["999"], KIND["997"], KIND["TA1"])
_STATUS_KINDS = (KIND["277CA"], KIND["277"])


def _claim_groups(context: Context) -> Index:
    """Per segment: a number for the HL or TRN that it stands under, so that each claim of a level is one group."""
    code = context.tokens.code
    return np.cumsum((code == CODE["HL"]) | (code == CODE["TRN"]) | (code == CODE["ST"]))


def _of_receiver(context: Context, level: Index, below: Flags) -> Index:
    """The first TRN of the receiver level (HL03 = 21) around each row; ABSENT above it, or where there is none."""
    count = len(context.level_at)
    if not count:
        return np.full(len(level), ABSENT)
    trn = context.of("TRN", loops.TRACE)
    trace = first_of(context.level[trn], trn, count)
    around = context.latest_level("21")[np.maximum(level, 0)]
    out: Index = np.where(below & (level >= 0) & (around >= 0), trace[np.maximum(around, 0)], ABSENT)
    return out


def _first_after(head: Index, heads: Index, found: Index) -> Index:
    """For each `head`: the first of `found` before the next of `heads`; ABSENT where head is."""
    if not len(found) or not len(heads):
        return np.full(len(head), ABSENT)
    place = np.searchsorted(heads, found, "right") - 1
    picked = first_of(np.maximum(place, 0), found, len(heads))
    at = np.searchsorted(heads, np.maximum(head, 0))
    return np.where(head >= 0, picked[np.minimum(at, len(heads) - 1)], ABSENT)


def _per_file(context: Context, segment: Index, progress: Progress, name: str) -> Index:
    """n-th row of its file, windows before this one included."""
    source = context.tokens.source[context.tokens.region[segment]]
    out: Index = within(source) + progress.base(name, source)
    progress.add(name, source)
    return out
