"""The page of underpayments as a user meets it: the lines, what is still open, and changing where the work stands."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import streamlit as st

from claims.store import open_store
from claims.warehouse import publish
from compliance.access import Actor
from compliance.audit import AuditLog, Event
from tests.dashboards.conftest import EVERGREEN, SUMMIT, the_marts, write_warehouse
from tests.dashboards.test_pages import open_app, table, tiles

CLAIMS = {"one": f"{1:032x}-1", "two": f"{2:032x}-1"}


def short(claim_id: str, payer: str, variance: int, still_open: int, status: str) -> dict[str, object]:
    return {
        "tenant_id": "alder", "claim_id": claim_id, "line_number": 1, "payer_id": payer, "procedure_code": "99213",
        "month_date": date(2025, 4, 1), "detected_date": date(2025, 4, 2), "service_from_date": date(2025, 3, 1),
        "charge_amount": 150, "expected_amount": 100, "allowed_amount": 100 - variance, "variance_amount": variance,
        "recovered_amount": variance - still_open, "open_variance_amount": still_open, "status": status,
        "expected_method": "contract", "contract_id": "heron-2025",
    }  # fmt: skip


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("underpayments")
    rows = [
        short(CLAIMS["one"], EVERGREEN, 20, 20, "detected"),
        short(CLAIMS["two"], SUMMIT, 30, 0, "recovered"),
    ]
    warehouse = write_warehouse(home / "warehouse.duckdb", the_marts() | {"fct_underpayments": rows})
    (home / "lake").mkdir()
    publish(warehouse, home / "lake", home / "serving", ["alder"])
    return home / "serving"


@pytest.fixture
def home(copies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with a store and keys, seen by a biller."""
    (tmp_path / "serving").symlink_to(copies)
    with open_store(f"sqlite:///{tmp_path / 'store' / 'operational.db'}") as store:
        AuditLog(store.audit, tmp_path / "keys").record(Actor.of("setup", "engineer"), Event("test.started", "home"))
    for name in ("CLAIMWORKS_ACTOR_TENANTS", "CLAIMWORKS_STORE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (("HOME", str(tmp_path)), ("ACTOR", "jane"), ("ROLE", "biller")):
        monkeypatch.setenv(f"CLAIMWORKS_{name}", value)
    st.cache_data.clear()
    yield tmp_path
    st.cache_data.clear()


def test_a_line_is_worked_and_the_change_is_kept_and_recorded(home: Path) -> None:
    app = open_app("underpayments")
    assert tiles(app) == {"Lines": "2", "Variance": "$50", "Recovered": "$30", "Still open": "$20"}
    assert table(app, "work_status")["work_status"].to_list() == ["open", "recovered"]
    app.selectbox(key="work_new").set_value("rejected")
    app.button[0].click().run()
    assert "needs a reason" in app.error[0].value
    app.selectbox(key="work_new").set_value("sent")
    app.text_input(key="work_reason").set_value("asked by phone")
    app.button[0].click().run()
    assert app.success[0].value == f"{CLAIMS['one']} line 1: sent."
    assert table(app, "work_status")["work_status"].to_list() == ["sent", "recovered"]
    with open_store(f"sqlite:///{home / 'store' / 'operational.db'}") as store:
        [event] = store.underpayments.history("alder", CLAIMS["one"], 1)
        assert (event.status, event.actor, event.reason) == ("sent", "jane", "asked by phone")
        assert [row.action for row in store.audit.rows()][1:] == ["underpayment.status_changed"]
    app.multiselect(key="work_status").set_value(["recovered"]).run()
    assert tiles(app)["Lines"] == "1"


@pytest.mark.usefixtures("home")
def test_who_may_not_change_sees_the_lines_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAIMWORKS_ROLE", "analyst")
    app = open_app("underpayments")
    assert len(table(app, "work_status")) == 2
    assert "finance, biller have it" in app.info[0].value
    assert not app.button
