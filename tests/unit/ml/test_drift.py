"""Drift is found where there is some, and not found by chance."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from ml.denial import TrainedModel, drift_windows
from ml.drift import DriftError, Thresholds, report
from tests.unit.ml.synthetic import CUTOFF, World

COLUMNS = ["payer_id", "has_valid_authorization", "total_charge_amount", "days_service_to_submission", "line_count"]


def test_no_drift_between_halves_of_one_world(world: World, tmp_path: Path) -> None:
    table = world.features.select(COLUMNS)
    found = report(table.slice(0, 4_500), table.slice(4_500), tmp_path / "reports" / "drift.html")
    assert not found.is_drifted
    assert found.drifted == ()
    assert set(found.scores) == set(COLUMNS)
    assert found.html.read_text().lstrip().lower().startswith("<")


def test_drift_of_a_shifted_world(world: World, tmp_path: Path) -> None:
    table = world.features.select(COLUMNS)
    shifted = table.slice(4_500)
    shifted = shifted.set_column(0, "payer_id", pa.array(["payer-0"] * shifted.num_rows))
    shifted = shifted.set_column(2, "total_charge_amount", pc.add(shifted["total_charge_amount"], 10.0))
    found = report(table.slice(0, 4_500), shifted, tmp_path / "drift.html")
    assert found.is_drifted
    assert set(found.drifted) == {"payer_id", "total_charge_amount"}
    assert found.drifted_share == pytest.approx(2 / 5)


def test_thresholds_are_data(world: World, tmp_path: Path) -> None:
    table = world.features.select(COLUMNS)
    strict = Thresholds(category_distance=0.0, number_distance=0.0, drifted_share=0.5)
    assert report(table.slice(0, 2_000), table.slice(2_000, 2_000), tmp_path / "d.html", thresholds=strict).is_drifted


def test_different_columns_and_short_windows_raise(world: World, tmp_path: Path) -> None:
    table = world.features.select(COLUMNS)
    with pytest.raises(DriftError, match="line_count"):
        report(table, table.drop_columns(["line_count"]), tmp_path / "d.html")
    with pytest.raises(DriftError, match="current"):
        report(table, table.slice(0, 20), tmp_path / "d.html")


def test_windows_of_a_model(world: World, model: TrainedModel) -> None:
    reference, current = drift_windows(model, world.features, days=30, max_rows=1_000)
    assert reference.column_names == current.column_names
    assert "denial_probability" in current.column_names
    assert "patient_key" not in current.column_names
    newest = pc.greater(
        world.features["submitted_date"],
        pa.scalar(pc.max(world.features["submitted_date"]).as_py() - timedelta(days=30)),
    )
    assert current.num_rows == pc.sum(newest).as_py()
    assert 500 < reference.num_rows <= 1_000
    assert pc.max(world.features["submitted_date"]).as_py() < CUTOFF
