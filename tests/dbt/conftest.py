"""One dbt build of one hand-written lake, unit tests included, for every test of this folder that only looks."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.dbt import story, tiny_lake
from tests.dbt.story import Answer, Claim, Line

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"


# A story's feeds stop where it has been told: that is what these tests warn of.
ANOMALIES = ("test.claimworks.feed_is_fresh_", "test.claimworks.volume_within_history_")


def broken(statuses: Mapping[str, str]) -> dict[str, str]:
    """The nodes of a run that did not do what they should."""
    return {
        node: status
        for node, status in statuses.items()
        if status not in {"success", "pass", "no-op"} and not (status == "warn" and node.startswith(ANOMALIES))
    }


@dataclass(frozen=True)
class Warehouse:
    """A project folder, a lake and the DuckDB file that dbt builds of it."""

    project: Path
    lake: Path
    path: Path
    statuses: dict[str, str] = field(default_factory=dict)

    def dbt(self, *arguments: str) -> dict[str, str]:
        """Run dbt; returns the status of every node that ran by its unique id.

        In a process of its own: inside this one dbt would keep its connection, and DuckDB lets nobody else in.
        """
        target = self.path.parent / "target"
        finished = subprocess.run(
            [
                sys.executable, "-m", "dbt.cli.main", *arguments,
                "--project-dir", str(self.project),
                "--profiles-dir", str(self.project),
                "--target-path", str(target),
                "--log-path", str(target / "logs"),
                "--no-use-colors",
            ],
            env={
                **os.environ,
                "CLAIMWORKS_LAKE": str(self.lake),
                "CLAIMWORKS_WAREHOUSE_PATH": str(self.path),
                "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            },
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        if finished.returncode not in {0, 1} or not (target / "run_results.json").exists():
            raise RuntimeError(finished.stdout[-4000:] + finished.stderr[-4000:])
        results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))
        return {entry["unique_id"]: entry["status"] for entry in results["results"]}

    def manifest(self) -> dict[str, Any]:
        """The manifest of the last run."""
        path = self.path.parent / "target" / "manifest.json"
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return manifest

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Query the warehouse, read-only."""
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(sql, parameters).fetchall()


CLAIMS = [
    # c1: paid at once. 100 = 60 paid + 25 contractual + 15 patient
    Claim("k1", date(2025, 1, 5), (Line("99213", "100.00"),)),
    # c2: one line of two denied, then recovered by a reversal and a correction
    Claim("k2", date(2025, 1, 6), (Line("99214", "150.00"), Line("93000", "50.00"))),
    # c3, c4: denied, replaced by a corrected claim, paid
    Claim("k3", date(2025, 1, 7), (Line("99215", "200.00"),)),
    Claim("k3", date(2025, 2, 20), (Line("99215", "200.00"),), frequency="7"),
    # c5, c6: paid, and sent a second time by mistake: the copy is denied as a duplicate
    Claim("k5", date(2025, 1, 8), (Line("99212", "80.00"),)),
    Claim("k5", date(2025, 2, 1), (Line("99212", "80.00"),)),
    # c7: never answered
    Claim("k7", date(2025, 6, 30), (Line("99213", "100.00"),)),
    # c8: answered under a key that we never sent, found by the payer's number
    Claim("k8", date(2025, 1, 9), (Line("71046", "90.00"),), extra={"payer_claim_key": "icn-8"}),
    # c9: answered without any key, found by member, day and charge
    Claim("k9", date(2025, 1, 10), (Line("97110", "70.00"),)),
    # c10: denied as a whole at claim level, never worked: written off after 120 days
    Claim("k10", date(2025, 1, 11), (Line("99203", "120.00"),)),
    # c11, c12: original denied for another payer's turn, void sent
    Claim("k11", date(2025, 1, 12), (Line("99204", "130.00"),)),
    Claim("k11", date(2025, 3, 1), (Line("99204", "130.00"),), frequency="8"),
    # c13: all of the charge above the fee schedule: contractual only, not a denial
    Claim("k13", date(2025, 1, 13), (Line("36415", "10.00"),)),
    # c14, c15: the same claim to its second payer
    Claim("k14", date(2025, 1, 14), (Line("99213", "100.00"),)),
    Claim("k14", date(2025, 3, 5), (Line("99213", "100.00"),), payer="PAY2", responsibility="S"),
]

ANSWERS = [
    Answer(
        "k1",
        date(2025, 1, 25),
        (Line("99213", "100.00", "60.00", (("CO", "45", "25"), ("PR", "3", "15"))),),
        number="n1",
    ),
    Answer(
        "k2",
        date(2025, 1, 26),
        (
            Line("99214", "150.00", "100.00", (("CO", "45", "50"),)),
            Line("93000", "50.00", "0", (("CO", "16", "50"),), ("N290", "M51")),
        ),
        number="n2",
    ),
    Answer(
        "k2",
        date(2025, 3, 10),
        (
            Line("99214", "-150.00", "-100.00", (("CO", "45", "-50"),)),
            Line("93000", "-50.00", "0", (("CO", "16", "-50"),)),
        ),
        status="22",
        number="n2",
    ),
    Answer(
        "k2",
        date(2025, 3, 10),
        (
            Line("99214", "150.00", "100.00", (("CO", "45", "50"),)),
            Line("93000", "50.00", "30.00", (("CO", "45", "20"),)),
        ),
        number="n2",
    ),
    Answer("k3", date(2025, 1, 30), (Line("99215", "200.00", "0", (("CO", "197", "200"),)),), status="4", number="n3"),
    Answer(
        "k3",
        date(2025, 3, 15),
        (Line("99215", "200.00", "140.00", (("CO", "45", "60"),)),),
        number="n3b",
        frequency="7",
    ),
    Answer("k5", date(2025, 1, 29), (Line("99212", "80.00", "55.00", (("CO", "45", "25"),)),), number="n5"),
    Answer("k5", date(2025, 2, 15), (Line("99212", "80.00", "0", (("OA", "18", "80"),)),), status="4", number="n5b"),
    Answer("payer-key", date(2025, 2, 1), (Line("71046", "90.00", "70.00", (("CO", "45", "20"),)),), number="icn-8"),
    Answer(
        None,
        date(2025, 2, 2),
        (Line("97110", "70.00", "50.00", (("CO", "45", "20"),)),),
        number="n9",
        extra={"subscriber_key": "member-k9", "statement_from_date": date(2025, 1, 1)},
    ),
    Answer(
        "k10",
        date(2025, 2, 3),
        (),
        status="4",
        charge="120.00",
        paid="0",
        number="n10",
        claim_adjustments=(("CO", "29", "120"),),
    ),
    Answer("k11", date(2025, 2, 4), (Line("99204", "130.00", "0", (("CO", "109", "130"),)),), status="4", number="n11"),
    # The check of this one is 12 short: the payer took that back at provider level.
    Answer(
        "k13",
        date(2025, 2, 5),
        (Line("36415", "10.00", "0", (("CO", "45", "10"),)),),
        number="n13",
        provider_adjustment="12.00",
    ),
    Answer(
        "k14",
        date(2025, 2, 6),
        (Line("99213", "100.00", "60.00", (("CO", "45", "20"), ("PR", "2", "20"))),),
        number="n14",
    ),
    Answer(
        "k14",
        date(2025, 3, 25),
        (Line("99213", "100.00", "20.00", (("OA", "23", "80"),)),),
        status="2",
        number="m14",
        payer="PAY2",
    ),
    # Nobody knows this one; and it does not balance: 40 - 10 is not 25, and the check is 5 short of its claims.
    Answer(
        "stranger",
        date(2025, 2, 7),
        (Line("99499", "40.00", "25.00", (("CO", "45", "10"),)),),
        number="n99",
        payment="20.00",
    ),
]


@pytest.fixture(scope="session")
def project() -> Path:
    """The dbt project's folder."""
    return PROJECT


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The story's warehouse, built with its data tests, then its unit tests: the tests say what must hold."""
    home = tmp_path_factory.mktemp("dbt")
    lake = tiny_lake.write(home / "lake", story.rows(CLAIMS, ANSWERS))
    built = Warehouse(PROJECT, lake, home / "claimworks.duckdb")
    features = "path:models/features"
    # Unit tests of an incremental model read the columns of its table, so the tables come first.
    built.statuses.update(built.dbt("build", "--exclude", features, "resource_type:unit_test"))
    built.statuses.update(built.dbt("test", "--select", "resource_type:unit_test", "--exclude", features))
    return built
