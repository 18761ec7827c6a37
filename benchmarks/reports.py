"""A finance report of a million rows as CSV, measured as a user runs it: `claimworks report` in a fresh process.

Belongs here: the published copy that is measured on, the commands, the goals. Does not belong here: how it is measured.
The copy has the tables that the report reads, with as many open claims as the report shall have rows: a work list of
thirteen columns, two of them amounts, sorted by balance.
"""

import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from benchmarks.machine import figure, machine, measure

ROWS = 1_000_000
SHEET_ROWS = 100_000
REPEATS = 3
TENANT = "bench"
_REPORT = (sys.executable, "-m", "orchestration.cli", "report", "ar_aging", "--tenant", TENANT, "--table", "claims")


def run(rows: int = ROWS) -> dict[str, Any]:
    """Measure in this run and return `{"machine": ..., "figures": [...]}`. About a minute on two cores.

    Raises:
        RuntimeError: a command failed.
    """
    figures = []
    with tempfile.TemporaryDirectory(prefix="claimworks-bench-") as folder:
        many, few = Path(folder, "many"), Path(folder, "few")
        copy_of_claims(many / "serving" / f"{TENANT}.duckdb", rows)
        out = Path(folder, "report.csv")
        measured = [
            measure([*_REPORT, "--format", "csv", "--out", str(out)], {"CLAIMWORKS_HOME": str(many)})
            for _ in range(REPEATS)
        ]
        figures += [
            figure(
                f"report to CSV, {rows:,} rows, process start and all", median(m.seconds for m in measured), "s", 10
            ),
            figure("report to CSV, peak memory", max(m.peak_rss_gb for m in measured), "GB", 0.5),
            figure("report to CSV, size of the file", out.stat().st_size / 1e6, "MB"),
        ]
        copy_of_claims(few / "serving" / f"{TENANT}.duckdb", SHEET_ROWS)
        for file_format in ("xlsx", "pdf"):
            out = Path(folder, f"report.{file_format}")
            one = measure([*_REPORT, "--format", file_format, "--out", str(out)], {"CLAIMWORKS_HOME": str(few)})
            figures.append(figure(f"report to {file_format.upper()}, {SHEET_ROWS:,} rows", one.seconds, "s"))
            figures.append(figure(f"report to {file_format.upper()}, peak memory", one.peak_rss_gb, "GB"))
    return {"machine": machine(), "figures": figures}


def copy_of_claims(path: Path, rows: int) -> None:
    """Write a published copy with `rows` open claims of twelve payers at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute("create schema marts")
        connection.execute("create schema serving")
        connection.execute(
            """
            create table marts.fct_ar_snapshot as
            select
                date '2026-01-01' as month_date,
                md5((n // 500)::varchar) || '-' || (n % 500 + 1) as claim_id,
                'PAY' || lpad((n % 12)::varchar, 2, '0') as payer_id,
                'Payer "' || (n % 12) || '", Inc.' as payer_name,
                lpad((1000000000 + n % 400)::varchar, 10, '0') as rendering_provider_npi,
                'family_medicine' as specialty,
                n % 20 > 0 as is_primary,
                date '2024-01-01' + (n % 700)::integer as service_from_date,
                date '2024-01-04' + (n % 700)::integer as submitted_date,
                case n % 3 when 0 then 'unanswered' when 1 then 'denied' else 'partly_denied' end as answer_state,
                (n % 700)::integer as age_days,
                '> 120' as age_bucket,
                true as is_over_90_days,
                (n % 90000 / 100.0 + 50)::decimal(18, 2) as charge_amount,
                (hash(n) % 90000 / 100.0 + 0.01)::decimal(18, 2) as open_balance_amount
            from range($rows) as numbers (n)
            """,
            {"rows": rows},
        )
        connection.execute(
            """
            create table marts.dim_payer as
            select distinct payer_id, case when payer_id = 'PAY03' then '=1+1' else payer_name end as payer_name
            from marts.fct_ar_snapshot
            """
        )
        connection.execute("create table marts.agg_revenue_monthly as select date '2026-01-01' as month_date")
        connection.execute(
            f"""
            create table serving.published as
            select
                '{TENANT}' as tenant_id,
                timestamptz '2026-01-31 06:00:00+00' as published_at,
                date '2026-01-31' as data_cutoff_date,
                null::varchar as model_version
            """
        )
