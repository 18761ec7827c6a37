"""Opening PostgreSQL as a warehouse: connections, the one question that must be asked first, copies of its tables.

Belongs here: what knows that the engine is PostgreSQL. Does not belong here: building models (dbt), loading bronze
(`claims.warehouse.bronze`), what a published file holds (`claims.warehouse.publishing`).

Data moves in Arrow batches through ADBC, both ways by COPY in binary form: no row is ever a Python object.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection

# libpq's own names for the same thing.
SCHEMES = ("postgresql://", "postgres://")

# Databases that sort text by code point, as DuckDB does.
_BYTEWISE = re.compile(r"(C|POSIX)(\.utf-?8)?", re.IGNORECASE)

_TYPES = {
    "boolean": "boolean",
    "smallint": "smallint",
    "integer": "integer",
    "bigint": "bigint",
    "real": "real",
    "double precision": "double",
    "date": "date",
    "text": "varchar",
    "timestamp without time zone": "timestamp",
}
_DECIMAL = re.compile(r"numeric\((\d+),(\d+)\)")
_VARCHAR = re.compile(r"character( varying)?(\(\d+\))?")


class WarehouseError(Exception):
    """The database cannot serve as the warehouse; the message says why and what to do. Never holds a password."""


def is_postgres(warehouse: Path | str) -> bool:
    """Whether a warehouse is given as the address of a PostgreSQL database, and not as the path of a DuckDB file."""
    return isinstance(warehouse, str) and warehouse.startswith(SCHEMES)


@contextmanager
def connect(url: str) -> "Iterator[Connection]":
    """One transaction on the database: committed at the end of the block, undone when it raises.

    Raises:
        WarehouseError: the database does not answer, or sorts text in another way than DuckDB.
    """
    import adbc_driver_manager
    import adbc_driver_postgresql.dbapi as adbc

    try:
        connection = adbc.connect(url)
    except adbc_driver_manager.Error as error:
        raise WarehouseError(f"the warehouse does not answer: {_first_line(error)}") from None
    try:
        yield connection
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        connection.close()


def rows(connection: "Connection", sql: str) -> list[tuple[Any, ...]]:
    """The rows of a small query; numerics come as text."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def run(connection: "Connection", *statements: str) -> None:
    """Execute statements that return nothing."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def require_same_order(connection: "Connection") -> None:
    """Refuse a database in which text sorts or is stored otherwise than in DuckDB.

    `min(code)`, `order by code` and `greatest(code, ...)` then mean the same in every model, on both engines.

    Raises:
        WarehouseError: with the statement that makes a database that fits.
    """
    [(encoding, collation)] = rows(
        connection,
        "select pg_encoding_to_char(encoding), datcollate from pg_database where datname = current_database()",
    )
    refuse_other_order(str(encoding), str(collation))


def refuse_other_order(encoding: str, collation: str) -> None:
    """As `require_same_order`, of the names that the database gives."""
    if encoding != "UTF8" or not _BYTEWISE.fullmatch(collation):
        raise WarehouseError(
            f"the warehouse's database has encoding {encoding} and collation {collation}: text would sort otherwise "
            "than the models say. Make one that fits: create database claimworks_warehouse template template0 "
            "encoding 'UTF8' locale 'C'"
        )


def tables(connection: "Connection", schema: str) -> list[tuple[str, str]]:
    """(schema, table) of every table of a schema, without views, sorted."""
    found = rows(connection, f"select tablename from pg_tables where schemaname = {text(schema)} order by 1")
    return [(schema, str(table)) for (table,) in found]


def copy_to_duckdb(url: str, path: Path, *, schemas: Iterable[str] = (), names: Iterable[str] = ()) -> dict[str, int]:
    """Copy whole schemas, or tables named `schema.table`, to a DuckDB file as of one moment; rows by `schema.table`.

    Streamed: a batch of rows at a time is in memory. Types are the same as if dbt had built the tables on DuckDB.

    Raises:
        WarehouseError: no answer, a table is not there, a column has a type that DuckDB has not, or rows are missing.
    """
    import adbc_driver_manager

    counts: dict[str, int] = {}
    with connect(url) as connection, duckdb.connect(str(path)) as copy:
        copy.execute("set preserve_insertion_order = false")
        try:
            run(connection, "set transaction isolation level repeatable read, read only")
            wanted = [*(one for schema in schemas for one in tables(connection, schema)), *map(_split, names)]
            for schema, table in wanted:
                counts[f"{schema}.{table}"] = _copy_table(connection, copy, schema, table)
        except adbc_driver_manager.Error as error:
            raise WarehouseError(f"the warehouse could not be read: {_first_line(error)}") from None
    return counts


def _copy_table(connection: "Connection", copy: duckdb.DuckDBPyConnection, schema: str, table: str) -> int:
    where = f"{name(schema)}.{name(table)}"
    columns = rows(
        connection,
        f"""
        select attname, format_type(atttypid, atttypmod) from pg_attribute
        where attrelid = to_regclass({text(where)}) and attnum > 0 and not attisdropped
        order by attnum
        """,
    )
    if not columns:
        raise WarehouseError(f"the warehouse has no table {schema}.{table}: build the models first")
    types = {str(column): _duckdb_type(f"{schema}.{table}.{column}", str(type_)) for column, type_ in columns}
    copy.execute(f"create schema if not exists {name(schema)}")
    copy.execute(f"create table {where} ({', '.join(f'{name(c)} {t}' for c, t in types.items())})")
    with connection.cursor() as cursor:
        cursor.execute(f"select * from {where}")
        copy.register("batches", cursor.fetch_record_batch())
        # A numeric comes as text, digit by digit, and becomes the decimal that it is.
        copy.execute(f"insert into {where} select * from batches")
        copy.unregister("batches")
    [(expected,)] = rows(connection, f"select count(*) from {where}")
    found = copy.execute(f"select count(*) from {where}").fetchall()[0][0]
    if found != expected:
        raise WarehouseError(f"{schema}.{table} has {expected} rows and its copy {found}")
    return int(found)


def _duckdb_type(column: str, type_: str) -> str:
    if decimal := _DECIMAL.fullmatch(type_):
        return f"decimal({decimal[1]}, {decimal[2]})"
    if _VARCHAR.fullmatch(type_):
        return "varchar"
    try:
        return _TYPES[type_]
    except KeyError:
        raise WarehouseError(f"{column} is of type {type_}: cast it in its model to a type of both engines") from None


def _split(table: str) -> tuple[str, str]:
    schema, _, rest = table.partition(".")
    return schema, rest


def name(identifier: str) -> str:
    """An identifier, quoted."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text value, quoted."""
    return "'" + value.replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
