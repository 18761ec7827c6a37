"""Publishing: what a tenant's file holds, what stops a publication, and what readers notice of a swap."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from claims.warehouse import PublishError, PublishReport, publish
from claims.warehouse.publishing import WITHHELD_MARTS

MARTS = Path(__file__).resolve().parents[3] / "dbt_project" / "models" / "marts"
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


READER = """
import sys
import duckdb

with duckdb.connect(":memory:") as connection:
    connection.execute(f"attach '{sys.argv[1]}' as copy (read_only)")
    for line in sys.stdin:
        row = connection.execute(
            "select count(*), sum(charge_amount)::varchar, (select published_at::varchar from copy.serving.published)"
            " from copy.marts.fct_claims"
        ).fetchone()
        print(*row, sep="|", flush=True)
"""


class Reader:
    """Another process that has a published file open, and asks it when told to."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", READER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.first = self.ask()

    def ask(self) -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def open_inodes(self) -> set[int]:
        """The inodes of the files that the process holds open."""
        found = set()
        for link in Path(f"/proc/{self._process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                found.add(link.stat().st_ino)
        return found

    def close(self) -> None:
        self._process.communicate(timeout=30)


def test_a_reader_in_another_process_keeps_its_version_across_two_publications_and_blocks_neither(
    write_warehouse: Write, lake: Path, serving: Path
) -> None:
    path = serving / "alder.duckdb"
    publish(write_warehouse(), lake, serving, ["alder"])
    inode = path.stat().st_ino
    old = Reader(path)
    assert old.first.startswith("10|")

    publish(write_warehouse(alder=20), lake, serving, ["alder"])
    middle = Reader(path)
    publish(write_warehouse(alder=30), lake, serving, ["alder"])
    new = Reader(path)

    assert [reader.first.split("|")[0] for reader in (old, middle, new)] == ["10", "20", "30"]
    # The same rows, sums and moment of publication as before both swaps, read again from the file itself.
    assert old.ask() == old.first
    assert middle.ask() == middle.first
    if Path("/proc").is_dir():
        assert inode in old.open_inodes(), "the first version is kept while someone reads it"
    assert [entry.name for entry in serving.iterdir()] == ["alder.duckdb"], "under its name stands the newest alone"
    for reader in (old, middle, new):
        reader.close()


def test_readers_go_on_while_versions_are_swapped_under_them(write_warehouse: Write, lake: Path, serving: Path) -> None:
    """New readers open the file all the time; each finds one whole version, none an error or a mixture."""
    publish(write_warehouse(), lake, serving, ["alder"])
    path, stop, seen = serving / "alder.duckdb", threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            counted = "(select count(*) from marts.fct_claims)"
            seen.append(ask(path, f"select {counted}, row_counts['marts.fct_claims'] from serving.published")[0])

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for count in (11, 12, 13, 14):
            publish(write_warehouse(alder=count), lake, serving, ["alder"])
    finally:
        stop.set()
        reader.join()
    assert seen
    assert all(counted == said for counted, said in seen), "what a version says of itself is what it holds"
    assert [counted for counted, _ in seen] == sorted(counted for counted, _ in seen)


def test_nothing_of_another_tenant_stands_in_the_bytes_of_a_file(
    write_warehouse: Write, lake: Path, serving: Path
) -> None:
    """Not only in no row: not in a dictionary, a statistic or a page that was freed either."""
    mine, others = b"5f" * 16, b"c3" * 16
    key = "alter table marts.fct_claims add column patient_key varchar; update marts.fct_claims set patient_key ="
    key += f" case tenant_id when 'alder' then '{mine.decode()}' else '{others.decode()}' end;"
    write_scores(lake, [("alder", "a-1", "1", date(2026, 3, 1)), ("birch", "secret-of-birch", "1", date(2026, 3, 1))])
    publish(write_warehouse(extra=key), lake, serving, ["alder", "birch"])

    alder, birch = ((serving / f"{tenant}.duckdb").read_bytes() for tenant in ("alder", "birch"))
    assert mine in alder, "the search finds what is there"
    assert others in birch
    for foreign in (others, b"birch", b"b-1", b"secret-of-birch", str(serving.parent).encode()):
        assert foreign not in alder
    for foreign in (mine, b"alder"):
        assert foreign not in birch


def test_what_a_single_patient_is_like_is_not_published(write_warehouse: Write, lake: Path, serving: Path) -> None:
    patients = "create table marts.dim_patient as select 'alder' as tenant_id, 'k' as patient_key, '303' as zip3;"
    report = publish(write_warehouse(extra=patients), lake, serving, ["alder"])
    assert "marts.dim_patient" not in report.published[0].row_counts
    assert ask(serving / "alder.duckdb", "select 1 from duckdb_tables() where table_name = 'dim_patient'") == []


def test_every_mart_that_describes_patients_is_withheld() -> None:
    """By the tags of dbt's contracts: an identifier, or any part of a limited data set other than a date."""
    tagged = set()
    for path in MARTS.glob("*__models.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            for column in model.get("columns", []):
                tags = column["config"]["meta"]
                if tags["contains_phi"] or tags.get("limited_data_set", "date") != "date":
                    tagged.add(model["name"])
    assert tagged == set(WITHHELD_MARTS)


def test_only_marts_scores_and_the_facts_of_the_publication_are_in_a_file(
    write_warehouse: Write, lake: Path, serving: Path
) -> None:
    between = "create schema intermediate; create table intermediate.int_x as select 'alder' as tenant_id;"
    between += "create schema staging; create view staging.stg_x as select 'alder' as tenant_id;"
    between += "create schema features; create table features.ftr_x as select 'alder' as tenant_id;"
    publish(write_warehouse(extra=between), lake, serving, ["alder"])
    schemas = ask(
        serving / "alder.duckdb",
        "select distinct schema_name from duckdb_tables() where database_name = 'copy'"
        " union select distinct schema_name from duckdb_views() where database_name = 'copy' and not internal",
    )
    assert set(schemas) <= {("marts",), ("gold",), ("serving",)}


def test_what_a_killed_publication_left_half_made_is_removed(write_warehouse: Write, lake: Path, serving: Path) -> None:
    serving.mkdir()
    (serving / ".alder.0123.part").write_bytes(b"half")
    publish(write_warehouse(), lake, serving, ["alder"])
    assert [entry.name for entry in serving.iterdir()] == ["alder.duckdb"]
