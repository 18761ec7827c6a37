"""The audit chain: who opened what, when and why, so that nothing of it can be changed unseen.

Belongs here: what an event is, its hash, the anchor, verifying. Does not belong here: the table (`claims.store.audit`),
who may do what (`compliance.access`).

Each event holds the hash of the one before, and its own is the SHA-256 of all its fields as canonical JSON: a row that
was changed, removed, put in or moved breaks the chain at that place. The end of a chain breaks nothing when it is cut
off, and whoever can write the table could compute it anew; so the head, its number and hash, stands in a file beside
the keys, sealed with an HMAC of the master key. That file is written before an event is committed (both the head
before and the one to come hold then) and again after it: a crash between leaves a chain that holds.
"""

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from claims.store.audit import AuditRow, AuditTable
from compliance.access import Actor
from compliance.keys import KeyRing

FIRST_PREVIOUS = "0" * 64
MAX_REASON = 500
_PURPOSE = "audit anchor"


class AuditError(Exception):
    """The chain cannot take an event. Nothing that needs one may be done then."""


@dataclass(frozen=True)
class Event:
    """What is recorded. `object_reference` says where something stands (file, transaction, segment), never what it
    holds; `reason` is the actor's own words."""

    action: str
    object_reference: str
    tenant_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether the chain holds: its length, the hash of its head, and where and why it breaks if it does."""

    holds: bool
    event_count: int
    head_hash: str
    first_broken_sequence: int | None = None
    why: str | None = None


def canonical(row: AuditRow) -> bytes:
    """What is hashed of an event: every field but the hash, as JSON with sorted keys and no space, in UTF-8."""
    fields = asdict(row)
    del fields["hash"]
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(row: AuditRow) -> str:
    """The hash that an event must bear."""
    return hashlib.sha256(canonical(row)).hexdigest()


class AuditLog:
    """The chain in a store, anchored in a folder of keys."""

    def __init__(self, table: AuditTable, keys: Path) -> None:
        self._table = table
        self._anchor = Anchor(keys)

    def record(self, actor: Actor, event: Event) -> AuditRow:
        """Add an event; when this returns it is on disk, and what it is about may be done. About 10 ms.

        Raises:
            AuditError: the head of the chain is not the one of the anchor (`claimworks verify audit` says where it
                breaks), or a reason is too long.
        """
        if event.reason is not None and len(event.reason) > MAX_REASON:
            raise AuditError(f"a reason has at most {MAX_REASON} characters")
        with self._anchor.held() as anchor:
            heads = anchor.heads()

            def make(last: AuditRow | None) -> AuditRow:
                head = _head(last)
                if heads is None and last is not None:
                    raise AuditError("the anchor of the audit chain is gone; restore it from the backup of the keys")
                if heads is not None and head not in heads:
                    raise AuditError("the end of the audit chain is not the one of its anchor: it was tampered with")
                row = AuditRow(
                    sequence=head[0] + 1,
                    at=datetime.now(UTC).isoformat(timespec="microseconds"),
                    actor=actor.name[:128],
                    role=actor.role.name,
                    tenant_id=event.tenant_id,
                    action=event.action,
                    object_reference=event.object_reference,
                    reason=event.reason,
                    previous_hash=head[1],
                    hash="",
                )
                return AuditRow(**{**asdict(row), "hash": digest(row)})

            row = self._table.append(
                make, lambda made: anchor.write([(made.sequence - 1, made.previous_hash), _head(made)])
            )
            anchor.write([_head(row)])
        return row

    def verify(self) -> Verdict:
        """Walk the whole chain. About 15 µs an event."""
        with self._anchor.held() as anchor:
            return self._verify(anchor)

    def _verify(self, anchor: "Anchor") -> Verdict:
        count, previous, broken, why = 0, FIRST_PREVIOUS, None, None
        for row in self._table.rows():
            count += 1
            if broken is None:
                broken, why = _check(row, count, previous)
                previous = row.hash if broken is None else previous
        if broken is not None:
            return Verdict(False, count, previous, broken, why)
        return self._against_anchor(anchor, (count, previous))

    def _against_anchor(self, anchor: "Anchor", head: tuple[int, str]) -> Verdict:
        count, last = head
        try:
            heads = anchor.heads()
        except AuditError as error:
            return Verdict(False, count, last, count or 1, str(error))
        if heads is None:
            if not count:
                return Verdict(True, 0, last)
            return Verdict(False, count, last, count, "the anchor is gone: events after this one may be gone too")
        if head in heads:
            return Verdict(True, count, last)
        expected = max(number for number, _ in heads)
        if count < expected:
            return Verdict(False, count, last, count + 1, f"{expected - count} events are gone from the end")
        if count > expected:
            return Verdict(False, count, last, expected + 1, "events were added behind the anchor")
        return Verdict(False, count, last, count, "the head has another hash than the anchor: the chain was rewritten")


def _head(row: AuditRow | None) -> tuple[int, str]:
    return (0, FIRST_PREVIOUS) if row is None else (row.sequence, row.hash)


def _check(row: AuditRow, expected: int, previous: str) -> tuple[int | None, str | None]:
    if row.sequence != expected:
        return expected, f"the event is gone: the next one there is {row.sequence}"
    if row.hash != digest(row):
        return expected, "the event was changed: its hash is another"
    if row.previous_hash != previous:
        return expected, "the event does not follow the one before it"
    return None, None


class Anchor:
    """The file `audit.anchor` in the folder of keys: the heads that the chain may have, with their seal."""

    def __init__(self, keys: Path) -> None:
        self._path = keys / "audit.anchor"
        self._ring = KeyRing(keys)

    @contextmanager
    def held(self) -> Iterator["Anchor"]:
        """Alone with the anchor: no other process writes it or the chain."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self._path.with_name(".audit.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield self
        finally:
            os.close(handle)

    def heads(self) -> list[tuple[int, str]] | None:
        """The (sequence, hash) that the chain may end with; None where there is no anchor yet.

        Raises:
            AuditError: the file was changed, or was sealed with another master key.
        """
        if not self._path.exists():
            return None
        try:
            kept = json.loads(self._path.read_text())
            heads = [(int(number), str(hash_)) for number, hash_ in kept["heads"]]
            seal = str(kept["seal"])
        except (ValueError, KeyError, TypeError):
            heads, seal = [], ""
        if not heads or not hmac.compare_digest(seal, self._seal(heads)):
            raise AuditError("the anchor of the audit chain was changed, or belongs to another master key")
        return heads

    def write(self, heads: Sequence[tuple[int, str]]) -> None:
        """Replace the anchor, on disk when this returns."""
        temporary = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"heads": heads, "seal": self._seal(heads)}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)

    def _seal(self, heads: Sequence[tuple[int, str]]) -> str:
        text = json.dumps([list(head) for head in heads], separators=(",", ":"))
        return hmac.new(self._ring.derived(_PURPOSE), text.encode(), hashlib.sha256).hexdigest()
