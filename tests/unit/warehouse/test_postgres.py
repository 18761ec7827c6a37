"""Copies of the tables of a PostgreSQL warehouse, and publishing from it: same types, same rows, or a reason."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from claims.warehouse import PublishError, WarehouseError, copy_to_duckdb, is_postgres, publish
from claims.warehouse.postgres import connect, run


@pytest.fixture(scope="module")
def database(new_database: Callable[..., str]) -> str:
    """A warehouse with one table of every type that models use, and one of a type that they may not."""
    url = new_database()
    with connect(url) as connection:
        run(
            connection,
            "create schema marts",
            """
            create table marts.fct_all (
                tenant_id text, is_denied boolean, line_count integer, byte_offset bigint, position smallint,
                amount numeric(18,2), units numeric(18,3), risk double precision, denied_date date,
                valid_from timestamp, code character varying, claim_key character varying(32)
            )
            """,
            """
            insert into marts.fct_all values
                ('alder', true, -1, 9007199254740993, 2, 9999999999999999.99, 0.001, 0.1, '2024-02-29',
                 '2024-02-29 23:59:59.123456', 'Ä''"', ''),
                ('alder', null, null, null, null, null, null, null, null, null, null, null)
            """,
            'create table marts."Odd ""name" as select 1::integer as "a b"',
            "create schema loose",
            "create table loose.fct_total as select sum(amount) as amount from marts.fct_all",
            "create table loose.fct_moment as select now() as at",
        )
    return url


def test_every_type_arrives_as_it_left(database: str, tmp_path: Path) -> None:
    counts = copy_to_duckdb(database, tmp_path / "copy.duckdb", schemas=["marts"])
    assert counts == {"marts.fct_all": 2, 'marts.Odd "name': 1}
    with duckdb.connect(str(tmp_path / "copy.duckdb")) as copy:
        types = copy.execute("select data_type from duckdb_columns() where table_name = 'fct_all'").fetchall()
        assert [name for (name,) in types] == [
            "VARCHAR", "BOOLEAN", "INTEGER", "BIGINT", "SMALLINT", "DECIMAL(18,2)", "DECIMAL(18,3)", "DOUBLE", "DATE",
            "TIMESTAMP", "VARCHAR", "VARCHAR",
        ]  # fmt: skip
        full, empty = copy.execute("select * from marts.fct_all order by line_count").fetchall()
        assert full[:9] == (
            "alder", True, -1, 9007199254740993, 2, Decimal("9999999999999999.99"), Decimal("0.001"), 0.1,
            date(2024, 2, 29),
        )  # fmt: skip
        assert (full[9].microsecond, full[10], full[11]) == (123456, "Ä'\"", "")
        assert empty == ("alder", *[None] * 11)


def test_only_the_tables_that_are_named_are_copied(database: str, tmp_path: Path) -> None:
    assert copy_to_duckdb(database, tmp_path / "copy.duckdb", names=["marts.fct_all"]) == {"marts.fct_all": 2}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("loose.fct_total", "loose.fct_total.amount is of type numeric: cast it"),
        ("loose.fct_moment", "timestamp with time zone"),
        ("marts.fct_none", "has no table marts.fct_none: build the models"),
    ],
)
def test_what_cannot_be_copied_is_named(database: str, tmp_path: Path, table: str, words: str) -> None:
    with pytest.raises(WarehouseError, match=words):
        copy_to_duckdb(database, tmp_path / "copy.duckdb", names=[table])


def test_what_raises_is_undone(database: str) -> None:
    def half_way() -> None:
        with connect(database) as connection:
            run(connection, "delete from marts.fct_all")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        half_way()
    with connect(database) as connection:
        run(connection, "select 1 / count(*) from marts.fct_all")


def test_an_address_is_told_from_a_path() -> None:
    assert is_postgres("postgresql://ann@db/marts")
    assert is_postgres("postgres://ann@db/marts")
    assert not is_postgres(Path("postgresql:/x.duckdb"))
    assert not is_postgres("home/warehouse.duckdb")


def test_a_warehouse_that_was_not_built_publishes_nothing_and_leaves_nothing_behind(
    database: str, tmp_path: Path
) -> None:
    for url, words in ((database, "the warehouse lacks"), (f"postgresql://a@/b?host={tmp_path}", "does not answer")):
        with pytest.raises(PublishError, match=words):
            publish(url, tmp_path / "lake", tmp_path / "serving", ["alder"])
    assert list((tmp_path / "serving").iterdir()) == []
