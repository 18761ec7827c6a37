"""Answers to what was received: 999 and TA1, written from the findings.

Belongs here: what the answer to a file says. Does not belong here: reading answers (`answers`), sending them.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import pyarrow as pa

from claims.interchange.x12.reader import QUARANTINED
from claims.interchange.x12.writer import (
    Address,
    Group,
    Marks,
    Numbers,
    Outgoing,
    Segment,
    TransactionSet,
    write_interchange,
)

GUIDE_999 = "005010X231A1"
_FUNCTIONAL = {
    "837P": "HC", "837I": "HC", "837D": "HC", "835": "HP", "276": "HR", "277": "HN", "277CA": "HN", "270": "HS",
    "271": "HB", "278": "HI",
}  # fmt: skip
_ANSWERS = ("999", "997", "TA1")
# TA105 by finding; the first that applies.
_NOTES = {
    "X12-IEA-MISSING": "023",
    "X12-IEA-CONTROL": "001",
    "X12-IEA-COUNT": "021",
    "X12-ISA-DUPLICATE": "025",
    "X12-ISA-LENGTH": "022",
}

Row: TypeAlias = dict[str, Any]


def acknowledge(tables: Mapping[str, pa.Table], *, numbers: Numbers, at: datetime, marks: Marks | None = None) -> bytes:
    """The interchanges of `answers_to`, written one after the other. Empty where nothing is to be answered."""
    return b"".join(
        write_interchange(one.address, one.groups, numbers=numbers, at=at, marks=marks, answers=one.answers)
        for one in answers_to(tables)
    )


def answers_to(tables: Mapping[str, pa.Table]) -> list[Outgoing]:
    """One answering interchange for each received one, with a 999 per functional group and a TA1 where one is due.

    A TA1 is due where ISA14 asks for it or the envelope has an error. Answers are never answered. The copy of bad
    data (IK404) is left out: it may identify a patient.
    """
    sets = _grouped(tables["transactions"].to_pylist(), "interchange_ordinal")
    findings = _grouped(
        [row for row in tables["findings"].to_pylist() if row["severity"] == "error"], "interchange_ordinal"
    )
    out = []
    for head in tables["interchanges"].to_pylist():
        key = (head["file_id"], head["interchange_ordinal"])
        wrong = findings[key]
        notes = [row for row in wrong if row["code"] in _NOTES]
        answers: list[Segment] = []
        if head["acknowledgement_requested_code"] == "1" or notes:
            answers.append(_ta1(head, notes))
        by_group: dict[int, list[Row]] = defaultdict(list)
        for row in sets[key]:
            if row["transaction_type"] not in _ANSWERS:
                by_group[row["group_ordinal"]].append(row)
        of_set = defaultdict(list)
        for row in wrong:
            of_set[row["transaction_ordinal"]].append(row)
        version = f"{head['version_code'] or '00501'}0"
        bodies = [_body(rows, of_set, version) for rows in by_group.values()]
        if not answers and not bodies:
            continue
        groups = [Group("FA", GUIDE_999, [TransactionSet("999", GUIDE_999, body) for body in bodies])] if bodies else []
        first = sets[key][0] if sets[key] else {}
        address = Address(
            sender_id=head["sender_id"] or "",
            receiver_id=head["receiver_id"] or "",
            sender_qualifier=head["sender_qualifier"] or "ZZ",
            receiver_qualifier=head["receiver_qualifier"] or "ZZ",
            group_sender_id=first.get("group_sender_id"),
            group_receiver_id=first.get("group_receiver_id"),
            usage_code=head["usage_code"] or "P",
        )
        out.append(Outgoing(address.reversed(), groups, answers))
    return out


def _grouped(rows: Sequence[Row], ordinal: str) -> dict[tuple[str, int], list[Row]]:
    out: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in rows:
        out[row["file_id"], row[ordinal]].append(row)
    return out


def _ta1(head: Row, notes: Sequence[Row]) -> Segment:
    found = [row["code"] for row in notes]
    note = next((number for code, number in _NOTES.items() if code in found), "000")
    status = "A" if note == "000" else "R" if head["status"] == QUARANTINED or note == "025" else "E"
    day = f"{head['interchange_date']:%y%m%d}" if head["interchange_date"] else ""
    return ("TA1", head["isa_control_number"] or "", day, head["interchange_time"] or "", status, note)


def _body(rows: Sequence[Row], of_set: Mapping[int, list[Row]], version: str) -> list[Segment]:
    """AK1..AK9 for the sets of one group; AK103 is `version` where the group names no guide (GS08)."""
    first = rows[0]
    functional = _FUNCTIONAL.get(first["transaction_type"] or "", "HC")
    guide = first["implementation_guide"] or version
    body: list[Segment] = [("AK1", functional, first["gs_control_number"] or "0", guide)]
    verdicts = []
    for row in rows:
        body.append(("AK2", row["transaction_type"][:3], row["st_control_number"] or "0", row["implementation_guide"]))
        wrong = of_set[row["transaction_ordinal"]]
        codes: list[str] = []
        segments: dict[tuple[Any, ...], list[Row]] = {}
        for one in wrong:
            if one["scope"] == "transaction" or one["segment_id"] in ("ST", "SE"):
                codes.append(one["syntax_error_code"] or "5")
            else:
                place = (one["segment_ordinal"], one["segment_id"], one["loop_id"])
                segments.setdefault(place, []).append(one)
        for (ordinal, name, loop), here in segments.items():
            body.extend(_errors(ordinal, name, loop, here))
        if segments:
            codes.append("5")
        verdict = "R" if row["status"] == QUARANTINED else "E" if wrong else "A"
        verdicts.append(verdict)
        body.append(("IK5", verdict, *list(dict.fromkeys(codes))[:5]))
    accepted = sum(verdict != "R" for verdict in verdicts)
    group = "R" if not accepted else "P" if accepted < len(rows) else "E" if "E" in verdicts else "A"
    count = str(len(rows))
    body.append(("AK9", group, count, count, str(accepted)))
    return body


def _errors(ordinal: int, name: str | None, loop: str | None, here: Sequence[Row]) -> list[Segment]:
    """IK3 for a segment, and IK4 for each of its elements."""
    elements = [row for row in here if row["element_position"]]
    of_segment = [row for row in here if not row["element_position"]]
    own = list(dict.fromkeys(row["syntax_error_code"] or "8" for row in of_segment)) or ["8"]
    # A reader of a 999 expects code 8 before elements.
    out: list[Segment] = [("IK3", name or "", str(ordinal), loop, code) for code in own[:-1]]
    out.append(("IK3", name or "", str(ordinal), loop, "8" if elements else own[-1]))
    for row in elements:
        place = [str(row["element_position"])]
        if row["component_position"]:
            place.append(str(row["component_position"]))
        out.append(("IK4", place, None, row["syntax_error_code"] or "7"))
    return out
