"""The figures are right, and the controls find what they are for."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from ml.denial import Evaluation, LeakFound, TrainedModel, check_leaks, evaluate, model_card, train
from ml.denial.evaluation import average_precision, calibration_error, recall_at, roc_auc
from ml.denial.features import FEATURES, Feature, Kind, Reason
from tests.unit.ml.synthetic import CUTOFF, World, draw


def test_the_model_comes_near_the_ceiling_and_not_above(evaluation: Evaluation) -> None:
    assert evaluation.metrics["attained_share"] > 0.85
    assert evaluation.metrics["roc_auc"] <= evaluation.metrics["ceiling_roc_auc"] + 0.02
    assert evaluation.metrics["brier"] < evaluation.metrics["ceiling_brier"] * 1.10


def test_the_model_beats_the_payers_rates(evaluation: Evaluation) -> None:
    assert evaluation.metrics["gain_over_payer_low"] > 0
    assert evaluation.metrics["gain_over_payer_procedure_low"] > 0


def test_shuffled_labels_are_worth_nothing(evaluation: Evaluation) -> None:
    away = abs(evaluation.metrics["shuffled_roc_auc"] - 0.5) / evaluation.metrics["shuffled_roc_auc_error"]
    assert away < 3


def test_a_planted_copy_of_the_outcome_is_found(world: World) -> None:
    planted = world.features.append_column("looks_harmless", world.labels["is_initially_denied"])
    assert check_leaks(planted, world.labels) == ("looks_harmless",)


def test_a_leak_through_nulls_is_found(world: World) -> None:
    denied = world.labels["is_initially_denied"].to_numpy(zero_copy_only=False) == True  # noqa: E712 - null is False
    planted = world.features.append_column("amount", pa.array(np.ones(denied.size), mask=denied))
    assert check_leaks(planted, world.labels) == ("amount",)


def test_a_model_trained_on_a_leak_is_refused(world: World) -> None:
    leak = Feature("outcome_in_disguise", Kind.NUMBER, Reason.CHARGE)
    planted = world.features.append_column(leak.name, world.labels["is_initially_denied"].cast(pa.int8()))
    leaky = train(planted, world.labels, cutoff=CUTOFF, feature_list=(*FEATURES, leak))
    with pytest.raises(LeakFound, match="outcome_in_disguise"):
        evaluate(leaky, planted, world.labels)


def test_a_model_better_than_the_ceiling_is_refused() -> None:
    world = draw(9_000, patients=6_000, signal=0.2)
    random = np.random.default_rng(5)
    denied = world.labels["is_initially_denied"].fill_null(False).to_numpy(zero_copy_only=False)
    # too faint a leak for the check of single features, far too strong for this world
    hint = denied * 1.0 + random.normal(0, 0.7, denied.size)
    leak = Feature("hint", Kind.NUMBER, Reason.CHARGE)
    planted = world.features.append_column("hint", pa.array(hint))
    leaky = train(planted, world.labels, cutoff=CUTOFF, feature_list=(*FEATURES, leak))
    with pytest.raises(LeakFound, match="above the attainable"):
        evaluate(leaky, planted, world.labels, truth=world.truth)


def test_truth_that_does_not_match_is_refused(world: World, model: TrainedModel) -> None:
    with pytest.raises(ValueError, match="match it by claim"):
        evaluate(model, world.features, world.labels, truth=world.truth.slice(0, 100))


def test_metrics_agree_with_an_independent_implementation() -> None:
    random = np.random.default_rng(2)
    score = np.round(random.random(3_000), 2)  # with ties
    outcome = (random.random(3_000) < score).astype(np.float64)
    assert roc_auc(outcome, score) == pytest.approx(roc_auc_score(outcome, score))
    assert average_precision(outcome, score) == pytest.approx(average_precision_score(outcome, score))


def test_hand_worked_metrics() -> None:
    outcome = np.array([1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    probability = np.array([0.9, 0.8, 0.7, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    assert recall_at(outcome, probability, 0.10) == 0.5  # one claim reviewed, one of two denials in it
    assert roc_auc(outcome, probability) == pytest.approx(15 / 16)  # one of 16 pairs is the wrong way round
    # two bins of five: means 0.52 and 0.1 against observed 2/5 and 0
    assert calibration_error(outcome, probability, bins=2) == pytest.approx(0.5 * 0.12 + 0.5 * 0.1)


def test_the_card_shows_the_figures_and_needs_no_network(model: TrainedModel, evaluation: Evaluation) -> None:
    card = model_card(model, evaluation)
    assert f"{evaluation.metrics['roc_auc']:.4f}" in card
    assert f"{evaluation.metrics['ceiling_roc_auc']:.4f}" in card
    assert "<svg" in card
    assert "http" not in card


def test_small_groups_are_not_shown(evaluation: Evaluation) -> None:
    assert all(min(table["claims"].to_pylist()) >= 11 for table in evaluation.groups.values())
