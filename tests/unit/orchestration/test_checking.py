"""What stands failed and holds a publication back, and what a check that could not decide leaves behind."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from claims.store import open_store
from claims.store.checks import CheckResult, Outcome, Source
from orchestration import checking
from orchestration.defs.scores.denial import drift
from orchestration.settings import Settings

MONDAY = datetime(2026, 3, 2, 6, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)


def expectation(check: str, outcome: Outcome) -> CheckResult:
    return CheckResult(Source.EXPECTATION, "bronze", "claims", check, "critical", outcome)


def test_only_checks_that_are_still_held_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path)
    monkeypatch.setattr(checking, "_blocking_tests", lambda: frozenset({"kept"}))
    tests = [CheckResult(Source.DBT, "marts", "t", name, "critical", Outcome.FAILED) for name in ("kept", "renamed")]
    with open_store(settings.store_url) as store:
        assert checking.standing_failures(settings) == []
        store.checks.record("r1", [expectation("old", Outcome.FAILED), expectation("key", Outcome.FAILED)], MONDAY)
        store.checks.record("r1", tests, MONDAY)
        found = [(run.table, run.check) for run in checking.standing_failures(settings)]
        assert found == [("claims", "key"), ("claims", "old"), ("t", "kept")]
        # The next run of the suite has no "old" any more, and could not come as far as "key".
        store.checks.record("r2", [expectation("shape", Outcome.PASSED), expectation("key", Outcome.SKIPPED)], TUESDAY)
        found = [(run.table, run.check) for run in checking.standing_failures(settings)]
        assert found == [("claims", "key"), ("t", "kept")]


def test_the_blocking_tests_are_those_of_the_manifest() -> None:
    names = checking._blocking_tests()
    assert "payments_are_all_accounted_for" in names
    assert not [name for name in names if name.startswith("feed_is_fresh_")], "a warning"


@dataclass(frozen=True)
class _Features:
    """A warehouse with features of so many claims of one day."""

    rows: int

    def read(self, schema: str, table: str) -> pa.Table:
        from ml.denial import FEATURES

        names = [feature.name for feature in FEATURES]
        day = [date(2026, 1, 1)] * self.rows
        return pa.table({"submitted_date": pa.array(day, pa.date32()), **{n: pa.nulls(self.rows) for n in names}})


@pytest.mark.parametrize("rows", [0, 3])
def test_a_drift_that_cannot_be_judged_is_recorded_as_such(
    rows: int, tmp_path: Path, at_home: Callable[[Path], AbstractContextManager[Settings]]
) -> None:
    with at_home(tmp_path) as settings:
        context = SimpleNamespace(run=SimpleNamespace(run_id="r1"))
        result = drift.op.compute_fn.decorated_fn(context, _Features(rows))
        assert result.passed
        assert result.description.startswith("not judged: ")
        with open_store(settings.store_url) as store:
            [run] = store.checks.of_table(None, "gold", "denial_scores", MONDAY)
    assert (run.source, run.check, run.outcome) == (Source.DRIFT, "drift", Outcome.SKIPPED)
