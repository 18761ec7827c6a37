"""Overrides of edits: who said that a claim goes out although a rule fired, when, and why.

Belongs here: entering and listing them. Does not belong here: who may (`compliance.overriding`), the edits themselves
(the lake), what became of the claim (the warehouse).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine, Table, insert, select
from sqlalchemy.exc import IntegrityError

from claims.store.models import EditOverrideRow

_overrides: Table = EditOverrideRow.__table__  # type: ignore[assignment]


class OverriddenError(Exception):
    """The edit was overridden before."""


@dataclass(frozen=True)
class Edit:
    """An edit of the lake: what it is called, and the received day of its claim's file."""

    tenant_id: str
    received_date: date
    edit_id: str
    claim_id: str
    rule_id: str


@dataclass(frozen=True)
class EditOverride(Edit):
    """An edit with the override of it; `reason` is the user's own words, `at` is UTC."""

    actor: str
    role: str
    reason: str
    at: datetime


class Overrides:
    """The overrides of the store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, edit: Edit, *, actor: str, role: str, reason: str) -> EditOverride:
        """Enter one.

        Raises:
            OverriddenError: the edit has one.
        """
        made = EditOverride(
            edit.tenant_id, edit.received_date, edit.edit_id, edit.claim_id, edit.rule_id,
            actor[:128], role, reason, datetime.now(UTC).replace(microsecond=0),
        )  # fmt: skip
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(_overrides), [vars(made)])
        except IntegrityError as error:
            raise OverriddenError(f"{edit.edit_id} was overridden before") from error
        return made

    def of(self, tenant_id: str, edit_id: str) -> EditOverride | None:
        """The override of an edit, or None."""
        found = self._list(_overrides.c.tenant_id == tenant_id, _overrides.c.edit_id == edit_id)
        return found[0] if found else None

    def all(self, tenant_id: str) -> list[EditOverride]:
        """Every override of a tenant, in the order in which they were entered."""
        return self._list(_overrides.c.tenant_id == tenant_id)

    def _list(self, *conditions: Any) -> list[EditOverride]:
        with self._engine.connect() as connection:
            rows = connection.execute(select(_overrides).where(*conditions).order_by(_overrides.c.id)).mappings()
            return [_override(row) for row in rows]


def _override(row: Mapping[Any, Any]) -> EditOverride:
    at: datetime = row["at"]
    # SQLite gives back what it was given without its zone.
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return EditOverride(
        row["tenant_id"], row["received_date"], row["edit_id"], row["claim_id"], row["rule_id"],
        row["actor"], row["role"], row["reason"], at,
    )  # fmt: skip
