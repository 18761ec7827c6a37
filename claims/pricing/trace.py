"""A trace for a person or a program: one row of the kernel's output in words, and worked out again from them.

Belongs here: rendering, replaying. Does not belong here: pricing; nothing here is called for a whole batch.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from claims.pricing.rules import BY_NAME, REASONS, Operation

_CENT = Decimal("0.01")
_SIGNS = {
    Operation.SET: "=",
    Operation.LOWER: "min",
    Operation.TIMES: "*",
    Operation.MINUS: "-",
    Operation.ROUND: "~",
    Operation.NOTE: " ",
}
_SOURCE = ("release", "source_row", "row_modifier", "is_facility", "locality", "work_rvu", "pe_rvu", "mp_rvu",
           "work_gpci", "pe_gpci", "mp_gpci", "gpci_release", "conversion_factor", "factor_release")  # fmt: skip
_AMOUNTS = ("allowed_amount", "medicare_amount", "limiting_charge_amount", "deductible_amount", "coinsurance_amount",
            "sequestration_amount", "payment_amount")  # fmt: skip


def replay(steps: Sequence[Mapping[str, Any]]) -> list[Decimal]:
    """The running amount after each step, by the operations of the rules alone. Exact; rounds where the trace does."""
    amount = Decimal(0)
    out = []
    for step in steps:
        value = step["value"]
        match BY_NAME[step["rule"]].operation:
            case Operation.SET:
                amount = value
            case Operation.LOWER:
                amount = min(amount, value)
            case Operation.TIMES:
                amount *= value
            case Operation.MINUS:
                amount -= value
            case Operation.ROUND:
                amount = amount.quantize(_CENT, ROUND_HALF_UP)
            case Operation.NOTE:
                pass
        out.append(amount)
    return out


def to_document(row: Mapping[str, Any]) -> dict[str, Any]:
    """One row of `PRICED` (as `to_pylist` gives it) as a JSON document: amounts, then the trace step by step."""
    steps = row["steps"]
    source = {name: _plain(row[name]) for name in _SOURCE if row[name] is not None}
    trace = []
    for number, (step, amount) in enumerate(zip(steps, replay(steps), strict=True)):
        rule = BY_NAME[step["rule"]]
        entry = {
            "rule": rule.name,
            "operation": rule.operation.value,
            "value": _plain(step["value"]),
            "amount": _plain(amount),
            "words": rule.words,
            "citation": rule.citation,
        }
        trace.append(entry | ({"source": source} if number == 0 and source else {}))
    document = {name: _plain(row[name]) for name in _AMOUNTS}
    document |= {
        "status": row["status"],
        "reason": row["reason"],
        "reason_words": REASONS.get(row["reason"] or ""),
        "contract_id": row["contract_id"],
        "claim_ordinal": row["claim_ordinal"],
        "line_number": row["line_number"],
        "trace": trace,
    }
    return document


def to_text(row: Mapping[str, Any]) -> str:
    """One row of `PRICED` as lines of text: the reference row, then each step with the running amount."""
    document = to_document(row)
    lines = [f"{document['status']}: {document['allowed_amount'] or 'no amount'}"]
    if document["reason"]:
        lines.append(f"  why: {document['reason_words']} ({document['reason']})")
    if row["work_rvu"] is not None:
        setting = "facility" if row["is_facility"] else "non-facility"
        lines.append(f"  row: {row['release']} line {row['source_row']} {row['row_modifier'] or ''}".rstrip())
        lines.append(f"  {setting}, locality {row['locality']} of {row['gpci_release']}")
        parts = " + ".join(
            f"{_plain(row[f'{part}_rvu'])} * {_plain(row[f'{part}_gpci'])}" for part in ("work", "pe", "mp")
        )
        lines.append(f"  ({parts}) * {_plain(row['conversion_factor'])} of {row['factor_release']}")
    elif row["release"] is not None:
        lines.append(f"  row: {row['release']} line {row['source_row']}")
    for step in document["trace"]:
        sign = _SIGNS[Operation(step["operation"])]
        lines.append(f"  {sign:>3} {step['value']:>16} = {step['amount']:>16}  {step['rule']}: {step['words']}")
    lines += [f"  {name}: {document[name]}" for name in _AMOUNTS[2:] if document[name] is not None]
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    """Decimals as text without trailing zeros beyond cents; anything else as it is."""
    if not isinstance(value, Decimal):
        return value
    exponent = value.normalize().as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{value:.{places}f}"
