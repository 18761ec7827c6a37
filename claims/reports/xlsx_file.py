"""XLSX: one sheet for each table with typed cells, and a sheet that says what the figures are.

Belongs here: sheets, formats, totals. Does not belong here: reading.

Rows are streamed to disk (constant memory). Texts are written as texts, never as formulas or links; totals are values,
not formulas, so that every reader sees them and they are of all rows. Two files of the same copy are the same bytes.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claims.reports.cells import filter_words, provenance, safe_batch, safe_text
from claims.reports.model import Column, Kind, Report, Table
from claims.reports.published import Opened, ReportError

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

MAX_ROWS = 1_048_574  # of a sheet, less header and totals
ABOUT = "About"
_BRAND = "#0b6e79"
_FORMATS = {
    Kind.COUNT: "#,##0",
    Kind.AMOUNT: "#,##0.00;[Red]-#,##0.00",
    Kind.QUANTITY: "#,##0.###",
    Kind.SHARE: "0.0%",
    Kind.DAYS: "#,##0.0",
    Kind.DATE: "yyyy-mm-dd",
    Kind.MONTH: "mmm yyyy",
    Kind.TEXT: "@",
}


def write_xlsx(opened: Opened, tables: tuple[Table, ...], path: Path) -> int:
    """Write a sheet for each table and the one about them; return how many rows the tables have.

    Raises:
        ReportError: a table has more rows than a sheet can take.
    """
    import xlsxwriter

    for table in tables:
        if opened.row_count(table) > MAX_ROWS:
            raise ReportError(
                f"{table.title} has {opened.row_count(table):,} rows, a sheet takes {MAX_ROWS:,}: take CSV, or fewer"
                " months or payers"
            )
    rows = 0
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)}) as book:
        published = datetime.fromisoformat(opened.facts.published_at).replace(tzinfo=UTC)
        book.set_properties(
            {"title": opened.report.title, "author": "Claimworks", "created": published.replace(tzinfo=None)}
        )
        for table, name in zip(tables, sheet_names(opened.report, tables), strict=True):
            rows += _table_sheet(book, opened, table, name)
        _about_sheet(book, opened, tables)
    return rows


def sheet_names(report: Report, tables: tuple[Table, ...]) -> list[str]:
    """The names of the sheets: at most 31 characters, none that Excel forbids, and none twice."""
    return [
        (report.title if table is report.tables[0] else table.name.replace("_", " ").capitalize())[:31].replace(
            "/", "-"
        )
        for table in tables
    ]


def _table_sheet(book: "Workbook", opened: Opened, table: Table, name: str) -> int:
    sheet = book.add_worksheet(name)
    header = book.add_format(
        {"bold": True, "font_color": "#ffffff", "bg_color": _BRAND, "text_wrap": True, "valign": "vcenter"}
    )
    formats = {kind: book.add_format({"num_format": form}) for kind, form in _FORMATS.items()}
    totals = {
        kind: book.add_format({"num_format": form, "bold": True, "top": 1, "bg_color": "#e7f1f2"})
        for kind, form in _FORMATS.items()
    }
    for position, column in enumerate(table.columns):
        sheet.set_column(position, position, column.width, formats[column.kind])
    sheet.freeze_panes(1, 0)
    sheet.set_row(0, 30)
    for position, column in enumerate(table.columns):
        sheet.write_string(0, position, column.title, header)
    row = 0
    for batch in opened.batches(table):
        columns = [column.to_pylist() for column in safe_batch(batch).columns]
        for cells in zip(*columns, strict=True):
            row += 1
            for position, value in enumerate(cells):
                _write(sheet, row, position, value, table.columns[position], formats)
    last = len(table.columns) - 1
    if row:
        sum_row = row + 1
        said = opened.totals(table)
        for position, column in enumerate(table.columns):
            if position == 0:
                sheet.write_string(sum_row, 0, "Total", totals[Kind.TEXT])
            elif column.total is not None and said[column.name] is not None:
                _write(sheet, sum_row, position, said[column.name], column, totals)
            else:
                sheet.write_blank(sum_row, position, None, totals[Kind.TEXT])
        sheet.ignore_errors({"number_stored_as_text": f"A2:{_letters(last)}{sum_row + 1}"})
    sheet.autofilter(0, 0, max(row, 1), last)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&L&A&RPage &P of &N")
    return row


def _write(
    sheet: "Worksheet", row: int, position: int, value: Any, column: Column, formats: "dict[Kind, Format]"
) -> None:
    if value is None:
        return
    form = formats[column.kind]
    if column.kind.is_number:
        sheet.write_number(row, position, value, form)
    elif isinstance(value, date):
        sheet.write_datetime(row, position, value, form)
    else:
        sheet.write_string(row, position, str(value), form)


def _about_sheet(book: "Workbook", opened: Opened, tables: tuple[Table, ...]) -> None:
    sheet = book.add_worksheet(ABOUT)
    bold = book.add_format({"bold": True, "valign": "top"})
    head = book.add_format({"bold": True, "font_color": "#ffffff", "bg_color": _BRAND})
    wrapped = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 100)
    row = 0

    def block(title: str, lines: Iterable[tuple[str, str]]) -> None:
        nonlocal row
        sheet.write_string(row, 0, title, head)
        sheet.write_string(row, 1, "", head)
        for name, value in lines:
            row += 1
            sheet.write_string(row, 0, safe_text(name), bold)
            sheet.write_string(row, 1, safe_text(value), wrapped)
        row += 2

    block("Report", [("Name", opened.report.title), ("What it shows", opened.report.description)])
    block("Filters", filter_words(opened))
    block("Provenance", provenance(opened, tables))
    block("Definitions", [(one.term, one.words) for one in opened.report.definitions])
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&RPage &P of &N")


def _letters(position: int) -> str:
    """The name of a sheet's column: A, B, ... AA."""
    name = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        name = chr(65 + rest) + name
    return name
