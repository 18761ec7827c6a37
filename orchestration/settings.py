"""Environment to paths, target and tenants: the only place that reads `CLAIMWORKS_*`.

Belongs here: every setting with its default. Does not belong here: opening, creating or reading what a path names.
Other packages get paths as arguments.
"""

from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from orchestration.exits import CommandError, ExitCode

ROOT = Path(__file__).resolve().parent.parent


class Environment(StrEnum):
    """Where the platform runs. Every map by environment names all of them."""

    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


# Whether schedules and sensors are on from the start: on a laptop a person starts them in the UI.
AUTOMATION_RUNS = {Environment.DEVELOPMENT: False, Environment.TEST: False, Environment.PRODUCTION: True}


class Settings(BaseSettings):
    """All settings, from `CLAIMWORKS_<NAME>`; state lives under `home` unless a production address is given."""

    model_config = SettingsConfigDict(env_prefix="CLAIMWORKS_", frozen=True, validate_default=True)

    env: Environment = Environment.DEVELOPMENT
    home: Path = Path(".claimworks")
    tenants: tuple[str, ...] = ("alder", "birch", "cedar")
    # First day of the `received_date` partitions: a file received before it is refused.
    first_day: date = date(2024, 1, 1)
    dbt_target: Literal["duckdb", "postgres"] = "duckdb"
    store_url: str = Field(default_factory=lambda known: f"sqlite:///{known['home'] / 'store' / 'operational.db'}")
    mlflow_uri: str = Field(default_factory=lambda known: f"sqlite:///{known['home'] / 'mlflow' / 'mlflow.db'}")

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @property
    def landing(self) -> Path:
        """Files as received, immutable: `landing/<tenant>/<feed>/<received date>/<file>`."""
        return self.home / "landing"

    @property
    def lake(self) -> Path:
        """Parquet by layer, table, tenant and month."""
        return self.home / "lake"

    @property
    def vault(self) -> Path:
        """Sealed identities and raw blocks."""
        return self.home / "vault"

    @property
    def keys(self) -> Path:
        """Key files of the tenants."""
        return self.home / "keys"

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB warehouse, written by dbt alone."""
        return self.home / "warehouse" / "claimworks.duckdb"

    @property
    def serving(self) -> Path:
        """One published DuckDB file per tenant."""
        return self.home / "serving"

    @property
    def mlflow_artifacts(self) -> Path:
        """Model artefacts."""
        return self.home / "mlflow" / "artifacts"

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance."""
        return self.home / "dagster"

    @property
    def truth(self) -> Path:
        """The simulator's true probabilities, read by evaluation only."""
        return self.home / "truth"

    @property
    def reports(self) -> Path:
        """Model cards and drift reports."""
        return self.home / "reports"

    @property
    def dbt_project(self) -> Path:
        """The dbt project of this checkout."""
        return ROOT / "dbt_project"

    @property
    def automation_runs(self) -> bool:
        """Whether schedules and sensors are on from the start."""
        return AUTOMATION_RUNS[self.env]

    def dbt_env(self) -> dict[str, str]:
        """The environment variables that dbt's profile and sources read."""
        return {
            "CLAIMWORKS_LAKE": str(self.lake),
            "CLAIMWORKS_WAREHOUSE_PATH": str(self.warehouse_path),
            "CLAIMWORKS_DBT_TARGET": self.dbt_target,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }


@cache
def get_settings() -> Settings:
    """The settings of this process, read once. Raises `CommandError` that names what is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"CLAIMWORKS_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise CommandError(f"unusable setting: {wrong}", fix="correct or unset it", code=ExitCode.USAGE) from None
