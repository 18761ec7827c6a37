"""An error of a rule's author is caught when the rules are loaded, with its file and line."""

from pathlib import Path

import pytest

from quality.scrub import RuleError, Scrubber
from quality.scrub.expressions import ExpressionError, parse
from quality.scrub.rulebook import read_rules

GOOD = """\
rules:
  - id: X-1
    category: test
    scope: line
    severity: error
    citation: ours
    expression: line.charge_amount > 1
    message: found
    fix: mend
    fires: {}
    passes: {line: {charge_amount: 1}}
"""


def _read(folder: Path, text: str) -> None:
    path = folder / "mine.yml"
    path.write_text(text)
    Scrubber(read_rules([path]))


def test_a_good_rule_is_read(tmp_path: Path) -> None:
    _read(tmp_path, GOOD)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("severity: error", "severity: bad", 5, "severity is one of"),
        ("scope: line", "scope: lines", 4, "scope is one of"),
        ("    fix: mend\n", "", 2, "no fix"),
        ("    fix: mend\n", "    fix: mend\n    colour: red\n", 10, "no key colour"),
        ("line.charge_amount > 1", "line.charge_amount >", 7, "does not parse"),
        ("line.charge_amount > 1", "line.charge > 1", 7, "no column charge"),
        ("line.charge_amount > 1", "charge_amount > 1", 7, "without its table"),
        ("line.charge_amount > 1", "payer.paid_amount > 1", 7, "sees line, claim"),
        ("line.charge_amount > 1", "sum(line.charge_amount) > 1", 7, "may not aggregate"),
        ("line.charge_amount > 1", "line.charge_amount = 'x' || [1]", 2, "X-1"),
        ("expression: line", "expression: >-\n      read_text(", 8, "read_text"),
        ("fires: {}", "fires: []", 10, "a mapping"),
        ("rules:", "rulez:", 1, "not rulez"),
        ("    fix: mend", "    fix: [mend", 10, "no YAML"),
        ("scope: line", "scope: set", 7, "needs an aggregate"),
    ],
)
def test_an_error_has_its_line(tmp_path: Path, old: str, new: str, line: int, says: str) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    if "read_text" in new:
        text = text.replace("read_text(.charge_amount > 1", "read_text('/etc/passwd') = 'x'")
    with pytest.raises(RuleError) as caught:
        _read(tmp_path, text)
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"mine.yml:{line}:")


@pytest.mark.parametrize(
    "text",
    [
        "line.a = (SELECT 1)",
        "EXISTS (SELECT 1)",
        "line.a IN (SELECT content FROM read_text('x'))",
        "getenv('HOME') = ''",
        "1) , (2",
        "1) FROM line WHERE (true",
        "row_number() OVER () = 1",
        "$1 = 2",
        "true; SELECT 1",
    ],
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


def test_the_same_id_twice(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"mine\.yml:12: X-1 is also defined"):
        _read(tmp_path, GOOD + GOOD.removeprefix("rules:\n"))


OVERRIDE = "overrides:\n  - rule: X-1\n    layer: payer\n    payers: ['12345']\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (OVERRIDE, "changes nothing"),
        (OVERRIDE + "    disabled: true\n", "with a reason"),
        (OVERRIDE.replace("X-1", "X-2") + "    severity: info\n", "no rule X-2"),
        (OVERRIDE.replace("payer\n", "national\n") + "    severity: info\n", "only a lower layer"),
        ("overrides:\n  - {rule: X-1, layer: payer, severity: info}\n", "names payers"),
        (OVERRIDE + "    tighten: payer.paid_amount > 1\n", "sees no"),
    ],
)
def test_an_override_is_checked(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(RuleError, match=says):
        _read(tmp_path, GOOD + text)
