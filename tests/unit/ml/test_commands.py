"""`claimworks promote` and `claimworks rollback` move the champion and keep who did it and why."""

import json
from pathlib import Path

import pytest

from ml import registry as models
from ml.denial import TrainedModel
from orchestration import cli
from orchestration.settings import get_settings


@pytest.fixture
def two_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: TrainedModel) -> models.Registry:
    """A home whose registry holds two versions of the denial model, the first of them champion."""
    monkeypatch.setenv("CLAIMWORKS_HOME", str(tmp_path))
    get_settings.cache_clear()
    registry = models.Registry(get_settings().mlflow_uri, get_settings().mlflow_artifacts)
    for alias in ("champion", "challenger"):
        models.register(registry, model, metrics={"roc_auc": 0.8}, card="card", alias=alias, by="test", why="test")
    return registry


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["claimworks", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return int(stop.value.code or 0)


def test_promote_roll_back_and_mistakes(
    two_versions: models.Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "promote", "denial", "2", "--why", "better", "--by", "jane", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"model": "denial", "champion": "2", "why": "better"}
    assert models.champion_version(two_versions, "denial") == "2"

    assert _run(monkeypatch, "promote", "denial", "9") == 1
    assert "versions there are: 2, 1" in capsys.readouterr().err

    assert _run(monkeypatch, "rollback", "denial", "--by", "jane") == 0
    assert "version 1 is champion again" in capsys.readouterr().out
    assert _run(monkeypatch, "rollback", "denial") == 1
    assert "no earlier @champion" in capsys.readouterr().err

    moves = [(m.action, m.version, m.by) for m in models.history(two_versions, "denial")]
    assert moves == [("promote", "1", "test"), ("promote", "2", "jane"), ("rollback", "1", "jane")]
    get_settings.cache_clear()
