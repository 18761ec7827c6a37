"""How good the denial model is, and whether its figures can be believed.

Belongs here: metrics on the held-out months, baselines, the ceiling, the controls that find leaks. Does not belong here:
fitting, the page that shows the figures (`ml.denial.card`).
"""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ml.denial.model import TrainedModel


class LeakFound(ValueError):
    """A feature knows the outcome, or the model beats what is attainable; the message names it."""


@dataclass(frozen=True)
class Evaluation:
    """Figures of one model on its test months. `metrics` is flat for the registry; the rest feeds the card."""

    metrics: dict[str, float]
    curves: dict[str, Any]
    groups: dict[str, pa.Table]
    leaks: tuple[str, ...]


def check_leaks(features: pa.Table, labels: pa.Table) -> tuple[str, ...]:
    """Names of columns that, alone, order the outcome almost perfectly. Empty when there is none."""
    raise NotImplementedError


def evaluate(model: TrainedModel, features: pa.Table, labels: pa.Table, *, truth: pa.Table | None = None) -> Evaluation:
    """Figures of `model` on the test months that its training left out.

    `truth` (claim_id, denial_probability) holds the simulator's true probabilities; it only gives the ceiling.
    Raises LeakFound when a feature copies the label or the model is better than the ceiling beyond chance.
    """
    raise NotImplementedError
