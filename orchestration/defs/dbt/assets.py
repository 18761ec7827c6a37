"""Assets of the dbt project: staging, intermediate, marts and features, with their tests as checks.

Belongs here: the one `@dbt_assets`, and how dbt is called. Does not belong here: SQL (`dbt_project`), keys and
groups (`orchestration.lib.dbt_translator`). Tests of severity error are blocking; unit tests run in the test suite.
"""

import os
from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from orchestration.checking import record
from orchestration.defs.dbt.figures import figures
from orchestration.defs.dbt.results import results
from orchestration.lib.dbt_translator import LayerTranslator, dbt_project
from orchestration.lib.failures import RETRY_TRANSIENT, permanent_unless_transient
from orchestration.settings import get_settings

PROJECT = dbt_project()

ARGUMENTS = ("build", "--exclude-resource-type", "unit_test")


@dbt_assets(
    manifest=PROJECT.manifest_path,
    project=PROJECT,
    dagster_dbt_translator=LayerTranslator(),
    name="dbt",
    pool="duckdb",
    retry_policy=RETRY_TRANSIENT,
)
def warehouse_models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[object]:
    """Build the selected models and run their tests; rows and amounts are added when dbt has let the file go."""
    settings = get_settings()
    os.environ.update(settings.dbt_env())
    if settings.dbt_target == "postgres":
        from claims.warehouse import load_bronze

        # Here dbt's sources are tables and not the lake's files.
        with permanent_unless_transient("loading bronze"):
            loaded = load_bronze(settings.warehouse, settings.lake, progress=context.log.info)
        context.log.info(f"bronze: {loaded.row_count:,} rows in {loaded.partitions:,} partitions")
    else:
        settings.warehouse_path.parent.mkdir(parents=True, exist_ok=True)
    # What an earlier run left would be told as this one's if dbt did not come as far as to write its own.
    (settings.home / "dbt" / "run_results.json").unlink(missing_ok=True)
    built: list[Any] = []
    failure: dg.Failure | None = None
    try:
        with permanent_unless_transient("dbt build"):
            # One folder for all runs of a home: dbt parses only what changed since the last one. The pool lets one in.
            target = settings.home / "dbt"
            for event in dbt.cli(list(ARGUMENTS), context=context, target_path=target).stream():
                built.append(event)  # noqa: PERF402 - what came before a failure is kept
    except dg.Failure as error:
        # What was built before the failure is there, and Dagster is told so.
        failure = error
    record(settings, context.run_id, results(settings.home / "dbt", settings.warehouse_location, settings.tenants))
    found = figures(settings.warehouse_location)
    for event in built:
        if isinstance(event, dg.Output):
            key = context.asset_key_for_output(event.output_name)
            layer, name = key.path
            yield event.with_metadata({**event.metadata, **found.get((layer, name), {})})
        else:
            yield event
    if failure:
        raise failure
