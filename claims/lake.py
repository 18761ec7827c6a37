"""The lake: Parquet month files with replace-partition writes.

Belongs here: where a table's files lie, how a partition is replaced, how a table is read back. Does not belong here:
what the columns mean (`claims.schema`), SQL, sealing.

Layout: `<root>/<layer>/<table>/<tenant>/<YYYY-MM>.parquet` holds every `received_date` of that month for that tenant;
`<root>/<layer>/<table>/_empty.parquet` holds the schema and no rows, so that a glob over the table always finds a file.

A write names the partitions, (tenant_id, received_date), that it replaces. Their old rows go, the new ones come, the
rest of the month stays; the file is written beside and renamed over, so a reader sees the old month or the new one.
Writing the same partition twice changes no byte: a month whose rows did not change is not even written.
"""

import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from claims import schema as contract

_EMPTY = "_empty.parquet"
_PARTITION = tuple(c.name for c in contract.PARTITION)


class LakeSchemaError(ValueError):
    """Data offered to a table does not have the table's columns, types or required values."""


class PartitionError(ValueError):
    """Data holds a row of a partition that the write does not say it replaces."""


@dataclass(frozen=True)
class Written:
    """What one write did: rows offered, month files written anew, left as they were, and removed as empty."""

    rows: int
    written: int
    unchanged: int
    removed: int


class Lake:
    """Month files of Parquet below `root`, one folder per layer, table and tenant."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def directory(self, layer: str, table: str) -> Path:
        """The folder of a table."""
        return self.root / layer / table

    def glob(self, layer: str, table: str) -> str:
        """The pattern that `read_parquet` of DuckDB or Polars takes for the whole table."""
        return str(self.directory(layer, table) / "**" / "*.parquet")

    def month_file(self, layer: str, table: str, tenant_id: str, day: date) -> Path:
        """The file that holds partition (`tenant_id`, `day`), whether or not it exists."""
        return self.directory(layer, table) / tenant_id / f"{day:%Y-%m}.parquet"

    def ensure(self, layer: str, table: str, schema: pa.Schema) -> None:
        """Make the table with its empty file; a table that exists must have this very schema.

        Raises:
            LakeSchemaError: the table exists with another schema.
        """
        path = self.directory(layer, table) / _EMPTY
        schema = schema.remove_metadata()
        if path.exists():
            known = pq.read_schema(path).remove_metadata()
            if not known.equals(schema):
                raise LakeSchemaError(
                    f"{layer}/{table}: the lake's schema is an older one ({_difference(known, schema)}); "
                    "claimworks ingest --reprocess --all reads every file of landing again"
                )
            return
        _write(schema.empty_table(), path)

    def remove(self, layer: str, table: str) -> None:
        """Take a table out of the lake with all its rows; one that is not there is no error."""
        shutil.rmtree(self.directory(layer, table), ignore_errors=True)

    def write(self, layer: str, table: str, data: pa.Table, replace: Iterable[tuple[str, date]]) -> Written:
        """Replace the partitions (tenant_id, received_date) of `replace` by the rows of `data`; leave all others alone.

        `data` carries `tenant_id` and `received_date` and every other column of the table. A partition of `replace`
        without a row in `data` ends empty. One read and at most one write per tenant and month touched.

        Raises:
            LakeSchemaError: columns, types or required values are not those of the table.
            PartitionError: `data` holds a partition that is not in `replace`.
        """
        empty = self.directory(layer, table) / _EMPTY
        if not empty.exists():
            self.ensure(layer, table, data.schema)
        schema = pq.read_schema(empty).remove_metadata()
        data = _sorted(_conform(f"{layer}/{table}", data, schema), table)
        months: dict[tuple[str, int, int], set[date]] = {}
        for tenant_id, day in replace:
            months.setdefault((tenant_id, day.year, day.month), set()).add(day)
        runs = _runs(data)
        for key, (_, _, days) in runs.items():
            stray = days - months.get(key, set())
            if stray:
                raise PartitionError(
                    f"{layer}/{table}: rows of ({key[0]}, {min(stray)}) were given, but the write does not replace them"
                )

        def one(key: tuple[str, int, int]) -> str:
            start, length, _ = runs.get(key, (0, 0, set()))
            path = self.month_file(layer, table, key[0], date(key[1], key[2], 1))
            return _replace(path, data.slice(start, length), months[key], table)

        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            done = list(pool.map(one, sorted(months)))
        return Written(data.num_rows, done.count("written"), done.count("unchanged"), done.count("removed"))

    def read(
        self, layer: str, table: str, columns: list[str] | None = None, *, tenant_id: str | None = None
    ) -> pa.Table:
        """The whole table, months in order, or one tenant's rows of it, or the `columns` named.

        Raises:
            FileNotFoundError: nobody has made the table.
        """
        folder = self.directory(layer, table)
        if not (folder / _EMPTY).exists():
            raise FileNotFoundError(f"{layer}/{table} is not in the lake; ingest or materialise it first")
        months = folder.glob(f"{tenant_id or '*'}/*.parquet")
        paths = [folder / _EMPTY, *sorted(p for p in months if not p.name.startswith("."))]
        return pa.concat_tables([_read(p, columns) for p in paths])


def _read(path: Path, columns: list[str] | None = None) -> pa.Table:
    return pq.ParquetFile(path).read(columns=columns).replace_schema_metadata(None)


def _write(data: pa.Table, path: Path) -> None:
    """Write beside and rename over, so that no reader meets half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        pq.write_table(data, temporary, compression="zstd")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _replace(path: Path, fresh: pa.Table, days: set[date], table: str) -> str:
    if not path.exists():
        if not fresh.num_rows:
            return "absent"
        _write(fresh, path)
        return "written"
    before = _read(path)
    gone = pc.is_in(before["received_date"], value_set=pa.array(sorted(days), contract.DATE))
    after = fresh
    if not pc.all(gone).as_py():
        after = _sorted(pa.concat_tables([before.filter(pc.invert(gone)), fresh]), table)
    if not after.num_rows:
        path.unlink()
        return "removed"
    if after.equals(before):
        return "unchanged"
    _write(after, path)
    return "written"


def _difference(known: pa.Schema, wanted: pa.Schema) -> str:
    added = sorted(set(wanted.names) - set(known.names))
    lost = sorted(set(known.names) - set(wanted.names))
    changed = [n for n in wanted.names if n in known.names and known.field(n) != wanted.field(n)]
    parts = [
        f"{what}: {', '.join(names)}"
        for what, names in (("new", added), ("gone", lost), ("other type", changed))
        if names
    ]
    return "; ".join(parts) or "other order of columns"


def _conform(name: str, data: pa.Table, schema: pa.Schema) -> pa.Table:
    missing = sorted(set(schema.names) - set(data.column_names))
    unknown = sorted(set(data.column_names) - set(schema.names))
    if missing or unknown:
        raise LakeSchemaError(f"{name}: columns missing {missing}, not of the table {unknown}")
    data = data.select(schema.names)
    for field in schema:
        if not field.nullable and data[field.name].null_count:
            raise LakeSchemaError(f"{name}: column {field.name} is required and holds nulls")
    try:
        return data.cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        types = [f.name for f in schema if data.schema.field(f.name).type != f.type]
        # The cause of an Arrow error quotes the value that failed, which may be an identifier: it is not passed on.
        raise LakeSchemaError(f"{name}: columns of another type than the table's: {types}") from (
            None if isinstance(error, pa.ArrowInvalid) else error
        )


def _sorted(data: pa.Table, table: str) -> pa.Table:
    known = contract.BY_NAME.get(table)
    keys = [k for k in known.keys if k in data.column_names and k not in _PARTITION] if known else []
    order = [(name, "ascending") for name in (*_PARTITION, *keys)]
    indices = pc.sort_indices(data, sort_keys=order)
    positions = indices.to_numpy()
    if len(positions) < 2 or bool((positions[1:] > positions[:-1]).all()):
        return data.combine_chunks()
    return data.combine_chunks().take(indices)


def _runs(data: pa.Table) -> dict[tuple[str, int, int], tuple[int, int, set[date]]]:
    """Start, length and days of each (tenant, year, month) of data sorted by partition."""
    if not data.num_rows:
        return {}
    pairs = data.select(list(_PARTITION)).append_column("row", pa.array(range(data.num_rows), pa.int64()))
    first = pairs.group_by(list(_PARTITION), use_threads=False).aggregate([("row", "min"), ("row", "count")])
    runs: dict[tuple[str, int, int], tuple[int, int, set[date]]] = {}
    for row in first.to_pylist():
        day: date = row["received_date"]
        key = (row["tenant_id"], day.year, day.month)
        start, length, days = runs.get(key, (row["row_min"], 0, set()))
        runs[key] = (min(start, row["row_min"]), length + row["row_count"], days | {day})
    return runs
