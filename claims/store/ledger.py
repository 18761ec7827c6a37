"""The file ledger: what was received, what became of it, and what came twice.

Belongs here: registering landed files, listing what is pending, recording outcomes, finding replayed interchanges.
Does not belong here: reading files (the codecs), the bytes themselves (landing, the vault), findings (the lake).

Idempotency rests here. A path with the bytes it had is known; the same bytes at another path of the tenant are a
duplicate and are never read; an interchange whose sender, receiver and control number were seen in other bytes is a
replay. All operations are bulk: 10,000 files cost about a second.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, and_, delete, func, insert, select, tuple_, update
from sqlalchemy.sql.expression import bindparam

from claims.store.models import FileOutcomeRow, FileRow, FileState, FindingCountRow, InterchangeRow

_OUTCOME = (
    "state",
    "reason",
    "transaction_count",
    "quarantined_count",
    "claim_count",
    "finding_count",
    "finished_at",
)
_CHUNK = 400  # values in one IN list; SQLite allows 32,766 parameters, older ones 999

_files: Table = FileRow.__table__  # type: ignore[assignment]
_interchanges: Table = InterchangeRow.__table__  # type: ignore[assignment]
_findings: Table = FindingCountRow.__table__  # type: ignore[assignment]
_earlier: Table = FileOutcomeRow.__table__  # type: ignore[assignment]

FILE_ID_LENGTH = 32

T = TypeVar("T")


@dataclass(frozen=True)
class LandedFile:
    """A file in landing: `path` is relative to the landing folder, `sha256` the hex digest of its bytes."""

    tenant_id: str
    feed: str
    received_date: date
    path: str = field(repr=False)
    size: int
    modified_ns: int
    sha256: str

    @property
    def file_id(self) -> str:
        """The file's name in the lake: the first 32 hex digits of its digest."""
        return self.sha256[:FILE_ID_LENGTH]


@dataclass(frozen=True)
class LedgerFile(LandedFile):
    """A file of the ledger with its state, and after its outcome with what was found in it."""

    id: int
    state: FileState
    reason: str | None
    received_at: datetime
    finished_at: datetime | None
    transaction_count: int | None
    quarantined_count: int | None
    claim_count: int | None
    finding_count: int | None
    duplicate_of: int | None


@dataclass(frozen=True)
class Registered:
    """What a registration did: files new to the ledger, files known at their path, duplicates of other files."""

    new: int = 0
    known: int = 0
    duplicates: int = 0

    def __add__(self, other: "Registered") -> "Registered":
        return Registered(self.new + other.new, self.known + other.known, self.duplicates + other.duplicates)


@dataclass(frozen=True)
class Outcome:
    """What became of one file. `findings`: (code, severity) → count. `reason` holds no value of the file."""

    id: int
    state: FileState
    reason: str | None = None
    transaction_count: int = 0
    quarantined_count: int = 0
    claim_count: int = 0
    findings: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Interchange:
    """One ISA of a file: its ordinal there, and the three elements that tell it from all others of the tenant."""

    file_id: str
    interchange_ordinal: int
    sender_id: str
    receiver_id: str
    control_number: str


class Ledger:
    """The ledger's operations; each is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def scan(self, landing: Path, tenant_id: str, received_date: date) -> list[LandedFile]:
        """The files of one day and tenant below `landing/<tenant>/<feed>/<YYYY-MM-DD>/`, with their digests.

        A file whose path, size and modification time the ledger has is not read again.
        """
        day = f"{received_date:%Y-%m-%d}"
        return self._digest(landing, sorted((landing / tenant_id).glob(f"*/{day}/*")))

    def scan_all(self, landing: Path) -> list[LandedFile]:
        """The files of every tenant, feed and day below `landing`."""
        return self._digest(landing, sorted(landing.glob("*/*/????-??-??/*")))

    def _digest(self, landing: Path, paths: Sequence[Path]) -> list[LandedFile]:
        found = []
        for path in paths:
            if path.name.startswith(".") or not path.is_file():
                continue
            tenant_id, feed, day, _ = (relative := path.relative_to(landing)).parts
            status = path.stat()
            found.append(
                (tenant_id, feed, date.fromisoformat(day), relative.as_posix(), status.st_size, status.st_mtime_ns)
            )
        known: dict[tuple[str, str, int, int], str] = {}
        with self._engine.connect() as connection:
            columns = (_files.c.tenant_id, _files.c.path, _files.c.size, _files.c.modified_ns, _files.c.sha256)
            for chunk in _chunks([row[3] for row in found]):
                for row in connection.execute(select(*columns).where(_files.c.path.in_(chunk))):
                    known[row.tenant_id, row.path, row.size, row.modified_ns] = row.sha256

        def digest(row: tuple[str, str, date, str, int, int]) -> LandedFile:
            tenant_id, _, _, path, size, modified = row
            sha256 = known.get((tenant_id, path, size, modified))
            return LandedFile(*row, sha256 or hashlib.sha256((landing / path).read_bytes()).hexdigest())

        with ThreadPoolExecutor() as pool:
            return list(pool.map(digest, found))

    def register(self, files: Sequence[LandedFile]) -> Registered:
        """Enter files into the ledger. Of equal bytes of one tenant the first keeps, whatever its path, feed or day.

        Known (same path, same bytes): nothing changes. Duplicate (same bytes at another path): entered in state
        `duplicate` with the file that it repeats, and never read.
        """
        now = datetime.now(UTC)
        known = duplicates = 0
        fresh: list[dict[str, Any]] = []
        repeated: list[tuple[dict[str, Any], tuple[str, str]]] = []
        with self._engine.begin() as connection:
            first, places = self._seen(connection, files)
            for file in files:
                content, place = (file.tenant_id, file.sha256), (file.tenant_id, file.path, file.sha256)
                if place in places:
                    known += 1
                    continue
                places.add(place)
                row = {
                    "tenant_id": file.tenant_id,
                    "path": file.path,
                    "feed": file.feed,
                    "file_id": file.file_id,
                    "sha256": file.sha256,
                    "size": file.size,
                    "modified_ns": file.modified_ns,
                    "received_date": file.received_date,
                    "received_at": now,
                }
                if content in first:
                    repeated.append((row, content))
                    duplicates += 1
                else:
                    first[content] = 0
                    fresh.append(row | {"state": FileState.RECEIVED.value})
            if fresh:
                connection.execute(insert(_files), fresh)
            if repeated:
                first, _ = self._seen(connection, files)
                connection.execute(
                    insert(_files),
                    [
                        row
                        | {
                            "state": FileState.DUPLICATE.value,
                            "duplicate_of": first[content],
                            "finished_at": now,
                            "reason": "the same bytes were received before; nothing was read",
                        }
                        for row, content in repeated
                    ],
                )
        return Registered(len(fresh), known, duplicates)

    @staticmethod
    def _seen(
        connection: Connection, files: Iterable[LandedFile]
    ) -> tuple[dict[tuple[str, str], int], set[tuple[str, str, str]]]:
        """First file of each (tenant, digest), and every (tenant, path, digest) the ledger has, among `files`."""
        first: dict[tuple[str, str], int] = {}
        places: set[tuple[str, str, str]] = set()
        query = select(_files.c.id, _files.c.tenant_id, _files.c.path, _files.c.sha256, _files.c.state)
        for chunk in _chunks(sorted({f.sha256 for f in files})):
            for row in connection.execute(query.where(_files.c.sha256.in_(chunk))):
                places.add((row.tenant_id, row.path, row.sha256))
                if row.state != FileState.DUPLICATE:
                    first[row.tenant_id, row.sha256] = row.id
        return first, places

    def pending(self) -> list[LedgerFile]:
        """Files received and not yet read, in the order of day, tenant, path."""
        return self._list(_files.c.state == FileState.RECEIVED.value)

    def partitions(self, pairs: Collection[tuple[str, date]]) -> list[LedgerFile]:
        """Every file of the (tenant_id, received_date) `pairs` that is not a duplicate, in the order of `pending`."""
        out: list[LedgerFile] = []
        for chunk in _chunks(sorted(pairs)):
            out += self._list(
                tuple_(_files.c.tenant_id, _files.c.received_date).in_(chunk),
                _files.c.state != FileState.DUPLICATE.value,
            )
        return sorted(out, key=lambda f: (f.received_date, f.tenant_id, f.path))

    def history(self, tenant_id: str, file_id: str | None = None) -> list[LedgerFile]:
        """Every file of a tenant, or every time that one file came, duplicates too, in the order of day and path."""
        conditions = [_files.c.tenant_id == tenant_id]
        if file_id is not None:
            conditions.append(_files.c.file_id == file_id)
        return self._list(*conditions)

    def states(self) -> dict[FileState, int]:
        """How many files stand in each state; states without a file are left out."""
        query = select(_files.c.state, func.count()).group_by(_files.c.state)
        with self._engine.connect() as connection:
            return {FileState(state): int(count) for state, count in connection.execute(query)}

    def findings(self, id_: int) -> dict[tuple[str, str], int]:
        """(code, severity) → count of a file's findings."""
        query = select(_findings.c.code, _findings.c.severity, _findings.c.count).where(_findings.c.file == id_)
        with self._engine.connect() as connection:
            return {(code, severity): int(count) for code, severity, count in connection.execute(query)}

    def finish(self, outcomes: Sequence[Outcome]) -> None:
        """Record what became of files. An outcome recorded again replaces the older one."""
        if not outcomes:
            return
        now = datetime.now(UTC)
        change = (
            update(_files)
            .where(_files.c.id == bindparam("row_id"))
            .values({
                name: bindparam(f"new_{name}")
                for name in _OUTCOME
            })
        )  # fmt: skip
        with self._engine.begin() as connection:
            connection.execute(
                change,
                [
                    {
                        "row_id": o.id,
                        "new_state": o.state.value,
                        "new_reason": o.reason,
                        "new_transaction_count": o.transaction_count,
                        "new_quarantined_count": o.quarantined_count,
                        "new_claim_count": o.claim_count,
                        "new_finding_count": sum(o.findings.values()),
                        "new_finished_at": now,
                    }
                    for o in outcomes
                ],
            )
            connection.execute(
                delete(_findings).where(_findings.c.file == bindparam("row_id")), [{"row_id": o.id} for o in outcomes]
            )
            counts = [
                {"file": o.id, "code": code, "severity": severity, "count": count}
                for o in outcomes
                for (code, severity), count in o.findings.items()
            ]
            if counts:
                connection.execute(insert(_findings), counts)

    def reopen(self, ids: Collection[int]) -> int:
        """Make files pending again; what had become of them stays in their history. Returns how many were reopened.

        A duplicate has nothing to read and a file that is pending is left as it is.
        """
        now = datetime.now(UTC)
        count = 0
        closed = _files.c.state.not_in([FileState.RECEIVED.value, FileState.DUPLICATE.value])
        with self._engine.begin() as connection:
            for chunk in _chunks(sorted(ids)):
                chosen = and_(_files.c.id.in_(chunk), closed)
                found = connection.execute(select(_files.c.id, *(_files.c[name] for name in _OUTCOME)).where(chosen))
                rows = [
                    {**{name: row[name] for name in _OUTCOME}, "file": row["id"], "reopened_at": now}
                    for row in found.mappings()
                ]
                if rows:
                    connection.execute(insert(_earlier), rows)
                    connection.execute(update(_files).where(chosen).values(state=FileState.RECEIVED.value))
                    count += len(rows)
        return count

    def earlier_outcomes(self, id_: int) -> list[Outcome]:
        """What had become of a file each time before it was read again, oldest first; without their findings."""
        query = select(_earlier).where(_earlier.c.file == id_).order_by(_earlier.c.id)
        with self._engine.connect() as connection:
            return [
                Outcome(
                    id_, FileState(row["state"]), row["reason"], row["transaction_count"] or 0,
                    row["quarantined_count"] or 0, row["claim_count"] or 0,
                )
                for row in connection.execute(query).mappings()
            ]  # fmt: skip

    def replays(self, tenant_id: str, interchanges: Sequence[Interchange]) -> set[tuple[str, int]]:
        """Enter interchanges in the order given; returns (file_id, interchange_ordinal) of those that are replays.

        A replay has the sender, receiver and control number of an interchange entered before it, in other bytes. Asking
        again gives the same answer. An interchange without a control number is never one.
        """
        named = [i for i in interchanges if i.control_number]
        with self._engine.begin() as connection:
            known: set[tuple[str, int]] = set()
            mine = and_(_interchanges.c.tenant_id == tenant_id)
            for chunk in _chunks(sorted({i.file_id for i in named})):
                query = select(_interchanges.c.file_id, _interchanges.c.interchange_ordinal)
                known |= {(f, o) for f, o in connection.execute(query.where(mine, _interchanges.c.file_id.in_(chunk)))}
            fresh = [i for i in named if (i.file_id, i.interchange_ordinal) not in known]
            if fresh:
                connection.execute(
                    insert(_interchanges),
                    [
                        {
                            "tenant_id": tenant_id,
                            "sender_id": i.sender_id[:15],
                            "receiver_id": i.receiver_id[:15],
                            "control_number": i.control_number[:16],
                            "file_id": i.file_id,
                            "interchange_ordinal": i.interchange_ordinal,
                        }
                        for i in fresh
                    ],
                )
            first: dict[tuple[str, str, str], str] = {}
            key = (_interchanges.c.sender_id, _interchanges.c.receiver_id, _interchanges.c.control_number)
            query_first = select(*key, _interchanges.c.file_id).order_by(_interchanges.c.id)
            for chunk in _chunks(sorted({i.control_number[:16] for i in named})):
                for row in connection.execute(query_first.where(mine, _interchanges.c.control_number.in_(chunk))):
                    first.setdefault((row.sender_id, row.receiver_id, row.control_number), row.file_id)
        return {
            (i.file_id, i.interchange_ordinal)
            for i in named
            if first[i.sender_id[:15], i.receiver_id[:15], i.control_number[:16]] != i.file_id
        }

    def _list(self, *conditions: Any) -> list[LedgerFile]:
        query = select(_files).where(*conditions).order_by(_files.c.received_date, _files.c.tenant_id, _files.c.path)
        with self._engine.connect() as connection:
            return [_ledger_file(row) for row in connection.execute(query).mappings()]


def _ledger_file(row: Mapping[Any, Any]) -> LedgerFile:
    return LedgerFile(
        tenant_id=row["tenant_id"],
        feed=row["feed"],
        received_date=row["received_date"],
        path=row["path"],
        size=row["size"],
        modified_ns=row["modified_ns"],
        sha256=row["sha256"],
        id=row["id"],
        state=FileState(row["state"]),
        reason=row["reason"],
        received_at=_utc(row["received_at"]),
        finished_at=None if row["finished_at"] is None else _utc(row["finished_at"]),
        transaction_count=row["transaction_count"],
        quarantined_count=row["quarantined_count"],
        claim_count=row["claim_count"],
        finding_count=row["finding_count"],
        duplicate_of=row["duplicate_of"],
    )


def _utc(moment: datetime) -> datetime:
    """SQLite gives back what it was given without its zone."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
