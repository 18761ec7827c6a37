"""The third door: where the work on underpaid lines stands, read and changed for one viewer.

Belongs here: the lines of the published copy with their status, and changing one. Does not belong here: widgets, who
may (`compliance.working`), which lines are short (the marts).
"""

from pathlib import Path

import pyarrow as pa
import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from claims import reports
from claims.reports import Filters, ReportError
from claims.store.work import WorkStatus
from compliance import access, exporting, working
from dashboards import db
from dashboards.viewer import viewer

_SQLITE = "sqlite:///"
REPORT = "underpayments"


def statuses(tenant_id: str) -> pa.Table | None:
    """What users did about the tenant's lines; None where no store was ever made: a dashboard makes none."""
    url = db.store_url()
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
        return None
    try:
        return reports.work_of(url, tenant_id)
    except SQLAlchemyError as error:
        raise db.DataError(f"The work list could not be read ({type(error).__name__}).") from error


def lines(copy: db.Copy) -> pa.Table:
    """Every underpaid line of the copy with where the work stands, the largest variance first."""
    work = statuses(copy.tenant_id)
    return _lines(copy, "" if work is None else str(work.to_pydict()), work)


@st.cache_data(max_entries=16, show_spinner=False)
def _lines(copy: db.Copy, changes: str, _work: pa.Table | None) -> pa.Table:  # noqa: ARG001  (what the cache goes by)
    report = reports.REPORTS[REPORT]
    try:
        with reports.open_report(Path(copy.path), copy.tenant_id, report, Filters(), _work) as opened:
            table = report.table("lines")
            batches = list(opened.batches(table))
    except ReportError as error:
        raise db.DataError(f"{error}.") from error
    return pa.Table.from_batches(batches) if batches else pa.table({column.name: [] for column in table.columns})


def why_not(tenant_id: str) -> str | None:
    """Why this user cannot change a status here, None where he can."""
    try:
        access.require(viewer(), access.Permission.WORK_LISTS, tenant_id)
    except (access.RefusedError, access.UnknownRoleError) as error:
        return f"You cannot change where the work stands: {error}."
    if not exporting.can_record(_keys()):
        return (
            "Every change is recorded in the audit chain, and this server has no key to it. "
            "Somebody who has runs `claimworks underpayments set`."
        )
    return None


def change(copy: db.Copy, claim_id: str, line_number: int, status: str, reason: str) -> None:
    """Set the status of a line, after the change is recorded.

    Raises:
        ChangeError, RefusedError: it was no change, could not be recorded, or is not allowed.
    """
    working.change_at(
        db.store_url(), _keys(), viewer(), copy.tenant_id, claim_id, line_number, WorkStatus(status), reason
    )


def _keys() -> Path:
    return db.home().absolute() / "keys"
