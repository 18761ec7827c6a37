"""Generated claims over the typed schema, all three kinds: written, read, equal."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claims import schema
from claims.interchange.x12 import Address, Numbers, Source, read, write_interchange
from claims.interchange.x12.write837 import Party, write_claims
from tests.examples import examples

AT = datetime(2024, 3, 1, 12, 30)  # noqa: DTZ001 - an envelope carries local wall-clock time without a zone
PARTY = Party("CLINIC", "123")
PROVENANCE = [column.name for column in schema.PROVENANCE]
KINDS = ("professional", "institutional", "dental")
PERSON = ("last_name", "first_name", "middle_name", "name_suffix", "address_1", "address_2", "city", "state", "zip")
NPI = "1234567893"

words = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -.'", min_size=1, max_size=12).map(str.strip).filter(bool)
codes = st.text("ABCDEFGHIJ0123456789", min_size=1, max_size=6)
days = st.dates(date(2000, 1, 1), date(2030, 12, 31))
money = st.integers(0, 10**9).map(lambda cents: Decimal(cents) / 100)
signed = st.integers(-(10**7), 10**7).map(lambda cents: Decimal(cents) / 100)
quantity = st.integers(0, 10**6).map(lambda mills: Decimal(mills) / 1000)

Row = dict[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def period(draw: Draw) -> tuple[date | None, date | None]:
    first = draw(maybe(days))
    return first, first and max(first, draw(days))


def product(draw: Draw) -> Row:
    row: Row = {"product_qualifier": "HC", "procedure_code": draw(codes)}
    for n in range(1, draw(st.integers(0, 4)) + 1):
        row[f"modifier_{n}"] = draw(codes)
    return row


def person(draw: Draw, prefix: str, *, is_named: bool) -> Row:
    row = {f"{prefix}_{name}": draw(maybe(words)) for name in PERSON}
    row |= {f"{prefix}_birth_date": draw(maybe(days)), f"{prefix}_sex_code": draw(maybe(st.sampled_from("FMU")))}
    return row | {f"{prefix}_last_name": draw(words)} if is_named else row


def hi_codes(draw: Draw, claim: int, kind: str) -> list[Row]:
    qualifiers = ["ABK"] if kind != "dental" else []
    others = st.sampled_from(["ABF", "ABJ", "APR", "ABN", "DR", "BBR", "BBQ", "BI", "BH", "BE", "BG", "TC", "BP"])
    qualifiers += draw(st.lists(others, max_size=16))
    rows, position = [], 0
    for n, qualifier in enumerate(qualifiers, 1):
        row: Row = {"claim_ordinal": claim, "code_ordinal": n, "qualifier": qualifier, "code": draw(codes)}
        if qualifier in ("ABK", "ABF"):
            position += 1
            row["diagnosis_position"] = position
            row["present_on_admission_code"] = draw(maybe(st.sampled_from("YNUW")))
        elif qualifier in ("BI", "BH", "BBR", "BBQ"):
            row["from_date"], row["through_date"] = period(draw)
        elif qualifier == "BE":
            row["amount"] = draw(maybe(money))
        rows.append(row)
    return rows


@st.composite
def networks(draw: Draw) -> dict[str, list[Row]]:
    """Rows of every typed table: a few claims of one or two sets."""
    out: dict[str, list[Row]] = {
        name: []
        for name in (
            *("claims", "claim_lines", "claim_codes", "claim_other_payers", "claim_adjustments"),
            "claim_line_adjudications",
        )
    }
    kind = draw(st.sampled_from(KINDS))
    for number in range(1, draw(st.integers(1, 4)) + 1):
        _claim(draw, out, number, kind)
    return out


def _claim(draw: Draw, out: dict[str, list[Row]], number: int, kind: str) -> None:
    place = {"claim_ordinal": number}
    is_subscriber = draw(st.booleans())
    subscriber = person(draw, "subscriber", is_named=True)
    patient = {f"patient{k.removeprefix('subscriber')}": v for k, v in subscriber.items()}
    if not is_subscriber:
        patient = person(draw, "patient", is_named=True)
    payers = draw(st.integers(0, 2))
    diagnoses = hi_codes(draw, number, kind)
    lines = [_line(draw, out, number, n, kind, payers) for n in range(1, draw(st.integers(1, 3)) + 1)]
    out["claim_lines"] += lines
    for n in range(1, payers + 1):
        _other_payer(draw, out, number, n)
    own = [row for row in out["claim_adjustments"] if row["claim_ordinal"] == number]
    # As the file has them: those of the payers, then those of the lines.
    own.sort(key=lambda row: (row["line_number"] or 0, row["other_payer_ordinal"] or 0))
    for n, row in enumerate(own, 1):
        row["adjustment_ordinal"] = n
    earlier = [row for row in out["claim_adjustments"] if row["claim_ordinal"] != number]
    out["claim_adjustments"] = [*earlier, *own]
    out["claim_codes"] += diagnoses
    statement = period(draw)

    def first(*qualifiers: str) -> str | None:
        return next((row["code"] for row in diagnoses if row["qualifier"] in qualifiers), None)

    texts = [
        "billing_provider_taxonomy_code",
        "billing_provider_tax_id",
        "billing_provider_state",
        "billing_provider_zip",
        "provider_signature_code",
        "assignment_code",
        "benefits_assignment_code",
        "release_code",
        "patient_signature_code",
        "related_cause_code_1",
        "accident_state",
        "special_program_code",
        "delay_reason_code",
        "prior_authorization_number",
        "referral_number",
        "payer_claim_control_number",
        "medical_record_number",
        "clearinghouse_trace_number",
        "group_number",
        "claim_filing_code",
        "payer_id",
        "subscriber_member_id",
        "subscriber_ssn",
        "relationship_code",
    ]
    stays = ["admission_type_code", "admission_source_code", "patient_status_code"] if kind == "institutional" else []
    dates = ("admission_date", "discharge_date", "onset_date", "initial_treatment_date", "accident_date")
    npis = ("billing", "rendering", "referring", "attending")
    out["claims"].append(
        {
            **place,
            "claim_type": kind,
            "patient_control_number": draw(words),
            "total_charge_amount": sum((line["charge_amount"] for line in lines), Decimal(0)),
            "facility_type_code": "11",
            "facility_code_qualifier": "B",
            "frequency_code": draw(st.sampled_from("178")),
            **{name: draw(maybe(words)) for name in (*texts, *stays)},
            **{name: draw(maybe(days)) for name in dates},
            **{f"{who}_provider_npi": draw(st.sampled_from([None, NPI])) for who in npis},
            "service_facility_npi": draw(st.sampled_from([None, NPI])),
            "statement_from_date": statement[0],
            "statement_through_date": statement[1],
            "patient_paid_amount": draw(maybe(money)),
            "billing_provider_name": draw(words),
            "payer_name": draw(words),
            "payer_responsibility_code": draw(st.sampled_from("PST")),
            "principal_diagnosis_code": first("ABK"),
            "admitting_diagnosis_code": first("ABJ"),
            "drg_code": first("DR"),
            "diagnosis_count": sum("diagnosis_position" in row for row in diagnoses),
            "line_count": len(lines),
            "has_attachment": False,
            "other_payer_count": payers,
            "is_subscriber": is_subscriber,
            **subscriber,
            **patient,
        }
    )


def _line(draw: Draw, out: dict[str, list[Row]], claim: int, number: int, kind: str, payers: int) -> Row:
    row: Row = {
        "claim_ordinal": claim,
        "line_number": number,
        "assigned_number": str(number),
        **product(draw),
        "charge_amount": draw(money),
        "unit_count": draw(maybe(quantity)),
        "line_control_number": draw(maybe(words)),
        "prior_authorization_number": draw(maybe(words)),
        "rendering_provider_npi": draw(st.sampled_from([None, NPI])),
    }
    row["service_from_date"], row["service_through_date"] = period(draw)
    if kind != "institutional":
        row["place_of_service_code"] = draw(maybe(codes))
        for n in range(1, draw(st.integers(0, 4)) + 1):
            row[f"diagnosis_pointer_{n}"] = draw(st.integers(1, 12))
    if kind != "dental":
        row["unit_code"] = draw(maybe(st.just("UN")))
        if draw(st.booleans()):
            row |= {"ndc_code": "00069420030", "ndc_unit_count": draw(quantity), "ndc_unit_code": "ML"}
    if kind == "professional":
        row |= {"line_description": draw(maybe(words)), "emergency_code": draw(st.sampled_from([None, "Y"]))}
        row |= {"epsdt_code": draw(st.sampled_from([None, "Y"])), "family_planning_code": draw(maybe(st.just("Y")))}
    if kind == "institutional":
        row |= {"revenue_code": draw(codes), "non_covered_amount": draw(maybe(money))}
    for n in range(1, (draw(st.integers(0, payers)) if payers else 0) + 1):
        out["claim_line_adjudications"].append(
            {
                "claim_ordinal": claim,
                "line_number": number,
                "adjudication_ordinal": n,
                "payer_id": f"PAYER{n}",
                "paid_amount": draw(money),
                **product(draw),
                "paid_units": draw(maybe(quantity)),
                "bundled_line_number": draw(maybe(st.integers(1, 99))),
                "adjudication_date": draw(maybe(days)),
                "remaining_liability_amount": draw(maybe(money)),
            }
        )
        _adjust(draw, out, claim, f"PAYER{n}", line_number=number)
    return row


def _adjust(draw: Draw, out: dict[str, list[Row]], claim: int, payer: str, **place: int) -> None:
    for group in draw(st.lists(st.sampled_from(["CO", "PR", "OA"]), unique=True, max_size=3)):
        for _ in range(draw(st.integers(1, 8))):
            row = {"claim_ordinal": claim, "payer_id": payer, "group_code": group, "reason_code": draw(codes)}
            row |= {"amount": draw(signed), "quantity": draw(maybe(quantity))}
            out["claim_adjustments"].append({"line_number": None, "other_payer_ordinal": None, **row, **place})


def _other_payer(draw: Draw, out: dict[str, list[Row]], claim: int, number: int) -> None:
    texts = ("relationship_code", "group_number", "claim_filing_code", "benefits_assignment_code", "release_code")
    amounts = ("paid_amount", "non_covered_amount", "remaining_liability_amount")
    names = ("subscriber_member_id", "subscriber_last_name", "subscriber_first_name", "payer_claim_control_number")
    out["claim_other_payers"].append(
        {
            "claim_ordinal": claim,
            "other_payer_ordinal": number,
            "payer_responsibility_code": draw(st.sampled_from("PST")),
            **{name: draw(maybe(words)) for name in (*texts, *names)},
            **{name: draw(maybe(money)) for name in amounts},
            "payer_name": draw(words),
            "payer_id": f"PAYER{number}",
            "adjudication_date": draw(maybe(days)),
        }
    )
    _adjust(draw, out, claim, f"PAYER{number}", other_payer_ordinal=number)


def _tables(rows: dict[str, list[Row]]) -> dict[str, pa.Table]:
    """Tables of rows that were never read: their provenance says nothing."""
    blank = {"file_id": "f", "transaction_ordinal": 1, "segment_ordinal": 0, "byte_offset": 0}
    return {
        name: pa.Table.from_pylist([{**blank, **row} for row in own], schema=schema.arrow(name))
        for name, own in rows.items()
    }


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(networks())
def test_generated_claims_come_back(rows: dict[str, list[Row]]) -> None:
    before = _tables(rows)
    groups = write_claims(before, at=AT, submitter=PARTY, receiver=PARTY)
    data = write_interchange(Address("SENDER", "RECEIVER"), groups, numbers=Numbers(), at=AT)
    after = read([Source.of(data)]).tables
    for name in before:
        theirs, ours = before[name].drop(PROVENANCE), after[name].drop(PROVENANCE)
        assert ours.to_pylist() == theirs.to_pylist(), name
