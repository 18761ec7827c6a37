"""The page of finance reports as a user meets it: preview, filters, downloads, and what is recorded of them."""

import csv
import io
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from claims.reports import REPORTS, Filters
from claims.store import open_store
from compliance.access import Actor, RefusedError
from compliance.audit import AuditLog, Event
from dashboards import db, downloads
from tests.dashboards.test_browser import CHROMIUM, SHOWS_IN_MILLISECONDS, browser, dashboard
from tests.dashboards.test_pages import open_app, table

if TYPE_CHECKING:
    from playwright.sync_api import Page

VARIABLES = ("CLAIMWORKS_ACTOR", "CLAIMWORKS_ROLE", "CLAIMWORKS_ACTOR_TENANTS", "CLAIMWORKS_STORE_URL")


def start_chain(home: Path) -> Path:
    """Give the home its keys and audit chain, as the first ingest does."""
    with open_store(f"sqlite:///{home / 'store' / 'operational.db'}") as store:
        AuditLog(store.audit, home / "keys").record(Actor.of("setup", "engineer"), Event("test.started", "home"))
    return home


@pytest.fixture
def recorded_home(published_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The published copies in a home of its own that can record."""
    (tmp_path / "serving").symlink_to(published_home / "serving")
    (tmp_path / "store").mkdir()
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLAIMWORKS_HOME", str(tmp_path))
    st.cache_data.clear()
    return start_chain(tmp_path)


def events(home: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(home / "store" / "operational.db") as connection:
        return connection.execute(
            "SELECT actor, role, tenant_id, action, object_reference FROM audit_events ORDER BY sequence"
        ).fetchall()[1:]


def buttons(app: AppTest) -> list[str]:
    return [one.proto.label for one in app.get("download_button")]


def current(tenant: str = "alder") -> db.Copy:
    copy = db.current(tenant)
    assert copy is not None
    return copy


@pytest.mark.usefixtures("recorded_home")
class TestPage:
    def test_revenue_by_month_with_its_totals(self) -> None:
        app = open_app("reports")
        assert app.title[0].value == "Finance reports"
        app.segmented_control(key="table_revenue").set_value("months").run()
        rows = table(app, "net_charge_amount")
        # Six months of Evergreen (10,000) and Summit (5,000), as in conftest.
        assert len(rows) == 12
        assert float(rows["gross_charge_amount"].sum()) == 90_000
        assert any("Gross charges **\\$90,000.00**" in one.value for one in app.caption)

    def test_payers_and_months_narrow_it(self) -> None:
        app = open_app("reports")
        app.segmented_control(key="table_revenue").set_value("months").run()
        app.multiselect(key="payer").set_value(["SUM01"]).run()
        slider = app.select_slider(key="report_months")
        slider.set_range(slider.value[0], slider.value[0]).run()
        rows = table(app, "net_charge_amount")
        assert rows["payer"].to_list() == ["Summit Mutual"]

    @pytest.mark.parametrize("name", REPORTS)
    def test_every_report_shows_and_offers_three_files(self, name: str) -> None:
        app = open_app("reports")
        app.selectbox(key="report").set_value(name).run()
        assert not app.exception
        assert not app.error
        assert buttons(app) == ["Download CSV", "Download Excel", "Download PDF"]
        assert app.expander[0].label == "Definitions"
        for one in REPORTS[name].definitions:
            assert one.term in app.expander[0].markdown[0].value

    def test_a_report_as_of_the_cut_off_takes_no_months(self) -> None:
        app = open_app("reports")
        app.selectbox(key="report").set_value("credit_balances").run()
        assert not app.select_slider
        assert any("As of the last day of the data" in one.value for one in app.caption)

    def test_no_rows_say_so(self) -> None:
        app = open_app("reports")
        app.selectbox(key="report").set_value("credit_balances").run()
        assert "No claims match" in app.info[0].value


def test_a_download_is_recorded_and_then_made(recorded_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAIMWORKS_ACTOR", "fay")
    monkeypatch.setenv("CLAIMWORKS_ROLE", "finance")
    filters = Filters(payers=("EVG01",))
    data = downloads.file_bytes(current(), REPORTS["revenue"], filters, "csv", "months")
    rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    assert {row["payer"] for row in rows} == {"Evergreen Health"}
    assert sum(float(row["payment_amount"]) for row in rows) == 6 * 4000 + 2100
    data = downloads.file_bytes(current("birch"), REPORTS["revenue"], Filters(), "xlsx", None)
    assert openpyxl.load_workbook(io.BytesIO(data)).sheetnames == ["Revenue", "Months", "About"]
    assert downloads.file_bytes(current(), REPORTS["ar_aging"], Filters(), "pdf", None).startswith(b"%PDF")
    assert events(recorded_home) == [
        ("fay", "finance", "alder", "report.exported", "report:revenue format=csv table=months payers=EVG01"),
        ("fay", "finance", "birch", "report.exported", "report:revenue format=xlsx"),
        ("fay", "finance", "alder", "report.exported", "report:ar_aging format=pdf"),
    ]


@pytest.mark.parametrize(("role", "words"), [("coder", "no permission reports"), ("king", "king")])
def test_who_may_not_sees_no_button_and_gets_no_file(
    recorded_home: Path, monkeypatch: pytest.MonkeyPatch, role: str, words: str
) -> None:
    monkeypatch.setenv("CLAIMWORKS_ROLE", role)
    app = open_app("reports")
    assert not buttons(app)
    assert words in app.info[0].value
    if role == "king":
        return
    with pytest.raises(RefusedError):
        downloads.file_bytes(current(), REPORTS["revenue"], Filters(), "csv", None)
    assert [event[3] for event in events(recorded_home)] == ["report.refused"]


def test_a_copy_of_an_organization_that_is_not_his_is_never_opened(
    recorded_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alders = current()
    monkeypatch.setenv("CLAIMWORKS_ROLE", "finance")
    monkeypatch.setenv("CLAIMWORKS_ACTOR_TENANTS", "birch")
    assert db.tenants() == ["birch"]
    assert db.current("alder") is None
    app = open_app("reports", tenant="alder")
    assert app.session_state["tenant"] == "birch"
    assert open_app().selectbox(key="tenant").options == ["Birch"]
    with pytest.raises(RefusedError):
        downloads.file_bytes(alders, REPORTS["revenue"], Filters(), "csv", None)
    assert [event[3] for event in events(recorded_home)] == ["report.refused"]


@pytest.mark.usefixtures("home")
def test_where_nothing_can_be_recorded_the_command_stands_in_place_of_the_buttons(home: Path) -> None:
    app = open_app("reports")
    assert not buttons(app)
    assert "recorded in the audit chain" in app.info[0].value
    assert app.code[0].value.startswith("claimworks report revenue --tenant alder --format xlsx --from 2025-01 --to")
    assert not (home / "keys").exists(), "no chain of its own was begun"


def test_a_copy_that_lacks_a_mart_says_which(recorded_home: Path) -> None:
    import duckdb

    source = (recorded_home / "serving" / "birch.duckdb").resolve()
    (recorded_home / "serving").unlink()
    (recorded_home / "serving").mkdir()
    lacking = recorded_home / "serving" / "birch.duckdb"
    lacking.write_bytes(source.read_bytes())
    with duckdb.connect(str(lacking)) as connection:
        connection.execute("drop table marts.fct_remittances")
    app = open_app("reports", tenant="birch")
    assert "marts.fct_remittances" in app.error[0].value
    assert not buttons(app)


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no Chromium at {CHROMIUM}")
def test_three_files_are_downloaded_in_a_browser(recorded_home: Path, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    log = tmp_path / "streamlit.log"
    with dashboard(recorded_home, log) as address, browser(1440, 1000) as page:
        page.goto(f"{address}/?tenant=alder")
        page.get_by_test_id("stSidebarNav").get_by_text("Finance reports").click()
        expect(page.get_by_text("Definitions").first).to_be_visible(timeout=SHOWS_IN_MILLISECONDS)
        assert page.get_by_test_id("stException").count() == 0
        page.screenshot(path=tmp_path / "reports.png")
        checks: dict[str, Callable[[bytes], bool]] = {
            "CSV": lambda data: data.startswith(b"month,payer_id,"),
            "Excel": lambda data: data.startswith(b"PK"),
            "PDF": lambda data: data.startswith(b"%PDF"),
        }
        for label, is_right in checks.items():
            assert is_right(_download(page, f"Download {label}", tmp_path))
    assert "Traceback" not in log.read_text()
    assert [event[3] for event in events(recorded_home)] == ["report.exported"] * 3


def _download(page: "Page", label: str, folder: Path) -> bytes:
    with page.expect_download(timeout=SHOWS_IN_MILLISECONDS) as found:
        page.get_by_role("button", name=label).click()
    assert found.value.suggested_filename.startswith("alder-revenue-2025-01-2025-06.")
    target = folder / found.value.suggested_filename
    found.value.save_as(target)
    return target.read_bytes()
