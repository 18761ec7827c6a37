"""Asset `serving/tenants`: one published DuckDB file per tenant, the only thing that dashboards open.

Belongs here: when it happens and what is said about it. Does not belong here: what is copied and checked
(`claims.warehouse.publishing`).
"""

import dagster as dg

from orchestration.lib.automation import DAILY, OWNERS, WHEN_DEPS_CHANGE
from orchestration.lib.dbt_translator import model_keys
from orchestration.lib.failures import RETRY_TRANSIENT, permanent_unless_transient
from orchestration.settings import get_settings


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
    """Publish all tenants or none."""
    from claims.warehouse import publish

    settings = get_settings()
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
