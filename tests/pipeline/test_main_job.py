"""The finished main job: what landed is what is served, to the cent, and nothing that identifies came with it."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import landing
import pytest

from claims.lake import Lake
from claims.store import open_store
from claims.store.models import FileState
from orchestration.settings import Settings

pytestmark = pytest.mark.slow

Ask = Callable[[Path, str], list[tuple]]


@pytest.fixture(scope="module")
def landed(demo_home: Settings) -> landing.Landed:
    return landing.read_landing(demo_home.landing)


def test_every_file_is_in_the_ledger_and_read(demo_home: Settings, landed: landing.Landed) -> None:
    with open_store(demo_home.store_url) as store:
        states = store.ledger.states()
    assert sum(states.values()) == landed.files > 500
    assert set(states) <= {FileState.READ, FileState.READ_WITH_FINDINGS}


def test_claims_and_charges_are_the_same_from_landing_to_serving(
    demo_home: Settings, landed: landing.Landed, ask: Ask
) -> None:
    bronze = Lake(demo_home.lake).read("bronze", "claims", columns=["total_charge_amount"])
    assert bronze.num_rows == landed.claims
    assert sum(bronze["total_charge_amount"].to_pylist()) == landed.charges
    totals = "select count(*), sum(charge_amount) from marts.fct_claims"
    assert ask(demo_home.warehouse_path, totals) == [(landed.claims, landed.charges)]
    served = [ask(demo_home.serving / f"{tenant}.duckdb", totals)[0] for tenant in demo_home.tenants]
    assert sum(count for count, _ in served) == landed.claims
    assert sum(charges for _, charges in served) == landed.charges


def test_payments_are_the_same_from_landing_to_serving(demo_home: Settings, landed: landing.Landed, ask: Ask) -> None:
    bronze = Lake(demo_home.lake).read("bronze", "remittance_claims", columns=["payment_amount"])
    assert bronze.num_rows == landed.remittances > 400
    assert sum(bronze["payment_amount"].to_pylist()) == landed.payments
    months = "select sum(payment_amount) from marts.agg_revenue_monthly"
    served = [ask(demo_home.serving / f"{tenant}.duckdb", months)[0][0] for tenant in demo_home.tenants]
    assert sum(served, Decimal(0)) == landed.payments


def test_each_tenant_is_served_its_own(demo_home: Settings, ask: Ask) -> None:
    for tenant in demo_home.tenants:
        mine = landing.read_landing(demo_home.landing, tenant)
        path = demo_home.serving / f"{tenant}.duckdb"
        assert ask(path, "select count(*), count(distinct tenant_id), any_value(tenant_id) from marts.fct_claims") == [
            (mine.claims, 1, tenant)
        ]


def test_every_claim_has_a_score_of_the_registered_champion(demo_home: Settings) -> None:
    from ml import registry

    champion = registry.champion_version(registry.Registry(demo_home.mlflow_uri, demo_home.mlflow_artifacts), "denial")
    scores = Lake(demo_home.lake).read("gold", "denial_scores")
    assert set(scores["model_version"].to_pylist()) == {champion}
    assert scores.num_rows > 500
    assert all(0.0 < p < 1.0 for p in scores["denial_probability"].to_pylist())


def test_the_model_card_and_the_marker_are_kept(demo_home: Settings) -> None:
    assert list((demo_home.reports / "denial").glob("model-card-v*.html"))
    assert json.loads((demo_home.home / "simulation.json").read_text())["claims"] == 600


def test_no_identifier_reaches_warehouse_serving_or_gold(demo_home: Settings, landed: landing.Landed) -> None:
    """Every text column of every table, compared with every account number, member number and last name that landed."""
    kinds = (landed.account_numbers, landed.member_numbers, landed.last_names)
    assert all(len(values) > 50 for values in kinds)
    values = sorted(set().union(*kinds))
    found = []
    for path in (demo_home.warehouse_path, *(demo_home.serving / f"{t}.duckdb" for t in demo_home.tenants)):
        with duckdb.connect(str(path), read_only=True) as connection:
            connection.execute("create temp table secrets as select unnest(?) as value", [values])
            columns = connection.execute(
                "select schema_name, table_name, column_name from duckdb_columns()"
                " where data_type = 'VARCHAR' and not internal and database_name = current_database()"
                " and schema_name <> 'serving'"
            ).fetchall()
            assert len(columns) > 20
            for schema, table, column in columns:
                hits = (
                    f'select 1 from "{schema}"."{table}" where upper("{column}") in (select value from secrets) limit 1'
                )
                if connection.execute(hits).fetchall():
                    found.append(f"{path.name}: {schema}.{table}.{column}")
    assert not found


def test_the_event_log_and_reports_hold_no_identifier(demo_home: Settings, landed: landing.Landed) -> None:
    numbers = [value.encode() for value in sorted(landed.account_numbers)[:200]]
    written = [
        path
        for folder in (demo_home.dagster_home, demo_home.reports, demo_home.home / "dbt")
        for path in folder.rglob("*")
        if path.is_file()
    ]
    assert written
    for path in written:
        data = path.read_bytes()
        assert not any(number in data for number in numbers), path.name
