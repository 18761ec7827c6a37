"""Landing: each file in the folder of its feed, nothing overwritten, no name that leads elsewhere."""

from datetime import date
from pathlib import Path

import pytest

from orchestration.exits import CommandError
from orchestration.landing import feed_of, files_below, land

DAY = date(2025, 3, 14)
ISA = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *250314*1200*^*00501*000000001*0*P*:~"
    "GS*{group}*S*R*20250314*1200*1*X*005010~"
)


@pytest.mark.parametrize(
    ("head", "feed"),
    [
        (ISA.format(group="HC"), "837"),
        (ISA.format(group="HP"), "835"),
        (ISA.format(group="FA"), "999"),
        (ISA.format(group="HN"), "277ca"),
        (ISA.format(group="HC").replace("*", "|"), "837"),
        ("member_id,payer_id,plan_code,coverage_from_date\n", "eligibility"),
        ("authorization_number,member_id\n", "authorization"),
        ("Dear sirs,\n", "837"),
        ("", "837"),
    ],
)
def test_the_feed_is_told_by_the_content(head: str, feed: str) -> None:
    assert feed_of(head.encode()) == feed


def put(folder: Path, name: str, data: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return folder / name


def test_a_file_lands_in_its_day_and_stays_as_it_was(tmp_path: Path) -> None:
    source = put(tmp_path / "inbox", "a.837", ISA.format(group="HC").encode())
    landed = land(source, landing=tmp_path / "landing", tenant="alder", received=DAY)
    assert landed.path == tmp_path / "landing" / "alder" / "837" / "2025-03-14" / "a.837"
    assert landed.path.read_bytes() == source.read_bytes()
    assert not landed.was_there
    assert land(source, landing=tmp_path / "landing", tenant="alder", received=DAY).was_there


def test_other_bytes_under_a_known_name_get_a_name_of_their_own(tmp_path: Path) -> None:
    first = put(tmp_path / "one", "a.837", b"first")
    second = put(tmp_path / "two", "a.837", b"second")
    landing = tmp_path / "landing"
    kept = land(first, landing=landing, tenant="alder", received=DAY).path
    other = land(second, landing=landing, tenant="alder", received=DAY).path
    assert kept.read_bytes() == b"first"
    assert other.read_bytes() == b"second"
    assert other.name.startswith("a-")
    assert land(second, landing=landing, tenant="alder", received=DAY).was_there


def test_a_name_is_made_harmless(tmp_path: Path) -> None:
    source = put(tmp_path / "inbox", ".hidden; rm -rf *.837", b"x")
    assert land(source, landing=tmp_path / "landing", tenant="alder", received=DAY).path.name == "hidden_rm_-rf_.837"


def test_folders_are_walked_and_what_is_missing_is_said(tmp_path: Path) -> None:
    put(tmp_path / "inbox" / "sub", "b.835", b"x")
    put(tmp_path / "inbox", "a.837", b"x")
    put(tmp_path / "inbox", ".partial", b"x")
    assert [p.name for p in files_below([tmp_path / "inbox"])] == ["a.837", "b.835"]
    with pytest.raises(CommandError, match="no such file"):
        list(files_below([tmp_path / "nowhere"]))
