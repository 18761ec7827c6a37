"""Diagnoses against a loaded code set: what holds on a day, and that days before the first release say nothing."""

from datetime import date

import pytest

from claims.reference import load, open_reference
from quality.scrub import Rulebook, Scrubber, load_rules
from quality.scrub.examples import tables

CODES = "\n".join(
    f"{n:05d} {code:<7} {billable} {title:<60} {title}"
    for n, (code, billable, title) in enumerate(
        (
            ("E11", 0, "Type 2 diabetes mellitus"),
            ("E119", 1, "Type 2 diabetes mellitus without complications"),
            ("H42", 1, "Glaucoma in diseases classified elsewhere"),
            ("S52501A", 1, "Unspecified fracture of the lower end of right radius"),
            ("S52502A", 1, "Unspecified fracture of the lower end of left radius"),
        ),
        start=1,
    )
)
BEFORE, AFTER = date(2024, 9, 30), date(2024, 10, 1)


@pytest.fixture(scope="module")
def scrubber(tmp_path_factory: pytest.TempPathFactory) -> Scrubber:
    folder = tmp_path_factory.mktemp("codes")
    (folder / "icd10cm_order_2025.txt").write_text(CODES + "\n")
    assert [report.rows_read for report in load(folder / "icd10cm_order_2025.txt", folder / "reference")] == [5]
    rules = tuple(rule for rule in load_rules().rules if rule.relation in ("icd", "sided"))
    return Scrubber(Rulebook(rules), reference=open_reference(folder / "reference"))


def _found(scrubber: Scrubber, day: date, *diagnoses: str, modifier: str | None = None) -> set[str]:
    line = {"service_from_date": day, "service_through_date": day, "modifier_1": modifier}
    edits = scrubber.run(tables([{"diagnoses": list(diagnoses), "line": line, "submitted": date(2024, 12, 1)}]))
    return set(edits["rule_id"].to_pylist())


@pytest.mark.parametrize(
    ("diagnoses", "found"),
    [
        (("E119",), set()),
        (("E1199",), {"DX-001"}),
        (("E11",), {"DX-002"}),
        (("H42", "E119"), {"DX-011"}),
        (("S52501Z",), {"DX-003"}),
        (("S52501",), {"DX-003"}),
        (("S5250A",), {"DX-004"}),
    ],
)
def test_a_code_is_what_the_release_of_the_day_says(
    scrubber: Scrubber, diagnoses: tuple[str, ...], found: set[str]
) -> None:
    assert _found(scrubber, AFTER, *diagnoses) == found


def test_a_day_before_the_first_release_says_nothing(scrubber: Scrubber) -> None:
    assert _found(scrubber, BEFORE, "E1199") == set()


def test_a_side_is_one_of_the_diagnoses_it_points_to(scrubber: Scrubber) -> None:
    assert _found(scrubber, AFTER, "S52501A", modifier="RT") == set()
    assert _found(scrubber, AFTER, "S52502A", modifier="RT") == {"DX-015"}
    assert _found(scrubber, AFTER, "E119", modifier="RT") == set()
