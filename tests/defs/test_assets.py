"""What holds for every asset and check: two-level keys, layers as groups, who owns it, when it runs by itself."""

from typing import Any

import dagster as dg
import pytest

LAYERS = {
    "raw",
    "bronze",
    "silver",
    "staging",
    "intermediate",
    "marts",
    "features",
    "snapshots",
    "model",
    "gold",
    "serving",
}


def test_keys_are_layer_and_table_and_groups_are_layers(graph: Any) -> None:
    for key in graph.materializable_asset_keys:
        assert len(key.path) == 2, key
        assert key.path[0] in LAYERS, key
        assert graph.get(key).group_name == key.path[0]


def test_every_asset_says_what_it_is_and_whose(graph: Any) -> None:
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert node.description, key
        assert node.owners, key
        assert node.kinds, key


def test_nothing_runs_by_itself_past_a_failed_blocking_check(graph: Any) -> None:
    """`eager` alone would, when the check failed in an earlier run."""
    unblocked = dg.AutomationCondition.all_deps_blocking_checks_passed()
    automated = [k for k in graph.materializable_asset_keys if graph.get(k).automation_condition]
    assert len(automated) > 50
    for key in automated:
        assert unblocked in _operands(graph.get(key).automation_condition), key


def test_every_asset_but_the_files_is_automated(graph: Any) -> None:
    by_hand = {k.to_user_string() for k in graph.materializable_asset_keys if not graph.get(k).automation_condition}
    assert by_hand == {"raw/files"}, "files are the sensor's business, everything else follows"


def test_what_people_read_has_a_freshness_policy(graph: Any) -> None:
    for key in graph.materializable_asset_keys:
        if key.path[0] in {"raw", "bronze", "silver", "marts", "features", "model", "gold", "serving"}:
            assert graph.get(key).freshness_policy_or_from_metadata, key


def test_every_bronze_table_has_a_blocking_suite(graph: Any) -> None:
    from claims import schema

    suites = [k for k in graph.asset_check_keys if k.name == "suite" and k.asset_key.path[0] == "bronze"]
    blocking = {k.asset_key.path[-1] for k in suites if graph.get(k).blocking}
    assert blocking == {t.name for t in schema.TABLES if t.in_lake}


def test_silver_features_and_scores_have_blocking_suites(graph: Any) -> None:
    layers = ("silver", "features", "gold")
    wanted = {k for k in graph.materializable_asset_keys if k.path[0] in layers}
    assert len(wanted) >= 3
    assert wanted == {
        k.asset_key
        for k in graph.asset_check_keys
        if k.name == "suite" and k.asset_key.path[0] in layers and graph.get(k).blocking
    }


def test_drift_never_blocks(graph: Any) -> None:
    key = dg.AssetCheckKey(dg.AssetKey(["gold", "denial_scores"]), "drift")
    assert not graph.get(key).blocking


def test_money_identities_are_blocking_checks(graph: Any) -> None:
    checks = {key.name: graph.get(key) for key in graph.asset_check_keys}
    for name in ("remitted_lines_balance_or_break", "remitted_claims_balance_or_break", "receivable_events_add_up"):
        assert checks[name].blocking


def test_only_the_files_are_partitioned(graph: Any) -> None:
    partitioned = {k.to_user_string() for k in graph.materializable_asset_keys if graph.get(k).partitions_def}
    assert partitioned == {"raw/files"}


@pytest.mark.parametrize("asset", ["dbt", "model__denial", "gold__denial_scores", "serving__tenants"])
def test_whatever_opens_the_warehouse_shares_the_pool(asset: str, defs: dg.Definitions) -> None:
    node = defs.resolve_job_def("main").graph.node_named(asset)
    assert node.definition.pool == "duckdb"


def test_dbt_leaves_unit_tests_out_of_runs() -> None:
    from orchestration.defs.dbt.assets import ARGUMENTS

    assert ARGUMENTS[-2:] == ("--exclude-resource-type", "unit_test")


def _operands(condition: Any) -> list[Any]:
    return list(getattr(condition, "operands", [])) + [
        inner for operand in getattr(condition, "operands", []) for inner in _operands(operand)
    ]
