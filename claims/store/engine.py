"""Opening the operational store: the engine, its SQLite settings, and bringing the schema up to date.

Belongs here: connections and migrations. Does not belong here: models, queries.
"""

from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, make_url, text

from claims.store.audit import AuditTable
from claims.store.checks import CheckHistory
from claims.store.control_numbers import ControlNumbers
from claims.store.exclusive import exclusive
from claims.store.ledger import Ledger
from claims.store.migrations import HEAD
from claims.store.overrides import Overrides
from claims.store.work import UnderpaymentWork

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x636C61696D  # "claim"


class Store:
    """The operational store behind one engine; each part of it is an attribute. `with` gives back its connections."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @cached_property
    def ledger(self) -> Ledger:
        """The file ledger."""
        return Ledger(self.engine)

    @cached_property
    def audit(self) -> AuditTable:
        """The rows of the audit chain; what makes them a chain is `compliance.audit`."""
        return AuditTable(self.engine)

    @cached_property
    def control_numbers(self) -> ControlNumbers:
        """The control numbers of the interchanges that we write."""
        return ControlNumbers(self.engine)

    @cached_property
    def checks(self) -> CheckHistory:
        """The history of data quality checks."""
        return CheckHistory(self.engine)

    @cached_property
    def underpayments(self) -> UnderpaymentWork:
        """What users did about underpaid lines."""
        return UnderpaymentWork(self.engine)

    @cached_property
    def overrides(self) -> Overrides:
        """The edits that users overrode."""
        return Overrides(self.engine)

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()


def open_store(url: str) -> Store:
    """Open the store at a SQLAlchemy `url`, made or migrated to the newest schema where it is not there yet.

    A SQLite file is made with its folder, in WAL mode, so that a dashboard reads while an ingest writes. About 20 ms
    when the schema is up to date.
    """
    parsed = make_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    if sqlite and parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, pool_pre_ping=not sqlite)
    if sqlite:
        event.listen(engine, "connect", _configure_sqlite)
    _migrate(engine)
    return Store(engine)


def _configure_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.close()


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return revision


def _migrate(engine: Engine) -> None:
    if _revision(engine) == HEAD:
        return
    # Alembic costs a quarter of a second to import; a store that is up to date does not need it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    # Two processes may open a fresh store at once: one migrates.
    with exclusive(engine, _MIGRATION_LOCK) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
