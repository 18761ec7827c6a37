"""Reports for a page: a preview, the bytes of a file, and who may have it.

Belongs here: what stands between a page and `claims.reports`: the cache, the actor, recording an export before its
bytes are given. Does not belong here: widgets, statements.

Where the server has no master key, as in docker-compose.yml, nothing can be recorded and so nothing is downloaded; the
page then shows the command that does it.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import streamlit as st

from claims import reports
from claims.reports import Filters, Report
from compliance import access, exporting
from dashboards import db, working
from dashboards.viewer import viewer

PREVIEW_ROWS = 200
MIME = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


@dataclass(frozen=True)
class Preview:
    """The first rows of a table, how many it has, and the totals of all."""

    rows: pa.Table
    row_count: int
    totals: Mapping[str, Any]


def why_not(tenant_id: str) -> str | None:
    """Why this user cannot download a report of the tenant here, None where he can."""
    try:
        access.require(viewer(), access.Permission.REPORTS, tenant_id)
    except (access.RefusedError, access.UnknownRoleError) as error:
        return f"You cannot download reports: {error}."
    if not exporting.can_record(_keys()):
        return (
            "Every download is recorded in the audit chain, and this server has no key to it. "
            "Somebody who has runs the command below."
        )
    return None


def preview(copy: db.Copy, report: Report, table_name: str, filters: Filters) -> Preview:
    """The table's first rows; raises `reports.ReportError` where the report cannot be made of the copy."""
    work = _work(copy, report)
    return _preview(copy, report.name, table_name, filters, "" if work is None else str(work.to_pydict()), work)


@st.cache_data(max_entries=64, show_spinner=False)
def _preview(
    copy: db.Copy,
    report_name: str,
    table_name: str,
    filters: Filters,
    changes: str,  # noqa: ARG001  (what the cache goes by)
    _work: pa.Table | None,
) -> Preview:
    report = reports.REPORTS[report_name]
    table = report.table(table_name)
    with reports.open_report(Path(copy.path), copy.tenant_id, report, filters, _work) as opened:
        batches = list(opened.batches(table, PREVIEW_ROWS))
        rows = pa.Table.from_batches(batches) if batches else pa.table({c.name: [] for c in table.columns})
        return Preview(rows, opened.row_count(table), dict(opened.totals(table)))


def file_bytes(copy: db.Copy, report: Report, filters: Filters, file_format: str, table_name: str | None) -> bytes:
    """The report as a file, after the export is recorded.

    Raises:
        RefusedError, AuditError: it was not allowed, or could not be recorded.
        ReportError: the report cannot be made.
    """
    reference = reports.reference_of(report, filters, file_format, table_name)
    exporting.ask_at(db.store_url(), _keys(), viewer(), copy.tenant_id, reference)
    with tempfile.TemporaryDirectory(prefix="claimworks-report-") as folder:
        out = Path(folder, f"report.{file_format}")
        source = Path(copy.path)
        work = _work(copy, report)
        reports.write(source, copy.tenant_id, report, filters, file_format, out, table_name=table_name, work=work)
        return out.read_bytes()


def _work(copy: db.Copy, report: Report) -> pa.Table | None:
    return working.statuses(copy.tenant_id) if report.name == working.REPORT else None


def command(copy: db.Copy, report: Report, filters: Filters, file_format: str) -> str:
    """The command that writes the same report."""
    words = ["claimworks report", report.name, "--tenant", copy.tenant_id, "--format", file_format]
    if filters.start and filters.end:
        words += ["--from", f"{filters.start:%Y-%m}", "--to", f"{filters.end:%Y-%m}"]
    for payer in filters.payers:
        words += ["--payer", payer]
    return " ".join([*words, "--out", file_name(copy, report, filters, file_format)])


def file_name(copy: db.Copy, report: Report, filters: Filters, file_format: str) -> str:
    """What the file is called: tenant, report, months, nothing of a person."""
    months = [f"{month:%Y-%m}" for month in (filters.start, filters.end) if month]
    return "-".join([copy.tenant_id, report.name, *months]) + f".{file_format}"


def _keys() -> Path:
    return db.home().absolute() / "keys"
