"""Scrubbing the lake: which days are scrubbed again, and that the order in which files came leaves no mark."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from claims import schema
from claims.lake import Lake
from claims.reference import Reference, open_reference
from orchestration.defs.silver.assets import _READ
from orchestration.defs.silver.scrubbing import OF_CLAIMS, SETS, ScrubReport, scrub_lake
from quality.scrub import Rulebook, load_rules
from tests.dbt import story, tiny_lake
from tests.dbt.story import Claim, Line

VISIT = (Line("99213", "100.00"),)
FIRST, AGAIN, OTHER = date(2025, 1, 10), date(2025, 1, 20), date(2025, 1, 25)


def claim(file: str, day: date, patient: str) -> Claim:
    """A visit of 1 January of a patient, sent on a day."""
    return Claim(file, day, VISIT, file=file * 16, extra={"patient_key": patient, "claim_filing_code": "CI"})


CLAIMS = [claim("a1", FIRST, "p1"), claim("a2", AGAIN, "p1"), claim("b1", OTHER, "p2")]


@pytest.fixture(scope="module")
def book() -> Rulebook:
    whole = load_rules()
    return Rulebook(tuple(rule for rule in whole.rules if rule.id in {"DUP-001"}))


@pytest.fixture(scope="module")
def reference() -> Reference:
    return open_reference(None)


def lake_of(root: Path, claims: Sequence[Claim]) -> Lake:
    """A lake with these claims; what it had of them before is replaced."""
    lake = Lake(root)
    rows = story.rows(list(claims), [])
    rows["claim_lines"] = [row | {"unit_count": 1} for row in rows["claim_lines"]]
    for table in schema.TABLES:
        if table.in_lake:
            lake.ensure("bronze", table.name, schema.lake(table.name))
            data = tiny_lake.table(table.name, rows.get(table.name, []))
            lake.write("bronze", table.name, data, [("alder", day) for day in (FIRST, AGAIN, OTHER)])
    return lake


def run(lake: Lake, book: Rulebook, reference: Reference, said: Any = None) -> ScrubReport:
    return scrub_lake(lake, ["alder", "birch"], book, reference, said or {}, progress=lambda _: None)


def edits(lake: Lake) -> list[tuple[str, str, int]]:
    rows = lake.read("silver", "claim_edits").to_pylist()
    return [(row["rule_id"], row["claim_id"][:2], row["segment_ordinal"]) for row in rows]


DUPLICATE = ("DUP-001", "a2", 21)


def test_the_assets_wait_for_all_that_the_kernel_can_read() -> None:
    assert set(_READ) == {*OF_CLAIMS, SETS}


def test_an_edit_names_claim_rule_and_segment(tmp_path: Path, book: Rulebook, reference: Reference) -> None:
    lake = lake_of(tmp_path, CLAIMS)
    report = run(lake, book, reference)
    assert (report.claims, report.edits, len(report.partitions)) == (3, 1, 3)
    assert edits(lake) == [DUPLICATE]
    [edit] = lake.read("silver", "claim_edits").to_pylist()
    assert edit["edit_id"] == f"{'a2' * 16}-1:DUP-001:1:1"
    assert (edit["received_date"], edit["prevented_reason_code"], edit["rule_layer"]) == (AGAIN, "18", "national")
    counts = {row["received_date"]: row["edit_count"] for row in lake.read("silver", "claim_scrubs").to_pylist()}
    assert counts == {FIRST: 0, AGAIN: 1, OTHER: 0}


def test_what_did_not_change_is_not_scrubbed_again(tmp_path: Path, book: Rulebook, reference: Reference) -> None:
    lake = lake_of(tmp_path, CLAIMS)
    run(lake, book, reference)
    report = run(lake, book, reference)
    assert (report.claims, report.partitions, report.unchanged) == (0, [], 3)
    assert edits(lake) == [DUPLICATE]


def test_a_day_follows_the_earlier_days_of_its_patients_only(
    tmp_path: Path, book: Rulebook, reference: Reference
) -> None:
    lake = lake_of(tmp_path, CLAIMS[1:])
    run(lake, book, reference)
    assert edits(lake) == []
    lake_of(tmp_path, CLAIMS)  # the first claim comes last
    report = run(lake, book, reference)
    assert report.partitions == [("alder", FIRST), ("alder", AGAIN)]
    assert edits(lake) == [DUPLICATE]
    lake_of(tmp_path, CLAIMS[1:])  # and its partition is replaced without it
    report = run(lake, book, reference)
    assert (set(report.partitions), report.unchanged) == ({("alder", FIRST), ("alder", AGAIN)}, 1)
    assert edits(lake) == []
    assert lake.read("silver", "claim_scrubs").num_rows == 2


def test_other_rules_scrub_everything_again(tmp_path: Path, book: Rulebook, reference: Reference) -> None:
    lake = lake_of(tmp_path, CLAIMS)
    run(lake, book, reference)
    [rule] = book.rules
    report = run(lake, Rulebook((replace(rule, severity="warning"),)), reference)
    assert len(report.partitions) == 3
    assert lake.read("silver", "claim_edits")["severity"].to_pylist() == ["warning"]


def test_a_word_of_a_user_changes_the_record_of_the_day_and_no_edit(
    tmp_path: Path, book: Rulebook, reference: Reference
) -> None:
    lake = lake_of(tmp_path, CLAIMS)
    run(lake, book, reference)
    report = run(lake, book, reference, {("alder", AGAIN): "overridden"})
    assert not report.partitions
    said = {row["received_date"]: row["overrides_digest"] for row in lake.read("silver", "claim_scrubs").to_pylist()}
    assert said == {FIRST: None, AGAIN: "overridden", OTHER: None}
