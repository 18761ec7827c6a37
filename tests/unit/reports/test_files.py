"""The files read back by other programs: the csv module, openpyxl and pypdf."""

import csv
import math
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pypdf
import pytest

from claims.reports import FORMATS, REPORTS, Filters, ReportError, pdf_file, write, xlsx_file
from claims.reports.csv_file import MARK
from tests.unit.reports.conftest import EVIL, NPI, Rows, owed

Published = Callable[[Rows], Path]


def made(copy: Path, name: str, file_format: str, out: Path, **options: Any) -> Path:
    write(copy, "alder", REPORTS[name], options.pop("filters", Filters()), file_format, out, **options)
    return out


def pdf_text(path: Path) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(path).pages]


class TestCsv:
    def test_it_is_rfc_4180_in_utf_8(self, plain_copy: Path, tmp_path: Path) -> None:
        data = made(plain_copy, "revenue", "csv", tmp_path / "a.csv", table_name="months").read_bytes()
        lines = data.split(b"\r\n")
        assert data.endswith(b"\r\n")
        assert b"\n" not in data.replace(b"\r\n", b"")
        assert len(lines) == 1 + 12 + 1
        assert lines[0] == (
            b"month,payer_id,payer,claim_count,gross_charge_amount,net_charge_amount,payment_amount,adjustment_amount,"
            b"write_off_amount,state"
        )
        assert b'2025-01-01,EVG01,"Evergreen, ""Health""",3,1000.00,900.00,400.10,20.00,5.00,closed' in lines

    def test_a_byte_order_mark_only_when_asked_for(self, plain_copy: Path, tmp_path: Path) -> None:
        plain = made(plain_copy, "revenue", "csv", tmp_path / "a.csv").read_bytes()
        marked = made(plain_copy, "revenue", "csv", tmp_path / "b.csv", with_mark=True).read_bytes()
        assert marked == MARK + plain

    def test_no_rows_leave_the_header(self, plain_copy: Path, tmp_path: Path) -> None:
        data = made(plain_copy, "underpayments", "csv", tmp_path / "a.csv").read_bytes()
        assert data.startswith(b"claim_id,")
        assert data.count(b"\r\n") == 1


class TestXlsx:
    @pytest.fixture(scope="class")
    def book(self, plain_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> openpyxl.Workbook:
        filters = Filters(date(2025, 1, 1), date(2025, 3, 1), ("SUM01", "EVG01"))
        out = tmp_path_factory.mktemp("xlsx") / "a.xlsx"
        return openpyxl.load_workbook(made(plain_copy, "revenue", "xlsx", out, filters=filters))

    def test_a_sheet_for_each_table_and_one_about_them(self, book: openpyxl.Workbook) -> None:
        assert book.sheetnames == ["Revenue", "Months", "About"]

    def test_cells_have_types_and_formats(self, book: openpyxl.Workbook) -> None:
        sheet = book["Months"]
        header = {cell.value: cell.column for cell in sheet[1]}
        row = {title: sheet.cell(2, column) for title, column in header.items()}
        assert row["Month"].value.date() == date(2025, 1, 1)
        assert row["Month"].number_format == "mmm yyyy"
        assert (row["Payer ID"].data_type, row["Payer ID"].value) == ("s", "SUM01")
        assert (row["Claims sent"].data_type, row["Claims sent"].value) == ("n", 3)
        assert (row["Payments"].data_type, row["Payments"].value) == ("n", 400.1)
        assert row["Payments"].number_format.startswith("#,##0.00")

    def test_header_is_frozen_filters_are_on_and_the_total_is_below(self, book: openpyxl.Workbook) -> None:
        sheet = book["Months"]
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == "A1:J7"
        assert sheet.max_row == 8
        header = {cell.value: cell.column for cell in sheet[1]}
        assert sheet.cell(8, 1).value == "Total"
        assert sheet.cell(8, header["Payments"]).value == pytest.approx(2400.6)
        assert sheet.cell(8, header["Claims sent"]).value == 18
        assert sheet.cell(8, header["Payments"]).font.bold

    def test_no_cell_of_any_report_is_a_formula_or_a_link(self, plain_copy: Path, tmp_path: Path) -> None:
        for name in REPORTS:
            for sheet in openpyxl.load_workbook(made(plain_copy, name, "xlsx", tmp_path / "all.xlsx")):
                for row in sheet.iter_rows():
                    assert not [cell for cell in row if cell.data_type == "f" or cell.hyperlink]

    def test_the_sheet_about_it_has_filters_provenance_and_definitions(self, book: openpyxl.Workbook) -> None:
        said = {row[0].value: row[1].value for row in book["About"].iter_rows() if row[0].value}
        assert said["Months"] == "2025-01 to 2025-03 (submission for charges, payment for payments)"
        assert said["Payers"] == f'{EVIL} (SUM01), Evergreen, "Health" (EVG01)'.replace("=", "'=", 1)
        assert said["Data cut-off"] == "2025-06-30"
        assert said["Published at"].endswith(" UTC")
        assert said["Denial model version"] == "none"
        assert said["Rows: By month and payer"] == "6"
        assert said["Source: By month and payer"] == "marts.agg_revenue_monthly, marts.dim_payer"
        assert len(said["Report version: By month and payer"]) == 12
        for one in REPORTS["revenue"].definitions:
            assert said[one.term] == one.words

    def test_a_text_of_digits_stays_a_text(self, published: Published, tmp_path: Path) -> None:
        copy = published({"fct_ar_snapshot": [owed(1, Decimal("12.30"))]})
        sheet = openpyxl.load_workbook(made(copy, "ar_aging", "xlsx", tmp_path / "a.xlsx"))["Claims"]
        header = {cell.value: cell.column for cell in sheet[1]}
        npi = sheet.cell(2, header["Provider NPI"])
        assert (npi.data_type, npi.value, npi.number_format) == ("s", NPI, "@")

    def test_a_negative_amount_stays_a_number(self, published: Published, tmp_path: Path) -> None:
        copy = published({"fct_ar_snapshot": [owed(1, Decimal("-12.30"))]})
        assert b",-12.30\r\n" in made(copy, "ar_aging", "csv", tmp_path / "a.csv", table_name="claims").read_bytes()
        sheet = openpyxl.load_workbook(made(copy, "ar_aging", "xlsx", tmp_path / "a.xlsx"))["Claims"]
        header = {cell.value: cell.column for cell in sheet[1]}
        balance = sheet.cell(2, header["Open balance"])
        assert (balance.data_type, balance.value) == ("n", -12.3)

    def test_more_rows_than_a_sheet_has_are_refused_and_leave_nothing(
        self, plain_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(xlsx_file, "MAX_ROWS", 5)
        with pytest.raises(ReportError, match="take CSV"):
            made(plain_copy, "revenue", "xlsx", tmp_path / "a.xlsx")
        assert not list(tmp_path.iterdir())


class TestPdf:
    def test_every_page_has_its_number_and_the_heading(self, published: Published, tmp_path: Path) -> None:
        copy = published({"fct_ar_snapshot": [owed(n, n) for n in range(1, 200)]})
        pages = pdf_text(made(copy, "ar_aging", "pdf", tmp_path / "a.pdf"))
        assert len(pages) > 4
        for number, text in enumerate(pages, start=1):
            assert f"Page {number} of {len(pages)}" in text
            assert "Claimworks" in text
            assert "A/R aging" in text
            assert "alder · data through 2025-06-30" in text

    def test_a_table_that_breaks_repeats_its_header_and_ends_with_totals(
        self, published: Published, tmp_path: Path
    ) -> None:
        copy = published({"fct_ar_snapshot": [owed(n, n) for n in range(1, 200)]})
        pages = pdf_text(made(copy, "ar_aging", "pdf", tmp_path / "a.pdf", table_name="claims"))
        breaking = [text for text in pages if "Open claims" in text or "19,900.00" in text]
        assert len(breaking) == 2
        assert sum("Open balance" in text for text in pages) > 3
        assert f"{200 * 199 // 2:,}.00" in "".join(pages)

    def test_it_has_charts_filters_and_definitions(self, plain_copy: Path, tmp_path: Path) -> None:
        text = " ".join(" ".join(pdf_text(made(plain_copy, "revenue", "pdf", tmp_path / "a.pdf"))).split())
        denials = " ".join(pdf_text(made(plain_copy, "denials", "pdf", tmp_path / "b.pdf")))
        assert "Denied charges by category" in denials
        assert "2025-01 to 2025-06" in text
        for one in REPORTS["revenue"].definitions:
            assert one.term in text

    def test_a_long_table_is_cut_and_says_so_with_the_totals_of_all(
        self, published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pdf_file, "MAX_ROWS", 10)
        copy = published({"fct_ar_snapshot": [owed(n, n) for n in range(1, 41)]})
        text = " ".join(pdf_text(made(copy, "ar_aging", "pdf", tmp_path / "a.pdf", table_name="claims")))
        assert "The first 10 of 40 rows; the totals are of all" in text
        assert "820.00" in text

    def test_markup_in_a_name_is_shown_as_it_is(self, published: Published, tmp_path: Path) -> None:
        names = [{"tenant_id": "alder", "payer_id": "EVG01", "payer_name": "<b>A & B</b> \x07Łódź"}]
        text = " ".join(pdf_text(made(published({"dim_payer": names}), "revenue", "pdf", tmp_path / "a.pdf")))
        assert "<b>A & B</b>" in text


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("file_format", FORMATS)
def test_the_same_copy_gives_the_same_bytes(name: str, file_format: str, plain_copy: Path, tmp_path: Path) -> None:
    first = made(plain_copy, name, file_format, tmp_path / "first").read_bytes()
    again = made(plain_copy, name, file_format, tmp_path / "again").read_bytes()
    assert first == again


def test_a_report_that_fails_leaves_the_file_that_was_there(
    plain_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "a.xlsx"
    out.write_bytes(b"before")
    monkeypatch.setattr(xlsx_file, "_about_sheet", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        made(plain_copy, "revenue", "xlsx", out)
    assert out.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]


def test_an_unknown_format_or_table_is_refused(plain_copy: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one of csv, xlsx, pdf"):
        made(plain_copy, "revenue", "docx", tmp_path / "a")
    with pytest.raises(KeyError):
        made(plain_copy, "revenue", "csv", tmp_path / "a", table_name="nope")


LAST_RECEIVABLE = """
    select sum(receivable_amount) from marts.agg_revenue_monthly
    where month_date = (select max(month_date) from marts.agg_revenue_monthly)
"""
# report, table, column of the file -> what the mart says of the same months
AGAINST = [
    ("revenue", "detail", "gross_charge_amount", "select sum(gross_charge_amount) from marts.agg_revenue_monthly"),
    ("revenue", "detail", "payment_amount", "select sum(payment_amount) from marts.agg_revenue_monthly"),
    ("revenue", "detail", "claim_count", "select sum(claim_count) from marts.agg_revenue_monthly"),
    ("revenue", "detail", "answer_count", "select count(*) from marts.fct_remittances"),
    ("revenue", "months", "net_charge_amount", "select sum(net_charge_amount) from marts.agg_revenue_monthly"),
    ("revenue", "months", "adjustment_amount", "select sum(adjustment_amount) from marts.agg_revenue_monthly"),
    ("payments", "deposits", "payment_amount", "select sum(payment_amount) from marts.fct_payments"),
    ("payments", "deposits", "claim_payment_amount", "select sum(payment_amount) from marts.fct_remittances"),
    ("payments", "months", "payment_amount", "select sum(payment_amount) from marts.fct_remittances"),
    (
        "payments",
        "months",
        "matched_payment_amount",
        "select sum(payment_amount) from marts.fct_remittances where claim_id is not null",
    ),
    ("payments", "breaks", "difference_amount", "select sum(difference_amount) from marts.fct_reconciliation_breaks"),
    ("ar_aging", "payers", "receivable_amount", "select sum(open_balance_amount) from marts.fct_claims"),
    ("payments", "deposits", "difference_amount", "select sum(difference_amount) from marts.fct_payments"),
    (
        "payments",
        "adjustments",
        "adjustment_amount",
        "select sum(adjustment_amount) from marts.fct_provider_adjustments",
    ),
    ("underpayments", "lines", "variance_amount", "select sum(variance_amount) from marts.fct_underpayments"),
    (
        "underpayments",
        "payers",
        "open_variance_amount",
        "select sum(open_variance_amount) from marts.fct_underpayments",
    ),
    (
        "ar_aging",
        "payers",
        "receivable_amount",
        LAST_RECEIVABLE,
    ),
    ("ar_aging", "claims", "open_balance_amount", "select sum(open_balance_amount) from marts.fct_claims"),
    ("denials", "months", "denied_claim_count", "select sum(denied_claim_count) from marts.agg_denials_monthly"),
    ("denials", "months", "recovered_amount", "select sum(recovered_amount) from marts.agg_denials_monthly"),
    ("denials", "write_offs", "write_off_amount", "select sum(write_off_amount) from marts.fct_claims"),
    ("payer_scorecard", "payers", "payment_amount", "select sum(payment_amount) from marts.fct_remittances"),
    ("payer_scorecard", "payers", "denied_count", "select sum(denied_claim_count) from marts.agg_denials_monthly"),
    ("payer_scorecard", "payers", "claim_count", "select sum(claim_count) from marts.agg_denials_monthly"),
]


@pytest.mark.parametrize(("name", "table", "column", "sql"), AGAINST)
def test_totals_of_the_files_equal_the_marts(
    name: str, table: str, column: str, sql: str, demo_home: Any, tmp_path: Path
) -> None:
    """On the simulated network: what the CSV adds up to and what XLSX and PDF state is what the marts say."""
    copy = demo_home.serving / "alder.duckdb"
    with duckdb.connect(str(copy), read_only=True) as connection:
        expected = Decimal(connection.execute(sql).fetchone()[0] or 0)
    out = made(copy, name, "csv", tmp_path / "a.csv", table_name=table)
    with out.open(newline="", encoding="utf-8") as file:
        found = [Decimal(row[column] or 0) for row in csv.DictReader(file)]
    assert sum(found) == expected
    declared = REPORTS[name].table(table)
    if not found or declared.column(column).total is None:
        return
    title = declared.column(column).title
    book = openpyxl.load_workbook(made(copy, name, "xlsx", tmp_path / "a.xlsx", table_name=table))
    sheet = book[book.sheetnames[0]]
    position = next(cell.column for cell in sheet[1] if cell.value == title)
    assert math.isclose(sheet.cell(sheet.max_row, position).value, float(expected), abs_tol=0.005)
    cells = [sheet.cell(row, position).value or 0 for row in range(2, sheet.max_row)]
    assert math.isclose(math.fsum(cells), float(expected), abs_tol=0.005)
    shown = f"{expected:,.2f}" if declared.column(column).kind.value == "amount" else f"{int(expected):,}"
    assert shown in " ".join(pdf_text(made(copy, name, "pdf", tmp_path / "a.pdf", table_name=table)))
