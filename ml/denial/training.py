"""Fitting the denial model: which rows it may learn from, the split, the trees, the calibration.

Belongs here: maturity of labels, the split by submission month with its embargo, fitting. Does not belong here: what the
features are (`ml.denial.features`), how good the model is (`ml.denial.evaluation`).

Three rules keep the figures honest:

- **Mature labels only.** At the data cut-off, a young claim without a remittance is not "not denied", it is unknown; and a
  young claim *with* one is a claim that was answered fast, which is no fair sample. So every claim younger than
  `maturity_days` is left out, and so is every older one that was never adjudicated.
- **Split by time with an embargo.** Test months are the newest mature ones, validation months come before; claims
  submitted in the `embargo_days` before a window belong to no set, because their outcome was not known when it began.
- **No patient on both sides.** A patient with claims in several windows keeps those of one window only.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ml.denial.features import FEATURES, Feature, check
from ml.denial.model import Calibration, Matrix, TrainedModel, Vector, learn_preprocessing

Index = npt.NDArray[np.int64]


class TrainingError(ValueError):
    """There is not enough to learn from; the message says what is lacking."""


@dataclass(frozen=True)
class TrainingSettings:
    """How the model is fitted. The defaults suit 20,000 to 1,000,000 claims over about two years."""

    maturity_days: int = 60
    embargo_days: int = 14
    validation_months: int = 2
    test_months: int = 3
    min_rows: int = 500
    min_category_rows: int = 15
    learning_rate: float = 0.04
    num_leaves: int = 24
    min_data_in_leaf: int = 40
    feature_fraction: float = 0.5
    bagging_fraction: float = 0.8
    lambda_l2: float = 10.0
    cat_smooth: float = 20.0
    cat_l2: float = 20.0
    max_rounds: int = 800
    stop_after_rounds: int = 60
    threads: int = 0


@dataclass(frozen=True)
class Split:
    """Row positions in the joined table of each set, and how many rows were left out and why."""

    train: Index
    validation: Index
    test: Index
    left_out: dict[str, int]


def labelled(features: pa.Table, labels: pa.Table) -> pa.Table:
    """The feature table with `is_initially_denied` and `first_adjudicated_date` of its claim; one row per row of `features`, in its order.

    Raises TrainingError when a claim has two labels.
    """
    wanted = labels.select(["claim_id", "is_initially_denied", "first_adjudicated_date"])
    if pc.count_distinct(wanted["claim_id"]).as_py() != wanted.num_rows:
        raise TrainingError("The label table holds a claim more than once; `ftr_denial__label` must have one row per claim_id.")
    position = pc.index_in(features["claim_id"], value_set=wanted["claim_id"].combine_chunks())
    found = wanted.take(position)
    for name in ("is_initially_denied", "first_adjudicated_date"):
        features = features.append_column(name, found[name])
    return features


def split(table: pa.Table, *, cutoff: date, seed: int, settings: TrainingSettings) -> Split:
    """Train, validation and test rows of a labelled table, by the three rules of this module. Deterministic in `seed`."""
    raise NotImplementedError


def train(
    features: pa.Table,
    labels: pa.Table,
    *,
    cutoff: date,
    seed: int = 7,
    settings: TrainingSettings = TrainingSettings(),
    feature_list: Sequence[Feature] = FEATURES,
) -> TrainedModel:
    """Fit the denial model on what `ftr_denial__claim` and `ftr_denial__label` hold.

    `cutoff` is the last day on which data was received. Raises FeatureError when a feature is missing and TrainingError
    when too few mature claims are left. Costs about 4 s for 20,000 claims on 2 cores.
    """
    raise NotImplementedError
