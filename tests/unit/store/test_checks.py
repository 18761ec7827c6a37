"""The history of checks: each run once, and to each tenant what is his and nothing of another's."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from claims.store import Store, open_store
from claims.store.checks import KEPT, CheckResult, Outcome, Source

MONDAY = datetime(2026, 3, 2, 6, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)
LONG_AGO = MONDAY - timedelta(days=400)

KEY = CheckResult(Source.EXPECTATION, "bronze", "claims", "key: unique", "critical", Outcome.PASSED)
CODE = CheckResult(Source.EXPECTATION, "bronze", "claims", "frequency_code: known value", "warning", Outcome.PASSED)
MONEY = CheckResult(Source.DBT, "marts", "fct_claims", "paid_amount_adds_up", "critical", Outcome.PASSED)


def failed(of: CheckResult, count: int, by_tenant: dict[str, int] | None = None) -> CheckResult:
    return CheckResult(of.source, of.layer, of.table, of.check, of.severity, Outcome.FAILED, count, by_tenant)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/operational.db") as opened:
        yield opened


def told(store: Store, tenant: str | None) -> dict[str, tuple[str, int | None]]:
    """What the last run's checks are to a tenant: outcome and count by check."""
    rows = [
        row for table in (("bronze", "claims"), ("marts", "fct_claims"))
        for row in store.checks.of_table(tenant, *table, LONG_AGO)
    ]  # fmt: skip
    newest = max(row.at for row in rows)
    return {row.check: (row.outcome.value, row.unexpected_count) for row in rows if row.at == newest}


def test_a_failure_is_told_to_the_tenants_whose_rows_it_is_of(store: Store) -> None:
    store.checks.record("r1", [failed(KEY, 5, {"alder": 5}), failed(CODE, 9, {"alder": 2, "birch": 7}), MONEY], MONDAY)

    assert told(store, None) == {
        KEY.check: ("failed", 5), CODE.check: ("failed", 9), MONEY.check: ("passed", None),
    }  # fmt: skip
    assert told(store, "alder")[KEY.check] == ("failed", 5)
    assert told(store, "alder")[CODE.check] == ("failed", 2)
    assert told(store, "birch")[KEY.check] == ("passed", None), "of a failure of others nothing is told"
    assert told(store, "birch")[CODE.check] == ("failed", 7)
    assert told(store, "cedar") == dict.fromkeys(told(store, "cedar"), ("passed", None))


def test_a_failure_of_unknown_origin_is_told_to_everyone_without_a_count(store: Store) -> None:
    store.checks.record("r1", [failed(MONEY, 17), KEY], MONDAY)

    assert told(store, None)[MONEY.check] == ("failed", 17)
    assert told(store, "alder")[MONEY.check] == told(store, "birch")[MONEY.check] == ("failed", None)


def test_what_is_told_to_a_tenant_holds_no_count_of_others(store: Store) -> None:
    store.checks.record("r1", [failed(KEY, 98765, {"alder": 98765}), failed(MONEY, 43210)], MONDAY)
    everything = repr(
        [
            store.checks.tables("birch", LONG_AGO),
            store.checks.failures("birch", LONG_AGO),
            store.checks.of_table("birch", "bronze", "claims", LONG_AGO),
        ]
    )
    for secret in ("98765", "43210", "alder"):
        assert secret not in everything
    assert "98765" in repr(store.checks.failures("alder", LONG_AGO)), "the search finds what is there"


def test_tables_are_counted_by_run_and_severity(store: Store) -> None:
    store.checks.record("r1", [KEY, CODE, MONEY], MONDAY)
    skipped = CheckResult(Source.DBT, "marts", "fct_claims", MONEY.check, "critical", Outcome.SKIPPED)
    store.checks.record("r2", [failed(KEY, 1, {"alder": 1}), failed(CODE, 1, {"birch": 1}), skipped], TUESDAY)

    def counts(tenant: str | None) -> list[tuple]:
        return [
            (t.at, t.table, t.check_count, t.critical_count, t.warning_count, t.skipped_count)
            for t in store.checks.tables(tenant, LONG_AGO)
        ]

    assert counts(None) == [
        (TUESDAY, "claims", 2, 1, 1, 0), (TUESDAY, "fct_claims", 1, 0, 0, 1),
        (MONDAY, "claims", 2, 0, 0, 0), (MONDAY, "fct_claims", 1, 0, 0, 0),
    ]  # fmt: skip
    assert counts("alder")[0] == (TUESDAY, "claims", 2, 1, 0, 0)
    assert counts("birch")[0] == (TUESDAY, "claims", 2, 0, 1, 0)
    assert [t.run_id for t in store.checks.tables(None, TUESDAY)] == ["r2", "r2"]


def test_failures_come_newest_first_and_no_more_than_asked_for(store: Store) -> None:
    store.checks.record("r1", [failed(KEY, 1, {"alder": 1})], MONDAY)
    store.checks.record("r2", [failed(KEY, 2, {"alder": 2}), failed(CODE, 3, {"alder": 3})], TUESDAY)

    assert [(f.run_id, f.check, f.unexpected_count) for f in store.checks.failures("alder", LONG_AGO)] == [
        ("r2", CODE.check, 3), ("r2", KEY.check, 2), ("r1", KEY.check, 1),
    ]  # fmt: skip
    assert len(store.checks.failures("alder", LONG_AGO, limit=1)) == 1
    assert store.checks.failures("birch", LONG_AGO) == []


def test_a_step_that_is_tried_again_is_not_told_twice(store: Store) -> None:
    store.checks.record("r1", [failed(KEY, 4, {"alder": 4}), MONEY], MONDAY)
    store.checks.record("r1", [KEY], MONDAY + timedelta(minutes=5))

    rows = store.checks.of_table(None, "bronze", "claims", LONG_AGO)
    assert [(row.check, row.outcome) for row in rows] == [(KEY.check, Outcome.PASSED)]
    assert len(store.checks.of_table(None, "marts", "fct_claims", LONG_AGO)) == 1
    with store.engine.connect() as connection:
        assert connection.execute(text("select count(*) from check_tenant_counts")).scalar() == 0


def test_nothing_found_is_nothing_written(store: Store) -> None:
    assert store.checks.record("r1", []) == 0
    assert store.checks.tables(None, LONG_AGO) == []


def test_a_failure_stands_until_the_check_is_judged_again(store: Store) -> None:
    def standing() -> list[tuple[str, str]]:
        return [(run.run_id, run.check) for run in store.checks.standing()]

    store.checks.record("r1", [failed(KEY, 4, {"alder": 4}), failed(CODE, 1), failed(MONEY, 1)], MONDAY)
    assert standing() == [("r1", KEY.check), ("r1", MONEY.check)], "a warning blocks nothing"
    skipped = CheckResult(Source.DBT, "marts", "fct_claims", MONEY.check, "critical", Outcome.SKIPPED)
    store.checks.record("r2", [skipped], TUESDAY)
    assert standing() == [("r1", KEY.check), ("r1", MONEY.check)], "skipped is not judged"
    store.checks.record("r3", [KEY], TUESDAY)
    assert standing() == [("r1", MONEY.check)]
    store.checks.record("r4", [MONEY], TUESDAY)
    assert standing() == []
    store.checks.record("r5", [CheckResult(*(Source.DBT, "marts", "t", "c", "critical"), Outcome.ERROR)], TUESDAY)
    assert standing() == [("r5", "c")]


def test_old_runs_go_and_a_failure_that_stands_remains(store: Store) -> None:
    shares = {"alder": 4}
    store.checks.record("r1", [failed(KEY, 4, shares), failed(CODE, 4, shares), MONEY], MONDAY)
    store.checks.record("r2", [MONEY], MONDAY + KEPT)
    assert len(store.checks.of_table(None, "marts", "fct_claims", LONG_AGO)) == 2, "to the day it is kept"
    store.checks.record("r3", [MONEY], TUESDAY + KEPT)

    assert [run.run_id for run in store.checks.of_table(None, "marts", "fct_claims", LONG_AGO)] == ["r3", "r2"]
    assert [run.check for run in store.checks.of_table(None, "bronze", "claims", LONG_AGO)] == [KEY.check]
    with store.engine.connect() as connection:
        assert connection.execute(text("select count(*) from check_tenant_counts")).scalar() == 1
    store.checks.record("r4", [KEY], TUESDAY + KEPT)
    store.checks.record("r5", [KEY], TUESDAY + KEPT)
    assert {run.run_id for run in store.checks.of_table(None, "bronze", "claims", LONG_AGO)} == {"r4", "r5"}
