"""KPIs: each in the definition in use, what another definition would say, and where the rows behind it are.

Belongs here: what stands where on the page. Does not belong here: SQL (`queries.py`), marks (`charts.py`), the
definitions themselves (`marts.dim_kpi_definition`).
"""

from datetime import date
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboards import charts, db, exports, formats, layout, queries
from dashboards.queries import KpiDefinition

GRID_HEIGHT = 560


def choose_definition(definitions: list[KpiDefinition]) -> KpiDefinition:
    """The KPI and the definition that the page shows; the default unless another is chosen."""
    names = {one.kpi_id: one.kpi_name for one in definitions}
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    with left:
        kpi_id = st.selectbox("KPI", list(names), format_func=names.__getitem__, key="kpi", bind="query-params")
    choices = {one.definition_id: one for one in definitions if one.kpi_id == kpi_id}
    with right:
        # A key for each KPI: they do not have the same definitions.
        chosen = st.segmented_control(
            "Definition", list(choices), default="default", key=f"definition-{kpi_id}", required=True
        )
    return choices[chosen or "default"]


def state(definition: KpiDefinition) -> None:
    """Which definition is in use, in words, and the rows that it counts."""
    in_use = "the default" if definition.is_default else f"not the default: {definition.definition_id}"
    st.markdown(f"**{definition.kpi_name}** ({in_use}) = {definition.formula}.")
    st.caption(f"{definition.note} Source: {definition.definition_source}.")
    with st.expander("The rows behind the number", icon=":material/database:"):
        for role, rows, condition in (
            ("numerator", definition.numerator_rows, definition.numerator_filter),
            ("denominator", definition.denominator_rows, definition.denominator_filter),
        ):
            st.caption(f"Rows of the {role}")
            st.code(f"select * from {rows}\nwhere {condition}", language="sql", wrap_lines=True)


def tiles(months: pa.Table, month: date, unit: str) -> None:
    """The value of a closed month by the chosen definition, by the default one, and what lies between."""
    row: dict[str, Any] = next((one for one in months.to_pylist() if one["month"] == month), {})
    contents = (
        ("Chosen definition", formats.in_unit(row.get("value"), unit)),
        ("Default definition", formats.in_unit(row.get("default_value"), unit)),
        ("Difference", formats.difference(row.get("difference"), unit)),
    )
    for column, (label, value) in zip(st.columns(3), contents, strict=True):
        column.metric(label, value, border=True, height="stretch")


def summary(copy: db.Copy, month: date) -> None:
    """Every KPI in every definition, side by side."""
    rows = queries.kpi_summary(copy, month)
    units = rows.column("unit").to_pylist()
    shown = rows.drop_columns(["unit"])
    for name, write in (("value", formats.in_unit), ("difference", formats.difference)):
        values = rows.column(name).to_pylist()
        written = [
            "" if value is None and name == "difference" else write(value, unit)
            for value, unit in zip(values, units, strict=True)
        ]
        shown = shown.set_column(shown.schema.get_field_index(name), name, pa.array(written, pa.string()))
    st.dataframe(
        shown,
        hide_index=True,
        height=GRID_HEIGHT,
        column_config={
            "kpi": st.column_config.TextColumn("KPI", pinned=True),
            "definition": st.column_config.TextColumn("Definition"),
            "value": st.column_config.TextColumn("Value", width="small"),
            "difference": st.column_config.TextColumn("Difference to the default"),
            "formula": st.column_config.TextColumn("Formula", width="large"),
            "source": st.column_config.TextColumn("Source"),
        },
        alt="Every KPI in each of its definitions with value, difference to the default, formula and source",
    )
    st.download_button(
        "Download CSV",
        lambda: exports.csv(rows),
        file_name=f"{copy.tenant_id}-kpis-{month:%Y-%m}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def show(copy: db.Copy) -> None:
    """The page below its heading."""
    month = queries.kpi_closed_month(copy)
    if month is None:
        layout.nothing_found()
        return
    definition = choose_definition(queries.kpi_definitions(copy))
    state(definition)
    months = queries.kpi_by_month(copy, definition.kpi_id, definition.definition_id)
    st.caption(f"{formats.month(month)}, the last month that is closed for every KPI")
    tiles(months, month, definition.unit)

    left, right = st.columns([3, 2])
    with left.container(border=True, height="stretch"):
        st.subheader("By month", anchor=False)
        st.altair_chart(
            charts.kpi_by_month(months, definition.unit), alt="Line of the KPI by month, the default definition dotted"
        )
        st.caption("Dotted: the default definition. Hollow points are open months: they will still move.")
    with right.container(border=True, height="stretch"):
        st.subheader("By payer", anchor=False)
        payers = queries.kpi_by_payer(copy, definition, month)
        values = [formats.in_unit(value, definition.unit) for value in payers.column("value").to_pylist()]
        st.dataframe(
            payers.set_column(payers.schema.get_field_index("value"), "value", pa.array(values, pa.string())),
            hide_index=True,
            column_config={
                "payer": st.column_config.TextColumn("Payer", pinned=True),
                "value": st.column_config.TextColumn("Value", width="small"),
                "numerator": st.column_config.NumberColumn("Numerator", format="localized"),
                "denominator": st.column_config.NumberColumn("Denominator", format="localized"),
            },
            alt="The KPI by payer with numerator and denominator",
        )

    with st.container(border=True):
        st.subheader("Every KPI, every definition", anchor=False)
        summary(copy, month)


show(layout.copy_or_stop("KPIs"))
