"""Figures against those worked out by hand, and filters."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from claims.reports import REPORTS, Filters, MissingError, ReportError, open_report
from tests.unit.reports.conftest import CUT_OFF, NPI, Rows, claim, line

Published = Callable[[Rows], Path]
Read = Callable[..., list[dict[str, str]]]


def test_aging_puts_each_balance_in_its_bucket(published: Published, csv_rows: Read) -> None:
    ages = (0, 30, 31, 60, 61, 90, 91, 120, 121, 400)
    rows = [claim(n + 1, 2**n, age) for n, age in enumerate(ages)]
    rows.append(claim(50, -7, 200))  # a credit is no billed A/R
    rows.append(claim(51, 5, 10, service_from_date=None, service_through_date=None))  # aged from submission
    [row] = csv_rows(published({"fct_claims": rows}), "ar_aging")
    assert (row["age_0_30"], row["age_31_60"], row["age_61_90"]) == ("8.00", "12.00", "48.00")
    assert (row["age_91_120"], row["age_over_120"]) == ("192.00", "768.00")
    assert row["billed_amount"] == "1028.00"
    assert row["over_90_amount"] == "960.00"
    assert float(row["over_90_share"]) == pytest.approx(960 / 1028, abs=1e-6)
    assert (row["credit_amount"], row["receivable_amount"]) == ("-7.00", "1021.00")
    assert row["claim_count"] == "11"


def test_credits_are_overpaid_paid_twice_or_paid_and_voided(published: Published, csv_rows: Read) -> None:
    rows = [
        claim(1, "-12.50", paid_amount=112),
        claim(2, 0, claim_chain_id="twice", paid_amount=80, is_live=False, final_outcome="replaced"),
        claim(3, 0, claim_chain_id="twice", paid_amount=60),
        claim(4, 0, claim_chain_id="void", paid_amount=33, is_live=False, final_outcome="voided"),
        claim(5, 0, claim_chain_id="void", is_live=False, final_outcome="voided"),
        claim(6, 0, claim_chain_id="fine", is_live=False, final_outcome="replaced"),  # reversed: nothing kept
        claim(7, 0, claim_chain_id="fine", paid_amount=90),
    ]
    found = {
        (row["claim_id"][:32].lstrip("0"), row["kind"]): row["credit_amount"]
        for row in csv_rows(published({"fct_claims": rows}), "credit_balances")
    }
    assert found == {("1", "overpaid"): "12.50", ("2", "paid_twice"): "60.00", ("4", "paid_and_voided"): "33.00"}


class TestUnderpayments:
    """Ten lines at 80 make 80 the usual amount; what is below it is listed, unless there is a reason not to."""

    @staticmethod
    def lines(*more: dict[str, Any], usual: int = 10) -> Rows:
        return {"fct_claim_lines": [line(n + 100, "80") for n in range(usual)] + list(more)}

    def test_the_line_below_the_usual_amount_is_listed(self, published: Published, csv_rows: Read) -> None:
        [row] = csv_rows(published(self.lines(line(1, "72.50"))), "underpayments")
        assert (row["expected_amount"], row["allowed_amount"], row["variance_amount"]) == ("80.00", "72.50", "7.50")
        assert (row["usual_line_count"], row["known_line_count"]) == ("10", "11")
        assert (row["procedure_code"], row["modifiers"], row["specialty"]) == ("99213", "25", "family_medicine")
        assert row["provider_npi"] == NPI

    def test_units_multiply_and_the_charge_is_the_most(self, published: Published, csv_rows: Read) -> None:
        rows = self.lines(line(1, "100", unit_count=2), line(2, "150", unit_count=3, charge_amount=200))
        found = {row["claim_id"][31]: row["expected_amount"] for row in csv_rows(published(rows), "underpayments")}
        assert found == {"1": "160.00", "2": "200.00"}

    @pytest.mark.parametrize(
        "other",
        [
            {"payer_id": "SUM01"},
            {"procedure_code": "99214"},
            {"modifier_1": "59"},
            {"modifier_2": "76"},
            {"place_of_service_code": "22"},
            {"rendering_provider_npi": "9999999999"},
            {"service_from_date": date(2026, 4, 1)},  # the usual lines are older than twelve months
            {"charge_amount": 50},  # allowed at the full charge
            {"denied_amount": 10},
            {"pending_amount": 10},
            {"is_live": False},
            {"is_primary": False},
            {"product_qualifier": None},
            {"unit_count": 0},
        ],
    )
    def test_a_line_of_another_kind_is_not_judged(
        self, published: Published, csv_rows: Read, other: dict[str, Any]
    ) -> None:
        assert not csv_rows(published(self.lines(line(1, "50", **other))), "underpayments")

    def test_too_few_lines_say_nothing(self, published: Published, csv_rows: Read) -> None:
        assert not csv_rows(published(self.lines(line(1, "50"), usual=8)), "underpayments")
        assert len(csv_rows(published(self.lines(line(1, "50"), usual=9)), "underpayments")) == 1

    def test_no_usual_amount_where_less_than_half_agree(self, published: Published, csv_rows: Read) -> None:
        spread = [line(n, f"{90 + n}.00") for n in range(1, 13)]
        assert not csv_rows(published(self.lines(line(50, "60"), *spread)), "underpayments")

    def test_cents_are_not_listed(self, published: Published, csv_rows: Read) -> None:
        found = csv_rows(published(self.lines(line(1, "79.01"), line(2, "79"))), "underpayments")
        assert [row["variance_amount"] for row in found] == ["1.00"]

    def test_the_summary_adds_up(self, published: Published, csv_rows: Read) -> None:
        rows = self.lines(line(1, "70"), line(2, "75"))
        [row] = csv_rows(published(rows), "underpayments", "payers")
        assert (row["line_count"], row["variance_amount"], row["expected_amount"]) == ("2", "15.00", "160.00")


def test_revenue_joins_charges_and_payments_by_month_and_keeps_either_alone(
    published: Published, csv_rows: Read
) -> None:
    answer = {"tenant_id": "alder", "remittance_claim_id": "r-1", "claim_id": f"{1:032x}-1", "payer_id": "EVG01"}
    answer |= {"adjudicated_date": date(2025, 5, 2), "payment_amount": Decimal("60.10"), "is_reversal": False}
    unmatched = answer | {"claim_id": None, "remittance_claim_id": "r-2", "payment_amount": -5, "is_reversal": True}
    rows = {"fct_claims": [claim(1, 40, 60)], "fct_remittances": [answer, unmatched]}
    found = csv_rows(published(rows), "revenue")
    assert [
        (row["month"], row["provider_npi"], row["gross_charge_amount"], row["payment_amount"]) for row in found
    ] == [
        ("2025-05-01", NPI, "100.00", "60.10"),
        ("2025-05-01", "unknown", "0.00", "-5.00"),
    ]
    assert found[1]["reversal_amount"] == "-5.00"


def test_months_and_payers_narrow_the_rows(plain_copy: Path, csv_rows: Read) -> None:
    assert len(csv_rows(plain_copy, "revenue", "months")) == 12
    narrowed = csv_rows(
        plain_copy, "revenue", "months", start=date(2025, 2, 1), end=date(2025, 3, 1), payers=("EVG01",)
    )
    assert [(row["month"], row["payer_id"]) for row in narrowed] == [("2025-02-01", "EVG01"), ("2025-03-01", "EVG01")]


def test_a_filter_that_cannot_be_is_refused(plain_copy: Path) -> None:
    for name, filters, words in (
        ("revenue", Filters(payers=("x') or 1=1 --",)), "no payer"),
        ("ar_aging", Filters(start=CUT_OFF), "takes no months"),
        ("revenue", Filters(date(2025, 5, 1), date(2025, 1, 1)), "before they begin"),
    ):
        with pytest.raises(ReportError, match=words), open_report(plain_copy, "alder", REPORTS[name], filters):
            pass


def test_a_copy_without_a_mart_is_refused_by_its_name(plain_copy: Path, tmp_path: Path) -> None:
    import duckdb

    lacking = tmp_path / "lacking.duckdb"
    lacking.write_bytes(plain_copy.read_bytes())
    with duckdb.connect(str(lacking)) as connection:
        connection.execute("drop table marts.fct_remittances")
        connection.execute("alter table marts.fct_claim_lines drop allowed_amount")
    with (
        pytest.raises(MissingError, match=r"no marts\.fct_remittances"),
        open_report(lacking, "alder", REPORTS["revenue"], Filters()),
    ):
        pass
    underpayments = REPORTS["underpayments"]
    with (
        open_report(lacking, "alder", underpayments, Filters()) as opened,
        pytest.raises(MissingError, match="allowed_amount"),
    ):
        opened.row_count(underpayments.tables[0])


def test_another_tenants_copy_and_a_damaged_one_are_refused(plain_copy: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.duckdb"
    damaged.write_bytes(b"no database" * 1000)
    for path, tenant, words in (
        (plain_copy, "birch", "not its own"),
        (damaged, "alder", "could not be read"),
        (tmp_path / "none.duckdb", "alder", "nothing is published"),
    ):
        with pytest.raises(ReportError, match=words), open_report(path, tenant, REPORTS["revenue"], Filters()):
            pass
