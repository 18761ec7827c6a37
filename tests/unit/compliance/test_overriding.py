"""The door of the overrides: asked, recorded, entered, once, and never without a reason."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from claims.store import Store, open_store
from claims.store.overrides import Edit, OverriddenError
from compliance.access import ROLES, Actor, Permission, RefusedError
from compliance.audit import AuditLog
from compliance.overriding import NoReasonError, NotRecordedError, override

EDIT = Edit("alder", date(2025, 1, 5), "c1-1:DUP-001:1:1", "c1-1", "DUP-001")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/store/operational.db") as opened:
        yield opened


def events(store: Store) -> list[tuple[str, str, str, str | None]]:
    return [(row.action, row.object_reference, row.role, row.reason) for row in store.audit.rows()]


def test_an_override_is_recorded_and_entered(store: Store, tmp_path: Path) -> None:
    made = override(store, tmp_path / "keys", Actor.of("jane", "biller"), EDIT, " two visits ")
    assert store.overrides.all("alder") == [made]
    assert (made.actor, made.role, made.reason, made.edit_id) == ("jane", "biller", "two visits", EDIT.edit_id)
    assert store.overrides.all("birch") == []
    assert events(store) == [("edit.overridden", EDIT.edit_id, "biller", "two visits")]
    assert AuditLog(store.audit, tmp_path / "keys").verify().holds


@pytest.mark.parametrize("role", [r.name for r in ROLES.values() if Permission.OVERRIDES not in r.permissions])
def test_a_role_without_the_permission_is_refused_and_recorded(store: Store, tmp_path: Path, role: str) -> None:
    with pytest.raises(RefusedError, match="biller"):
        override(store, tmp_path / "keys", Actor.of("jane", role), EDIT, "please")
    assert store.overrides.all("alder") == []
    assert events(store) == [("edit.override_refused", EDIT.edit_id, role, "please")]


def test_another_tenants_edit_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="not assigned"):
        override(store, tmp_path / "keys", Actor.of("jane", "biller", frozenset({"birch"})), EDIT, "please")
    assert store.overrides.all("alder") == []


def test_an_edit_is_overridden_once(store: Store, tmp_path: Path) -> None:
    jane = Actor.of("jane", "coder")
    override(store, tmp_path / "keys", jane, EDIT, "first")
    with pytest.raises(OverriddenError):
        override(store, tmp_path / "keys", jane, EDIT, "second")
    with pytest.raises(OverriddenError):
        store.overrides.add(EDIT, actor="jane", role="coder", reason="two at once")
    assert [one.reason for one in store.overrides.all("alder")] == ["first"]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_no_reason_no_override(store: Store, tmp_path: Path, reason: str) -> None:
    with pytest.raises(NoReasonError):
        override(store, tmp_path / "keys", Actor.of("jane", "biller"), EDIT, reason)
    assert events(store) == []


def test_what_cannot_be_recorded_is_not_done(store: Store, tmp_path: Path) -> None:
    override(store, tmp_path / "keys", Actor.of("jane", "biller"), EDIT, "first")
    (tmp_path / "keys" / "audit.anchor").unlink()
    other = Edit("alder", EDIT.received_date, "c2-1:DUP-001:1:1", "c2-1", "DUP-001")
    with pytest.raises(NotRecordedError):
        override(store, tmp_path / "keys", Actor.of("jane", "biller"), other, "second")
    assert len(store.overrides.all("alder")) == 1
