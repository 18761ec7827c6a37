"""Fitting the denial model: which rows it may learn from, the split, the trees, the calibration.

Belongs here: maturity of labels, the split by submission month with its embargo, fitting. Does not belong here: what
the features are (`ml.denial.features`), how good the model is (`ml.denial.evaluation`).

Rules that keep the figures honest:

- **Mature labels only.** At the data cut-off, a young claim without a remittance is not "not denied", it is unknown;
  and
  a young claim *with* one is a claim that was answered fast, which is no fair sample. So every claim younger than
  `maturity_days` is left out, and so is every older one that was never adjudicated.
- **Split by time with an embargo.** Test months are the newest mature ones, validation months come before; claims
  submitted in the `embargo_days` before a window belong to no set, because their outcome was not known when it began.
- **The newest months count.** Rounds and calibration come from trees that have not seen the validation months; the
  trees
  that are kept are then grown, as many, on training and validation months together, so that a payer's newest rules
  are in.
- **No patient on both sides.** A patient with claims in several windows keeps those of one window only.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ml.denial.features import FEATURES, Feature, check
from ml.denial.model import Calibration, Index, Matrix, TrainedModel, Vector, learn_preprocessing

# Below so many rows, threads wait for each other longer than they work; on a busy machine many times longer.
FEW_ROWS = 30_000


class TrainingError(ValueError):
    """There is not enough to learn from; the message says what is lacking."""


@dataclass(frozen=True)
class TrainingSettings:
    """How the model is fitted. The defaults suit 20,000 to 1,000,000 claims over about two years."""

    maturity_days: int = 60
    embargo_days: int = 14
    validation_months: int = 2
    test_months: int = 3
    min_rows: int = 150
    min_category_rows: int = 15
    learning_rate: float = 0.04
    num_leaves: int = 12
    min_data_in_leaf: int = 40
    feature_fraction: float = 0.3
    bagging_fraction: float = 0.8
    lambda_l2: float = 10.0
    cat_smooth: float = 20.0
    cat_l2: float = 20.0
    max_rounds: int = 800
    stop_after_rounds: int = 60
    threads: int = 0


DEFAULTS = TrainingSettings()


@dataclass(frozen=True)
class Split:
    """Row positions in the joined table of each set, and how many rows were left out and why."""

    train: Index
    validation: Index
    test: Index
    left_out: dict[str, int]


def labelled(features: pa.Table, labels: pa.Table) -> pa.Table:
    """The feature table with the outcome and day of first adjudication of each claim, in the order of claim ids.

    A query gives rows in any order, and the same claims must train the same model.

    Raises TrainingError when a claim has two labels.
    """
    wanted = labels.select(["claim_id", "is_initially_denied", "first_adjudicated_date"])
    if pc.count_distinct(wanted["claim_id"]).as_py() != wanted.num_rows:
        raise TrainingError(
            "The label table holds a claim more than once; `ftr_denial__label` must have one row per claim_id."
        )
    features = features.sort_by("claim_id")
    position = pc.index_in(features["claim_id"], value_set=wanted["claim_id"].combine_chunks())
    found = wanted.take(position)
    for name in ("is_initially_denied", "first_adjudicated_date"):
        features = features.append_column(name, found[name])
    return features


def split(table: pa.Table, *, cutoff: date, seed: int, settings: TrainingSettings) -> Split:
    """Train, validation and test rows of a labelled table, by the rules of this module. Deterministic in `seed`.

    Raises TrainingError when a set stays empty, holds one outcome only, or training has under `min_rows` rows.
    """
    submitted = table["submitted_date"].cast(pa.date32()).cast(pa.int32()).to_numpy()
    adjudicated = table["first_adjudicated_date"].cast(pa.date32()).cast(pa.int32()).fill_null(_NEVER).to_numpy()
    denied = table["is_initially_denied"].fill_null(False).to_numpy(zero_copy_only=False)
    has_label = table["is_initially_denied"].is_valid().to_numpy(zero_copy_only=False)
    mature_end = _day(cutoff - timedelta(days=settings.maturity_days))
    young = submitted > mature_end
    unknown = ~young & (~has_label | (adjudicated > _day(cutoff)))
    usable = ~young & ~unknown
    if not usable.any():
        raise TrainingError(
            f"No claim older than {settings.maturity_days} days at {cutoff} has been adjudicated; "
            "ingest remittances first."
        )
    window = _windows(submitted, usable, mature_end, settings)
    embargoed = usable & (window == _EMBARGO)
    kept = _one_window_per_patient(_patients(table), window, seed)
    sets = tuple(np.flatnonzero(kept == w).astype(np.int64) for w in (_TRAIN, _VALIDATION, _TEST))
    for name, rows in zip(("training", "validation", "test"), sets, strict=True):
        if rows.size == 0 or denied[rows].min() == denied[rows].max():
            raise TrainingError(
                f"The {name} months hold {rows.size} mature claims, and not both outcomes; "
                "more months of claims are needed."
            )
    if sets[0].size < settings.min_rows:
        raise TrainingError(
            f"Only {sets[0].size} mature claims are left to train on; at least {settings.min_rows} are needed."
        )
    left_out = {
        "immature": int(young.sum()),
        "never_adjudicated": int(unknown.sum()),
        "embargo": int(embargoed.sum()),
        "patient_in_other_set": int((usable & (window >= _TRAIN)).sum() - sum(rows.size for rows in sets)),
    }
    return Split(sets[0], sets[1], sets[2], left_out)


_NEVER = np.iinfo(np.int32).max
_UNUSED, _EMBARGO, _TRAIN, _VALIDATION, _TEST = -2, -1, 0, 1, 2


def _day(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _windows(
    submitted: npt.NDArray[np.int32], usable: npt.NDArray[np.bool_], mature_end: int, settings: TrainingSettings
) -> Index:
    """The window of every row by its submission month, counted back from the newest mature month."""
    first = int(submitted[usable].min())
    months = _months_between(first, mature_end) + 1
    test_months = min(settings.test_months, max(1, months // 5))
    validation_months = min(settings.validation_months, max(1, months // 8))
    test_start = _month_start(mature_end, back=test_months - 1)
    validation_start = _month_start(mature_end, back=test_months + validation_months - 1)
    window = np.full(submitted.size, _TRAIN, dtype=np.int64)
    window[submitted >= validation_start - settings.embargo_days] = _EMBARGO
    window[submitted >= validation_start] = _VALIDATION
    window[submitted >= test_start - settings.embargo_days] = _EMBARGO
    window[submitted >= test_start] = _TEST
    window[~usable] = _UNUSED
    return window


def _months_between(first: int, last: int) -> int:
    months = np.array([first, last], dtype="datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return int(months[1] - months[0])


def _month_start(day: int, *, back: int) -> int:
    month = np.datetime64(day, "D").astype("datetime64[M]") - np.timedelta64(back, "M")
    return int(month.astype("datetime64[D]").astype(np.int64))


def _patients(table: pa.Table) -> Index:
    """A number per patient; a claim without a patient key is a patient of its own."""
    key = pc.coalesce(table["patient_key"], table["claim_id"]).combine_chunks()
    return np.asarray(key.dictionary_encode().indices.to_numpy(), dtype=np.int64)


def _one_window_per_patient(patient: Index, window: Index, seed: int) -> Index:
    """`window`, with the rows of a patient that stand outside the window drawn for that patient set to unused.

    A patient of several windows is drawn to each of them with equal chance, so neither side is drained.
    """
    count = int(patient.max()) + 1
    present = np.zeros((count, 3), dtype=bool)
    inside = window >= _TRAIN
    present[patient[inside], window[inside]] = True
    draw = np.where(present, np.random.default_rng(seed).random((count, 3)), -1.0).argmax(axis=1)
    kept = window.copy()
    kept[inside & (draw[patient] != window)] = _UNUSED
    return kept


def train(
    features: pa.Table,
    labels: pa.Table,
    *,
    cutoff: date,
    seed: int = 7,
    settings: TrainingSettings = DEFAULTS,
    feature_list: Sequence[Feature] = FEATURES,
) -> TrainedModel:
    """Fit the denial model on what `ftr_denial__claim` and `ftr_denial__label` hold.

    `cutoff` is the last day on which data was received. Raises FeatureError when a feature is missing and TrainingError
    when too few mature claims are left. Costs about 4 s for 20,000 claims on 2 cores.
    """
    check(features, tuple(feature_list))
    table = labelled(features, labels)
    sets = split(table, cutoff=cutoff, seed=seed, settings=settings)
    preprocessing = learn_preprocessing(table.take(sets.train), feature_list, settings.min_category_rows)
    matrix = preprocessing.encode(table)
    outcome = table["is_initially_denied"].fill_null(False).to_numpy(zero_copy_only=False).astype(np.float64)
    names, categorical = [f.name for f in feature_list], preprocessing.categorical
    trees, rounds = fit_trees(matrix, outcome, sets, names=names, categorical=categorical, seed=seed, settings=settings)
    held_back = TrainedModel(trees, preprocessing, Calibration(), cutoff, seed, asdict(settings))
    calibration = fit_calibration(held_back.log_odds(matrix[sets.validation]), outcome[sets.validation])
    newest = Split(np.concatenate([sets.train, sets.validation]), sets.validation, sets.test, {})
    trees, _ = fit_trees(
        matrix, outcome, newest, names=names, categorical=categorical, seed=seed, settings=settings, rounds=rounds
    )
    return replace(held_back, trees=trees, calibration=calibration, facts=_facts(table, outcome, sets, rounds))


def fit_trees(
    matrix: Matrix,
    outcome: Vector,
    sets: Split,
    *,
    names: Sequence[str],
    categorical: Sequence[int],
    seed: int,
    settings: TrainingSettings,
    rounds: int | None = None,
) -> tuple[str, int]:
    """Boosted trees of the training rows: their text, and the rounds kept.

    Stopped early on the validation rows, or after `rounds` where given.
    """
    import lightgbm as lgb

    parameters = {
        "objective": "binary",
        "metric": "binary_logloss",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.num_leaves,
        "min_data_in_leaf": min(settings.min_data_in_leaf, max(5, sets.train.size // 100)),
        "feature_fraction": settings.feature_fraction,
        "bagging_fraction": settings.bagging_fraction,
        "bagging_freq": 1,
        "lambda_l2": settings.lambda_l2,
        "cat_smooth": settings.cat_smooth,
        "cat_l2": settings.cat_l2,
        "num_threads": settings.threads or (1 if sets.train.size < FEW_ROWS else 0),
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    training = lgb.Dataset(
        matrix[sets.train],
        outcome[sets.train],
        feature_name=list(names),
        categorical_feature=list(categorical),
        params=parameters,
    )
    if rounds is not None:
        return lgb.train(parameters, training, num_boost_round=rounds).model_to_string(), rounds
    validation = lgb.Dataset(matrix[sets.validation], outcome[sets.validation], reference=training)
    booster = lgb.train(
        parameters,
        training,
        num_boost_round=settings.max_rounds,
        valid_sets=[validation],
        callbacks=[lgb.early_stopping(settings.stop_after_rounds, verbose=False)],
    )
    kept = booster.best_iteration or booster.current_iteration()
    return booster.model_to_string(num_iteration=kept), kept


def fit_calibration(log_odds: Vector, outcome: Vector, *, steps: int = 50, ridge: float = 1e-3) -> Calibration:
    """Logistic recalibration by Newton's method; the identity where the rows hold one outcome only."""
    if outcome.min() == outcome.max():
        return Calibration()
    x = np.column_stack([log_odds, np.ones_like(log_odds)])
    prior = np.array([1.0, 0.0])
    weights = prior.copy()
    for _ in range(steps):
        p = 1.0 / (1.0 + np.exp(-(x @ weights)))
        gradient = x.T @ (p - outcome) + ridge * (weights - prior)
        hessian = (x * (p * (1.0 - p))[:, None]).T @ x + ridge * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-10:
            break
    return Calibration(float(weights[0]), float(weights[1]))


def _facts(table: pa.Table, outcome: Vector, sets: Split, rounds: int) -> dict[str, object]:
    """Counts and dates of the sets, for the card and the registry: numbers only."""
    facts: dict[str, object] = {"rounds": rounds, "left_out": sets.left_out}
    for name, rows in (("train", sets.train), ("validation", sets.validation), ("test", sets.test)):
        days = pc.min_max(table["submitted_date"].take(rows)).as_py()
        facts[name] = {
            "claims": int(rows.size),
            "denial_rate": round(float(outcome[rows].mean()), 6),
            "first_date": days["min"].isoformat(),
            "last_date": days["max"].isoformat(),
        }
    return facts
