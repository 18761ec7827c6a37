"""The same lake gives the same tables on DuckDB and on PostgreSQL: every mart and feature, every row, every column.

Models are found in dbt's manifest, so a new one is compared from its first day. No tolerance, no column left out.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from claims.warehouse.money import verify_money
from orchestration.defs.dbt.results import results
from orchestration.settings import Settings
from tests.parity.conftest import COMPARED, Pair

pytestmark = pytest.mark.slow

NETWORKS = ("simulated", "written")


@contextmanager
def both(first: Path, second: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The two files, attached as `duck` and `postgres`."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach '{first}' as duck (read_only)")
        connection.execute(f"attach '{second}' as postgres (read_only)")
        yield connection


def tables(connection: duckdb.DuckDBPyConnection, database: str, schemas: tuple[str, ...]) -> set[str]:
    """The tables of some schemas, as `schema.table`."""
    found = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = ?"
        " and list_contains(?, schema_name)",
        [database, list(schemas)],
    ).fetchall()
    return {name for (name,) in found}


def modelled(pair: Pair) -> set[str]:
    """Every model and snapshot of the compared layers, as the manifest has them."""
    return {
        f"{node['schema']}.{node['alias']}"
        for node in pair.manifest["nodes"].values()
        if node["resource_type"] in {"model", "snapshot"} and node["schema"] in COMPARED
    }


def difference(connection: duckdb.DuckDBPyConnection, table: str) -> str | None:
    """What is first found to differ in a table: its columns, their types, or the rows that only one engine has."""
    schema, name = table.split(".")
    columns = {
        database: connection.execute(
            "select column_name, data_type from duckdb_columns()"
            " where database_name = ? and schema_name = ? and table_name = ? order by column_index",
            [database, schema, name],
        ).fetchall()
        for database in ("duck", "postgres")
    }
    if columns["duck"] != columns["postgres"]:
        odd = set(columns["duck"]) ^ set(columns["postgres"])
        return f"columns or types: {sorted(odd) or 'their order'}"
    # Rows as a bag: a row that stands twice on one engine and once on the other is a difference.
    for here, there in (("duck", "postgres"), ("postgres", "duck")):
        only = f"select * from {here}.{table} except all select * from {there}.{table}"
        [(count,)] = connection.execute(f"select count(*) from ({only})").fetchall()
        if count:
            [row] = connection.sql(f"select * from ({only}) limit 1").to_arrow_table().to_pylist()
            return f"{count} rows only on {here}, such as {row}"
    return None


# Entered by hand in a seed that is empty until somebody does: both engines have the table, neither has rows.
ENTERED = {"marts.fct_revenue_cycle_costs"}


@pytest.mark.parametrize("network", NETWORKS)
def test_both_engines_have_every_model(network: str, request: pytest.FixtureRequest) -> None:
    pair: Pair = request.getfixturevalue(network)
    with both(pair.duckdb, pair.postgres) as connection:
        assert tables(connection, "duck", COMPARED) == tables(connection, "postgres", COMPARED) == modelled(pair)


@pytest.mark.parametrize("network", NETWORKS)
def test_every_row_and_column_is_the_same(network: str, request: pytest.FixtureRequest) -> None:
    pair: Pair = request.getfixturevalue(network)
    with both(pair.duckdb, pair.postgres) as connection:
        found = {table: difference(connection, table) for table in sorted(modelled(pair))}
    assert not {table: words for table, words in found.items() if words}


def test_no_table_is_compared_empty(simulated: Pair, written: Pair) -> None:
    filled: set[str] = set()
    for pair in (simulated, written):
        with both(pair.duckdb, pair.postgres) as connection:
            for table in modelled(pair):
                [(count,)] = connection.execute(f"select count(*) from postgres.{table}").fetchall()
                if count:
                    filled.add(table)
    assert filled == modelled(simulated) - ENTERED


@pytest.mark.parametrize("network", NETWORKS)
def test_every_cent_is_accounted_for_on_both(network: str, request: pytest.FixtureRequest) -> None:
    pair: Pair = request.getfixturevalue(network)
    there = verify_money(pair.url, pair.lake)
    assert there.holds, [check for check in there.checks if check.wrong]
    assert there.unexplained == 0
    assert bool(there.breaks) == (network == "written")
    assert there == verify_money(pair.duckdb, pair.lake)


def test_a_failed_test_of_dbt_is_told_apart_by_tenant_on_both(simulated: Pair, tmp_path: Path) -> None:
    """By its own statement, on the engine that it failed on; a statement that names no tenant is nobody's."""
    nodes: dict[str, Any] = {"m": {"resource_type": "model", "name": "fct_claims", "schema": "marts"}}
    entries = []
    for name, columns in (("told", "tenant_id, claim_id"), ("untold", "claim_id")):
        node = {"resource_type": "test", "name": name, "config": {"severity": "error"}, "attached_node": "m"}
        nodes[name] = node | {"depends_on": {"nodes": ["m"]}}
        sql = f"select {columns} from marts.fct_claims where tenant_id <> 'cedar' and line_count > 1"
        entries.append({"unique_id": name, "status": "fail", "failures": 9, "compiled_code": sql})
    (tmp_path / "manifest.json").write_text(json.dumps({"nodes": nodes}))
    (tmp_path / "run_results.json").write_text(json.dumps({"results": entries}))
    there, untold = results(tmp_path, simulated.url, ("alder", "birch", "cedar"))
    assert untold.by_tenant is None
    assert there.by_tenant is not None
    assert set(there.by_tenant) == {"alder", "birch"}
    assert [there, untold] == results(tmp_path, simulated.duckdb, ("alder", "birch", "cedar"))
    assert results(tmp_path, simulated.url, ("alder",))[0].by_tenant is None, "a tenant that is not ours"


def test_what_is_published_is_the_same(demo_home: Settings, on_postgres: Settings) -> None:
    schemas = ("marts", "gold")
    for tenant in demo_home.tenants:
        with both(demo_home.serving / f"{tenant}.duckdb", on_postgres.serving / f"{tenant}.duckdb") as connection:
            published = tables(connection, "duck", schemas)
            assert published == tables(connection, "postgres", schemas)
            assert "gold.denial_scores" in published
            found = {table: difference(connection, table) for table in sorted(published)}
            assert not {table: words for table, words in found.items() if words}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("update t set amount = amount + 0.01 where key = 'b'", "1 rows only on duck"),
        ("insert into t values ('a', 1.00)", "1 rows only on postgres"),
        ("update t set amount = null", "2 rows only on duck"),
        ("alter table t alter amount type decimal(18, 3)", "columns or types"),
        ("alter table t rename key to name", "columns or types"),
    ],
)
def test_a_difference_is_found(tmp_path: Path, change: str, words: str) -> None:
    for name, statement in (("duck", "select 1"), ("postgres", change)):
        with duckdb.connect(str(tmp_path / name)) as connection:
            connection.execute(
                "create table t as select 'a' as key, 1.00::decimal(18, 2) as amount union all select 'b', 2"
            )
            connection.execute(statement)
    with both(tmp_path / "duck", tmp_path / "postgres") as connection:
        assert words in (difference(connection, "main.t") or "")
