"""The model's features and the table that dbt builds are the same list."""

from pathlib import Path

import yaml

from ml.denial.features import FEATURES, KEYS, REASON_TEXT, Kind, Reason, feature_digest

TYPES = {Kind.CATEGORY: {"text"}, Kind.FLAG: {"boolean"}, Kind.NUMBER: {"integer", "double precision"}}


def test_every_feature_is_a_documented_column_of_its_kind(root: Path) -> None:
    models = yaml.safe_load((root / "dbt_project/models/features/_features__models.yml").read_text())["models"]
    columns = {c["name"]: c for m in models if m["name"] == "ftr_denial__claim" for c in m["columns"]}
    assert set(KEYS) <= set(columns)
    wrong = [f.name for f in FEATURES if columns.get(f.name, {}).get("data_type") not in TYPES[f.kind]]
    assert wrong == []
    assert all(c["description"] for c in columns.values())


def test_the_outcome_is_no_column_of_the_features(root: Path) -> None:
    models = yaml.safe_load((root / "dbt_project/models/features/_features__models.yml").read_text())["models"]
    (columns,) = ([c["name"] for c in m["columns"]] for m in models if m["name"] == "ftr_denial__claim")
    assert not {"is_initially_denied", "first_adjudicated_date", "answered_day", "is_rejected"} & set(columns)


def test_every_reason_has_words() -> None:
    assert set(REASON_TEXT) == set(Reason)
    assert len({f.name for f in FEATURES}) == len(FEATURES)


def test_the_digest_sees_names_kinds_and_order() -> None:
    assert feature_digest(FEATURES) == feature_digest(FEATURES)
    assert feature_digest(FEATURES) != feature_digest(FEATURES[1:])
    assert feature_digest(FEATURES) != feature_digest(FEATURES[::-1])
