"""Running a job of the code location in this process, on the persisted instance, with progress.

Belongs here: what `claimworks demo` and `claimworks ingest` share. Does not belong here: which job (the commands),
what a job does (`orchestration/defs`).
"""

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from typing import TYPE_CHECKING
from uuid import uuid4

import dagster as dg

from claims.store import open_store
from claims.store.models import FileState
from orchestration.exits import CommandError
from orchestration.lib.jobs import LAND
from orchestration.lib.partitions import range_tags
from orchestration.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterEvent, EventLogEntry

# Dagster's own log goes to the event log, where the UI shows it; a terminal gets the progress below instead.
# dagster-dbt announces its command line, and the engine each step that another's failure holds back.
_NOISE = ("A dbt subsetted", "Running dbt command", "Finished dbt command", "Copying `", "Dependencies for step")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class RunReport:
    """What a run did: its id, seconds, steps by name with their seconds, failures and failed checks in words."""

    run_id: str
    success: bool
    seconds: float
    steps: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    failed_checks: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def keys_without_groups(job: str, left_out: Set[str]) -> list[dg.AssetKey]:
    """The asset keys of a job but for those of some groups."""
    graph = definitions().resolve_job_def(job).asset_layer.asset_graph
    return [key for key in graph.materializable_asset_keys if graph.get(key).group_name not in left_out]


@dataclass(frozen=True)
class Landing:
    """What lies in landing, by what the ledger says of it: new since the last look, known, duplicates."""

    new: int
    known: int
    duplicates: int


@cache
def definitions() -> dg.Definitions:
    """The code location, loaded once per process (about 3 s)."""
    from orchestration.definitions import defs

    return defs()


def land_new_files(instance: dg.DagsterInstance, settings: Settings, *, progress: Callable[[str], None]) -> Landing:
    """Run the landing job over the days with files that the ledger does not have; no run when there are none."""
    with open_store(settings.store_url) as store:
        landed = store.ledger.scan_all(settings.landing)
        known = {(f.tenant_id, f.path, f.sha256) for tenant in settings.tenants for f in store.ledger.history(tenant)}
        before = store.ledger.states()
    new = [f for f in landed if (f.tenant_id, f.path, f.sha256) not in known and f.tenant_id in settings.tenants]
    early = [f for f in new if f.received_date < settings.first_day]
    if early:
        raise CommandError(
            f"{len(early)} files in landing were received before {settings.first_day}",
            fix="set CLAIMWORKS_FIRST_DAY to the first day of your files",
        )
    if new:
        days = [f.received_date for f in new]
        report = run_job(instance, LAND, tags=range_tags(min(days), max(days)), progress=progress)
        if not report.success:
            raise CommandError("landing failed: " + "; ".join(report.failures))
    with open_store(settings.store_url) as store:
        after = store.ledger.states()
    repeated = after.get(FileState.DUPLICATE, 0) - before.get(FileState.DUPLICATE, 0)
    return Landing(len(new) - repeated, len(landed) - len(new), repeated)


def run_job(
    instance: dg.DagsterInstance,
    name: str,
    *,
    tags: Mapping[str, str] | None = None,
    selection: Sequence[dg.AssetKey] | None = None,
    progress: Callable[[str], None],
) -> RunReport:
    """Run job `name` in this process and say, through `progress`, which step begins and ends.

    Raises nothing for a failed step: the report says so.
    """
    job = definitions().resolve_job_def(name)
    run_id = str(uuid4())
    report = RunReport(run_id, success=False, seconds=0.0)
    instance.add_event_listener(run_id, _listener(report, progress))
    start = time.monotonic()
    # Stdout belongs to the command's own data: dbt and MLflow talk to the event log and to stderr.
    with redirect_stdout(StringIO()):
        result = job.execute_in_process(
            run_config=_QUIET,
            instance=instance,
            run_id=run_id,
            tags=dict(tags or {}),
            asset_selection=list(selection) if selection is not None else None,
            raise_on_error=False,
        )
    report.seconds = time.monotonic() - start
    report.success = result.success
    return report


def _listener(report: RunReport, progress: Callable[[str], None]) -> "Callable[[EventLogEntry], None]":
    started: dict[str, float] = {}

    def listen(entry: "EventLogEntry") -> None:
        event = entry.dagster_event
        if event is None:
            # What a step says for itself, for example the batches of an ingest.
            if entry.step_key and int(entry.level) >= logging.INFO and not entry.user_message.startswith(_NOISE):
                progress(f"  {entry.user_message}")
            return
        step = event.step_key or ""
        if event.is_step_start:
            started[step] = time.monotonic()
            progress(f"{step} ...")
        elif event.is_step_success:
            report.steps[step] = time.monotonic() - started.get(step, time.monotonic())
            progress(f"{step} done in {report.steps[step]:.1f} s")
        elif event.is_step_failure:
            report.failures.append(f"{step}: {_reason(event)}")
            progress(f"{step} failed")
        elif event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            _note_check(report, event)

    return listen


def _reason(event: "DagsterEvent") -> str:
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return _ANSI.sub("", str(data.user_failure_data.description)).strip()
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return (error.message if error else "no reason given").strip().splitlines()[0]


def _note_check(report: RunReport, event: "DagsterEvent") -> None:
    check = event.asset_check_evaluation_data
    if check.passed:
        return
    words = f"{check.asset_key.to_user_string()}: {check.check_name}: {check.description or 'failed'}"
    is_error = check.severity is dg.AssetCheckSeverity.ERROR
    (report.failed_checks if is_error else report.warnings).append(words)
