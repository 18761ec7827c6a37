"""The lives of a few claims told in files: each way a claim can go between its CLM and its last word, end to end.

Belongs here: what `fct_claim_status_history` says about whole lives. Does not belong here: how one kind of answer is
matched or read, which the unit tests of the models say row by row.
"""

from datetime import date
from typing import Any

import pytest

from tests.dbt import story, tiny_lake
from tests.dbt.conftest import PROJECT, Warehouse, broken
from tests.dbt.story import Answer, Claim, Line

VISIT = (Line("99213", "100.00"),)
PAID = (Line("99213", "100.00", "60.00", (("CO", "45", "40"),)),)
TAKEN_BACK = (Line("99213", "-100.00", "-60.00", (("CO", "45", "-40"),)),)
PAID_LESS = (Line("99213", "100.00", "50.00", (("CO", "45", "50"),)),)
DENIED = (Line("99213", "100.00", "0", (("CO", "197", "100"),)),)

CLAIMS = [
    Claim("k1", date(2025, 1, 1), VISIT, file="syntax"),
    Claim("k1", date(2025, 1, 3), VISIT, file="syntax-again"),
    Claim("k2", date(2025, 1, 1), VISIT, file="edits"),
    Claim("k2", date(2025, 1, 6), VISIT, file="edits-again"),
    Claim("k3", date(2025, 1, 1), VISIT, file="corrected"),
    Claim("k4", date(2025, 1, 1), VISIT, file="replaced"),
    Claim("k4", date(2025, 2, 10), VISIT, frequency="7", file="replacement"),
    Claim("k5", date(2025, 1, 1), VISIT, file="unacknowledged"),
    Claim("k6", date(2025, 1, 1), VISIT, file="envelope"),
    Claim("k7", date(2025, 1, 1), VISIT, file="waiting"),
]
ANSWERS = [
    Answer("k1", date(2025, 1, 20), PAID, number="n1"),
    Answer("k2", date(2025, 1, 20), PAID, number="n2"),
    Answer("k3", date(2025, 1, 20), PAID, number="n3"),
    Answer("k3", date(2025, 3, 1), TAKEN_BACK, status="22", number="n3"),
    Answer("k3", date(2025, 3, 1), PAID_LESS, number="n3"),
    Answer("k4", date(2025, 1, 20), DENIED, status="4", number="n4"),
    Answer("k4", date(2025, 3, 1), PAID, frequency="7", number="n4b"),
    Answer("k5", date(2025, 1, 20), PAID, number="n5"),
]
US = {"group_sender_id": "US", "group_receiver_id": "CH"}
THEM = {"group_sender_id": "CH", "group_receiver_id": "US"}


def _reply(rows: story.Rows, kind: str, file_id: str, day: date, **entry: Any) -> None:
    """One 999, TA1 or 277CA in a file of its own."""
    common = {"file_id": file_id, "transaction_ordinal": 1, "received_date": day}
    created = None if kind == "TA1" else day
    rows["transactions"].append({**common, **THEM, "transaction_type": kind, "created_date": created})
    rows["interchanges"].append(
        {"file_id": file_id, "sender_id": "CH", "receiver_id": "US", "interchange_date": day, "received_date": day}
    )
    if kind == "277CA":
        rows["claim_statuses"].append(
            {**common, "segment_ordinal": 9, "level": "claim", "effective_date": day, **entry}
        )
    else:
        rows["acknowledgements"].append({**common, "segment_ordinal": 3, "acknowledgement_type": kind, **entry})


def _syntax(rows: story.Rows, claim: str, day: date, code: str) -> None:
    _reply(
        rows, "999", f"999-{claim}", day, level="transaction", status_code=code,
        acknowledged_gs_control_number=claim, acknowledged_st_control_number="0001",
    )  # fmt: skip


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Any, ...]]]:
    """Every step by the file of its submission: code, day, source, segment, whether the claim stands there."""
    home = tmp_path_factory.mktemp("lives")
    rows = story.rows(CLAIMS, ANSWERS)
    rows.update({"interchanges": [], "acknowledgements": [], "claim_statuses": []})
    names = {claim.file for claim in CLAIMS}
    for row in rows["transactions"]:
        if row["file_id"] in names:
            number = {"gs_control_number": row["file_id"], "isa_control_number": row["file_id"]}
            row.update({**US, **number, "st_control_number": "0001"})
            rows["interchanges"].append({"file_id": row["file_id"], "sender_id": "US", "receiver_id": "CH"})
    _syntax(rows, "syntax", date(2025, 1, 2), "R")
    for claim in ("syntax-again", "edits-again", "corrected", "waiting"):
        _syntax(rows, claim, date(2025, 1, 7), "A")
    _reply(
        rows, "TA1", "ta1", date(2025, 1, 2), level="interchange", status_code="R",
        acknowledged_isa_control_number="envelope",
    )  # fmt: skip
    _reply(rows, "277CA", "ca1", date(2025, 1, 4), claim_key="k2", category_code="A7", action_code="U")
    _reply(rows, "277CA", "ca2", date(2025, 1, 8), claim_key="k2", category_code="A2", action_code="WQ")
    _reply(rows, "277CA", "ca3", date(2025, 1, 8), claim_key="k7", category_code="A3", payer_id="PAY1")
    built = Warehouse(PROJECT, tiny_lake.write(home / "lake", rows), home / "claimworks.duckdb")
    statuses = built.dbt("build", "--exclude", "path:models/features", "int_denial__*", "resource_type:unit_test")
    assert not broken(statuses)
    found: dict[str, list[tuple[Any, ...]]] = {}
    for claim_id, *step in built.rows(
        """
        select claim_id, status_code, status_date, source, segment_ordinal, is_current
        from marts.fct_claim_status_history order by claim_id, status_ordinal
        """
    ):
        found.setdefault(claim_id.removesuffix("-1"), []).append(tuple(step))
    return found


def test_a_set_turned_away_by_its_999_is_sent_again_and_paid(lives: dict[str, list[tuple[Any, ...]]]) -> None:
    assert lives["syntax"] == [
        ("submitted", date(2025, 1, 1), "837", 20, False),
        ("rejected_by_clearinghouse", date(2025, 1, 2), "999", 3, True),
    ]
    assert lives["syntax-again"] == [
        ("submitted", date(2025, 1, 3), "837", 20, False),
        ("accepted_by_clearinghouse", date(2025, 1, 7), "999", 3, False),
        ("paid", date(2025, 1, 20), "835", 10, True),
    ]


def test_a_claim_turned_away_by_a_277ca_is_sent_again_under_the_same_key(
    lives: dict[str, list[tuple[Any, ...]]],
) -> None:
    assert lives["edits"] == [
        ("submitted", date(2025, 1, 1), "837", 20, False),
        ("rejected_by_clearinghouse", date(2025, 1, 4), "277CA", 9, True),
    ]
    assert lives["edits-again"] == [
        ("submitted", date(2025, 1, 6), "837", 20, False),
        ("accepted_by_clearinghouse", date(2025, 1, 7), "999", 3, False),
        ("accepted_by_payer", date(2025, 1, 8), "277CA", 9, False),
        ("paid", date(2025, 1, 20), "835", 10, True),
    ]


def test_a_payment_taken_back_and_made_anew_is_corrected(lives: dict[str, list[tuple[Any, ...]]]) -> None:
    assert [(step[0], step[4]) for step in lives["corrected"]] == [
        ("submitted", False),
        ("accepted_by_clearinghouse", False),
        ("paid", False),
        ("reversed", False),
        ("corrected", True),
    ]


def test_a_replacement_lives_a_life_of_its_own(lives: dict[str, list[tuple[Any, ...]]]) -> None:
    assert [step[0] for step in lives["replaced"]] == ["submitted", "denied"]
    assert [step[0] for step in lives["replacement"]] == ["submitted", "paid"]


def test_an_835_without_any_acknowledgement_still_adjudicates(lives: dict[str, list[tuple[Any, ...]]]) -> None:
    assert [step[0] for step in lives["unacknowledged"]] == ["submitted", "paid"]


def test_an_interchange_turned_away_takes_its_claims_along(lives: dict[str, list[tuple[Any, ...]]]) -> None:
    assert lives["envelope"][-1] == ("rejected_by_clearinghouse", date(2025, 1, 2), "TA1", 3, True)


def test_a_payer_that_speaks_for_itself_is_named(lives: dict[str, list[tuple[Any, ...]]]) -> None:
    assert lives["waiting"][-1] == ("rejected_by_payer", date(2025, 1, 8), "277CA", 9, True)
