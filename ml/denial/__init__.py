"""The denial model: will at least one line of this claim be denied when the payer first adjudicates it?

Belongs here: its features as data, splitting, training, calibration, scoring, evaluation, its card. Does not belong
here: where tables live, Dagster, MLflow (`ml.registry`), drift (`ml.drift`), the SQL of the features
(`dbt_project/models/features`).

Every step takes and returns Arrow tables:

    features = table of `features.ftr_denial__claim`        labels = table of `features.ftr_denial__label`
    model = train(features, labels, cutoff=date(2026, 6, 30))
    evaluation = evaluate(model, features, labels, truth=None)
    card = model_card(model, evaluation)
    version = ml.registry.register(registry, model, metrics=evaluation.metrics, card=card, by="me", why="first")
    champion = ml.registry.load_champion(registry, "denial", read_model)
    scores = score(champion, features)
    drift = ml.drift.report(*drift_windows(champion, features), out)
"""

from ml.denial.card import model_card
from ml.denial.evaluation import Evaluation, LeakFound, check_leaks, evaluate
from ml.denial.features import FEATURES, FeatureError, feature_digest
from ml.denial.model import TrainedModel, read_model
from ml.denial.monitoring import drift_windows
from ml.denial.scoring import SCORES, score
from ml.denial.submission import features_of
from ml.denial.training import TrainingError, TrainingSettings, train

__all__ = [
    "FEATURES",
    "SCORES",
    "Evaluation",
    "FeatureError",
    "LeakFound",
    "TrainedModel",
    "TrainingError",
    "TrainingSettings",
    "check_leaks",
    "drift_windows",
    "evaluate",
    "feature_digest",
    "features_of",
    "model_card",
    "read_model",
    "score",
    "train",
]
