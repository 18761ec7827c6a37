"""Small tables of the reference's shape, and the official files where they lie beside the checkout."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from claims.reference import schema
from tests.unit.pricing.tables import Tables, rows_of, shared


@pytest.fixture(scope="session")
def small() -> Callable[..., Tables]:
    """`small(fee_schedule=[...], clfs=[...])`: the shared tables and those given."""

    def make(**tables: list[dict[str, Any]]) -> Tables:
        return Tables({**shared(), **tables})

    return make


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
            connection.sql(_FEES.format(release=name, start=start, end=end, path=folder / "pprrvu" / f"{name}.csv.gz"))
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
        rows_of(
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
