"""The model registry: versions, aliases @champion and @challenger, artefacts that are verified before they are read.

Belongs here: everything that talks to MLflow. Does not belong here: what a model is, how it is judged, who may promote.

Artefacts are the model's own files (no pickle) under the artefact root; the SHA-256 over them is a tag of the version
in the tracking store, and a model is built only from bytes that match it. Who moved @champion, when and why is kept
as a
tag of the registered model, so that a rollback knows where to go back to.
"""

import hashlib
import json
import os
import platform
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pyarrow as pa

if TYPE_CHECKING:
    from mlflow import MlflowClient

M = TypeVar("M")

CHAMPION = "champion"
CHALLENGER = "challenger"
_HISTORY = "champion_history"
_DIGEST, _CUTOFF, _FEATURES, _BY, _WHY = "digest", "data_cutoff", "feature_digest", "by", "why"
_REQUIREMENTS = ("lightgbm", "mlflow", "numpy", "pandas", "pyarrow")


class NoChampion(LookupError):  # noqa: N818 - a state, not a mistake
    """No version of the model carries the alias; the message says what to do."""


class TamperedModel(ValueError):  # noqa: N818 - a finding, not a mistake
    """The artefact's bytes are not those that were registered."""


class Registrable(Protocol):
    """What the registry asks of a model."""

    @property
    def name(self) -> str:
        """Name of the registered model."""

    @property
    def cutoff(self) -> date:
        """Last day of the data that it learned from."""

    @property
    def feature_digest(self) -> str:
        """Digest of the list of its features."""

    @property
    def serving_code(self) -> Path:
        """Python file that serves it through MLflow (models from code)."""

    def files(self) -> dict[str, bytes]:
        """All that it needs to be built again, by file name."""

    def example(self) -> pa.Table:
        """A few made-up rows of its input."""

    def parameters(self) -> dict[str, Any]:
        """How it was fitted."""


@dataclass(frozen=True)
class Registry:
    """Where models are kept: a SQLAlchemy URI of the tracking store and the folder of the artefacts."""

    tracking_uri: str
    artifacts: Path


@dataclass(frozen=True)
class ModelVersion:
    """One registered version, as lists show it."""

    version: str
    aliases: tuple[str, ...]
    cutoff: date
    feature_digest: str
    metrics: dict[str, float]
    registered_at: datetime
    by: str
    why: str


@dataclass(frozen=True)
class Move:
    """One move of @champion: promoted or rolled back to which version, by whom, why, when."""

    action: str
    version: str
    by: str
    why: str
    at: str


def register(
    registry: Registry,
    model: Registrable,
    *,
    metrics: Mapping[str, float],
    card: str,
    alias: str | None = CHALLENGER,
    by: str,
    why: str,
) -> str:
    """Keep `model` as a new version of its name, with metrics and card, and point `alias` at it. Returns the version.

    The signature comes from made-up rows, so no value of a claim reaches the artefact. Costs about 4 s, 3 of them for
    importing MLflow and creating its tables the first time.
    """
    with _client(registry) as client, tempfile.TemporaryDirectory() as folder:
        import mlflow

        files = model.files()
        paths = {name: Path(folder) / name for name in files}
        for name, data in files.items():
            paths[name].write_bytes(data)
        experiment = _experiment(client, registry, model.name)
        tags = {
            _DIGEST: digest(files),
            _CUTOFF: model.cutoff.isoformat(),
            _FEATURES: model.feature_digest,
            _BY: by,
            _WHY: why,
            "python": platform.python_version(),
            **{f"package.{name}": installed(name) for name in _REQUIREMENTS},
        }
        with mlflow.start_run(experiment_id=experiment, run_name=f"{model.name} {model.cutoff}", tags=tags) as run:
            mlflow.log_params(model.parameters())
            finite = {name: value for name, value in metrics.items() if value == value}
            with warnings.catch_warnings():
                # MLflow asks for an input example; the signature comes from made-up rows on purpose
                warnings.filterwarnings("ignore", message="(?s).*input example", category=UserWarning)
                info = mlflow.pyfunc.log_model(
                    name=model.name,
                    python_model=str(model.serving_code),
                    artifacts={name: str(path) for name, path in paths.items()},
                    signature=_signature(model.example()),
                    pip_requirements=[f"{name}=={installed(name)}" for name in _REQUIREMENTS],
                    metadata={_DIGEST: tags[_DIGEST], _CUTOFF: tags[_CUTOFF], _FEATURES: tags[_FEATURES]},
                )
            mlflow.log_metrics(finite, model_id=info.model_id)
            mlflow.log_text(card, "model_card.html")
        _ensure_name(client, model.name)
        created = client.create_model_version(
            model.name, source=info.model_uri, run_id=run.info.run_id, tags=tags, model_id=info.model_id
        )
        version = str(created.version)
        if alias == CHAMPION:
            _crown(client, model.name, version, action="promote", by=by, why=why)
        elif alias is not None:
            client.set_registered_model_alias(model.name, alias, version)
        return version


def load(registry: Registry, name: str, version: str, read: Callable[[Mapping[str, bytes], str], M]) -> M:
    """The version, built by `read(files, version)` from verified bytes.

    Raises TamperedModel where the bytes differ from what was registered, or cannot be read. Costs about 0.1 s
    after the
    first import of MLflow.
    """
    with _client(registry) as client:
        found = client.get_model_version(name, version)
        expected = found.tags.get(_DIGEST)
        files = _artifacts(found)
    if digest(files) != expected:
        raise TamperedModel(
            f"The files of model {name} version {version} are not the ones that were registered. Do not use "
            f"them: restore "
            f"the artefacts from a backup, roll back (`claimworks rollback {name}`), or train again "
            f"(`claimworks train {name}`)."
        )
    return read(files, version)


def load_champion(registry: Registry, name: str, read: Callable[[Mapping[str, bytes], str], M]) -> M:
    """The version that @champion points at. Raises NoChampion, with what to do, when there is none."""
    version = champion_version(registry, name)
    if version is None:
        raise NoChampion(
            f"Model {name} has no @champion. Train one with `claimworks train {name}` and promote it with "
            f"`claimworks promote {name} VERSION`, or materialise the asset model/{name}."
        )
    return load(registry, name, version, read)


def champion_version(registry: Registry, name: str) -> str | None:
    """The version that @champion points at, or None."""
    with _client(registry) as client:
        return _aliases(client, name).get(CHAMPION)


def promote(registry: Registry, name: str, version: str, *, by: str, why: str) -> None:
    """Point @champion at `version` and keep who did it and why. Raises LookupError when there is no such version."""
    with _client(registry) as client:
        if version not in {str(v.version) for v in _versions(client, name)}:
            raise LookupError(f"Model {name} has no version {version}.")
        _crown(client, name, version, action="promote", by=by, why=why)


def rollback(registry: Registry, name: str, *, by: str, why: str) -> str:
    """Point @champion back at the version that held it before and return that version.

    Raises NoChampion when there is none.
    """
    with _client(registry) as client:
        held = _held(_moves(client, name))
        if len(held) < 2:
            raise NoChampion(f"Model {name} has no earlier @champion to go back to.")
        _crown(client, name, held[-2], action="rollback", by=by, why=why)
        return held[-2]


def history(registry: Registry, name: str) -> list[Move]:
    """Every move of @champion, oldest first."""
    with _client(registry) as client:
        return _moves(client, name)


def versions(registry: Registry, name: str) -> list[ModelVersion]:
    """All versions of a model, newest first; empty when there is none."""
    with _client(registry) as client:
        aliases: dict[str, list[str]] = {}
        for alias, version in _aliases(client, name).items():
            aliases.setdefault(version, []).append(alias)
        out = []
        for found in _versions(client, name):
            tags = found.tags
            out.append(
                ModelVersion(
                    version=str(found.version),
                    aliases=tuple(sorted(aliases.get(str(found.version), []))),
                    cutoff=date.fromisoformat(tags[_CUTOFF]),
                    feature_digest=tags[_FEATURES],
                    metrics=dict(client.get_run(found.run_id).data.metrics),
                    registered_at=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC),
                    by=tags[_BY],
                    why=tags[_WHY],
                )
            )
        return sorted(out, key=lambda v: -int(v.version))


def digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 over the names and contents of `files`, whatever their order."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return total.hexdigest()


@contextmanager
def _client(registry: Registry) -> "Iterator[MlflowClient]":
    """A client of the tracking store; MLflow is imported here, quiet and with unpickling off."""
    os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow

    if registry.tracking_uri.startswith("sqlite:///"):
        Path(registry.tracking_uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(registry.tracking_uri)
    mlflow.set_registry_uri(registry.tracking_uri)
    yield mlflow.MlflowClient(registry.tracking_uri, registry.tracking_uri)


def _experiment(client: "MlflowClient", registry: Registry, name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    registry.artifacts.mkdir(parents=True, exist_ok=True)
    return str(client.create_experiment(name, artifact_location=(registry.artifacts / name).resolve().as_uri()))


def _signature(example: pa.Table) -> Any:
    """MLflow's signature of a table: every column optional, in MLflow's types."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    def kind(type_: pa.DataType) -> str:
        if pa.types.is_boolean(type_):
            return "boolean"
        if pa.types.is_date(type_):
            return "datetime"
        return "string" if pa.types.is_string(type_) else "double"

    return ModelSignature(inputs=Schema([ColSpec(kind(f.type), f.name, required=False) for f in example.schema]))


def _ensure_name(client: "MlflowClient", name: str) -> None:
    if not client.search_registered_models(filter_string=f"name='{name}'"):
        client.create_registered_model(name)


def _versions(client: "MlflowClient", name: str) -> list[Any]:
    return list(client.search_model_versions(filter_string=f"name='{name}'"))


def _aliases(client: "MlflowClient", name: str) -> dict[str, str]:
    found = client.search_registered_models(filter_string=f"name='{name}'")
    return {alias: str(version) for alias, version in found[0].aliases.items()} if found else {}


def _moves(client: "MlflowClient", name: str) -> list[Move]:
    found = client.search_registered_models(filter_string=f"name='{name}'")
    return [Move(**move) for move in json.loads(found[0].tags.get(_HISTORY, "[]"))] if found else []


def _held(moves: list[Move]) -> list[str]:
    """The versions that a rollback can go back through, the present champion last: promotions push, rollbacks pop."""
    held: list[str] = []
    for move in moves:
        if move.action == "rollback":
            held.pop()
        elif not held or held[-1] != move.version:
            held.append(move.version)
    return held


def _crown(client: "MlflowClient", name: str, version: str, *, action: str, by: str, why: str) -> None:
    move = Move(action, version, by, why, datetime.now(UTC).isoformat(timespec="seconds"))
    kept = [asdict(m) for m in (*_moves(client, name), move)]
    client.set_registered_model_tag(name, _HISTORY, json.dumps(kept))
    client.set_registered_model_alias(name, CHAMPION, version)


def _artifacts(found: Any) -> dict[str, bytes]:
    """The bytes of the version's files as they stand in the artefact store now; empty where they are gone."""
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory() as folder:
        try:
            path = Path(download_artifacts(artifact_uri=found.source, dst_path=folder))
        except (MlflowException, OSError):
            return {}
        return {file.name: file.read_bytes() for file in sorted((path / "artifacts").glob("*")) if file.is_file()}
