"""The data docs open without a network and hold no value of the data, whatever stands in it."""

import re
from pathlib import Path

import pytest

from quality.suites import SuiteResult, write_data_docs
from tests.unit.quality.test_suites import SECRET, break_row, good_rows, run, suite

TOKEN = "0123456789abcdef" * 2


def broken(table: str) -> SuiteResult:
    """A result to which every check of the suite but the shape has contributed a failure."""
    row_checks = [check for check in suite(table) if check.name != "shape"]
    rows = good_rows(table, len(row_checks) + 2)
    for at, check in enumerate(row_checks, start=2):
        break_row(check, rows, at)
    return run(table, rows)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    write_data_docs(folder, [broken("claims"), run("remittances", good_rows("remittances", 3))])
    return folder


def pages(site: Path) -> dict[str, str]:
    return {str(path.relative_to(site)): path.read_text(encoding="utf-8") for path in site.rglob("*") if path.is_file()}


def test_each_table_has_a_page_that_the_index_leads_to(site: Path) -> None:
    index = (site / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="([^"]+)"', index)
    assert links == ["bronze/claims.html", "bronze/remittances.html"]
    for link in links:
        assert 'href="../index.html"' in (site / link).read_text(encoding="utf-8")
    assert re.search(
        r"bronze/claims</a>.*?\d+ critical, \d+ warnings.*bronze/remittances</a>.*every expectation", index
    )


def test_a_page_names_every_column_and_every_count(site: Path) -> None:
    page = (site / "bronze" / "claims.html").read_text(encoding="utf-8")
    for column in ("patient_key", "frequency_code", "total_charge_amount", "received_date"):
        assert column in page
    assert "must never be null" in page
    assert "1 unexpected values found" in page


def test_no_value_of_the_data_stands_in_any_page(site: Path) -> None:
    for name, text in pages(site).items():
        for secret in ("Müller", "M&uuml;ller", "Hans", "*1950", TOKEN):
            assert secret not in text, name
    assert SECRET.startswith("Müller")


def test_a_page_fetches_nothing_and_runs_nothing(site: Path) -> None:
    for name, text in pages(site).items():
        assert "<script" not in text, name
        assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", text), name
        assert "<link" not in text, name
        assert "url(" not in text, name


def test_a_later_validation_replaces_its_own_page_alone(site: Path) -> None:
    other = (site / "bronze" / "claims.html").read_bytes()
    before = (site / "bronze" / "remittances.html").read_bytes()
    write_data_docs(site, [run("remittances", good_rows("remittances", 5))])
    assert (site / "bronze" / "claims.html").read_bytes() == other
    assert (site / "bronze" / "remittances.html").read_bytes() != before
    assert len(re.findall("<tr><td>", (site / "index.html").read_text(encoding="utf-8"))) == 2
    assert not list(site.rglob("*.part"))
