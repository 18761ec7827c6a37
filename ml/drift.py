"""Drift: does the data that a model sees today look like the data that it learned from?

Belongs here: comparing two tables with Evidently, the thresholds, the report that is kept. Does not belong here: which
columns and windows of a model are compared (`ml.denial.monitoring`), what is done about drift (orchestration).

Distances: Jensen-Shannon for categories, Wasserstein in standard deviations of the reference for numbers. Categories
beyond the most frequent are taken together first: on a few thousand rows, hundreds of rare values look drifted by
chance.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

OTHER = "(other)"
UNKNOWN = "(none)"


class DriftError(ValueError):
    """The two tables cannot be compared; the message says why."""


@dataclass(frozen=True)
class Thresholds:
    """When a column, and when the whole window, counts as drifted, and how much data is looked at."""

    category_distance: float = 0.12
    number_distance: float = 0.2
    drifted_share: float = 0.2
    max_rows: int = 2_000
    min_rows: int = 100
    max_categories: int = 15


DEFAULTS = Thresholds()


@dataclass(frozen=True)
class DriftSummary:
    """What a drift report found. `scores` is column -> distance; `html` is the report kept for people."""

    html: Path
    reference_rows: int
    current_rows: int
    scores: dict[str, float]
    drifted: tuple[str, ...]
    drifted_share: float
    is_drifted: bool


def report(
    reference: pa.Table, current: pa.Table, out: Path, *, thresholds: Thresholds = DEFAULTS, seed: int = 7
) -> DriftSummary:
    """Compare `current` with `reference` column by column, write the HTML report to `out`, return what it found.

    Text and booleans are categories, the rest numbers. Raises DriftError when the columns differ or either side has
    under
    `min_rows` rows. Costs about 5 s for importing Evidently the first time and 2 s for 50 columns.
    """
    if reference.column_names != current.column_names:
        odd = sorted(set(reference.column_names) ^ set(current.column_names))
        raise DriftError(f"The reference and the current window hold different columns: {', '.join(odd)}.")
    short = [n for n, t in (("reference", reference), ("current", current)) if t.num_rows < thresholds.min_rows]
    if short:
        raise DriftError(f"Too few rows to tell drift from chance in the {' and the '.join(short)} window.")
    categories = [f.name for f in reference.schema if _is_category(f.type)]
    numbers = [name for name in reference.column_names if name not in categories]
    before, after = _comparable(reference, current, categories, thresholds, seed)
    result = _run(before, after, categories, numbers, thresholds)
    out.parent.mkdir(parents=True, exist_ok=True)
    result.save_html(str(out))
    scores = _scores(result.dict())
    limits: Mapping[str, float] = {
        **dict.fromkeys(categories, thresholds.category_distance),
        **dict.fromkeys(numbers, thresholds.number_distance),
    }
    drifted = tuple(sorted((n for n in scores if scores[n] >= limits[n]), key=lambda n: -scores[n]))
    share = len(drifted) / len(scores)
    return DriftSummary(
        out, reference.num_rows, current.num_rows, scores, drifted, share, is_drifted=share >= thresholds.drifted_share
    )


def _is_category(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_boolean(type_) or pa.types.is_dictionary(type_))


def _comparable(
    reference: pa.Table, current: pa.Table, categories: list[str], thresholds: Thresholds, seed: int
) -> tuple[Any, Any]:
    """Both sides sampled to `max_rows` rows, as data frames whose rare categories (by the reference) are one value."""
    sides = [_sample(table, thresholds.max_rows, seed) for table in (reference, current)]
    for name in categories:
        columns = [side[name].cast(pa.string()).fill_null(UNKNOWN) for side in sides]
        counts = pa.Table.from_struct_array(pc.value_counts(columns[0].combine_chunks()))
        ordered = counts.sort_by([("counts", "descending"), ("values", "ascending")])
        frequent = ordered["values"].combine_chunks().slice(0, thresholds.max_categories)
        for position, column in enumerate(columns):
            kept = pc.if_else(pc.is_in(column, value_set=frequent), column, OTHER)
            side = sides[position]
            sides[position] = side.set_column(side.column_names.index(name), name, kept)
    schema = pa.schema([(n, pa.string() if n in categories else pa.float64()) for n in reference.column_names])
    before, after = (side.cast(schema).to_pandas() for side in sides)
    return before, after


def _sample(table: pa.Table, rows: int, seed: int) -> pa.Table:
    if table.num_rows <= rows:
        return table
    chosen = np.random.default_rng(seed).choice(table.num_rows, rows, replace=False)
    return table.take(np.sort(chosen))


def _run(before: Any, after: Any, categories: list[str], numbers: list[str], thresholds: Thresholds) -> Any:
    os.environ["DO_NOT_TRACK"] = "1"  # Evidently reports its use to its makers otherwise
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(categorical_columns=categories, numerical_columns=numbers)
    preset = DataDriftPreset(
        columns=[*categories, *numbers],
        drift_share=thresholds.drifted_share,
        cat_method="jensenshannon",
        cat_threshold=thresholds.category_distance,
        num_method="wasserstein",
        num_threshold=thresholds.number_distance,
    )
    return Report([preset]).run(
        current_data=Dataset.from_pandas(after, data_definition=definition),
        reference_data=Dataset.from_pandas(before, data_definition=definition),
    )


def _scores(result: Mapping[str, Any]) -> dict[str, float]:
    """Column -> distance out of Evidently's result; columns without a distance (all null on one side) count as 1."""
    out: dict[str, float] = {}
    for metric in result["metrics"]:
        column = metric.get("config", {}).get("column")
        if column is not None:
            value = float(metric["value"])
            out[column] = 1.0 if value != value else value
    return out
