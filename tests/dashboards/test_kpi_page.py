"""The page of KPIs: the definition in use is stated, another one can be chosen, and the difference is shown."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).resolve().parents[2] / "dashboards" / "app.py")

pytestmark = pytest.mark.usefixtures("home")


def open_page(tenant: str = "alder") -> AppTest:
    app = AppTest.from_file(APP, default_timeout=30).run()
    app.selectbox(key="tenant").set_value(tenant).run()
    app.switch_page("screens/kpis.py").run()
    assert not app.exception
    return app


def tiles(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def grid(app: AppTest, column: str):
    return next(one.value for one in app.dataframe if column in one.value.columns)


def test_the_default_is_in_use_and_stated() -> None:
    app = open_page()
    assert tiles(app) == {"Chosen definition": "20.0%", "Default definition": "20.0%", "Difference": "+0.0 points"}
    text = " ".join(one.value for one in app.markdown)
    assert "(the default) = default formula of initial_denial_rate." in text
    assert any("Source: default body." in one.value for one in app.caption)


def test_another_definition_shows_its_difference() -> None:
    app = open_page()
    app.segmented_control(key="definition-initial_denial_rate").set_value("naive").run()
    assert tiles(app) == {"Chosen definition": "13.0%", "Default definition": "20.0%", "Difference": "-7.0 points"}
    assert any("not the default: naive" in one.value for one in app.markdown)


def test_the_rows_behind_a_number_are_named() -> None:
    assert [one.value for one in open_page().code] == [
        "select * from marts.fct_claims as claims\nwhere claims.is_initially_denied",
        "select * from marts.fct_claims as claims\nwhere claims.is_first_pass",
    ]


def test_payers_have_a_quotient_of_sums_or_a_median_of_their_own() -> None:
    app = open_page()
    rates = grid(app, "denominator").set_index("payer")["value"].to_dict()
    # 3 x 2 / 30 and 3 x 1 / 15
    assert rates == {"Evergreen Health": "20.0%", "Summit Mutual": "20.0%"}
    app.selectbox(key="kpi").set_value("payer_lag").run()
    assert grid(app, "denominator").set_index("payer")["value"].to_dict() == {
        "Evergreen Health": "15.0",
        "Summit Mutual": "40.0",
    }
    assert tiles(app)["Chosen definition"] == "20.0"


def test_every_definition_stands_in_the_table() -> None:
    rows = grid(open_page(), "formula")
    assert list(zip(rows["kpi"], rows["definition"], rows["value"], rows["difference"], strict=True)) == [
        ("Initial denial rate", "default", "20.0%", ""),
        ("Initial denial rate", "naive", "13.0%", "-7.0 points"),
        ("Payer lag", "default", "20.0", ""),
    ]


def test_an_organization_without_a_closed_month_is_told_so() -> None:
    app = open_page("birch")
    assert "No claims match" in app.info[0].value
