"""Features from the claims alone are those that dbt builds."""

import duckdb
import polars as pl
import pytest

from claims.lake import Lake
from ml.denial import FEATURES, features_of
from ml.denial.features import check
from ml.denial.submission import SHOWN
from orchestration.settings import Settings

TABLES = ("claims", "claim_lines", "claim_codes", "transactions")


def test_columns_are_those_of_the_warehouse(demo_home: Settings) -> None:
    lake = Lake(demo_home.lake)
    tables = {name: lake.read("bronze", name) for name in TABLES}
    found = features_of(tables, "alder")
    check(found)
    assert found["claim_id"].to_pylist() == [
        f"{row['file_id']}-{row['claim_ordinal']}"
        for row in tables["claims"].select(["file_id", "claim_ordinal"]).to_pylist()
    ]
    with duckdb.connect(str(demo_home.warehouse), read_only=True) as connection:
        wanted = connection.sql("select * from features.ftr_denial__claim").to_arrow_table()
    mine = pl.DataFrame(pl.from_arrow(found)).sort("claim_id")
    theirs = pl.DataFrame(pl.from_arrow(wanted)).sort("claim_id")
    assert mine["claim_id"].equals(theirs["claim_id"])
    different = [
        name
        for name in ("patient_key", "submitted_date", *SHOWN)
        if mine[name].ne_missing(theirs[name].cast(mine[name].dtype)).any()
    ]
    assert different == []


@pytest.mark.parametrize("name", sorted({one.name for one in FEATURES} - set(SHOWN))[:3])
def test_what_no_claim_says_is_null(demo_home: Settings, name: str) -> None:
    tables = {one: Lake(demo_home.lake).read("bronze", one).slice(0, 50) for one in TABLES}
    assert features_of(tables, "alder")[name].null_count == 50
