"""The landing sensor: each new file once, none twice, none while it is still written."""

import os
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from orchestration.defs.sensors import SINGLE_RUNS, landing, look
from orchestration.lib.partitions import RANGE_END, RANGE_START
from orchestration.settings import get_settings

SECOND = 1_000_000_000


def put(root: Path, tenant: str, day: str, name: str, at: int, feed: str = "837") -> None:
    folder = root / tenant / feed / day
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"x")
    os.utime(folder, ns=(at, at))


def test_a_new_file_is_seen_once(tmp_path: Path) -> None:
    put(tmp_path, "alder", "2025-03-14", "a.837", 100 * SECOND)
    first = look(tmp_path, 0, 200 * SECOND)
    assert first.changed == {("alder", date(2025, 3, 14)): 100 * SECOND}
    assert look(tmp_path, first.cursor, 300 * SECOND).changed == {}


def test_a_second_file_of_the_same_day_is_seen_again(tmp_path: Path) -> None:
    put(tmp_path, "alder", "2025-03-14", "a.837", 100 * SECOND)
    cursor = look(tmp_path, 0, 200 * SECOND).cursor
    put(tmp_path, "alder", "2025-03-14", "b.837", 250 * SECOND)
    assert list(look(tmp_path, cursor, 300 * SECOND).changed) == [("alder", date(2025, 3, 14))]


def test_a_folder_that_is_still_written_waits_for_the_next_look(tmp_path: Path) -> None:
    put(tmp_path, "alder", "2025-03-14", "a.837", 100 * SECOND)
    put(tmp_path, "birch", "2025-03-14", "b.837", 199 * SECOND)
    first = look(tmp_path, 0, 200 * SECOND)
    assert list(first.changed) == [("alder", date(2025, 3, 14))]
    assert list(look(tmp_path, first.cursor, 300 * SECOND).changed) == [("birch", date(2025, 3, 14))]


def test_what_is_no_day_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "alder", "tmp", "a.837", 100 * SECOND)
    assert look(tmp_path, 0, 200 * SECOND).changed == {}


def test_no_landing_at_all(tmp_path: Path) -> None:
    assert look(tmp_path / "none", 7, 200 * SECOND).cursor == 7


@pytest.fixture
def at_landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLAIMWORKS_HOME", str(tmp_path))
    get_settings.cache_clear()
    yield tmp_path / "landing"
    get_settings.cache_clear()


def tick(cursor: str | None) -> tuple[dg.SensorResult | dg.SkipReason, str | None]:
    with dg.build_sensor_context(cursor=cursor) as context:
        result = landing(context)
        return result, getattr(result, "cursor", None) or context.cursor


def test_one_run_per_day_and_tenant(at_landing: Path) -> None:
    put(at_landing, "alder", "2025-03-14", "a.837", 100 * SECOND)
    put(at_landing, "alder", "2025-03-14", "a.835", 101 * SECOND, feed="835")
    put(at_landing, "birch", "2025-03-15", "b.837", 102 * SECOND)
    result, cursor = tick(None)
    assert [r.partition_key for r in result.run_requests] == ["2025-03-14|alder", "2025-03-15|birch"]
    assert len({r.run_key for r in result.run_requests}) == 2
    skipped, after = tick(cursor)
    assert isinstance(skipped, dg.SkipReason)
    assert after == cursor


def test_many_days_are_one_run_over_their_range(at_landing: Path) -> None:
    for day in range(1, SINGLE_RUNS + 3):
        put(at_landing, "cedar", f"2025-03-{day:02}", "c.837", day * SECOND)
    result, _ = tick(None)
    [request] = result.run_requests
    assert request.tags[RANGE_START] == "2025-03-01|alder"
    assert request.tags[RANGE_END] == f"2025-03-{SINGLE_RUNS + 2}|cedar"


def test_an_unknown_tenant_asks_for_nothing(at_landing: Path) -> None:
    put(at_landing, "nobody", "2025-03-14", "a.837", 100 * SECOND)
    result, _ = tick(None)
    assert isinstance(result, dg.SkipReason)
