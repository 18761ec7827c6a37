"""Replace-partition of the lake: what it replaces, what it leaves, and what it refuses."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claims.lake import Lake, LakeSchemaError, PartitionError
from tests.examples import examples

SCHEMA = pa.schema(
    [
        pa.field("tenant_id", pa.string(), nullable=False),
        pa.field("received_date", pa.date32(), nullable=False),
        pa.field("value", pa.int64()),
    ]
)
FIRST = date(2025, 1, 30)
Rows = list[tuple[str, date, int]]

rows = st.lists(
    st.tuples(
        st.sampled_from(["alder", "birch"]),
        st.integers(0, 5).map(lambda n: FIRST + timedelta(days=n)),
        st.integers(0, 9),
    ),
    max_size=12,
)


def table(data: Rows) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, r, strict=True)) for r in data], schema=SCHEMA)


def content(lake: Lake) -> list[tuple[Any, ...]]:
    return sorted(tuple(r.values()) for r in lake.read("bronze", "things").to_pylist())


def snapshot(lake: Lake) -> dict[str, tuple[int, bytes]]:
    files = sorted(lake.root.rglob("*.parquet"))
    return {str(p.relative_to(lake.root)): (p.stat().st_mtime_ns, p.read_bytes()) for p in files}


def partitions(data: Rows) -> set[tuple[str, date]]:
    return {(tenant, day) for tenant, day, _ in data}


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=rows, after=rows)
def test_a_write_replaces_its_partitions_and_no_other(
    before: Rows, after: Rows, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.write("bronze", "things", table(before), partitions(before))
    replaced = partitions(after)
    lake.write("bronze", "things", table(after), replaced)
    expected = [r for r in before if (r[0], r[1]) not in replaced] + after
    assert content(lake) == sorted(expected)
    once = snapshot(lake)
    again = lake.write("bronze", "things", table(after), replaced)
    assert snapshot(lake) == once, "the same partition written twice changes no file"
    assert again.written == again.removed == 0


def test_a_partition_without_rows_ends_empty_and_an_empty_month_has_no_file(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.write("bronze", "things", table([("alder", FIRST, 1)]), {("alder", FIRST)})
    written = lake.write("bronze", "things", table([]), {("alder", FIRST)})
    assert written.removed == 1
    assert content(lake) == []
    assert not lake.month_file("bronze", "things", "alder", FIRST).exists()


def test_the_glob_finds_a_file_before_any_row_is_written(tmp_path: Path) -> None:
    import duckdb

    lake = Lake(tmp_path)
    lake.ensure("bronze", "things", SCHEMA)
    lake.ensure("bronze", "things", SCHEMA)
    with duckdb.connect() as connection:
        count = connection.execute("SELECT count(*) FROM read_parquet(?)", [lake.glob("bronze", "things")]).fetchone()
    assert count == (0,)


def test_a_month_is_one_file_for_each_tenant(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    data: Rows = [("birch", FIRST, 1), ("alder", FIRST + timedelta(days=5), 2), ("alder", FIRST, 3)]
    lake.write("bronze", "things", table(data), partitions(data))
    files = sorted(str(p.relative_to(tmp_path / "bronze/things")) for p in tmp_path.rglob("*/*.parquet"))
    assert files == ["_empty.parquet", "alder/2025-01.parquet", "alder/2025-02.parquet", "birch/2025-01.parquet"]


def test_a_row_outside_the_replaced_partitions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PartitionError, match="does not replace"):
        Lake(tmp_path).write("bronze", "things", table([("alder", FIRST, 1)]), {("birch", FIRST)})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (table([]).drop_columns(["value"]), "missing"),
        (table([]).append_column("extra", pa.array([], pa.string())), "extra"),
        (pa.table({"tenant_id": [None], "received_date": pa.array([FIRST]), "value": [1]}), "required"),
        (pa.table({"tenant_id": ["alder"], "received_date": pa.array([FIRST]), "value": ["JANE"]}), "another type"),
    ],
)
def test_data_of_another_schema_is_refused_without_showing_a_value(
    tmp_path: Path, data: pa.Table, message: str
) -> None:
    lake = Lake(tmp_path)
    lake.ensure("bronze", "things", SCHEMA)
    with pytest.raises(LakeSchemaError, match=message) as caught:
        lake.write("bronze", "things", data, {("alder", FIRST)})
    assert "JANE" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_table_that_exists_with_another_schema_says_what_to_do(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.ensure("bronze", "things", SCHEMA)
    with pytest.raises(LakeSchemaError, match=r"new: other.*--reprocess --all"):
        lake.ensure("bronze", "things", SCHEMA.append(pa.field("other", pa.string())))


def test_a_table_that_nobody_made_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="ingest or materialise it first"):
        Lake(tmp_path).read("bronze", "things")
