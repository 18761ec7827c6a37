"""Asset `serving/tenants`: one published DuckDB file per tenant, the only thing that dashboards open.

Belongs here: when it happens and what is said about it. Does not belong here: what is copied and checked
(`claims.warehouse.publishing`).
"""

import dagster as dg

from orchestration.lib.automation import DAILY, OWNERS, WHEN_DEPS_CHANGE
from orchestration.lib.dbt_translator import model_keys
from orchestration.lib.failures import RETRY_TRANSIENT, permanent_unless_transient
from orchestration.settings import get_settings

# Failed checks named in the message; the page "Data quality" has all of them.
SHOWN = 10


@dg.asset(
    key=["serving", "tenants"],
    deps=[*model_keys("marts"), ["gold", "denial_scores"]],
    description="The marts and scores of each tenant in a file of its own, checked, then swapped in by rename.",
    group_name="serving",
    kinds={"duckdb"},
    owners=OWNERS,
    automation_condition=WHEN_DEPS_CHANGE,
    freshness_policy=DAILY,
    retry_policy=RETRY_TRANSIENT,
    pool="duckdb",
)
def tenants() -> dg.MaterializeResult:
    """Publish all tenants or none; nothing while a blocking check stands failed, of whichever run.

    Dagster holds an asset back for the checks of its own run. Whoever picks assets by hand leaves checks out.
    """
    from claims.warehouse import publish
    from orchestration.checking import standing_failures

    settings = get_settings()
    if failed := standing_failures(settings):
        words = "; ".join(f"{one.layer}/{one.table}: {one.check} (run {one.run_id[:8]})" for one in failed[:SHOWN])
        raise dg.Failure(
            description=f"{len(failed)} blocking checks stand failed, so nothing is published: {words}. Mend what "
            "they found and run the assets that they check again.",
            allow_retries=False,
        )
    with permanent_unless_transient("publishing"):
        report = publish(settings.warehouse_location, settings.lake, settings.serving, settings.tenants)
    return dg.MaterializeResult(
        metadata={
            "tenants": len(report.published),
            "tenants without data": ", ".join(report.without_data) or "none",
            "claims": sum(one.row_counts.get("marts.fct_claims", 0) for one in report.published),
            "bytes": sum(one.byte_count for one in report.published),
            "data until": str(max((one.data_cutoff_date for one in report.published), default="nothing yet")),
        }
    )
