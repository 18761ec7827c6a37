"""When an asset materialises by itself.

Belongs here: the automation conditions and freshness policies that assets share. Does not belong here: schedules and
sensors, which are definitions (`orchestration/defs`).
"""

from datetime import timedelta

import dagster as dg

# `eager` alone runs downstream although a blocking check failed in an earlier run: the second half must stay.
WHEN_DEPS_CHANGE = (
    dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()
).with_label("eager_unless_blocked")

# For an unpartitioned asset on daily partitions: a day on which nothing was received is never materialised, and must
# not hold the asset back as a missing dependency.
WHEN_FILES_ARRIVE = (
    dg.AutomationCondition.eager().without(~dg.AutomationCondition.any_deps_missing())
    & dg.AutomationCondition.all_deps_blocking_checks_passed()
).with_label("files_arrived_unless_blocked")

# Daily data that is more than a day and a half old is late.
DAILY = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36), warn_window=timedelta(hours=26))

# A denial model older than this has missed a retraining.
MONTHLY = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=45), warn_window=timedelta(days=35))

OWNERS = ["team:data-engineering"]
ML_OWNERS = ["team:machine-learning"]
