"""`claimworks override`, and what of it leaves the operational store."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from claims import schema
from claims.lake import Lake
from claims.store import open_store
from claims.store.ledger import LandedFile
from orchestration import cli
from orchestration.defs.silver.overrides import export
from orchestration.settings import Settings
from tests.dbt import tiny_lake

FILE = "c1" * 16
EDIT = f"{FILE}-1:DUP-001:1:1"
DAY = date(2025, 1, 5)


@pytest.fixture
def home(tmp_path: Path, at_home: Callable[[Path], AbstractContextManager[Settings]]) -> Settings:
    """A home with one received file and one edit on its claim."""
    with at_home(tmp_path) as settings:
        lake = Lake(settings.lake)
        lake.ensure("silver", "claim_edits", schema.lake("claim_edits"))
        row = {"edit_id": EDIT, "claim_id": f"{FILE}-1", "rule_id": "DUP-001", "file_id": FILE, "received_date": DAY}
        lake.write("silver", "claim_edits", tiny_lake.table("claim_edits", [row]), [("alder", DAY)])
        with open_store(settings.store_url) as store:
            path = f"alder/837/{DAY}/x.837"
            store.ledger.register([LandedFile("alder", "837", DAY, path, 1, 1, FILE * 2)])
    return settings


@pytest.fixture
def run(
    home: Settings, at_home: Callable[[Path], AbstractContextManager[Settings]], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., int]:
    for name in ("CLAIMWORKS_ACTOR", "CLAIMWORKS_ROLE", "CLAIMWORKS_ACTOR_TENANTS"):
        monkeypatch.delenv(name, raising=False)

    def _run(*arguments: str) -> int:
        with at_home(home.home):
            monkeypatch.setattr("sys.argv", ["claimworks", "override", *arguments])
            with pytest.raises(SystemExit) as ended:
                cli.main()
        return int(ended.value.code or 0)

    return _run


def test_an_override_reaches_the_lake_without_name_and_words(home: Settings, run: Callable[..., int]) -> None:
    assert run(EDIT, "--as", "jane", "--role", "biller", "--reason", "two visits of Mrs Smith") == 0
    lake = Lake(home.lake)
    with open_store(home.store_url) as store:
        count, said = export(lake, home.tenants, store)
        assert export(lake, home.tenants, store) == (count, said), "again is the same"
    assert (count, list(said)) == (1, [("alder", DAY)])
    [row] = lake.read("silver", "edit_overrides").to_pylist()
    assert (row["edit_id"], row["rule_id"], row["actor_role"]) == (EDIT, "DUP-001", "biller")
    assert not {"jane", "two visits of Mrs Smith"} & {str(value) for value in row.values()}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((EDIT, "--reason", "x"), 4),  # analyst, the least
        ((EDIT, "--role", "biller", "--tenant", "birch", "--reason", "x"), 4),
        ((EDIT, "--role", "biller", "--reason", " "), 2),
        (("nonsense", "--role", "biller", "--reason", "x"), 2),
        ((EDIT.replace("DUP-001", "DUP-009"), "--role", "biller", "--reason", "x"), 2),
    ],
)
def test_what_may_not_be_overridden_is_not(
    home: Settings, run: Callable[..., int], arguments: tuple[str, ...], code: int
) -> None:
    assert run(*arguments) == code
    with open_store(home.store_url) as store:
        assert store.overrides.all("alder") == []


def test_without_overrides_the_table_is_there_and_empty(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/store.db") as store:
        assert export(Lake(tmp_path / "lake"), ["alder"], store) == (0, {})
    assert (
        Lake(tmp_path / "lake").read("silver", "edit_overrides").schema.equals(pa.schema(schema.lake("edit_overrides")))
    )
