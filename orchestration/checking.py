"""What the checks of a run come to: blocking results for Dagster, data docs for people, a history that lasts.

Belongs here: holding tables against their suites and recording what came of it, for every asset check that does. Does
not belong here: expectations (`quality.suites`), which assets are checked (`orchestration.defs`), Dagster.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.settings import Settings

if TYPE_CHECKING:
    from claims.store.checks import CheckResult, CheckRun
    from quality.suites import SuiteResult


@dataclass(frozen=True)
class Kept:
    """Results that are in the history, and where their pages stand."""

    results: tuple["SuiteResult", ...]
    data_docs: Path


def data_docs(settings: Settings) -> Path:
    """The folder of the data docs."""
    return settings.reports / "data-docs"


def keep(settings: Settings, run_id: str, results: Sequence["SuiteResult"]) -> Kept:
    """Write the pages of the results and add them to the history."""
    from quality.suites import write_data_docs

    index = write_data_docs(data_docs(settings), results)
    record(settings, run_id, (row for result in results for row in _rows(result)))
    return Kept(tuple(results), index)


def standing_failures(settings: Settings) -> list["CheckRun"]:
    """Blocking checks whose newest result, of this or of any earlier run, is a failure.

    Only checks that are still held: a test that was renamed, taken away or made a warning is judged no more, and
    neither is an expectation that the newest run of its table did not hold.
    """
    from claims.store import open_store
    from claims.store.checks import Source

    with open_store(settings.store_url) as store:
        failed = store.checks.standing()
        if not failed:
            return []
        newest = {
            (run.layer, run.table): store.checks.of_table(None, run.layer, run.table, run.at)
            for run in failed
            if run.source is Source.EXPECTATION
        }
    tests = _blocking_tests() if any(run.source is Source.DBT for run in failed) else frozenset[str]()
    return [
        run
        for run in failed
        if (run.source is Source.DBT and run.check in tests)
        or (run.source is Source.EXPECTATION and _is_held(run, newest[run.layer, run.table]))
    ]


def _is_held(run: "CheckRun", of_table: Sequence["CheckRun"]) -> bool:
    """Whether the newest run of a table's suite still had the check."""
    suite = [one for one in of_table if one.source is run.source]
    return any(one.check == run.check for one in suite if one.run_id == suite[0].run_id)


def _blocking_tests() -> frozenset[str]:
    """Names of the dbt tests of severity error, as the manifest of the code location has them."""
    from orchestration.lib.dbt_translator import dbt_project

    nodes = json.loads(dbt_project().manifest_path.read_bytes())["nodes"].values()
    return frozenset(
        node["name"][:256]
        for node in nodes
        if node["resource_type"] == "test" and node["config"]["severity"].lower() == "error"
    )


def record(settings: Settings, run_id: str, rows: Iterable["CheckResult"]) -> None:
    """Add results to the history."""
    from claims.store import open_store

    with open_store(settings.store_url) as store:
        store.checks.record(run_id, rows)


def _rows(result: "SuiteResult") -> Iterator["CheckResult"]:
    from claims.store.checks import CheckResult, Outcome, Source

    failures = {failure.check: failure for failure in result.failures}
    judged = {check.name for check in result.judged}
    for check in result.suite:
        outcome, count, by_tenant = Outcome.PASSED, None, None
        if failure := failures.get(check.name):
            outcome, count, by_tenant = Outcome.FAILED, failure.unexpected_count, failure.by_tenant
        elif check.name not in judged and result.failures:
            outcome = Outcome.SKIPPED
        yield CheckResult(
            Source.EXPECTATION,
            result.layer,
            result.table,
            check.name,
            check.severity.value,
            outcome,
            count,
            by_tenant,
        )
