"""Blocking checks of features: one Great Expectations suite per table, derived from dbt's contract of its columns.

Belongs here: running suites on feature tables. Does not belong here: the expectations (`quality/suites/contracts`),
keys and references of features (dbt tests), drift (`defs/scores`).
"""

from collections.abc import Iterator

import dagster as dg

from orchestration.lib.checks import suite_result
from orchestration.lib.dbt_translator import model_keys
from orchestration.lib.failures import permanent_unless_transient
from orchestration.lib.warehouse import WarehouseResource
from orchestration.settings import get_settings

CHECK = "suite"
LAYER = "features"


@dg.multi_asset_check(
    name="feature_suites",
    specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset=key,
            blocking=True,
            description=f"Expectation suite of {key.to_user_string()}: a failure stops training and scoring.",
        )
        for key in model_keys(LAYER)
    ],
    pool="duckdb",
)
def feature_suites(
    context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
) -> Iterator[dg.AssetCheckResult]:
    """Validate each selected table whole."""
    from orchestration.checking import keep
    from quality.suites import contract_checks, hold, read_contracts

    settings = get_settings()
    models = settings.dbt_project / "models" / LAYER / f"_{LAYER}__models.yml"
    contracts = {contract.table: contract for contract in read_contracts(models, LAYER)}
    results = []
    for key in sorted(context.selected_asset_check_keys):
        table = key.asset_key.path[-1]
        with permanent_unless_transient(f"validating {LAYER}/{table}"):
            data = warehouse.read(LAYER, table)
            results.append(hold(LAYER, table, contract_checks(contracts[table]), data, tenants=settings.tenants))
    kept = keep(settings, context.run.run_id, results)
    for result in results:
        yield suite_result(
            dg.AssetKey([LAYER, result.table]),
            CHECK,
            success=result.success,
            failures=result.failures,
            rows=result.row_count,
            data_docs=kept.data_docs,
        )
