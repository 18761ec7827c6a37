"""Claims made ready to go out: bytes of 837 files → read → identity split → scrub → price → denial score → Parquet.

Belongs here: the order of the kernels over batches of files, two batches at a time, and what came of it. Does not
belong here: the kernels, the command, the lake of what was sent (`orchestration/defs/bronze`).

Nothing here enters landing, the ledger or the lake: these claims have not gone out. Identities and raw blocks go to the
tenant's vault as in an ingest, so that a token means the same; what is written holds no identifier. Rules see the
tables before the split, so that those about names and addresses are asked too; edits name rules and places only.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from claims.interchange.x12.source import Data
    from claims.pricing import Pricer
    from compliance.vault import TenantKeys, Vault
    from ml.denial import TrainedModel
    from quality.scrub import Scrubber

BATCH_BYTES = 6 << 20  # of files: about 8,000 claims, so that two batches at once stay small
WORKERS = 2
EXPLAINED = 100  # claims of each batch whose score gets its reasons, the riskiest first
SEALED_ROWS = 400_000  # identities held before they are sealed: what the vault has is looked up once for all of them


class OutputError(ValueError):
    """The folder to write to cannot be used."""


@dataclass(frozen=True)
class Kernels:
    """What is made ready once: rules, prices, the model (none where there is no champion), the tenant's vault."""

    tenant_id: str
    scrubber: "Scrubber"
    pricer: "Pricer"
    model: "TrainedModel | None"
    vault: "Vault"


@dataclass
class Prepared:
    """What was done. `stages`: seconds of each, summed over batches; two run at once, so they sum to more than
    `seconds`."""

    files: int = 0
    claims: int = 0
    lines: int = 0
    edits: int = 0
    claims_with_error: int = 0
    priced_lines: int = 0
    quarantined_transactions: int = 0
    seconds: float = 0.0
    stages: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


def prepare(
    paths: Sequence[Path], out: Path, kernels: Kernels, *, progress: Callable[[str], None] = lambda _: None
) -> Prepared:
    """Prepare the claims of these files and write `out/<table>/part-<n>.parquet`: all of it, or nothing.

    Tables: those of bronze that have rows, `claim_edits`, `priced_lines`, `denial_scores`. Memory is that of two
    batches, however many files; a file larger than a batch is read in parts.

    Raises:
        OutputError: `out` is there already.
        OSError: a file cannot be read, or `out` cannot be written.
    """
    if out.exists():
        raise OutputError(f"{out} is there already")
    begun = time.perf_counter()
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{out.name}.{uuid4().hex}")
    job = _Job(kernels, draft)
    try:
        batches = list(_batches(paths))
        with ThreadPoolExecutor(WORKERS) as pool:
            for number, _ in enumerate(pool.map(job.batch, batches), start=1):
                progress(f"batch {number} of {len(batches)}: {job.done.claims:,} claims")
        job.seal()
        draft.mkdir(exist_ok=True)
        draft.replace(out)
    finally:
        rmtree(draft, ignore_errors=True)
    job.done.files = len(paths)
    job.done.seconds = time.perf_counter() - begun
    return job.done


def _batches(paths: Sequence[Path]) -> Iterator[list[Path]]:
    batch: list[Path] = []
    size = 0
    for path in paths:
        length = path.stat().st_size
        if batch and size + length > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(path)
        size += length
    if batch:
        yield batch


class _Job:
    def __init__(self, kernels: Kernels, draft: Path) -> None:
        self.kernels = kernels
        self.keys: TenantKeys = kernels.vault.keys(kernels.tenant_id)
        self.draft = draft
        self.done = Prepared()
        self._lock = threading.Lock()
        self._sealing = threading.Lock()
        self._identities: list[pa.Table] = []
        self._parts = 0

    def batch(self, paths: Sequence[Path]) -> None:
        from claims.interchange.x12 import Source, read_batches

        with self._timed("files"):
            sources = [Source.at(path) for path in paths]
        data = {source.file_id: source.data for source in sources}
        results = read_batches(sources, BATCH_BYTES, details=True)
        while True:
            with self._timed("read"):
                result = next(results, None)
            if result is None:
                return
            self._one(result.tables, data)

    def _one(self, tables: dict[str, pa.Table], data: Mapping[str, "Data"]) -> None:
        from claims.pricing import lines_of
        from compliance.identity import split
        from ml.denial import features_of, score

        kernels = self.kernels
        with self._timed("split"):
            divided = split(tables, self.keys)
        with self._timed("vault"):
            here = set(pc.unique(tables["transactions"]["file_id"]).to_pylist())
            kernels.vault.seal_blocks(self.keys, {name: data[name] for name in sorted(here)}, tables["transactions"])
            self._keep(divided.identities)
        out = {name: table for name, table in divided.tables.items() if table.num_rows}
        with self._timed("scrub"):
            out["claim_edits"] = edits = kernels.scrubber.run(tables)
        with self._timed("price"):
            out["priced_lines"] = kernels.pricer.price(lines_of(tables))
        if kernels.model is not None:
            with self._timed("score"):
                features = features_of(divided.tables, kernels.tenant_id)
                dated = features.filter(pc.is_valid(features["submitted_date"]))
                out["denial_scores"] = score(kernels.model, dated, explained=EXPLAINED)
        with self._timed("write"):
            self._write(out)
        failed = edits.filter(pc.equal(edits["severity"].cast(pa.string()), "error"))
        with self._lock:
            self.done.claims += tables["claims"].num_rows
            self.done.lines += tables["claim_lines"].num_rows
            self.done.edits += edits.num_rows
            self.done.claims_with_error += pc.count_distinct(failed["claim_id"]).as_py()
            self.done.priced_lines += pc.sum(pc.is_valid(out["priced_lines"]["allowed_amount"])).as_py() or 0
            self.done.quarantined_transactions += (
                pc.sum(pc.equal(tables["transactions"]["status"], "quarantined")).as_py() or 0
            )

    def _keep(self, identities: pa.Table) -> None:
        with self._lock:
            self._identities.append(identities)
            is_full = sum(one.num_rows for one in self._identities) > SEALED_ROWS
        if is_full:
            self.seal()

    def seal(self) -> None:
        """Seal the identities held so far."""
        with self._lock:
            held, self._identities = self._identities, []
        if held:
            with self._timed("vault"), self._sealing:
                self.kernels.vault.seal_identities(self.keys, _fullest(pa.concat_tables(held)))

    def _write(self, tables: dict[str, pa.Table]) -> None:
        with self._lock:
            self._parts += 1
            number = self._parts
        for name, table in tables.items():
            folder = self.draft / name
            folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, folder / f"part-{number:05d}.parquet", compression="zstd")

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        with self._lock:
            self.done.stages[stage] += time.perf_counter() - start


def _fullest(identities: pa.Table) -> pa.Table:
    """One record per token of several splits: the fullest."""
    import polars as pl

    frame = pl.DataFrame(pl.from_arrow(identities))
    kept = frame.sort("field_count", descending=True, maintain_order=True).unique(["kind", "token"], keep="first")
    return kept.to_arrow().cast(identities.schema)
