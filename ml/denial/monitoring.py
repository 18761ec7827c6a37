"""Which windows and columns of the denial model are compared for drift.

Belongs here: choosing rows and columns. Does not belong here: the comparison itself (`ml.drift`).
"""

from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc

from ml.denial.model import TrainedModel

CURRENT_DAYS = 60
SCORE = "denial_probability"

# Columns that grow with the history itself differ between any two periods and say nothing about the world; of windows
# of one history the middle one is enough, and of counts by family of procedure the charge and the principal one.
_LEFT_OUT = ("earlier_", "days_since_", "recent_", "missing_usual_", "days_coverage_", "days_service_after_")
_LEFT_OUT_ENDS = ("_30d", "_365d", "_line_count")


def drift_windows(
    model: TrainedModel, features: pa.Table, *, days: int = CURRENT_DAYS, max_rows: int = 4_000
) -> tuple[pa.Table, pa.Table]:
    """(reference, current): rows of the months that `model` learned from, and those of the last `days` days.

    Columns are its features, less those that only count how much history there is, and its own probability (prediction
    drift). At most `max_rows` rows, evenly spread, stand on each side, so that scoring stays cheap.
    """
    newest = pc.max(features["submitted_date"]).as_py()
    first, last = (pa.scalar(model.facts["train"][k]).cast(pa.date32()) for k in ("first_date", "last_date"))
    submitted = features["submitted_date"]
    before = features.filter(pc.and_(pc.greater_equal(submitted, first), pc.less_equal(submitted, last)))
    after = features if newest is None else features.filter(pc.greater(submitted, newest - timedelta(days=days)))
    names = [
        f.name
        for f in model.preprocessing.features
        if not f.name.startswith(_LEFT_OUT) and not f.name.endswith(_LEFT_OUT_ENDS)
    ]
    reference, current = (_thin(table, max_rows) for table in (before, after))
    return _with_score(model, reference, names), _with_score(model, current, names)


def _thin(table: pa.Table, rows: int) -> pa.Table:
    step = -(-table.num_rows // rows) if table.num_rows > rows else 1
    return table.take(pa.array(range(0, table.num_rows, step), pa.int64())) if step > 1 else table


def _with_score(model: TrainedModel, table: pa.Table, names: list[str]) -> pa.Table:
    return table.select(names).append_column(SCORE, pa.array(model.probability(table), pa.float64()))
