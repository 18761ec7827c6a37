"""The pages as a user meets them, their numbers against those worked out from conftest's rows by hand."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from dashboards import db, exports, queries
from dashboards.queries import Filters, Span

APP = Path(__file__).resolve().parents[2] / "dashboards" / "app.py"


def open_app(page: str | None = None, **session: object) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60)
    for key, value in session.items():
        app.session_state[key] = value
    app.run()
    if page:
        app.switch_page(f"screens/{page}.py").run()
    assert not app.exception
    return app


def tiles(app: AppTest) -> dict[str, str]:
    assert not app.exception
    return {metric.label: metric.value for metric in app.metric}


def deltas(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.delta for metric in app.metric}


def table(app: AppTest, with_column: str) -> pd.DataFrame:
    return next(frame.value for frame in app.dataframe if with_column in frame.value.columns)


def test_streamlit_finds_no_pages_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it does, a link into a page shows it without its frame (see `app.py`); the browser's test follows one."""
    monkeypatch.setattr(PagesManager, "uses_pages_directory", None)
    assert PagesManager(str(APP)).uses_pages_directory is False


@pytest.mark.usefixtures("home")
class TestOverview:
    def test_all_months_and_payers(self) -> None:
        # Charges 6 x 15,000. Payments 6 x 4,000 + 100 + ... + 600 + 6 x 2,000. Rate (8 + 3) / (40 + 20), January to
        # April. Days: 24,000 / (45,000 / 91 days).
        assert tiles(open_app()) == {
            "Charges": "$90.0K",
            "Payments": "$38.1K",
            "Initial denial rate": "18.3%",
            "Days in A/R": "48.5",
        }

    def test_a_payer_changes_every_number(self) -> None:
        app = open_app()
        app.multiselect(key="payer").set_value(["SUM01"]).run()
        # Rate 3 / 20. Days: 4,000 / (15,000 / 91).
        assert tiles(app) == {
            "Charges": "$30.0K",
            "Payments": "$12.0K",
            "Initial denial rate": "15.0%",
            "Days in A/R": "24.3",
        }

    def test_a_period_is_compared_with_the_one_before(self) -> None:
        app = open_app()
        app.segmented_control(key="period").set_value("3 months").run()
        # April to June against January to March; closed are April alone, 3 / 15, and January to March, 8 / 45.
        assert tiles(app)["Charges"] == "$45.0K"
        assert tiles(app)["Payments"] == "$19.5K"
        assert tiles(app)["Initial denial rate"] == "20.0%"
        assert deltas(app) == {
            "Charges": "+0.0%",
            "Payments": "+4.8%",
            "Initial denial rate": "+2.2 points",
            "Days in A/R": "+0.0",
        }

    def test_other_definitions_of_the_rate_stand_beside_it(self) -> None:
        app = open_app()
        app.segmented_control(key="period").set_value("3 months").run()
        values = app.table[0].value.set_index("Number")["Value"]
        # Of adjudicated claims, April: 3 / 14. By month of remittance: 9 first denials / (3 x 15 a month).
        assert values["Initial denial rate, of adjudicated claims"] == "21.4%"
        assert values["Initial denial rate, by month of the remittance"] == "20.0%"

    def test_the_reporting_rate_waits_for_three_months_before(self) -> None:
        values = open_app().table[0].value.set_index("Number")["Value"]
        assert values["Initial denial rate, by month of the remittance"] == "—"

    def test_another_definition_of_a_rate_can_be_chosen(self) -> None:
        app = open_app()
        control = "tile-Initial denial rate"
        assert app.segmented_control(key=control).value == "this page"
        app.segmented_control(key=control).set_value("default").run()
        # Closed are January to April: 3 x 4 x 3 denied of 4 x 45 sent in the months before.
        assert (tiles(app)["Initial denial rate"], deltas(app)["Initial denial rate"]) == ("20.0%", "the default")
        app.segmented_control(key=control).set_value("naive").run()
        # 4 x 2 of 4 x 15.
        shown = (tiles(app)["Initial denial rate"], deltas(app)["Initial denial rate"])
        assert shown == ("13.3%", "-6.7 points to the default")
        [metric] = [one for one in app.metric if one.label == "Initial denial rate"]
        assert "naive formula of initial_denial_rate (naive: naive body)" in metric.help
        app.multiselect(key="payer").set_value(["SUM01"]).run()
        assert tiles(app)["Initial denial rate"] == "0.0%"
        assert deltas(app)["Initial denial rate"] == "-20.0 points to the default"

    def test_every_definition_of_the_tiles_stands_side_by_side(self) -> None:
        rows = table(open_app(), "formula")
        assert list(zip(rows["definition"], rows["value"], rows["difference"], strict=True)) == [
            ("default", "20.0%", ""),
            ("naive", "13.3%", "-6.7 points"),
        ]

    def test_every_tile_states_its_formula_and_source(self) -> None:
        for metric in open_app().metric:
            assert "Source: `marts.agg_" in metric.help
            assert f"**{metric.label}** =" in metric.help

    def test_payers_stand_in_the_table_with_their_own_numbers(self) -> None:
        rows = table(open_app(), "denial_rate").set_index("payer")
        assert rows.loc["Evergreen Health", "denial_rate"] == pytest.approx(100 * 8 / 40)
        assert rows.loc["Summit Mutual", "denial_rate"] == pytest.approx(100 * 3 / 20)
        assert rows["claims"].to_dict() == {"Evergreen Health": 60, "Summit Mutual": 30}

    def test_the_months_that_are_open_are_marked(self) -> None:
        rows = table(open_app(), "is_open")
        assert rows["is_open"].to_list() == [False] * 4 + [True] * 2

    def test_another_organization_shows_its_own_numbers_only(self) -> None:
        app = open_app()
        assert app.selectbox(key="tenant").options == ["Alder", "Birch"]
        app.selectbox(key="tenant").set_value("birch").run()
        assert tiles(app)["Charges"] == "$700"
        assert tiles(app)["Payments"] == "$650"
        assert list(table(app, "denial_rate")["payer"]) == ["Evergreen Health"]

    def test_the_heading_says_how_fresh_the_data_is(self) -> None:
        assert "data through Jun 30, 2025" in open_app().caption[0].value


@pytest.mark.usefixtures("home")
class TestDenials:
    def test_all(self) -> None:
        app = open_app("denials")
        # 12 of Evergreen and 5 of Summit of 90 claims; 6 x 1,600 + 5 x 500 dollars; 6 x 400 recovered.
        assert tiles(app) == {
            "Denied claims": "17",
            "Initial denial rate": "18.3%",
            "Denied charges": "$12.1K",
            "Recovered": "$2.40K",
        }
        assert deltas(app)["Denied claims"] == "of 90 sent"
        # 4 x 1,600 + 3 x 500 of 60,000 in the closed months.
        assert deltas(app)["Denied charges"] == "13.2% of charges, closed months"
        assert deltas(app)["Recovered"] == "19.8% of denied charges"

    @pytest.mark.parametrize(
        ("key", "value", "claims", "rate", "charges"),
        [
            ("payer", "SUM01", "5", "15.0%", "$2.50K"),
            ("provider", "1234567893", "12", "20.0%", "$9.60K"),
            ("category", "authorization", "6", "6.7%", "$3.60K"),
        ],
    )
    def test_each_filter_changes_the_numbers(self, key: str, value: str, claims: str, rate: str, charges: str) -> None:
        app = open_app("denials")
        app.multiselect(key=key).set_value([value]).run()
        shown = tiles(app)
        found = (shown["Denied claims"], shown["Initial denial rate"], shown["Denied charges"])
        assert found == (claims, rate, charges)

    def test_the_months_filter_changes_the_numbers(self) -> None:
        app = open_app("denials")
        slider = app.select_slider(key="months")
        slider.set_range(queries.add_months(slider.value[1], -1), slider.value[1]).run()
        # May and June: 2 x 3 denied of 30 sent, and no closed month to take a rate of.
        assert tiles(app)["Denied claims"] == "6"
        assert tiles(app)["Initial denial rate"] == "—"

    @pytest.mark.parametrize(
        ("dimension", "first"),
        [
            ("Category", ("Eligibility", 11, 90)),
            ("Payer", ("Evergreen Health", 12, 60)),
            ("Provider", ("Family medicine · NPI 1234567893", 12, 60)),
            ("Specialty", ("Family medicine", 17, 90)),
            ("Procedure", ("99213", 12, 120)),
        ],
    )
    def test_each_breakdown(self, dimension: str, first: tuple[str, int, int]) -> None:
        app = open_app("denials")
        app.segmented_control(key="by").set_value(dimension).run()
        rows = table(app, "share")
        _, denied, submitted = first
        top = rows.iloc[0]
        assert (top["name"], top["denied"], top.get("submitted", 90)) == first
        assert top["rate"] == pytest.approx(100 * denied / submitted)
        assert rows["share"].sum() == pytest.approx(100)

    def test_the_denials_name_claim_and_segment_and_leave_resubmissions_out(self) -> None:
        rows = table(open_app("denials"), "segment_ordinal")
        assert rows["claim_id"].to_list() == [f"f{2:031x}-1", f"f{1:031x}-1"]
        assert rows["segment_ordinal"].to_list() == [42, 17]
        assert rows["file_id"].to_list() == ["e" * 32] * 2

    def test_filters_reach_the_denials(self) -> None:
        app = open_app("denials")
        app.multiselect(key="payer").set_value(["SUM01"]).run()
        assert table(app, "segment_ordinal")["segment_ordinal"].to_list() == [42]

    def test_another_definition_of_the_rate_can_be_chosen(self) -> None:
        app = open_app("denials")
        app.segmented_control(key="tile-Initial denial rate").set_value("naive").run()
        assert tiles(app)["Initial denial rate"] == "13.3%"
        assert deltas(app)["Initial denial rate"] == "-6.7 points to the default"

    def test_nothing_left_by_the_filters_says_so(self) -> None:
        app = open_app("denials")
        app.multiselect(key="payer").set_value(["SUM01"]).run()
        app.multiselect(key="category").set_value(["authorization"]).run()
        assert "No claims match these filters" in app.info[0].value
        assert not app.metric

    def test_a_tenant_without_denials_says_so(self) -> None:
        app = open_app("denials", tenant="birch")
        assert "No claims match" in app.info[0].value

    def test_the_download_neutralises_formulas(self) -> None:
        copy = db.current("alder")
        assert copy is not None
        span = queries.month_span(copy)
        assert span is not None
        text = exports.csv(queries.denied_rows(copy, Filters(span), None)).decode()
        assert '"\'=HYPERLINK(1)"' in text
        assert text.count("\n") == 3

    def test_values_are_bound_not_pasted(self) -> None:
        copy = db.current("alder")
        assert copy is not None
        span = Span(queries.month_span(copy).start, queries.month_span(copy).end)
        evil = Filters(span, payers=("x') or 1=1 --",))
        assert queries.denial_totals(copy, evil).submitted_count == 0


@pytest.mark.parametrize("page", [None, "denials"])
def test_nothing_published_says_what_to_run(page: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAIMWORKS_HOME", str(tmp_path))
    app = open_app(page)
    assert "make demo" in app.info[0].value
    assert not app.metric


def test_a_file_of_another_tenant_is_refused(
    published_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "serving").mkdir()
    shutil.copy(published_home / "serving" / "birch.duckdb", tmp_path / "serving" / "alder.duckdb")
    monkeypatch.setenv("CLAIMWORKS_HOME", str(tmp_path))
    app = open_app()
    assert "not its own" in app.error[0].value
    assert not app.metric


def test_a_damaged_file_is_an_error_message_not_a_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "serving").mkdir()
    (tmp_path / "serving" / "alder.duckdb").write_bytes(b"no database" * 1000)
    monkeypatch.setenv("CLAIMWORKS_HOME", str(tmp_path))
    app = open_app()
    assert "could not be read" in app.error[0].value


def test_a_publication_is_seen_at_the_next_run(
    published_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = tmp_path / "serving"
    serving.mkdir()

    def publish_copy_of(tenant: str) -> None:
        shutil.copy(published_home / "serving" / tenant, serving / "new.part")
        (serving / "new.part").replace(serving / "alder.duckdb")

    publish_copy_of("alder.duckdb")
    monkeypatch.setenv("CLAIMWORKS_HOME", str(tmp_path))
    before = db.current("alder")
    assert before is not None
    assert db.published(before).tenant_id == "alder"
    publish_copy_of("birch.duckdb")
    after = db.current("alder")
    assert after is not None
    assert after != before, "the cache's key follows the file"
    with pytest.raises(db.DataError, match="not its own"):
        db.published(after)
