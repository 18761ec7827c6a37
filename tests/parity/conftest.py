"""Two networks, each built on DuckDB and on a real PostgreSQL: a simulated one by the job, a written one by dbt."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from claims import schema
from claims.lake import Lake
from claims.warehouse import copy_to_duckdb, load_bronze
from orchestration.settings import Settings
from tests.dbt import story, tiny_lake
from tests.dbt.conftest import ANSWERS, CLAIMS, PROJECT
from tests.dbt.story import Answer, Claim, Line

# What dbt makes and others read.
COMPARED = ("marts", "features")

HALF = date(2025, 2, 10)


@dataclass(frozen=True)
class Pair:
    """One network on both engines: what dbt built on DuckDB, a copy of what it built on PostgreSQL, the manifest.

    `url` is the PostgreSQL database itself, `lake` the files that both were built of.
    """

    duckdb: Path
    postgres: Path
    url: str
    lake: Path
    manifest: dict[str, Any]


@pytest.fixture(scope="session")
def on_postgres(
    demo_copy: Callable[[], Path],
    at_home: Callable[[Path], AbstractContextManager[Settings]],
    new_database: Callable[..., str],
) -> Settings:
    """The demo's home after the assets from dbt on were built again, with PostgreSQL as the warehouse."""
    home = demo_copy()
    for made in ("warehouse", "serving", "dbt", "lake/gold"):
        shutil.rmtree(home / made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLAIMWORKS_WAREHOUSE", new_database())
        with at_home(home) as settings:
            from orchestration.lib.dbt_translator import model_keys
            from orchestration.lib.instance import open_instance
            from orchestration.lib.jobs import DAILY
            from orchestration.runs import definitions, run_job

            graph = definitions().resolve_asset_graph()
            selection = [
                key
                for key in graph.materializable_asset_keys
                if key.path[0] in {"staging", "intermediate", "marts", "features", "gold", "serving", "snapshots"}
            ]
            assert set(model_keys("marts")) < set(selection)
            with open_instance(settings) as instance:
                report = run_job(instance, DAILY, selection=selection, progress=lambda _: None)
            assert report.success, [*report.failures, *report.failed_checks]
            assert not settings.warehouse_path.exists()
    return settings


@pytest.fixture(scope="session")
def simulated(demo_home: Settings, on_postgres: Settings, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """The demo's network."""
    copy = tmp_path_factory.mktemp("simulated") / "postgres.duckdb"
    copy_to_duckdb(on_postgres.warehouse, copy, schemas=COMPARED)
    manifest = json.loads(next((on_postgres.home / "dbt").glob("**/manifest.json")).read_bytes())
    return Pair(demo_home.warehouse_path, copy, on_postgres.warehouse, on_postgres.lake, manifest)


# Eleven answers that agree on a price, and one that is 20 short of it.
PRICED = [Claim(f"p{n}", date(2025, 1, 1 + n), (Line("73030", "100.00"),)) for n in range(12)]
PRICES = [
    Answer(
        f"p{n}",
        date(2025, 2, 1 + n),
        (Line("73030", "100.00", "60.00" if n < 11 else "40.00", (("CO", "45", "40" if n < 11 else "60"),)),),
        number=f"p{n}",
    )
    for n in range(12)
]


@pytest.fixture(scope="session")
def written(new_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """The hand-written network of tests/dbt: reversals, voids, strangers, and payments that do not balance.

    Built when the first half of its files was there, and again with all of them: so incremental models take a step.
    """
    home = tmp_path_factory.mktemp("written")
    claims = [*CLAIMS, *PRICED]
    # A duplicate that was denied as one, an authorization that was missing, and a rule that was wrong, overridden.
    fired = {"c6": "DUP-001 18", "c3": "AUT-001 197", "c1": "DUP-001 18"}
    whole = story.rows(claims, [*ANSWERS, *PRICES]) | story.edits(claims, fired, frozenset({"c1"}))
    half = {table: [row for row in rows if row["received_date"] <= HALF] for table, rows in whole.items()}
    assert 0 < len(half["remittance_claims"]) < len(whole["remittance_claims"])
    url = new_database()
    duck = Settings(home=home, warehouse=str(home / "warehouse" / "claimworks.duckdb"))
    for rows in (half, whole):
        _write(duck.lake, rows)
        load_bronze(url, duck.lake)
        with ThreadPoolExecutor(2) as pool:
            here = pool.submit(_build, duck, home / "duckdb")
            there = pool.submit(_build, Settings(home=home, warehouse=url), home / "postgres")
            here.result()
            manifest = there.result()
    copy_to_duckdb(url, home / "postgres.duckdb", schemas=COMPARED)
    return Pair(duck.warehouse_path, home / "postgres.duckdb", url, duck.lake, manifest)


def _write(root: Path, stories: story.Rows) -> None:
    """Write the rows where the ingest would: a month file for each month, a partition for each day."""
    lake = Lake(root)
    for layer, tables in schema.LAYERS.items():
        for entry in tables:
            lake.ensure(layer, entry.name, schema.bronze(entry.name))
            rows = tiny_lake.table(entry.name, stories.get(entry.name, []))
            days = zip(rows["tenant_id"].to_pylist(), rows["received_date"].to_pylist(), strict=True)
            lake.write(layer, entry.name, rows, set(days))


def _build(settings: Settings, target: Path) -> dict[str, Any]:
    """Build everything; what dbt tests is tested by the job above, on PostgreSQL, and by tests/dbt."""
    settings.warehouse_path.parent.mkdir(exist_ok=True)
    finished = subprocess.run(
        [
            sys.executable, "-m", "dbt.cli.main", "build", "--exclude-resource-type", "test", "unit_test",
            "--project-dir", str(PROJECT),
            "--profiles-dir", str(PROJECT),
            "--target-path", str(target),
            "--log-path", str(target),
            "--no-use-colors",
            "--quiet",
            "--log-level-file", "none",
        ],
        env={**os.environ, **settings.dbt_env()},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout[-4000:] + finished.stderr[-4000:]
    manifest: dict[str, Any] = json.loads((target / "manifest.json").read_bytes())
    return manifest
