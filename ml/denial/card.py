"""The model card: one HTML document with the figures of a model and their plots, readable without a network.

Belongs here: the page. Does not belong here: computing any figure (`ml.denial.evaluation`).
"""

from ml.denial.evaluation import Evaluation
from ml.denial.model import TrainedModel


def model_card(model: TrainedModel, evaluation: Evaluation) -> str:
    """The card as one HTML document: what the model is for, what it was trained on, its figures, its limits."""
    raise NotImplementedError
