"""Bronze in PostgreSQL is the lake's: by partition, in one transaction, and a second load changes nothing."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from claims import schema
from claims.lake import Lake
from claims.warehouse import WarehouseError, load_bronze
from claims.warehouse.postgres import connect, refuse_other_order, rows
from tests.dbt import tiny_lake

JANUARY, FEBRUARY = date(2025, 1, 3), date(2025, 2, 1)
TABLE = "provider_adjustments"


def adjustments(*values: tuple[str, date, str], tenant: str = "alder") -> pa.Table:
    """Provider adjustments: file, day of receipt and reason."""
    return tiny_lake.table(
        TABLE,
        [
            {
                "file_id": file, "transaction_ordinal": 1, "segment_ordinal": 9, "byte_offset": 4,
                "adjustment_ordinal": 1, "reason_code": reason, "amount": 12, "received_date": day, "tenant_id": tenant,
            }
            for file, day, reason in values
        ],
    )  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake(tmp_path / "lake")
    for layer, tables in schema.LAYERS.items():
        for table in tables:
            made.ensure(layer, table.name, schema.bronze(table.name))
    return made


@pytest.fixture(scope="module")
def database(new_database: Callable[..., str]) -> str:
    """One database for this module; each test's lake is another, and a load makes it that one."""
    return new_database()


def write(lake: Lake, data: pa.Table, *days: date, tenant: str = "alder") -> None:
    lake.write("bronze", TABLE, data, [(tenant, day) for day in days])


def held(url: str, columns: str = "file_id, received_date, reason_code") -> Sequence[tuple[Any, ...]]:
    with connect(url) as connection:
        return rows(connection, f"select {columns} from bronze.{TABLE} order by 1, 2")


def places(url: str) -> dict[str, str]:
    """Where each row lies: a row that is written again lies elsewhere."""
    with connect(url) as connection:
        return dict(rows(connection, f"select file_id, ctid::text from bronze.{TABLE}"))


def test_what_the_lake_holds_is_loaded_and_a_second_load_does_nothing(database: str, lake: Lake) -> None:
    write(lake, adjustments(("a", JANUARY, "WO"), ("b", FEBRUARY, "FB")), JANUARY, FEBRUARY)
    assert load_bronze(database, lake.root).rows[TABLE] == 2
    assert held(database) == [("a", JANUARY, "WO"), ("b", FEBRUARY, "FB")]
    before = places(database)
    again = load_bronze(database, lake.root)
    assert (again.row_count, again.partitions, again.tables_made) == (0, 0, [])
    assert places(database) == before


def test_only_the_day_that_changed_is_replaced(database: str, lake: Lake) -> None:
    other = JANUARY.replace(day=4)
    write(lake, adjustments(("a", JANUARY, "WO"), ("b", other, "FB")), JANUARY, other)
    load_bronze(database, lake.root)
    before = places(database)
    write(lake, adjustments(("b", other, "72"), ("c", other, "L6")), other)
    done = load_bronze(database, lake.root)
    assert (done.partitions, done.rows) == (1, {TABLE: 2})
    assert held(database) == [("a", JANUARY, "WO"), ("b", other, "72"), ("c", other, "L6")]
    assert places(database)["a"] == before["a"]


def test_a_day_that_left_the_lake_leaves_the_warehouse(database: str, lake: Lake) -> None:
    write(lake, adjustments(("a", JANUARY, "WO"), ("b", FEBRUARY, "FB")), JANUARY, FEBRUARY)
    load_bronze(database, lake.root)
    write(lake, adjustments(), FEBRUARY)
    assert load_bronze(database, lake.root).partitions == 1
    assert held(database) == [("a", JANUARY, "WO")]


def test_the_same_day_of_another_tenant_is_another_partition(database: str, lake: Lake) -> None:
    write(lake, adjustments(("a", JANUARY, "WO")), JANUARY)
    write(lake, adjustments(("b", JANUARY, "FB"), tenant="birch"), JANUARY, tenant="birch")
    load_bronze(database, lake.root)
    write(lake, adjustments(("c", JANUARY, "72"), tenant="birch"), JANUARY, tenant="birch")
    load_bronze(database, lake.root)
    assert held(database, "file_id, tenant_id") == [("a", "alder"), ("c", "birch")]


def test_a_load_that_fails_leaves_what_was_there(database: str, lake: Lake) -> None:
    write(lake, adjustments(("a", JANUARY, "WO")), JANUARY)
    load_bronze(database, lake.root)
    write(lake, adjustments(("a", JANUARY, "FB")), JANUARY)
    folder = lake.directory("bronze", "acknowledgements") / "alder"  # comes after the provider adjustments
    folder.mkdir()
    (folder / "2025-01.parquet").write_bytes(b"half a file")
    with pytest.raises(Exception, match="Parquet"):
        load_bronze(database, lake.root)
    assert held(database) == [("a", JANUARY, "WO")]
    (folder / "2025-01.parquet").unlink()
    load_bronze(database, lake.root)
    assert held(database) == [("a", JANUARY, "FB")]


def test_a_table_of_an_older_schema_is_made_anew(database: str, lake: Lake) -> None:
    write(lake, adjustments(("a", JANUARY, "WO")), JANUARY)
    load_bronze(database, lake.root)
    with connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(f"alter table bronze.{TABLE} drop column reason_code")
        cursor.execute("create schema if not exists staging")
        cursor.execute(f"create or replace view staging.on_it as select file_id from bronze.{TABLE}")
    done = load_bronze(database, lake.root)
    assert done.tables_made == [TABLE]
    assert held(database) == [("a", JANUARY, "WO")]


def test_a_lake_of_an_older_schema_is_refused(database: str, lake: Lake) -> None:
    write(lake, adjustments(("a", JANUARY, "WO")), JANUARY)
    path = lake.month_file("bronze", TABLE, "alder", JANUARY)
    pq.write_table(pq.read_table(path).drop_columns("reason_code"), path)
    with pytest.raises(WarehouseError, match="--reprocess --all"):
        load_bronze(database, lake.root)


def test_every_type_of_the_schema_arrives_as_it_left(database: str, lake: Lake) -> None:
    """A whole row of every table, each column with a value; the types are those that dbt finds in the lake's files."""
    every = [(layer, table) for layer, tables in schema.LAYERS.items() for table in tables]
    for layer, table in every:
        columns = schema.bronze_columns(table.name)
        whole = {column.name: tiny_lake.default(replace(column, nullable=False)) for column in columns}
        lake.write(layer, table.name, tiny_lake.table(table.name, [whole]), [("alder", date(2025, 1, 1))])
    load_bronze(database, lake.root)
    with connect(database) as connection:
        for layer, table in every:
            [row] = rows(connection, f"select * from {layer}.{table.name}")
            sent = lake.read(layer, table.name).to_pylist()[0].values()
            assert [str(value) for value in row] == [str(value) for value in sent], table.name


def test_a_nul_is_shown_as_its_picture(database: str, lake: Lake) -> None:
    write(lake, adjustments(("a", JANUARY, "W\x00O")), JANUARY)
    load_bronze(database, lake.root)
    assert held(database) == [("a", JANUARY, "W\u2400O")]
    assert load_bronze(database, lake.root).partitions == 0


def test_nobody_at_the_address_is_said(tmp_path: Path, lake: Lake) -> None:
    with pytest.raises(WarehouseError, match="does not answer"):
        load_bronze(f"postgresql://nobody:secret@/none?host={tmp_path}", lake.root)


def test_a_database_that_sorts_or_stores_text_otherwise_is_refused(
    new_database: Callable[..., str], lake: Lake
) -> None:
    with pytest.raises(WarehouseError, match="encoding SQL_ASCII"):
        load_bronze(new_database("encoding 'SQL_ASCII' locale 'C'"), lake.root)
    for collation in ("en_US.UTF-8", "de_DE.utf8", "C-sorted", "en-x-icu"):
        with pytest.raises(WarehouseError, match="create database"):
            refuse_other_order("UTF8", collation)
    for collation in ("C", "POSIX", "C.UTF-8", "C.utf8"):
        refuse_other_order("UTF8", collation)
