"""Ingest: what the ledger holds as pending → read → identity split → vault and lake → outcome in the ledger.

Belongs here: the order of the steps, batches, the outcome of each file, the report. Does not belong here: Dagster
(the assets call `ingest_pending`), reading (the codecs), what is an identifier (`claims.schema`), sealing.

A lake partition is (tenant, received_date), and a write replaces it whole: so when a file is pending, every file of
its partition is read again with it. When every file is pending, the lake is made anew: that is how it takes a schema
that has changed. Steps in this order make a run that dies half way harmless: the vault and the lake
take the same rows again, and a file is pending until all of it is written.
"""

import fcntl
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from claims import schema as contract
from orchestration.settings import Settings

if TYPE_CHECKING:
    from claims.interchange.x12 import Source
    from claims.lake import Lake
    from claims.store import Store
    from claims.store.ledger import LedgerFile, Outcome
    from compliance.vault import Vault

BATCH_BYTES = 48 << 20  # of landed files; the tables of a batch take about ten times that while they are made
REPLAY = "X12-ISA-REPLAY"
REPLAY_MESSAGE = "The sender used this interchange control number before, in a file with other content"
REPLAY_FIX = "Ask the sender whether this replaces the earlier interchange; its claims may be there twice."
_BRONZE = tuple(t.name for t in contract.TABLES if t.in_lake)


@dataclass(frozen=True)
class FileOutcome:
    """What became of one pending file; `reason` holds codes and counts, never a value of the file."""

    tenant_id: str
    file_id: str
    feed: str
    state: str
    reason: str | None
    claims: int


@dataclass
class IngestReport:
    """What one ingest did. Counts and amounts only: nothing in it identifies a person.

    `files`: pending files by state they ended in. `reread`: files read again because a file of their partition was
    pending. `ledger`: all files the ledger holds by state, duplicates with them. `rows`: rows written by bronze table.
    `partitions`: the (tenant_id, received_date) that were replaced. Amounts are sums over the files read.
    """

    files: Counter[str] = field(default_factory=Counter)
    reread: int = 0
    ledger: dict[str, int] = field(default_factory=dict)
    transactions: int = 0
    quarantined_transactions: int = 0
    claims: int = 0
    remittance_claims: int = 0
    charge_amount: Decimal = Decimal("0.00")
    payment_amount: Decimal = Decimal("0.00")
    findings: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    month_files_written: int = 0
    partitions: list[tuple[str, date]] = field(default_factory=list)
    outcomes: list[FileOutcome] = field(default_factory=list)

    @property
    def is_quarantined(self) -> bool:
        """Whether a pending file was quarantined or failed, in whole or in part."""
        return bool(self.files["quarantined"] or self.files["failed"])


@dataclass(frozen=True)
class _Read:
    """One tenant's files of a batch as read, in clear: it goes to the split and nowhere else."""

    tables: dict[str, pa.Table] = field(repr=False)
    data: dict[str, bytes] = field(repr=False)
    failed: dict[str, str]


def ingest_pending(
    settings: Settings, *, progress: Callable[[str], None], batch_bytes: int = BATCH_BYTES
) -> IngestReport:
    """Ingest every file that the ledger holds as pending; without one, nothing changes.

    `progress` is told each batch in words. One ingest runs at a time: a second waits for the first.

    Raises:
        MasterKeyError: the vault's master key is unusable. Bad files never raise: they have outcomes.
    """
    from claims.lake import Lake
    from claims.store import open_store
    from compliance.vault import Vault

    lake, vault = Lake(settings.lake), Vault(settings.vault, settings.keys)
    report = IngestReport()
    with _alone(settings.lake), open_store(settings.store_url) as store:
        pending = {f.id for f in store.ledger.pending()}
        _ensure(lake, store, progress)
        if pending:
            wanted = {(f.tenant_id, f.received_date) for f in store.ledger.pending()}
            batches = _batches(store.ledger.partitions(wanted), batch_bytes)
            for number, files in enumerate(batches, 1):
                size = sum(f.size for f in files) / 1e6
                progress(f"batch {number} of {len(batches)}: {len(files):,} files, {size:,.1f} MB")
                _ingest(files, pending, settings.landing, store, vault, lake, report)
        report.ledger = {state.value: count for state, count in store.ledger.states().items()}
    return report


def _ensure(lake: "Lake", store: "Store", progress: Callable[[str], None]) -> None:
    """The bronze tables in today's schema. A table of an older one is made anew where every file is read again."""
    from claims.lake import LakeSchemaError
    from claims.store.models import FileState

    read_before = store.ledger.states().keys() - {FileState.RECEIVED, FileState.DUPLICATE}
    for name in _BRONZE:
        try:
            lake.ensure("bronze", name, contract.bronze(name))
        except LakeSchemaError:
            if read_before:
                raise
            progress(f"bronze/{name}: the schema has changed, the table is made anew")
            lake.remove("bronze", name)
            lake.ensure("bronze", name, contract.bronze(name))


@cache
def reader_version() -> str:
    """Digest of the code between a file's bytes and its rows: readers, their tables, the identity split."""
    from claims import interchange
    from compliance import identity

    folder = Path(interchange.__file__).parent
    paths = [*sorted(folder.rglob("*.py")), Path(contract.__file__), Path(identity.__file__)]
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _batches(files: Sequence["LedgerFile"], limit: int) -> list[list["LedgerFile"]]:
    """Whole partitions in order of day, as many as fit into `limit` bytes and at least one."""
    batches: list[list[LedgerFile]] = []
    size = limit + 1
    before: tuple[str, date] | None = None
    partition_sizes = Counter[tuple[str, date]]()
    for f in files:
        partition_sizes[f.tenant_id, f.received_date] += f.size
    for f in files:
        key = (f.tenant_id, f.received_date)
        if key != before:
            before = key
            if size + partition_sizes[key] > limit:
                batches.append([])
                size = 0
            size += partition_sizes[key]
        batches[-1].append(f)
    return batches


def _ingest(
    files: Sequence["LedgerFile"],
    pending: set[int],
    landing: Path,
    store: "Store",
    vault: "Vault",
    lake: "Lake",
    report: IngestReport,
) -> None:
    from compliance.identity import split

    bronze: dict[str, list[pa.Table]] = {name: [] for name in _BRONZE}
    outcomes: list[Outcome] = []
    for tenant_id in sorted({f.tenant_id for f in files}):
        mine = [f for f in files if f.tenant_id == tenant_id]
        read = _read(mine, landing)
        _add_replays(read, mine, store, tenant_id)
        keys = vault.keys(tenant_id)
        vault.seal_blocks(keys, read.data, read.tables["transactions"])
        divided = split(read.tables, keys)
        vault.seal_identities(keys, divided.identities)
        days = {f.file_id: f.received_date for f in mine}
        for name in _BRONZE:
            bronze[name].append(_partitioned(name, divided.tables[name], tenant_id, days))
        made = _outcomes(mine, read)
        outcomes += made
        _count(report, mine, made, read.tables, pending)
    partitions = sorted({(f.tenant_id, f.received_date) for f in files})
    for name, tables in bronze.items():
        written = lake.write("bronze", name, pa.concat_tables(tables), partitions)
        report.rows[name] += written.rows
        report.month_files_written += written.written
    report.partitions += partitions
    store.ledger.finish(outcomes)


def _read(files: Sequence["LedgerFile"], landing: Path) -> _Read:
    from claims.interchange import extracts
    from claims.interchange.x12 import Source, is_x12

    failed: dict[str, str] = {}

    def load(f: "LedgerFile") -> bytes | None:
        try:
            data = (landing / f.path).read_bytes()
        except OSError as error:
            failed[f.file_id] = f"the file cannot be read from landing ({type(error).__name__})"
            return None
        if hashlib.sha256(data).hexdigest() != f.sha256:
            failed[f.file_id] = (
                "the file was changed in landing after it was registered; land the new one under its own name"
            )
            return None
        return data

    with ThreadPoolExecutor() as pool:
        loaded = [(f, data) for f, data in zip(files, pool.map(load, files), strict=True) if data is not None]
    groups: dict[str, list[Source]] = {"x12": [], "eligibility": [], "authorization": []}
    for f, data in loaded:
        kind = f.feed if f.feed in groups and not is_x12(data) else "x12"
        groups[kind].append(Source(f.file_id, f.file_id, data))
    tables = _read_x12(groups["x12"], failed)
    eligibility = extracts.read_eligibility(groups["eligibility"])
    authorizations = extracts.read_authorizations(groups["authorization"])
    tables["eligibility"], tables["authorizations"] = eligibility.table, authorizations.table
    tables["findings"] = pa.concat_tables([tables["findings"], eligibility.findings, authorizations.findings])
    return _Read(tables, {f.file_id: data for f, data in loaded}, failed)


def _read_x12(sources: Sequence["Source"], failed: dict[str, str]) -> dict[str, pa.Table]:
    """All sources in one pass; where the reader itself breaks, one by one, so that one file costs itself alone."""
    from claims.interchange import x12

    empty = {name: contract.empty(name) for name in _BRONZE}
    if not sources:
        return empty
    try:
        return empty | x12.read(sources).tables
    except Exception as error:  # noqa: BLE001 - a fault of the reader must not hold up the files beside
        if len(sources) == 1:
            failed[sources[0].file_id] = f"the reader failed ({type(error).__name__}); report it with the file's id"
            return empty
    half = len(sources) // 2
    first, second = _read_x12(sources[:half], failed), _read_x12(sources[half:], failed)
    return {name: pa.concat_tables([first[name], second[name]]) for name in empty}


def _add_replays(read: _Read, files: Sequence["LedgerFile"], store: "Store", tenant_id: str) -> None:
    """A finding for each interchange whose sender, receiver and control number came before in other bytes."""
    from claims.store.ledger import Interchange

    order = {f.file_id: n for n, f in enumerate(files)}
    rows = read.tables["interchanges"].select(
        ["file_id", "interchange_ordinal", "byte_offset", "isa_control_number", "sender_id", "receiver_id"]
    )
    seen = sorted(rows.to_pylist(), key=lambda r: (order[r["file_id"]], r["interchange_ordinal"]))
    replays = store.ledger.replays(
        tenant_id,
        [
            Interchange(
                r["file_id"],
                r["interchange_ordinal"],
                r["sender_id"] or "",
                r["receiver_id"] or "",
                r["isa_control_number"] or "",
            )
            for r in seen
        ],
    )
    if not replays:
        return
    findings = read.tables["findings"]
    last = Counter(findings["file_id"].to_pylist())
    made = []
    for r in seen:
        if (r["file_id"], r["interchange_ordinal"]) not in replays:
            continue
        last[r["file_id"]] += 1
        made.append(
            {
                "file_id": r["file_id"],
                "transaction_ordinal": 0,
                "isa_control_number": r["isa_control_number"],
                "segment_ordinal": 1,
                "byte_offset": r["byte_offset"],
                "interchange_ordinal": r["interchange_ordinal"],
                "finding_ordinal": last[r["file_id"]],
                "code": REPLAY,
                "severity": "warning",
                "scope": "none",
                "segment_id": "ISA",
                "element_position": 13,
                "message": REPLAY_MESSAGE,
                "fix": REPLAY_FIX,
            }
        )
    replayed = pa.Table.from_pylist(made, schema=contract.arrow("findings"))
    read.tables["findings"] = pa.concat_tables([findings, replayed])


def _partitioned(name: str, table: pa.Table, tenant_id: str, days: Mapping[str, date]) -> pa.Table:
    at = pc.index_in(table["file_id"], value_set=pa.array(days.keys(), pa.string()))
    received = pa.array(days.values(), contract.DATE).take(at.combine_chunks())
    tenants = pa.DictionaryArray.from_arrays(pa.array([0] * table.num_rows, pa.int32()), pa.array([tenant_id]))
    data = table.append_column("tenant_id", tenants.cast(pa.string())).append_column("received_date", received)
    if name == "transactions":
        data = data.append_column("reader_version", pa.array([reader_version()] * table.num_rows, pa.string()))
    return data.select(contract.bronze(name).names).cast(contract.bronze(name))


def _outcomes(files: Sequence["LedgerFile"], read: _Read) -> list["Outcome"]:
    from claims.store.ledger import Outcome
    from claims.store.models import FileState

    transactions = _by_file(read.tables["transactions"], ["claim_count"])
    interchanges = _by_file(read.tables["interchanges"], [])
    findings: dict[str, dict[tuple[str, str], int]] = {}
    whole: dict[str, set[str]] = {}
    counted = read.tables["findings"].group_by(["file_id", "code", "severity", "scope"]).aggregate([([], "count_all")])
    for r in counted.to_pylist():
        key = (r["code"], r["severity"])
        mine = findings.setdefault(r["file_id"], {})
        mine[key] = mine.get(key, 0) + r["count_all"]
        if r["scope"] == "interchange" and r["severity"] == "error":
            whole.setdefault(r["file_id"], set()).add(r["code"])
    out = []
    for f in files:
        found = findings.get(f.file_id, {})
        sets = transactions.get(f.file_id, {})
        count, quarantined = sets.get("count", 0), sets.get("quarantined", 0)
        serious = sorted(code for (code, severity) in found if severity in ("error", "warning"))
        state, reason = FileState.READ, None
        if f.file_id in read.failed:
            state, reason = FileState.FAILED, read.failed[f.file_id]
        elif f.file_id in whole:
            state, reason = FileState.QUARANTINED, f"not read: {', '.join(sorted(whole[f.file_id]))}"
        elif quarantined or interchanges.get(f.file_id, {}).get("quarantined", 0):
            state = FileState.QUARANTINED
            reason = f"{quarantined} of {count} transaction sets quarantined: {', '.join(serious)}"
        elif serious:
            state, reason = FileState.READ_WITH_FINDINGS, ", ".join(serious)
        out.append(Outcome(f.id, state, reason and reason[:500], count, quarantined, sets.get("claim_count", 0), found))
    return out


def _by_file(table: pa.Table, sums: list[str]) -> dict[str, dict[str, int]]:
    """Per file: rows, quarantined rows, and the sums asked for."""
    flagged = table.select(["file_id", *sums]).append_column(
        "quarantined", pc.equal(table["status"], "quarantined").cast(pa.int64())
    )
    names = ["quarantined", *sums]
    grouped = flagged.group_by("file_id").aggregate([([], "count_all"), *((n, "sum") for n in names)])
    return {
        r["file_id"]: {"count": r["count_all"], **{n: r[f"{n}_sum"] or 0 for n in names}} for r in grouped.to_pylist()
    }


def _count(
    report: IngestReport,
    files: Sequence["LedgerFile"],
    outcomes: Sequence["Outcome"],
    tables: Mapping[str, pa.Table],
    pending: set[int],
) -> None:
    for f, outcome in zip(files, outcomes, strict=True):
        if f.id not in pending:
            report.reread += 1
            continue
        report.files[outcome.state.value] += 1
        report.outcomes.append(
            FileOutcome(f.tenant_id, f.file_id, f.feed, outcome.state.value, outcome.reason, outcome.claim_count)
        )
    report.transactions += tables["transactions"].num_rows
    report.quarantined_transactions += sum(o.quarantined_count for o in outcomes)
    report.claims += tables["claims"].num_rows
    report.remittance_claims += tables["remittance_claims"].num_rows
    report.charge_amount += _total(tables["claims"]["total_charge_amount"])
    report.payment_amount += _total(tables["remittance_claims"]["payment_amount"])
    report.findings.update(tables["findings"]["severity"].to_pylist())


def _total(amounts: pa.ChunkedArray) -> Decimal:
    return pc.sum(amounts.cast(pa.decimal128(38, 2))).as_py() or Decimal("0.00")


@contextmanager
def _alone(lake: Path) -> Iterator[None]:
    """Hold the lake's lock: two ingests at once would each write a month without the other's rows."""
    lake.mkdir(parents=True, exist_ok=True)
    handle = os.open(lake / ".ingest.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
