"""Environment to paths, target and tenants: the only place that reads `CLAIMWORKS_*`.

Belongs here: every setting with its default. Does not belong here: opening, creating or reading what a path names.
Other packages get paths as arguments.
"""

from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

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


# Models are a few large queries over whole tables without indexes. Between the steps of one query there are no
# statistics, and a nested loop chosen blindly takes 30 s where a hash join takes 0.3 s (int_claims__statuses, 600
# claims); compiling a query costs more than it saves; sorts want more than 4 MB.
POSTGRES_SESSION = {"enable_nestloop": "off", "jit": "off", "work_mem": "64MB", "timezone": "UTC"}


class Settings(BaseSettings):
    """All settings, from `CLAIMWORKS_<NAME>`; state lives under `home` unless a production address is given."""

    model_config = SettingsConfigDict(
        env_prefix="CLAIMWORKS_", env_ignore_empty=True, frozen=True, validate_default=True
    )

    env: Environment = Environment.DEVELOPMENT
    home: Path = Path(".claimworks")
    tenants: tuple[str, ...] = ("alder", "birch", "cedar")
    # First day of the `received_date` partitions: a file received before it is refused.
    first_day: date = date(2024, 1, 1)
    # The path of a DuckDB file, or postgresql://user@host:port/database; without a password PGPASSWORD is asked.
    warehouse: str = Field(
        default_factory=lambda known: str(known["home"] / "warehouse" / "claimworks.duckdb"), repr=False
    )
    store_url: str = Field(default_factory=lambda known: f"sqlite:///{known['home'] / 'store' / 'operational.db'}")
    mlflow_uri: str = Field(default_factory=lambda known: f"sqlite:///{known['home'] / 'mlflow' / 'mlflow.db'}")

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("warehouse")
    @classmethod
    def _usable(cls, warehouse: str) -> str:
        if "://" not in warehouse:
            return str(Path(warehouse).expanduser().absolute())
        _postgres_environment(warehouse)
        return warehouse

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
    def dbt_target(self) -> Literal["duckdb", "postgres"]:
        """The target of dbt's profile that the warehouse is."""
        return "postgres" if "://" in self.warehouse else "duckdb"

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file that dbt alone writes; there is none where the warehouse is PostgreSQL."""
        if self.dbt_target == "postgres":
            return self.home / "warehouse" / "claimworks.duckdb"
        return Path(self.warehouse)

    @property
    def warehouse_location(self) -> Path | str:
        """The DuckDB file, or the address of the PostgreSQL database."""
        return self.warehouse if self.dbt_target == "postgres" else self.warehouse_path

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
    def reference(self) -> Path:
        """Releases of the official code and fee tables; rebuilt from the published files."""
        return self.home / "reference"

    @property
    def contracts(self) -> Path:
        """Payer contracts: files for everybody, and a folder for each tenant."""
        return self.home / "contracts"

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
            **(_postgres_environment(self.warehouse) if self.dbt_target == "postgres" else {}),
        }


def _postgres_environment(url: str) -> dict[str, str]:
    """What dbt's profile needs of a PostgreSQL address. Raises `ValueError` that names the part which is wrong."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError("must be the path of a DuckDB file, or postgresql://user@host:port/database")
    options = dict(parse_qsl(parts.query))
    if unknown := sorted(options.keys() - {"host", "sslmode"}):
        raise ValueError(f"may carry the options host and sslmode, not {', '.join(unknown)}")
    values = {
        "HOST": options.get("host") or parts.hostname or "127.0.0.1",
        "PORT": str(_port(parts)),
        "USER": unquote(parts.username or ""),
        "DATABASE": unquote(parts.path.removeprefix("/")),
        "PASSWORD": unquote(parts.password or ""),
        "SSLMODE": options.get("sslmode", "prefer"),
    }
    for part in ("USER", "DATABASE"):
        if not values[part]:
            raise ValueError(f"must name a {part.lower()}: postgresql://user@host:port/database")
    # The password may come beside the address, from the environment: then that one stands.
    return {f"CLAIMWORKS_PG_{part}": value for part, value in values.items() if value} | {
        "PGOPTIONS": " ".join(f"-c {name}={value}" for name, value in POSTGRES_SESSION.items())
    }


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or 5432
    except ValueError:
        raise ValueError("has a port that is no number") from None


@cache
def get_settings() -> Settings:
    """The settings of this process, read once. Raises `CommandError` that names what is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"CLAIMWORKS_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise CommandError(f"unusable setting: {wrong}", fix="correct or unset it", code=ExitCode.USAGE) from None
