"""Figures against those worked out by hand, and filters."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from claims.reports import REPORTS, WORK, Filters, MissingError, ReportError, open_report
from tests.unit.reports.conftest import CUT_OFF, NPI, Rows, claim, owed

Published = Callable[[Rows], Path]
Read = Callable[..., list[dict[str, str]]]


def test_aging_adds_up_the_buckets_of_the_last_month(published: Published, csv_rows: Read) -> None:
    buckets = {"0-30": "8.00", "31-60": "12.00", "61-90": "48.00", "91-120": "192.00", "> 120": "768.00"}
    rows = [owed(n, Decimal(balance), bucket) for n, (bucket, balance) in enumerate(buckets.items(), start=1)]
    rows.append(owed(50, -7, "> 120"))  # a credit is no billed A/R
    rows.append(owed(51, 999, "0-30", date(2025, 5, 1)))  # another month
    copy = published({"fct_ar_snapshot": rows})
    [row] = csv_rows(copy, "ar_aging")
    assert [row[name] for name in row if name.startswith("age_")] == list(buckets.values())
    assert row["billed_amount"] == "1028.00"
    assert row["over_90_amount"] == "960.00"
    assert float(row["over_90_share"]) == pytest.approx(960 / 1028, abs=1e-6)
    assert (row["credit_amount"], row["receivable_amount"]) == ("-7.00", "1021.00")
    assert row["claim_count"] == "5"
    [row] = csv_rows(copy, "ar_aging", end=date(2025, 5, 1))
    assert row["receivable_amount"] == "999.00"


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


def test_underpayments_are_those_of_the_mart_by_month_of_detection(published: Published, csv_rows: Read) -> None:
    short = {"tenant_id": "alder", "claim_id": "a-1", "line_number": 1, "payer_id": "EVG01", "procedure_code": "99213"}
    short |= {"month_date": date(2025, 4, 1), "modifier_1": "25", "modifier_3": "59", "unit_count": Decimal("1.5")}
    short |= {"expected_amount": 80, "allowed_amount": 70, "variance_amount": 10, "recovered_amount": 4}
    later = short | {"claim_id": "a-2", "month_date": date(2025, 5, 1), "variance_amount": 30, "recovered_amount": 0}
    copy = published({"fct_underpayments": [short, later]})
    rows = csv_rows(copy, "underpayments")
    assert [(row["claim_id"], row["variance_amount"]) for row in rows] == [("a-2", "30.00"), ("a-1", "10.00")]
    assert (rows[1]["modifiers"], rows[1]["unit_count"]) == ("25 59", "1.500")
    [row] = csv_rows(copy, "underpayments", "payers", end=date(2025, 4, 1))
    assert (row["line_count"], row["variance_amount"], row["recovered_amount"]) == ("1", "10.00", "4.00")
    assert row["variance_share"] == "0.125"


def test_the_work_on_a_short_line_stands_beside_it(published: Published) -> None:
    short = {"tenant_id": "alder", "line_number": 1, "payer_id": "EVG01", "month_date": date(2025, 4, 1)}
    short |= {"variance_amount": 10, "open_variance_amount": 10, "recovered_amount": 0}
    stands = {"a-1": "detected", "a-2": "detected", "a-3": "recovered", "a-4": "replaced", "a-5": "partly_recovered"}
    copy = published(
        {"fct_underpayments": [short | {"claim_id": claim, "status": status} for claim, status in stands.items()]}
    )
    told = [("a-2", "sent"), ("a-3", "rejected"), ("a-4", "sent"), ("a-5", "rejected"), ("elsewhere", "sent")]
    work = pa.Table.from_pylist(
        [
            {"claim_id": claim, "line_number": 1, "work_status": status, "worked_date": date(2025, 5, 1)}
            for claim, status in told
        ],
        schema=WORK,
    )
    report = REPORTS["underpayments"]
    with open_report(copy, "alder", report, Filters(), work) as opened:
        rows = [row for batch in opened.batches(report.table("lines")) for row in batch.to_pylist()]
        sums = [row for batch in opened.batches(report.table("work")) for row in batch.to_pylist()]
    assert {row["claim_id"]: row["work_status"] for row in rows} == {
        "a-1": "open", "a-2": "sent", "a-3": "recovered", "a-4": "invalid", "a-5": "rejected",
    }  # fmt: skip
    assert {row["work_status"]: row["line_count"] for row in sums} == {
        "invalid": 1, "open": 1, "recovered": 1, "rejected": 1, "sent": 1,
    }  # fmt: skip


def test_a_deposit_stands_beside_its_claims_and_provider_adjustments(published: Published, csv_rows: Read) -> None:
    paid = {"tenant_id": "alder", "payment_id": "f-1", "file_id": "f", "transaction_ordinal": 1, "payer_id": "835ID"}
    paid |= {"month_date": date(2025, 4, 1), "payment_date": date(2025, 4, 3), "claim_count": 2, "payment_amount": 88}
    paid |= {"claim_payment_amount": 100, "provider_adjustment_amount": 10, "difference_amount": -2}
    answer = {"tenant_id": "alder", "file_id": "f", "transaction_ordinal": 1, "is_reversal": False}
    answers = [
        answer | {"remittance_claim_id": "f-1", "claim_id": f"{1:032x}-1", "payment_amount": 70},
        answer | {"remittance_claim_id": "f-2", "claim_id": None, "payment_amount": 30},
    ]
    taken = {"tenant_id": "alder", "provider_adjustment_id": "f-1-1", "month_date": date(2025, 4, 1)}
    taken |= {"payer_id": "EVG01", "reason_code": "WO", "adjustment_amount": 10}
    rows = {"fct_payments": [paid], "fct_remittances": answers, "fct_provider_adjustments": [taken]}
    copy = published(rows)
    [row] = csv_rows(copy, "payments", payers=("EVG01",))  # the payer of its claims, not the number in the 835
    assert (row["payment_amount"], row["claim_payment_amount"]) == ("88.00", "100.00")
    assert (row["provider_adjustment_amount"], row["difference_amount"]) == ("10.00", "-2.00")
    assert row["unmatched_amount"] == "30.00"
    [row] = csv_rows(copy, "payments", "adjustments")
    assert (row["reason_code"], row["adjustment_amount"]) == ("WO", "10.00")


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
        ("credit_balances", Filters(start=CUT_OFF), "takes no months"),
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
        connection.execute("alter table marts.fct_underpayments drop allowed_amount")
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
