"""Claim edits: claims that rules or the reader found fault with, and what the payers made of them.

Belongs here: what stands where on the page, and the form of an override. Does not belong here: SQL (`queries.py`), who
may override and what is recorded (`compliance.overriding`). Nothing here identifies a person: segments are opened by
`claimworks trace`, masked, each opening recorded.
"""

from typing import Any

import streamlit as st

from claims.store.overrides import Edit, OverriddenError
from compliance import exporting, overriding
from compliance.access import Permission, RefusedError
from dashboards import db, exports, formats, layout, queries
from dashboards.queries import EditFilters, Span
from dashboards.viewer import viewer

GRID_HEIGHT = 430


def choose_filters(copy: db.Copy, whole: Span) -> EditFilters:
    """The page's filters, in one row."""
    dates, payers, rules, severities = st.columns([3, 2, 2, 2], vertical_alignment="bottom")
    with dates:
        span = layout.months(whole, key="edit_months")
    with payers:
        chosen_payers = layout.choose("Payers", queries.payers(copy), key="edit_payer")
    with rules:
        chosen_rules = layout.choose("Rules", queries.edit_rules(copy), key="edit_rule")
    with severities:
        words = [(severity, severity.capitalize()) for severity in queries.SEVERITIES]
        chosen_severities = layout.choose("Severity", words, key="edit_severity")
    return EditFilters(span, chosen_payers, chosen_rules, chosen_severities)


def tiles(copy: db.Copy, filters: EditFilters) -> None:
    """The four numbers above the tables."""
    totals = queries.edit_totals(copy, filters)
    denied = totals.denied_count / totals.answered_count if totals.answered_count else None
    contents = (
        ("Claims with edits", formats.count(totals.failed_count), f"of {formats.count(totals.claim_count)} sent"),
        ("Edits", formats.count(totals.edit_count), "of rules and the reader"),
        ("Overridden", formats.count(totals.overridden_count), "sent as they were, for a reason"),
        ("Denied there", formats.rate(denied), f"of {formats.count(totals.answered_count)} edits with an answer"),
    )
    for column, (name, value, words) in zip(st.columns(4), contents, strict=True):
        column.metric(name, value, words, delta_color="off", delta_arrow="off", border=True, height="stretch")


def performance(copy: db.Copy, filters: EditFilters) -> None:
    """Each rule against the remittances."""
    st.dataframe(
        layout.per_cent(queries.rule_performance(copy, filters), "precision"),
        hide_index=True,
        height="content",
        column_config={
            "rule": st.column_config.TextColumn("Rule", pinned=True),
            "category": st.column_config.TextColumn("Category"),
            "prevents": st.column_config.TextColumn("Prevents CARC"),
            "fired": st.column_config.NumberColumn("Fired", format="localized"),
            "overridden": st.column_config.NumberColumn("Overridden", format="localized"),
            "judged": st.column_config.NumberColumn("Judged", format="localized"),
            "foretold": st.column_config.NumberColumn("CARC came", format="localized"),
            "precision": st.column_config.NumberColumn("Precision", format=layout.PER_CENT, width="small"),
        },
        alt="Rules with how often each fired, was overridden, was judged and was right",
    )
    st.caption(
        "Judged are edits on claims that were answered and sent at least 60 days before the last file. Precision: the "
        "share of them where the payer's first answer gave the CARC that the rule is there to prevent."
    )


def catalogue(copy: db.Copy, filters: EditFilters) -> dict[str, Any] | None:
    """The edits themselves; the one that is chosen."""
    rows = queries.edit_rows(copy, filters, queries.DRILL_DOWN_ROWS)
    cut = rows.num_rows == queries.DRILL_DOWN_ROWS
    st.caption(
        "One row per edit"
        + (f", the latest {queries.DRILL_DOWN_ROWS}; the download has them all" if cut else "")
        + ". Choose a row for its fix, its segment, and to override it."
    )
    event = st.dataframe(
        rows.drop_columns(["fix", "edit_id", "source"]),
        hide_index=True,
        height=GRID_HEIGHT,
        on_select="rerun",
        selection_mode="single-row",
        key="edit_row",
        column_config={
            "submitted": st.column_config.DateColumn("Submitted", format="YYYY-MM-DD", pinned=True),
            "claim": st.column_config.TextColumn("Claim", pinned=True, width="medium"),
            "line": st.column_config.NumberColumn("Line", format="%d"),
            "rule": st.column_config.TextColumn("Rule"),
            "severity": st.column_config.TextColumn("Severity"),
            "finds": st.column_config.TextColumn("Finds", width="large"),
            "payer": st.column_config.TextColumn("Payer"),
            "prevents": st.column_config.TextColumn("Prevents CARC"),
            "outcome": st.column_config.TextColumn("First answer"),
            "denied_by": st.column_config.TextColumn("Denied by CARC"),
            "foretold": st.column_config.CheckboxColumn("CARC came"),
            "overridden": st.column_config.CheckboxColumn("Overridden"),
            "file_id": st.column_config.TextColumn("File", width="medium"),
            "transaction_ordinal": st.column_config.NumberColumn("Transaction", format="%d"),
            "segment_ordinal": st.column_config.NumberColumn("Segment", format="%d"),
            "byte_offset": st.column_config.NumberColumn("Byte", format="%d"),
        },
        alt="Edits with claim, rule, severity, payer, outcome and the segment of the claim",
    )
    st.download_button(
        "Download CSV",
        lambda: exports.csv(queries.edit_rows(copy, filters, None)),
        file_name=f"{copy.tenant_id}-edits-{filters.span.start:%Y-%m}-{filters.span.end:%Y-%m}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    chosen = event.selection.get("rows", []) if event else []
    # The rows may be fewer than when the choice was made.
    return rows.slice(chosen[0], 1).to_pylist()[0] if chosen and chosen[0] < rows.num_rows else None


def detail(copy: db.Copy, edit: dict[str, Any]) -> None:
    """One edit: what to do, where it stands, the override."""
    st.markdown(f"**{edit['rule']}**: {edit['finds']}. *{edit['fix']}*.")
    st.caption("Its segment, with identifiers masked; the opening is recorded:")
    st.code(
        f"claimworks trace {edit['file_id']}:{edit['transaction_ordinal']}:{edit['segment_ordinal']}", language=None
    )
    if edit["source"] == "rule" and not edit["overridden"]:
        override(copy, edit)


def override(copy: db.Copy, edit: dict[str, Any]) -> None:
    """The form of an override, for those who may."""
    who, keys = viewer(), db.home().absolute() / "keys"
    if not who.may(Permission.OVERRIDES, copy.tenant_id):
        st.caption(f"Role {who.role.name} may not override edits.")
        return
    if not exporting.can_record(keys):
        st.caption("This server has no key to record an override with; use `claimworks override`.")
        return
    with st.form("override", border=False):
        reason = st.text_input(
            "Why the claim goes out nevertheless", key="override_reason", placeholder="No name of a person"
        )
        is_sent = st.form_submit_button("Override", icon=":material/gavel:")
    if not is_sent:
        return
    day = queries.received_date(copy, edit["claim"])
    made = Edit(copy.tenant_id, day, edit["edit_id"], edit["claim"], edit["rule"])
    try:
        overriding.override_at(db.store_url(), keys, who, made, reason)
    except (overriding.NoReasonError, OverriddenError, RefusedError, overriding.NotRecordedError) as error:
        st.error(str(error), icon=":material/error:")
    else:
        st.success("Recorded. It is in the figures after the next run.", icon=":material/check:")


def show(copy: db.Copy, whole: Span) -> None:
    """The page below its heading."""
    filters = choose_filters(copy, whole)
    tiles(copy, filters)
    with st.container(border=True):
        st.subheader("Rules", anchor=False)
        performance(copy, filters)
    with st.container(border=True):
        st.subheader("Failed claims", anchor=False)
        chosen = catalogue(copy, filters)
        if chosen is not None:
            detail(copy, chosen)


chosen_copy = layout.copy_or_stop("Claim edits")
whole_span = queries.month_span(chosen_copy)
if whole_span is None:
    layout.nothing_found()
else:
    show(chosen_copy, whole_span)
