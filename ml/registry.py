"""The model registry: versions, aliases @champion and @challenger, and artefacts that are verified before they are read.

Belongs here: everything that talks to MLflow. Does not belong here: what a model is or how it is judged; who may promote.

Artefacts are the model's own files (no pickle) under the artefact root; the SHA-256 over them is a tag of the version in
the tracking store, and a model is built only from bytes that match it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol, TypeVar

import pyarrow as pa

M = TypeVar("M")


class NoChampion(LookupError):
    """No version of the model carries the alias; the message says what to do."""


class TamperedModel(ValueError):
    """The artefact's bytes are not those that were registered."""


class Registrable(Protocol):
    """What the registry asks of a model."""

    name: str
    cutoff: date

    @property
    def feature_digest(self) -> str: ...
    @property
    def serving_code(self) -> Path: ...
    def files(self) -> dict[str, bytes]: ...
    def example(self) -> pa.Table: ...


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
    registered_at: str
    by: str
    why: str


def register(
    registry: Registry,
    model: Registrable,
    *,
    metrics: Mapping[str, float],
    card: str,
    alias: str | None = "challenger",
    by: str,
    why: str,
) -> str:
    """Keep `model` as a new version of its name, with its metrics and card, and point `alias` at it. Returns the version."""
    raise NotImplementedError


def load(registry: Registry, name: str, version: str, read: Callable[[Mapping[str, bytes], str], M]) -> M:
    """The version, built by `read(files, version)` from verified bytes. Raises TamperedModel."""
    raise NotImplementedError


def load_champion(registry: Registry, name: str, read: Callable[[Mapping[str, bytes], str], M]) -> M:
    """The version that @champion points at. Raises NoChampion, with what to do, when there is none."""
    raise NotImplementedError


def champion_version(registry: Registry, name: str) -> str | None:
    """The version that @champion points at, or None."""
    raise NotImplementedError


def promote(registry: Registry, name: str, version: str, *, by: str, why: str) -> None:
    """Point @champion at `version` and remember the version that held it before."""
    raise NotImplementedError


def rollback(registry: Registry, name: str, *, by: str, why: str) -> str:
    """Point @champion back at the version that held it before. Returns that version; raises NoChampion when there is none."""
    raise NotImplementedError


def versions(registry: Registry, name: str) -> list[ModelVersion]:
    """All versions of a model, newest first; empty when there is none."""
    raise NotImplementedError
