"""Overview: the money of the chosen period in four tiles, by month and by payer.

Belongs here: what stands where on the page. Does not belong here: SQL (`queries.py`), marks (`charts.py`).
"""

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from dashboards import alternatives, charts, db, definitions, exports, formats, layout, queries
from dashboards.alternatives import Alternative
from dashboards.definitions import Definition
from dashboards.queries import Filters, Span, Totals

RATE = ("agg_initial_denial_rate", "initial_denial_rate")
DAYS = ("agg_net_days_in_ar", "net_days_in_ar")
PERIODS = {"3 months": 3, "6 months": 6, "12 months": 12, "24 months": 24, "All": None}


def change(now: float | None, before: float | None, percent: bool) -> str | None:
    """The difference as a tile's delta: in per cent of before, or in points."""
    if now is None or before is None or (percent and not before):
        return None
    return f"{(now - before) / before:+.1%}" if percent else f"{now - before:+.1f}"


def tiles(
    now: Totals,
    before: Totals | None,
    months: pa.Table,
    rates: pa.Table,
    chosen: dict[Definition, Alternative | None],
) -> None:
    """The four KPI tiles, each with its definition, its change and its course; another definition where one is chosen.

    What is drawn in a tile is the course by the page's own definition, so another one has none.
    """
    then = before or Totals(0, formats.ZERO, formats.ZERO, None, None, None, formats.ZERO, None)
    points = change(_hundredfold(now.denial_rate), _hundredfold(then.denial_rate), percent=False)
    contents = (
        (
            definitions.CHARGES,
            formats.money(now.charge_amount),
            change(float(now.charge_amount), float(then.charge_amount), percent=True),
            True,
            months.column("charges"),
        ),
        (
            definitions.PAYMENTS,
            formats.money(now.payment_amount),
            change(float(now.payment_amount), float(then.payment_amount), percent=True),
            True,
            months.column("payments"),
        ),
        (
            definitions.DENIAL_RATE,
            formats.rate(now.denial_rate),
            f"{points} points" if points else None,
            False,
            rates.filter(pc.invert(rates.column("is_open"))).column("rate"),
        ),
        (
            definitions.DAYS_IN_AR,
            formats.days(now.days_in_receivable),
            change(now.days_in_receivable, then.days_in_receivable, percent=False),
            False,
            months.column("days_in_receivable"),
        ),
    )
    for column, (definition, value, delta, more_is_better, course) in zip(st.columns(4), contents, strict=True):
        if other := chosen.get(definition):
            column.metric(
                definition.name,
                other.value,
                other.difference,
                delta_color="off",
                delta_arrow="off",
                help=other.tooltip,
                border=True,
                height="stretch",
            )
            continue
        column.metric(
            definition.name,
            value,
            delta,
            delta_color="normal" if more_is_better else "inverse",
            help=definition.tooltip,
            border=True,
            chart_data=[point for point in course.to_pylist() if point is not None],
            chart_type="area",
            height="stretch",
        )


def _hundredfold(rate: float | None) -> float | None:
    return None if rate is None else rate * 100


def payer_table(rows: pa.Table) -> None:
    """The payers with their numbers."""
    st.dataframe(
        layout.per_cent(
            rows.select(["payer", "claims", "charges", "payments", "denial_rate", "days_in_receivable"]), "denial_rate"
        ),
        hide_index=True,
        height="content",
        column_config={
            "payer": st.column_config.TextColumn("Payer", pinned=True),
            "claims": st.column_config.NumberColumn("Claims", format="localized"),
            "charges": st.column_config.NumberColumn("Charges", format="dollar"),
            "payments": st.column_config.NumberColumn("Payments", format="dollar"),
            "denial_rate": st.column_config.NumberColumn(
                "Initial denial rate", format=layout.PER_CENT, help=definitions.DENIAL_RATE.tooltip
            ),
            "days_in_receivable": st.column_config.NumberColumn(
                "Days in A/R", format="%.1f", help=definitions.DAYS_IN_AR.tooltip
            ),
        },
        alt="Claims, charges, payments, initial denial rate and days in A/R of each payer",
    )


def month_table(months: pa.Table, rates: pa.Table) -> None:
    """The months' numbers, which the two charts draw."""
    st.dataframe(
        layout.per_cent(
            months.join(rates.select(["month", "numerator", "denominator", "rate"]), "month").sort_by("month"), "rate"
        ),
        hide_index=True,
        height="content",
        column_config={
            "month": st.column_config.DateColumn("Month", format="MMM YYYY"),
            "charges": st.column_config.NumberColumn("Charges", format="dollar"),
            "payments": st.column_config.NumberColumn("Payments", format="dollar"),
            "days_in_receivable": st.column_config.NumberColumn("Days in A/R", format="%.1f"),
            "is_open": st.column_config.CheckboxColumn("Open"),
            "numerator": st.column_config.NumberColumn("Denied claims", format="localized"),
            "denominator": st.column_config.NumberColumn("Claims submitted", format="localized"),
            "rate": st.column_config.NumberColumn("Initial denial rate", format=layout.PER_CENT),
        },
        alt="Charges, payments, days in A/R and initial denial rate of each month",
    )


def definition_table(now: Totals) -> None:
    """Every number's definition, and what other definitions of the denial rate would give."""
    values = {
        definitions.CHARGES: formats.exact_money(now.charge_amount),
        definitions.PAYMENTS: formats.exact_money(now.payment_amount),
        definitions.DENIAL_RATE: formats.rate(now.denial_rate),
        definitions.DENIAL_RATE_ADJUDICATED: formats.rate(now.denial_rate_adjudicated),
        definitions.DENIAL_RATE_REPORTING: formats.rate(now.denial_rate_reporting),
        definitions.DAYS_IN_AR: formats.days(now.days_in_receivable),
    }
    st.table(
        {
            "Number": [d.name for d in definitions.ON_OVERVIEW],
            "Value": [values[d] for d in definitions.ON_OVERVIEW],
            "Formula": [d.formula for d in definitions.ON_OVERVIEW],
            "Source": [f"`{d.source}`" for d in definitions.ON_OVERVIEW],
            "Note": [d.note for d in definitions.ON_OVERVIEW],
        }
    )


def show(copy: db.Copy, span: Span) -> None:
    """The page below its heading."""
    left, right = st.columns([3, 4], vertical_alignment="bottom")
    with left:
        chosen = st.segmented_control(
            "Period", list(PERIODS), default="12 months", key="period", bind="query-params", required=True
        )
    with right:
        payers = layout.choose("Payers", queries.payers(copy), key="payer")

    period = span.last(PERIODS[chosen or "12 months"])
    filters = Filters(period, payers)
    now = queries.totals(copy, filters)
    earlier = period.before() if period.before().start >= span.start else None
    before = queries.totals(copy, Filters(earlier, payers)) if earlier else None
    months = queries.by_month(copy, filters)
    rates = queries.denial_rate_by_month(copy, filters)
    if not months.num_rows:
        layout.nothing_found()
        return

    words = f"{formats.month(period.start)} to {formats.month(period.end)}"
    if earlier:
        words += f", compared with {formats.month(earlier.start)} to {formats.month(earlier.end)}"
    st.caption(words)
    rate_values = queries.kpi_values(copy, *RATE, filters)
    days_values = queries.kpi_values(copy, *DAYS, filters, is_balance=True)
    left, right = st.columns(2)
    with left:
        rate = alternatives.choose(rate_values, RATE[0], definitions.DENIAL_RATE.name)
    with right:
        days = alternatives.choose(days_values, DAYS[0], definitions.DAYS_IN_AR.name)
    tiles(now, before, months, rates, {definitions.DENIAL_RATE: rate, definitions.DAYS_IN_AR: days})

    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.subheader("Charges and payments", anchor=False)
        st.altair_chart(charts.charges_and_payments(months), alt="Bars of charges and payments by month")
    with right.container(border=True, height="stretch"):
        st.subheader("Initial denial rate", anchor=False)
        st.altair_chart(charts.rate_by_month(rates), alt="Line of the initial denial rate by month of submission")
    st.caption(layout.OPEN_MONTHS)

    rows = queries.by_payer(copy, filters)
    with st.container(border=True):
        st.subheader("By payer", anchor=False)
        payer_table(rows)
        st.download_button(
            "Download CSV",
            lambda: exports.csv(rows),
            file_name=f"{copy.tenant_id}-payers-{period.start:%Y-%m}-{period.end:%Y-%m}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    with st.expander("The numbers by month", icon=":material/table_rows:"):
        month_table(months, rates)
    with st.expander("How these numbers are defined", icon=":material/help:"):
        definition_table(now)
        st.caption("By other definitions; rates over the closed months of the period, days at its end")
        alternatives.side_by_side(rate_values, days_values)


chosen_copy = layout.copy_or_stop("Overview")
whole_span = queries.month_span(chosen_copy)
if whole_span is None:
    layout.nothing_found()
else:
    show(chosen_copy, whole_span)
