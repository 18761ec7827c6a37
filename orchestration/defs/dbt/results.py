"""What dbt's tests said, as rows of the history of checks.

Belongs here: reading dbt's artefacts, and whose rows a failed test found. Does not belong here: the tests
(`dbt_project`), how Dagster is told (dagster-dbt does that).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from claims.store.checks import CheckResult

_ARTEFACT = "run_results.json"


def results(target: Path, warehouse: Path | str, tenants: Sequence[str]) -> list["CheckResult"]:
    """One row per data test of the run whose artefacts stand in `target`.

    Which tenants a failure is of is asked of the warehouse with the test's own statement, where its rows name one.
    `warehouse` is the path of a DuckDB file, where there may be none yet, or the address of a PostgreSQL database.
    """
    from claims.store.checks import CheckResult, Outcome, Source

    if not (target / _ARTEFACT).exists():
        return []
    nodes = json.loads((target / "manifest.json").read_bytes())["nodes"]
    outcomes = {
        "pass": Outcome.PASSED, "warn": Outcome.FAILED, "fail": Outcome.FAILED, "skipped": Outcome.SKIPPED,
    }  # fmt: skip
    found = []
    for entry in json.loads((target / _ARTEFACT).read_bytes())["results"]:
        node = nodes.get(entry["unique_id"])
        if node is None or node["resource_type"] != "test":
            continue
        layer, table = _checked(node, nodes)
        severity = "critical" if node["config"]["severity"].lower() == "error" else "warning"
        outcome: Outcome = outcomes.get(entry["status"], Outcome.ERROR)
        count, by_tenant = None, None
        if outcome is Outcome.FAILED:
            count = entry["failures"]
            by_tenant = _by_tenant(warehouse, entry.get("compiled_code"), tenants)
        found.append(CheckResult(Source.DBT, layer, table, node["name"], severity, outcome, count, by_tenant))
    return found


def _checked(node: dict[str, Any], nodes: dict[str, Any]) -> tuple[str, str]:
    """Layer and table that a test speaks of: its model, the one that its `meta` names, or the last that it reads."""
    named = node["config"].get("meta", {}).get("dagster", {}).get("ref", {}).get("name")
    models = [nodes[one] for one in node["depends_on"]["nodes"] if one in nodes]
    model = nodes.get(node.get("attached_node") or "")
    model = model or next((one for one in models if one["name"] == named), models[-1] if models else None)
    if model is not None:
        return model["schema"], model.get("alias") or model["name"]
    sources = [one.split(".")[-1] for one in node["depends_on"]["nodes"]]
    return ("bronze", sources[-1]) if sources else ("none", node["name"])


def _by_tenant(warehouse: Path | str, sql: str | None, tenants: Sequence[str]) -> dict[str, int] | None:
    """Rows of a failed test by tenant; None where its rows name no tenant, or one that is not ours."""
    if not sql:
        return None
    counted = f"select tenant_id, count(*) from ({sql}) as failed group by tenant_id"
    rows = _of_postgres(warehouse, counted) if isinstance(warehouse, str) else _of_duckdb(warehouse, counted)
    if rows is None or not {row[0] for row in rows} <= set(tenants):
        return None
    return {str(tenant): int(count) for tenant, count in rows}


def _of_duckdb(path: Path, sql: str) -> list[tuple[Any, ...]] | None:
    import duckdb

    if not path.exists():
        return None
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(sql).fetchall()
    except duckdb.Error:
        return None


def _of_postgres(url: str, sql: str) -> list[tuple[Any, ...]] | None:
    import adbc_driver_manager

    from claims.warehouse import WarehouseError, postgres

    try:
        with postgres.connect(url) as connection:
            return postgres.rows(connection, sql)
    except (adbc_driver_manager.Error, WarehouseError):
        return None
