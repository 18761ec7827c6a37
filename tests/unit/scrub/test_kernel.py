"""The kernel: layers, edits, what is left out, and that one claim and many give the same."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from claims import schema
from quality.scrub import EDITS, Scrubber, load_rules, scrub
from quality.scrub.beside import TABLES
from quality.scrub.examples import tables
from quality.scrub.rulebook import read_rules
from tests.unit.scrub.test_authoring import GOOD

WIDE = GOOD.replace("line.charge_amount > 1", "line.charge_amount > 100")
PAYER = "  - rule: X-1\n    layer: payer\n    payers: ['12345']\n"
TENANT = "  - rule: X-1\n    layer: tenant\n    tenants: [alder]\n"


def _edits(folder: Path, overrides: str, tenant: str | None = None) -> list[tuple[int, str, str]]:
    path = folder / "mine.yml"
    path.write_text(WIDE + ("overrides:\n" + overrides if overrides else ""))
    given = tables(
        [
            {},
            {"claim": {"payer_id": "77"}},
            {"line": {"charge_amount": 60}},
            {"line": {"charge_amount": 60}, "claim": {"payer_id": "77"}},
        ]
    )
    edits = scrub(given, read_rules([path]), tenant=tenant)
    return [(row["claim_ordinal"], row["severity"], row["layer"]) for row in edits.to_pylist()]


def test_without_an_override(tmp_path: Path) -> None:
    assert _edits(tmp_path, "") == [(1, "error", "national"), (2, "error", "national")]


def test_a_payer_changes_the_severity(tmp_path: Path) -> None:
    found = _edits(tmp_path, PAYER + "    severity: warning\n")
    assert found == [(1, "warning", "payer"), (2, "error", "national")]


def test_a_payer_switches_off(tmp_path: Path) -> None:
    assert _edits(tmp_path, PAYER + "    disabled: true\n    reason: pays it\n") == [(2, "error", "national")]


def test_a_payer_tightens(tmp_path: Path) -> None:
    found = _edits(tmp_path, PAYER + "    tighten: line.charge_amount > 50\n")
    assert found == [(1, "error", "payer"), (2, "error", "national"), (3, "error", "payer")]


def test_the_lowest_layer_wins(tmp_path: Path) -> None:
    text = PAYER + "    severity: warning\n" + TENANT + "    severity: info\n"
    assert _edits(tmp_path, text, "alder") == [(1, "info", "tenant"), (2, "info", "tenant")]
    assert _edits(tmp_path, text, "birch") == [(1, "warning", "payer"), (2, "error", "national")]


def test_effective_dates(tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    path.write_text(WIDE.replace("    fix:", "    effective_from: 2024-06-01\n    fix:"))
    june = {"service_from_date": None, "service_through_date": None}
    given = tables(
        [
            {},
            {
                "base": "inpatient",
                "line": june,
                "claim": {"statement_from_date": date(2024, 6, 1)},
            },
        ]
    )
    assert scrub(given, read_rules([path]))["claim_ordinal"].to_pylist() == [2]


@pytest.fixture(scope="module")
def scrubber() -> Scrubber:
    return Scrubber(load_rules())


def test_one_claim_and_many_give_the_same(scrubber: Scrubber) -> None:
    # What a tenant keeps beside the claims is no single claim's.
    shared = {"earlier", *TABLES}
    examples = [rule.fires for rule in scrubber.book.rules if not shared & rule.fires.keys()]
    many = scrubber.run(tables(examples)).select(["line_number", "rule_id", "severity", "claim_ordinal"]).to_pylist()
    for ordinal in range(1, len(examples) + 1, 7):
        alone = scrubber.run(tables([examples[ordinal - 1]])).to_pylist()
        together = [row for row in many if row["claim_ordinal"] == ordinal]
        assert [(row["line_number"], row["rule_id"]) for row in alone] == [
            (row["line_number"], row["rule_id"]) for row in together
        ]


def test_rows_in_any_order_give_the_same(scrubber: Scrubber) -> None:
    given = tables([rule.fires for rule in scrubber.book.rules if "earlier" not in rule.fires])
    turned = {
        name: table.take(pa.array(range(table.num_rows - 1, -1, -1), pa.int64())) for name, table in given.items()
    }
    turned["claim_codes"] = given["claim_codes"]
    columns = ["claim_ordinal", "line_number", "rule_id", "severity"]

    def sorted_rows(table: pa.Table) -> list[tuple[str, ...]]:
        return sorted(tuple(map(str, row.values())) for row in table.select(columns).to_pylist())

    assert sorted_rows(scrubber.run(turned)) == sorted_rows(scrubber.run(given))


def test_no_claims_no_edits(scrubber: Scrubber) -> None:
    edits = scrubber.run(tables([]))
    assert edits.schema == EDITS
    assert edits.num_rows == 0


def test_rules_about_what_is_not_given_are_left_out_by_name(scrubber: Scrubber) -> None:
    given = tables([{"claim": {"subscriber_last_name": None, "billing_provider_npi": None}}])
    given["claims"] = given["claims"].drop_columns(["subscriber_last_name"])
    assert scrubber.left_out(given)["REQ-008"] == "not given: claims.subscriber_last_name"
    assert scrubber.run(given)["rule_id"].to_pylist() == ["REQ-001"]


def test_history_is_what_came_before(scrubber: Scrubber) -> None:
    again = tables([{}, {}])
    edits = scrubber.run(again, {name: schema.empty(name) for name in ("claims", "claim_lines")})
    assert [(row["claim_ordinal"], row["rule_id"]) for row in edits.to_pylist()] == [(2, "DUP-001")]
    assert scrubber.run(again).num_rows == 0
