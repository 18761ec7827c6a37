"""Versions, aliases, verified artefacts."""

from pathlib import Path

import pytest

from ml import registry as models
from ml.denial import TrainedModel, read_model, score
from ml.registry import NoChampion, Registry, TamperedModel
from tests.unit.ml.synthetic import World


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A registry with its tables and nothing in it; each test below registers under its own model name."""
    home = tmp_path_factory.mktemp("registry")
    return Registry(f"sqlite:///{home}/db/mlflow.db", home / "artifacts")


def _register(registry: Registry, model: TrainedModel, alias: str | None) -> str:
    return models.register(
        registry,
        model,
        metrics={"roc_auc": 0.8, "unknown": float("nan")},
        card="<p>card</p>",
        alias=alias,
        by="a",
        why="b",
    )


def _named(model: TrainedModel, name: str) -> TrainedModel:
    files = model.files()
    files["denial.json"] = files["denial.json"].replace(b'"name": "denial"', f'"name": "{name}"'.encode())
    return read_model(files)


def test_without_a_champion_the_error_says_what_to_do(empty: Registry, model: TrainedModel) -> None:
    with pytest.raises(NoChampion, match="claimworks train nobody"):
        models.load_champion(empty, "nobody", read_model)
    named = _named(model, "challenged")
    _register(empty, named, "challenger")
    with pytest.raises(NoChampion, match="claimworks promote challenged"):
        models.load_champion(empty, "challenged", read_model)


def test_a_champion_comes_back_as_it_was(empty: Registry, world: World, model: TrainedModel) -> None:
    named = _named(model, "kept")
    version = _register(empty, named, "champion")
    loaded = models.load_champion(empty, "kept", read_model)
    assert loaded.version == version
    assert loaded.files() == named.files()
    few = world.features.slice(0, 50)
    assert score(loaded, few)["denial_probability"].equals(score(named, few)["denial_probability"])
    assert set(score(loaded, few)["model_version"].to_pylist()) == {version}
    listed = models.versions(empty, "kept")[0]
    assert listed.aliases == ("champion",)
    assert listed.cutoff == named.cutoff
    assert listed.feature_digest == named.feature_digest
    assert listed.metrics == {"roc_auc": 0.8}


def test_a_tampered_artefact_is_not_read(empty: Registry, model: TrainedModel) -> None:
    _register(empty, _named(model, "tampered"), "champion")
    (trees,) = (empty.artifacts / "tampered").rglob("trees.txt")
    trees.write_bytes(trees.read_bytes().replace(b"leaf_value=", b"leaf_value=9", 1))
    with pytest.raises(TamperedModel, match="claimworks rollback tampered"):
        models.load_champion(empty, "tampered", read_model)
    trees.unlink()
    with pytest.raises(TamperedModel):
        models.load_champion(empty, "tampered", read_model)


def test_promote_and_roll_back(empty: Registry, model: TrainedModel) -> None:
    named = _named(model, "moving")
    first, second, third = (_register(empty, named, None) for _ in range(3))
    with pytest.raises(LookupError, match="no version 99"):
        models.promote(empty, "moving", "99", by="me", why="typo")
    for version in (first, second, third):
        models.promote(empty, "moving", version, by="me", why="better")
    assert models.rollback(empty, "moving", by="me", why="worse after all") == second
    assert models.rollback(empty, "moving", by="me", why="that one too") == first
    assert models.champion_version(empty, "moving") == first
    with pytest.raises(NoChampion, match="no earlier"):
        models.rollback(empty, "moving", by="me", why="once more")
    moves = [(m.action, m.version) for m in models.history(empty, "moving")]
    assert moves == [
        ("promote", first), ("promote", second), ("promote", third), ("rollback", second), ("rollback", first),
    ]  # fmt: skip


def test_nothing_of_a_claim_and_no_pickle_is_kept(empty: Registry, world: World, model: TrainedModel) -> None:
    _register(empty, _named(model, "clean"), None)
    files = [f for f in (empty.artifacts / "clean").rglob("*") if f.is_file()]
    assert {f.suffix for f in files} <= {".txt", ".json", ".yaml", ".html", ".py", ""}
    secrets = {v.encode() for key in ("claim_id", "patient_key") for v in world.features[key].to_pylist() if len(v) > 4}
    everything = b"".join(f.read_bytes() for f in files)
    assert secrets
    assert not [s for s in secrets if b'"' + s + b'"' in everything]


def test_mlflow_serves_it(empty: Registry, world: World, model: TrainedModel) -> None:
    import mlflow

    named = _named(model, "served")
    _register(empty, named, "champion")
    mlflow.set_tracking_uri(empty.tracking_uri)
    served = mlflow.pyfunc.load_model("models:/served@champion")
    few = world.features.slice(0, 5)
    expected = score(named, few)["denial_probability"].to_pylist()
    assert served.predict(few.to_pandas())["denial_probability"].tolist() == pytest.approx(expected)


def test_digest_ignores_order_and_sees_every_byte() -> None:
    assert models.digest({"a": b"1", "b": b"2"}) == models.digest({"b": b"2", "a": b"1"})
    assert models.digest({"a": b"1"}) != models.digest({"a": b"2"})
    assert models.digest({"a": b"1"}) != models.digest({"b": b"1"})


def test_artefacts_stay_under_their_root(empty: Registry, model: TrainedModel, tmp_path: Path) -> None:
    registry = Registry(f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "kept")
    _register(registry, model, None)
    assert {p.name for p in tmp_path.iterdir()} == {"mlflow.db", "kept"}
