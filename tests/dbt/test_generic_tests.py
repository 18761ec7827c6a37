"""Each data test of ours can fail: broken rows for the generic ones, a tampered warehouse for the identities."""

import re
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.dbt.conftest import PROJECT, Warehouse


def volumes(months: int, last: int, *more: str) -> str:
    """Twenty rows in each of `months` months from January 2024 on, `last` in the last, seen to its end."""
    final = f"date '2024-01-01' + to_months({months - 1})"
    return f"""
        select 't' as tenant_id, cast(month_date as date) + cast(n % 28 as integer) as received_date
        from (select date '2024-01-01' + to_months(cast(m as integer)) as month_date from range({months}) as r (m))
        cross join range(200) as numbers (n)
        where n < case when month_date = {final} then {last - 1} else 20 end
        union all
        select 't', last_day({final})
    """ + "".join(f" union all {row}" for row in more)


MODELS = {
    "steady": volumes(9, 20),
    "dropped": volumes(9, 3),
    "surged": volumes(9, 90),
    "begun": volumes(9, 20, "select 't', date '2024-10-03'"),
    "young": volumes(4, 3),
    "came": "select 't' as tenant_id, date '2025-03-31' as received_date union all select 'u', date '2025-01-31'",
    "fresh": "select 't' as tenant_id, date '2025-03-20' as received_date",
    "late": "select 't' as tenant_id, date '2025-03-20' as received_date union all select 'u', date '2024-12-31'",
    "good": "select 't' as tenant_id, 1 as a, 2 as b",
    "doubled": "select 't' as tenant_id, cast(null as integer) as a union all select 't', null",
    "parent": "select 't' as tenant_id, 1 as a",
    "orphan": "select 't' as tenant_id, 2 as a",
    "other_tenant": "select 'u' as tenant_id, 1 as a",
    "free": "select 't' as tenant_id, cast(null as integer) as a",
    "identified": "select 't' as tenant_id, 'x' as Patient_Last_Name",
    "worded": "select 't' as tenant_id, 'x' as a union all select 'u', null",
    "coded": "select 't' as tenant_id, 'z' as a",
}
# Columns that must not be null by contract: a table, and an incremental table that gets its null with its second build.
CONSTRAINED = {
    "table_without_null": ({"materialized": "table"}, "select 1 as a"),
    "table_with_null": ({"materialized": "table"}, "select 1 as a union all select null"),
    "increment_with_null": (
        {"materialized": "incremental", "incremental_strategy": "append", "on_schema_change": "fail"},
        "select {{ 'cast(null as integer)' if is_incremental() else 1 }} as a",
    ),
}
CASES = [
    ("good", "unique_combination", {"columns": ["tenant_id", "a"]}, "pass"),
    ("doubled", "unique_combination", {"columns": ["tenant_id", "a"]}, "fail"),
    ("good", "expression_holds", {"expression": "b = a + 1"}, "pass"),
    ("parent", "expression_holds", {"expression": "a = 2"}, "fail"),
    ("free", "expression_holds", {"expression": "a = 1"}, "fail"),
    ("good", "references_key", {"to": "ref('parent')", "columns": ["tenant_id", "a"]}, "pass"),
    ("free", "references_key", {"to": "ref('parent')", "columns": ["tenant_id", "a"]}, "pass"),
    ("orphan", "references_key", {"to": "ref('parent')", "columns": ["tenant_id", "a"]}, "fail"),
    ("other_tenant", "references_key", {"to": "ref('parent')", "columns": ["tenant_id", "a"]}, "fail"),
    ("good", "sound_rows", {"key": ["tenant_id", "a"], "required": ["a", "b"], "bars_phi_names": True}, "pass"),
    ("doubled", "sound_rows", {"key": ["tenant_id", "a"]}, "fail"),
    ("free", "sound_rows", {"required": ["tenant_id", "a"]}, "fail"),
    ("worded", "sound_rows", {"key": ["tenant_id"], "accepted": {"a": ["x", "y"]}}, "pass"),
    ("coded", "sound_rows", {"key": ["tenant_id"], "required": ["a"], "accepted": {"a": ["x", "y"]}}, "fail"),
    ("identified", "sound_rows", {"bars_phi_names": True}, "fail"),
    ("identified", "sound_rows", {"key": ["tenant_id"]}, "pass"),
    ("steady", "volume_within_history", {"date_column": "received_date"}, "pass"),
    ("dropped", "volume_within_history", {"date_column": "received_date"}, "fail"),
    ("surged", "volume_within_history", {"date_column": "received_date"}, "fail"),
    ("begun", "volume_within_history", {"date_column": "received_date"}, "pass"),
    ("young", "volume_within_history", {"date_column": "received_date"}, "pass"),
    ("fresh", "feed_is_fresh", {"date_column": "received_date", "cut_off_model": "ref('came')", "days": 14}, "pass"),
    ("late", "feed_is_fresh", {"date_column": "received_date", "cut_off_model": "ref('came')", "days": 14}, "fail"),
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The status of every case, by its name, from one run of a project made of the macros and a few literal models."""
    import yaml

    home = tmp_path_factory.mktemp("generic")
    folder = home / "project"
    shutil.copytree(PROJECT / "macros", folder / "macros")
    shutil.copy(PROJECT / "profiles.yml", folder / "profiles.yml")
    (folder / "models").mkdir()
    project = {
        "name": "generic",
        "profile": "claimworks",
        "macro-paths": ["macros"],
        "model-paths": ["models"],
        "flags": {"send_anonymous_usage_stats": False},
    }
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project), encoding="utf-8")
    entries: list[dict[str, object]] = [
        {
            "name": name,
            "config": {"contract": {"enforced": True}, **config},
            "columns": [{"name": "a", "data_type": "integer", "constraints": [{"type": "not_null"}]}],
        }
        for name, (config, _) in CONSTRAINED.items()
    ]
    for name, (_, sql) in CONSTRAINED.items():
        (folder / "models" / f"{name}.sql").write_text(sql, encoding="utf-8")
    for model, sql in MODELS.items():
        (folder / "models" / f"{model}.sql").write_text(sql, encoding="utf-8")
        tests = []
        for number, (target, test, arguments, _) in enumerate(CASES):
            if target == model:
                tests.append({test: {"name": f"case_{number}", **({"arguments": arguments} if arguments else {})}})
        entries.append({"name": model, "data_tests": tests})
    (folder / "models" / "models.yml").write_text(yaml.safe_dump({"version": 2, "models": entries}), encoding="utf-8")
    built = Warehouse(folder, home, home / "generic.duckdb")
    statuses = built.dbt("build")
    for node, status in built.dbt("run", "--select", "increment_with_null").items():
        statuses[f"{node}.again"] = status
    outcomes = {}
    for node, status in statuses.items():
        kind, _, name, *rest = node.split(".")
        outcomes[name if kind == "test" else ".".join([name, *rest])] = status
    return outcomes


@pytest.mark.parametrize(("number", "expected"), [(n, case[3]) for n, case in enumerate(CASES)])
def test_generic_test_tells_broken_rows_from_sound_ones(outcomes: dict[str, str], number: int, expected: str) -> None:
    assert outcomes[f"case_{number}"] == expected


def test_a_null_in_a_constrained_column_stops_the_build(outcomes: dict[str, str]) -> None:
    assert outcomes["table_without_null"] == "success"
    assert outcomes["table_with_null"] == "error"
    assert outcomes["increment_with_null"] == "success"
    assert outcomes["increment_with_null.again"] == "error"


def test_every_generic_test_has_a_case_that_fails_and_one_that_passes(warehouse: Warehouse) -> None:
    """Ours, by their macros, and whatever else a model of the project uses."""
    ours = {
        name
        for path in (PROJECT / "macros").rglob("*.sql")
        for name in re.findall(r"{%-?\s*test\s+(\w+)", path.read_text(encoding="utf-8"))
    }
    nodes = warehouse.manifest()["nodes"].values()
    used = {node["test_metadata"]["name"] for node in nodes if node.get("test_metadata")}
    assert ours >= {"unique_combination", "volume_within_history"}
    assert used >= {"sound_rows", "references_key"}
    for expected in ("pass", "fail"):
        shown = {test for _, test, _, outcome in CASES if outcome == expected}
        assert (ours | used) - shown == set(), expected


TAMPERING = {
    "adjustments_are_those_of_answers": (
        "update marts.fct_adjustments set adjustment_bucket = 'other' where adjustment_bucket = 'contractual'"
    ),
    "snapshots_hold_the_receivables": (
        "update marts.fct_ar_snapshot set open_balance_amount = open_balance_amount + 0.01 where not is_closed"
    ),
    "claim_lives_go_forward": (
        "update marts.fct_claim_status_history set status_date = date '2024-12-31'"
        " where claim_id = 'c1-1' and source = '835'"
    ),
    "remitted_lines_balance_or_break": "delete from marts.fct_reconciliation_breaks where break_level = 'line'",
    "remitted_claims_balance_or_break": "delete from marts.fct_reconciliation_breaks where break_level = 'claim'",
    "remittance_transactions_balance_or_break": (
        "delete from marts.fct_reconciliation_breaks where break_level = 'transaction'"
    ),
    "receivable_events_add_up": (
        "update intermediate.int_claims__receivable_events set amount = amount + 0.01 where claim_id = 'c1-1'"
    ),
    "payments_are_all_accounted_for": (
        "update marts.fct_claims set paid_amount = paid_amount + 0.01 where claim_id = 'c1-1'"
    ),
    "payments_reach_claims": ("update marts.fct_payments set claim_payment_amount = claim_payment_amount + 0.01"),
    "submissions_balance_or_break": (
        "update marts.fct_claims set superseded_amount = superseded_amount + 0.01 where claim_id = 'c1-1'"
    ),
    "monthly_denials_add_up": (
        "update marts.agg_denials_monthly set claim_count = claim_count + 1 where reason_category = 'none'"
    ),
    "receivables_end_at_open_balances": (
        "update marts.agg_revenue_monthly set receivable_amount = receivable_amount + 0.01"
    ),
}


@pytest.fixture(scope="module")
def tampered(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The status of every singular test on a copy of the warehouse in which each identity is broken by a cent."""
    home: Path = tmp_path_factory.mktemp("tampered")
    copy = Warehouse(warehouse.project, warehouse.lake, home / warehouse.path.name)
    shutil.copy(warehouse.path, copy.path)
    with duckdb.connect(str(copy.path)) as connection:
        for statement in TAMPERING.values():
            connection.execute(statement)
    statuses = copy.dbt("test", "--select", "test_type:singular")
    return {node.split(".")[2]: status for node, status in statuses.items()}


@pytest.mark.parametrize("name", sorted(TAMPERING))
def test_identity_fails_on_a_tampered_warehouse(tampered: dict[str, str], name: str) -> None:
    assert tampered[name] == "fail"


def test_every_identity_has_its_tampering() -> None:
    assert set(TAMPERING) == {path.stem for path in (PROJECT / "tests").glob("*.sql")}
