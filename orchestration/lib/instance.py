"""The embedded Dagster instance under `home/dagster`: its configuration file, and opening it.

Belongs here: what `dagster.yaml` says, and the environment that Dagster processes of ours run in. Does not belong
here: definitions, running jobs. In production the deployment brings a `dagster.yaml` of its own.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestration.settings import Environment, Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

# Asset events are written in batches of this size (orchestration/lib/event_log.py).
EVENT_BATCH_SIZE = 1000

_DAGSTER_YAML = """\
# Written by Claimworks; a change here is overwritten. docs/decisions/0003-partitions.md says why the event log is ours.
event_log_storage:
  module: orchestration.lib.event_log
  class: BatchingSqliteEventLogStorage
  config:
    base_dir: {base_dir}
run_coordinator:
  module: dagster._core.run_coordinator
  class: QueuedRunCoordinator
concurrency:
  pools:
    granularity: op
    default_limit: 1
  runs:
    max_concurrent_runs: 2
# Assets that fail for a passing reason retry themselves (orchestration/lib/failures.py); a failed run is not run again
# unless its process died.
run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false
freshness:
  enabled: true
telemetry:
  enabled: false
"""


def prepare_instance(settings: Settings) -> None:
    """Write `dagster.yaml` where it is missing or differs, and set the environment of Dagster processes. Idempotent.

    In production the file is the deployment's, mounted read-only, and is left alone.
    """
    if settings.env is not Environment.PRODUCTION:
        settings.dagster_home.mkdir(parents=True, exist_ok=True)
        path = settings.dagster_home / "dagster.yaml"
        text = _DAGSTER_YAML.format(base_dir=settings.dagster_home / "history" / "runs")
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ["DAGSTER_EVENT_BATCH_SIZE"] = str(EVENT_BATCH_SIZE)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    os.environ["CLAIMWORKS_HOME"] = str(settings.home)
    os.environ.update(settings.dbt_env())


@contextmanager
def open_instance(settings: Settings) -> Iterator["DagsterInstance"]:
    """The persisted instance of `settings.home`, the one that `make dev` shows."""
    import dagster as dg

    prepare_instance(settings)
    with dg.DagsterInstance.get() as instance:
        yield instance
