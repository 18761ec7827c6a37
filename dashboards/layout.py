"""The parts that pages share: which copy is shown, the heading, filters, what stands where there is nothing.

Belongs here: Streamlit widgets used by more than one page. Does not belong here: SQL, charts.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from dashboards import db, formats
from dashboards.queries import Span

PER_CENT = "%.1f%%"

NOTHING_PUBLISHED = (
    "**Nothing is published yet.** Run `make demo` to simulate a network of clinics, build its marts and publish them, "
    "or put your own files in with `claimworks ingest PATH --tenant NAME`. Then reload this page."
)
NOTHING_FOUND = "**No claims match these filters.** Choose more months or remove a filter."
OPEN_MONTHS = (
    "Pale bars and hollow points are open months: they ended less than 60 days before the last received file, "
    "so many of their claims have no answer yet and their rates will still rise."
)


def copy_or_stop(title: str) -> db.Copy:
    """Write the page's heading and return the chosen organization's copy; without one, say what to run and stop."""
    st.title(title, anchor=False)
    tenant_id = st.session_state.get("tenant")
    copy = db.current(tenant_id) if tenant_id else None
    if copy is None:
        st.info(NOTHING_PUBLISHED, icon=":material/inbox:")
        st.stop()
    try:
        facts = db.published(copy)
    except db.DataError as error:
        st.error(str(error), icon=":material/error:")
        st.stop()
    words = [
        f"**{formats.tenant(copy.tenant_id)}**",
        f"data through {formats.day(facts.data_cutoff_date)}",
        f"published {formats.day(facts.published_at)}, {facts.published_at:%H:%M} UTC",
    ]
    if facts.model_version:
        words.append(f"denial model version {facts.model_version}")
    st.caption(" · ".join(words))
    return copy


def choose(label: str, options: Sequence[tuple[str, str]], key: str) -> tuple[str, ...]:
    """A filter of many values, empty for all; `options` are (id, words). The choice stands in the page's address."""
    words = dict(options)
    chosen: list[str] = st.multiselect(
        label,
        list(words),
        format_func=lambda option: words.get(option, option),
        placeholder="All",
        key=key,
        bind="query-params",
    )
    return tuple(chosen)


def months(whole: Span, key: str) -> Span:
    """A slider of months of submission, the last twelve at first; all there is where that is one month."""
    all_months = whole.months()
    if len(all_months) < 2:
        return whole
    usual = whole.last(12)
    start, end = st.select_slider(
        "Months of submission",
        all_months,
        value=(usual.start, usual.end),
        format_func=formats.month,
        key=key,
    )
    return Span(start, end)


def per_cent(table: pa.Table, *columns: str) -> pa.Table:
    """The table with shares as per cent: the grid's own format would show 12 % and 12.25 % in one column."""
    for name in columns:
        position = table.schema.get_field_index(name)
        table = table.set_column(position, name, pc.multiply(table.column(name), 100.0))
    return table


def nothing_found() -> None:
    """What stands where the filters leave no rows."""
    st.info(NOTHING_FOUND, icon=":material/filter_alt_off:")
