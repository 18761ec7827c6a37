"""The simulator's truth is for evaluation alone: whoever else saw it would learn the answers by heart."""

import ast
import re

import tree

SIMULATOR = "claims/simulator/"
# Where the folder is named, where it is read, and the one caller, which hands it to the evaluation.
READER = "orchestration/defs/models/truth.py"
CALLER = "orchestration/defs/models/denial.py"
NAMED = {"orchestration/settings.py", READER}

_PLACE = re.compile(r"(?<!models)\.truth\b|[\"'/]truth[\"'/]|truth/denials")


def _texts() -> dict[str, str]:
    kinds = {".py", ".sql", ".yml"}
    paths = [p for p in tree.files() if p.suffix in kinds and p.parts[0] in {*tree.PACKAGES, "dbt_project"}]
    return {p.as_posix(): (tree.ROOT / p).read_text(encoding="utf-8") for p in paths}


def test_nothing_but_its_reader_knows_where_the_truth_lies() -> None:
    found = {path for path, text in _texts().items() if _PLACE.search(text) and not path.startswith(SIMULATOR)}
    assert found == NAMED


def test_the_truth_is_read_for_the_evaluation_and_nothing_else() -> None:
    texts = _texts()
    assert {p for p, text in texts.items() if "true_probabilities" in text} == {READER, CALLER}
    calls = [node for node in ast.walk(ast.parse(texts[CALLER])) if isinstance(node, ast.Call)]
    handed = {
        node.func.id
        for node in calls
        if isinstance(node.func, ast.Name)
        for given in [*node.args, *(keyword.value for keyword in node.keywords)]
        if isinstance(given, ast.Name) and given.id == "truth"
    }
    assert handed == {"evaluate"}
