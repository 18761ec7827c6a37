"""Publishing: what a tenant's file holds, what stops a publication, and what readers notice of a swap."""

import os
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from claims.warehouse import PublishError, PublishReport, publish

Write = Callable[..., Path]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    path = tmp_path / "lake"
    path.mkdir()
    return path


@pytest.fixture
def serving(tmp_path: Path) -> Path:
    return tmp_path / "serving"


def ask(path: Path, sql: str) -> list[tuple]:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach '{path}' as copy (read_only)")
        connection.execute("use copy")
        return connection.execute(sql).fetchall()


def write_scores(lake: Path, rows: list[tuple[str, str, str, date]]) -> None:
    folder = lake / "gold" / "denial_scores" / "alder"
    folder.mkdir(parents=True)
    names = ("tenant_id", "claim_id", "model_version", "received_date")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    pq.write_table(pa.table(columns), folder / "2026-03.parquet")


def test_each_tenant_gets_its_own_rows_only(write_warehouse: Write, lake: Path, serving: Path) -> None:
    report = publish(write_warehouse(), lake, serving, ["alder", "birch"])

    assert [p.row_counts["marts.fct_claims"] for p in report.published] == [10, 4]
    assert ask(serving / "alder.duckdb", "select distinct tenant_id from marts.fct_claims") == [("alder",)]
    assert ask(serving / "birch.duckdb", "select distinct tenant_id from marts.fct_claims") == [("birch",)]
    assert ask(serving / "alder.duckdb", "select sum(charge_amount) from marts.fct_claims") == [(Decimal("1045.00"),)]
    assert ask(serving / "birch.duckdb", "select count(*) from marts.agg_denials_monthly") == [(0,)]
    assert ask(serving / "birch.duckdb", "select count(*) from marts.dim_date") == [(1,)], "code lists go to everyone"


def test_claims_stand_in_the_order_of_their_days(write_warehouse: Write, lake: Path, serving: Path) -> None:
    publish(write_warehouse(), lake, serving, ["alder"])
    days = ask(serving / "alder.duckdb", "select submitted_date from marts.fct_claims order by rowid")
    assert days == sorted(days)


def test_the_file_says_when_until_when_and_how_much(write_warehouse: Write, lake: Path, serving: Path) -> None:
    report = publish(write_warehouse(), lake, serving, ["alder"])

    rows = ask(
        serving / "alder.duckdb",
        """
        select tenant_id, epoch(published_at)::bigint, data_cutoff_date, model_version, row_counts
        from serving.published
        """,
    )
    ((tenant, at, cutoff, model, counts),) = rows
    assert (tenant, cutoff, model) == ("alder", date(2026, 3, 31), None)
    assert at == int(report.published_at.timestamp())
    assert counts["marts.fct_claims"] == 10
    assert counts == report.published[0].row_counts


def test_scores_are_published_with_the_version_that_wrote_them_last(
    write_warehouse: Write, lake: Path, serving: Path
) -> None:
    write_scores(
        lake,
        [
            ("alder", "a-1", "9", date(2026, 3, 1)),
            ("alder", "a-2", "10", date(2026, 3, 1)),
            ("birch", "b-1", "11", date(2026, 3, 2)),
        ],
    )
    report = publish(write_warehouse(), lake, serving, ["alder"])

    assert report.published[0].model_version == "10"
    assert ask(serving / "alder.duckdb", "select count(*) from gold.denial_scores") == [(2,)]


def test_a_tenant_that_sent_nothing_is_reported_and_gets_no_file(
    write_warehouse: Write, lake: Path, serving: Path
) -> None:
    report = publish(write_warehouse(), lake, serving, ["alder", "cedar"])

    assert report.without_data == ("cedar",)
    assert not (serving / "cedar.duckdb").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"until": "2026-03-30"}, "ends on 2026-03-30"),
        ({"alder": 4}, "has 4 claims, what is published has 10"),
        ({"extra": "drop table marts.fct_denials"}, "lacks marts.fct_denials"),
        ({"extra": "create table marts.fct_secrets as select 1 as x"}, "marts.fct_secrets has no tenant_id"),
        ({"extra": "update marts.fct_claims set cut_off_date = null"}, "has no cut_off_date"),
        ({"extra": "alter table marts.fct_claims drop column cut_off_date"}, "could not be made"),
    ],
    ids=["older data", "claims lost", "mart missing", "mart without tenant", "freshness unknown", "column missing"],
)
def test_a_failed_check_publishes_nothing_for_anyone(
    write_warehouse: Write, lake: Path, serving: Path, change: dict[str, object], words: str
) -> None:
    publish(write_warehouse(), lake, serving, ["birch", "alder"])
    before = {path.name: path.stat().st_ino for path in serving.iterdir()}

    with pytest.raises(PublishError, match=words):
        publish(write_warehouse(**change), lake, serving, ["birch", "alder"])

    assert {path.name: path.stat().st_ino for path in serving.iterdir()} == before, "no file replaced, no rest left"


def test_an_unfinished_or_absent_warehouse_says_what_to_do(tmp_path: Path, lake: Path, serving: Path) -> None:
    with pytest.raises(PublishError, match="build the marts first"):
        publish(tmp_path / "none.duckdb", lake, serving, ["alder"])


@pytest.mark.parametrize("tenant", ["../alder", "Alder", "", "a b", "a'b"])
def test_a_tenant_that_is_no_file_name_is_refused(
    write_warehouse: Write, lake: Path, serving: Path, tenant: str
) -> None:
    with pytest.raises(PublishError, match="cannot name"):
        publish(write_warehouse(), lake, serving, [tenant])


def test_a_reader_keeps_the_old_version_and_the_next_reader_sees_the_new(
    write_warehouse: Write, lake: Path, serving: Path
) -> None:
    publish(write_warehouse(), lake, serving, ["alder"])
    path = serving / "alder.duckdb"
    old_inode = path.stat().st_ino
    with duckdb.connect(":memory:") as reader:
        reader.execute(f"attach '{path}' as copy (read_only)")
        count = "select count(*) from copy.marts.fct_claims"
        assert reader.execute(count).fetchone() == (10,)

        publish(write_warehouse(alder=12), lake, serving, ["alder"])

        assert path.stat().st_ino != old_inode
        assert reader.execute(count).fetchone() == (10,), "the open reader is neither blocked nor moved"
        assert ask(path, "select count(*) from marts.fct_claims") == [(12,)]


def test_publishing_waits_for_no_reader_and_does_not_write_the_warehouse(
    write_warehouse: Write, lake: Path, serving: Path
) -> None:
    warehouse = write_warehouse()
    before = (warehouse.stat().st_mtime_ns, warehouse.stat().st_size)
    report: PublishReport = publish(warehouse, lake, serving, ["alder"])

    assert (warehouse.stat().st_mtime_ns, warehouse.stat().st_size) == before
    assert [path.name for path in warehouse.parent.iterdir()] == ["claimworks.duckdb"]
    assert report.published[0].byte_count == (serving / "alder.duckdb").stat().st_size
    assert not [path for path in serving.iterdir() if path.name.endswith((".wal", ".part"))]
    assert os.access(serving / "alder.duckdb", os.R_OK)
