"""A network of a dozen claims told in dicts: every way an answer of a payer can go, with amounts worked by hand.

Belongs here: the story. Each claim is one `Claim`; its answers are `Answer`s in files of their own. Does not belong
here: how rows are written (`tiny_lake`) and what the marts must say about them (the tests).
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

Rows = dict[str, list[dict[str, Any]]]
Adjustment = tuple[str, str, str]


@dataclass(frozen=True)
class Line:
    """A service line: procedure, charge, and in an answer what was paid and why the rest was not."""

    procedure: str
    charge: str
    paid: str = "0"
    adjustments: tuple[Adjustment, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Claim:
    """One CLM in a file of its own."""

    key: str
    submitted: date
    lines: tuple[Line, ...]
    frequency: str = "1"
    payer: str = "PAY1"
    responsibility: str = "P"
    file: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """One CLP in a file of its own; `lines` may be empty, then `charge` and `paid` say it all."""

    key: str | None
    paid_on: date
    lines: tuple[Line, ...]
    status: str = "1"
    number: str | None = None
    frequency: str | None = None
    payer: str = "PAY1"
    charge: str | None = None
    paid: str | None = None
    claim_adjustments: tuple[Adjustment, ...] = ()
    file: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    payment: str | None = None
    provider_adjustment: str | None = None


def _sum(values: Any) -> Decimal:
    return sum((Decimal(value) for value in values), Decimal(0))


def rows(claims: list[Claim], answers: list[Answer]) -> Rows:
    """The bronze rows of the story; file ids are c1, c2 ... for claims and r1, r2 ... for answers, where not named."""
    out: Rows = {
        name: []
        for name in (
            "transactions",
            "claims",
            "claim_lines",
            "remittances",
            "remittance_claims",
            "remittance_lines",
            "remittance_adjustments",
            "remittance_remarks",
            "provider_adjustments",
        )
    }
    for number, claim in enumerate(claims, 1):
        file_id = claim.file or f"c{number}"
        common = {"file_id": file_id, "transaction_ordinal": 1, "received_date": claim.submitted}
        out["transactions"].append({**common, "transaction_type": "837P", "created_date": claim.submitted})
        out["claims"].append(
            {
                **common,
                "segment_ordinal": 20,
                "claim_ordinal": 1,
                "claim_key": claim.key,
                "total_charge_amount": _sum(line.charge for line in claim.lines),
                "frequency_code": claim.frequency,
                "payer_id": claim.payer,
                "payer_name": f"Payer {claim.payer}",
                "payer_responsibility_code": claim.responsibility,
                "billing_provider_npi": "1999999984",
                "billing_provider_name": "Alder Clinic",
                "billing_provider_taxonomy_code": "207Q00000X",
                "rendering_provider_npi": "1888888885",
                "rendering_provider_taxonomy_code": "207RC0000X",
                "patient_key": f"patient-{claim.key}",
                "subscriber_key": f"member-{claim.key}",
                "patient_birth_year": 1970,
                "line_count": len(claim.lines),
                **claim.extra,
            }
        )
        for position, line in enumerate(claim.lines, 1):
            out["claim_lines"].append(
                {
                    **common,
                    "segment_ordinal": 20 + position,
                    "claim_ordinal": 1,
                    "line_number": position,
                    "procedure_code": line.procedure,
                    "charge_amount": Decimal(line.charge),
                    "service_from_date": claim.submitted.replace(day=1),
                }
            )
    for number, answer in enumerate(answers, 1):
        _answer(out, answer, answer.file or f"r{number}")
    return out


def edits(claims: list[Claim], fired: dict[str, str], overridden: frozenset[str] = frozenset()) -> Rows:
    """The silver rows of rules that fired on the first line of claims: file of the claim → rule, with its CARC.

    `fired`: {"c1": "DUP-001 18"}. `overridden`: files of claims whose edit a user overrode.
    """
    out: Rows = {"claim_edits": [], "claim_scrubs": [], "edit_overrides": []}
    days: dict[date, list[str]] = {}
    for number, claim in enumerate(claims, 1):
        file_id = claim.file or f"c{number}"
        found = days.setdefault(claim.submitted, [])
        if file_id not in fired:
            continue
        rule, carc = fired[file_id].split()
        edit_id = f"{file_id}-1:{rule}:1:1"
        found.append(edit_id)
        named = {"edit_id": edit_id, "claim_id": f"{file_id}-1", "rule_id": rule, "received_date": claim.submitted}
        out["claim_edits"].append(
            {
                **named, "file_id": file_id, "transaction_ordinal": 1, "segment_ordinal": 21, "claim_ordinal": 1,
                "line_number": 1, "part": "line", "part_ordinal": 1, "category": "duplicate", "severity": "error",
                "rule_layer": "national", "prevented_reason_code": carc,
            }
        )  # fmt: skip
        if file_id in overridden:
            found.append("overridden")
            out["edit_overrides"].append({**named, "overridden_date": claim.submitted, "actor_role": "biller"})
    out["claim_scrubs"] = [{"received_date": day, "edits_digest": " ".join(found)} for day, found in days.items()]
    return out


def _answer(out: Rows, answer: Answer, file_id: str) -> None:
    common = {"file_id": file_id, "transaction_ordinal": 1, "received_date": answer.paid_on}
    paid = Decimal(answer.paid) if answer.paid is not None else _sum(line.paid for line in answer.lines)
    charge = Decimal(answer.charge) if answer.charge is not None else _sum(line.charge for line in answer.lines)
    patient = _sum(
        amount
        for group in (answer.claim_adjustments, *(line.adjustments for line in answer.lines))
        for code, _, amount in group
        if code == "PR"
    )
    provider_adjustment = Decimal(answer.provider_adjustment or "0")
    payment = Decimal(answer.payment) if answer.payment is not None else paid - provider_adjustment
    out["transactions"].append({**common, "transaction_type": "835", "created_date": answer.paid_on})
    out["remittances"].append(
        {
            **common,
            "segment_ordinal": 2,
            "payment_amount": payment,
            "payment_date": answer.paid_on,
            "payer_id": answer.payer,
            "payer_name": f"Payer {answer.payer}",
            "payee_npi": "1999999984",
            "trace_number": file_id,
        }
    )
    if answer.provider_adjustment is not None:
        out["provider_adjustments"].append(
            {**common, "segment_ordinal": 99, "reason_code": "WO", "amount": provider_adjustment}
        )
    out["remittance_claims"].append(
        {
            **common,
            "segment_ordinal": 10,
            "claim_ordinal": 1,
            "claim_key": answer.key,
            "claim_status_code": answer.status,
            "total_charge_amount": charge,
            "payment_amount": paid,
            "patient_responsibility_amount": patient,
            "payer_claim_key": answer.number,
            "frequency_code": answer.frequency,
            "line_count": len(answer.lines),
            **answer.extra,
        }
    )
    ordinal = 0
    for adjustment in answer.claim_adjustments:
        ordinal += 1
        out["remittance_adjustments"].append(_adjustment(common, ordinal, None, adjustment))
    remark = 0
    for position, line in enumerate(answer.lines, 1):
        out["remittance_lines"].append(
            {
                **common,
                "segment_ordinal": 10 + position,
                "claim_ordinal": 1,
                "line_number": position,
                "procedure_code": line.procedure,
                "charge_amount": Decimal(line.charge),
                "payment_amount": Decimal(line.paid),
                **({"service_from_date": answer.paid_on} if "statement_from_date" not in answer.extra else {}),
            }
        )
        for adjustment in line.adjustments:
            ordinal += 1
            out["remittance_adjustments"].append(_adjustment(common, ordinal, position, adjustment))
        for code in line.remarks:
            remark += 1
            out["remittance_remarks"].append(
                {
                    **common,
                    "claim_ordinal": 1,
                    "remark_ordinal": remark,
                    "line_number": position,
                    "source": "LQ",
                    "remark_code": code,
                }
            )


def _adjustment(common: dict[str, Any], ordinal: int, line: int | None, adjustment: Adjustment) -> dict[str, Any]:
    group, reason, amount = adjustment
    return {
        **common,
        "segment_ordinal": 50 + ordinal,
        "claim_ordinal": 1,
        "adjustment_ordinal": ordinal,
        "line_number": line,
        "group_code": group,
        "reason_code": reason,
        "amount": Decimal(amount),
    }
