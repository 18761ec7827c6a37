"""`claimworks prepare`: all or nothing, without identifiers, the same as the kernels one by one."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from benchmarks.claims import write_files
from claims.interchange import x12
from claims.reference import open_reference
from orchestration.commands.prepare import app
from orchestration.exits import CommandError
from quality.scrub import Scrubber, load_rules

runner = CliRunner()


def test_files_to_tables(tmp_path: Path, at_home) -> None:  # type: ignore[no-untyped-def]
    sent, out = tmp_path / "sent", tmp_path / "ready"
    write_files(sent, 60, 5)
    with at_home(tmp_path / "home"):
        done = runner.invoke(app, [str(sent), "--tenant", "alder", "--out", str(out), "--json"])
        assert done.exit_code == 0, done.output
        said = json.loads(done.stdout)
        with pytest.raises(CommandError, match="is there already"):
            runner.invoke(app, [str(sent), "--tenant", "alder", "--out", str(out)], catch_exceptions=False)
    assert (said["files"], said["claims"], said["lines"]) == (12, 60, 150)
    assert {"claims", "claim_lines", "claim_edits", "priced_lines"} <= {path.name for path in out.iterdir()}
    tables = x12.read([x12.Source.at(path) for path in sorted(sent.iterdir())], details=True).tables
    scrubber = Scrubber(load_rules(), reference=open_reference(None), tenant="alder")
    edits = pq.read_table(out / "claim_edits")
    key = ["claim_id", "line_number", "rule_id"]
    wanted = scrubber.run(tables).select(key).to_pylist()
    assert sorted(map(str, edits.select(key).to_pylist())) == sorted(map(str, wanted))
    assert pq.read_table(out / "priced_lines").num_rows == said["lines"]
    names = set(tables["claims"]["subscriber_last_name"].to_pylist())
    for path in out.rglob("*.parquet"):
        for column in pq.read_table(path).columns:
            assert not names & set(map(str, column.to_pylist()))
    assert (tmp_path / "home" / "vault" / "alder" / "identities").is_dir()


def test_nothing_is_left_where_it_fails(tmp_path: Path, at_home, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    sent, out = tmp_path / "sent", tmp_path / "ready"
    write_files(sent, 2, 2)

    def broken(*_: object, **__: object) -> None:
        raise OSError("disk is full")

    monkeypatch.setattr("orchestration.preparing.pq.write_table", broken)
    with at_home(tmp_path / "home"), pytest.raises(OSError, match="disk is full"):
        runner.invoke(app, [str(sent), "--tenant", "alder", "--out", str(out)], catch_exceptions=False)
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("sent", "home")] == []


def test_an_unknown_tenant_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no tenant"):
        runner.invoke(app, [str(tmp_path), "--tenant", "nobody", "--out", str(tmp_path / "x")], catch_exceptions=False)
