"""Row by row and in the engine: the same edits on every example of every rule, and the same values."""

import random
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from claims import schema
from claims.reference import open_reference
from quality.scrub import Scrubber, load_rules
from quality.scrub.examples import _for_patient, tables
from quality.scrub.kernel import FEW_CLAIMS
from quality.scrub.rowwise import Index
from quality.scrub.rulebook import read_rules
from quality.scrub.values import FUNCTIONS, UnsupportedError, date_sub, to_integer
from tests.unit.scrub.test_authoring import GOOD


@pytest.fixture(scope="module")
def scrubber() -> Scrubber:
    return Scrubber(load_rules(), reference=open_reference(None))


def _found(edits: pa.Table) -> list[tuple[object, ...]]:
    names = ["claim_ordinal", "line_number", "part", "part_ordinal", "rule_id", "severity", "layer"]
    return [tuple(row[name] for name in names) for row in edits.select(names).to_pylist()]


def test_every_example_has_the_same_edits(scrubber: Scrubber) -> None:
    rules = scrubber.book.rules
    asked = [(example, n) for n, rule in enumerate(rules) for example in (rule.fires, rule.passes)]
    examples = [_for_patient(example, place) for place, (example, _) in enumerate(asked)]
    past = [_for_patient(one, n) for n, (example, _) in enumerate(asked) for one in example.get("earlier", ())]
    given, before = tables(examples), tables(past, "h")
    assert len(examples) > FEW_CLAIMS  # so that `run` asks the engine
    together = scrubber.run(given, before)
    assert _found(scrubber._few(scrubber._all(given), before)) == _found(together)
    assert together.num_rows > len(rules)


def test_every_rule_is_known_row_by_row(scrubber: Scrubber) -> None:
    """Where this fails, the function that the rule calls goes into quality/scrub/values.py, and its check above."""
    assert scrubber.rowwise(tables([{}]), tables([])).unsupported == {}


def test_what_is_not_known_is_asked_of_the_engine(tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    path.write_text(GOOD.replace("line.charge_amount > 1", "ceil(line.charge_amount) > 100"))
    scrubber = Scrubber(read_rules([path]))
    given = tables([{}, {"line": {"charge_amount": 1}}])
    assert "X-1" in scrubber.rowwise(given).unsupported
    assert _found(scrubber.run(given)) == [(1, 1, "line", 1, "X-1", "error", "national")]


def test_values_that_only_the_engine_knows(tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    path.write_text(GOOD.replace("line.charge_amount > 1", "upper(claim.patient_last_name) = 'MÜLLER'"))
    scrubber = Scrubber(read_rules([path]))
    given = tables([{"claim": {"patient_last_name": "Müller"}}])
    with pytest.raises(UnsupportedError):
        scrubber._few(scrubber._all(given), None)
    assert scrubber.run(given)["rule_id"].to_pylist() == ["X-1"]


def test_full_months_are_those_of_the_engine() -> None:
    chance = random.Random(5)
    days = [date(2020, 1, 25) + timedelta(days=chance.randrange(1600)) for _ in range(300)]
    days += [date(2024, 2, 29), date(2023, 2, 28), date(2024, 1, 31), date(2024, 4, 30)]
    pairs = [(a, b) for a in days[-40:] for b in days[-60:]]
    given = pa.table({"a": [a for a, _ in pairs], "b": [b for _, b in pairs]})
    with duckdb.connect() as connection:
        connection.register("given", given)
        said = connection.execute("SELECT date_sub('year', a, b), date_sub('month', a, b) FROM given").fetchall()
    assert [(date_sub("year", a, b), date_sub("month", a, b)) for a, b in pairs] == said


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("//", (-7, 2)), ("%", (-7, 2)), ("//", (7, -2)), ("%", (7, -2)), ("left", ("abc", 2)), ("right", ("abc", 2)),
        ("right", ("abc", 5)), ("substr", ("abcdef", 2, 3)), ("substr", ("abc", 9, 3)), ("replace", ("a-b-", "-", "")),
        ("trim", ("  a b ",)), ("lpad", ("7", 3, "0")), ("lpad", ("1234", 3, "0")), ("list_distinct", ([1, 1],)),
        ("list_has_any", ([1, 2], [2])), ("list_has_all", ([1, 2], [2, 3])), ("list_contains", (["a"], "b")),
        ("list_position", (["a", "b"], "b")), ("array_extract", (["a", "b"], -1)), ("array_slice", ([1, 2, 3], 2, 9)),
        ("regexp_matches", ("AB1", "[0-9]$")), ("regexp_full_match", ("AB1\n", "AB1$")), ("~~", ("a.c", "a._")),
        ("~~", ("aXc", "a%")), ("round", (2, 0)), ("regexp_matches", ("ab jr", " (JR|SR)[.]?$", "i")),
        ("regexp_matches", ("a\tb", "[[:cntrl:]]")), ("regexp_matches", ("a b", "[[:cntrl:]x]")),
        ("strlen", ("é",)), ("length", ("é",)),
    ],
)  # fmt: skip
def test_functions_say_what_the_engine_says(call: str, arguments: tuple[object, ...]) -> None:
    marks = [f"${n}" for n in range(1, len(arguments) + 1)]
    sql = f"{marks[0]} {call} {marks[1]}" if not call[0].isalpha() and call != "~~" else f"{call}({', '.join(marks)})"
    if call == "~~":
        sql = "$1 LIKE $2"
    with duckdb.connect() as connection:
        row = connection.execute(f"SELECT {sql}", list(arguments)).fetchone()
    said = row[0] if row else None
    found = FUNCTIONS[call](*arguments)
    assert sorted(found) == sorted(said) if call == "list_distinct" else found == said


@pytest.mark.parametrize("text", ["99213", "0446T", "J1885", " 12 ", "", "12 34", "1A2", "9" * 11, "12-34", "9" * 30])
def test_numbers_of_texts(text: str) -> None:
    with duckdb.connect() as connection:
        row = connection.execute("SELECT TRY_CAST($1 AS INTEGER)", [text]).fetchone()
    try:
        found = to_integer(text, 31)
    except ValueError:
        found = None
    assert found == (row[0] if row else None)


@pytest.mark.parametrize("text", ["1.5", "1e3", "1_000", "0x1A", ".5"])
def test_odd_numbers_are_asked_of_the_engine(text: str) -> None:
    with pytest.raises(UnsupportedError):
        to_integer(text, 31)


def test_an_index_finds_what_stands_in_the_table() -> None:
    table = pa.table({"a": ["x", "y", None, "x"], "b": ["1", "2", "3", "1"], "n": [10, 20, 30, 40]})
    index = Index(table)
    assert index.rows(("a", "b"), ("x", "1"), ["n"]) == [(10,), (40,)]
    assert index.rows(("b",), ("3",), ["a", "n"]) == [(None, 30)]
    assert index.rows(("a",), ("z",), ["n"]) == []
    assert Index(table.slice(0, 0)).rows(("a",), ("x",), ["n"]) == []


def test_empty_tables_have_no_edits(scrubber: Scrubber) -> None:
    empty = {name: schema.empty(name) for name in ("transactions", "claims", "claim_lines")}
    assert scrubber.run(empty).num_rows == 0
