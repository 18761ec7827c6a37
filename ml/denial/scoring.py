"""Scoring: feature table in, probability and reasons out.

Belongs here: probabilities, the reasons behind them, the schema of `gold/denial_scores`. Does not belong here: fitting,
thresholds of a tenant, what a biller does about it.
"""

import pyarrow as pa

from ml.denial.model import TrainedModel

REASON_COUNT = 3

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


def score(model: TrainedModel, features: pa.Table) -> pa.Table:
    """One row of schema `SCORES` per row of `features`, in its order.

    Reasons are the groups of features whose exact SHAP contributions (log-odds) raise the probability most; null where
    fewer than three do. Raises FeatureError when a feature is missing. Model version is "unregistered" when it has none.
    """
    raise NotImplementedError
