"""How good the denial model is, and whether its figures can be believed.

Belongs here: metrics on the held-out months, baselines, the ceiling, the controls that find leaks. Does not belong
here: fitting, the page that shows the figures (`ml.denial.card`).

Controls:

- **Ceiling**: where the true probabilities are known (simulated claims), nothing can order the outcomes better than
  they do. The share attained is (AUC - 0.5) / (ceiling's AUC - 0.5). A model above its ceiling beyond chance has seen
  the outcome.
- **Shuffled labels**: the same fit on outcomes dealt out at random must be worth nothing.
- **Leak check with a canary**: a feature that alone orders the outcomes almost perfectly is taken for a copy of them.
  Every evaluation plants such a copy and fails when the check does not find it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ml.denial.features import KEYS, Kind
from ml.denial.model import Matrix, Preprocessing, TrainedModel, Vector
from ml.denial.training import Split, TrainingSettings, fit_trees, labelled, split

LEAK_AUC = 0.95
RESAMPLES = 300
CALIBRATION_BINS = 10
SMALLEST_CELL = 11  # groups of fewer claims are not shown
CANARY = "planted_copy_of_the_outcome"


class LeakFound(ValueError):  # noqa: N818 - a finding, not a mistake
    """A feature knows the outcome, or the model beats what is attainable; the message names it."""


@dataclass(frozen=True)
class Evaluation:
    """Figures of one model on its test months. `metrics` is flat for the registry; the rest feeds the card.

    `curves` holds lists of points by name; `groups` holds, per grouping, a table group, claims, denial_rate,
    mean_probability, roc_auc.
    """

    metrics: dict[str, float]
    curves: dict[str, list[tuple[float, float]]]
    groups: dict[str, pa.Table]
    importance: tuple[tuple[str, float], ...]


def roc_auc(outcome: Vector, score: Vector) -> float:
    """Area under the ROC curve by mid-ranks; NaN where only one outcome is present."""
    positives = outcome > 0.5
    n1 = int(positives.sum())
    n0 = outcome.size - n1
    if n1 == 0 or n0 == 0:
        return float("nan")
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    mid_rank = np.cumsum(counts) - (counts - 1) / 2.0
    return float((mid_rank[inverse][positives].sum() - n1 * (n1 + 1) / 2.0) / (n1 * n0))


def roc_auc_error(outcome: Vector) -> float:
    """Standard error of the AUC of a score that is worth nothing; NaN where only one outcome is present."""
    n1 = float((outcome > 0.5).sum())
    n0 = outcome.size - n1
    if n1 == 0 or n0 == 0:
        return float("nan")
    return float(np.sqrt((n1 + n0 + 1) / (12.0 * n1 * n0)))


def average_precision(outcome: Vector, score: Vector) -> float:
    """Area under the precision-recall curve (step-wise, ties together)."""
    precision, recall = _precision_recall(outcome, score)
    return float(np.sum(np.diff(np.concatenate([[0.0], recall])) * precision))


def calibration_error(outcome: Vector, probability: Vector, bins: int = CALIBRATION_BINS) -> float:
    """Expected calibration error over bins of equal count."""
    return float(sum(w * abs(p - o) for p, o, w in _calibration(outcome, probability, bins)))


def recall_at(outcome: Vector, score: Vector, share: float) -> float:
    """Share of all denials among the `share` of claims with the highest score."""
    count = max(1, int(np.ceil(share * outcome.size)))
    top = np.argsort(-score, kind="stable")[:count]
    return float(outcome[top].sum() / max(outcome.sum(), 1.0))


def _precision_recall(outcome: Vector, score: Vector) -> tuple[Vector, Vector]:
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(outcome[order])
    last_of_tie = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    found = hits[last_of_tie]
    return found / (last_of_tie + 1.0), found / max(float(outcome.sum()), 1.0)


def _calibration(outcome: Vector, probability: Vector, bins: int) -> list[tuple[float, float, float]]:
    """(mean probability, observed rate, share of rows) of each bin."""
    parts = np.array_split(np.argsort(probability, kind="stable"), bins)
    return [(float(probability[p].mean()), float(outcome[p].mean()), p.size / outcome.size) for p in parts if p.size]


def single_feature_auc(values: pa.ChunkedArray, outcome: Vector) -> float:
    """How well one column alone orders the outcomes at best: by value, by being null, by rates out of fold."""
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    is_null = values.is_null().to_numpy().astype(np.float64)
    candidates = [is_null]
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type) or pa.types.is_decimal(values.type):
        number = values.cast(pa.float64()).fill_null(-1e300).to_numpy()
        candidates.append(np.nan_to_num(number, nan=-1e300))
    else:
        text = values.cast(pa.string()).fill_null("").combine_chunks().dictionary_encode()
        candidates.append(_out_of_fold_rate(np.asarray(text.indices.to_numpy(), dtype=np.int64), outcome))
    areas = [roc_auc(outcome, candidate) for candidate in candidates]
    return max(max(a, 1.0 - a) for a in areas)


def _out_of_fold_rate(code: npt.NDArray[np.int64], outcome: Vector) -> Vector:
    """Rate of the outcome in the other half of the rows for each row's category, so that no row vouches for itself."""
    fold = np.random.default_rng(0).integers(0, 2, code.size)
    rate = np.full(code.size, float(outcome.mean()))
    size = int(code.max()) + 1
    for own in (0, 1):
        other = fold != own
        rows = np.bincount(code[other], minlength=size)
        hits = np.bincount(code[other], weights=outcome[other], minlength=size)
        smoothed = (hits + outcome.mean()) / (rows + 1.0)
        rate[~other] = smoothed[code[~other]]
    return rate


def check_leaks(features: pa.Table, labels: pa.Table, *, threshold: float = LEAK_AUC) -> tuple[str, ...]:
    """Names of the columns (keys aside) that alone order the outcomes with an AUC of at least `threshold`."""
    table = labelled(features, labels)
    table = table.filter(table["is_initially_denied"].is_valid())
    return _leaks(table, [n for n in features.column_names if n not in KEYS], threshold)


def _leaks(table: pa.Table, columns: Sequence[str], threshold: float) -> tuple[str, ...]:
    outcome = _outcome(table)
    return tuple(name for name in columns if single_feature_auc(table[name], outcome) >= threshold)


def _outcome(table: pa.Table) -> Vector:
    return np.asarray(table["is_initially_denied"].fill_null(False).to_numpy(zero_copy_only=False), dtype=np.float64)


def evaluate(model: TrainedModel, features: pa.Table, labels: pa.Table, *, truth: pa.Table | None = None) -> Evaluation:
    """Figures of `model` on the test months that its training left out.

    `truth` (claim_id, denial_probability) holds the simulator's true probabilities; it only gives the ceiling.
    Raises LeakFound when a feature copies the outcome, when the check misses the planted canary, or when the
    model is
    better than the ceiling beyond chance. Costs about 4 s for 20,000 claims on 2 cores.
    """
    table = labelled(features, labels)
    settings = TrainingSettings(**model.settings)
    sets = split(table, cutoff=model.cutoff, seed=model.seed, settings=settings)
    matrix = model.preprocessing.encode(table)
    outcome = _outcome(table)
    _refuse_leaks(table, sets, [f.name for f in model.preprocessing.features])

    held_out, known = table.take(sets.test), outcome[sets.test]
    log_odds = model.log_odds(matrix[sets.test])
    probability = model.calibration.apply(log_odds)
    random = np.random.default_rng(model.seed)
    samples = random.integers(0, known.size, (RESAMPLES, known.size))
    low, high = _interval(samples, lambda rows: roc_auc(known[rows], probability[rows]))
    shuffled, error = _shuffled_control(matrix, outcome, sets, model, settings)
    metrics = {
        "test_rows": float(known.size),
        "test_denial_rate": float(known.mean()),
        "roc_auc": roc_auc(known, probability),
        "roc_auc_low": low,
        "roc_auc_high": high,
        "pr_auc": average_precision(known, probability),
        "brier": float(np.mean((probability - known) ** 2)),
        "log_loss": _log_loss(known, probability),
        "ece": calibration_error(known, probability),
        "recall_top_10": recall_at(known, probability, 0.10),
        "denied_charge_share_top_10": _charge_share(held_out, known, probability),
        "shuffled_roc_auc": shuffled,
        "shuffled_roc_auc_error": error,
        "leak_canary_found": 1.0,
    }
    for name, baseline in _baselines(table, matrix, outcome, sets, model.preprocessing).items():
        metrics[f"baseline_{name}_roc_auc"] = roc_auc(known, baseline)
        gain_low, gain_high = _interval(
            samples, lambda rows, b=baseline: roc_auc(known[rows], probability[rows]) - roc_auc(known[rows], b[rows])
        )
        metrics[f"gain_over_{name}_low"], metrics[f"gain_over_{name}_high"] = gain_low, gain_high
    if truth is not None:
        metrics |= _ceiling(held_out, known, probability, truth, samples)
    return Evaluation(metrics, _curves(known, probability), _groups(held_out, known, probability), _importance(model))


def _refuse_leaks(table: pa.Table, sets: Split, columns: list[str]) -> None:
    rows = np.sort(np.concatenate([sets.train, sets.validation, sets.test]))
    table = table.take(rows)
    planted = table.append_column(CANARY, table["is_initially_denied"].cast(pa.int8()))
    found = _leaks(planted, [*columns, CANARY], LEAK_AUC)
    if CANARY not in found:
        raise LeakFound(
            "The leak check did not find the copy of the outcome that was planted; its figures prove nothing."
        )
    leaks = [name for name in found if name != CANARY]
    if leaks:
        raise LeakFound(
            f"These features order the outcome almost perfectly on their own: {', '.join(leaks)}. "
            "Look in `ftr_denial__claim` for a value that is only known after submission."
        )


def _interval(samples: npt.NDArray[np.int64], figure: Any) -> tuple[float, float]:
    """95 % bootstrap interval of `figure(rows)`."""
    values = np.array([figure(rows) for rows in samples])
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(low), float(high)


def _log_loss(outcome: Vector, probability: Vector) -> float:
    p = np.clip(probability, 1e-9, 1 - 1e-9)
    return float(-np.mean(outcome * np.log(p) + (1 - outcome) * np.log(1 - p)))


def _charge_share(table: pa.Table, outcome: Vector, probability: Vector) -> float:
    charge = np.nan_to_num(table["total_charge_amount"].cast(pa.float64()).to_numpy()) * outcome
    top = np.argsort(-probability, kind="stable")[: max(1, int(np.ceil(0.1 * outcome.size)))]
    return float(charge[top].sum() / charge.sum()) if charge.sum() > 0 else 0.0


def _shuffled_control(
    matrix: Matrix, outcome: Vector, sets: Split, model: TrainedModel, settings: TrainingSettings
) -> tuple[float, float]:
    """AUC of the same fit on outcomes dealt out at random within each set, and the standard error of such an AUC.

    Within the sets, so that a small one keeps both outcomes.
    """
    import lightgbm as lgb

    random = np.random.default_rng(model.seed + 1)
    dealt = outcome.copy()
    for rows in (sets.train, sets.validation, sets.test):
        dealt[rows] = random.permutation(outcome[rows])
    trees, _ = fit_trees(
        matrix,
        dealt,
        sets,
        names=[f.name for f in model.preprocessing.features],
        categorical=model.preprocessing.categorical,
        seed=model.seed,
        settings=replace(settings, max_rounds=60),
    )
    score = np.asarray(lgb.Booster(model_str=trees).predict(matrix[sets.test], raw_score=True), dtype=np.float64)
    return roc_auc(dealt[sets.test], score), roc_auc_error(dealt[sets.test])


def _baselines(
    table: pa.Table, matrix: Matrix, outcome: Vector, sets: Split, preprocessing: Preprocessing
) -> dict[str, Vector]:
    """Scores of the test rows by the payer's rate, the payer's rate for the procedure, and a logistic regression."""
    names = [f.name for f in preprocessing.features]
    out: dict[str, Vector] = {}
    overall = float(outcome[sets.train].mean())
    if "payer_id" in names:
        payer = _codes(table["payer_id"])
        out["payer"] = _smoothed_rate(payer, outcome, sets, np.full(payer.size, overall))[sets.test]
        if "principal_procedure_code" in table.column_names:
            by_payer = _smoothed_rate(payer, outcome, sets, np.full(payer.size, overall))
            pair = payer * (int(1e6)) + _codes(table["principal_procedure_code"])
            _, pair = np.unique(pair, return_inverse=True)
            out["payer_procedure"] = _smoothed_rate(pair, outcome, sets, by_payer)[sets.test]
    out["logistic"] = _logistic(matrix, outcome, sets, preprocessing)
    return out


def _codes(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    encoded = column.cast(pa.string()).fill_null("").combine_chunks().dictionary_encode()
    return np.asarray(encoded.indices.to_numpy(), dtype=np.int64)


def _smoothed_rate(
    code: npt.NDArray[np.int64], outcome: Vector, sets: Split, prior: Vector, weight: float = 10.0
) -> Vector:
    """Training rate of every row's group, drawn to `prior` as if `weight` more rows had shown it."""
    size = int(code.max()) + 1
    rows = np.bincount(code[sets.train], minlength=size)[code]
    hits = np.bincount(code[sets.train], weights=outcome[sets.train], minlength=size)[code]
    return np.asarray((hits + weight * prior) / (rows + weight), dtype=np.float64)


def _logistic(
    matrix: Matrix, outcome: Vector, sets: Split, preprocessing: Preprocessing, most_values: int = 40
) -> Vector:
    """Ridge logistic regression on standardised numbers and one column per frequent category value."""
    from sklearn.linear_model import LogisticRegression

    parts: list[Matrix] = []
    for position, feature in enumerate(preprocessing.features):
        values = matrix[:, position]
        if feature.kind is Kind.CATEGORY:
            wide = min(most_values, len(preprocessing.categories[feature.name]))
            parts.append((values[:, None] == np.arange(wide)[None, :]).astype(np.float64))
            continue
        known = values[sets.train][~np.isnan(values[sets.train])]
        centre, spread = (float(np.median(known)), float(known.std())) if known.size else (0.0, 0.0)
        filled = np.where(np.isnan(values), centre, values)
        parts.append(np.clip((filled - centre) / (spread or 1.0), -5, 5)[:, None])
        if known.size < sets.train.size:
            parts.append(np.isnan(values)[:, None].astype(np.float64))
    wide_matrix = np.hstack(parts)
    fitted = LogisticRegression(C=0.1, max_iter=200).fit(wide_matrix[sets.train], outcome[sets.train])
    return np.asarray(fitted.predict_proba(wide_matrix[sets.test])[:, 1], dtype=np.float64)


def _ceiling(
    table: pa.Table, outcome: Vector, probability: Vector, truth: pa.Table, samples: npt.NDArray[np.int64]
) -> dict[str, float]:
    """The figures of the true probabilities on the same claims, and the share of them that the model attains."""
    position = pc.index_in(table["claim_id"], value_set=truth["claim_id"].combine_chunks())
    true = truth["denial_probability"].take(position).cast(pa.float64()).to_numpy()
    known = ~np.isnan(true)
    if known.mean() < 0.99:
        raise ValueError(f"The truth table holds only {known.mean():.1%} of the test claims; match it by claim first.")
    true = np.where(known, true, probability)
    area, attainable = roc_auc(outcome, probability), roc_auc(outcome, true)
    above = np.array([roc_auc(outcome[r], probability[r]) - roc_auc(outcome[r], true[r]) for r in samples])
    if float(np.quantile(above, 0.005)) > 0:
        raise LeakFound(
            f"The model's AUC {area:.4f} is above the attainable {attainable:.4f} beyond chance: "
            "a feature knows the outcome."
        )
    return {
        "ceiling_roc_auc": attainable,
        "ceiling_brier": float(np.mean((true - outcome) ** 2)),
        "ceiling_pr_auc": average_precision(outcome, true),
        "attained_share": (area - 0.5) / (attainable - 0.5),
        "true_probability_rmse": float(np.sqrt(np.mean((true - probability) ** 2))),
    }


def _curves(outcome: Vector, probability: Vector) -> dict[str, list[tuple[float, float]]]:
    order = np.argsort(-probability, kind="stable")
    hits = np.cumsum(outcome[order])
    misses = np.cumsum(1 - outcome[order])
    at = np.unique(np.linspace(0, outcome.size - 1, 150).astype(int))
    positives, negatives = max(hits[-1], 1.0), max(misses[-1], 1.0)
    reviewed = (at + 1) / outcome.size
    return {
        "roc": [(0.0, 0.0), *zip((misses[at] / negatives).tolist(), (hits[at] / positives).tolist(), strict=True)],
        "precision_recall": list(zip((hits[at] / positives).tolist(), (hits[at] / (at + 1)).tolist(), strict=True)),
        "lift": [(0.0, 0.0), *zip(reviewed.tolist(), (hits[at] / positives).tolist(), strict=True)],
        "calibration": [(p, o) for p, o, _ in _calibration(outcome, probability, CALIBRATION_BINS)],
    }


def _groups(table: pa.Table, outcome: Vector, probability: Vector) -> dict[str, pa.Table]:
    """Figures by tenant, payer, specialty, sex and age band; groups under SMALLEST_CELL claims are left out."""
    out = {}
    for name in ("tenant_id", "payer_id", "billing_provider_taxonomy_code", "patient_sex_code", "patient_age_years"):
        if name not in table.column_names:
            continue
        if name == "patient_age_years":
            out["age_band"] = _by_group(_age_band(table[name]), outcome, probability)
        else:
            out[name] = _by_group(table[name], outcome, probability)
    return out


def _age_band(age: pa.ChunkedArray) -> pa.ChunkedArray:
    years = np.nan_to_num(age.cast(pa.float64()).to_numpy(), nan=-1)
    words = np.array(["unknown", "0-17", "18-44", "45-64", "65+"])
    return pa.chunked_array([pa.array(words[np.digitize(years, [0, 18, 45, 65])])])


def _by_group(column: pa.ChunkedArray, outcome: Vector, probability: Vector) -> pa.Table:
    values = column.cast(pa.string()).fill_null("(none)").combine_chunks().dictionary_encode()
    code = np.asarray(values.indices.to_numpy(), dtype=np.int64)
    rows = []
    for position, word in enumerate(values.dictionary.to_pylist()):
        inside = code == position
        if inside.sum() >= SMALLEST_CELL:
            rows.append(
                {
                    "group": word,
                    "claims": int(inside.sum()),
                    "denial_rate": float(outcome[inside].mean()),
                    "mean_probability": float(probability[inside].mean()),
                    "roc_auc": roc_auc(outcome[inside], probability[inside]),
                }
            )
    rows.sort(key=lambda r: str(r["group"]))
    schema = pa.schema(
        [("group", pa.string()), ("claims", pa.int64())]
        + [(name, pa.float64()) for name in ("denial_rate", "mean_probability", "roc_auc")]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def _importance(model: TrainedModel, most: int = 20) -> tuple[tuple[str, float], ...]:
    """The features that cut the loss most, with their share of the total gain."""
    gain = np.asarray(model.booster.feature_importance("gain"), dtype=np.float64)
    share = gain / max(gain.sum(), 1e-12)
    order = np.argsort(-share, kind="stable")[:most]
    return tuple((model.preprocessing.features[i].name, float(share[i])) for i in order)
