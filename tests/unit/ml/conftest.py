"""One made-up world, and one model trained on it, for all tests of this folder."""

import pytest

from ml.denial import Evaluation, TrainedModel, evaluate, train
from tests.unit.ml.synthetic import CUTOFF, World, draw


@pytest.fixture(scope="session")
def world() -> World:
    """9,000 claims of 6,000 patients with known probabilities."""
    return draw(9_000, patients=6_000)


@pytest.fixture(scope="session")
def model(world: World) -> TrainedModel:
    """The denial model trained on `world`."""
    return train(world.features, world.labels, cutoff=CUTOFF)


@pytest.fixture(scope="session")
def evaluation(world: World, model: TrainedModel) -> Evaluation:
    """Its evaluation against the true probabilities."""
    return evaluate(model, world.features, world.labels, truth=world.truth)
