"""Every rule of the project: its claim fires, its other claim does not, and the page that lists it says so."""

import os
from pathlib import Path

import pytest

from quality.scrub import Scrubber, load_rules
from quality.scrub.examples import BASES, failures, tables
from quality.scrub.rulebook import SCOPES, Rulebook
from tests.unit.scrub.page import table_of


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return load_rules()


def test_every_rule_fires_on_its_claim_and_not_on_the_other(book: Rulebook) -> None:
    assert failures(book) == {}


def test_every_scope_is_there(book: Rulebook) -> None:
    assert {rule.scope for rule in book.rules} == set(SCOPES)


def test_a_clean_claim_of_each_kind_has_no_edit(book: Rulebook) -> None:
    edits = Scrubber(book).run(tables([{"base": base} for base in BASES]))
    assert edits["rule_id"].to_pylist() == []


def test_no_two_rules_ask_the_same(book: Rulebook) -> None:
    seen: dict[tuple[object, ...], str] = {}
    for rule in book.rules:
        when = rule.when.text if rule.when else ""
        key = (rule.relation, rule.expression.text, when, rule.claim_types, rule.reach, rule.by)
        assert key not in seen, f"{rule.id} asks what {seen[key]} asks"
        seen[key] = rule.id


def test_a_broken_rule_is_seen(book: Rulebook) -> None:
    """The check of the examples can fail: the two claims of a rule changed places."""
    from dataclasses import replace

    one = book.rules[0]
    wrong = failures(Rulebook((replace(one, fires=one.passes, passes=one.fires),)))
    assert set(wrong) == {f"{one.id} fires", f"{one.id} passes"}


def test_the_page_lists_every_rule(book: Rulebook, root: Path) -> None:
    """Set CLAIMWORKS_WRITE_DOCS=1 to write the table anew."""
    page = root / "docs" / "rules.md"
    before, mark, _ = page.read_text(encoding="utf-8").partition("<!-- rules -->\n")
    assert mark
    if os.environ.get("CLAIMWORKS_WRITE_DOCS"):
        page.write_text(before + mark + table_of(book), encoding="utf-8")
    assert page.read_text(encoding="utf-8") == before + mark + table_of(book)
