"""What a tile would say by another definition of its KPI: choosing one, and all of them side by side.

Belongs here: the control, and the table of a KPI's definitions, for every page with tiles. Does not belong here: SQL
(`queries.kpi_values`), the definitions (`marts.dim_kpi_definition`), the page that shows one KPI in full.
"""

from dataclasses import dataclass

import pyarrow as pa
import streamlit as st

from dashboards import formats

# The page's own formula, which `definitions.py` states.
OWN = "this page"


@dataclass(frozen=True)
class Alternative:
    """What a tile shows in place of its own number."""

    value: str
    difference: str
    tooltip: str


def choose(rows: pa.Table, model: str, tile: str) -> Alternative | None:
    """A control with the definitions of `rows` (queries.kpi_values); None as long as the page's own is chosen."""
    found = {row["definition"]: row for row in rows.to_pylist()}
    if not found:
        return None
    chosen = st.segmented_control(
        f"Definition of {tile}", [OWN, *found], default=OWN, key=f"tile-{tile}", required=True
    )
    row = found.get(chosen or OWN)
    if row is None:
        return None
    between = f"{formats.difference(row['difference'], row['unit'])} to the default"
    words = f"{row['formula']} ({row['definition']}: {row['source']})"
    return Alternative(
        formats.in_unit(row["value"], row["unit"]),
        "the default" if row["is_default"] else between,
        f"**{tile}** = {words}\n\nSource: `marts.{model}`\n\n{row['note']}",
    )


def side_by_side(*kpis: pa.Table) -> None:
    """Every definition of some KPIs with its value, its difference to the default, and its words."""
    rows = [row for kpi in kpis for row in kpi.to_pylist()]
    st.dataframe(
        {
            "kpi": [row["kpi"] for row in rows],
            "definition": [row["definition"] for row in rows],
            "value": [formats.in_unit(row["value"], row["unit"]) for row in rows],
            "difference": [
                "" if row["is_default"] else formats.difference(row["difference"], row["unit"]) for row in rows
            ],
            "formula": [row["formula"] for row in rows],
            "source": [row["source"] for row in rows],
        },
        hide_index=True,
        column_config={
            "kpi": st.column_config.TextColumn("KPI", pinned=True),
            "definition": st.column_config.TextColumn("Definition"),
            "value": st.column_config.TextColumn("Value", width="small"),
            "difference": st.column_config.TextColumn("Difference to the default"),
            "formula": st.column_config.TextColumn("Formula", width="large"),
            "source": st.column_config.TextColumn("Source"),
        },
        alt="Each definition of the KPIs of this page with value, difference to the default, formula and source",
    )
