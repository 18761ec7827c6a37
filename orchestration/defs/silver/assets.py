"""Assets `silver/claim_edits`, `silver/claim_scrubs` and `silver/edit_overrides`, and the suites that guard them.

Belongs here: what Dagster is told. Does not belong here: scrubbing the lake (`scrubbing`), exporting overrides
(`overrides`), rules and the kernel (`quality.scrub`). Not partitioned in Dagster: docs/decisions/0003-partitions.md.
"""

from collections.abc import Iterator

import dagster as dg

from claims import schema
from orchestration.lib.automation import DAILY, OWNERS, WHEN_DEPS_CHANGE
from orchestration.lib.checks import suite_result
from orchestration.lib.failures import RETRY_TRANSIENT, permanent_unless_transient
from orchestration.settings import get_settings

CHECK = "suite"
TABLES = ("claim_edits", "claim_scrubs", "edit_overrides")
_READ = (
    "claims", "claim_lines", "claim_codes", "claim_other_payers", "claim_adjustments", "claim_line_adjudications",
    "transactions",
)  # fmt: skip


def _spec(name: str) -> dg.AssetSpec:
    table = schema.BY_NAME[name]
    return dg.AssetSpec(
        key=["silver", name],
        deps=[["bronze", one] for one in _READ],
        description=f"Lake table of the scrubbing rules: {table.grain}.",
        group_name="silver",
        kinds={"parquet", "duckdb"},
        owners=OWNERS,
        automation_condition=WHEN_DEPS_CHANGE,
        freshness_policy=DAILY,
        metadata={"grain": table.grain, "primary key": ", ".join(("tenant_id", *table.keys))},
    )


@dg.multi_asset(name="scrub", specs=[_spec(name) for name in TABLES], retry_policy=RETRY_TRANSIENT)
def scrub(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    """Scrub the received days whose claims, rules or reference tables changed; export what users overrode."""
    from claims.lake import Lake
    from claims.reference import open_reference
    from claims.store import open_store
    from orchestration.defs.silver.overrides import export
    from orchestration.defs.silver.scrubbing import scrub_lake
    from quality.scrub import load_rules

    settings = get_settings()
    lake = Lake(settings.lake)
    with permanent_unless_transient("scrubbing claims"):
        with open_store(settings.store_url) as store:
            overridden, said = export(lake, settings.tenants, store)
        book = load_rules()
        reference = open_reference(settings.reference)
        report = scrub_lake(lake, settings.tenants, book, reference, said, progress=context.log.info)
    if report.left_out:
        context.log.info(f"rules that bronze has no columns for: {', '.join(sorted(report.left_out))}")
    yield dg.MaterializeResult(
        asset_key=["silver", "claim_edits"],
        metadata={
            "edits found": report.edits,
            "claims scrubbed": report.claims,
            "partitions scrubbed": len(report.partitions),
            "partitions unchanged": report.unchanged,
            "rules": len(book.rules),
            "rules left out": len(report.left_out),
            "month files written": report.month_files_written,
        },
    )
    yield dg.MaterializeResult(
        asset_key=["silver", "claim_scrubs"], metadata={"rows": len(report.partitions) + report.unchanged}
    )
    yield dg.MaterializeResult(asset_key=["silver", "edit_overrides"], metadata={"rows": overridden})


@dg.multi_asset_check(
    name="silver_suites",
    specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset=["silver", name],
            blocking=True,
            description=f"Expectation suite of silver/{name}: a failure stops everything that is built on it.",
        )
        for name in TABLES
    ],
)
def silver_suites(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """Validate each selected table whole."""
    from claims.lake import Lake
    from orchestration.checking import keep
    from quality.suites import checks, hold

    settings = get_settings()
    lake = Lake(settings.lake)
    results = []
    for key in sorted(context.selected_asset_check_keys):
        name = key.asset_key.path[-1]
        with permanent_unless_transient(f"validating silver/{name}"):
            data = lake.read("silver", name)
            results.append(hold("silver", name, checks(name), data, tenants=settings.tenants))
    kept = keep(settings, context.run.run_id, results)
    for result in results:
        yield suite_result(
            dg.AssetKey(["silver", result.table]),
            CHECK,
            success=result.success,
            failures=result.failures,
            rows=result.row_count,
            data_docs=kept.data_docs,
        )
