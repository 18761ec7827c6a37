"""Sensors: what reacts to files, and what lets assets follow what they are built from.

Belongs here: watching landing, the automation sensor. Does not belong here: registering files (`raw`), schedules.
"""

import os
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg

from orchestration.lib.jobs import LAND
from orchestration.lib.partitions import partition_key, range_tags
from orchestration.settings import get_settings

_STATUS = dg.DefaultSensorStatus.RUNNING if get_settings().automation_runs else dg.DefaultSensorStatus.STOPPED

# A folder that changed less than so many seconds ago may still be written to.
SETTLE_SECONDS = 2.0
# With more partitions than this a tick asks for one run over their range instead of one run each.
SINGLE_RUNS = 10


@dataclass(frozen=True)
class Arrivals:
    """Partitions (tenant, day) with the time of their folder's last change, and the cursor for the next look."""

    changed: dict[tuple[str, date], int]
    cursor: int


def look(landing: Path, cursor: int, now_ns: int) -> Arrivals:
    """Day folders of `landing` that changed after `cursor` (ns) and have been quiet since.

    A file put into a folder, or renamed in, changes the folder's time; so one stat per day and feed is enough, however
    many files there are. The cursor never passes the newest folder looked at, so what changes later is seen later.
    """
    edge = now_ns - int(SETTLE_SECONDS * 1e9)
    changed: dict[tuple[str, date], int] = {}
    newest = cursor
    for feed in sorted(landing.glob("*/*")):
        if not feed.is_dir():
            continue
        with os.scandir(feed) as days:
            for entry in days:
                modified = entry.stat().st_mtime_ns
                if not cursor < modified <= edge:
                    continue
                try:
                    day = date.fromisoformat(entry.name)
                except ValueError:
                    continue
                pair = (feed.parent.name, day)
                changed[pair] = max(modified, changed.get(pair, 0))
                newest = max(newest, modified)
    return Arrivals(changed, newest)


@dg.sensor(
    name="landing",
    job_name=LAND,
    minimum_interval_seconds=30,
    default_status=_STATUS,
    description="Enters new files of landing into the ledger; bronze and what is built on it follow by automation.",
)
def landing(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """One run per day and tenant with new files, or one run over the range when there are many."""
    settings = get_settings()
    arrivals = look(settings.landing, int(context.cursor or 0), time.time_ns())
    known = {
        pair: modified
        for pair, modified in arrivals.changed.items()
        if pair[0] in settings.tenants and pair[1] >= settings.first_day
    }
    if not known:
        context.update_cursor(str(arrivals.cursor))
        return dg.SkipReason("no new files in landing")
    if len(known) > SINGLE_RUNS:
        days = [day for _, day in known]
        requests = [dg.RunRequest(run_key=f"landing:{arrivals.cursor}", tags=range_tags(min(days), max(days)))]
    else:
        requests = [
            dg.RunRequest(run_key=f"landing:{tenant}:{day}:{modified}", partition_key=partition_key(tenant, day))
            for (tenant, day), modified in sorted(known.items())
        ]
    return dg.SensorResult(run_requests=requests, cursor=str(arrivals.cursor))


automation = dg.AutomationConditionSensorDefinition(
    name="automation",
    target=dg.AssetSelection.all(),
    default_status=_STATUS,
    minimum_interval_seconds=30,
    description="Materialises assets when what they are built from changed and no blocking check failed.",
)
