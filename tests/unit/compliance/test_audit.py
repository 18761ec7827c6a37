"""The audit chain: whatever is done to its rows, its end or its anchor is found, and the place is named."""

import json
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from claims.store import open_store
from claims.store.audit import AuditRow
from compliance.access import Actor
from compliance.audit import FIRST_PREVIOUS, MAX_REASON, AuditError, AuditLog, Event, Verdict, canonical, digest

JANE = Actor.of("jane", "biller")
COUNT = 6


def url(home: Path) -> str:
    """The store of a home: its SQLite file, unless a fixture wrote another address beside it."""
    address = home / "store.url"
    return address.read_text() if address.exists() else f"sqlite:///{home}/store/operational.db"


def record(home: Path, count: int = COUNT) -> None:
    with open_store(url(home)) as store:
        log = AuditLog(store.audit, home / "keys")
        for n in range(count):
            log.record(JANE, Event("segments.opened_clear", f"file:{n}", "alder", "appeal"))


def verify(home: Path) -> Verdict:
    with open_store(url(home)) as store:
        return AuditLog(store.audit, home / "keys").verify()


def rows(home: Path) -> list[AuditRow]:
    with open_store(url(home)) as store:
        return list(store.audit.rows())


def sql(home: Path, *statements: str, values: tuple[object, ...] = ()) -> None:
    """What somebody does who has the database in hand."""
    with open_store(url(home)) as store, store.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement, values)


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A home in which nothing was recorded yet, on either engine."""
    if request.param == "postgresql":
        new_database: Callable[..., str] = request.getfixturevalue("new_database")
        (tmp_path / "store.url").write_text(new_database())
    return tmp_path


@pytest.fixture
def home(fresh: Path) -> Path:
    record(fresh)
    return fresh


def test_a_chain_that_nobody_touched_holds(home: Path) -> None:
    written = rows(home)
    assert [row.sequence for row in written] == list(range(1, COUNT + 1))
    assert [row.previous_hash for row in written] == [FIRST_PREVIOUS, *(row.hash for row in written[:-1])]
    assert verify(home) == Verdict(True, COUNT, written[-1].hash)
    record(home, 1)
    assert verify(home).event_count == COUNT + 1


def test_a_chain_without_events_holds(fresh: Path) -> None:
    assert verify(fresh) == Verdict(True, 0, FIRST_PREVIOUS)


def test_an_event_says_who_what_when_and_why(home: Path) -> None:
    with open_store(url(home)) as store:
        [event] = store.audit.of_object("file:2")
    assert (event.actor, event.role, event.tenant_id) == ("jane", "biller", "alder")
    assert (event.action, event.reason) == ("segments.opened_clear", "appeal")
    assert event.at.endswith("+00:00")


def test_the_hash_is_of_every_field_as_canonical_json(home: Path) -> None:
    row = rows(home)[0]
    fields = json.loads(canonical(row))
    assert set(fields) == set(AuditRow.__dataclass_fields__) - {"hash"}
    assert canonical(row) == json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    for name, value in fields.items():
        other = value + 1 if isinstance(value, int) else f"{value}x"
        assert digest(replace(row, **{name: other})) != row.hash, name


@pytest.mark.parametrize("column", ["at", "actor", "role", "tenant_id", "action", "object_reference", "reason"])
def test_a_changed_row_is_found(home: Path, column: str) -> None:
    sql(home, f"UPDATE audit_events SET {column} = 'other' WHERE sequence = 3")
    verdict = verify(home)
    assert (verdict.holds, verdict.first_broken_sequence) == (False, 3)
    assert "changed" in str(verdict.why)


def test_a_changed_row_with_a_hash_that_fits_breaks_the_next(home: Path) -> None:
    other = digest(replace(rows(home)[2], actor="olga"))
    sql(home, f"UPDATE audit_events SET actor = 'olga', hash = '{other}' WHERE sequence = 3")
    assert verify(home).first_broken_sequence == 4


def test_a_deleted_row_is_found(home: Path) -> None:
    sql(home, "DELETE FROM audit_events WHERE sequence = 2")
    verdict = verify(home)
    assert (verdict.holds, verdict.first_broken_sequence) == (False, 2)
    assert "gone" in str(verdict.why)


def test_a_deleted_first_row_is_found(home: Path) -> None:
    sql(home, "DELETE FROM audit_events WHERE sequence = 1")
    assert verify(home).first_broken_sequence == 1


def test_swapped_rows_are_found(home: Path) -> None:
    sql(
        home,
        "UPDATE audit_events SET sequence = 99 WHERE sequence = 3",
        "UPDATE audit_events SET sequence = 3 WHERE sequence = 4",
        "UPDATE audit_events SET sequence = 4 WHERE sequence = 99",
    )
    assert verify(home).first_broken_sequence == 3


def test_rows_moved_up_after_a_deletion_are_found(home: Path) -> None:
    sql(home, "DELETE FROM audit_events WHERE sequence = 3")
    for n in range(4, COUNT + 1):
        sql(home, f"UPDATE audit_events SET sequence = {n - 1} WHERE sequence = {n}")
    assert verify(home).first_broken_sequence == 3


@pytest.mark.parametrize("left", range(COUNT))
def test_a_tail_that_was_cut_off_is_found(home: Path, left: int) -> None:
    sql(home, f"DELETE FROM audit_events WHERE sequence > {left}")
    verdict = verify(home)
    assert (verdict.holds, verdict.first_broken_sequence, verdict.event_count) == (False, left + 1, left)
    assert f"{COUNT - left} events are gone" in str(verdict.why)


def _forge(home: Path, tail: int) -> None:
    """Compute the last `tail` events anew for another actor, every hash as it must be."""
    written = rows(home)
    previous = written[-tail].previous_hash
    for row in written[-tail:]:
        forged = replace(row, actor="nobody", previous_hash=previous)
        previous = digest(forged)
        sql(
            home,
            f"UPDATE audit_events SET actor = 'nobody', previous_hash = '{forged.previous_hash}', hash = '{previous}' "
            f"WHERE sequence = {row.sequence}",
        )


@pytest.mark.parametrize("tail", [1, COUNT])
def test_a_chain_computed_anew_does_not_have_the_head_of_the_anchor(home: Path, tail: int) -> None:
    _forge(home, tail)
    verdict = verify(home)
    assert (verdict.holds, verdict.first_broken_sequence) == (False, COUNT)
    assert "rewritten" in str(verdict.why)


def test_an_event_put_behind_the_anchor_is_found(home: Path) -> None:
    last = rows(home)[-1]
    forged = replace(last, sequence=COUNT + 1, previous_hash=last.hash)
    values = list(vars(replace(forged, hash=digest(forged))).values())
    mark = "?" if url(home).startswith("sqlite") else "%s"
    sql(home, f"INSERT INTO audit_events VALUES ({', '.join([mark] * len(values))})", values=tuple(values))
    verdict = verify(home)
    assert (verdict.holds, verdict.first_broken_sequence) == (False, COUNT + 1)


def _remove(anchor: Path) -> None:
    anchor.unlink()


def _edit(anchor: Path) -> None:
    kept = json.loads(anchor.read_text())
    kept["heads"][0][0] -= 1
    anchor.write_text(json.dumps(kept))


def _garble(anchor: Path) -> None:
    anchor.write_text("[]")


@pytest.mark.parametrize("harm", [_remove, _edit, _garble])
def test_an_anchor_that_is_gone_or_changed_is_found_and_stops_the_next_event(
    home: Path, harm: Callable[[Path], None]
) -> None:
    harm(home / "keys" / "audit.anchor")
    verdict = verify(home)
    assert (verdict.holds, verdict.first_broken_sequence) == (False, COUNT)
    assert "anchor" in str(verdict.why)
    with pytest.raises(AuditError, match="anchor"):
        record(home, 1)
    assert len(rows(home)) == COUNT


def test_an_anchor_of_another_master_key_is_found(home: Path) -> None:
    (home / "keys" / "master.key").unlink()
    assert "another master key" in str(verify(home).why)


def test_no_event_is_added_to_a_chain_whose_end_is_gone(home: Path) -> None:
    sql(home, f"DELETE FROM audit_events WHERE sequence = {COUNT}")
    with pytest.raises(AuditError, match="tampered"):
        record(home, 1)


def test_a_crash_before_or_after_the_commit_leaves_a_chain_that_holds(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from compliance.audit import Anchor

    write = Anchor.write

    def crash_after(self: Anchor, heads: list[tuple[int, str]]) -> None:
        if len(heads) == 1:
            raise OSError("the machine stops after the commit")
        write(self, heads)

    def crash_before(self: Anchor, heads: list[tuple[int, str]]) -> None:
        write(self, heads)
        raise OSError("the machine stops before the commit")

    for crash, more in ((crash_before, 0), (crash_after, 1)):
        monkeypatch.setattr(Anchor, "write", crash)
        with pytest.raises(OSError, match="the machine stops"):
            record(home, 1)
        monkeypatch.setattr(Anchor, "write", write)
        assert verify(home).holds
        assert len(rows(home)) == COUNT + more
    record(home, 1)
    assert verify(home) == Verdict(True, COUNT + 2, rows(home)[-1].hash)


def test_processes_that_record_at_once_make_one_chain(fresh: Path) -> None:
    record(fresh, 1)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(record, [fresh] * 2, [10, 10]))
    assert verify(fresh).holds
    assert len(rows(fresh)) == 21


def test_a_reason_of_more_than_its_column_is_refused(fresh: Path) -> None:
    with open_store(url(fresh)) as store:
        log = AuditLog(store.audit, fresh / "keys")
        with pytest.raises(AuditError, match="500"):
            log.record(JANE, Event("a", "b", reason="x" * (MAX_REASON + 1)))


def test_the_anchor_is_for_its_owner_alone(home: Path) -> None:
    assert (home / "keys" / "audit.anchor").stat().st_mode & 0o077 == 0
