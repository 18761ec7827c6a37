"""The trained denial model: preprocessing, trees and calibration as one thing that is saved and loaded whole.

Belongs here: what a trained model is, its files, encoding a feature table. Does not belong here: how it is fitted
(`ml.denial.training`), what is done with its probabilities (`ml.denial.scoring`), where it is kept (`ml.registry`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ml.denial.features import KEYS, Feature, FeatureError, Kind, Reason, check, feature_digest

if TYPE_CHECKING:
    import lightgbm as lgb

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

TREES_FILE = "trees.txt"
MODEL_FILE = "denial.json"


@dataclass(frozen=True)
class Preprocessing:
    """How a feature table becomes a matrix: the features in order and the values that each category was trained on."""

    features: tuple[Feature, ...]
    categories: Mapping[str, tuple[str, ...]]

    def encode(self, table: pa.Table) -> Matrix:
        """Rows x features in float64: categories as positions in their trained values, null and unseen values as NaN.

        Raises FeatureError when a feature is missing. Costs about 10 ms for 20,000 rows.
        """
        check(table, self.features, keys=())
        matrix = np.empty((table.num_rows, len(self.features)), dtype=np.float64, order="F")
        for position, feature in enumerate(self.features):
            matrix[:, position] = self._encode_one(table.column(feature.name), feature)
        return matrix

    def _encode_one(self, column: pa.ChunkedArray, feature: Feature) -> Vector:
        if feature.kind is Kind.CATEGORY:
            known = pa.array(self.categories[feature.name], pa.string())
            column = pc.index_in(column.cast(pa.string()), value_set=known, skip_nulls=True)
        elif feature.kind is Kind.FLAG:
            column = column.cast(pa.bool_()).cast(pa.int8())
        values = column.cast(pa.float64()).to_numpy()
        return np.asarray(values, dtype=np.float64)

    @property
    def categorical(self) -> list[int]:
        """Positions of the categories among the features."""
        return [i for i, f in enumerate(self.features) if f.kind is Kind.CATEGORY]


def learn_preprocessing(table: pa.Table, features: Sequence[Feature], min_rows: int) -> Preprocessing:
    """What `table` (training rows only) teaches: category values on at least `min_rows` rows, most frequent first."""
    categories: dict[str, tuple[str, ...]] = {}
    for feature in features:
        if feature.kind is not Kind.CATEGORY:
            continue
        counts = pc.value_counts(table.column(feature.name).cast(pa.string()).drop_null().combine_chunks())
        pairs = sorted(
            zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True),
            key=lambda pair: (-pair[1], pair[0]),
        )
        categories[feature.name] = tuple(value for value, rows in pairs if rows >= min_rows)
    return Preprocessing(tuple(features), categories)


@dataclass(frozen=True)
class Calibration:
    """Logistic recalibration of the trees' log-odds: probability = 1 / (1 + exp(-(slope x log-odds + intercept)))."""

    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, log_odds: Vector) -> Vector:
        """Calibrated probabilities of raw log-odds."""
        return np.asarray(1.0 / (1.0 + np.exp(-(self.slope * log_odds + self.intercept))), dtype=np.float64)


@dataclass(frozen=True)
class TrainedModel:
    """A fitted denial model. `version` is set by the registry when it is loaded, and stamped on every score."""

    trees: str
    preprocessing: Preprocessing
    calibration: Calibration
    cutoff: date
    seed: int
    settings: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    version: str | None = None
    name: str = "denial"

    @cached_property
    def booster(self) -> "lgb.Booster":
        """The trees, parsed once."""
        import lightgbm as lgb

        return lgb.Booster(model_str=self.trees)

    @property
    def feature_digest(self) -> str:
        """Digest of the feature list that it was trained on."""
        return feature_digest(self.preprocessing.features)

    def log_odds(self, matrix: Matrix) -> Vector:
        """Raw log-odds of encoded rows."""
        return np.asarray(self.booster.predict(matrix, raw_score=True), dtype=np.float64)

    def probability(self, table: pa.Table) -> Vector:
        """Calibrated probability of denial of every row of a feature table."""
        return self.calibration.apply(self.log_odds(self.preprocessing.encode(table)))

    def with_version(self, version: str) -> "TrainedModel":
        """The same model under the registry's version."""
        return replace(self, version=version)

    # What the registry keeps of it (ml.registry.Registrable).

    @property
    def serving_code(self) -> Path:
        """The models-from-code file that serves it through MLflow."""
        return Path(__file__).with_name("serving.py")

    def files(self) -> dict[str, bytes]:
        """Its files: LightGBM's own text format and one JSON document. No pickle."""
        document = {
            "name": self.name,
            "features": [asdict(f) for f in self.preprocessing.features],
            "categories": {k: list(v) for k, v in self.preprocessing.categories.items()},
            "calibration": asdict(self.calibration),
            "cutoff": self.cutoff.isoformat(),
            "seed": self.seed,
            "settings": dict(self.settings),
            "facts": dict(self.facts),
        }
        return {
            TREES_FILE: self.trees.encode(),
            MODEL_FILE: json.dumps(document, indent=1, sort_keys=True).encode(),
        }

    def parameters(self) -> dict[str, Any]:
        """How it was fitted: settings, seed, rounds, counts of the sets."""
        counts = {f"{k}_claims": self.facts[k]["claims"] for k in ("train", "validation", "test") if k in self.facts}
        return {**self.settings, "seed": self.seed, "rounds": self.facts.get("rounds", 0), **counts}

    def example(self) -> pa.Table:
        """Two made-up rows of its input, for the signature; no value of any real claim."""
        columns: dict[str, pa.Array] = {}
        for key in KEYS:
            if key == "submitted_date":
                columns[key] = pa.array([date(2000, 1, 3), date(2000, 1, 4)])
            else:
                columns[key] = pa.array([f"example-{key}-1", f"example-{key}-2"])
        for feature in self.preprocessing.features:
            if feature.kind is Kind.CATEGORY:
                columns[feature.name] = pa.array(["example", None], pa.string())
            elif feature.kind is Kind.FLAG:
                columns[feature.name] = pa.array([True, None], pa.bool_())
            else:
                columns[feature.name] = pa.array([1.0, None], pa.float64())
        return pa.table(columns)


def read_model(files: Mapping[str, bytes], version: str | None = None) -> TrainedModel:
    """The model whose `files()` these are. Raises FeatureError when a file is absent."""
    absent = [name for name in (TREES_FILE, MODEL_FILE) if name not in files]
    if absent:
        raise FeatureError(f"The denial model's artefact lacks {', '.join(absent)}; register it again.")
    document = json.loads(files[MODEL_FILE])
    features = tuple(Feature(f["name"], Kind(f["kind"]), Reason(f["reason"])) for f in document["features"])
    return TrainedModel(
        trees=files[TREES_FILE].decode(),
        preprocessing=Preprocessing(features, {k: tuple(v) for k, v in document["categories"].items()}),
        calibration=Calibration(**document["calibration"]),
        cutoff=date.fromisoformat(document["cutoff"]),
        seed=document["seed"],
        settings=document["settings"],
        facts=document["facts"],
        version=version,
        name=document["name"],
    )
