"""Drift: does the data that a model sees today look like the data that it learned from?

Belongs here: comparing two feature tables with Evidently, the thresholds, the kept report. Does not belong here: deciding
what to do about it (orchestration), how good the model is (`ml.denial.evaluation`).
"""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa


@dataclass(frozen=True)
class Thresholds:
    """When a column, and when the whole window, counts as drifted."""

    column_score: float = 0.1
    drifted_share: float = 0.3
    max_rows: int = 3_000


@dataclass(frozen=True)
class DriftSummary:
    """What a drift report found. `scores` is column -> Evidently's distance; `html` is the report kept for people."""

    html: Path
    reference_rows: int
    current_rows: int
    scores: dict[str, float]
    drifted: tuple[str, ...]
    drifted_share: float
    is_drifted: bool


def report(reference: pa.Table, current: pa.Table, out: Path, *, thresholds: Thresholds = Thresholds()) -> DriftSummary:
    """Compare `current` with `reference` column by column, write the HTML report to `out`, return what it found."""
    raise NotImplementedError
