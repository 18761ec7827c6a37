"""`claimworks x12`: the JSON that others read, exit codes, and no traceback for bad input."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from orchestration.commands.x12 import app
from orchestration.exits import CommandError
from tests.unit.x12.interchanges import interchange, professional

runner = CliRunner()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.837"
    path.write_bytes(interchange(professional()))
    return path


def test_read_prints_the_stable_json(good: Path) -> None:
    result = runner.invoke(app, ["read", str(good), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "files": [
            {
                "path": str(good),
                "status": "accepted",
                "interchanges": 1,
                "transactions": [
                    {
                        "type": "837P",
                        "control_number": "0001",
                        "status": "accepted",
                        "claims": 1,
                        "lines": 2,
                        "errors": [],
                    }
                ],
                "errors": [],
            }
        ]
    }


def test_read_of_a_folder_with_bad_files_ends_with_3(tmp_path: Path, good: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "cut.837").write_bytes(good.read_bytes()[:-80])
    (tmp_path / "same.837").write_bytes(good.read_bytes())
    result = runner.invoke(app, ["read", str(tmp_path), "--json"])
    assert result.exit_code == 3
    files = {Path(entry["path"]).name: entry for entry in json.loads(result.stdout)["files"]}
    assert files["empty"]["errors"][0]["code"] == "X12-FILE-EMPTY"
    assert files["empty"]["status"] == "quarantined"
    assert files["cut.837"]["transactions"][0]["status"] == "quarantined"
    assert files["good.837"] | {"path": ""} == files["same.837"] | {"path": ""}


def test_read_writes_tables_that_write_turns_back(tmp_path: Path, good: Path) -> None:
    tables, again = tmp_path / "tables", tmp_path / "again.837"
    assert runner.invoke(app, ["read", str(good), "--out", str(tables)]).exit_code == 0
    assert pq.read_table(tables / "claims.parquet")["patient_control_number"].to_pylist() == ["C1"]
    assert runner.invoke(app, ["write", str(tables), "--out", str(again)]).exit_code == 0
    assert again.read_bytes() == good.read_bytes()


def test_read_of_stdin() -> None:
    result = runner.invoke(app, ["read", "-", "--json"], input=interchange(professional()))
    assert json.loads(result.stdout)["files"][0]["path"] == "-"


def test_roundtrip(good: Path, tmp_path: Path) -> None:
    assert runner.invoke(app, ["roundtrip", str(good)]).exit_code == 0
    (tmp_path / "none").write_bytes(b"zip")
    result = runner.invoke(app, ["roundtrip", str(tmp_path / "none")])
    assert isinstance(result.exception, CommandError)


def test_ack(good: Path, tmp_path: Path) -> None:
    out = tmp_path / "answer"
    assert runner.invoke(app, ["ack", str(good), "--out", str(out)]).exit_code == 0
    assert b"~IK5*A~AK9*A*1*1*1~" in out.read_bytes()


def test_a_missing_path_is_a_usage_error() -> None:
    result = runner.invoke(app, ["read", "no/such/file"])
    assert isinstance(result.exception, CommandError)
    assert result.exception.code == 2
