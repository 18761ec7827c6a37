"""`claimworks report`: who may export, what is recorded of it, and how it ends."""

import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from claims.reports import REPORTS
from compliance.access import ROLES, Permission
from orchestration import cli
from orchestration.settings import Settings
from tests.unit.reports.conftest import base, publish_rows

VARIABLES = ("CLAIMWORKS_ACTOR", "CLAIMWORKS_ROLE", "CLAIMWORKS_ACTOR_TENANTS")


@dataclass
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def home(tmp_path: Path, at_home: Callable[[Path], AbstractContextManager[Settings]]) -> Iterator[Settings]:
    publish_rows(tmp_path / "home", base())
    with at_home(tmp_path / "home") as settings:
        yield settings


@pytest.fixture
def run(home: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)

    def _run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["claimworks", "report", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Done(int(ended.value.code or 0), out, err)

    return _run


def events(home: Settings) -> list[tuple[Any, ...]]:
    with sqlite3.connect(home.store_url.removeprefix("sqlite:///")) as connection:
        return connection.execute(
            "SELECT actor, role, tenant_id, action, object_reference, reason FROM audit_events ORDER BY sequence"
        ).fetchall()


def export(out: Path, *more: str, name: str = "revenue", tenant: str = "alder") -> list[str]:
    return [name, "--tenant", tenant, "--format", "csv", "--out", str(out), *more]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_exports_or_is_refused_and_either_is_recorded(
    home: Settings, run: Run, tmp_path: Path, role: str
) -> None:
    out = tmp_path / "a.csv"
    done = run(*export(out, "--role", role, "--as", "fay", "--from", "2025-01", "--payer", "EVG01"))
    may = Permission.REPORTS in ROLES[role].permissions
    assert done.code == (0 if may else 4), done.err
    assert out.exists() is may
    action = "report.exported" if may else "report.refused"
    about = "report:revenue format=csv from=2025-01 payers=EVG01"
    assert events(home) == [("fay", role, "alder", action, about, None)]


def test_the_least_role_may_since_reports_show_nobody(run: Run, tmp_path: Path) -> None:
    assert run(*export(tmp_path / "a.csv")).code == 0


def test_a_user_of_another_tenant_is_refused(home: Settings, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "a.csv"
    done = run(*export(out, "--role", "finance", "--assigned", "birch"))
    assert done.code == 4
    assert "not assigned to tenant alder" in done.err
    assert not out.exists()
    assert events(home)[-1][3] == "report.refused"


def test_role_and_assignment_come_from_the_environment(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAIMWORKS_ACTOR_TENANTS", "birch cedar")
    assert run(*export(tmp_path / "a.csv")).code == 4
    monkeypatch.setenv("CLAIMWORKS_ACTOR_TENANTS", "alder")
    assert run(*export(tmp_path / "a.csv")).code == 0
    monkeypatch.setenv("CLAIMWORKS_ROLE", "coder")
    assert run(*export(tmp_path / "a.csv")).code == 4


def test_nothing_is_exported_when_it_cannot_be_recorded(home: Settings, run: Run, tmp_path: Path) -> None:
    assert run(*export(tmp_path / "a.csv", "--reason", "month end")).code == 0
    assert events(home)[-1][5] == "month end"
    os.truncate(home.keys / "audit.anchor", 3)
    done = run(*export(tmp_path / "b.csv"))
    assert done.code == 1
    assert "could not be recorded" in done.err
    assert not (tmp_path / "b.csv").exists()


def test_the_name_of_a_tenant_is_never_a_path(home: Settings, run: Run, tmp_path: Path) -> None:
    (home.home / "secret.duckdb").write_bytes((home.serving / "alder.duckdb").read_bytes())
    for tenant in ("../secret", "..", "", "alder/../alder", str(home.serving / "alder"), "birch"):
        done = run(*export(tmp_path / "a.csv", tenant=tenant))
        assert (done.code, (tmp_path / "a.csv").exists()) == (1, False), tenant
        assert "nothing is published" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope", "--tenant", "alder", "--out", "x"], "no report"),
        (["revenue"], "missing: --tenant, --out"),
        (["revenue", "--tenant", "alder", "--out", "x", "--format", "docx"], "no format"),
        (["revenue", "--tenant", "alder", "--out", "x", "--table", "nope"], "no table"),
        (["revenue", "--tenant", "alder", "--out", "x", "--from", "2025-13"], "is no month"),
        (["revenue", "--tenant", "alder", "--out", "x", "--from", "2025-03", "--to", "2025-01"], "before --from"),
        (["credit_balances", "--tenant", "alder", "--out", "x", "--to", "2025-01"], "takes no months"),
        (["revenue", "--tenant", "alder", "--out", "x", "--format", "pdf", "--bom"], "only a CSV"),
        (["revenue", "--tenant", "alder", "--out", "x", "--role", "king"], "unknown role"),
        (["revenue", "--tenant", "alder", "--out", "x", "--reason", "x" * 501], "at most 500"),
    ],
)
def test_what_is_not_understood_ends_with_2_and_says_what_to_do(run: Run, arguments: list[str], words: str) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert "fix:" in done.err


def test_a_payer_that_is_not_there_and_a_place_that_is_none(run: Run, tmp_path: Path) -> None:
    done = run(*export(tmp_path / "a.csv", "--payer", "NOPE"))
    assert (done.code, "no payer NOPE" in done.err) == (1, True)
    (tmp_path / "file").touch()
    done = run(*export(tmp_path / "file" / "a.csv"))
    assert (done.code, "could not be written" in done.err) == (1, True)


def test_the_list_and_what_was_written_as_json(run: Run, tmp_path: Path) -> None:
    listed = json.loads(run("--list", "--json").out)
    assert {one["name"]: [table["name"] for table in one["tables"]] for one in listed} == {
        name: [table.name for table in report.tables] for name, report in REPORTS.items()
    }
    assert all(name in run("--list").out for name in REPORTS)
    out = tmp_path / "a.xlsx"
    done = run("revenue", "--tenant", "alder", "--out", str(out), "--table", "months", "--json")
    assert json.loads(done.out) == {
        "report": "revenue",
        "tenant_id": "alder",
        "format": "xlsx",
        "path": str(out),
        "row_count": 12,
        "byte_count": out.stat().st_size,
    }
