"""`claimworks x12`: the JSON that others read, exit codes, and no traceback for bad input."""

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from claims import schema
from claims.interchange.x12 import Source, WriteError, read
from claims.store import open_store
from claims.store.control_numbers import Kind
from orchestration.commands.x12 import app
from orchestration.exits import CommandError
from orchestration.settings import get_settings
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


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CLAIMWORKS_HOME", str(tmp_path / "home"))
    get_settings.cache_clear()
    yield tmp_path / "home"
    get_settings.cache_clear()


def test_ack_takes_its_numbers_from_the_store(good: Path, tmp_path: Path, home: Path) -> None:
    out = tmp_path / "answer"
    for number in (1, 2):
        assert runner.invoke(app, ["ack", str(good), "--out", str(out)]).exit_code == 0
        assert b"~IK5*A~AK9*A*1*1*1~" in out.read_bytes()
        head = _read(out)["interchanges"].to_pylist()[0]
        assert (head["sender_id"], head["receiver_id"]) == ("RECEIVER", "SENDER")
        assert head["isa_control_number"] == f"{number:09d}"
    with open_store(f"sqlite:///{home}/store/operational.db") as store:
        assert store.control_numbers.last_numbers("RECEIVER", "SENDER") == {Kind.INTERCHANGE: 2, Kind.GROUP: 2}


def test_ack_with_a_number_of_its_own_leaves_the_store_alone(good: Path, tmp_path: Path, home: Path) -> None:
    out = tmp_path / "answer"
    assert runner.invoke(app, ["ack", str(good), "--out", str(out), "--control-number", "17"]).exit_code == 0
    assert _read(out)["interchanges"]["isa_control_number"].to_pylist() == ["000000017"]
    assert not home.exists()


def test_numbers_go_back_when_the_answer_cannot_be_written(good: Path, tmp_path: Path, home: Path) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError("no space left")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestration.commands.x12._opened", lambda _: contextlib.nullcontext(Full()))
        assert isinstance(runner.invoke(app, ["ack", str(good), "--out", "x"]).exception, OSError)
    out = tmp_path / "answer"
    assert runner.invoke(app, ["ack", str(good), "--out", str(out)]).exit_code == 0
    assert _read(out)["interchanges"]["isa_control_number"].to_pylist() == ["000000001"]
    assert home.exists()


def test_a_store_that_cannot_be_opened_says_the_way_out(good: Path, tmp_path: Path, home: Path) -> None:
    home.write_text("a file where a folder should be")
    result = runner.invoke(app, ["ack", str(good), "--out", str(tmp_path / "answer")])
    assert isinstance(result.exception, CommandError)
    assert "--control-number" in result.exception.fix


def _read(path: Path) -> dict[str, pa.Table]:
    return read([Source.of(path.read_bytes())], details=True).tables


@pytest.fixture
def tables(good: Path, tmp_path: Path) -> Path:
    assert runner.invoke(app, ["read", str(good), "--out", str(tmp_path / "tables")]).exit_code == 0
    return tmp_path / "tables"


def test_write_from_typed_tables(tables: Path, good: Path, tmp_path: Path, home: Path) -> None:
    again = tmp_path / "again.837"
    assert runner.invoke(app, ["write", str(tables), "--out", str(again), "--typed"]).exit_code == 0
    (tables / "segments.parquet").unlink()
    assert runner.invoke(app, ["write", str(tables), "--out", str(again)]).exit_code == 0
    after = _read(again)
    head = after["interchanges"].to_pylist()[0]
    assert (head["sender_id"], head["receiver_id"], head["isa_control_number"]) == ("SENDER", "RECEIVER", "000000002")
    assert after["findings"].num_rows == 0
    names = [c.name for c in schema.PROVENANCE]
    assert after["claims"].drop(names) == _read(good)["claims"].drop(names)
    assert home.exists()


def test_every_sender_and_receiver_has_its_own_interchange(tmp_path: Path, home: Path) -> None:
    inbox, tables, again = tmp_path / "inbox", tmp_path / "tables", tmp_path / "again.837"
    inbox.mkdir()
    for n in range(4):
        data = interchange(professional(), control=n + 1).replace(b"SENDER ", b"OTHERS ", 1 if n % 2 else 0)
        (inbox / f"{n}.837").write_bytes(data)
    assert runner.invoke(app, ["read", str(inbox), "--out", str(tables)]).exit_code == 0
    assert runner.invoke(app, ["write", str(tables), "--out", str(again), "--typed"]).exit_code == 0
    heads = _read(again)["interchanges"].to_pylist()
    assert sorted((h["sender_id"], h["isa_control_number"]) for h in heads) == [
        ("OTHERS", "000000001"),
        ("SENDER", "000000001"),
    ]
    assert _read(again)["claims"].num_rows == 4
    call = ["write", str(tables), "--out", str(again), "--typed", "--sender", "MINE", "--usage", "T"]
    assert runner.invoke(app, [*call, "--control-number", "9"]).exit_code == 0
    [head] = _read(again)["interchanges"].to_pylist()
    assert (head["sender_id"], head["usage_code"], head["isa_control_number"]) == ("MINE", "T", "000000009")
    assert set(_read(again)["transactions"]["group_sender_id"].to_pylist()) == {"MINE"}
    assert home.exists()


def test_write_from_claims_and_lines_alone(tables: Path, tmp_path: Path, home: Path) -> None:
    for path in tables.iterdir():
        if path.stem not in ("claims", "claim_lines"):
            path.unlink()
    again = tmp_path / "again.837"
    call = ["write", str(tables), "--out", str(again)]
    result = runner.invoke(app, call)
    assert isinstance(result.exception, CommandError)
    assert str(result.exception).startswith("X12-WRITE-ADDRESS")
    assert "--sender" in result.exception.fix
    call += ["--sender", "ALDER", "--receiver", "BLUE"]
    assert str(runner.invoke(app, call).exception).startswith("X12-WRITE: no submitter")
    call += ["--submitter-name", "ALDER CLINIC", "--submitter-contact", "ANN LEE", "--submitter-phone", "5551234567"]
    assert runner.invoke(app, [*call, "--receiver-name", "BLUE PLAN"]).exit_code == 0
    parties = _read(again)["detail_parties"].to_pylist()
    assert [(p["party_last_name"], p["party_id"]) for p in parties[:2]] == [
        ("ALDER CLINIC", "ALDER"),
        ("BLUE PLAN", "BLUE"),
    ]
    assert home.exists()


def test_what_write_refuses(tables: Path, tmp_path: Path, home: Path) -> None:
    again = tmp_path / "again.837"

    def refused(*options: str, folder: Path = tables) -> CommandError:
        error = runner.invoke(app, ["write", str(folder), "--out", str(again), *options]).exception
        assert isinstance(error, CommandError)
        assert error.fix
        return error

    assert refused(folder=tmp_path / "none").code == 2
    assert refused("--usage", "X").code == 2
    assert refused("--element", "A").code == 2
    assert refused("--sender", "X").code == 2  # the segments are written as they were read
    assert refused("--typed", "--submitter-id", "X").code == 2
    assert "X12-WRITE-LENGTH" in str(refused("--typed", "--sender", "X" * 16))
    assert "X12-WRITE-MARK" in str(refused("--typed", "--element", "."))
    assert "X12-WRITE-MARK" in str(refused("--element", "."))
    kept = (tables / "claims.parquet").read_bytes()
    (tables / "claims.parquet").write_bytes(b"PAR1")
    assert "no Parquet" in str(refused("--typed")) or "damaged" in str(refused("--typed"))
    pq.write_table(pa.table({"file_id": ["f"]}), tables / "claims.parquet")
    assert "transaction_ordinal" in str(refused("--typed"))
    (tables / "claims.parquet").unlink()
    assert "claims.parquet" in str(refused("--typed"))
    (tables / "claims.parquet").write_bytes(kept)
    # Nothing of what was refused took a number.
    assert runner.invoke(app, ["write", str(tables), "--out", str(again), "--typed"]).exit_code == 0
    assert _read(again)["interchanges"]["isa_control_number"].to_pylist() == ["000000001"]
    assert home.exists()


def test_every_error_of_writing_has_its_line_in_the_docs(root: Path) -> None:
    page = (root / "docs" / "errors.md").read_text()
    for error in (WriteError, *WriteError.__subclasses__()):
        assert f"| `{error.code}` |" in page


def test_a_missing_path_is_a_usage_error() -> None:
    result = runner.invoke(app, ["read", "no/such/file"])
    assert isinstance(result.exception, CommandError)
    assert result.exception.code == 2
