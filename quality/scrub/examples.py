"""The claims of a rule's examples, as tables of a reader: a clean claim of a known kind with what the example changes.

Belongs here: the clean claims, the words that an example may use. Does not belong here: running rules, tests.

An example is a mapping: `base` (professional, outpatient or inpatient) and changes of it. `claim` and `line` change
columns of the claim and its first line; `lines` gives every line as changes of the base's first one; `diagnoses`,
`admitting`, `reasons`, `external`, `conditions`, `values`, `occurrences`, `spans` and `procedures` replace the codes of
their kind; `codes` adds whole rows; `payers`, `adjustments` and `adjudications` give rows of other payers; `parties`,
`references`, `dates`, `notes`, `attachments`, `transports`, `elements` and `forms` give rows of the reader's detail
tables, a party instead of the base's own party of that loop; the names of tables beside the claims
(`quality.scrub.beside`) give their rows, by default of the example's own payer, member and account; `submitted`
is the day of the transaction set, `receiver` the receiver of its group; `earlier` is a list of examples that came
before.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from claims import schema
from claims.reference import open_reference
from quality.scrub import beside
from quality.scrub.kernel import Scrubber
from quality.scrub.rulebook import Rulebook

_DAY = date(2024, 5, 14)
_CLAIM: dict[str, Any] = {
    "claim_type": "professional", "patient_control_number": "PCN-1", "facility_type_code": "11",
    "facility_code_qualifier": "B", "frequency_code": "1", "provider_signature_code": "Y", "assignment_code": "A",
    "benefits_assignment_code": "Y", "release_code": "Y", "has_attachment": False,
    "billing_provider_npi": "1234567893", "billing_provider_name": "ALDER CLINIC",
    "billing_provider_taxonomy_code": "207Q00000X", "billing_provider_tax_id": "123456789",
    "billing_provider_state": "MA", "billing_provider_zip": "021010001", "rendering_provider_npi": "1003000126",
    "rendering_provider_taxonomy_code": "207Q00000X", "payer_responsibility_code": "P",
    "is_subscriber": True,
    "relationship_code": "18", "group_number": "GRP1", "claim_filing_code": "CI",
    "payer_name": "BLUE",
    "payer_id": "12345", "subscriber_member_id": "W0001", "subscriber_last_name": "DOE",
    "subscriber_first_name": "JANE",
    "subscriber_address_1": "2 ELM ST", "subscriber_city": "BOSTON", "subscriber_state": "MA",
    "subscriber_zip": "02118",
    "subscriber_birth_date": date(1980, 2, 29), "subscriber_sex_code": "F", "patient_last_name": "DOE",
    "patient_first_name": "JANE", "patient_address_1": "2 ELM ST", "patient_city": "BOSTON", "patient_state": "MA",
    "patient_zip": "02118", "patient_birth_date": date(1980, 2, 29), "patient_sex_code": "F",
}  # fmt: skip
_LINE: dict[str, Any] = {
    "assigned_number": "1", "product_qualifier": "HC", "procedure_code": "99213", "charge_amount": Decimal("150.00"),
    "unit_code": "UN", "unit_count": Decimal(1), "diagnosis_pointer_1": 1, "service_from_date": _DAY,
    "service_through_date": _DAY,
}  # fmt: skip
_HOSPITAL: dict[str, Any] = {
    "claim_type": "institutional", "facility_type_code": "13", "facility_code_qualifier": "A",
    "provider_signature_code": None, "rendering_provider_npi": None, "rendering_provider_taxonomy_code": None,
    "attending_provider_npi": "1003000126", "billing_provider_name": "CEDAR HOSPITAL",
    "billing_provider_taxonomy_code": "282N00000X", "statement_from_date": _DAY, "statement_through_date": _DAY,
    "patient_status_code": "01", "admission_source_code": "1", "admission_type_code": "3",
}  # fmt: skip
_STAY: dict[str, Any] = {
    "facility_type_code": "11", "statement_from_date": _DAY, "statement_through_date": _DAY + timedelta(days=3),
    "admission_date": _DAY, "discharge_date": _DAY + timedelta(days=3),
}  # fmt: skip
_HOSPITAL_LINE: dict[str, Any] = {
    "revenue_code": "0510", "procedure_code": "99213", "diagnosis_pointer_1": None, "charge_amount": Decimal("200.00"),
}  # fmt: skip
_STAY_LINE: dict[str, Any] = {
    "revenue_code": "0120", "procedure_code": None, "product_qualifier": None, "diagnosis_pointer_1": None,
    "charge_amount": Decimal("3000.00"), "unit_code": "DA", "unit_count": Decimal(3), "service_from_date": None,
    "service_through_date": None,
}  # fmt: skip
# The parties of every clean claim, by loop.
_PARTIES: tuple[dict[str, Any], ...] = (
    {"loop_id": "2010AA", "entity_code": "85", "entity_type_code": "2", "id_qualifier": "XX",
     "party_last_name": "ALDER CLINIC", "party_id": "1234567893", "party_address_1": "1 OAK ST",
     "party_city": "BOSTON", "party_state": "MA", "party_zip": "021010001"},
    {"loop_id": "2010BA", "entity_code": "IL", "entity_type_code": "1", "id_qualifier": "MI"},
)  # fmt: skip
_RENDERING: dict[str, Any] = {
    "loop_id": "2310B", "entity_code": "82", "entity_type_code": "1", "id_qualifier": "XX", "party_last_name": "ROE",
    "party_id": "1003000126",
}  # fmt: skip
# base -> claim, line, codes by the example's words
BASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "professional": (_CLAIM, _LINE, {"diagnoses": ["E119"]}),
    "outpatient": (_CLAIM | _HOSPITAL, _LINE | _HOSPITAL_LINE, {"diagnoses": ["E119"]}),
    "inpatient": (
        _CLAIM | _HOSPITAL | _STAY,
        _LINE | _STAY_LINE,
        {"diagnoses": ["E119"], "admitting": "E119", "values": {"80": 3}},
    ),
}
_SIMPLE_CODES = {"reasons": "APR", "external": "ABN", "conditions": "BG"}
_DATED_CODES = {"occurrences": "BH", "spans": "BI"}
_ROWS = {
    "payers": ("claim_other_payers", "other_payer_ordinal"),
    "adjustments": ("claim_adjustments", "adjustment_ordinal"),
    "adjudications": ("claim_line_adjudications", "adjudication_ordinal"),
}
_DETAILS = {
    word: f"detail_{word}"
    for word in ("parties", "references", "dates", "notes", "attachments", "transports", "elements", "forms")
}
_BESIDE = tuple(name for name in beside.TABLES if name != "eligibility")
WORDS = frozenset(
    ["base", "claim", "line", "lines", "diagnoses", "admitting",
     "values", "procedures", "codes", "submitted", "receiver"]
) | frozenset(("earlier", *_SIMPLE_CODES, *_DATED_CODES, *_ROWS, *_DETAILS, *_BESIDE))  # fmt: skip
_TABLES = (
    "transactions", "claims", "claim_lines", "claim_codes", *(name for name, _ in _ROWS.values()), *_DETAILS.values(),
    *_BESIDE,
)  # fmt: skip


def tables(examples: Sequence[Mapping[str, Any]], file_id: str = "e") -> dict[str, pa.Table]:
    """One claim per example, with claim_ordinal 1, 2 .. in their order.

    Raises:
        ValueError: an example uses a word, a base or a column that there is not.
    """
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in _TABLES}
    for ordinal, example in enumerate(examples, start=1):
        _add(rows, example, file_id, ordinal)
    # A table beside the claims that no example has is not there at all: its rules are not asked.
    return {name: _arrow(name, found) for name, found in rows.items() if found or name not in _BESIDE}


def failures(book: Rulebook) -> dict[str, str]:
    """Rules whose examples do not do what they must, with what happened; empty when all is well.

    All examples run as one set of tables with the small reference tables of the project; those with `earlier` claims
    have their own history.
    """
    scrubber = Scrubber(book, reference=open_reference(None), tenant=_tenant(book))
    asked = [(rule, must, getattr(rule, must)) for rule in book.rules for must in ("fires", "passes")]
    # Patients of different examples are different people: what one rule's claims did is no history of another's.
    examples = [_for_patient(example, n) for n, (_, _, example) in enumerate(asked)]
    history = [_for_patient(one, n) for n, (_, _, example) in enumerate(asked) for one in example.get("earlier", ())]
    edits = scrubber.run(tables(examples), tables(history, "h"))
    found: dict[int, set[str]] = {}
    for ordinal, rule_id in zip(edits["claim_ordinal"].to_pylist(), edits["rule_id"].to_pylist(), strict=True):
        found.setdefault(ordinal, set()).add(rule_id)
    wrong = {}
    for ordinal, (rule, must, _) in enumerate(asked, start=1):
        fired = rule.id in found.get(ordinal, set())
        if fired != (must == "fires"):
            wrong[f"{rule.id} {must}"] = "fires" if fired else f"does not fire; fired: {sorted(found.get(ordinal, ()))}"
    return wrong


def _tenant(book: Rulebook) -> str | None:
    return next((tenant for rule in book.rules for tenant in rule.reach.tenants), None)


def _for_patient(example: Mapping[str, Any], number: int) -> dict[str, Any]:
    claim = dict(example.get("claim") or {})
    claim.setdefault("patient_first_name", f"P{number:05d}")
    claim.setdefault("patient_control_number", f"PCN-{number:05d}")
    return {**example, "claim": claim}


def _add(rows: dict[str, list[dict[str, Any]]], example: Mapping[str, Any], file_id: str, ordinal: int) -> None:
    if unknown := example.keys() - WORDS:
        raise ValueError(f"an example knows no {sorted(unknown)[0]}")
    base = example.get("base", "professional")
    if base not in BASES:
        raise ValueError(f"an example's base is one of {', '.join(BASES)}, not {base}")
    base_claim, base_line, base_codes = BASES[base]
    key = {"file_id": file_id, "claim_ordinal": ordinal}
    lines = [base_line | line for line in example.get("lines") or [{}]]
    lines[0] = lines[0] | (example.get("line") or {})
    numbered = (
        [{**key, "line_number": n, **line} for n, line in enumerate(lines, start=1)]
        if example.get("lines", [{}])
        else []
    )
    rows["claim_lines"] += numbered
    codes = list(_codes({**base_codes, **{k: v for k, v in example.items() if k in WORDS}}))
    rows["claim_codes"] += [{**key, "code_ordinal": n, **code} for n, code in enumerate(codes, start=1)]
    for word, (table, numbering) in _ROWS.items():
        rows[table] += [{**key, numbering: n, **row} for n, row in enumerate(example.get(word) or (), start=1)]
    principal = [code["code"] for code in codes if code.get("diagnosis_position") == 1]
    total = sum((Decimal(str(line["charge_amount"])) for line in lines if line["charge_amount"] is not None), Decimal())
    counted = {
        "total_charge_amount": total,
        "line_count": len(numbered),
        "diagnosis_count": sum(1 for code in codes if code.get("diagnosis_position")),
        "principal_diagnosis_code": principal[0] if principal else None,
        "admitting_diagnosis_code": {**base_codes, **example}.get("admitting"),
        "other_payer_count": len(example.get("payers") or ()),
    }
    for word, table in _DETAILS.items():
        _add_details(rows[table], example.get(word) or [], base, key, own_parties=word == "parties")
    claim = {**base_claim, **counted, **(example.get("claim") or {})}
    if any(word in example for word in _BESIDE):
        own = {
            "payer_id": f"P{ordinal:05d}",
            "subscriber_member_id": f"M{ordinal:05d}",
            "patient_control_number": f"A{ordinal:05d}",
        }
        claim |= {name: value for name, value in own.items() if name not in (example.get("claim") or {})}
        for name in _BESIDE:
            rows[name] += [_beside_row(name, row, {**claim, **key}) for row in example.get(name) or ()]
    # Above the claims stands what is of the whole transaction set: it begins at the claim's ordinal times 1000.
    rows["claims"].append({**claim, **key, "transaction_ordinal": ordinal, "byte_offset": ordinal * 1000 + 999})
    submitted = example.get("submitted") or _DAY + timedelta(days=10)
    rows["transactions"].append(
        {
            "file_id": file_id,
            "transaction_ordinal": ordinal,
            "created_date": submitted,
            "group_receiver_id": example.get("receiver"),
        }
    )


def _beside_row(name: str, row: Mapping[str, Any], claim: Mapping[str, Any]) -> dict[str, Any]:
    own = {
        "payer_id": None if "filing_code" in row else claim["payer_id"],
        "member_id": claim["subscriber_member_id"],
        "patient_control_number": claim["patient_control_number"],
        "file_id": claim["file_id"],
        "claim_ordinal": claim["claim_ordinal"],
    }
    names = beside.arrow(name).names
    return {**{key: value for key, value in own.items() if key in names}, **row}


def _add_details(
    rows: list[dict[str, Any]],
    given: Sequence[Mapping[str, Any]],
    base: str,
    key: Mapping[str, Any],
    *,
    own_parties: bool,
) -> None:
    mine: list[Mapping[str, Any]] = list(given)
    if own_parties:
        clean = (*_PARTIES, _RENDERING) if base == "professional" else _PARTIES
        taken = {(one.get("loop_id"), one.get("line_number")) for one in given}
        mine = [one for one in clean if (one["loop_id"], None) not in taken] + mine
    for row in mine:
        above = str(row.get("loop_id", "")) < "2300"
        # A party of a loop stands where its loop does; what leads to the subscriber stands between the two.
        place = {"2010AA": 100, "2010BA": 300, "2010CA": 500}.get(str(row.get("loop_id")), 200)
        place = 400 if row.get("loop_id") == "2000C" else place
        mark = {"claim_ordinal": None, "byte_offset": int(key["claim_ordinal"]) * 1000 + place} if above else {}
        rows.append(
            {**key, "transaction_ordinal": key["claim_ordinal"], "detail_ordinal": len(rows) + 1, **row, **mark}
        )


def _codes(words: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for position, code in enumerate(words.get("diagnoses") or (), start=1):
        own = code if isinstance(code, Mapping) else {"code": code}
        yield {"qualifier": "ABK" if position == 1 else "ABF", "diagnosis_position": position, **own}
    if words.get("admitting"):
        yield {"qualifier": "ABJ", "code": words["admitting"]}
    for word, qualifier in _SIMPLE_CODES.items():
        for code in words.get(word) or ():
            yield {"qualifier": qualifier, "code": code}
    for word, qualifier in _DATED_CODES.items():
        for code, when in (words.get(word) or {}).items():
            first, last = when if isinstance(when, list) else (when, None)
            yield {"qualifier": qualifier, "code": code, "from_date": first, "through_date": last}
    for code, amount in (words.get("values") or {}).items():
        yield {"qualifier": "BE", "code": code, "amount": Decimal(str(amount))}
    for number, (code, when) in enumerate((words.get("procedures") or {}).items()):
        yield {"qualifier": "BBQ" if number else "BBR", "code": code, "from_date": when}
    yield from words.get("codes") or ()


def _arrow(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    target = beside.arrow(name) if name in _BESIDE else schema.arrow(name)
    if unknown := {key for row in rows for key in row} - set(target.names):
        raise ValueError(f"{name} has no column {sorted(unknown)[0]}")
    required = {field.name: _zero(field.type) for field in target if not field.nullable}
    columns = [
        pa.array([_typed(row.get(field.name, required.get(field.name)), field.type) for row in rows], field.type)
        for field in target
    ]
    return pa.table(columns, schema=target)


def _zero(kind: pa.DataType) -> Any:
    return "" if pa.types.is_string(kind) else False if pa.types.is_boolean(kind) else 0


def _typed(value: Any, kind: pa.DataType) -> Any:
    if value is None or not pa.types.is_decimal(kind):
        return str(value) if pa.types.is_string(kind) and value is not None else value
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-kind.scale))
