"""The page of underpayments as a user meets it: the lines, what is still open, and changing where the work stands."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from click.testing import Result
from typer.testing import CliRunner

from claims.store import open_store
from claims.warehouse import publish
from compliance.access import Actor
from compliance.audit import AuditLog, Event
from orchestration.cli import app
from orchestration.exits import CommandError, ExitCode
from tests.dashboards.conftest import EVERGREEN, SUMMIT, the_marts, write_warehouse
from tests.dashboards.test_pages import open_app, table, tiles

AtHome = Callable[[Path], AbstractContextManager[Any]]
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
    page = open_app("underpayments")
    assert tiles(page) == {"Lines": "2", "Variance": "$50", "Recovered": "$30", "Still open": "$20"}
    assert table(page, "work_status")["work_status"].to_list() == ["open", "recovered"]
    page.selectbox(key="work_new").set_value("rejected")
    page.button[0].click().run()
    assert "needs a reason" in page.error[0].value
    page.selectbox(key="work_new").set_value("sent")
    page.text_input(key="work_reason").set_value("asked by phone")
    page.button[0].click().run()
    assert page.success[0].value == f"{CLAIMS['one']} line 1: sent."
    assert table(page, "work_status")["work_status"].to_list() == ["sent", "recovered"]
    with open_store(f"sqlite:///{home / 'store' / 'operational.db'}") as store:
        [event] = store.underpayments.history("alder", CLAIMS["one"], 1)
        assert (event.status, event.actor, event.reason) == ("sent", "jane", "asked by phone")
        assert [row.action for row in store.audit.rows()][1:] == ["underpayment.status_changed"]
    page.multiselect(key="work_status").set_value(["recovered"]).run()
    assert tiles(page)["Lines"] == "1"


@pytest.mark.usefixtures("home")
def test_who_may_not_change_sees_the_lines_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAIMWORKS_ROLE", "analyst")
    page = open_app("underpayments")
    assert len(table(page, "work_status")) == 2
    assert "finance, biller have it" in page.info[0].value
    assert not page.button


def test_the_command_lists_sets_and_refuses(home: Path, at_home: AtHome) -> None:
    line = ["--tenant", "alder", "--claim", CLAIMS["one"], "--line", "1"]

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, ["underpayments", *words])

    with at_home(home):
        listed = run("list", "--tenant", "alder", "--status", "open")
        assert f"{CLAIMS['one']}      " in listed.stdout
        assert CLAIMS["two"] not in listed.stdout
        refused = run("set", "sent", *line, "--role", "analyst")
        assert isinstance(refused.exception, CommandError)
        assert refused.exception.code is ExitCode.REFUSED
        unknown = run("set", "sent", *line[:-1], "9", "--role", "biller")
        assert "no underpaid line" in str(unknown.exception)
        assert run("set", "reviewed", *line, "--role", "finance", "--as", "tom").exit_code == 0
        [told] = json.loads(run("history", *line, "--json").stdout)["changes"]
        assert (told["status"], told["actor"], told["role"]) == ("reviewed", "tom", "finance")
        [row] = json.loads(run("list", "--tenant", "alder", "--status", "reviewed", "--json").stdout)["lines"]
        assert (row["claim_id"], row["open_variance_amount"]) == (CLAIMS["one"], "20.00")
