"""The command line's promises: quick help, exit codes, data on stdout, never a traceback for what a user can mend."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration import cli
from orchestration.exits import CommandError, ExitCode


def claimworks(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a user runs it, in a home of its own."""
    return subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"CLAIMWORKS_HOME": str(home), "CLAIMWORKS_ENV": "test"} | environment,
    )


def test_help_lists_every_command_with_its_line(tmp_path: Path) -> None:
    done = claimworks("--help", home=tmp_path)
    assert done.returncode == ExitCode.DONE
    for name, command in cli.COMMANDS.items():
        assert name in done.stdout
        assert command.help.split()[0] in done.stdout
    assert "Exit codes" in done.stdout


def test_help_is_quick(tmp_path: Path) -> None:
    """Seconds of the processor, which others on the machine hardly change: what it loads is what they go into."""
    seconds = []
    for _ in range(3):
        before = os.times()
        claimworks("--help", home=tmp_path)
        after = os.times()
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(seconds) <= 0.5


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_has_help_with_an_example(name: str, tmp_path: Path) -> None:
    done = claimworks(name, "--help", home=tmp_path)
    assert done.returncode == ExitCode.DONE, done.stderr
    assert done.stdout.startswith("Usage: claimworks " + name)
    if "COMMAND" not in done.stdout.splitlines()[0]:
        assert "claimworks " + name in done.stdout.split("Options:")[0].split("\n", 1)[1]
    assert "--install-completion" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nosuch",), "No such command"),
        (("ingest", "x.837"), "--tenant"),
        (("ingest", "x.837", "--tenant", "nobody"), "unknown tenant"),
        (("ingest", "no-such-file.837", "--tenant", "alder"), "no such file"),
        (("ingest", ".", "--tenant", "alder", "--received-date", "2019-01-01"), "received date"),
        (("bench", "nosuch"), "no benchmark"),
    ],
)
def test_what_the_user_got_wrong_is_exit_two_without_a_traceback(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    done = claimworks(*arguments, home=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_unknown_environment_is_refused(tmp_path: Path) -> None:
    done = claimworks("serve", "dashboard", home=tmp_path, CLAIMWORKS_ENV="prod")
    assert done.returncode == ExitCode.USAGE
    assert "CLAIMWORKS_ENV" in done.stderr
    assert "'development', 'test' or 'production'" in done.stderr


def test_a_dashboard_without_a_published_copy_says_what_to_do(tmp_path: Path) -> None:
    done = claimworks("serve", "dashboard", home=tmp_path)
    assert done.returncode == ExitCode.FAILED
    assert "claimworks demo" in done.stderr


@pytest.mark.parametrize("code", list(ExitCode))
def test_a_command_error_ends_with_its_code_and_two_lines(
    code: ExitCode, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise CommandError("the disk is full", fix="make room", code=code)

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code
    assert capsys.readouterr().err == "error: the disk is full\n  fix: make room\n"


def test_an_unforeseen_error_is_one_line_and_exit_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.delenv("CLAIMWORKS_TRACEBACK", raising=False)
    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == ExitCode.FAILED
    assert "RuntimeError: unforeseen" in capsys.readouterr().err
