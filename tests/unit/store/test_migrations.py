"""Migrations lead from nothing to the models, and back."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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


def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/deep/er/operational.db"


def test_the_newest_revision_is_the_one_that_open_store_looks_for() -> None:
    assert ScriptDirectory(str(FOLDER)).get_heads() == [package.HEAD]


def test_migrations_make_what_the_models_declare(tmp_path: Path) -> None:
    with open_store(url(tmp_path)) as store, store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_migrations_can_be_taken_back(tmp_path: Path) -> None:
    with open_store(url(tmp_path)) as store:
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        with store.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "base")
        assert inspect(store.engine).get_table_names() == ["alembic_version"]


def test_a_fresh_store_is_opened_by_many_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: open_store(url(tmp_path)), range(4)))
    assert all(inspect(s.engine).has_table("files") for s in stores)


def test_sqlite_is_in_wal_mode_with_foreign_keys(tmp_path: Path) -> None:
    with open_store(url(tmp_path)) as store, store.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
