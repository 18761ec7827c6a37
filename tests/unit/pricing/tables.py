"""Small tables of the reference's shape and lines to price."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from claims.pricing import LINES
from claims.reference import schema

_EMPTY_LETTERS = {"pctc_indicator": "0", "multiple_procedure_indicator": "0", "bilateral_indicator": "0",
                  "assistant_indicator": "2", "cosurgeon_indicator": "2", "team_indicator": "0"}  # fmt: skip


class Tables:
    """Reference tables from rows of words; what a row leaves out has a plain default, a missing table is empty."""

    def __init__(self, rows: Mapping[str, list[dict[str, Any]]]) -> None:
        self._tables = {name: rows_of(name, given) for name, given in rows.items()}

    def table(self, name: str) -> pa.Table:
        """The table, empty where it was not given."""
        return self._tables.get(name, schema.arrow(name).empty_table())

    def replace(self, name: str, table: pa.Table) -> None:
        """Another table in its place."""
        self._tables[name] = table


def rows_of(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    arrow = schema.arrow(name)
    out: dict[str, list[Any]] = {field.name: [] for field in arrow}
    for number, row in enumerate(rows, start=1):
        unknown = set(row) - set(out)
        assert not unknown, f"{name} has no {unknown}"
        for field in arrow:
            value = row.get(field.name, _default(field, number))
            out[field.name].append(Decimal(value) if pa.types.is_decimal(field.type) and value is not None else value)
    return pa.table({field.name: pa.array(out[field.name], field.type) for field in arrow}, schema=arrow)


def _default(field: pa.Field, number: int) -> Any:
    if field.name == "release":
        return "small"
    if field.name == "source_row":
        return number
    if field.name == "effective_from":
        return date(2020, 1, 1)
    if field.nullable:
        return None
    if field.name in _EMPTY_LETTERS:
        return _EMPTY_LETTERS[field.name]
    if pa.types.is_decimal(field.type):
        return Decimal(0)
    if pa.types.is_boolean(field.type):
        return False
    return {"status_code": "A", "global_days": "ZZZ"}.get(field.name, "")


def fee(code: str, amount: str, modifier: str = "", **more: Any) -> dict[str, Any]:
    """A row of the fee schedule whose fee is `amount` dollars where every index and factor is one."""
    return {
        "hcpcs_code": code,
        "modifier": modifier,
        "work_rvu": Decimal(amount),
        "conversion_factor": Decimal(1),
        **more,
    }


def shared(mac: str = "10112", locality: str = "00") -> dict[str, list[dict[str, Any]]]:
    """What every small reference has: one locality with indices of one, a factor of one, two places."""
    return {
        "gpci": [{"mac": mac, "locality": locality, "work_gpci": 1, "pe_gpci": 1, "mp_gpci": 1}],
        "conversion_factors": [{"factor_code": "physician", "conversion_factor": Decimal(1)}],
        "places_of_service": [
            {"pos_code": "11", "setting": "nonfacility"},
            {"pos_code": "22", "setting": "facility"},
        ],
        "zip_localities": [{"zip5": "35004", "state": "AL", "mac": mac, "locality": locality, "has_zip9": False}],
        "anesthesia_factors": [{"mac": mac, "locality": locality, "conversion_factor": Decimal("19.31")}],
    }


_LINE = {
    "file_id": "f",
    "claim_ordinal": 1,
    "unit_count": 1,
    "service_date": date(2025, 6, 2),
    "place_of_service_code": "11",
    "locality_code": "10112-00",
}


def lines(*rows: Mapping[str, Any]) -> pa.Table:
    """Lines for the kernel; `code` and `mods` are short for the columns, everything else is by name."""
    full = []
    for number, row in enumerate(rows, start=1):
        line = {**_LINE, "line_number": number, **row}
        line["procedure_code"] = line.pop("code")
        for place, modifier in enumerate(line.pop("mods", "").split(), start=1):
            line[f"modifier_{place}"] = modifier
        for name in ("charge_amount", "unit_count", "deductible_amount"):
            if line.get(name) is not None:
                line[name] = Decimal(str(line[name]))
        full.append(line)
    return pa.table(
        {field.name: pa.array([row.get(field.name) for row in full], field.type) for field in LINES}, schema=LINES
    )
