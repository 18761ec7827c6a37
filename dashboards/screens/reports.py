"""Finance reports: choose one, narrow it, look at it, download it as CSV, XLSX or PDF.

Belongs here: what stands where on the page. Does not belong here: the reports (`claims.reports`), recording an export
(`dashboards/downloads.py`).
"""

from functools import partial
from typing import Any

import streamlit as st

from claims.reports import REPORTS, Column, Filters, Kind, Report, ReportError, Table
from dashboards import db, downloads, formats, layout, queries
from dashboards.queries import Span

GRID_HEIGHT = 460
LABELS = {"csv": "CSV", "xlsx": "Excel", "pdf": "PDF"}
_NUMBERS = {
    Kind.AMOUNT: "dollar",
    Kind.COUNT: "localized",
    Kind.QUANTITY: "localized",
    Kind.DAYS: "%.1f",
    Kind.SHARE: layout.PER_CENT,
}
_DAYS = {Kind.DATE: "YYYY-MM-DD", Kind.MONTH: "MMM YYYY"}


def choose_report() -> Report:
    """The choice of the report, with what it shows."""
    name = st.selectbox(
        "Report",
        list(REPORTS),
        format_func=lambda one: REPORTS[one].title,
        key="report",
        bind="query-params",
    )
    report = REPORTS[name]
    st.caption(report.description)
    return report


def choose_filters(copy: db.Copy, report: Report, whole: Span) -> Filters:
    """Months, where the report takes them, and payers."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with right:
        payers = layout.choose("Payers", queries.payers(copy), key="payer")
    with left:
        if report.months is None:
            st.caption("As of the last day of the data. This report takes no months.")
            return Filters(payers=payers)
        months = whole.months()
        usual = whole.last(12)
        start, end = (
            st.select_slider(
                f"Months of {report.months}",
                months,
                value=(usual.start, usual.end),
                format_func=formats.month,
                key="report_months",
            )
            if len(months) > 1
            else (whole.start, whole.end)
        )
    return Filters(start, end, payers)


def choose_table(report: Report) -> Table:
    """Which table of the report stands below, and in a CSV."""
    if len(report.tables) == 1:
        return report.tables[0]
    titles = {table.name: table.title for table in report.tables}
    name = st.segmented_control(
        "Table",
        list(titles),
        format_func=lambda one: titles[one],
        default=report.tables[0].name,
        key=f"table_{report.name}",
        required=True,
    )
    return report.table(name or report.tables[0].name)


def total_words(table: Table, totals: Any) -> str:
    """The totals of all rows, in one line."""
    said = []
    for column in table.columns:
        value = totals.get(column.name)
        if value is None:
            continue
        match column.kind:
            case Kind.AMOUNT:
                said.append(f"{column.title} **{formats.exact_money(value)}**".replace("$", "\\$"))
            case Kind.SHARE:
                said.append(f"{column.title} **{formats.rate(value)}**")
            case _:
                said.append(f"{column.title} **{formats.count(int(value))}**")
    return " · ".join(said)


def cell_config(column: Column) -> Any:
    """How the grid shows a column."""
    if column.kind in _NUMBERS:
        return st.column_config.NumberColumn(column.title, format=_NUMBERS[column.kind])
    if column.kind in _DAYS:
        return st.column_config.DateColumn(column.title, format=_DAYS[column.kind])
    return st.column_config.TextColumn(column.title)


def show_preview(table: Table, found: downloads.Preview) -> None:
    """The first rows and the totals."""
    shares = [column.name for column in table.columns if column.kind is Kind.SHARE]
    st.caption(total_words(table, found.totals))
    st.dataframe(
        layout.per_cent(found.rows, *shares),
        hide_index=True,
        height="content" if found.row_count <= 10 else GRID_HEIGHT,
        column_config={column.name: cell_config(column) for column in table.columns},
        alt=f"{table.title}: the first rows",
    )
    if found.row_count > found.rows.num_rows:
        st.caption(f"The first {found.rows.num_rows:,} of {found.row_count:,} rows; totals and files are of all.")


def show_downloads(copy: db.Copy, report: Report, table: Table, filters: Filters) -> None:
    """A button for each kind of file, or why there is none."""
    if refused := downloads.why_not(copy.tenant_id):
        st.info(refused, icon=":material/lock:")
        st.code(downloads.command(copy, report, filters, "xlsx"), language="bash")
        return
    for column, (file_format, label) in zip(st.columns(6), LABELS.items(), strict=False):
        one_table = table.name if file_format == "csv" else None
        column.download_button(
            f"Download {label}",
            # Made when it is clicked: the export is recorded, then the file is written.
            partial(downloads.file_bytes, copy, report, filters, file_format, one_table),
            file_name=downloads.file_name(copy, report, filters, file_format),
            mime=downloads.MIME[file_format],
            icon=":material/download:",
            on_click="ignore",
            key=f"download_{file_format}",
            width="stretch",
        )
    st.caption("A CSV has the table above, the other files have every table. Each download is recorded.")


def show(copy: db.Copy, whole: Span) -> None:
    """The page below its heading."""
    report = choose_report()
    filters = choose_filters(copy, report, whole)
    with st.container(border=True):
        table = choose_table(report)
        try:
            found = downloads.preview(copy, report, table.name, filters)
        except ReportError as error:
            st.error(f"{error}.", icon=":material/error:")
            return
        if found.row_count:
            show_preview(table, found)
        else:
            layout.nothing_found()
    show_downloads(copy, report, table, filters)
    with st.expander("Definitions", icon=":material/menu_book:"):
        st.markdown("\n".join(f"- **{one.term}**: {one.words}" for one in report.definitions))


chosen_copy = layout.copy_or_stop("Finance reports")
whole_span = queries.month_span(chosen_copy)
if whole_span is None:
    layout.nothing_found()
else:
    show(chosen_copy, whole_span)
