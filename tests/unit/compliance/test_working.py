"""Where the work on an underpaid line stands: who may change it, what is kept, what is recorded."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from claims.reports import work_of
from claims.store import Store, open_store
from claims.store.work import WorkStatus
from compliance.access import Actor, RefusedError
from compliance.audit import AuditLog
from compliance.working import CHANGED, REFUSED, ChangeError, NotRecordedError, change

CLAIM = f"{'a' * 32}-3"
BILLER, ANALYST = Actor.of("jane", "biller"), Actor.of("tom", "analyst")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/store.db") as store:
        yield store


def test_changes_are_kept_and_recorded_in_order(store: Store, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    change(store, keys, BILLER, "alder", CLAIM, 1, WorkStatus.SENT)
    change(store, keys, BILLER, "alder", CLAIM, 1, WorkStatus.REJECTED, " as agreed ")
    change(store, keys, BILLER, "alder", CLAIM, 2, WorkStatus.REVIEWED, "payer called")
    change(store, keys, BILLER, "birch", CLAIM, 1, WorkStatus.SENT)
    kept = store.underpayments.history("alder", CLAIM, 1)
    assert [(one.status, one.actor, one.role, one.reason) for one in kept] == [
        ("sent", "jane", "biller", None),
        ("rejected", "jane", "biller", "as agreed"),
    ]
    assert all(one.at.tzinfo for one in kept)
    assert [(one.line_number, one.status) for one in store.underpayments.newest("alder")] == [
        (1, "rejected"),
        (2, "reviewed"),
    ]
    chain = [(row.action, row.object_reference, row.tenant_id, row.reason) for row in store.audit.rows()]
    assert chain[:2] == [
        (CHANGED, f"underpayment:{CLAIM}:1:sent", "alder", None),
        (CHANGED, f"underpayment:{CLAIM}:1:rejected", "alder", "as agreed"),
    ]
    assert len(chain) == 4
    assert AuditLog(store.audit, keys).verify().holds
    rows = work_of(f"sqlite:///{tmp_path}/store.db", "alder").to_pylist()
    assert [(row["line_number"], row["work_status"]) for row in rows] == [(1, "rejected"), (2, "reviewed")]


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        (WorkStatus.REJECTED, "  ", "needs a reason"),
        (WorkStatus.RECOVERED, None, "needs a reason"),
        (WorkStatus.SENT, "x" * 501, "at most 500"),
        (WorkStatus.OPEN, None, "is open already"),
    ],
)
def test_what_is_no_change_is_told_and_not_recorded(
    store: Store, tmp_path: Path, status: WorkStatus, reason: str | None, words: str
) -> None:
    with pytest.raises(ChangeError, match=words):
        change(store, tmp_path / "keys", BILLER, "alder", CLAIM, 1, status, reason)
    assert not list(store.audit.rows())


def test_a_refusal_is_recorded_and_changes_nothing(store: Store, tmp_path: Path) -> None:
    other = Actor.of("jane", "biller", frozenset({"birch"}))
    for actor in (ANALYST, other):
        with pytest.raises(RefusedError):
            change(store, tmp_path / "keys", actor, "alder", CLAIM, 1, WorkStatus.SENT)
    assert [row.action for row in store.audit.rows()] == [REFUSED, REFUSED]
    assert not store.underpayments.newest("alder")


def test_nothing_changes_that_the_chain_does_not_take(store: Store, tmp_path: Path) -> None:
    change(store, tmp_path / "keys", BILLER, "alder", CLAIM, 1, WorkStatus.SENT)
    with pytest.raises(NotRecordedError, match="anchor"):
        change(store, tmp_path / "other keys", BILLER, "alder", CLAIM, 1, WorkStatus.REVIEWED)
    assert [one.status for one in store.underpayments.history("alder", CLAIM, 1)] == ["sent"]
