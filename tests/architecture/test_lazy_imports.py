"""Heavy libraries load where they are used: together they cost more than the 4 s that the code location may take."""

import ast
import subprocess
import sys

import pytest
import tree

HEAVY = (
    "evidently", "great_expectations", "lightgbm", "mlflow", "presidio_analyzer", "presidio_anonymizer", "shap",
    "sklearn", "torch", "transformers",
)  # fmt: skip
NOT_FOR_HELP = (*HEAVY, "dagster", "dbt", "duckdb", "pandas", "polars", "pyarrow", "sqlalchemy", "streamlit")

# Executed by MLflow ("models from code") when a logged model is served, and imported by nothing of ours.
EXECUTED_ONLY = {"ml.denial.serving"}


def test_no_heavy_library_is_imported_when_a_module_loads() -> None:
    sins = [
        f"{path}:{found.line} imports {found.target}: do it inside the function that needs it"
        for module, path, found in tree.module_imports()
        if found.at_load and found.target.split(".")[0] in HEAVY and module not in EXECUTED_ONLY
    ]
    assert not sins, "\n".join(sins)


def test_what_is_executed_only_is_imported_by_nothing() -> None:
    targets = {found.target for _, _, found in tree.module_imports()}
    assert not [one for one in EXECUTED_ONLY if any(t == one or t.startswith(one + ".") for t in targets)]


def test_an_import_inside_a_function_or_for_types_is_not_at_load() -> None:
    source = (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import mlflow\n"
        "def f():\n    import mlflow\n"
        "try:\n    import torch\nexcept ImportError: pass\n"
    )
    found = {(one.target, one.line): one.at_load for one in tree.imports(ast.parse(source), "ml")}
    assert found["mlflow", 3] is False
    assert found["mlflow", 5] is False
    assert found["torch", 7] is True


@pytest.mark.parametrize(
    ("statement", "forbidden"),
    [
        ("from orchestration.cli import main", NOT_FOR_HELP),
        ("from orchestration.definitions import defs; defs() if callable(defs) else defs", HEAVY),
    ],
    ids=["command line", "code location"],
)
def test_what_loads_without_heavy_libraries(statement: str, forbidden: tuple[str, ...]) -> None:
    script = f"{statement}\nimport sys\nprint(sorted(set({forbidden!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tree.ROOT, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "[]"
