"""Schemas `bronze` and `silver` of a PostgreSQL warehouse: the lake's tables, loaded by COPY, by partition.

Belongs here: which partitions changed since the last load, and replacing them. Does not belong here: what the columns
mean (`claims.schema`), the lake's own writes (`claims.lake`), models.

The warehouse keeps a book of what it holds: each month file with its size and time, each partition (tenant_id,
received_date) with a digest of its rows. A month file that did not change is not read. In one that did, the partitions
whose digest differs are replaced and the others stay. Everything happens in one transaction: a reader, and a load that
dies half way, sees the lake as it was or as it is. Loading twice changes nothing.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from claims import schema as contract
from claims.warehouse.postgres import WarehouseError, connect, name, require_same_order, rows, run, text

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection

SCHEMA = "bronze"  # the book stands here, of the tables of every layer: no two have one name
MONTHS = "lake_months"
DAYS = "lake_days"

_LOCK = 0x62726F6E  # "bron": two loads at once would each write the days of the other
# Of compressed files read at a time; in memory they are about eight times as much.
_BATCH_BYTES = 32 * 1024 * 1024

_LAYER = {table.name: layer for layer, tables in contract.LAYERS.items() for table in tables}

_Partition = tuple[str, date]
_KnownDay = tuple[_Partition, str]

# PostgreSQL's text cannot hold the character NUL; Unicode has a picture of it.
_NUL, _NUL_PICTURE = "\x00", "\u2400"

_POSTGRES_TYPES = {
    contract.TEXT: "text",
    contract.DATE: "date",
    contract.INT: "integer",
    contract.LONG: "bigint",
    contract.FLAG: "boolean",
    pa.int16(): "smallint",
    contract.MONEY: "numeric(18,2)",
    contract.QUANTITY: "numeric(18,3)",
    contract.RATE: "numeric(9,4)",
}


@dataclass
class Loaded:
    """What one load did: tables made anew, partitions replaced or removed, rows written by table."""

    tables_made: list[str] = field(default_factory=list)
    partitions: int = 0
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def row_count(self) -> int:
        """Rows written, all tables."""
        return sum(self.rows.values())


@dataclass(frozen=True)
class _Month:
    """A month file of the lake, or one that the book knows."""

    tenant_id: str
    month: str
    size: int
    modified_ns: int


def load_bronze(url: str, lake: Path, progress: Callable[[str], object] = lambda _: None) -> Loaded:
    """Bring schemas `bronze` and `silver` to what the lake holds; returns what was done.

    `progress` takes a line per table changed.

    Cost: a file's time for each month file; reading and COPY for those that changed, 32 MB of files at a time.

    Raises:
        WarehouseError: no answer, a database that sorts text otherwise than DuckDB, or a lake of an older schema.
    """
    import adbc_driver_manager

    done = Loaded()
    with connect(url) as connection:
        try:
            require_same_order(connection)
            rows(connection, f"select pg_advisory_xact_lock({_LOCK})")
            _prepare(connection)
            for layer, tables in contract.LAYERS.items():
                for table in tables:
                    _load_table(connection, lake / layer / table.name, table.name, done)
                    if table.name in done.rows:
                        progress(f"{layer}.{table.name}: {done.rows[table.name]:,} rows")
        except adbc_driver_manager.Error as error:
            # What follows the first line can quote a row.
            raise WarehouseError(f"bronze could not be loaded: {str(error).partition(chr(10))[0]}") from None
    return done


def _place(table: str) -> str:
    return f"{_LAYER[table]}.{name(table)}"


def _prepare(connection: "Connection") -> None:
    run(
        connection,
        *(f"create schema if not exists {layer}" for layer in contract.LAYERS),
        f"""
        create table if not exists {SCHEMA}.{MONTHS} (
            table_name text not null, tenant_id text not null, month text not null,
            byte_count bigint not null, modified_ns bigint not null,
            primary key (table_name, tenant_id, month)
        )
        """,
        f"""
        create table if not exists {SCHEMA}.{DAYS} (
            table_name text not null, tenant_id text not null, received_date date not null,
            digest text not null, row_count bigint not null,
            primary key (table_name, tenant_id, received_date)
        )
        """,
    )


def _load_table(connection: "Connection", folder: Path, table: str, done: Loaded) -> None:
    if _ensure(connection, table):
        done.tables_made.append(table)
    here = {(m.tenant_id, m.month): m for m in _months(folder)}
    known = {
        (m.tenant_id, m.month): m
        for m in (
            _Month(*row)
            for row in rows(
                connection,
                f"select tenant_id, month, byte_count, modified_ns from {SCHEMA}.{MONTHS}"
                f" where table_name = {text(table)}",
            )
        )
    }
    changed = sorted(key for key in here.keys() | known.keys() if here.get(key) != known.get(key))
    if not changed:
        return
    known_days = _known_days(connection, table)
    for batch in _batches(changed, here):
        gone = {day for key in batch for day in known_days.get(key, {}).items()}
        paths = [folder / tenant_id / f"{month}.parquet" for tenant_id, month in batch if (tenant_id, month) in here]
        _replace(connection, table, _read(paths, table), gone, done)
    _write_months(connection, table, changed, here)
    run(connection, f"analyze {_place(table)}")


def _ensure(connection: "Connection", table: str) -> bool:
    """Make the table where it is not there with the columns of the contract; whether it was made."""
    wanted = [(f.name, _POSTGRES_TYPES[f.type], not f.nullable) for f in contract.lake(table)]
    found = rows(
        connection,
        f"""
        select attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute
        where attrelid = to_regclass('{_place(table)}') and attnum > 0 and not attisdropped
        order by attnum
        """,
    )
    if found == wanted:
        return False
    columns = ", ".join(f"{name(c)} {type_}{' not null' if required else ''}" for c, type_, required in wanted)
    run(
        connection,
        # The views of staging on it go with it; dbt makes them again.
        f"drop table if exists {_place(table)} cascade",
        f"create table {_place(table)} ({columns})",
        f"create index on {_place(table)} (tenant_id, received_date)",
        f"delete from {SCHEMA}.{MONTHS} where table_name = {text(table)}",
        f"delete from {SCHEMA}.{DAYS} where table_name = {text(table)}",
    )
    return True


def _months(folder: Path) -> Iterator[_Month]:
    for path in folder.glob("*/*.parquet"):
        if not path.name.startswith("."):
            status = path.stat()
            yield _Month(path.parent.name, path.stem, status.st_size, status.st_mtime_ns)


def _known_days(connection: "Connection", table: str) -> dict[tuple[str, str], dict[_Partition, str]]:
    """The digest of each partition that the table holds, by tenant and month."""
    out: dict[tuple[str, str], dict[_Partition, str]] = {}
    for tenant_id, day, digest in rows(
        connection,
        f"select tenant_id, received_date, digest from {SCHEMA}.{DAYS} where table_name = {text(table)}",
    ):
        out.setdefault((tenant_id, f"{day:%Y-%m}"), {})[tenant_id, day] = digest
    return out


def _batches(
    changed: Sequence[tuple[str, str]], here: Mapping[tuple[str, str], _Month]
) -> Iterator[list[tuple[str, str]]]:
    """Months in groups of at most `_BATCH_BYTES` of files, and at least one."""
    batch: list[tuple[str, str]] = []
    size = 0
    for key in changed:
        size += here[key].size if key in here else 0
        if batch and size > _BATCH_BYTES:
            yield batch
            batch, size = [], here[key].size if key in here else 0
        batch.append(key)
    yield batch


def _read(paths: Sequence[Path], table: str) -> pa.Table:
    """The rows of some month files, partition after partition."""
    schema = contract.lake(table)
    names = schema.names
    files = [pq.ParquetFile(path).read(columns=names) for path in paths]
    if any(file.schema.names != names for file in files):
        raise WarehouseError(
            f"{_LAYER[table]}/{table}: the lake's schema is an older one; claimworks ingest --reprocess --all "
            "reads every file of landing again"
        )
    data = pa.concat_tables([schema.empty_table(), *files]).replace_schema_metadata(None)
    for position, column in enumerate(data.schema):
        if pa.types.is_string(column.type) and pc.any(pc.match_substring(data[position], _NUL)).as_py():
            data = data.set_column(position, column, pc.replace_substring(data[position], _NUL, _NUL_PICTURE))
    return data


def _digests(data: pa.Table) -> dict[_Partition, tuple[str, int]]:
    """A digest of 128 bits and the row count of each partition of `data`, in their order.

    Two sums of 64-bit hashes of whole rows: one pass over all partitions, where a digest of each costs milliseconds. A
    version of the engine that hashes otherwise makes every partition look changed, and the load writes it again.
    """
    columns = ", ".join(name(column) for column in data.column_names)
    with duckdb.connect(":memory:") as engine:
        engine.register("data", data)
        found = engine.execute(
            f"""
            select
                tenant_id,
                received_date,
                sum(hash({columns})::hugeint)::varchar || '/' || sum(hash('again', {columns})::hugeint)::varchar,
                count(*)
            from data
            group by tenant_id, received_date
            """
        ).fetchall()
    return {(tenant_id, day): (digest, int(count)) for tenant_id, day, digest, count in found}


def _rows_of(data: pa.Table, partitions: Collection[_Partition]) -> pa.Table:
    """The rows of some partitions of `data`."""
    keys = data.select(["tenant_id", "received_date"])
    wanted = pa.table(
        {
            "tenant_id": pa.array([tenant_id for tenant_id, _ in partitions], contract.TEXT),
            "received_date": pa.array([day for _, day in partitions], contract.DATE),
        }
    )
    numbered = keys.append_column("row", pa.array(range(data.num_rows), pa.int64()))
    kept = numbered.join(wanted, ["tenant_id", "received_date"], join_type="left semi")["row"]
    return data.take(kept.combine_chunks().sort())


def _replace(connection: "Connection", table: str, data: pa.Table, known: set[_KnownDay], done: Loaded) -> None:
    """Of what the table knows of some months and `data`, their files: take out what goes, bring in what is new."""
    now = _digests(data)
    before = dict(known)
    fresh = {key for key, (digest, _) in now.items() if before.get(key) != digest}
    stale = before.keys() - now.keys() | before.keys() & fresh
    if stale:
        keys = ", ".join(f"({text(tenant)}, date '{day}')" for tenant, day in sorted(stale))
        run(
            connection,
            f"delete from {_place(table)} where (tenant_id, received_date) in ({keys})",
            f"delete from {SCHEMA}.{DAYS} where table_name = {text(table)} and (tenant_id, received_date) in ({keys})",
        )
    if fresh:
        coming = data if len(fresh) == len(now) else _rows_of(data, fresh)
        _copy_in(connection, table, coming, _LAYER[table])
        done.rows[table] = done.rows.get(table, 0) + coming.num_rows
        entered = sorted(fresh)
        _copy_in(
            connection,
            DAYS,
            pa.table(
                {
                    "table_name": pa.array([table] * len(entered)),
                    "tenant_id": pa.array([tenant_id for tenant_id, _ in entered]),
                    "received_date": pa.array([day for _, day in entered], contract.DATE),
                    "digest": pa.array([now[key][0] for key in entered]),
                    "row_count": pa.array([now[key][1] for key in entered], pa.int64()),
                }
            ),
        )
    done.partitions += len(stale | fresh)


def _write_months(
    connection: "Connection", table: str, changed: Sequence[tuple[str, str]], here: Mapping[tuple[str, str], _Month]
) -> None:
    keys = ", ".join(f"({text(tenant)}, {text(month)})" for tenant, month in changed)
    run(
        connection,
        f"delete from {SCHEMA}.{MONTHS} where table_name = {text(table)} and (tenant_id, month) in ({keys})",
    )
    there = [here[key] for key in changed if key in here]
    _copy_in(
        connection,
        MONTHS,
        pa.table(
            {
                "table_name": pa.array([table] * len(there), pa.string()),
                "tenant_id": pa.array([m.tenant_id for m in there], pa.string()),
                "month": pa.array([m.month for m in there], pa.string()),
                "byte_count": pa.array([m.size for m in there], pa.int64()),
                "modified_ns": pa.array([m.modified_ns for m in there], pa.int64()),
            }
        ),
    )


def _copy_in(connection: "Connection", table: str, data: pa.Table, schema: str = SCHEMA) -> None:
    with connection.cursor() as cursor:
        cursor.adbc_ingest(table, data, mode="append", db_schema_name=schema)
