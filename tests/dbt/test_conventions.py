"""The conventions of the dbt project, held as queries over its manifest."""

from typing import Any

import pytest

from claims import schema
from tests.dbt.conftest import Warehouse

PREFIXES = {"staging": ("stg_",), "intermediate": ("int_",), "marts": ("dim_", "fct_", "agg_"), "features": ("ftr_",)}
EDGES = {
    "staging": {"source"},
    "intermediate": {"staging", "intermediate", "seed"},
    "marts": {"intermediate", "marts", "seed", "snapshot"},
}
# What tells of something unusual, which may be right: the only tests that may warn, each with its reason.
ANOMALY_TESTS = {"volume_within_history", "feed_is_fresh"}


@pytest.fixture(scope="module")
def manifest(warehouse: Warehouse) -> dict[str, Any]:
    return warehouse.manifest()


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def layer(node: dict[str, Any]) -> str:
    """The folder a node lives in, or what it is when it is no model."""
    return str(node["fqn"][1]) if node["resource_type"] == "model" else str(node["resource_type"])


def test_names_begin_with_the_prefix_of_their_folder(models: list[dict[str, Any]]) -> None:
    assert not [m["name"] for m in models if not m["name"].startswith(PREFIXES[layer(m)])]


def test_schemas_are_named_exactly_as_layers(models: list[dict[str, Any]]) -> None:
    assert not [m["name"] for m in models if m["schema"] != layer(m)]


def test_every_model_is_described_with_its_grain(models: list[dict[str, Any]]) -> None:
    assert not [m["name"] for m in models if "Grain: " not in m["description"] and layer(m) in EDGES]


def test_every_column_that_exists_is_documented_and_tagged(warehouse: Warehouse, models: list[dict[str, Any]]) -> None:
    found = warehouse.rows("select table_schema, table_name, column_name from information_schema.columns")
    documented = {(m["schema"], m["name"], c): spec for m in models for c, spec in m["columns"].items()}
    # The shared warehouse is built without features: their columns are held by their contracts.
    built = {(m["schema"], m["name"]) for m in models if layer(m) != "features"}
    real = {row for row in found if row[:2] in built}
    assert real == {key for key in documented if key[:2] in built}
    assert not [key for key in real if not documented[key]["description"]]
    assert not [key for key in real if "contains_phi" not in documented[key]["config"]["meta"]]


def test_no_column_after_the_identity_line_is_tagged_as_phi(models: list[dict[str, Any]]) -> None:
    tagged = [
        (model["name"], name)
        for model in models
        for name, column in model["columns"].items()
        if column["config"]["meta"].get("contains_phi")
    ]
    assert not tagged


def test_marts_and_features_have_enforced_contracts(models: list[dict[str, Any]]) -> None:
    assert not [m["name"] for m in models if layer(m) in {"marts", "features"} and not m["contract"]["enforced"]]


def test_models_lean_only_on_the_layers_before_them(manifest: dict[str, Any], models: list[dict[str, Any]]) -> None:
    everything = {**manifest["nodes"], **manifest["sources"]}
    wrong = [
        (model["name"], everything[parent]["name"])
        for model in models
        if layer(model) in EDGES
        for parent in model["depends_on"]["nodes"]
        if layer(everything[parent]) not in EDGES[layer(model)]
    ]
    assert not wrong


def test_every_model_has_a_test_of_its_key_and_every_mart_one_against_identifiers(
    manifest: dict[str, Any], models: list[dict[str, Any]]
) -> None:
    sound: dict[str, dict[str, Any]] = {
        node["attached_node"]: node["test_metadata"]["kwargs"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and node["name"].startswith("sound_rows_")
    }
    # Movements and pieces of history have no key: a claim can repeat one. Links and questions are distinct rows, and
    # nothing is joined to the notes of builds.
    keyless = {
        "int_changes__builds", "int_changes__links", "int_claims__receivable_events", "int_denial__history_lines",
        "int_denial__history_pairs", "int_denial__history_questions",
    }  # fmt: skip
    assert not [
        m["name"] for m in models
        if m["name"] not in keyless and not sound.get(m["unique_id"], {}).get("key")
    ]  # fmt: skip
    assert not [
        m["name"] for m in models
        if layer(m) in {"marts", "features"} and not sound.get(m["unique_id"], {}).get("bars_phi_names")
    ]  # fmt: skip


def test_no_row_of_a_mart_is_without_its_tenant_by_constraint(models: list[dict[str, Any]]) -> None:
    """A contract's constraint stops the build at the row: test_generic_tests shows that it does."""
    marts = [m for m in models if layer(m) in {"marts", "features"} and "tenant_id" in m["columns"]]
    assert len(marts) > 30
    constrained = [m for m in marts if {"not_null"} == {c["type"] for c in m["columns"]["tenant_id"]["constraints"]}]
    assert constrained == marts


def test_money_is_decimal_and_never_float(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        """
        select table_schema, table_name, column_name, data_type from information_schema.columns
        where column_name like '%_amount' and data_type <> 'DECIMAL(18,2)'
        and table_schema in ('staging', 'marts')
        """
    )
    assert not rows


def test_all_data_tests_are_errors_but_anomalies_with_a_reason(manifest: dict[str, Any]) -> None:
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    soft = [node for node in tests if node["config"]["severity"].lower() != "error"]
    assert {node["test_metadata"]["name"] for node in soft if node.get("test_metadata")} == ANOMALY_TESTS
    for node in soft:
        assert node.get("test_metadata"), node["name"]
        assert node["config"]["meta"].get("reason"), node["name"]


def test_staging_is_the_schema_of_the_lake(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        "select table_name, column_name from information_schema.columns where table_schema = 'staging'"
    )
    staged: dict[str, set[str]] = {}
    for table, column in rows:
        staged.setdefault(table.split("__")[-1], set()).add(column)
    for tables in schema.LAYERS.values():
        for table in tables:
            assert {c.name for c in schema.bronze_columns(table.name)} <= staged[table.name], table.name


def test_identifying_columns_are_those_of_the_schema(project: Any) -> None:
    declared = {
        column.name for table in schema.TABLES for column in table.columns if column.split is not schema.Split.KEEP
    }
    text = (project / "macros" / "phi_column_names.sql").read_text(encoding="utf-8")
    listed = {line.strip().strip("',") for line in text.splitlines() if line.strip().startswith("'")}
    assert listed == declared


def test_no_reason_code_is_described_in_other_words_than_ours(shared_dir: Any, project: Any) -> None:
    """The map keeps every code of the catalogue it was made from, once."""
    import csv

    with (project / "seeds" / "adjustment_reason_codes.csv").open(encoding="utf-8") as file:
        ours = {row["reason_code"]: row["short_words"] for row in csv.DictReader(file)}
    with (shared_dir / "carc_map.csv").open(encoding="utf-8") as file:
        theirs = {row["carc"]: row["own_words"] for row in csv.DictReader(file)}
    assert ours == theirs
