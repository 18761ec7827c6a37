"""Migrations lead from nothing to the models, and back."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from claims.store import migrations as package
from claims.store import open_store
from claims.store.models import Base

FOLDER = Path(package.__file__).parent


def test_the_newest_revision_is_the_one_that_open_store_looks_for() -> None:
    assert ScriptDirectory(str(FOLDER)).get_heads() == [package.HEAD]


def test_migrations_make_what_the_models_declare(store_url: str) -> None:
    with open_store(store_url) as store, store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE control_numbers ADD COLUMN note VARCHAR(8)",
        "DROP INDEX ix_files_state",
        "DROP TABLE audit_events",
    ],
)
def test_a_schema_that_is_not_the_models_is_found(store_url: str, change: str) -> None:
    with open_store(store_url) as store, store.engine.begin() as connection:
        connection.exec_driver_sql(change)
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) != []


def test_migrations_can_be_taken_back(store_url: str) -> None:
    with open_store(store_url) as store:
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        with store.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "base")
        assert inspect(store.engine).get_table_names() == ["alembic_version"]


def test_a_fresh_store_is_opened_by_many_at_once(store_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: open_store(store_url), range(4)))
    assert all(inspect(s.engine).has_table("files") for s in stores)


def test_sqlite_is_in_wal_mode_with_foreign_keys(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/operational.db") as store, store.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
