"""Denial trends: what payers deny first, by month, category, payer, provider and procedure, down to the segment.

Belongs here: what stands where on the page. Does not belong here: SQL (`queries.py`), marks (`charts.py`).
"""

from datetime import date
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboards import alternatives, charts, db, definitions, exports, formats, layout, queries
from dashboards.queries import Filters, Span

RATES = "agg_initial_denial_rate"
MEASURES = {"Claims": ("denied_claims", ",d"), "Charges": ("denied_charges", "$~s")}
BARS = 12
CAPTION_HEIGHT = 45
GRID_HEIGHT = 430


def choose_filters(copy: db.Copy, whole: Span) -> Filters:
    """The page's filters, in one row."""
    dates, payers, providers, categories = st.columns([3, 2, 2, 2], vertical_alignment="bottom")
    with dates:
        span = layout.months(whole, key="months")
    with payers:
        chosen_payers = layout.choose("Payers", queries.payers(copy), key="payer")
    with providers:
        chosen_providers = layout.choose("Providers", queries.providers(copy), key="provider")
    with categories:
        chosen_categories = layout.choose("Categories", queries.categories(copy), key="category")
    return Filters(span, chosen_payers, chosen_providers, chosen_categories)


def tiles(copy: db.Copy, filters: Filters) -> None:
    """The four KPI tiles, the two rates by another definition where one is chosen; all of them side by side below."""
    totals = queries.denial_totals(copy, filters)
    rates = queries.kpi_values(copy, RATES, "initial_denial_rate", filters)
    amounts = queries.kpi_values(copy, RATES, "initial_denial_rate_amount", filters)
    left, right = st.columns(2)
    with left:
        rate = alternatives.choose(rates, RATES, definitions.DENIAL_RATE.name)
    with right:
        amount = alternatives.choose(amounts, RATES, definitions.DENIED_CHARGES.name)
    recovered = float(totals.recovered_amount / totals.denied_charge_amount) if totals.denied_charge_amount else None
    contents = (
        (
            definitions.DENIED_CLAIMS,
            formats.count(totals.denied_count),
            f"of {formats.count(totals.submitted_count)} sent",
        ),
        (
            definitions.DENIAL_RATE,
            rate.value if rate else formats.rate(totals.denial_rate),
            rate.difference if rate else "of claims, closed months",
        ),
        (
            definitions.DENIED_CHARGES,
            formats.money(totals.denied_charge_amount),
            f"{amount.value} of charges, {amount.difference}"
            if amount
            else f"{formats.rate(totals.denied_charge_rate)} of charges, closed months",
        ),
        (definitions.RECOVERED, formats.money(totals.recovered_amount), f"{formats.rate(recovered)} of denied charges"),
    )
    others = ((definitions.DENIAL_RATE, rate), (definitions.DENIED_CHARGES, amount))
    tooltips = {definition: other.tooltip for definition, other in others if other}
    for column, (definition, value, words) in zip(st.columns(4), contents, strict=True):
        column.metric(
            definition.name,
            value,
            words,
            delta_color="off",
            delta_arrow="off",
            help=tooltips.get(definition, definition.tooltip),
            border=True,
            height="stretch",
        )
    with st.expander("The rates by other definitions", icon=":material/balance:"):
        st.caption("Over the closed months that are chosen")
        alternatives.side_by_side(rates, amounts)


def chosen_cell(event: Any) -> tuple[date, str] | None:
    """The heat map's chosen cell: its month and category."""
    cells = event.selection.get(charts.CELL, []) if event else []
    if not cells:
        return None
    return date.fromisoformat(f"{cells[0]['month_text']}-01"), str(cells[0]["category"])


def breakdown(copy: db.Copy, filters: Filters) -> None:
    """Bars and a table by the chosen dimension."""
    dimension = st.segmented_control(
        "Break down by", list(queries.DIMENSIONS), default="Category", key="by", bind="query-params", required=True
    )
    rows = queries.denials_by(copy, filters, dimension or "Category")
    unit = "lines" if dimension == "Procedure" else "claims"
    left, right = st.columns([3, 7])
    with left:
        st.altair_chart(
            charts.bars(rows.slice(0, BARS), "denied", f"Denied {unit}", ",d"),
            alt=f"Bars of denied {unit} by {str(dimension).lower()}, the largest {BARS}",
        )
    # Every category is measured against the same claims: a column of one number would say nothing.
    shown = rows.drop_columns(["submitted"]) if dimension == "Category" else rows
    with right:
        st.dataframe(
            layout.per_cent(shown, "share", "rate"),
            hide_index=True,
            height="content" if rows.num_rows <= BARS else GRID_HEIGHT,
            column_config={
                "name": st.column_config.TextColumn(dimension, pinned=True),
                "denied": st.column_config.NumberColumn(f"Denied {unit}", format="localized"),
                "submitted": st.column_config.NumberColumn(f"Submitted {unit}", format="localized"),
                "share": st.column_config.ProgressColumn(
                    "Share of denials", format=layout.PER_CENT, max_value=100, width="small"
                ),
                "rate": st.column_config.NumberColumn("Denial rate", format=layout.PER_CENT, width="small"),
                "denied_charges": st.column_config.NumberColumn("Denied charges", format="dollar"),
                "recovered": st.column_config.NumberColumn("Recovered", format="dollar"),
            },
            alt=f"Denied {unit}, denial rate, denied charges and recoveries by {str(dimension).lower()}",
        )
    if unit == "lines":
        st.caption("Procedures are counted by service line; a claim can have lines of several procedures.")


def drill_down(copy: db.Copy, filters: Filters, words: str) -> None:
    """The denials themselves, each with the segment of the remittance that says so."""
    rows: pa.Table = queries.denied_rows(copy, filters, queries.DRILL_DOWN_ROWS)
    st.caption(
        f"{words}. One row per adjustment that denied"
        + (f", the latest {queries.DRILL_DOWN_ROWS}; the download has them all" if _is_cut(rows) else "")
        + ". File, transaction, segment and byte say where in the remittance it stands."
    )
    st.dataframe(
        rows,
        hide_index=True,
        height=GRID_HEIGHT,
        column_config={
            "denied_date": st.column_config.DateColumn("Denied", format="YYYY-MM-DD", pinned=True),
            "submitted_date": st.column_config.DateColumn("Submitted", format="YYYY-MM-DD"),
            "claim_id": st.column_config.TextColumn("Claim", pinned=True, width="medium"),
            "line": st.column_config.NumberColumn("Line", format="%d"),
            "payer": st.column_config.TextColumn("Payer"),
            "provider_npi": st.column_config.TextColumn("Provider NPI"),
            "procedure": st.column_config.TextColumn("Procedure"),
            "adjustment_group": st.column_config.TextColumn("Group"),
            "reason": st.column_config.TextColumn("Reason"),
            "category": st.column_config.TextColumn("Category"),
            "reason_words": st.column_config.TextColumn("In words"),
            "remarks": st.column_config.TextColumn("Remarks"),
            "charged": st.column_config.NumberColumn("Charged", format="dollar"),
            "denied": st.column_config.NumberColumn("Denied amount", format="dollar"),
            "recovered": st.column_config.NumberColumn("Recovered", format="dollar"),
            "next_step": st.column_config.TextColumn("Next step", width="medium"),
            "file_id": st.column_config.TextColumn("File", width="medium"),
            "transaction_ordinal": st.column_config.NumberColumn("Transaction", format="%d"),
            "segment_ordinal": st.column_config.NumberColumn("Segment", format="%d"),
            "byte_offset": st.column_config.NumberColumn("Byte", format="%d"),
        },
        alt="First denials with claim, payer, procedure, reason, amounts and the segment of the remittance",
    )
    st.download_button(
        "Download CSV",
        lambda: exports.csv(queries.denied_rows(copy, filters, None)),
        file_name=f"{copy.tenant_id}-denials-{filters.span.start:%Y-%m}-{filters.span.end:%Y-%m}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _is_cut(rows: pa.Table) -> bool:
    return bool(rows.num_rows == queries.DRILL_DOWN_ROWS)


def show(copy: db.Copy, whole: Span) -> None:
    """The page below its heading."""
    filters = choose_filters(copy, whole)
    cells = queries.denials_by_month_and_category(copy, filters)
    if not cells.num_rows:
        layout.nothing_found()
        return
    tiles(copy, filters)

    left, right = st.columns([2, 3])
    with left.container(border=True, height="stretch"):
        st.subheader("Initial denial rate", anchor=False)
        rates = queries.denial_rate_by_month(copy, filters)
        # As tall as the heat map beside it, less the caption under this one.
        height = max(charts.HEIGHT, len(set(cells.column("category").to_pylist())) * charts.ROW - CAPTION_HEIGHT)
        st.altair_chart(
            charts.rate_by_month(rates, height), alt="Line of the initial denial rate by month of submission"
        )
        st.caption(layout.OPEN_MONTHS)
    with right.container(border=True, height="stretch"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.subheader("Month by category", anchor=False)
            measure = st.segmented_control(
                "Measure", list(MEASURES), default="Claims", key="measure", label_visibility="collapsed", required=True
            )
        column, number_format = MEASURES[measure or "Claims"]
        event = st.altair_chart(
            charts.heat_map(cells, column, number_format),
            on_select="rerun",
            key="heat",
            alt="Heat map of first denials by month of submission and category",
        )
        st.caption("Click a cell to list its denials below; double-click to list all again.")

    with st.container(border=True):
        st.subheader("Where denials come from", anchor=False)
        breakdown(copy, filters)

    with st.container(border=True):
        st.subheader("Denials", anchor=False)
        cell = chosen_cell(event)
        if cell is None:
            words = f"Claims submitted {formats.month(filters.span.start)} to {formats.month(filters.span.end)}"
            drill_down(copy, filters, words)
        else:
            month, category = cell
            name = dict(queries.categories(copy)).get(category, category)
            narrowed = Filters(Span(month, month), filters.payers, filters.providers, (category,))
            drill_down(copy, narrowed, f"{name}, claims submitted in {formats.month(month)}")


chosen_copy = layout.copy_or_stop("Denial trends")
whole_span = queries.month_span(chosen_copy)
if whole_span is None:
    layout.nothing_found()
else:
    show(chosen_copy, whole_span)
