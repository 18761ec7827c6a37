"""Settings: every path under one home, production addresses by environment, no unknown value accepted."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from orchestration.lib.instance import prepare_instance
from orchestration.settings import AUTOMATION_RUNS, Environment, Settings


def test_all_state_is_under_the_home(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    for name in ("landing", "lake", "vault", "keys", "warehouse_path", "serving", "truth", "reports", "dagster_home"):
        assert tmp_path in getattr(settings, name).parents
    assert settings.store_url == f"sqlite:///{tmp_path / 'store' / 'operational.db'}"
    assert settings.mlflow_uri == f"sqlite:///{tmp_path / 'mlflow' / 'mlflow.db'}"


def test_the_home_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings(home=Path("state")).home == tmp_path / "state"


def test_production_addresses_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLAIMWORKS_STORE_URL", "postgresql+psycopg2://db/claimworks")
    assert Settings(home=tmp_path).store_url == "postgresql+psycopg2://db/claimworks"


@pytest.mark.parametrize(("name", "value"), [("env", "staging"), ("dbt_target", "oracle"), ("first_day", "soon")])
def test_an_unknown_value_is_refused(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        Settings(home=tmp_path, **{name: value})


def test_every_environment_is_in_every_map() -> None:
    assert set(AUTOMATION_RUNS) == set(Environment)


def test_in_production_the_deployment_brings_dagster_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DAGSTER_HOME", "DAGSTER_EVENT_BATCH_SIZE", "DAGSTER_DISABLE_TELEMETRY", "CLAIMWORKS_HOME"):
        monkeypatch.setenv(name, "")
    for env, written in ((Environment.PRODUCTION, False), (Environment.DEVELOPMENT, True)):
        settings = Settings(home=tmp_path / env.value, env=env)
        for name in settings.dbt_env():
            monkeypatch.setenv(name, "")
        prepare_instance(settings)
        assert (settings.dagster_home / "dagster.yaml").exists() is written
