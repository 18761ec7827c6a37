"""Asset `silver/priced_lines`: what each service line's payer should allow, with the trace of the amount.

Belongs here: which contracts and releases a month is priced by, and pricing the months that are stale. Does not belong
here: prices (`claims.pricing`), which months are stale (`months`).
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from claims import schema
from orchestration.defs.silver import months as silver
from orchestration.lib.automation import DAILY, OWNERS, WHEN_DEPS_CHANGE
from orchestration.lib.checks import suite_result
from orchestration.lib.failures import RETRY_TRANSIENT, permanent_unless_transient
from orchestration.settings import ROOT, Settings, get_settings

if TYPE_CHECKING:
    from claims.pricing import Contract
    from claims.reference import Reference

KEY = dg.AssetKey([silver.LAYER, "priced_lines"])
TABLE = "priced_lines"
INPUTS = ("claims", "claim_lines")
BATCH_BYTES = 32 << 20  # of month files; in memory they are about ten times as much


@dataclass
class PriceReport:
    """What one pricing did. Counts only."""

    months: int = 0
    partitions: int = 0
    lines: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    written: int = 0
    unchanged: int = 0
    contracts: dict[str, int] = field(default_factory=dict)


def price_stale(settings: Settings, *, progress: Callable[[str], None]) -> PriceReport:
    """Price the service lines of every month whose bronze, contracts, reference releases or pricing code changed.

    Raises:
        ContractError: a tenant's contracts cannot be used; nothing was priced, and every problem is named.
        PackError: a reference table holds what no official file does.
    """
    import pyarrow as pa

    from claims.lake import Lake
    from claims.pricing import NEEDED, Pricer, lines_of, silver_rows
    from claims.reference import open_reference

    lake = Lake(settings.lake)
    lake.ensure(silver.LAYER, TABLE, schema.bronze(TABLE))
    reference = open_reference(settings.reference)
    contracts = _contracts(settings)
    report = PriceReport(contracts={tenant_id: len(held) for tenant_id, held in contracts.items()})
    months = silver.Months(lake, TABLE, INPUTS)
    stamps = _Stamps(reference, contracts)
    stale = months.stale(lambda month: stamps.of(month, months))
    if not stale:
        return report
    pricer = Pricer(reference)
    inputs = {
        name: pa.schema([field for field in schema.bronze(name) if field.name in NEEDED[name]]) for name in INPUTS
    }
    for batch in silver.batches(stale, months.size, BATCH_BYTES):
        tables = {name: months.read(name, batch, needed) for name, needed in inputs.items()}
        priced = pricer.under(contracts.get(batch[0].tenant_id, ())).price(lines_of(tables))
        lines = tables["claim_lines"]
        rows = silver_rows(priced, lines)
        for column in schema.PARTITION:
            rows = rows.append_column(schema.bronze(TABLE).field(column.name), lines[column.name])
        days = months.days(batch, rows)
        written = lake.write(silver.LAYER, TABLE, rows, days)
        months.note(batch)
        report.months += len(batch)
        report.partitions += len(days)
        report.lines += rows.num_rows
        report.statuses.update(
            {row["values"]: row["counts"] for row in rows["price_status"].value_counts().to_pylist()}
        )
        report.written += written.written
        report.unchanged += written.unchanged
        progress(f"{batch[0].tenant_id}, {batch[0].month} to {batch[-1].month}: {rows.num_rows:,} lines priced")
    return report


def _contracts(settings: Settings) -> dict[str, tuple["Contract", ...]]:
    """Each tenant's contracts. A problem of one holds up all: better late than priced by half a contract."""
    from claims.pricing import ContractError, contracts_of

    held: dict[str, tuple[Contract, ...]] = {}
    problems: list[str] = []
    for tenant_id in settings.tenants:
        try:
            held[tenant_id] = contracts_of(settings.contracts, tenant_id)
        except ContractError as error:
            problems += [f"{tenant_id}: {problem}" for problem in error.problems]
    if problems:
        raise ContractError(problems)
    return held


class _Stamps:
    """What the prices of a month depend on besides its lines: contracts and releases of its days of service, code."""

    def __init__(self, reference: "Reference", contracts: Mapping[str, Sequence["Contract"]]) -> None:
        from claims.pricing.engine import TABLES

        self._code = silver.code_digest(ROOT, "claims/pricing", "claims/reference/default")
        self._contracts = {
            tenant_id: [
                (one.effective_from, one.effective_to, hashlib.sha256(repr(one).encode()).hexdigest()) for one in held
            ]
            for tenant_id, held in contracts.items()
        }
        self._releases = {
            name: [(first, last, one.digest) for one, first, last in reference.windows(name)] for name in TABLES
        }

    def of(self, month: silver.Month, months: silver.Months) -> str:
        """Of one month: its days of service are read from the footers of its files."""
        claims, lines = months.files(month)
        days = silver.span([(lines, "service_from_date"), (claims, "statement_from_date")])
        first, last = days or (date.min, date.max)
        # A day without a release takes the next of its year; ZIP codes take the next one there is.
        year_end = date(last.year, 12, 31)
        contracts = [
            (str(start), digest)
            for start, end, digest in self._contracts.get(month.tenant_id, ())
            if start <= last and (end is None or end >= first)
        ]
        releases = [
            (name, str(start), str(min(end or date.max, year_end)), digest)
            for name, held in self._releases.items()
            for start, end, digest in held
            if (start <= year_end or name == "zip_localities") and (end is None or end >= first)
        ]
        return repr((self._code, contracts, releases))


@dg.asset(
    key=KEY,
    deps=[["bronze", name] for name in INPUTS],
    description=(
        "Expected allowed amount of every service line by the tenant's contracts and the reference tables, as of its "
        "day of service, with the trace of the amount. Months whose lines, contracts or releases changed are priced."
    ),
    group_name=silver.LAYER,
    kinds={"parquet"},
    owners=OWNERS,
    automation_condition=WHEN_DEPS_CHANGE,
    freshness_policy=DAILY,
    retry_policy=RETRY_TRANSIENT,
)
def priced_lines(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Price what is stale and say what became of the lines."""
    with permanent_unless_transient("pricing service lines"):
        report = price_stale(get_settings(), progress=context.log.info)
    return dg.MaterializeResult(
        metadata={
            "lines priced": report.lines,
            "months": report.months,
            "partitions": report.partitions,
            "month files written": report.written,
            "month files unchanged": report.unchanged,
            **{f"lines {status}": count for status, count in sorted(report.statuses.items())},
            **{f"contracts of {tenant_id}": count for tenant_id, count in report.contracts.items()},
        }
    )


@dg.asset_check(
    asset=KEY,
    name="suite",
    blocking=True,
    description="Expectation suite of the priced lines: a failure stops everything that is built on them.",
)
def suite(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Validate the priced lines in the lake whole."""
    from claims.lake import Lake
    from orchestration.checking import keep
    from quality.suites import checks, hold

    settings = get_settings()
    with permanent_unless_transient("validating the priced lines"):
        data = Lake(settings.lake).read(silver.LAYER, TABLE)
        result = hold(silver.LAYER, TABLE, checks(TABLE), data, tenants=settings.tenants)
    kept = keep(settings, context.run.run_id, [result])
    return suite_result(
        KEY,
        "suite",
        success=result.success,
        failures=result.failures,
        rows=result.row_count,
        data_docs=kept.data_docs,
    )
