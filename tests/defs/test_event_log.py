"""Our event log stores what the stock one stores, and a batch costs a fraction."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import text

from orchestration.lib.event_log import BatchingSqliteEventLogStorage
from orchestration.lib.instance import prepare_instance
from orchestration.settings import Settings

DAYS = dg.DailyPartitionsDefinition("2025-01-01", end_date="2025-02-01")


@dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def numbers(context: dg.AssetExecutionContext) -> None:
    """A partitioned asset."""
    context.add_asset_metadata({"rows": 3})


def materialise(instance: dg.DagsterInstance) -> None:
    job = dg.Definitions(assets=[numbers], jobs=[dg.define_asset_job("all", [numbers])]).resolve_job_def("all")
    tags = {"dagster/asset_partition_range_start": "2025-01-01", "dagster/asset_partition_range_end": "2025-01-31"}
    assert job.execute_in_process(instance=instance, tags=tags).success


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    for name in ("DAGSTER_HOME", "DAGSTER_EVENT_BATCH_SIZE", "CLAIMWORKS_HOME", "CLAIMWORKS_LAKE"):
        monkeypatch.setenv(name, "")
    for name in ("CLAIMWORKS_WAREHOUSE_PATH", "CLAIMWORKS_DBT_TARGET", "DBT_SEND_ANONYMOUS_USAGE_STATS"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
    prepare_instance(Settings(home=tmp_path))
    with dg.DagsterInstance.get() as instance:
        yield instance


def test_the_instance_uses_it(ours: dg.DagsterInstance) -> None:
    assert isinstance(ours.event_log_storage, BatchingSqliteEventLogStorage)
    assert not ours.telemetry_enabled


def test_same_events_same_index_same_answers(ours: dg.DagsterInstance, tmp_path: Path) -> None:
    (tmp_path / "stock").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "stock")) as stock:
        materialise(ours)
        materialise(stock)
        key = dg.AssetKey("numbers")
        for one in (ours, stock):
            assert one.get_materialized_partitions(key) == set(DAYS.get_partition_keys())
            event = one.get_latest_materialization_event(key)
            assert event is not None
            assert event.asset_materialization.metadata["rows"].value == 3
            assert event.dagster_event.partition == "2025-01-31"
        assert rows(ours) == rows(stock)


def rows(instance: dg.DagsterInstance) -> list[tuple]:
    query = text(
        "select dagster_event_type, asset_key, partition, count(*) from event_logs"
        " where asset_key is not null group by 1, 2, 3 order by 1, 2, 3"
    )
    with instance.event_log_storage.index_connection() as connection:
        return [tuple(row) for row in connection.execute(query)]
