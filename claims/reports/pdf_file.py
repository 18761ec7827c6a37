"""PDF: a first page with filters, charts and totals, tables that break over pages, definitions; page n of m on each.

Belongs here: layout. Does not belong here: reading.

A PDF is for reading and signing, so a table is cut at `MAX_ROWS`, says so, and its totals are of all rows. The standard
fonts have the characters of Windows-1252; any other is shown as a question mark. Two files of the same copy are the
same bytes.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.graphics.charts.barcharts import HorizontalBarChart, VerticalBarChart
from reportlab.graphics.charts.legends import Legend
from reportlab.graphics.shapes import Drawing, String
from reportlab.lib import colors
from reportlab.lib.pagesizes import landscape, letter
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    LongTable,
    PageTemplate,
    Paragraph,
    Spacer,
)
from reportlab.platypus import Table as Grid

from claims.reports.cells import filter_words, provenance, safe_batch, shown
from claims.reports.model import Chart, Kind, Table
from claims.reports.published import Opened

MAX_ROWS = 500
_PAGE = landscape(letter)
_MARGIN = 0.5 * inch
_HEADER = 0.62 * inch
_BRAND, _PALE, _QUIET, _SECOND = (colors.HexColor(code) for code in ("#0b6e79", "#e7f1f2", "#5f6b73", "#e0a458"))
_BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=8.5, leading=11)
_CELL = ParagraphStyle("cell", fontName="Helvetica", fontSize=6.5, leading=7.6)
_HEAD = ParagraphStyle("head", parent=_CELL, fontName="Helvetica-Bold", textColor=colors.white)
_HEAD_RIGHT = ParagraphStyle("head_right", parent=_HEAD, alignment=2)
_TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=12, leading=16, textColor=_BRAND, spaceBefore=10)


class _NumberedCanvas(Canvas):  # type: ignore[misc]  # the library has no types
    """A canvas that draws the frame of each page at the end, when it knows how many there are."""

    title = ""
    words = ""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802  the library's name
        """Keep the page for the end."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Draw header and footer on every page, then write."""
        for state in self._pages:
            self.__dict__.update(state)
            self._frame(len(self._pages))
            super().showPage()
        super().save()

    def _frame(self, page_count: int) -> None:
        width, height = _PAGE
        self.setFillColor(_BRAND)
        self.rect(0, height - _HEADER, width, _HEADER, stroke=0, fill=1)
        self.setStrokeColor(colors.white)
        self.setLineWidth(2.2)
        self.setLineCap(1)
        base = height - _HEADER + 15
        for offset, tall in ((0, 6), (6, 11), (12, 16)):
            self.line(_MARGIN + offset, base, _MARGIN + offset, base + tall)
        self.setFillColor(colors.white)
        self.setFont("Helvetica-Bold", 14)
        self.drawString(_MARGIN + 24, height - _HEADER + 17, "Claimworks")
        self.setFont("Helvetica-Bold", 12)
        self.drawRightString(width - _MARGIN, height - _HEADER + 24, self.title)
        self.setFont("Helvetica", 8)
        self.drawRightString(width - _MARGIN, height - _HEADER + 11, self.words)
        self.setFillColor(_QUIET)
        self.setFont("Helvetica", 7.5)
        self.drawString(_MARGIN, 0.3 * inch, "Figures carry no patient's name; claim ids are internal. Confidential.")
        self.drawRightString(width - _MARGIN, 0.3 * inch, f"Page {self._pageNumber} of {page_count}")


def write_pdf(opened: Opened, tables: tuple[Table, ...], path: Path) -> int:
    """Write the tables with charts, totals and definitions; return how many rows the tables have, cut or not."""
    facts = opened.facts
    title = _plain(opened.report.title)
    words = _plain(f"{facts.tenant_id} · data through {facts.data_cutoff_date} · published {facts.published_at} UTC")
    page = type("Page", (_NumberedCanvas,), {"title": title, "words": words})
    document = BaseDocTemplate(
        str(path), pagesize=_PAGE, invariant=1, title=title, author="Claimworks", subject=words, pageCompression=1
    )
    frame = Frame(_MARGIN, 0.5 * inch, _PAGE[0] - 2 * _MARGIN, _PAGE[1] - _HEADER - 0.65 * inch, 0, 0, 0, 0)
    document.addPageTemplates([PageTemplate(frames=[frame])])
    story: list[Flowable] = [
        Paragraph(_markup(opened.report.description), _BODY),
        Spacer(1, 6),
        _facts(filter_words(opened)),
    ]
    rows = 0
    for table in tables:
        rows += opened.row_count(table)
        story += _table(opened, table)
    story.append(Paragraph("Definitions", _TITLE))
    story.append(_facts([(one.term, one.words) for one in opened.report.definitions]))
    story.append(KeepTogether([Paragraph("Provenance", _TITLE), _facts(provenance(opened, tables))]))
    document.build(story, canvasmaker=page)
    return rows


def _table(opened: Opened, table: Table) -> list[Flowable]:
    count = opened.row_count(table)
    parts: list[Flowable] = [Paragraph(_markup(table.title), _TITLE)]
    if not count:
        return [*parts, Paragraph("No rows with these filters.", _BODY)]
    charts = [drawing for chart in table.charts if (drawing := _chart(opened, table, chart)) is not None]
    if charts:
        parts.append(Grid([charts], colWidths=[_width() / 2] * len(charts), hAlign="LEFT"))
    if count > MAX_ROWS:
        parts.append(
            Paragraph(
                f"The first {MAX_ROWS:,} of {count:,} rows; the totals are of all. CSV and XLSX have them all.", _BODY
            )
        )
    return [*parts, Spacer(1, 4), _grid(opened, table)]


def _grid(opened: Opened, table: Table) -> Flowable:
    totals = opened.totals(table)
    cells: list[list[Any]] = [
        [Paragraph(_markup(c.title), _HEAD_RIGHT if c.kind.is_number else _HEAD) for c in table.columns]
    ]
    for batch in opened.batches(table, MAX_ROWS):
        columns = [
            [_cell(value, column.kind) for value in values.to_pylist()]
            for column, values in zip(table.columns, safe_batch(batch).columns, strict=True)
        ]
        cells += [list(row) for row in zip(*columns, strict=True)]
    last: list[Any] = [_cell(totals.get(c.name), c.kind) for c in table.columns]
    last[0] = "Total"
    cells.append(last)
    wide = sum(max(c.width, 7) for c in table.columns)
    grid = LongTable(cells, colWidths=[_width() * max(c.width, 7) / wide for c in table.columns], repeatRows=1)
    style: list[tuple[Any, ...]] = [
        ("FONT", (0, 0), (-1, -1), "Helvetica", 6.5, 7.6),
        ("BACKGROUND", (0, 0), (-1, 0), _BRAND),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
        ("LINEBELOW", (0, 1), (-1, -2), 0.25, colors.HexColor("#d5dcde")),
        ("FONT", (0, -1), (-1, -1), "Helvetica-Bold", 6.5, 7.6),
        ("BACKGROUND", (0, -1), (-1, -1), _PALE),
        ("LINEABOVE", (0, -1), (-1, -1), 0.75, _BRAND),
    ]
    style += [("ALIGN", (n, 0), (n, -1), "RIGHT") for n, c in enumerate(table.columns) if c.kind.is_number]
    grid.setStyle(style)
    return grid


def _cell(value: Any, kind: Kind) -> Any:
    """Numbers and days as they are; a text as a paragraph, so that a long one breaks within its column."""
    said = _plain(shown(value, kind))
    return Paragraph(_markup(said), _CELL) if kind is Kind.TEXT and said else said


def _facts(lines: Sequence[tuple[str, str]]) -> Flowable:
    rows = [[Paragraph(f"<b>{_markup(name)}</b>", _BODY), Paragraph(_markup(value), _BODY)] for name, value in lines]
    grid = Grid(rows, colWidths=[1.9 * inch, _width() - 1.9 * inch], hAlign="LEFT")
    grid.setStyle([
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
    ])  # fmt: skip
    return grid


def _chart(opened: Opened, table: Table, chart: Chart) -> Drawing | None:
    """Bars by category, upright for months (the last ones), lying for anything else (the largest)."""
    rows = opened.grouped(table, chart.category, chart.values)
    by_month = table.column(chart.category).kind is Kind.MONTH
    rows = rows[-24:] if by_month else rows[: chart.limit]
    if not any(value for row in rows for value in row[1:]):
        return None
    width, height = _width() / 2 - 12, 165.0
    drawing = Drawing(width, height)
    drawing.add(String(0, height - 10, chart.title, fontName="Helvetica-Bold", fontSize=8.5, fillColor=_QUIET))
    plot: Any
    if by_month:
        plot = VerticalBarChart()
        plot.x, plot.y, plot.width, plot.height = 48, 30, width - 56, height - 62
        names = [_month_label(row[0], n) for n, row in enumerate(rows)]
    else:
        plot = HorizontalBarChart()
        plot.x, plot.y, plot.width, plot.height = 110, 18, width - 130, height - 48
        rows = rows[::-1]
        names = [_plain(str(row[0] or "none"))[:26] for row in rows]
    plot.data = [[float(row[n + 1]) for row in rows] for n in range(len(chart.values))]
    plot.categoryAxis.categoryNames = names
    plot.categoryAxis.labels.fontSize = plot.valueAxis.labels.fontSize = 6
    plot.categoryAxis.visibleTicks = 0
    if by_month:
        plot.categoryAxis.labels.boxAnchor = "n"
    else:
        plot.categoryAxis.labels.boxAnchor = "e"
        plot.categoryAxis.labels.dx = -4
    plot.valueAxis.labelTextFormat = _dollars
    plot.valueAxis.visibleGrid = 1
    plot.valueAxis.gridStrokeColor = colors.HexColor("#e3e8ea")
    plot.valueAxis.forceZero = 1
    plot.groupSpacing = 4
    paints = (_BRAND, _SECOND)
    for n in range(len(chart.values)):
        plot.bars[n].fillColor = paints[n % len(paints)]
        plot.bars[n].strokeColor = None
    drawing.add(plot)
    if len(chart.values) > 1:
        legend = Legend()
        legend.x, legend.y = 48 if by_month else 110, height - 16
        legend.fontName, legend.fontSize, legend.alignment = "Helvetica", 6.5, "right"
        legend.columnMaximum = 1
        legend.boxAnchor = "nw"
        legend.dx = legend.dy = 5
        legend.strokeWidth = 0
        legend.deltax = 90
        legend.colorNamePairs = [
            (paints[n % len(paints)], table.column(name).title) for n, name in enumerate(chart.values)
        ]
        drawing.add(legend)
    return drawing


def _month_label(month: date, position: int) -> str:
    return f"{month:%b}\n{month:%Y}" if position == 0 or month.month == 1 else f"{month:%b}"[0]


def _dollars(value: float) -> str:
    size = abs(value)
    for unit, letter_ in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if size >= unit:
            return f"${value / unit:,.1f}{letter_}".replace(".0" + letter_, letter_)
    return f"${value:,.0f}"


def _width() -> float:
    return float(_PAGE[0] - 2 * _MARGIN)


def _plain(value: str) -> str:
    """What the standard fonts can show, control characters as blanks."""
    printable = "".join(one if one.isprintable() else " " for one in value)
    return printable.encode("cp1252", "replace").decode("cp1252")


def _markup(value: str) -> str:
    return escape(_plain(value))
