"""Blocking checks of bronze: one Great Expectations suite per table that has one.

Belongs here: running suites on lake tables. Does not belong here: the expectations (`quality/suites`).
"""

from collections.abc import Iterator

import dagster as dg

from claims import schema
from orchestration.lib.checks import suite_result
from orchestration.lib.failures import permanent_unless_transient
from orchestration.settings import get_settings

CHECK = "suite"
TABLES = tuple(table.name for table in schema.TABLES if table.in_lake)


@dg.multi_asset_check(
    name="bronze_suites",
    specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset=["bronze", name],
            blocking=True,
            description=f"Expectation suite of bronze/{name}: a failure stops everything that is built on it.",
        )
        for name in TABLES
    ],
)
def bronze_suites(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """Validate each selected table whole."""
    from claims.lake import Lake
    from claims.store import open_store
    from orchestration.checking import keep
    from quality.suites import validate

    settings = get_settings()
    lake = Lake(settings.lake)
    # Rows of a tenant and day on which the ledger knows of no file belong to nobody.
    with open_store(settings.store_url) as store:
        received = {(f.tenant_id, f.received_date) for t in settings.tenants for f in store.ledger.history(t)}
    results = []
    for key in sorted(context.selected_asset_check_keys):
        name = key.asset_key.path[-1]
        with permanent_unless_transient(f"validating bronze/{name}"):
            data = lake.read("bronze", name)
            results.append(validate(name, data, partitions=received, tenants=settings.tenants))
    kept = keep(settings, context.run.run_id, results)
    for result in results:
        yield suite_result(
            dg.AssetKey(["bronze", result.table]),
            CHECK,
            success=result.success,
            failures=result.failures,
            rows=result.row_count,
            data_docs=kept.data_docs,
        )
