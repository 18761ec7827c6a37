"""The rows of the audit chain: adding one after the last, and reading them in order.

Belongs here: the table, one writer at a time. Does not belong here: hashing, verifying, the anchor
(`compliance.audit`), deciding what is an event. Nothing here changes or removes a row.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from sqlalchemy import Engine, Table, insert, select

from claims.store.exclusive import exclusive
from claims.store.models import AuditEventRow

_events: Table = AuditEventRow.__table__  # type: ignore[assignment]
_LOCK = 0x6175646974  # "audit"
_AT_ONCE = 1000


@dataclass(frozen=True)
class AuditRow:
    """One event as stored. `at` is UTC in ISO 8601 with microseconds; `object_reference` and `reason` hold no value."""

    sequence: int
    at: str
    actor: str
    role: str
    tenant_id: str | None
    action: str
    object_reference: str
    reason: str | None
    previous_hash: str
    hash: str


class AuditTable:
    """The table, append only."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(
        self, make: Callable[[AuditRow | None], AuditRow], before_commit: Callable[[AuditRow], None]
    ) -> AuditRow:
        """Add the row that `make` gives for the last one (None for the first), while no other process adds any.

        `before_commit` is called with the row when it is written and not yet committed; if it raises, nothing was.
        """
        with exclusive(self._engine, _LOCK) as connection:
            query = select(_events).order_by(_events.c.sequence.desc()).limit(1)
            last = connection.execute(query).mappings().first()
            row = make(None if last is None else AuditRow(**last))
            connection.execute(insert(_events), [asdict(row)])
            before_commit(row)
        return row

    def rows(self) -> Iterator[AuditRow]:
        """Every row in order of sequence, a thousand held at a time."""
        with self._engine.connect() as connection:
            query = select(_events).order_by(_events.c.sequence)
            for row in connection.execution_options(yield_per=_AT_ONCE).execute(query).mappings():
                yield AuditRow(**row)

    def of_object(self, object_reference: str) -> list[AuditRow]:
        """What was done to one object, in order."""
        query = select(_events).where(_events.c.object_reference == object_reference).order_by(_events.c.sequence)
        with self._engine.connect() as connection:
            return [AuditRow(**row) for row in connection.execute(query).mappings()]
