"""Which claims the denial model learns from, and that it learns what there is to learn."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from ml.denial import FeatureError, TrainedModel, TrainingError, TrainingSettings, train
from ml.denial.training import fit_calibration, labelled, split
from tests.unit.ml.synthetic import CUTOFF, World, draw

SETTINGS = TrainingSettings()


def test_young_claims_are_in_no_set(world: World) -> None:
    table = labelled(world.features, world.labels)
    sets = split(table, cutoff=CUTOFF, seed=7, settings=SETTINGS)
    used = table.take(np.concatenate([sets.train, sets.validation, sets.test]))
    assert pc.max(used["submitted_date"]).as_py() <= CUTOFF - timedelta(days=SETTINGS.maturity_days)
    young = pc.greater(table["submitted_date"], pa.scalar(CUTOFF - timedelta(days=SETTINGS.maturity_days)))
    assert sets.left_out["immature"] == pc.sum(young).as_py() > 0


def test_a_claim_that_was_never_answered_is_no_negative(world: World) -> None:
    silent = world.labels.slice(1)  # the oldest claim has no row in the labels
    table = labelled(world.features, silent)
    sets = split(table, cutoff=CUTOFF, seed=7, settings=SETTINGS)
    assert 0 not in np.concatenate([sets.train, sets.validation, sets.test])
    assert sets.left_out["never_adjudicated"] == 1


def test_an_answer_after_the_cutoff_is_not_known(world: World) -> None:
    early = CUTOFF - timedelta(days=120)
    table = labelled(world.features, world.labels)
    sets = split(table, cutoff=early, seed=7, settings=TrainingSettings(maturity_days=20))
    used = table.take(np.concatenate([sets.train, sets.validation, sets.test]))
    assert pc.max(used["first_adjudicated_date"]).as_py() <= early
    assert sets.left_out["never_adjudicated"] > 0


def test_no_patient_is_in_two_sets(world: World) -> None:
    table = labelled(world.features, world.labels)
    sets = split(table, cutoff=CUTOFF, seed=7, settings=SETTINGS)
    patients = [set(table["patient_key"].take(rows).to_pylist()) for rows in (sets.train, sets.validation, sets.test)]
    assert not patients[0] & patients[1]
    assert not patients[0] & patients[2]
    assert not patients[1] & patients[2]


def test_windows_follow_each_other_with_an_embargo(world: World) -> None:
    table = labelled(world.features, world.labels)
    sets = split(table, cutoff=CUTOFF, seed=7, settings=SETTINGS)
    days = [pc.min_max(table["submitted_date"].take(rows)).as_py() for rows in (sets.train, sets.validation, sets.test)]
    gap = timedelta(days=SETTINGS.embargo_days)
    assert days[1]["min"] - days[0]["max"] > gap
    assert days[2]["min"] - days[1]["max"] > gap
    assert days[1]["min"].day == 1
    assert days[2]["min"].day == 1


def test_the_same_seed_gives_the_same_model(world: World, model: TrainedModel) -> None:
    again = train(world.features, world.labels, cutoff=CUTOFF)
    assert again.files() == model.files()


def test_a_missing_feature_raises(world: World) -> None:
    with pytest.raises(FeatureError, match="payer_id"):
        train(world.features.drop_columns(["payer_id"]), world.labels, cutoff=CUTOFF)


def test_a_feature_of_the_wrong_type_raises(world: World) -> None:
    position = world.features.column_names.index("line_count")
    wrong = world.features.set_column(position, "line_count", pc.cast(world.features["line_count"], pa.string()))
    with pytest.raises(FeatureError, match="line_count is string"):
        train(wrong, world.labels, cutoff=CUTOFF)


def test_too_few_claims_say_what_is_lacking() -> None:
    few = draw(120)
    with pytest.raises(TrainingError, match="needed"):
        train(few.features, few.labels, cutoff=CUTOFF)


def test_labels_twice_raise(world: World) -> None:
    with pytest.raises(TrainingError, match="more than once"):
        train(world.features, pa.concat_tables([world.labels, world.labels.slice(0, 1)]), cutoff=CUTOFF)


def test_calibration_finds_a_known_stretch() -> None:
    random = np.random.default_rng(3)
    log_odds = random.normal(-1.0, 1.5, 200_000)
    outcome = (random.random(log_odds.size) < 1 / (1 + np.exp(-(0.5 * log_odds - 0.3)))).astype(np.float64)
    calibration = fit_calibration(log_odds, outcome)
    assert calibration.slope == pytest.approx(0.5, abs=0.02)
    assert calibration.intercept == pytest.approx(-0.3, abs=0.03)
