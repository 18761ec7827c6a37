"""Safe repair: writing that never changes meaning is put right and each change is logged.

Belongs here: case, spaces, ZIP codes, telephone numbers, the qualifier of an NPI. Does not belong here: anything
clinical (diagnosis, procedure, modifier, units, dates), charges, names of people, and anything that would have to be
guessed; those are only proposed, by rules.

A scrubber finds what is wrong; it never calls this. Whoever wants the repaired claims takes them from here, with the
log of what was changed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

# One row per value changed. Values are not logged: before and after differ only in writing, and may be identifiers.
REPAIRS = pa.schema(
    [
        pa.field("file_id", pa.string(), nullable=False),
        # Null where the row stands above the claims, as the billing provider does.
        pa.field("claim_ordinal", pa.int32()),
        pa.field("table", pa.string(), nullable=False),
        pa.field("column", pa.string(), nullable=False),
        pa.field("line_number", pa.int32()),
        pa.field("repair", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Repaired:
    """The tables, those that needed it replaced by repaired ones, and the log as `REPAIRS`."""

    tables: dict[str, pa.Table]
    log: pa.Table


def _trim(column: Any, _: pa.Table) -> Any:
    return pc.replace_substring_regex(pc.utf8_trim_whitespace(column), r"\s+", " ")


def _upper(column: Any, _: pa.Table) -> Any:
    return pc.utf8_upper(column)


def _no_spaces(column: Any, _: pa.Table) -> Any:
    return pc.replace_substring_regex(column, r"\s+", "")


def _zip(column: Any, _: pa.Table) -> Any:
    """Nine digits without the hyphen, where the value is a ZIP+4 written with a hyphen or a blank."""
    whole = pc.match_substring_regex(column, r"^\s*\d{5}\s*-?\s*\d{4}\s*$")
    return pc.if_else(pc.fill_null(whole, False), pc.replace_substring_regex(column, r"[\s-]", ""), column)


def _phone(number: int) -> "_Change":
    """Ten digits, AAABBBCCCC, of a telephone or fax number of North America written with signs between them."""

    def change(column: Any, table: pa.Table) -> Any:
        digits = pc.replace_substring_regex(column, r"[\s().+/-]", "")
        digits = pc.replace_substring_regex(digits, r"^1(\d{10})$", r"\1")
        is_number = pc.is_in(table[f"number_qualifier_{number}"], value_set=pa.array(["TE", "FX"]))
        whole = pc.and_(is_number, pc.fill_null(pc.match_substring_regex(digits, r"^[2-9]\d{9}$"), False))
        return pc.if_else(whole, digits, column)

    return change


def _npi_qualifier(column: Any, table: pa.Table) -> Any:
    """XX for a provider whose number is an NPI by its form and check digit."""
    providers = pa.array(["85", "82", "DN", "P3", "DK", "DQ", "71", "72", "ZZ", "77", "QB"])
    known = [value for value in pc.unique(table["party_id"]).to_pylist() if value is not None and _passes_luhn(value)]
    is_npi = pc.is_in(table["party_id"], value_set=pa.array(known, pa.string()))
    return pc.if_else(pc.and_(pc.is_in(table["entity_code"], value_set=providers), is_npi), "XX", column)


def _passes_luhn(value: str) -> bool:
    if len(value) != 10 or not (value.isascii() and value.isdigit()) or value[0] not in "12":
        return False
    # 80840 before the number always adds 24 (45 CFR 162.406).
    doubled = sum(sum(divmod(int(digit) * 2, 10)) for digit in value[-2::-2])
    return (24 + doubled + sum(int(digit) for digit in value[-1::-2])) % 10 == 0


_Change = Callable[[Any, pa.Table], Any]
# name of the repair -> what it does, and the (table, column) it may touch
_REPAIRS: dict[str, tuple[_Change, tuple[tuple[str, str], ...]]] = {
    "spaces": (
        _trim,
        (
            ("claims", "billing_provider_name"),
            ("claims", "payer_name"),
            ("claims", "payer_id"),
            ("claims", "group_number"),
            ("claims", "patient_control_number"),
            ("claim_other_payers", "payer_name"),
            ("claim_other_payers", "payer_id"),
        ),
    ),
    "npi_spaces": (
        _no_spaces,
        (
            ("claims", "billing_provider_npi"),
            ("claims", "rendering_provider_npi"),
            ("claims", "referring_provider_npi"),
            ("claims", "attending_provider_npi"),
            ("claims", "service_facility_npi"),
            ("claim_lines", "rendering_provider_npi"),
        ),
    ),
    "case": (
        _upper,
        (
            ("claims", "billing_provider_state"),
            ("claims", "subscriber_state"),
            ("claims", "patient_state"),
            ("claims", "accident_state"),
            ("claims", "billing_provider_taxonomy_code"),
            ("claims", "rendering_provider_taxonomy_code"),
        ),
    ),
    "zip": (_zip, (("claims", "billing_provider_zip"), ("claims", "subscriber_zip"), ("claims", "patient_zip"))),
    **{f"phone_{n}": (_phone(n), (("detail_contacts", f"contact_phone_{n}"),)) for n in (1, 2, 3)},
    "npi_qualifier": (_npi_qualifier, (("detail_parties", "id_qualifier"),)),
}


def repair(tables: Mapping[str, pa.Table]) -> Repaired:
    """Repair what can be repaired without changing its meaning; a second call changes nothing.

    Args:
        tables: reader's tables by name; those without a column that may be repaired come back as they are.
    """
    out = dict(tables)
    log: list[pa.Table] = []
    for name, (change, places) in _REPAIRS.items():
        for table_name, column in places:
            table = out.get(table_name)
            if table is None or column not in table.column_names:
                continue
            before = table[column]
            after = change(before, table)
            changed = pc.fill_null(pc.not_equal(before, after), pc.not_equal(pc.is_null(before), pc.is_null(after)))
            if not pc.any(changed).as_py():
                continue
            index = table.column_names.index(column)
            out[table_name] = table.set_column(index, table.schema.field(index), after)
            log.append(_logged(table.filter(changed), table_name, column, name))
    return Repaired(out, pa.concat_tables(log) if log else REPAIRS.empty_table())


def _logged(rows: pa.Table, table: str, column: str, name: str) -> pa.Table:
    count = rows.num_rows
    lines = rows["line_number"] if "line_number" in rows.column_names else pa.nulls(count, pa.int32())
    return pa.table(
        [rows["file_id"], rows["claim_ordinal"], *(pa.array([word] * count) for word in (table, column)), lines,
         pa.array([name] * count)],
        schema=REPAIRS,
    )  # fmt: skip
