"""The detail tables: segments that any loop of any set may hold, each kind in typed columns with its place.

Belongs here: which column of `claims.schema.DETAIL_TABLES` is which element of which segment. Does not belong here:
columns that need more than one segment to be understood.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from claims import schema
from claims.interchange.x12 import loops
from claims.interchange.x12.columns import Columns, within
from claims.interchange.x12.envelope import KIND, KINDS, provenance
from claims.interchange.x12.findings import Findings
from claims.interchange.x12.loops import LOOPS, Context
from claims.interchange.x12.progress import Progress
from claims.interchange.x12.tokens import ABSENT, CODE, SEGMENT_IDS, Index, Tokens, int32s, pack

Place: TypeAlias = int | tuple[int, int]
Row: TypeAlias = dict[str, Any]


def _run(prefix: str, count: int, first: int, suffix: str = "") -> dict[str, Place]:
    return {f"{prefix}_{n}{suffix}": first + n - 1 for n in range(1, count + 1)}


# Table -> segment identifier -> column -> element, or (element, component).
ELEMENTS: Mapping[str, Mapping[str, Mapping[str, Place]]] = {
    "detail_parties": {
        "NM1": {
            "entity_code": 1, "entity_type_code": 2, "party_last_name": 3, "party_first_name": 4,
            "party_middle_name": 5, "party_name_prefix": 6, "party_name_suffix": 7, "id_qualifier": 8, "party_id": 9,
            "related_entity_relationship_code": 10, "related_entity_code": 11, "party_second_last_name": 12,
        },
        "N1": {"entity_code": 1, "party_last_name": 2, "id_qualifier": 3, "party_id": 4},
    },
    "detail_references": {
        "REF": {
            "qualifier": 1, "reference_text": 2, "description_text": 3, "context_qualifier": (4, 1),
            "context_text": (4, 2),
        }
    },
    "detail_traces": {
        "TRN": {"trace_type_code": 1, "trace_text": 2, "originator_id": 3, "originator_supplemental_id": 4}
    },
    "detail_dates": {
        "DTP": {"qualifier": 1, "format_code": 2, "from_date": 3, "through_date": 3, "value": 3},
        "DTM": {"qualifier": 1, "from_date": 2, "through_date": 2, "value": 2},
    },
    "detail_amounts": {
        "AMT": {"qualifier": 1, "amount": 2},
        "QTY": {"qualifier": 1, "quantity": 2, "unit_code": (3, 1)},
    },
    "detail_contacts": {
        "PER": {
            "function_code": 1, "contact_last_name": 2, "number_qualifier_1": 3, "contact_phone_1": 4,
            "number_qualifier_2": 5, "contact_phone_2": 6, "number_qualifier_3": 7, "contact_phone_3": 8,
        }
    },
    "detail_notes": {"NTE": {"note_code": 1, "text": 2}, "K3": {"text": 1}, "MSG": {"text": 1}},
    "detail_attachments": {
        "PWK": {
            "report_type_code": 1, "transmission_code": 2, "copy_count": 3, "entity_code": 4, "control_qualifier": 5,
            "control_text": 6, "description_text": 7, **{f"action_code_{n}": (8, n) for n in range(1, 6)},
            "request_category_code": 9,
        }
    },
    "detail_conditions": {"CRC": {"category_code": 1, "response_code": 2, **_run("condition_code", 5, 3)}},
    "detail_transports": {
        "CR1": {
            "weight_unit_code": 1, "weight": 2, "transport_code": 3, "transport_reason_code": 4,
            "distance_unit_code": 5, "distance": 6, "origin_text": 7, "destination_text": 8, "round_trip_text": 9,
            "stretcher_text": 10,
        }
    },
    "detail_pricing": {
        "HCP": {
            "pricing_method_code": 1, "allowed_amount": 2, "savings_amount": 3, "repricer_id": 4, "rate": 5,
            "group_code": 6, "group_amount": 7, "revenue_code": 8, "product_qualifier": 9, "procedure_code": 10,
            "unit_code": 11, "unit_count": 12, "reject_reason_code": 13, "compliance_code": 14, "exception_code": 15,
        }
    },
    "detail_contracts": {
        "CN1": {
            "contract_type_code": 1, "contract_amount": 2, "contract_percentage": 3, "contract_code": 4,
            "discount_percentage": 5, "version_code": 6,
        }
    },
    "detail_forms": {
        "LQ": {"qualifier": 1, "code": 2},
        "FRM": {"qualifier": 1, "code": 2, "answer_text": 3, "answer_date": 4, "answer_percentage": 5},
    },
    "detail_teeth": {
        "TOO": {"qualifier": 1, "tooth_code": 2, **{f"surface_code_{n}": (3, n) for n in range(1, 6)}},
    },
    "detail_demographics": {"DMG": {"format_code": 1, "person_birth_date": 2, "sex_code": 3}},
    "detail_drugs": {
        "LIN": {"assigned_text": 1, "qualifier": 2, "code": 3, "qualifier_2": 4, "code_2": 5},
        "CTP": {"trade_class_code": 1, "price_code": 2, "unit_price": 3, "unit_count": 4, "unit_code": (5, 1)},
    },
    "detail_elements": {
        **{
            name: _run("value", 21, 1)
            for name in ("CUR", "SBR", "PAT", "OI", "CR2", "CR3", "CR5", "CR6", "CR7", "HSD", "PS1", "DN1", "DN2")
        },
        "PRV": {f"value_{n}": n for n in (1, 2)},
        "CLM": {f"value_{n}": n for n in (3, 4, *range(13, 20))},
        "CL1": {"value_4": 4},
        "SV1": {f"value_{n}": n for n in (6, 8, 10, *range(13, 22))},
        "SV2": {f"value_{n}": n for n in (6, 8, 9, 10)},
        "SV3": {
            **{f"value_{n}": n for n in (5, 7, 8, 9, 10)},
            **{f"cavity_code_{n}": (4, n) for n in range(1, 6)},
        },
        "SV5": {**{f"part_{n}": (1, n) for n in range(1, 9)}, **{f"value_{n}": n for n in range(2, 8)}},
        "SVD": {"part_7": (3, 7), "part_8": (3, 8), "value_4": 4},
        "MEA": {**{f"value_{n}": n for n in (1, 2, 3, *range(5, 13))}, **{f"part_{n}": (4, n) for n in range(1, 16)}},
    },
    "detail_summaries": {
        "TS3": {
            "provider_id": 1, "facility_type_code": 2, "fiscal_period_date": 3, "claim_count": 4,
            **_run("summary", 20, 5, "_amount"),
        },
        "TS2": _run("summary", 20, 1, "_amount"),
    },
    "detail_adjudications": {"MIA": _run("value", 24, 1), "MOA": _run("value", 24, 1)},
    "detail_benefits": {
        "EB": {
            "benefit_code": 1, "coverage_level_code": 2, "service_type_code": 3, "insurance_type_code": 4,
            "plan_description": 5, "period_code": 6, "amount": 7, "percentage": 8, "quantity_qualifier": 9,
            "quantity": 10, "authorization_code": 11, "network_code": 12, "product_qualifier": (13, 1),
            "procedure_code": (13, 2),
        },
        "EQ": {
            "service_type_code": 1, "product_qualifier": (2, 1), "procedure_code": (2, 2), "coverage_level_code": 3,
            "insurance_type_code": 4,
        },
    },
    "detail_rejections": {"AAA": {"is_valid_code": 1, "reject_reason_code": 3, "action_code": 4}},
    "detail_reviews": {
        "UM": {
            "request_category_code": 1, "certification_type_code": 2, "service_type_code": 3,
            "facility_type_code": (4, 1), "level_of_service_code": 6,
        },
        "HCR": {"action_code": 1, "review_text": 2, "reason_code": 3},
    },
}  # fmt: skip

# What follows a party and belongs to it: column -> (segment, element).
FOLLOWING = {
    "party_address_1": ("N3", 1),
    "party_address_2": ("N3", 2),
    "party_city": ("N4", 1),
    "party_state": ("N4", 2),
    "party_zip": ("N4", 3),
    "country_code": ("N4", 4),
    "location_qualifier": ("N4", 5),
    "party_location_id": ("N4", 6),
    "country_subdivision_code": ("N4", 7),
    "provider_code": ("PRV", 1),
    "taxonomy_qualifier": ("PRV", 2),
    "taxonomy_code": ("PRV", 3),
    "party_birth_date": ("DMG", 2),
    "sex_code": ("DMG", 3),
}


def details(
    context: Context, file_ids: pa.Array, claim_ordinals: Index, progress: Progress, broken: Mapping[str, Index]
) -> dict[str, pa.Table]:
    """Every detail table. `broken` are, by family ("claim", "remit_claim"), the rows of claims that are put aside."""
    # Values of a wrong type have their findings already, from the tables and checks of their kind.
    columns = Columns(context.tokens, Findings())
    return {
        table.name: _table(context, columns, table, file_ids, claim_ordinals, progress, broken)
        for table in schema.DETAIL_TABLES
    }


def _table(
    context: Context,
    columns: Columns,
    table: schema.Table,
    file_ids: pa.Array,
    claim_ordinals: Index,
    progress: Progress,
    broken: Mapping[str, Index],
) -> pa.Table:
    tokens = context.tokens
    by_segment = ELEMENTS[table.name]
    segment = np.sort(np.concatenate([context.of(name) for name in by_segment]))
    if not len(segment):
        return schema.empty(table.name)
    kind, claim = context.kind[segment], context.claim[segment]
    is_remit = kind == KIND["835"]
    aside = (~is_remit & np.isin(claim, broken["claim"])) | (is_remit & np.isin(claim, broken["remit_claim"]))
    segment = segment[~aside]
    kind, claim, is_remit = kind[~aside], claim[~aside], is_remit[~aside]
    source = tokens.source[tokens.region[segment]]
    code = tokens.code[segment]
    ordinal = claim_ordinals[segment]
    loop = context.loop[segment]
    line = _lines(context, segment, is_remit)
    other = _others(context, segment)
    data: Row = {
        **provenance(tokens, context.envelope, file_ids, segment),
        "detail_ordinal": int32s(within(source) + progress.base(table.name, source)),
        "transaction_type": pa.array(KINDS).take(pa.array(kind)),
        "loop_id": pa.array(LOOPS).take(pa.array(loop, mask=loop == 0)),
        "claim_ordinal": int32s(ordinal, ordinal > 0),
        "line_number": int32s(line, line > 0),
        "other_payer_ordinal": int32s(other, other > 0),
        "segment_id": pa.array(SEGMENT_IDS).take(pa.array(code)),
    }
    progress.add(table.name, source)
    for column in table.columns:
        if column.name not in data:
            data[column.name] = _column(context, columns, column, by_segment, segment, code)
    fields = schema.arrow(table.name)
    return pa.table([data[field.name] for field in fields], schema=fields)


def _column(
    context: Context,
    columns: Columns,
    column: schema.Column,
    by_segment: Mapping[str, Mapping[str, Place]],
    segment: Index,
    code: Index,
) -> pa.Array:
    tokens = context.tokens
    if column.name in FOLLOWING and "NM1" in by_segment:
        name, element = FOLLOWING[column.name]
        segment = _follower(context, segment, name)
        place: Index | int = element
        component = 0
    else:
        element_of = np.zeros(len(SEGMENT_IDS), np.int64)
        component = 0
        for name, elements in by_segment.items():
            at = elements.get(column.name, 0)
            if isinstance(at, tuple):
                at, component = at
            element_of[CODE[name]] = at
        place = element_of[code]
        if not place.any():
            # None of the segments that are here has it.
            return pa.nulls(len(segment), column.type)
    if column.type == schema.DATE:
        place = _dated(tokens, segment, place)
        first, last = columns.dates(segment, place)
        return last if column.name.startswith("through") else first
    if component:
        # Few segments of a table have composites: the others are not taken apart.
        held = np.flatnonzero(place)
        at_held = np.broadcast_to(place, len(segment))[held]
        parts = tokens.text(columns.parts(segment[held], at_held, component)[component - 1])
        row = np.full(len(segment), ABSENT)
        row[held] = np.arange(len(held))
        return parts.take(pa.array(row, mask=row < 0))
    if column.type == schema.MONEY:
        return columns.money(segment, place)
    if column.type == schema.QUANTITY:
        return columns.quantity(segment, place)
    return columns.text(segment, place)


def _dated(tokens: Tokens, segment: Index, place: Index | int) -> Index:
    """`place`, but none where a DTP holds a time."""
    is_time = (segment >= 0) & (tokens.code[np.maximum(segment, 0)] == CODE["DTP"])
    form = tokens.packed(tokens.element(np.where(is_time, segment, ABSENT), 2))
    is_time &= (form == pack("TM")) | (form == pack("TS"))
    out: Index = np.where(is_time, 0, place)
    return out


def _follower(context: Context, segment: Index, name: str) -> Index:
    """The first `name` after each party and before the next segment that opens something."""
    found = context.of(name)
    if not len(found):
        return np.full(len(segment), ABSENT)
    place = np.searchsorted(found, segment, "right")
    near = found[np.minimum(place, len(found) - 1)]
    after = context.opener_after(segment)
    out: Index = np.where((place < len(found)) & (near > segment) & (near < after), near, ABSENT)
    return out


def _lines(context: Context, segment: Index, is_remit: Index) -> Index:
    line = context.line[segment]
    out = np.zeros(len(segment), np.int64)
    for at, mine in ((context.line_at, ~is_remit), (context.remit_line_at, is_remit)):
        here = mine & (line >= 0)
        if here.any():
            out[here] = within(context.claim[at])[line[here]]
    return out


def _others(context: Context, segment: Index) -> Index:
    other = context.other[segment]
    if not len(context.other_at):
        return np.zeros(len(segment), np.int64)
    number = within(context.claim[context.other_at])
    out: Index = np.where(
        (context.section[segment] == loops.OTHER_PAYER) & (other >= 0), number[np.maximum(other, 0)], 0
    )
    return out
