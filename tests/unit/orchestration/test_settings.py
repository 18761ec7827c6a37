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


@pytest.mark.parametrize(
    ("name", "value"), [("env", "staging"), ("warehouse", "oracle://db/claims"), ("first_day", "soon")]
)
def test_an_unknown_value_is_refused(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        Settings(home=tmp_path, **{name: value})


def test_the_warehouse_is_a_file_unless_an_address_is_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    embedded = Settings(home=tmp_path)
    assert embedded.dbt_target == "duckdb"
    assert embedded.warehouse_location == embedded.warehouse_path == tmp_path / "warehouse" / "claimworks.duckdb"
    assert Settings(home=tmp_path, warehouse="~/w.duckdb").warehouse_path == Path.home() / "w.duckdb"
    monkeypatch.setenv("CLAIMWORKS_WAREHOUSE", "postgresql://ann:p%40ss@db.example:5433/marts?sslmode=require")
    served = Settings(home=tmp_path)
    assert served.warehouse_location == "postgresql://ann:p%40ss@db.example:5433/marts?sslmode=require"
    assert "p%40ss" not in repr(served)
    given = {
        name: value for name, value in served.dbt_env().items() if name.startswith(("CLAIMWORKS_PG", "CLAIMWORKS_D"))
    }
    assert given == {
        "CLAIMWORKS_DBT_TARGET": "postgres",
        "CLAIMWORKS_PG_HOST": "db.example",
        "CLAIMWORKS_PG_PORT": "5433",
        "CLAIMWORKS_PG_USER": "ann",
        "CLAIMWORKS_PG_PASSWORD": "p@ss",
        "CLAIMWORKS_PG_DATABASE": "marts",
        "CLAIMWORKS_PG_SSLMODE": "require",
    }


def test_a_password_may_come_beside_the_address(tmp_path: Path) -> None:
    given = Settings(home=tmp_path, warehouse="postgresql://ann@/marts?host=/run/postgresql").dbt_env()
    assert given["CLAIMWORKS_PG_HOST"] == "/run/postgresql"
    assert "-c enable_nestloop=off" in given["PGOPTIONS"]
    assert "CLAIMWORKS_PG_PASSWORD" not in given


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("mysql://ann@db/marts", "must be the path of a DuckDB file"),
        ("postgresql+psycopg2://ann@db/marts", "must be the path of a DuckDB file"),
        ("postgresql://db/marts", "must name a user"),
        ("postgresql://ann@db", "must name a database"),
        ("postgresql://ann@db:many/marts", "a port that is no number"),
        ("postgresql://ann@db/marts?options=-c", "not options"),
    ],
)
def test_an_address_that_cannot_be_a_warehouse_says_why(address: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=words):
        Settings(home=tmp_path, warehouse=address)


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
