"""What comes after the main job: a second run, broken input beside good input, a registry without a champion."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from typer.testing import CliRunner, Result

from claims.lake import Lake
from claims.store import open_store
from orchestration.commands import demo, ingest
from orchestration.exits import CommandError
from orchestration.lib import console
from orchestration.settings import Settings

pytestmark = pytest.mark.slow

AtHome = Callable[[Path], AbstractContextManager[Settings]]

KEPT = ("lake", "vault", "serving", "landing", "truth", "reports", "warehouse")


def state(home: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every file that a run could have written."""
    return {
        str(path.relative_to(home)): (path.stat().st_size, path.stat().st_mtime_ns)
        for folder in KEPT
        for path in (home / folder).rglob("*")
        if path.is_file()
    }


def asked(settings: Settings) -> dict[str, int]:
    """What the finished home was simulated with."""
    return json.loads((settings.home / demo.MARKER).read_text())


def test_a_second_demo_changes_nothing(
    demo_home: Settings, at_home: AtHome, capsys: pytest.CaptureFixture[str]
) -> None:
    before = state(demo_home.home)
    with at_home(demo_home.home) as settings:
        demo.simulate_once(settings, **asked(demo_home), say=console.stderr())
        demo.run_main_job(settings, console.stderr())
    said = capsys.readouterr().err
    assert "already there" in said
    assert "0 new files" in said
    assert "nothing changed" in said
    assert state(demo_home.home) == before


def test_another_simulation_in_the_same_home_is_refused(demo_home: Settings) -> None:
    with pytest.raises(CommandError, match="another simulation"):
        demo.simulate_once(demo_home, **asked(demo_home) | {"seed": 12}, say=console.stderr())


@dataclass(frozen=True)
class Ingested:
    """One ingest of a good file, a file with a broken transaction set, an old file and a text, into a finished home."""

    settings: Settings
    result: Result
    files: dict[str, dict[str, Any]]
    claims_before: int


def _with_new_control_number(data: bytes) -> bytes:
    """The file as another interchange: ISA13 and IEA02 one million higher."""
    old = data[90:99]
    return data.replace(old, b"%09d" % (int(old) + 1_000_000))


@pytest.fixture(scope="module")
def ingested(
    demo_home: Settings, demo_copy: Callable[[], Path], at_home: AtHome, tmp_path_factory: pytest.TempPathFactory
) -> Ingested:
    inbox = tmp_path_factory.mktemp("inbox")
    remits = sorted((demo_home.landing / "alder" / "837").glob("*/*"), key=lambda p: p.stat().st_size)
    good, other, known = (path.read_bytes() for path in (remits[-1], remits[-2], remits[0]))
    (inbox / "good.837").write_bytes(_with_new_control_number(good))
    # One transaction set of `other` loses its trailer's count, the one copied after it stays whole.
    st, se = other.index(b"ST*"), other.index(b"GE*")
    one = other[st:se]
    broken = one[: one.index(b"SE*")] + b"SE*999*" + one[one.index(b"SE*") :].split(b"*", 2)[2]
    whole = one.replace(b"*0001*", b"*0002*", 1).replace(b"*0001~", b"*0002~")
    group_end = other[se:].replace(b"GE*1*", b"GE*2*")
    (inbox / "broken.837").write_bytes(_with_new_control_number(other[:st] + broken + whole + group_end))
    (inbox / "again.837").write_bytes(known)
    (inbox / "letter.txt").write_bytes(b"Dear sirs, please find nothing enclosed.\n")
    with at_home(demo_copy()) as settings:
        before = Lake(settings.lake).read("bronze", "claims", columns=["file_id"]).num_rows
        result = CliRunner().invoke(
            ingest.app, [str(inbox), "--tenant", "alder", "--received-date", "2026-01-05", "--json"]
        )
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        files = {Path(one["path"]).name: one for one in json.loads(result.stdout)["files"]}
    return Ingested(settings, result, files, before)


def test_a_broken_transaction_set_is_put_aside_and_its_neighbour_goes_on(ingested: Ingested) -> None:
    broken = ingested.files["broken.837"]
    assert broken["status"] == "quarantined"
    assert (broken["transactions"], broken["transactions_quarantined"]) == (2, 1)
    assert broken["claims"] > 0
    assert broken["reason"]


def test_the_files_beside_go_on(ingested: Ingested) -> None:
    assert ingested.files["good.837"]["status"] in ("read", "read_with_findings")
    assert ingested.files["good.837"]["claims"] > 0


def test_the_same_bytes_are_a_duplicate_and_the_command_says_so(ingested: Ingested) -> None:
    again = ingested.files["again.837"]
    assert again["status"] == "duplicate"
    assert "received before" in again["reason"]


def test_what_is_no_claim_file_is_quarantined_with_a_reason(ingested: Ingested) -> None:
    assert ingested.files["letter.txt"]["status"] == "quarantined"
    assert ingested.files["letter.txt"]["reason"]


def test_quarantine_is_exit_code_three(ingested: Ingested) -> None:
    assert ingested.result.exit_code == 3


def test_the_new_claims_are_served(ingested: Ingested, ask: Callable[[Path, str], list[tuple]]) -> None:
    new = Lake(ingested.settings.lake).read("bronze", "claims", columns=["file_id"]).num_rows - ingested.claims_before
    assert new > 0
    served = ask(
        ingested.settings.serving / "alder.duckdb",
        "select count(*) from marts.fct_claims where received_date = date '2026-01-05'",
    )
    assert served == [(new,)]


def test_the_same_ingest_again_changes_nothing(ingested: Ingested, at_home: AtHome) -> None:
    before = state(ingested.settings.home)
    inbox = [one["path"] for one in ingested.files.values()]
    with at_home(ingested.settings.home) as settings:
        result = CliRunner().invoke(
            ingest.app, [*inbox, "--tenant", "alder", "--received-date", "2026-01-05", "--json"]
        )
        with open_store(settings.store_url) as store:
            states = store.ledger.states()
    assert {one["status"] for one in json.loads(result.stdout)["files"]} == {"duplicate"}
    assert result.exit_code == 0
    assert states
    assert state(ingested.settings.home) == before


def test_without_a_champion_scoring_fails_and_says_what_to_do(demo_copy: Callable[[], Path], at_home: AtHome) -> None:
    from orchestration.lib.instance import open_instance
    from orchestration.lib.jobs import DAILY
    from orchestration.runs import run_job

    home = demo_copy()
    (home / "mlflow" / "mlflow.db").unlink()
    with at_home(home) as settings, open_instance(settings) as instance:
        report = run_job(instance, DAILY, selection=[dg.AssetKey(["gold", "denial_scores"])], progress=lambda _: None)
    assert not report.success
    [failure] = report.failures
    assert "no champion" in failure.lower()
    assert "train denial" in failure
