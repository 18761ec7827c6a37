"""`claimworks scrub`: the JSON that others read, exit codes, rules of one's own."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.commands.scrub import app
from orchestration.exits import CommandError
from tests.unit.scrub.test_authoring import GOOD
from tests.unit.x12.interchanges import interchange, professional

runner = CliRunner()


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    path = tmp_path / "claims.837"
    path.write_bytes(interchange(professional()))
    return path


def test_json(sent: Path) -> None:
    result = runner.invoke(app, [str(sent), "--json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["claims"] == 1
    for edit in said["edits"]:
        assert list(edit) == ["claim_id", "line", "rule", "severity", "layer", "message", "fix", "carc"]
        assert edit["claim_id"].endswith("-1")


def test_text_names_the_rule_of_ones_own(sent: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "rules.yml").write_text(GOOD)
    result = runner.invoke(app, [str(sent), "--rules", str(tmp_path / "mine")])
    assert result.exit_code == 0, result.output
    assert "X-1" in result.stdout


def test_a_folder_beside_the_claims(sent: Path, tmp_path: Path) -> None:
    beside = tmp_path / "payers"
    beside.mkdir()
    (beside / "payer_policies.csv").write_text("payer_id,filing_limit_days\nNOBODY,90\n")
    said = json.loads(runner.invoke(app, [str(sent), "--beside", str(beside), "--json"]).stdout)
    assert "IDN-014" in {edit["rule"] for edit in said["edits"]}
    (beside / "payer_policies.csv").write_text("payer_id,filing_limit_days\nNOBODY,many\n")
    error = runner.invoke(app, [str(sent), "--beside", str(beside)]).exception
    assert isinstance(error, CommandError)
    assert "payer_policies.csv:2" in str(error)


def test_a_bad_rule_and_a_missing_file_are_usage_errors(sent: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(GOOD.replace("severity: error", "severity: bad"))
    for words, says in (([str(sent), "--rules", str(tmp_path)], "rules.yml:5"), (["no/such"], "does not exist")):
        error = runner.invoke(app, words).exception
        assert isinstance(error, CommandError)
        assert error.code == 2
        assert says in str(error)
