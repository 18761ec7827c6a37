"""A story that arrives day by day and is built day by day ends as if it had been built at once, row by row.

Each day says which files are in the lake by its evening; a replaced partition is a file that is there no more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.dbt import story, tiny_lake
from tests.dbt.conftest import PROJECT, Warehouse
from tests.dbt.story import Answer, Claim, Line

# Kept by the builds themselves: when they ran is their content.
LOGS = ("int_changes__builds", "int_changes__links", "int_changes__rows", "int_changes__sets")

# The facts that follow the log, one sum over them, and all that stands before them.
FOLLOWING = (
    "agg_revenue_monthly", "fct_claim_edits", "fct_claim_lines", "fct_claim_status_history", "fct_claims",
    "fct_denials", "fct_remittances", "int_denial__line_attributes",
)  # fmt: skip

# A build takes seconds: what a day did wrong is still wrong, or was undone by files that went, on one of these.
COMPARED = (3, 6)

VISIT = (Line("99213", "100.00"),)
PAID = (Line("99213", "100.00", "60.00", (("CO", "45", "40"),)),)
DENIED = (Line("99213", "100.00", "0", (("CO", "197", "100"),)),)
TAKEN_BACK = (Line("99213", "-100.00", "-60.00", (("CO", "45", "-40"),)),)


def claim(file: str, key: str, day: date, **changes: object) -> Claim:
    """A visit under `key`, in a file of its own."""
    return Claim(key, day, VISIT, file=file, **changes)  # type: ignore[arg-type]


def answer(file: str, key: str | None, day: date, lines: tuple[Line, ...] = PAID, **changes: object) -> Answer:
    """An answer to a visit, in a file of its own."""
    return Answer(key, day, lines, file=file, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Day:
    """What comes and which files go, and why this day is in the story.

    `edits`: rules that fire now on claims of that file; `overridden`: files of claims whose edit is overridden now.
    """

    why: str
    claims: Sequence[Claim] = ()
    answers: Sequence[Answer] = ()
    gone: frozenset[str] = frozenset()
    edits: Mapping[str, str] = field(default_factory=dict)
    overridden: frozenset[str] = frozenset()


DAYS = [
    Day(
        "the start: four claims and an answer to none of them",
        [
            claim("c1", "k1", date(2025, 1, 5)),
            claim("c2", "k2", date(2025, 1, 6)),
            claim("c3", "k3", date(2025, 1, 7)),
            claim("c4", "k4", date(2025, 1, 8), extra={"payer_claim_key": "icn-4"}),
        ],
        [answer("r0", "k9", date(2025, 1, 9), number="n9")],
    ),
    Day(
        "answers by key, by number and by member; one that comes before its claim is met by it",
        [claim("c9", "k9", date(2025, 1, 4))],
        [
            answer("r1", "k1", date(2025, 1, 25), number="n1"),
            answer("r2", "k2", date(2025, 1, 26), DENIED, status="4", number="n2"),
            answer("r4", "unknown", date(2025, 1, 27), number="icn-4"),
            answer(
                "r3",
                None,
                date(2025, 1, 28),
                number="n3",
                extra={"subscriber_key": "member-k3", "statement_from_date": date(2025, 1, 1)},
            ),
        ],
    ),
    Day(
        "a replacement; a second claim of the same member, day and charge makes the match by member ambiguous",
        [
            claim("c2b", "k2", date(2025, 2, 20), frequency="7"),
            claim("c3b", "k3b", date(2025, 1, 7), extra={"subscriber_key": "member-k3"}),
        ],
    ),
    Day(
        "the reversal of an answer of January and its correction; the replacement is paid; a rule fires on a claim "
        "that no file of the day is about",
        [],
        [
            answer("r1r", "k1", date(2025, 3, 10), TAKEN_BACK, status="22", number="n1"),
            answer("r1c", "k1", date(2025, 3, 10), DENIED, status="4", number="n1"),
            answer("r2b", "k2", date(2025, 3, 15), number="n2b", frequency="7"),
        ],
        edits={"c4": "DUP-001 18", "c2": "AUT-001 197", "c1": "AUT-001 197"},
    ),
    Day(
        "partitions replaced: one without the member's second claim, one with a payment in place of the denial; a user "
        "overrides an edit",
        [],
        [answer("r2x", "k2", date(2025, 1, 26), number="n2")],
        frozenset({"c3b", "r2"}),
        edits={"c4": "DUP-001 18", "c2": "AUT-001 197", "c1": "AUT-001 197"},
        overridden=frozenset({"c4"}),
    ),
    Day("nothing at all"),
    Day(
        "a partition is taken back whole: claims without an answer, an answer without its claim",
        gone=frozenset({"c1", "r4"}),
    ),
]


def lakes(home: Path) -> Iterator[tuple[Day, Path]]:
    """The lake as it is at the end of each day."""
    claims: list[Claim] = []
    answers: list[Answer] = []
    edits: Mapping[str, str] = {}
    overridden: frozenset[str] = frozenset()
    for number, day in enumerate(DAYS):
        claims = [c for c in (*claims, *day.claims) if c.file not in day.gone]
        answers = [a for a in (*answers, *day.answers) if a.file not in day.gone]
        edits, overridden = day.edits or edits, day.overridden or overridden
        found = story.edits(claims, dict(edits), overridden)
        yield day, tiny_lake.write(home / f"lake-{number}", story.rows(claims, answers) | found)


def differences(one: Path, other: Path) -> dict[str, int]:
    """Tables of `one` whose rows are not those of `other`, with how many are not; the logs of builds left out."""
    found: dict[str, int] = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as one (read_only); attach '{other}' as other (read_only)")
        names = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables()"
            " where database_name = 'one' and not list_contains(?, table_name) order by 1",
            [list(LOGS)],
        ).fetchall()
        assert len(names) > 20
        for (name,) in names:
            row = connection.execute(
                f"select count(*) from ((from one.{name} except all from other.{name})"
                f" union all (from other.{name} except all from one.{name}))"
            ).fetchone()
            if row and row[0]:
                found[name] = row[0]
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all days."""
    return tmp_path_factory.mktemp("incremental")


def test_day_by_day_is_what_a_full_refresh_gives(home: Path) -> None:
    build = ("run", "--select", *(f"+{name}" for name in FOLLOWING))
    for number, (day, lake) in enumerate(lakes(home)):
        daily = Warehouse(PROJECT, lake, home / "daily" / "w.duckdb")
        whole = Warehouse(PROJECT, lake, home / "whole" / "w.duckdb")
        if not number:
            for warehouse in (daily, whole):
                warehouse.path.parent.mkdir()
                warehouse.dbt("seed")
        assert set(daily.dbt(*build).values()) == {"success"}, day.why
        if number in COMPARED:
            assert set(whole.dbt(*build, "--full-refresh").values()) == {"success"}, day.why
            assert not differences(daily.path, whole.path), day.why

    with duckdb.connect(str(home / "daily" / "w.duckdb"), read_only=True) as connection:
        removed = connection.execute("select count(*) from intermediate.int_changes__sets where is_removed").fetchone()
        standing = connection.execute("select count(*) from intermediate.int_claims__submissions").fetchone()
        edits = connection.execute(
            "select rule_id, claim_id, is_overridden, is_foretold from marts.fct_claim_edits order by 1"
        ).fetchall()
    assert edits == [("AUT-001", "c2-1", False, False), ("DUP-001", "c4-1", True, None)]
    assert removed == (4,)
    assert standing == (5,)


def test_what_is_not_touched_is_not_built_again(home: Path) -> None:
    """After the test above: the day on which nothing came touched nothing, and each change touched a part."""
    with duckdb.connect(str(home / "daily" / "w.duckdb"), read_only=True) as connection:
        changes = connection.execute(
            "select changed_at, count(*) from intermediate.int_changes__rows group by all order by 1"
        ).fetchall()
        sets = connection.execute("select count(distinct changed_at) from intermediate.int_changes__sets").fetchone()
    assert sets == (len(DAYS) - 1,)
    assert len(changes) == len(DAYS) - 1
    assert all(count < 12 for _, count in changes)
