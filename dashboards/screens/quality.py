"""Data quality: what the checks of every run said, per table and check, and what failed last.

Belongs here: what stands where on the page. Does not belong here: SQL (`claims.store.checks`), who may see what
(`dashboards.history`), checks themselves.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from claims.store.checks import CheckRun, Outcome, Source, TableRun
from dashboards import db, formats, history, layout

TITLE = "Data quality"
DAYS = {"30 days": 30, "90 days": 90, "1 year": 366}
SHOWN_FAILURES = 200
SHOWN_RUNS = 30
SOURCES = {
    Source.EXPECTATION: "Great Expectations",
    Source.DBT: "dbt tests",
    Source.DRIFT: "Drift",
}
OUTCOMES = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.ERROR: "not evaluated",
    Outcome.SKIPPED: "skipped",
}
NO_HISTORY = (
    "**No check has been recorded yet.** Checks run with the main job: `make demo`, or `claimworks ingest`. "
    "Then reload this page."
)
WHOSE = (
    "Of this organization alone: a check that failed on rows of others counts as passed here. Where a failure cannot "
    "be told apart by organization, it is shown without a count."
)
OF_ALL = "Over all organizations, with counts: for roles that run the platform."


def scope(tenant_id: str) -> str | None:
    """Whose checks are shown: the organization's, or all where the viewer's role allows it and he asks for it."""
    if not history.may_see(None):
        return tenant_id
    is_all = st.toggle("All organizations", key="all_organizations", help=OF_ALL)
    return None if is_all else tenant_id


def tiles(newest: Sequence[TableRun]) -> None:
    """The last run of each kind of check."""
    for column, (source, words) in zip(st.columns(len(SOURCES)), SOURCES.items(), strict=True):
        of_kind = [run for run in newest if run.source is source]
        checks = sum(run.check_count for run in of_kind)
        failed = sum(run.critical_count + run.warning_count for run in of_kind)
        passed = checks - failed - sum(run.skipped_count for run in of_kind)
        column.metric(
            words,
            f"{formats.count(passed)} of {formats.count(checks)}" if of_kind else formats.MISSING,
            f"{failed} failed" if failed else "checks passed" if of_kind else "never run",
            delta_color="off",
            delta_arrow="off",
            help="Checks that passed when each table was last checked.",
            border=True,
        )


def newest_of_tables(runs: Sequence[TableRun]) -> list[TableRun]:
    """The last run of each table and kind of check; `runs` come newest first."""
    newest: dict[tuple[Source, str, str], TableRun] = {}
    for run in runs:
        newest.setdefault((run.source, run.layer, run.table), run)
    return list(newest.values())


def by_table(runs: Sequence[TableRun]) -> None:
    """One row per table: its last result and how it went over the runs."""
    trend: dict[tuple[Source, str, str], list[int]] = {}
    for run in runs:
        trend.setdefault((run.source, run.layer, run.table), []).append(run.critical_count + run.warning_count)
    rows: list[dict[str, Any]] = [
        {
            "table": f"{run.layer}.{run.table}",
            "kind": SOURCES[run.source],
            "result": "blocked" if run.critical_count else "warned" if run.warning_count else "passed",
            "checks": run.check_count,
            "critical": run.critical_count,
            "warnings": run.warning_count,
            "skipped": run.skipped_count,
            "trend": trend[run.source, run.layer, run.table][:SHOWN_RUNS][::-1],
            "at": run.at,
        }
        for run in newest_of_tables(runs)
    ]
    order = {"blocked": 0, "warned": 1, "passed": 2}
    rows.sort(key=lambda row: (order[row["result"]], row["table"], row["kind"]))
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "table": st.column_config.TextColumn("Table", pinned=True),
            "kind": st.column_config.TextColumn("Checked by"),
            "result": st.column_config.TextColumn("Last result"),
            "checks": st.column_config.NumberColumn("Checks", format="localized"),
            "critical": st.column_config.NumberColumn("Failed, blocking"),
            "warnings": st.column_config.NumberColumn("Failed, warning"),
            "skipped": st.column_config.NumberColumn("Skipped"),
            "trend": st.column_config.BarChartColumn("Failures, run by run", y_min=0),
            "at": st.column_config.DatetimeColumn("Checked (UTC)", format="YYYY-MM-DD HH:mm"),
        },
        alt="Last result, failures and trend of every checked table",
    )


def check_rows(runs: Sequence[CheckRun]) -> pd.DataFrame:
    """Checks as a table; a count that is not known stays empty."""
    return pd.DataFrame(
        {
            "at": [run.at for run in runs],
            "table": [f"{run.layer}.{run.table}" for run in runs],
            "check": [run.check for run in runs],
            "kind": [SOURCES[run.source] for run in runs],
            "severity": [run.severity for run in runs],
            "outcome": [OUTCOMES[run.outcome] for run in runs],
            "unexpected": pd.array([run.unexpected_count for run in runs], dtype="Int64"),
        }
    )


def show_checks(rows: pd.DataFrame, alt: str) -> None:
    """A grid of checks."""
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            "at": st.column_config.DatetimeColumn("When (UTC)", format="YYYY-MM-DD HH:mm", pinned=True),
            "table": st.column_config.TextColumn("Table"),
            "check": st.column_config.TextColumn("Check", width="large"),
            "kind": st.column_config.TextColumn("Checked by"),
            "severity": st.column_config.TextColumn("Severity"),
            "outcome": st.column_config.TextColumn("Outcome"),
            "unexpected": st.column_config.NumberColumn("Unexpected", format="localized"),
        },
        alt=alt,
    )


def one_table(whose: str | None, runs: Sequence[TableRun], since: datetime) -> None:
    """Every check of the chosen table, over the runs."""
    names = sorted({f"{run.layer}.{run.table}" for run in runs})
    chosen = st.selectbox("Table", names, key="checked_table", bind="query-params")
    layer, _, table = (chosen or names[0]).partition(".")
    found = history.of_table(whose, layer, table, since)
    rows = check_rows(found).drop(columns=["table"])
    only_failed = st.toggle("Only what ever failed", key="only_failed")
    if only_failed:
        failed = set(rows.loc[rows["outcome"].isin(["failed", "not evaluated"]), "check"])
        rows = rows[rows["check"].isin(failed)]
    show_checks(rows, f"Checks of {chosen} in every run")


def show(tenant_id: str) -> None:
    """The page below its heading."""
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    with right:
        whose = scope(tenant_id)
    with left:
        period = st.segmented_control("Period", list(DAYS), default="90 days", key="check_period", required=True)
    since = datetime.now(UTC) - timedelta(days=DAYS[period or "90 days"])
    runs = history.tables(whose, since)
    if not runs:
        st.info(NO_HISTORY, icon=":material/rule:")
        return
    st.caption(OF_ALL if whose is None else WHOSE)
    tiles(newest_of_tables(runs))
    with st.container(border=True):
        st.subheader("Tables", anchor=False)
        by_table(runs)
    with st.container(border=True):
        st.subheader("Last failures", anchor=False)
        failed = history.failures(whose, since, SHOWN_FAILURES)
        if failed:
            show_checks(check_rows(failed), "Checks that failed, the newest first")
        else:
            st.success("No check failed in this period.", icon=":material/check_circle:")
    with st.container(border=True):
        st.subheader("Checks of a table, run by run", anchor=False)
        one_table(whose, runs, since)


def page() -> None:
    """Heading, then what the viewer may see."""
    tenant_id = st.session_state.get("tenant")
    if not tenant_id:
        st.title(TITLE, anchor=False)
        st.info(layout.NOTHING_PUBLISHED, icon=":material/inbox:")
        return
    layout.copy_or_stop(TITLE)
    try:
        show(str(tenant_id))
    except db.DataError as error:
        st.error(str(error), icon=":material/error:")


page()
