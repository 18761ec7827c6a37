"""Which months of a silver table are stale: what each was made of, kept beside the table.

Belongs here: comparing what a month was made of with what it would be made of now, and noting what was done. Does not
belong here: making rows (one module per table), the lake's files (`claims.lake`).

A silver table has the partitions of bronze and, as there, a month file of a tenant is read and written at once; so the
month is what is found stale, and days whose rows come out the same are not even written. A month is stale when a month
file of its inputs changed (size or time), came or went, or when `stamp` says something else: whatever besides bronze
its rows depend on, such as the releases, contracts, rules and code that made them. The book is a file `_built.json`
of the table; without it, or without the table, everything is stale. It is written after the rows: a run that dies
between makes them again.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from claims.lake import Lake

LAYER = "silver"
_BOOK = "_built.json"


@dataclass(frozen=True, order=True)
class Month:
    """A month of a tenant: the unit that is read, made and written."""

    tenant_id: str
    month: str  # YYYY-MM

    @property
    def first(self) -> date:
        """Its first day."""
        return date.fromisoformat(f"{self.month}-01")


class Months:
    """The months of one silver table and of the bronze tables that it is made of."""

    def __init__(self, lake: Lake, table: str, inputs: Sequence[str]) -> None:
        self._lake = lake
        self._table = table
        self._inputs = tuple(inputs)
        self._now: dict[Month, str] = {}

    def stale(self, stamp: Callable[[Month], str]) -> list[Month]:
        """The months whose rows are to be made, in order; one that bronze no longer has is to be emptied.

        `stamp` says, of a month that bronze has, what else its rows depend on.
        """
        known = self._known()
        here = {month for name in self._inputs for month in self._of("bronze", name)}
        self._now = {month: self._digest(month, stamp(month)) for month in sorted(here)}
        gone = {month for month in self._of(LAYER, self._table) if month not in here}
        return sorted({month for month, digest in self._now.items() if known.get(month) != digest} | gone)

    def read(self, name: str, months: Sequence[Month], schema: pa.Schema) -> pa.Table:
        """The rows of a bronze table in some months, the columns of `schema`."""
        paths = [self._lake.month_file("bronze", name, one.tenant_id, one.first) for one in months]
        columns = schema.names
        files = [pq.ParquetFile(path).read(columns=columns) for path in paths if path.exists()]
        tables = [file.select(columns).replace_schema_metadata(None) for file in files]
        return pa.concat_tables([schema.empty_table(), *tables])

    def size(self, month: Month) -> int:
        """Bytes of the inputs of a month."""
        return sum(path.stat().st_size for path in self.files(month) if path.exists())

    def files(self, month: Month) -> list[Path]:
        """The month files of the inputs, in their order, whether or not they are there."""
        return [self._lake.month_file("bronze", name, month.tenant_id, month.first) for name in self._inputs]

    def days(self, months: Sequence[Month], *tables: pa.Table) -> set[tuple[str, date]]:
        """The partitions to replace: those of `tables`, which are of these months, and those that are there now."""
        old = [self._lake.month_file(LAYER, self._table, one.tenant_id, one.first) for one in months]
        columns = ["tenant_id", "received_date"]
        there = [pq.ParquetFile(path).read(columns=columns) for path in old if path.exists()]
        pairs = [table.select(columns).replace_schema_metadata(None) for table in (*tables, *there)]
        return {
            (row["tenant_id"], row["received_date"])
            for table in pairs
            for row in table.group_by(columns).aggregate([]).to_pylist()
        }

    def note(self, months: Sequence[Month]) -> None:
        """Write down that these months are made of what `stale` found."""
        known = self._known()
        for one in months:
            if one in self._now:
                known[one] = self._now[one]
            else:
                known.pop(one, None)
        path = self._lake.directory(LAYER, self._table) / _BOOK
        temporary = path.with_name(f".{path.name}.{uuid4().hex}")
        text = json.dumps({f"{one.tenant_id}/{one.month}": known[one] for one in sorted(known)}, indent=0)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)

    def _known(self) -> dict[Month, str]:
        path = self._lake.directory(LAYER, self._table) / _BOOK
        if not path.exists():
            return {}
        return {Month(*key.split("/")): digest for key, digest in json.loads(path.read_text(encoding="utf-8")).items()}

    def _of(self, layer: str, name: str) -> Iterator[Month]:
        for path in self._lake.directory(layer, name).glob("*/*.parquet"):
            if not path.name.startswith("."):
                yield Month(path.parent.name, path.stem)

    def _digest(self, month: Month, stamp: str) -> str:
        facts = [
            [path.stat().st_size, path.stat().st_mtime_ns] if path.exists() else None for path in self.files(month)
        ]
        return hashlib.sha256(json.dumps([facts, stamp]).encode()).hexdigest()[:32]


def batches(months: Sequence[Month], size: Callable[[Month], int], limit: int) -> Iterator[list[Month]]:
    """Months of one tenant at a time, as many as fit into `limit` bytes of their inputs and at least one."""
    batch: list[Month] = []
    total = 0
    for one in months:
        more = size(one)
        if batch and (one.tenant_id != batch[0].tenant_id or total + more > limit):
            yield batch
            batch, total = [], 0
        batch.append(one)
        total += more
    if batch:
        yield batch


def span(paths: Sequence[tuple[Path, str]]) -> tuple[date, date] | None:
    """First and last day in some date columns of month files, by their footers; None where they hold none."""
    found: list[date] = []
    for path, column in paths:
        if not path.exists():
            continue
        footer = pq.read_metadata(path)
        at = footer.schema.to_arrow_schema().get_field_index(column)
        for group in range(footer.num_row_groups):
            statistics = footer.row_group(group).column(at).statistics
            if statistics is not None and statistics.has_min_max:
                found += [statistics.min, statistics.max]
    return (min(found), max(found)) if found else None


def code_digest(root: Path, *folders: str) -> str:
    """Digest of the sources and data files in folders of the checkout: other code may make other rows."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.relative_to(root).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:32]
