"""`claimworks price`: one line, a file, and what is refused."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.exits import CommandError, ExitCode
from tests.unit.pricing.tables import Tables, fee, shared

AtHome = Callable[[Path], AbstractContextManager[Any]]
_LINE = ["price", "--code", "10021", "--locality", "10112-00", "--date", "2025-06-02"]


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Tables:
    """A reference of one code in place of the bundled one."""
    found = Tables({**shared(), "fee_schedule": [fee("10021", "87.83")]})
    monkeypatch.setattr("claims.reference.open_reference", lambda _root: found)
    return found


def run(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


@pytest.mark.usefixtures("tables")
def test_a_line_as_json_and_in_words(at_home: AtHome, tmp_path: Path) -> None:
    with at_home(tmp_path):
        document = json.loads(run(*_LINE, "--units", "2", "--charge", "500", "--json").stdout)
        text = run(*_LINE, "--mods", "50,LT").stdout
    assert document["allowed_amount"] == "175.66"
    assert [step["rule"] for step in document["trace"]] == ["fee_schedule", "units", "lower_of_charge", "round"]
    assert text.startswith("priced: 87.83")


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    "words",
    [["price", "--code", "1"], ["price", "--mods", "26"], [*_LINE, "--mods", "1"], [*_LINE, "--units", "-1"],
     [*_LINE, "--locality", "1"], ["price", "none.837"], [*_LINE, "--contracts", "none.yml"]],
)  # fmt: skip
def test_what_cannot_be_is_refused_as_usage(at_home: AtHome, tmp_path: Path, words: list[str]) -> None:
    with at_home(tmp_path):
        result = run(*words)
    assert isinstance(result.exception, CommandError)
    assert result.exception.code == ExitCode.USAGE


@pytest.mark.usefixtures("tables")
def test_a_file_of_claims_says_a_price_or_a_reason_for_each_line(
    at_home: AtHome, tmp_path: Path, shared_dir: Path
) -> None:
    sample = next((shared_dir / "samples" / "x12" / "837P").glob("x12__*.837*"))
    with at_home(tmp_path):
        document = json.loads(run("price", str(sample), "--json").stdout)
    assert document["lines"]
    assert all(line["allowed_amount"] is not None or line["reason"] for line in document["lines"])
