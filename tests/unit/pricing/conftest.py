"""Small tables of the reference's shape, the official files where they lie beside the checkout, and lines to price."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from claims.pricing import LINES
from claims.reference import schema

_EMPTY_LETTERS = {"pctc_indicator": "0", "multiple_procedure_indicator": "0", "bilateral_indicator": "0",
                  "assistant_indicator": "2", "cosurgeon_indicator": "2", "team_indicator": "0"}  # fmt: skip


class Tables:
    """Reference tables from rows of words; what a row leaves out has a plain default, a missing table is empty."""

    def __init__(self, rows: Mapping[str, list[dict[str, Any]]]) -> None:
        self._tables = {name: _table(name, given) for name, given in rows.items()}

    def table(self, name: str) -> pa.Table:
        """The table, empty where it was not given."""
        return self._tables.get(name, schema.arrow(name).empty_table())

    def replace(self, name: str, table: pa.Table) -> None:
        """Another table in its place."""
        self._tables[name] = table


def _table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    arrow = schema.arrow(name)
    out: dict[str, list[Any]] = {field.name: [] for field in arrow}
    for number, row in enumerate(rows, start=1):
        unknown = set(row) - set(out)
        assert not unknown, f"{name} has no {unknown}"
        for field in arrow:
            out[field.name].append(row.get(field.name, _default(field, number)))
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
    return {"status_code": "A", "global_days": "XXX"}.get(field.name, "")


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


@pytest.fixture(scope="session")
def small() -> Callable[..., Tables]:
    """`small(fee_schedule=[...], clfs=[...])`: the shared tables and those given."""

    def make(**tables: list[dict[str, Any]]) -> Tables:
        return Tables({**shared(), **tables})

    return make


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


_FEES = """
select hcpcs as hcpcs_code, coalesce(mod, '') as modifier, status_code, not_used as not_used_for_medicare,
    work_rvu, non_fac_pe_rvu as nonfacility_pe_rvu, coalesce(nf_na_ind, '') = 'NA' as is_nonfacility_na,
    fac_pe_rvu as facility_pe_rvu, coalesce(f_na_ind, '') = 'NA' as is_facility_na, mp_rvu,
    nf_total as nonfacility_total_rvu, f_total as facility_total_rvu, pctc_ind as pctc_indicator,
    glob_days as global_days, pre_op as preoperative_share, intra_op as intraoperative_share,
    post_op as postoperative_share, mult_proc as multiple_procedure_indicator, bilat_surg as bilateral_indicator,
    asst_surg as assistant_indicator, co_surg as cosurgeon_indicator, team_surg as team_indicator,
    null as pricing_indicator, endo_base as endoscopic_base_code, conv_factor as conversion_factor,
    phys_supervision as supervision_code, calculation_flag, dx_img_family as imaging_family,
    opps_nf_pe as opps_nonfacility_pe_rvu, opps_f_pe as opps_facility_pe_rvu, opps_mp as opps_mp_rvu,
    '{release}' as release, row_number() over () as source_row, date '{start}' as effective_from,
    {end} as effective_to
from read_csv('{path}', all_varchar = true)
"""


@pytest.fixture(scope="session")
def official(shared_dir: Path) -> Tables:
    """Fee schedule of October 2025 and its indices, as published, and the two releases of 2024."""
    folder = shared_dir / "reference"
    with duckdb.connect() as connection:
        releases = (
            ("rvu24a_jan", "2024-01-01", "date '2024-06-30'"),
            ("rvu24c_jul", "2024-07-01", "date '2024-12-31'"),
            ("rvu25d_oct", "2025-01-01", "cast(null as date)"),
        )
        fees = pa.concat_tables(
            connection.sql(
                _FEES.format(release=name, start=start, end=end, path=folder / "pprrvu" / f"{name}.csv.gz")
            )
            .to_arrow_table()
            .cast(schema.arrow("fee_schedule"))
            for name, start, end in releases
        )
        places = connection.sql(
            f"""
            select column0 as mac, column2 as locality, column1 as state, column3 as locality_name,
                column4 as work_gpci, column5 as pe_gpci, column6 as mp_gpci, 'gpci2025' as release,
                row_number() over () as source_row, date '2024-01-01' as effective_from,
                cast(null as date) as effective_to
            from read_csv('{folder / "gpci" / "GPCI2025.csv"}', header = false, skip = 3, all_varchar = true)
            where regexp_matches(column0, '^[0-9]{{5}}$')
            """
        ).to_arrow_table()
        factors = connection.sql(
            f"""
            select trim(column0) as mac, trim(column1) as locality, trim(column2) as locality_name,
                trim(column3) as conversion_factor, 'anes2025' as release, row_number() over () as source_row,
                date '2025-01-01' as effective_from, cast(null as date) as effective_to
            from read_csv('{folder / "anes" / "ANES2025.csv"}', header = false, skip = 1, all_varchar = true)
            where regexp_matches(trim(column0), '^[0-9]{{5}}$')
            """
        ).to_arrow_table()
    tables = Tables(shared())
    tables.replace("fee_schedule", fees)
    tables.replace("gpci", places.cast(schema.arrow("gpci")))
    tables.replace("anesthesia_factors", factors.cast(schema.arrow("anesthesia_factors")))
    tables.replace(
        "conversion_factors",
        _table(
            "conversion_factors",
            [
                {"factor_code": "physician", "conversion_factor": Decimal(value), "effective_from": start,
                 "effective_to": end}
                for value, start, end in (
                    ("32.7442", date(2024, 1, 1), date(2024, 3, 8)),
                    ("33.2875", date(2024, 3, 9), date(2024, 12, 31)),
                    ("32.3465", date(2025, 1, 1), date(2025, 12, 31)),
                )
            ],
        ),
    )  # fmt: skip
    return tables
