"""Jobs: the selections that schedules, sensors, commands and people launch.

Belongs here: selections. Does not belong here: when they run (`schedules`, `sensors`). Names: `orchestration.lib.jobs`.
A landing job is apart because its asset alone is partitioned.
"""

import dagster as dg

from orchestration.lib.jobs import DAILY, LAND, MAIN, RETRAIN

_RAW = dg.AssetSelection.assets(["raw", "files"])
_MODELS = dg.AssetSelection.groups("model")
_EVERYTHING_BUILT = dg.AssetSelection.all() - _RAW

land = dg.define_asset_job(LAND, _RAW, description="Enter the landed files of a range of days into the ledger.")
main = dg.define_asset_job(
    MAIN,
    _EVERYTHING_BUILT,
    description="Everything from pending files to published copies, with a newly trained denial model.",
    executor_def=dg.in_process_executor,
)
daily = dg.define_asset_job(
    DAILY,
    _EVERYTHING_BUILT - _MODELS,
    description="Everything from pending files to published copies; the champion scores.",
    executor_def=dg.in_process_executor,
)
retrain = dg.define_asset_job(
    RETRAIN,
    _MODELS | dg.AssetSelection.groups("gold", "serving"),
    description="Train the denial model, make it champion, score and publish.",
    executor_def=dg.in_process_executor,
)
