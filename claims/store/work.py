"""What users did about underpaid lines: every change of a status, none overwritten.

Belongs here: adding a change, the newest of each line, the history of one. Does not belong here: who may
(`compliance.working`), which lines are short (the marts), when the payer settles one (the marts).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Engine, Row, Table, func, insert, select

from claims.store.models import UnderpaymentEventRow

_events: Table = UnderpaymentEventRow.__table__  # type: ignore[assignment]


class WorkStatus(StrEnum):
    """Where the work on an underpaid line stands, as a user says."""

    OPEN = "open"  # nobody has asked the payer yet
    SENT = "sent"  # the payer was asked
    REVIEWED = "reviewed"  # the payer answered, or somebody looked: what follows is being decided
    RECOVERED = "recovered"  # the payer paid, outside of what remittances show
    REJECTED = "rejected"  # the payer refused, or the line was allowed rightly: given up


@dataclass(frozen=True)
class WorkEvent:
    """One change: what a user set, when and why. `reason` is his own words."""

    tenant_id: str
    claim_id: str
    line_number: int
    status: WorkStatus
    actor: str
    role: str
    reason: str | None
    at: datetime


class UnderpaymentWork:
    """The table of changes, append only."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(
        self,
        tenant_id: str,
        claim_id: str,
        line_number: int,
        status: WorkStatus,
        *,
        actor: str,
        role: str,
        reason: str | None,
        at: datetime | None = None,
    ) -> WorkEvent:
        """Enter a change; the ones before it stay."""
        moment = (at or datetime.now(UTC)).replace(microsecond=0)
        made = WorkEvent(tenant_id, claim_id, line_number, status, actor[:128], role, reason, moment)
        with self._engine.begin() as connection:
            connection.execute(
                insert(_events),
                [
                    {
                        "tenant_id": tenant_id,
                        "claim_id": claim_id,
                        "line_number": line_number,
                        "status": status.value,
                        "actor": made.actor,
                        "role": role,
                        "reason": reason,
                        "at": moment,
                    }
                ],
            )
        return made

    def newest(self, tenant_id: str) -> list[WorkEvent]:
        """The last change of every line of a tenant that was worked, by line."""
        last = (
            select(func.max(_events.c.id))
            .where(_events.c.tenant_id == tenant_id)
            .group_by(_events.c.claim_id, _events.c.line_number)
        )
        query = select(_events).where(_events.c.id.in_(last)).order_by(_events.c.claim_id, _events.c.line_number)
        with self._engine.connect() as connection:
            return [_event(row) for row in connection.execute(query)]

    def history(self, tenant_id: str, claim_id: str, line_number: int) -> list[WorkEvent]:
        """Every change of one line, the first first."""
        query = (
            select(_events)
            .where(
                _events.c.tenant_id == tenant_id,
                _events.c.claim_id == claim_id,
                _events.c.line_number == line_number,
            )
            .order_by(_events.c.id)
        )
        with self._engine.connect() as connection:
            return [_event(row) for row in connection.execute(query)]


def _event(row: Row) -> WorkEvent:  # type: ignore[type-arg]
    # SQLite gives the moment back without its zone, which is UTC.
    at = row.at if row.at.tzinfo else row.at.replace(tzinfo=UTC)
    return WorkEvent(
        row.tenant_id, row.claim_id, row.line_number, WorkStatus(row.status), row.actor, row.role, row.reason, at
    )
