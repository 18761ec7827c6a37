"""The charts: an Arrow table in, an Altair chart out.

Belongs here: marks, axes, tooltips, colours that mean something. Does not belong here: what is counted (`queries.py`).

Colours come from `.streamlit/config.toml`, so that they follow the light and the dark theme. No meaning hangs on colour
alone: open months are pale or hollow and say so in the tooltip, and each chart's numbers stand in a table on its page.
"""

import altair as alt
import pyarrow as pa

HEIGHT = 260
ROW = 26
CELL = "cell"
_PALE = 0.4
_GAP = 0.07
# Readable on the light and on the dark background.
_QUIET = "#6f7b84"
# d3 writes thousands as k and billions as G; money is read as K and B, as on the tiles.
_CAPITAL = "datum.value == 0 ? '0' : replace(replace(datum.label, 'k', 'K'), 'G', 'B')"
_STATE = "datum.is_open ? 'open, answers still to come' : 'closed'"
_MONTH_TOOLTIP = alt.Tooltip("yearmonth(month):T", title="Month", format="%B %Y")
_STATE_TOOLTIP = alt.Tooltip("state:N", title="Month is")


def _months(gap: float | None = None) -> alt.X:
    """Months from left to right, the year under each January and under the first."""
    words = "timeFormat(datum.value, '%b')"
    axis = alt.Axis(
        labelExpr=f"datum.index == 0 || month(datum.value) == 0 ? [{words}, timeFormat(datum.value, '%Y')] : {words}",
        labelAngle=0,
        labelOverlap="parity",
        title=None,
        grid=False,
        ticks=False,
    )
    return alt.X("yearmonth(month):O", axis=axis, scale=alt.Undefined if gap is None else alt.Scale(padding=gap))


def _dollars() -> alt.Axis:
    return alt.Axis(format="$~s", labelExpr=_CAPITAL, title=None, tickCount=4)


def charges_and_payments(months: pa.Table) -> alt.Chart:
    """Bars of charges and payments side by side, by month; open months pale."""
    return (
        alt.Chart(months)
        .transform_fold(["charges", "payments"], as_=["measure", "amount"])
        .transform_calculate(label="datum.measure == 'charges' ? 'Charges' : 'Payments'", state=_STATE)
        .mark_bar(cornerRadiusTopLeft=2, cornerRadiusTopRight=2)
        .encode(
            x=_months(),
            xOffset=alt.XOffset("label:N"),
            y=alt.Y("amount:Q", axis=_dollars()),
            color=alt.Color("label:N", legend=alt.Legend(title=None, orient="top")),
            opacity=alt.condition("datum.is_open", alt.value(_PALE), alt.value(1.0)),
            tooltip=[
                _MONTH_TOOLTIP,
                alt.Tooltip("label:N", title="Measure"),
                alt.Tooltip("amount:Q", title="Amount", format="$,.2f"),
            ],
        )
        .properties(height=HEIGHT)
    )


def rate_by_month(months: pa.Table, height: int = HEIGHT) -> alt.LayerChart | alt.FacetChart:
    """A line of `rate` by month; open months hollow on a dashed line."""
    base = alt.Chart(months).transform_calculate(state=_STATE)
    x = _months()
    y = alt.Y("rate:Q", axis=alt.Axis(format=".0%", title=None, tickCount=5), scale=alt.Scale(zero=True))
    tooltip = [
        _MONTH_TOOLTIP,
        alt.Tooltip("rate:Q", title="Initial denial rate", format=".1%"),
        alt.Tooltip("numerator:Q", title="Denied claims", format=","),
        alt.Tooltip("denominator:Q", title="Claims submitted", format=","),
        _STATE_TOOLTIP,
    ]
    closed = base.transform_filter("!datum.is_open")
    return alt.layer(
        base.mark_line(strokeWidth=1.5, strokeDash=[4, 3], opacity=0.6).encode(x=x, y=y),
        closed.mark_line(strokeWidth=2.5).encode(x=x, y=y),
        closed.mark_point(filled=True, size=60, opacity=1).encode(x=x, y=y, tooltip=tooltip),
        base.transform_filter("datum.is_open")
        .mark_point(filled=False, size=70, strokeWidth=2, opacity=1)
        .encode(x=x, y=y, tooltip=tooltip),
    ).properties(height=height)


def kpi_by_month(months: pa.Table, unit: str) -> alt.LayerChart | alt.FacetChart:
    """A line of `value` by month, open months hollow, and a thin one of `default_value`; `unit` share or days."""
    number = ".1%" if unit == "share" else ",.1f"
    base = alt.Chart(months).transform_calculate(state=_STATE)
    x = _months()
    axis = alt.Axis(format=".0%" if unit == "share" else ",.0f", title=None, tickCount=5)
    tooltip = [
        _MONTH_TOOLTIP,
        alt.Tooltip("value:Q", title="Chosen definition", format=number),
        alt.Tooltip("default_value:Q", title="Default definition", format=number),
        alt.Tooltip("numerator:Q", title="Numerator", format=",.2f"),
        alt.Tooltip("denominator:Q", title="Denominator", format=",.2f"),
        _STATE_TOOLTIP,
    ]
    y = alt.Y("value:Q", axis=axis, scale=alt.Scale(zero=True))
    known = base.transform_filter("isValid(datum.value)")
    return alt.layer(
        base.mark_line(strokeWidth=1.5, strokeDash=[2, 3], opacity=0.7).encode(
            x=x, y=alt.Y("default_value:Q", axis=axis)
        ),
        known.mark_line(strokeWidth=2.5).encode(x=x, y=y),
        known.transform_filter("!datum.is_open")
        .mark_point(filled=True, size=60, opacity=1)
        .encode(x=x, y=y, tooltip=tooltip),
        known.transform_filter("datum.is_open")
        .mark_point(filled=False, size=70, strokeWidth=2, opacity=1)
        .encode(x=x, y=y, tooltip=tooltip),
    ).properties(height=HEIGHT)


def bars(rows: pa.Table, value: str, value_title: str, value_format: str) -> alt.LayerChart | alt.FacetChart:
    """Horizontal bars of `value` by `name` in the table's order, the number written at each bar's end."""
    names = rows.column("name").to_pylist()
    base = alt.Chart(rows).encode(
        y=alt.Y("name:N", sort=names, axis=alt.Axis(title=None, labelLimit=210, ticks=False, domain=False)),
        x=alt.X(f"{value}:Q", axis=None),
        tooltip=[
            alt.Tooltip("name:N", title="Name"),
            alt.Tooltip(f"{value}:Q", title=value_title, format=value_format),
        ],
    )
    return alt.layer(
        base.mark_bar(cornerRadiusEnd=3, height={"band": 0.68}),
        base.mark_text(align="left", dx=5, color=_QUIET).encode(text=alt.Text(f"{value}:Q", format=value_format)),
    ).properties(height=max(1, len(names)) * ROW)


def heat_map(cells: pa.Table, measure: str, number_format: str) -> alt.Chart:
    """Month by category, darker where `measure` is larger; a click on a cell chooses it for the table below."""
    cell = alt.selection_point(name=CELL, fields=["month_text", "category"], on="click", clear="dblclick")
    return (
        alt.Chart(cells)
        .mark_rect(cornerRadius=3, cursor="pointer")
        .encode(
            x=_months(_GAP),
            y=alt.Y(
                "category_name:N",
                sort=alt.EncodingSortField(measure, op="sum", order="descending"),
                axis=alt.Axis(title=None, labelLimit=210, ticks=False, domain=False),
                scale=alt.Scale(padding=_GAP),
            ),
            color=alt.Color(
                f"{measure}:Q",
                legend=alt.Legend(title=None, format=number_format, labelExpr=_CAPITAL, gradientLength=160),
            ),
            opacity=alt.condition(cell, alt.value(1.0), alt.value(0.3)),
            tooltip=[
                _MONTH_TOOLTIP,
                alt.Tooltip("category_name:N", title="Category"),
                alt.Tooltip("denied_claims:Q", title="Denied claims", format=","),
                alt.Tooltip("denied_charges:Q", title="Denied charges", format="$,.2f"),
            ],
        )
        .add_params(cell)
        .properties(height=alt.Step(ROW))
    )
