"""Scores: probability, reasons, version."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from ml.denial import SCORES, FeatureError, TrainedModel, score
from tests.unit.ml.synthetic import World


def test_one_row_per_claim_in_order(world: World, model: TrainedModel) -> None:
    scores = score(model, world.features)
    assert scores.schema == SCORES
    assert scores["claim_id"].equals(world.features["claim_id"])
    assert pc.min(scores["denial_probability"]).as_py() > 0
    assert pc.max(scores["denial_probability"]).as_py() < 1


def test_the_reason_of_a_claim_without_coverage_is_eligibility(world: World, model: TrainedModel) -> None:
    uncovered = world.features.filter(pc.invert(pc.fill_null(world.features["is_covered_on_service"], True)))
    reasons = score(model, uncovered)["reason_1_code"].to_pylist()
    assert reasons.count("eligibility") > 0.8 * len(reasons)


def test_only_the_riskiest_get_reasons(world: World, model: TrainedModel) -> None:
    scores = score(model, world.features, explained=50)
    explained = scores.filter(pc.is_valid(scores["reason_1_code"]))
    assert explained.num_rows == 50
    others = scores.filter(pc.is_null(scores["reason_1_code"]))
    assert pc.min(explained["denial_probability"]).as_py() >= pc.max(others["denial_probability"]).as_py()


def test_reasons_fall_in_order_and_raise_the_probability(world: World, model: TrainedModel) -> None:
    rows = score(model, world.features.slice(0, 200)).to_pylist()
    for row in rows:
        added = [row[f"reason_{n}_contribution"] for n in (1, 2, 3) if row[f"reason_{n}_code"]]
        assert added == sorted(added, reverse=True)
        assert all(a > 0 for a in added)


def test_a_claim_alone_scores_as_among_others(world: World, model: TrainedModel) -> None:
    alone = score(model, world.features.slice(17, 1))["denial_probability"][0].as_py()
    among = score(model, world.features)["denial_probability"][17].as_py()
    assert alone == among


def test_no_claims_no_scores(world: World, model: TrainedModel) -> None:
    assert score(model, world.features.slice(0, 0)).num_rows == 0


def test_values_never_seen_count_as_unknown(world: World, model: TrainedModel) -> None:
    one = world.features.slice(0, 1)
    position = one.column_names.index("payer_id")
    strange = one.set_column(position, "payer_id", pa.array(["a payer of tomorrow"]))
    unknown = one.set_column(position, "payer_id", pa.array([None], pa.string()))
    assert score(model, strange)["denial_probability"].equals(score(model, unknown)["denial_probability"])


def test_a_missing_feature_raises(world: World, model: TrainedModel) -> None:
    with pytest.raises(FeatureError, match="has_valid_authorization"):
        score(model, world.features.drop_columns(["has_valid_authorization"]))
