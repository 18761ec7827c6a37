"""Requests made from the `claims` table: 276 (claim status), 270 (eligibility), 278 (services review).

Belongs here: what a request says. Does not belong here: envelopes (`writer`), reading answers (`answers`, `details`).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import count
from typing import Any, TypeAlias

import pyarrow as pa

from claims.interchange.x12.writer import Group, Segment, TransactionSet

GUIDES = {"276": "005010X212", "270": "005010X279A1", "278": "005010X217"}
_FUNCTIONAL = {"276": "HR", "270": "HS", "278": "HI"}
_HEALTH_BENEFIT_PLAN_COVERAGE = "30"

Row: TypeAlias = Mapping[str, Any]


def status_request(claims: pa.Table, *, reference: str, created: date) -> Group:
    """A 276 that asks for the status of each row of `claims`; TRN02 and REF*EJ carry CLM01."""
    return _request("276", claims, reference, created, _status_claim)


def eligibility_request(claims: pa.Table, *, reference: str, created: date) -> Group:
    """A 270 that asks, for the patient of each row of `claims`, for health benefit plan coverage on its first day."""
    return _request("270", claims, reference, created, _eligibility_claim)


def review_request(claims: pa.Table, *, reference: str, created: date) -> Group:
    """A 278 that asks to certify the services of each row of `claims`, by its principal diagnosis and dates."""
    return _request("278", claims, reference, created, _review_claim)


def _request(kind: str, claims: pa.Table, reference: str, created: date, body: Any) -> Group:
    structure = {"276": "0010", "270": "0022", "278": "0007"}[kind]
    segments: list[Segment] = [("BHT", structure, "13", reference, f"{created:%Y%m%d}", "0000")]
    number = count(1)
    before: tuple[Any, ...] = ()
    receiver = 0
    for row in claims.to_pylist():
        heads = (row["payer_id"], row["payer_name"], row["billing_provider_npi"], row["billing_provider_name"])
        if heads != before:
            receiver = _heads(segments, kind, row, number)
            before = heads
        subscriber = next(number)
        parent = receiver
        is_patient = row["is_subscriber"]
        has_child = kind == "278" or not is_patient
        segments.append(("HL", str(subscriber), str(parent), "22", "1" if has_child else "0"))
        if is_patient:
            segments.extend(body(row, "subscriber", created, number, subscriber))
        else:
            segments.append(_person(row, "subscriber", "IL"))
            dependent = next(number)
            segments.append(("HL", str(dependent), str(subscriber), "23", "1" if kind == "278" else "0"))
            segments.extend(body(row, "patient", created, number, dependent))
    return Group(_FUNCTIONAL[kind], GUIDES[kind], [TransactionSet(kind, GUIDES[kind], segments)])


def _heads(segments: list[Segment], kind: str, row: Row, number: "count[int]") -> int:
    """The levels above the subscriber: payer, receiver and provider; the number of the last."""
    source = next(number)
    payer = "X3" if kind == "278" else "PR"
    segments.append(("HL", str(source), None, "20", "1"))
    segments.append(("NM1", payer, "2", row["payer_name"], None, None, None, None, "PI", row["payer_id"]))
    receiver = next(number)
    segments.append(("HL", str(receiver), str(source), "21", "1"))
    provider = (row["billing_provider_name"], None, None, None, None, "XX", row["billing_provider_npi"])
    segments.append(("NM1", {"276": "41", "270": "1P", "278": "1P"}[kind], "2", *provider))
    if kind != "276":
        return receiver
    last = next(number)
    segments.append(("HL", str(last), str(receiver), "19", "1"))
    segments.append(("NM1", "1P", "2", *provider))
    return last


def _person(row: Row, prefix: str, entity: str) -> Segment:
    has_id = prefix == "subscriber"
    return (
        "NM1", entity, "1", row[f"{prefix}_last_name"], row[f"{prefix}_first_name"], row[f"{prefix}_middle_name"], None,
        row[f"{prefix}_name_suffix"], "MI" if has_id else None, row["subscriber_member_id"] if has_id else None,
    )  # fmt: skip


def _demographics(row: Row, prefix: str) -> list[Segment]:
    born = row[f"{prefix}_birth_date"]
    if born is None:
        return []
    return [("DMG", "D8", f"{born:%Y%m%d}", row[f"{prefix}_sex_code"])]


def _days(row: Row) -> str | None:
    first, last = row["statement_from_date"], row["statement_through_date"]
    if first is None:
        return None
    return f"{first:%Y%m%d}-{last or first:%Y%m%d}"


def _status_claim(row: Row, prefix: str, created: date, number: "count[int]", level: int) -> Sequence[Segment]:
    del created, number, level
    entity = "IL" if prefix == "subscriber" else "QC"
    segments: list[Segment] = [*_demographics(row, prefix), _person(row, prefix, entity)]
    segments.append(("TRN", "1", row["patient_control_number"]))
    if row["payer_claim_control_number"]:
        segments.append(("REF", "1K", row["payer_claim_control_number"]))
    segments.append(("REF", "EJ", row["patient_control_number"]))
    segments.append(("AMT", "T3", str(row["total_charge_amount"])))
    if days := _days(row):
        segments.append(("DTP", "472", "RD8", days))
    return segments


def _eligibility_claim(row: Row, prefix: str, created: date, number: "count[int]", level: int) -> Sequence[Segment]:
    del number, level
    entity = "IL" if prefix == "subscriber" else "03"
    asked = row["statement_from_date"] or created
    return [
        ("TRN", "1", row["patient_control_number"], f"9{row['billing_provider_npi']}"),
        _person(row, prefix, entity),
        *_demographics(row, prefix),
        ("DTP", "291", "D8", f"{asked:%Y%m%d}"),
        ("EQ", _HEALTH_BENEFIT_PLAN_COVERAGE),
    ]


def _review_claim(row: Row, prefix: str, created: date, number: "count[int]", level: int) -> Sequence[Segment]:
    del created
    entity = "IL" if prefix == "subscriber" else "QC"
    segments: list[Segment] = [_person(row, prefix, entity), *_demographics(row, prefix)]
    segments.append(("HL", str(next(number)), str(level), "EV", "0"))
    segments.append(("TRN", "1", row["patient_control_number"], f"9{row['billing_provider_npi']}"))
    facility = (row["facility_type_code"] or "", row["facility_code_qualifier"] or "")
    segments.append(("UM", "HS", "I", None, facility))
    if row["principal_diagnosis_code"]:
        segments.append(("HI", ("ABK", row["principal_diagnosis_code"])))
    if days := _days(row):
        segments.append(("DTP", "472", "RD8", days))
    return segments
