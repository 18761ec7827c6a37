"""The history of data quality checks: what each run's checks said, over all tenants and of each one.

Belongs here: adding what a run found, and the questions that a page asks. Does not belong here: checking
(`quality`, dbt), deciding who may see all tenants (`compliance.access`), anything but names of checks and counts.

A check is recorded once, over all tenants. A failure is told apart by tenant where the check can: then a tenant who
has no share in it is shown a pass. Where it cannot (a whole table of the wrong shape, a drift of all features) every
tenant is shown the failure, for it may be his, and no count. Counts over all tenants are not in what `of_tenant` gives.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    not_,
    select,
)

from claims.store.models import CheckResultRow, CheckTenantCountRow

_results: Table = CheckResultRow.__table__  # type: ignore[assignment]
_counts: Table = CheckTenantCountRow.__table__  # type: ignore[assignment]

# Thirteen months: what a check said a year ago, in the same season, can still be looked up. At one run a day of about
# 900 checks that is some 360,000 rows.
KEPT = timedelta(days=400)


class Source(StrEnum):
    """What kind of check it is."""

    EXPECTATION = "expectation"  # Great Expectations: bronze, features, scores
    DBT = "dbt"  # tests of staging to features
    DRIFT = "drift"  # Evidently: features of the newest claims


class Outcome(StrEnum):
    """What a check said. `error`: it could not be evaluated; `skipped`: not judged, for what stands before it failed
    or there is too little to judge by."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


_BAD = (Outcome.FAILED, Outcome.ERROR)


@dataclass(frozen=True)
class CheckResult:
    """What one check said of one table. `severity` is critical (blocks what is built on the table) or warning.

    `by_tenant` has the share of each tenant that has one in a failure; None where it cannot be told.
    """

    source: Source
    layer: str
    table: str
    check: str
    severity: str
    outcome: Outcome
    unexpected_count: int | None = None
    by_tenant: Mapping[str, int] | None = None


@dataclass(frozen=True)
class TableRun:
    """The checks of a table in one run: how many there were and how many failed, by severity."""

    run_id: str
    at: datetime
    source: Source
    layer: str
    table: str
    check_count: int
    critical_count: int
    warning_count: int
    skipped_count: int


@dataclass(frozen=True)
class CheckRun:
    """One check in one run. `unexpected_count` is None where it passed, or where it cannot be said whose rows it is."""

    run_id: str
    at: datetime
    source: Source
    layer: str
    table: str
    check: str
    severity: str
    outcome: Outcome
    unexpected_count: int | None


class CheckHistory:
    """The table of results. Every question is of one tenant, or of all where `tenant_id` is None."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, run_id: str, results: Iterable[CheckResult], at: datetime | None = None) -> int:
        """Add what a run found, in one transaction; returns how many. About 30 ms for a thousand.

        What the same run found before of the same check is replaced: a step that is tried again is not told twice.
        What is older than `KEPT` before this run goes, but for failures that stand (`standing`).
        """
        moment = (at or datetime.now(UTC)).replace(microsecond=0)
        found = {(r.source, r.layer, r.table, r.check[:256]): r for r in results}
        if not found:
            return 0
        same = [_results.c.source, _results.c.layer, _results.c.table_name, _results.c.check_name]
        with self._engine.begin() as connection:
            known = connection.execute(select(_results.c.id, *same).where(_results.c.run_id == run_id)).all()
            _forget(connection, [row[0] for row in known if (Source(row[1]), *row[2:]) in found])
            connection.execute(
                insert(_results),
                [
                    {
                        "run_id": run_id,
                        "at": moment,
                        "source": r.source.value,
                        "layer": r.layer,
                        "table_name": r.table,
                        "check_name": check,
                        "severity": r.severity,
                        "outcome": r.outcome.value,
                        "unexpected_count": r.unexpected_count,
                        "is_by_tenant": r.by_tenant is not None,
                    }
                    for (_, _, _, check), r in found.items()
                ],
            )
            shared = {key: r.by_tenant for key, r in found.items() if r.by_tenant}
            if shared:
                made = connection.execute(select(_results.c.id, *same).where(_results.c.run_id == run_id)).all()
                connection.execute(
                    insert(_counts),
                    [
                        {"check_result": row[0], "tenant_id": tenant, "unexpected_count": count}
                        for row in made
                        for tenant, count in shared.get((Source(row[1]), *row[2:]), {}).items()
                    ],
                )
            old = select(_results.c.id).where(_results.c.at < moment - KEPT, not_(_stands()))
            _forget(connection, list(connection.scalars(old)))
        return len(found)

    def standing(self) -> list[CheckRun]:
        """Critical checks whose newest judgement is a failure, in whichever run that was, over all tenants.

        A run that skipped a check, or did not hold it at all, has not taken its failure back.
        """
        query = select(
            *(_results.c[name] for name in ("run_id", "at", "source", "layer", "table_name", "check_name")),
            *(_results.c[name] for name in ("severity", "outcome", "unexpected_count")),
        )
        query = query.where(_stands()).order_by(_results.c.layer, _results.c.table_name, _results.c.check_name)
        with self._engine.connect() as connection:
            return [
                CheckRun(row[0], _utc(row[1]), Source(row[2]), row[3], row[4], row[5], row[6], Outcome(row[7]), row[8])
                for row in connection.execute(query)
            ]

    def tables(self, tenant_id: str | None, since: datetime) -> list[TableRun]:
        """Every table of every run since then, the newest run first."""
        r, failed = _results.c, self._failed(tenant_id)
        query = self._joined(
            select(
                r.run_id,
                func.max(r.at).label("at"),
                r.source,
                r.layer,
                r.table_name,
                func.count().label("check_count"),
                func.sum(case((and_(failed, r.severity == "critical"), 1), else_=0)).label("critical_count"),
                func.sum(case((and_(failed, r.severity != "critical"), 1), else_=0)).label("warning_count"),
                func.sum(case((r.outcome == Outcome.SKIPPED.value, 1), else_=0)).label("skipped_count"),
            ),
            tenant_id,
        ).where(r.at >= since)
        query = query.group_by(r.run_id, r.source, r.layer, r.table_name)
        query = query.order_by(func.max(r.at).desc(), r.layer, r.table_name, r.source)
        with self._engine.connect() as connection:
            return [
                TableRun(row[0], _utc(row[1]), Source(row[2]), row[3], row[4], *(int(n) for n in row[5:]))
                for row in connection.execute(query)
            ]

    def failures(self, tenant_id: str | None, since: datetime, limit: int = 200) -> list[CheckRun]:
        """The checks that failed or could not be evaluated, the newest first."""
        return self._checks(tenant_id, [_results.c.at >= since, self._failed(tenant_id)], limit)

    def of_table(self, tenant_id: str | None, layer: str, table: str, since: datetime) -> list[CheckRun]:
        """Every check of one table in every run since then, the newest run first."""
        r = _results.c
        return self._checks(tenant_id, [r.layer == layer, r.table_name == table, r.at >= since], None)

    def _checks(self, tenant_id: str | None, where: list[ColumnElement[bool]], limit: int | None) -> list[CheckRun]:
        r, failed = _results.c, self._failed(tenant_id)
        count = r.unexpected_count if tenant_id is None else _counts.c.unexpected_count
        # A failure that is not this tenant's is a pass for him.
        outcome = case(
            (failed, r.outcome), (r.outcome == Outcome.SKIPPED.value, r.outcome), else_=literal(Outcome.PASSED.value)
        )
        query = self._joined(
            select(
                r.run_id, r.at, r.source, r.layer, r.table_name, r.check_name, r.severity, outcome,
                case((failed, count), else_=None),
            ),
            tenant_id,
        )  # fmt: skip
        query = query.where(*where).order_by(r.at.desc(), r.layer, r.table_name, r.source, r.check_name).limit(limit)
        with self._engine.connect() as connection:
            return [
                CheckRun(row[0], _utc(row[1]), Source(row[2]), row[3], row[4], row[5], row[6], Outcome(row[7]), row[8])
                for row in connection.execute(query)
            ]

    @staticmethod
    def _failed(tenant_id: str | None) -> ColumnElement[bool]:
        bad = _results.c.outcome.in_([outcome.value for outcome in _BAD])
        if tenant_id is None:
            return bad
        return and_(bad, not_(and_(_results.c.is_by_tenant, _counts.c.check_result.is_(None))))

    @staticmethod
    def _joined(query: Select, tenant_id: str | None) -> Select:  # type: ignore[type-arg]
        if tenant_id is None:
            return query.select_from(_results)
        mine = and_(_counts.c.check_result == _results.c.id, _counts.c.tenant_id == tenant_id)
        return query.select_from(_results.outerjoin(_counts, mine))


def _stands() -> ColumnElement[bool]:
    """A failure of a critical check that no later row of the same check, but a skipped one, has replaced."""
    later = _results.alias("later")
    same = [later.c[name] == _results.c[name] for name in ("layer", "table_name", "source", "check_name")]
    replaced = exists().where(*same, later.c.id > _results.c.id, later.c.outcome != Outcome.SKIPPED.value)
    bad = _results.c.outcome.in_([outcome.value for outcome in _BAD])
    return and_(bad, _results.c.severity == "critical", not_(replaced))


def _forget(connection: Connection, ids: list[int]) -> None:
    """Delete results with their shares, a few hundred at a time: SQLite binds no more values than so many."""
    for n in range(0, len(ids), 500):
        some = ids[n : n + 500]
        connection.execute(_counts.delete().where(_counts.c.check_result.in_(some)))
        connection.execute(_results.delete().where(_results.c.id.in_(some)))


def _utc(moment: datetime | str) -> datetime:
    """SQLite gives moments back without a zone, and a maximum of them as text; they were written in UTC."""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
