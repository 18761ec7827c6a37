"""The page of claim edits: its numbers by hand, its filters, one edit in detail, and the override of it."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from claims.store import open_store
from tests.dashboards.test_pages import open_app, table, tiles

ELG = "f" + f"{1:031x}" + "-1:ELG-1:1:1"


@pytest.fixture
def own_home(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The published home as a copy of its own, with a master key, looked at by nobody in particular."""
    copy = tmp_path / "home"
    shutil.copytree(home / "serving", copy / "serving")
    monkeypatch.setenv("CLAIMWORKS_HOME", str(copy))
    monkeypatch.setenv("CLAIMWORKS_MASTER_KEY", "ERERERERERERERERERERERERERERERERERERERERERE=")
    monkeypatch.setenv("CLAIMWORKS_ACTOR", "jane")
    monkeypatch.delenv("CLAIMWORKS_ROLE", raising=False)
    monkeypatch.delenv("CLAIMWORKS_STORE_URL", raising=False)
    return copy


def choose_first_row(app: AppTest) -> AppTest:
    """As a click on the first row does, which this harness has no gesture for."""
    app.session_state["edit_row"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    return app.run()


@pytest.mark.usefixtures("home")
class TestEdits:
    def test_all_of_them(self) -> None:
        app = open_app("edits")
        # Two claims with three edits; three claims of alder were sent. One of the edits has an answer: a denial.
        assert tiles(app) == {"Claims with edits": "2", "Edits": "3", "Overridden": "0", "Denied there": "100.0%"}
        rules = table(app, "precision")
        assert rules[["rule", "fired", "judged", "foretold", "precision"]].to_numpy().tolist() == [
            ["ELG-1", 5, 4, 1, 25.0]
        ]
        assert table(app, "finds")["rule"].tolist() == ["X12-9", "DX-1", "ELG-1"]

    def test_payer_rule_and_severity_narrow_it(self) -> None:
        app = open_app("edits")
        app.multiselect(key="edit_severity").set_value(["error"]).run()
        assert table(app, "finds")["rule"].tolist() == ["X12-9", "ELG-1"]
        app.multiselect(key="edit_payer").set_value(["EVG01"]).run()
        assert table(app, "finds")["rule"].tolist() == ["ELG-1"]
        app.multiselect(key="edit_rule").set_value(["DX-1"]).run()
        assert tiles(app)["Edits"] == "0"

    def test_a_row_leads_to_its_segment(self) -> None:
        app = choose_first_row(open_app("edits"))
        assert [code.value for code in app.code] == [f"claimworks trace f{2:031x}:2:31"]
        assert "Fix of X12-9" in " ".join(one.value for one in app.markdown)


class TestOverride:
    def form(self, own_home: Path, monkeypatch: pytest.MonkeyPatch, role: str | None) -> AppTest:
        assert own_home.is_dir()
        if role:
            monkeypatch.setenv("CLAIMWORKS_ROLE", role)
        app = open_app("edits")
        app.multiselect(key="edit_rule").set_value(["ELG-1"]).run()
        return choose_first_row(app)

    def test_the_least_role_is_given_no_form(self, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        app = self.form(own_home, monkeypatch, None)
        assert not app.text_input
        assert "may not override" in " ".join(one.value for one in app.caption)

    def test_a_biller_overrides_with_a_reason_and_it_is_recorded(
        self, own_home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app = self.form(own_home, monkeypatch, "biller")
        app.button[0].click().run()
        assert "needs a reason" in app.error[0].value
        app.text_input(key="override_reason").set_value("coverage was given back")
        app.button[0].click().run()
        assert not app.exception
        assert app.success
        with open_store(f"sqlite:///{own_home}/store/operational.db") as store:
            [made] = store.overrides.all("alder")
            [event] = store.audit.rows()
        assert (made.edit_id, made.actor, made.role, str(made.received_date)) == (ELG, "jane", "biller", "2025-01-10")
        assert (event.action, event.object_reference, event.reason) == (
            "edit.overridden",
            ELG,
            "coverage was given back",
        )
