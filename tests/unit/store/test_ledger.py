"""The file ledger: the same file twice changes nothing and says so."""

import hashlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from claims.store import open_store
from claims.store.ledger import Interchange, LandedFile, Ledger, Outcome, Registered
from claims.store.models import FileState

DAY = date(2025, 3, 4)


@pytest.fixture
def ledger(store_url: str) -> Iterator[Ledger]:
    with open_store(store_url) as store:
        yield store.ledger


def landed(content: str, path: str = "", tenant: str = "alder", day: date = DAY) -> LandedFile:
    digest = hashlib.sha256(content.encode()).hexdigest()
    return LandedFile(tenant, "837", day, path or f"{tenant}/837/{day}/{content}", len(content), 1, digest)


def test_a_file_is_pending_until_it_is_finished(ledger: Ledger) -> None:
    assert ledger.register([landed("a"), landed("b")]) == Registered(new=2)
    first, second = ledger.pending()
    assert (first.file_id, first.state) == (landed("a").file_id, FileState.RECEIVED)
    ledger.finish([Outcome(first.id, FileState.QUARANTINED, "reason", 2, 1, 5, {("X", "error"): 3, ("Y", "info"): 1})])
    assert ledger.pending() == [second]
    done = ledger.history("alder", first.file_id)[0]
    assert (done.state, done.reason, done.transaction_count, done.quarantined_count) == ("quarantined", "reason", 2, 1)
    assert (done.claim_count, done.finding_count) == (5, 4)
    assert done.finished_at is not None
    assert ledger.findings(first.id) == {("X", "error"): 3, ("Y", "info"): 1}
    ledger.finish([Outcome(first.id, FileState.READ)])
    assert ledger.findings(first.id) == {}, "an outcome recorded again replaces the older one"
    assert ledger.states() == {FileState.READ: 1, FileState.RECEIVED: 1}


def test_the_same_file_again_is_known_and_changes_nothing(ledger: Ledger) -> None:
    ledger.register([landed("a")])
    before = ledger.history("alder")
    assert ledger.register([landed("a")]) == Registered(known=1)
    assert ledger.history("alder") == before


@pytest.mark.parametrize("at_once", [True, False])
def test_the_same_bytes_at_another_path_are_a_duplicate_of_the_first(ledger: Ledger, at_once: bool) -> None:
    files = [landed("a"), landed("a", path="alder/837/other")]
    if at_once:
        assert ledger.register(files) == Registered(new=1, duplicates=1)
    else:
        assert ledger.register(files[:1]) + ledger.register(files[1:]) == Registered(new=1, duplicates=1)
    [first] = ledger.pending()
    [duplicate] = [f for f in ledger.history("alder") if f.state is FileState.DUPLICATE]
    assert duplicate.duplicate_of == first.id
    assert duplicate.reason is not None
    assert ledger.register(files) == Registered(known=2)


def test_the_same_bytes_for_another_tenant_are_no_duplicate(ledger: Ledger) -> None:
    assert ledger.register([landed("a"), landed("a", tenant="birch")]) == Registered(new=2)


def test_other_bytes_at_the_same_path_are_a_new_file(ledger: Ledger) -> None:
    assert ledger.register([landed("a", path="p")]) + ledger.register([landed("b", path="p")]) == Registered(new=2)


def test_a_partition_lists_what_was_read_with_what_is_pending(ledger: Ledger) -> None:
    later = DAY + timedelta(days=1)
    ledger.register([landed("a"), landed("b", day=later), landed("c"), landed("a", path="again")])
    ledger.finish([Outcome(ledger.pending()[0].id, FileState.READ)])
    names = [f.path.rpartition("/")[2] for f in ledger.partitions({("alder", DAY), ("birch", later)})]
    assert names == ["a", "c"]


def test_scan_reads_days_and_skips_what_is_no_file(ledger: Ledger, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    folder = landing / "alder" / "837" / "2025-03-04"
    (folder / "nested").mkdir(parents=True)
    (folder / "x.837").write_bytes(b"abc")
    (folder / ".part").write_bytes(b"half")
    other = landing / "birch" / "835" / "2025-03-05"
    other.mkdir(parents=True)
    (other / "y").write_bytes(b"def")
    [found] = ledger.scan(landing, "alder", DAY)
    assert (found.path, found.size, found.feed) == ("alder/837/2025-03-04/x.837", 3, "837")
    assert found.sha256 == hashlib.sha256(b"abc").hexdigest()
    assert [f.tenant_id for f in ledger.scan_all(landing)] == ["alder", "birch"]
    ledger.register([found])
    assert ledger.scan(landing, "alder", DAY) == [found]
    (folder / "x.837").write_bytes(b"abd")
    assert ledger.scan(landing, "alder", DAY)[0].sha256 == hashlib.sha256(b"abd").hexdigest()


def test_a_replay_is_the_same_control_number_in_other_bytes(ledger: Ledger) -> None:
    first, again = Interchange("f1", 1, "S", "R", "000000001"), Interchange("f2", 1, "S", "R", "000000001")
    others = [
        Interchange("f3", 1, "S", "R", "000000002"),
        Interchange("f4", 1, "T", "R", "000000001"),
        Interchange("f5", 1, "S", "R", ""),
        Interchange("f6", 1, "S", "R", ""),
    ]
    assert ledger.replays("alder", [first, *others]) == set()
    assert ledger.replays("alder", [again]) == {("f2", 1)}
    assert ledger.replays("alder", [first, again]) == {("f2", 1)}, "asking again gives the same answer"
    assert ledger.replays("birch", [again]) == set()


def test_ten_thousand_files_take_few_statements(ledger: Ledger) -> None:
    """One round trip for many files: what a file costs must not be a statement."""
    files = [landed(str(n), day=DAY + timedelta(days=n // 20)) for n in range(10_000)]
    statements: list[str] = []

    @event.listens_for(Engine, "before_cursor_execute")
    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    try:
        assert ledger.register(files) == Registered(new=10_000)
        assert ledger.register(files) == Registered(known=10_000)
        ledger.finish([Outcome(f.id, FileState.READ, findings={("A", "info"): 1}) for f in ledger.pending()])
        ledger.replays("alder", [Interchange(f.file_id, 1, "S", "R", str(n)) for n, f in enumerate(files)])
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    assert 4 <= len(statements) <= 200
