"""The exact lists of assets, checks, jobs, schedules and sensors, as files that a review sees change.

A definition that is silently dropped, or a check that no longer blocks, is a line of the difference. After a change
that is meant: `CLAIMWORKS_UPDATE_SNAPSHOTS=1 pytest tests/defs/test_snapshots.py`, and read the difference.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

SNAPSHOTS = Path(__file__).parent / "snapshots"


def _assets(defs: dg.Definitions, graph: Any) -> list[str]:
    lines = []
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        partitioned = " partitioned" if node.partitions_def else ""
        lines.append(f"{key.to_user_string()} group={node.group_name}{partitioned}")
    return lines


def _checks(defs: dg.Definitions, graph: Any) -> list[str]:
    return [
        f"{key.asset_key.to_user_string()} {key.name} {'blocking' if graph.get(key).blocking else 'not-blocking'}"
        for key in graph.asset_check_keys
    ]


def _jobs(defs: dg.Definitions, graph: Any) -> list[str]:
    return [
        f"{job.name} assets={len(job.asset_layer.selected_asset_keys)}"
        for job in defs.resolve_all_job_defs()
        if not job.name.startswith("__")
    ]


def _schedules(defs: dg.Definitions, graph: Any) -> list[str]:
    return [
        f"{schedule.name} job={schedule.job_name} cron={schedule.cron_schedule} status={schedule.default_status.value}"
        for schedule in defs.get_repository_def().schedule_defs
    ]


def _sensors(defs: dg.Definitions, graph: Any) -> list[str]:
    return [
        f"{sensor.name} type={sensor.sensor_type.value} status={sensor.default_status.value}"
        for sensor in defs.get_repository_def().sensor_defs
    ]


@pytest.mark.parametrize(
    ("name", "lines_of"),
    [("assets", _assets), ("checks", _checks), ("jobs", _jobs), ("schedules", _schedules), ("sensors", _sensors)],
)
def test_the_list_is_the_one_that_was_reviewed(
    name: str, lines_of: Callable[[dg.Definitions, Any], list[str]], defs: dg.Definitions, graph: Any
) -> None:
    lines = sorted(lines_of(defs, graph))
    path = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("CLAIMWORKS_UPDATE_SNAPSHOTS"):
        path.write_text("\n".join(lines) + "\n")
    reviewed = path.read_text().splitlines()
    gone, new = sorted(set(reviewed) - set(lines)), sorted(set(lines) - set(reviewed))
    assert (gone, new) == ([], []), f"{name}: gone {gone}, new {new}"
    assert len(lines) == len(reviewed)
