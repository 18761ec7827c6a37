"""A warehouse of two tenants, made by hand, with the tables that publishing asks for."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest


@pytest.fixture
def write_warehouse(tmp_path: Path) -> Callable[..., Path]:
    """Write a warehouse with so many claims of alder and birch, with files until `until`; returns its path."""

    def write(alder: int = 10, birch: int = 4, until: str = "2026-03-31", extra: str = "") -> Path:
        path = tmp_path / "warehouse" / "claimworks.duckdb"
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        with duckdb.connect(str(path)) as connection:
            connection.execute(
                f"""
                create schema marts;
                create table marts.fct_claims as
                select 'alder' as tenant_id, 'a-' || i as claim_id, date '{until}' as cut_off_date,
                    date '{until}' - i::int as submitted_date,
                    (100 + i)::decimal(18, 2) as charge_amount
                from range({alder}) as r(i)
                union all
                select 'birch', 'b-' || i, date '{until}', date '{until}' - i::int, (7)::decimal(18, 2)
                from range({birch}) as r(i);
                create table marts.fct_denials as
                select tenant_id, claim_id, submitted_date as denied_date
                from marts.fct_claims where claim_id like '%-1';
                create table marts.agg_denials_monthly as select 'alder' as tenant_id, 1 as denied_claim_count;
                create table marts.agg_denied_lines_monthly as select 'alder' as tenant_id, 1 as line_count;
                create table marts.agg_kpi_comparison as select 'alder' as tenant_id, 1 as kpi_value;
                create table marts.dim_kpi_definition as select 'payer_lag' as kpi_id;
                create table marts.agg_revenue_monthly as select 'birch' as tenant_id, 1 as claim_count;
                create table marts.dim_payer as select 'alder' as tenant_id, 'P1' as payer_id;
                create table marts.dim_provider as select 'alder' as tenant_id, '1234567893' as provider_npi;
                create table marts.dim_date as select date '2026-01-01' as date_day;
                {extra}
                """
            )
        return path

    return write
