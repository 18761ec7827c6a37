"""`claimworks verify money` on a simulated network: exit 0 to the cent, 1 when a cent is changed anywhere after it."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.commands.verify import app
from orchestration.settings import Settings

AtHome = Callable[[Path], AbstractContextManager[Settings]]


def test_every_cent_of_the_network_is_accounted_for(demo_home: Settings, at_home: AtHome) -> None:
    with at_home(demo_home.home):
        done = CliRunner().invoke(app, ["money", "--json"])
        said = CliRunner().invoke(app, ["money"])
    assert done.exit_code == said.exit_code == 0, done.output[-3000:]
    assert "every cent is accounted for; unexplained 0.00" in said.output
    evidence = json.loads(done.stdout)
    assert evidence["holds"] is True
    assert evidence["break_count"] == 0, "the simulated network makes none"
    assert {one["tenant"] for one in evidence["tenants"]} == {"alder", "birch", "cedar"}
    for tenant in evidence["tenants"]:
        levels = {one["level"]: one for one in tenant["statements"]}
        assert Decimal(levels["claim"]["charges"]) > Decimal(levels["claim"]["open_balance"]) > 0
        assert Decimal(levels["deposit"]["deposits"]) > 0
        assert all(one["row_count"] for one in tenant["checks"] if one["level"] in {"line", "claim", "transaction"})


@pytest.mark.parametrize("where", ["warehouse", "lake"])
def test_a_cent_changed_after_the_build_is_found(demo_copy: Callable[[], Path], at_home: AtHome, where: str) -> None:
    with at_home(demo_copy()) as settings:
        if where == "warehouse":
            with duckdb.connect(str(settings.warehouse_path)) as connection:
                connection.execute(
                    "update marts.fct_claims set paid_amount = paid_amount + 0.01, "
                    "open_balance_amount = open_balance_amount - 0.01 "
                    "where rowid = (select max(rowid) from marts.fct_claims)"
                )
        else:
            month = min((settings.lake / "bronze" / "remittance_lines" / "alder").glob("*.parquet"))
            with duckdb.connect() as connection:
                connection.execute(f"create table rows as select * from '{month}'")
                connection.execute("update rows set payment_amount = payment_amount + 0.01 where rowid = 0")
                connection.execute(f"copy rows to '{month}' (format parquet)")
        done = CliRunner().invoke(app, ["money"])
    assert done.exit_code == 1
    assert "NOT every cent is accounted for" in done.output
    assert "WRONG" in done.output


def test_nothing_to_check_is_said(at_home: AtHome, tmp_path: Path) -> None:
    with at_home(tmp_path):
        done = CliRunner().invoke(app, ["money"])
    assert done.exit_code == 1
    assert "no warehouse yet" in str(done.exception)
