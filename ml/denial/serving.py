"""The denial model as MLflow serves it (`mlflow models serve`): models from code, so that nothing is unpickled.

Belongs here: the adapter between MLflow's pyfunc and `ml.denial.score`. Does not belong here: anything the platform
itself uses; it loads models through `ml.registry`, which verifies their bytes first.
"""

from pathlib import Path
from typing import Any

import mlflow.pyfunc
import pandas as pd
import pyarrow as pa

from ml.denial.model import read_model
from ml.denial.scoring import score


class DenialModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Rows of `ftr_denial__claim` in, rows of `gold/denial_scores` out."""

    def load_context(self, context: Any) -> None:
        """Build the model from its files, which stand under `context.artifacts` by name."""
        self.model = read_model({name: Path(path).read_bytes() for name, path in context.artifacts.items()})

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        """Probability and reasons of every row."""
        scores: pd.DataFrame = score(self.model, pa.Table.from_pandas(model_input, preserve_index=False)).to_pandas()
        return scores


mlflow.models.set_model(DenialModel())
