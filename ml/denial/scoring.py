"""Scoring: feature table in, probability and reasons out.

Belongs here: probabilities, the reasons behind them, the schema of `gold/denial_scores`. Does not belong here: fitting,
thresholds of a tenant, what a biller does about it.
"""

import math

import numpy as np
import pyarrow as pa

from ml.denial.features import KEYS, REASON_TEXT, check
from ml.denial.model import Index, Matrix, TrainedModel, Vector

REASON_COUNT = 3
EXPLAINED_SHARE = 0.1
EXPLAINED_AT_LEAST = 1_000

SCORES: pa.Schema = pa.schema(
    [
        pa.field("claim_id", pa.string(), nullable=False),
        pa.field("tenant_id", pa.string(), nullable=False),
        pa.field("submitted_date", pa.date32(), nullable=False),
        pa.field("denial_probability", pa.float64(), nullable=False),
        *(
            pa.field(f"reason_{n}_{part}", type_)
            for n in range(1, REASON_COUNT + 1)
            for part, type_ in (("code", pa.string()), ("text", pa.string()), ("contribution", pa.float64()))
        ),
        pa.field("model_name", pa.string(), nullable=False),
        pa.field("model_version", pa.string(), nullable=False),
    ]
)


def score(model: TrainedModel, features: pa.Table, *, explained: int | None = None) -> pa.Table:
    """One row of schema `SCORES` per row of `features`, in its order.

    Reasons are the groups of features whose exact SHAP contributions (log-odds) raise the probability most; null where
    fewer than three do. They cost 0.25 ms a claim against 0.01 ms for the probability, so only the `explained` claims
    of highest probability get them (by default the riskiest tenth, and a thousand at least); the others' are null.
    Raises FeatureError when a feature is missing. `model_version` is "unregistered" before the registry has given one.
    """
    check(features, model.preprocessing.features)
    rows = features.num_rows
    matrix = model.preprocessing.encode(features)
    probability = model.calibration.apply(model.log_odds(matrix)) if rows else np.empty(0)
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        key: features[key].cast(SCORES.field(key).type) for key in KEYS if key in SCORES.names
    }
    columns["denial_probability"] = pa.array(probability, pa.float64())
    columns |= _reasons(model, matrix, _riskiest(probability, explained))
    columns["model_name"] = pa.repeat(pa.scalar(model.name), rows)
    columns["model_version"] = pa.repeat(pa.scalar(model.version or "unregistered"), rows)
    return pa.table({name: columns[name] for name in SCORES.names}, schema=SCORES)


def _riskiest(probability: Vector, explained: int | None) -> Index:
    """Positions of the claims that get reasons, in table order."""
    count = max(EXPLAINED_AT_LEAST, math.ceil(EXPLAINED_SHARE * probability.size)) if explained is None else explained
    return np.sort(np.argsort(-probability, kind="stable")[:count])


def _reasons(model: TrainedModel, matrix: Matrix, rows: Index) -> dict[str, pa.Array]:
    """Columns reason_n_code, _text, _contribution: groups in falling order of what they add, positive ones only."""
    reasons = sorted({f.reason for f in model.preprocessing.features})
    place = {reason: i for i, reason in enumerate(reasons)}
    groups = np.full((matrix.shape[0], max(len(reasons), REASON_COUNT)), -np.inf)
    if rows.size:
        contributions = np.asarray(model.booster.predict(matrix[rows], pred_contrib=True), dtype=np.float64)
        groups[rows, : len(reasons)] = 0.0
        for position, feature in enumerate(model.preprocessing.features):
            groups[rows, place[feature.reason]] += contributions[:, position]
    order = np.argsort(-groups, axis=1, kind="stable")[:, :REASON_COUNT]
    added = np.take_along_axis(groups, order, axis=1)
    codes = pa.array([str(reason) for reason in reasons], pa.string())
    texts = pa.array([REASON_TEXT[reason] for reason in reasons], pa.string())
    out: dict[str, pa.Array] = {}
    for n in range(REASON_COUNT):
        silent = ~(added[:, n] > 0.0)
        chosen = pa.array(order[:, n], mask=silent)
        out[f"reason_{n + 1}_code"] = codes.take(chosen)
        out[f"reason_{n + 1}_text"] = texts.take(chosen)
        out[f"reason_{n + 1}_contribution"] = pa.array(added[:, n], mask=silent)
    return out
