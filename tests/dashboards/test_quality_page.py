"""The page of the checks' history: hand-written runs, and what each role and organization is shown of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from claims.store import open_store
from claims.store.checks import CheckResult, Outcome, Source
from dashboards import db, history

APP = Path(__file__).resolve().parents[2] / "dashboards" / "app.py"
NOW = datetime.now(UTC).replace(microsecond=0)
E, D = Source.EXPECTATION, Source.DBT


def result(source: Source, table: str, check: str, outcome: Outcome = Outcome.PASSED, **other: object) -> CheckResult:
    layer = "bronze" if source is E else "marts" if source is D else "gold"
    severity = str(other.pop("severity", "critical"))
    return CheckResult(source, layer, table, check, severity, outcome, **other)  # type: ignore[arg-type]


@pytest.fixture
def checked(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs. The last one: a key broken in birch's rows alone, codes in both, a dbt test of nobody's rows, drift."""
    url = f"sqlite:///{tmp_path}/operational.db"
    monkeypatch.setenv("CLAIMWORKS_STORE_URL", url)
    for name in ("CLAIMWORKS_ROLE", "CLAIMWORKS_ACTOR", "CLAIMWORKS_ACTOR_TENANTS"):
        monkeypatch.delenv(name, raising=False)
    with open_store(url) as store:
        store.checks.record(
            "r1",
            [
                result(E, "claims", "key: unique"),
                result(E, "claims", "frequency_code: known value", severity="warning"),
                result(D, "fct_claims", "paid_adds_up"),
                result(D, "fct_claims", "not_null_claim_id"),
            ],
            NOW - timedelta(days=2),
        )
        bad = Outcome.FAILED
        store.checks.record(
            "r2",
            [
                result(E, "claims", "key: unique", bad, unexpected_count=7771, by_tenant={"birch": 7771}),
                result(
                    E, "claims", "frequency_code: known value", bad, severity="warning",
                    unexpected_count=30, by_tenant={"alder": 12, "birch": 18},
                ),
                result(D, "fct_claims", "paid_adds_up", bad, unexpected_count=5552),
                result(D, "fct_claims", "not_null_claim_id", Outcome.SKIPPED),
                result(Source.DRIFT, "denial_scores", "drift", bad, severity="warning", unexpected_count=3),
            ],
            NOW - timedelta(days=1),
        )  # fmt: skip


def open_page(tenant: str = "alder") -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.session_state["tenant"] = tenant
    app.run()
    app.switch_page("screens/quality.py").run()
    assert not app.exception
    return app


def tiles(app: AppTest) -> dict[str, tuple[str, str]]:
    return {metric.label: (metric.value, metric.delta) for metric in app.metric}


def grid(app: AppTest, with_column: str) -> pd.DataFrame:
    return next(frame.value for frame in app.dataframe if with_column in frame.value.columns)


def everything(app: AppTest) -> str:
    frames = [frame.value.to_string() for frame in app.dataframe]
    return " ".join([*frames, *(str(t) for t in tiles(app).items()), *(text.value for text in app.caption)])


@pytest.mark.usefixtures("checked")
class TestOneOrganization:
    def test_tiles_count_the_last_result_of_each_check(self) -> None:
        assert tiles(open_page()) == {
            "Great Expectations": ("1 of 2", "1 failed"),
            "dbt tests": ("0 of 2", "1 failed"),
            "Drift": ("0 of 1", "1 failed"),
        }

    def test_tables_say_how_they_went_run_by_run(self) -> None:
        rows = grid(open_page(), "trend").set_index("table")
        assert rows["result"].to_dict() == {
            "marts.fct_claims": "blocked", "bronze.claims": "warned", "gold.denial_scores": "warned",
        }  # fmt: skip
        assert [list(trend) for trend in rows["trend"]] == [[0, 1], [0, 1], [1]]
        assert rows.loc["marts.fct_claims", "skipped"] == 1

    def test_failures_have_its_own_counts(self) -> None:
        rows = grid(open_page(), "outcome").set_index("check")["unexpected"]
        assert rows["frequency_code: known value"] == 12
        assert pd.isna(rows["paid_adds_up"]), "a count that cannot be told apart is not told"

    def test_nothing_of_another_organization_is_on_the_page(self) -> None:
        shown = everything(open_page())
        for secret in ("7771", "5552", "30", "18"):
            assert secret not in shown.split()
        assert "birch" not in shown.lower()
        assert "7771" in everything(open_page("birch")).split(), "the search finds what is there"

    def test_a_table_shows_every_check_of_every_run(self) -> None:
        app = open_page()
        app.selectbox(key="checked_table").set_value("marts.fct_claims").run()
        rows = app.dataframe[-1].value
        assert rows["outcome"].to_list() == ["skipped", "failed", "passed", "passed"]
        app.toggle(key="only_failed").set_value(True).run()
        assert app.dataframe[-1].value["check"].to_list() == ["paid_adds_up"] * 2

    def test_who_is_not_of_all_tenants_is_offered_no_view_of_all(self) -> None:
        assert "all_organizations" not in [toggle.key for toggle in open_page().toggle]
        with pytest.raises(db.DataError, match="may not see"):
            history.tables(None, NOW - timedelta(days=30))

    def test_an_assignment_to_other_tenants_is_held(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CLAIMWORKS_ACTOR_TENANTS", "birch")
        assert open_page("alder").session_state["tenant"] == "birch", "what he asks for is not offered to him"
        with pytest.raises(db.DataError, match="may not see"):
            history.failures("alder", NOW - timedelta(days=30), 10)


@pytest.mark.usefixtures("checked")
def test_an_engineer_sees_counts_over_all_organizations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAIMWORKS_ROLE", "engineer")
    app = open_page()
    app.toggle(key="all_organizations").set_value(True).run()
    rows = grid(app, "outcome").set_index("check")["unexpected"]
    assert rows.to_dict() == {
        "key: unique": 7771, "frequency_code: known value": 30, "drift": 3, "paid_adds_up": 5552,
    }  # fmt: skip
    assert tiles(app)["Great Expectations"] == ("0 of 2", "2 failed")


def test_before_the_first_check_the_page_says_what_to_run(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAIMWORKS_STORE_URL", f"sqlite:///{tmp_path}/none/operational.db")
    app = open_page()
    assert "No check has been recorded yet" in app.info[0].value
    assert not (tmp_path / "none").exists(), "looking makes no store"
    st.cache_data.clear()
