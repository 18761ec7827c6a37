"""What the marts say about the hand-written story, to the cent."""

from decimal import Decimal

from tests.dbt.conftest import Warehouse, broken


def test_build_passes_with_every_data_test_and_unit_test(warehouse: Warehouse) -> None:
    assert not broken(warehouse.statuses)
    assert sum(node.startswith("unit_test.") for node in warehouse.statuses) >= 8


def test_claims_say_where_each_charge_went(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        """
        select claim_id, initial_outcome, final_outcome, initial_reason_code, paid_amount, superseded_amount,
               write_off_amount, open_balance_amount
        from marts.fct_claims
        """
    )
    zero = Decimal("0.00")
    expected = {
        "c1-1": ("paid", "paid", None, Decimal(60), zero, zero, zero),
        "c2-1": ("partly_denied", "paid", "16", Decimal(130), zero, zero, zero),
        "c3-1": ("denied", "replaced", "197", zero, Decimal(200), zero, zero),
        "c4-1": ("paid", "paid", None, Decimal(140), zero, zero, zero),
        "c5-1": ("paid", "paid", None, Decimal(55), zero, zero, zero),
        "c6-1": ("denied", "duplicate", "18", zero, Decimal(80), zero, zero),
        "c7-1": (None, "open", None, zero, zero, zero, Decimal(100)),
        "c8-1": ("paid", "paid", None, Decimal(70), zero, zero, zero),
        "c9-1": ("paid", "paid", None, Decimal(50), zero, zero, zero),
        "c10-1": ("denied", "denied", "29", zero, zero, Decimal(120), zero),
        "c11-1": ("denied", "replaced", "109", zero, Decimal(130), zero, zero),
        "c12-1": (None, "voided", None, zero, Decimal(130), zero, zero),
        "c13-1": ("paid", "paid", None, zero, zero, zero, zero),
        "c14-1": ("paid", "paid", None, Decimal(60), zero, zero, zero),
        "c15-1": ("paid", "paid", None, Decimal(20), zero, zero, zero),
    }
    assert {row[0]: row[1:] for row in rows} == expected


def test_each_answer_says_how_it_was_matched(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        "select match_method, count(*), count(claim_id) from marts.fct_remittances group by all order by all"
    )
    assert rows == [
        ("claim_key", 12, 12),
        ("payer_claim_key", 1, 1),
        ("reversed_iteration", 1, 1),
        ("subscriber_date_charge", 1, 1),
        ("unmatched", 1, 0),
    ]


def test_denials_know_their_reason_and_their_recovery(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        """
        select claim_id, denial_level, claim_line_number, reason_code, reason_category, remark_codes, denied_amount,
               is_recovered, recovered_amount
        from marts.fct_denials
        order by claim_id
        """
    )
    assert rows == [
        ("c10-1", "claim", None, "29", "timely_filing", None, Decimal(120), False, Decimal(0)),
        ("c11-1", "line", 1, "109", "payer_routing", None, Decimal(130), False, Decimal(0)),
        ("c2-1", "line", 2, "16", "missing_information", "N290 M51", Decimal(50), True, Decimal(30)),
        ("c3-1", "line", 1, "197", "authorization", None, Decimal(200), True, Decimal(140)),
        ("c6-1", "line", 1, "18", "duplicate", None, Decimal(80), False, Decimal(0)),
    ]


def test_what_does_not_balance_is_a_row_with_its_segment(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        """
        select identity_name, break_level, segment_ordinal, expected_amount, actual_amount, difference_amount
        from marts.fct_reconciliation_breaks
        order by identity_name
        """
    )
    assert rows == [
        ("claim_payment", "claim", 10, Decimal(30), Decimal(25), Decimal(5)),
        ("line_payment", "line", 11, Decimal(30), Decimal(25), Decimal(5)),
        ("transaction_payment", "transaction", 2, Decimal(25), Decimal(20), Decimal(5)),
    ]


def test_receivables_end_at_what_is_still_owed(warehouse: Warehouse) -> None:
    rows = warehouse.rows(
        """
        select sum(receivable_amount) from marts.agg_revenue_monthly
        where month_date = (select max(month_date) from marts.agg_revenue_monthly)
        """
    )
    assert rows == [(Decimal("100.00"),)]


def test_immature_months_are_flagged(warehouse: Warehouse) -> None:
    rows = warehouse.rows("select month_date, bool_and(is_mature) from marts.agg_denials_monthly group by 1 order by 1")
    assert [mature for _, mature in rows] == [True, False]


def test_a_service_goes_from_payer_to_payer(warehouse: Warehouse) -> None:
    """The second payer paid 20 of the first one's patient share of 20, and was told of no payment before it."""
    rows = warehouse.rows(
        """
        select claim_id, payer_id, payer_number, payer_count, previous_claim_id, next_claim_id, paid_amount,
               declared_prior_payer_amount, prior_paid_amount, prior_payer_difference_amount, covered_later_amount,
               awaiting_payer_amount, patient_due_amount
        from marts.fct_claim_payers
        where payer_count > 1
        order by payer_number
        """
    )
    zero = Decimal("0.00")
    assert rows == [
        ("c14-1", "PAY1", 1, 2, None, "c15-1", Decimal(60), zero, zero, zero, zero, zero, zero),
        ("c15-1", "PAY2", 2, 2, "c14-1", None, Decimal(20), zero, Decimal(60), Decimal(-60), Decimal(20), zero, zero),
    ]
