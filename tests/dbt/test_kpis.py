"""What the register of KPIs states is what the models hold: a stranger with the register and the facts gets the same.

The rows of a number are found here by the texts of `dim_kpi_definition` alone, and put into months by this test's own
calendar, one month at a time. Nothing of the macros that build the models takes part.
"""

import calendar
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.dbt.conftest import Warehouse

KPIS = {
    "clean_claim_rate", "initial_denial_rate", "initial_denial_rate_amount", "initial_denial_rate_lines",
    "primary_denial_rate", "denial_write_off_rate", "denials_overturned", "denials_overturned_amount",
    "first_pass_resolution", "first_pass_yield", "net_days_in_ar", "aged_ar_over_90", "aged_ar_0_30", "aged_ar_31_60",
    "aged_ar_61_90", "aged_ar_91_120", "aged_ar_over_120", "net_collection_rate", "cost_to_collect",
    "cash_collection_rate", "charge_lag", "payer_lag", "posting_lag", "denial_to_appeal", "denial_to_resolution",
    "underpayment_variance", "underpayment_recovered", "denied_line", "denied_line_recovered",
}  # fmt: skip


def register(warehouse: Warehouse) -> list[dict[str, Any]]:
    names = [row[0] for row in warehouse.rows("select column_name from (describe marts.dim_kpi_definition)")]
    return [dict(zip(names, row, strict=True)) for row in warehouse.rows("select * from marts.dim_kpi_definition")]


def later(month: date, count: int) -> date:
    position = month.year * 12 + month.month - 1 + count
    return date(position // 12, position % 12 + 1, 1)


def counted(warehouse: Warehouse, definition: dict[str, Any], role: str, cut_off: date) -> dict[date, Decimal]:
    """The sum of a measure by reporting month, from the facts."""
    rows, condition, value, day = (definition[f"{role}_{name}"] for name in ("rows", "filter", "value", "date"))
    days = warehouse.rows(
        f"select {day} as counted_day, sum({value}) from {rows} where {condition} and {day} is not null group by 1"
    )
    first, last, window = (definition[f"{role}_{name}"] for name in ("first_month", "last_month", "days"))
    totals: dict[date, Decimal] = defaultdict(Decimal)
    for day, amount in days:
        month = day.replace(day=1)
        if window:
            for candidate in (later(month, n) for n in range(6)):
                end = candidate.replace(day=calendar.monthrange(candidate.year, candidate.month)[1])
                as_of = min(end, cut_off)
                if candidate <= cut_off and as_of - timedelta(days=window) < day <= as_of:
                    totals[candidate] += Decimal(amount)
            continue
        for offset in range(first, last + 1):
            if not (first or last) or later(month, offset) <= cut_off:
                totals[later(month, offset)] += Decimal(amount)
    return {month: total for month, total in totals.items() if total}


def test_every_kpi_has_a_default_and_an_alternative_is_never_alone(warehouse: Warehouse) -> None:
    definitions = register(warehouse)
    assert {one["kpi_id"] for one in definitions} == KPIS
    assert {one["kpi_id"] for one in definitions if one["is_default"]} == KPIS
    assert all(one["formula"] and one["definition_source"] and one["note"] for one in definitions)
    bodies = {one["definition_source"].split(",")[0] for one in definitions}
    assert {"HFMA MAP Keys", "HFMA Claim Integrity Task Force", "MGMA Cost and Revenue glossary"} <= bodies


@pytest.mark.parametrize("role", ["numerator", "denominator"])
def test_the_registered_rows_add_up_to_the_models(warehouse: Warehouse, role: str) -> None:
    [(cut_off,)] = warehouse.rows("select max(cut_off_date) from marts.fct_claims")
    compared = 0
    for definition in register(warehouse):
        held = warehouse.rows(
            f"select month_date, sum({role}) from marts.{definition['model_name']}"
            f" where kpi_id = ? and definition_id = ? group by month_date having sum({role}) <> 0",
            [definition["kpi_id"], definition["definition_id"]],
        )
        assert dict(held) == counted(warehouse, definition, role, cut_off), (
            definition["kpi_id"],
            definition["definition_id"],
        )
        compared += len(held)
    assert compared > 100


def test_the_rows_of_a_number_carry_the_segment_they_come_from(warehouse: Warehouse) -> None:
    """Costs are entered by hand; every other row is a row of a fact with provenance."""
    for definition in register(warehouse):
        for role in ("numerator", "denominator"):
            alias = definition[f"{role}_rows"].split(" as ")[1].split(" ")[0]
            if alias == "costs":
                continue
            missing = warehouse.rows(
                f"select count(*) from {definition[f'{role}_rows']} where {definition[f'{role}_filter']}"
                f" and ({alias}.file_id is null or {alias}.segment_ordinal is null)"
            )
            assert missing == [(0,)], (definition["kpi_id"], role)


def test_the_naive_denial_rate_is_that_of_the_denial_page(warehouse: Warehouse) -> None:
    assert warehouse.rows(
        """
        select month_date, cast(numerator as integer), cast(denominator as integer) from marts.agg_kpi_comparison
        where kpi_id = 'initial_denial_rate' and definition_id = 'naive' order by month_date
        """
    ) == warehouse.rows(
        """
        select month_date, sum(denied_claim_count), sum(claim_count) from marts.agg_denials_monthly
        group by month_date order by month_date
        """
    )
