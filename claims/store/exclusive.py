"""Writing alone: a transaction that no other process shares a subject with.

Belongs here: how each engine is told to let one writer at a time. Does not belong here: what is written.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text


@contextmanager
def exclusive(engine: Engine, subject: int) -> Iterator[Connection]:
    """A transaction that waits for every other one of the same `subject`; it commits unless what is inside raises.

    PostgreSQL holds an advisory lock of that number until the transaction ends; SQLite has one writer anyway.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": subject})
        else:
            # On disk before it counts as done: what is written here (an event, a number given out) is known elsewhere.
            connection.exec_driver_sql("PRAGMA synchronous=FULL")
            # Begun as a writer: one that reads first and writes later would be refused where another wrote between.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection
