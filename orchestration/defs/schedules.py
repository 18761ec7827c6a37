"""Schedules: what runs at an hour of the day, whether or not files came.

Belongs here: cron lines. Does not belong here: what runs (`jobs`), what reacts to files (`sensors`). Times are UTC.
"""

from datetime import timedelta

import dagster as dg

from orchestration.lib.jobs import DAILY, LAND, RETRAIN
from orchestration.lib.partitions import range_tags
from orchestration.settings import get_settings

_STATUS = dg.DefaultScheduleStatus.RUNNING if get_settings().automation_runs else dg.DefaultScheduleStatus.STOPPED

# A file that came while nothing watched is found by the next morning for so many days.
LOOK_BACK_DAYS = 7


@dg.schedule(
    name="land_daily",
    job_name=LAND,
    cron_schedule="30 4 * * *",
    default_status=_STATUS,
    description="Enter what landed in the last week and the sensor did not see.",
)
def land_daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """One run over the last days of every tenant."""
    today = context.scheduled_execution_time.date()
    first = max(today - timedelta(days=LOOK_BACK_DAYS), get_settings().first_day)
    return dg.RunRequest(run_key=f"land_daily:{today}", tags=range_tags(first, today))


daily = dg.ScheduleDefinition(
    name="daily",
    job_name=DAILY,
    cron_schedule="0 5 * * *",
    default_status=_STATUS,
    description="Bronze to published copies, every morning.",
)

retrain_monthly = dg.ScheduleDefinition(
    name="retrain_monthly",
    job_name=RETRAIN,
    cron_schedule="0 6 1 * *",
    default_status=_STATUS,
    description="A new denial model on the first of the month.",
)
