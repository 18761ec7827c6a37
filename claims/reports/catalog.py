"""Every finance report, declared: tables with their statements and typed columns, totals, charts, definitions.

Belongs here: what a report shows and what its words mean. Does not belong here: reading, writing, who may.

Statements are DuckDB's, since a published copy is a DuckDB file whatever engine built the marts. Amounts stay decimals,
rates are quotients of sums. Rows carry no identifier of a person: work lists name a claim by `claim_id`, which
`claimworks trace` opens to those who may.
"""

from collections.abc import Mapping
from types import MappingProxyType

from claims.reports.model import Chart, Column, Definition, Kind, Report, Table, amount, count, quotient, share, text

_MONTHS = "between $start and $end"
_PAYERS = "(len($payers::varchar[]) = 0 or list_contains($payers::varchar[], coalesce({}, 'unknown')))"
_PAYER_NAME = "coalesce(dim_payer.payer_name, {}.payer_id) as payer"
_JOIN_PAYER = "left join marts.dim_payer on {}.payer_id = dim_payer.payer_id"

_PAYER = (text("payer_id", "Payer ID"), text("payer", "Payer", 28))
_MONTH = Column("month", "Month", Kind.MONTH, None, 11)
_CLAIM = text("claim_id", "Claim", 38)


def _day(name: str, title: str) -> Column:
    return Column(name, title, Kind.DATE, None, 11)


def _days(name: str, title: str, total: str | None = None) -> Column:
    return Column(name, title, Kind.DAYS, total, 10)


def _among(column: str) -> str:
    return _PAYERS.format(column)


def _month_of(column: str) -> str:
    """The month of a day; a day outside the calendar counts in its nearest month, as in the monthly marts."""
    first, last = (f"(select {which}(date_day) from marts.dim_date)" for which in ("min", "max"))
    return f"date_trunc('month', least(greatest({column}, {first}), {last}))::date"


_NPI = Definition("Provider", "Rendering provider of the claim, else attending, else billing, by NPI.")
_SPECIALTY = Definition("Specialty", "Own short word for the provider's taxonomy code.")
_CHARGES_GROSS = Definition(
    "Gross charges", "Billed charges of every submission to a first payer, by month of submission, versions included."
)
_CHARGES_NET = Definition(
    "Net charges", "Gross charges less what later versions, voids and duplicates of a claim took over in the month."
)
_PAYMENTS = Definition(
    "Payments", "What payers paid (835 CLP04), by month of payment; reversals are negative, so nothing counts twice."
)
_BALANCE = Definition(
    "Open balance",
    "Charge less prior payers, payments, contractual and other adjustments, patient responsibility, what a later "
    "version took over and write-offs: what the payer still owes. Patient balances after the payer's answer are not in "
    "it, since no file says what patients pay.",
)
_WRITE_OFF = Definition(
    "Write-off",
    "Denied amount whose last answer is so old that it counts as given up (dbt variable denial_open_days), in the "
    "month in which that happened.",
)

# Where the work on a short line stands: as the answers say where they end it, else as a user said.
_JOIN_WORK = (
    "left join memory.main.underpayment_work as work "
    "on lines.claim_id = work.claim_id and lines.line_number = work.line_number"
)
_WORK_STATUS = (
    "case when lines.status = 'recovered' then 'recovered' "
    "when lines.status in ('reversed', 'replaced') then 'invalid' else coalesce(work.work_status, 'open') end"
)

_REVENUE = Report(
    "revenue",
    "Revenue",
    "Charges and payments by month, payer, provider and specialty.",
    (
        Table(
            "detail",
            "By month, payer, provider and specialty",
            f"""
            with charges as (
                select
                    {_month_of("submitted_date")} as month,
                    coalesce(payer_id, 'unknown') as payer_id,
                    coalesce(rendering_provider_npi, 'unknown') as provider_npi,
                    count(*) as claim_count,
                    sum(case when is_primary then charge_amount else 0 end) as gross_charge_amount
                from marts.fct_claims
                where submitted_date is not null
                group by all
            ),
            payments as (
                select
                    {_month_of("answers.adjudicated_date")} as month,
                    coalesce(claims.payer_id, answers.payer_id, 'unknown') as payer_id,
                    coalesce(claims.rendering_provider_npi, 'unknown') as provider_npi,
                    count(*) as answer_count,
                    sum(answers.payment_amount) as payment_amount,
                    sum(case when answers.is_reversal then answers.payment_amount else 0 end) as reversal_amount
                from marts.fct_remittances as answers
                left join marts.fct_claims as claims on answers.claim_id = claims.claim_id
                group by all
            ),
            joined as (
                select
                    month, payer_id, provider_npi,
                    coalesce(claim_count, 0) as claim_count,
                    coalesce(gross_charge_amount, 0) as gross_charge_amount,
                    coalesce(answer_count, 0) as answer_count,
                    coalesce(payment_amount, 0) as payment_amount,
                    coalesce(reversal_amount, 0) as reversal_amount
                from charges
                full outer join payments using (month, payer_id, provider_npi)
            )
            select
                joined.month,
                joined.payer_id,
                {_PAYER_NAME.format("joined")},
                joined.provider_npi,
                dim_provider.provider_name as provider,
                coalesce(dim_provider.specialty, 'other') as specialty,
                joined.claim_count::bigint as claim_count,
                joined.gross_charge_amount::decimal(18, 2) as gross_charge_amount,
                joined.answer_count::bigint as answer_count,
                joined.payment_amount::decimal(18, 2) as payment_amount,
                joined.reversal_amount::decimal(18, 2) as reversal_amount
            from joined
            {_JOIN_PAYER.format("joined")}
            left join marts.dim_provider on joined.provider_npi = dim_provider.provider_npi
            where joined.month {_MONTHS} and {_among("joined.payer_id")}
            order by joined.month, payer, joined.payer_id, joined.provider_npi
            """,
            (
                _MONTH,
                *_PAYER,
                text("provider_npi", "Provider NPI", 13),
                text("provider", "Provider", 24),
                text("specialty", "Specialty", 20),
                count("claim_count", "Claims sent"),
                amount("gross_charge_amount", "Gross charges"),
                count("answer_count", "Answers"),
                amount("payment_amount", "Payments"),
                amount("reversal_amount", "Of these reversed"),
            ),
            (
                Chart("Charges and payments by month", "month", ("gross_charge_amount", "payment_amount")),
                Chart("Payments by specialty", "specialty", ("payment_amount",)),
            ),
        ),
        Table(
            "months",
            "By month and payer",
            f"""
            select
                months.month_date as month,
                months.payer_id,
                {_PAYER_NAME.format("months")},
                months.claim_count::bigint as claim_count,
                months.gross_charge_amount,
                months.net_charge_amount,
                months.payment_amount,
                months.adjustment_amount,
                months.write_off_amount,
                case when months.is_mature then 'closed' else 'open' end as state
            from marts.agg_revenue_monthly as months
            {_JOIN_PAYER.format("months")}
            where months.month_date {_MONTHS} and {_among("months.payer_id")}
            order by months.month_date, payer, months.payer_id
            """,
            (
                _MONTH,
                *_PAYER,
                count("claim_count", "Claims sent"),
                amount("gross_charge_amount", "Gross charges"),
                amount("net_charge_amount", "Net charges"),
                amount("payment_amount", "Payments"),
                amount("adjustment_amount", "Adjustments"),
                amount("write_off_amount", "Write-offs"),
                text("state", "Month is", 10),
            ),
        ),
    ),
    (
        _CHARGES_GROSS,
        _CHARGES_NET,
        _PAYMENTS,
        Definition("Claims sent", "Submissions of the month, all versions and all payers."),
        Definition("Answers", "Claim payments of 835s (CLP), reversals and corrections included."),
        Definition("Adjustments", "Contractual, other, prior payer and patient adjustments that came to hold."),
        _WRITE_OFF,
        Definition("Open month", "Ended so shortly before the data cut-off that answers are still to come."),
        _NPI,
        _SPECIALTY,
        Definition("Provider unknown", "Payments that answer no claim of ours, and claims that name no provider."),
    ),
    months="submission for charges, payment for payments",
)

_PAYMENTS_REPORT = Report(
    "payments",
    "Payments and deposits",
    "What was deposited, what the remittances say it is for, what is matched to claims, and what does not come out.",
    (
        Table(
            "deposits",
            "By deposit",
            f"""
            with answers as (
                select
                    answers.file_id,
                    answers.transaction_ordinal,
                    min(coalesce(claims.payer_id, answers.payer_id)) as payer_id,
                    sum(case when answers.is_reversal then answers.payment_amount else 0 end) as reversal_amount,
                    sum(case when answers.claim_id is null then answers.payment_amount else 0 end) as unmatched_amount
                from marts.fct_remittances as answers
                left join marts.fct_claims as claims on answers.claim_id = claims.claim_id
                group by answers.file_id, answers.transaction_ordinal
            ),
            deposits as (
                select
                    payments.*,
                    coalesce(answers.payer_id, payments.payer_id, 'unknown') as claim_payer_id,
                    coalesce(answers.reversal_amount, 0) as reversal_amount,
                    coalesce(answers.unmatched_amount, 0) as unmatched_amount
                from marts.fct_payments as payments
                left join answers using (file_id, transaction_ordinal)
            )
            select
                deposits.payment_date,
                deposits.received_date,
                deposits.claim_payer_id as payer_id,
                coalesce(dim_payer.payer_name, deposits.payer_name, deposits.claim_payer_id) as payer,
                deposits.payment_method_code,
                deposits.trace_number,
                deposits.payee_npi,
                deposits.claim_count::bigint as claim_count,
                deposits.claim_payment_amount,
                deposits.provider_adjustment_amount,
                deposits.payment_amount,
                deposits.difference_amount,
                deposits.reversal_amount::decimal(18, 2) as reversal_amount,
                deposits.unmatched_amount::decimal(18, 2) as unmatched_amount,
                deposits.file_id,
                deposits.transaction_ordinal
            from deposits
            left join marts.dim_payer on deposits.claim_payer_id = dim_payer.payer_id
            where deposits.month_date {_MONTHS} and {_among("deposits.claim_payer_id")}
            order by deposits.payment_date, payer, deposits.trace_number, deposits.payment_id
            """,
            (
                _day("payment_date", "Payment"),
                _day("received_date", "Received"),
                *_PAYER,
                text("payment_method_code", "Method", 8),
                text("trace_number", "Check or EFT", 18),
                text("payee_npi", "Payee NPI", 13),
                count("claim_count", "Claims"),
                amount("claim_payment_amount", "Claim payments"),
                amount("provider_adjustment_amount", "Provider adjustments"),
                amount("payment_amount", "Deposit"),
                amount("difference_amount", "Difference"),
                amount("reversal_amount", "Reversed"),
                amount("unmatched_amount", "Unmatched"),
                text("file_id", "File", 34),
                Column("transaction_ordinal", "Transaction", Kind.COUNT, None, 11),
            ),
        ),
        Table(
            "adjustments",
            "Provider adjustments",
            f"""
            select
                adjustments.payment_date,
                coalesce(adjustments.payer_id, 'unknown') as payer_id,
                coalesce(dim_payer.payer_name, adjustments.payer_name, adjustments.payer_id, 'unknown') as payer,
                adjustments.reason_code,
                adjustments.adjustment_kind,
                adjustments.claim_id,
                adjustments.adjustment_amount,
                adjustments.file_id,
                adjustments.transaction_ordinal,
                adjustments.segment_ordinal
            from marts.fct_provider_adjustments as adjustments
            left join marts.dim_payer on adjustments.payer_id = dim_payer.payer_id
            where adjustments.month_date {_MONTHS} and {_among("adjustments.payer_id")}
            order by adjustments.payment_date, payer, adjustments.provider_adjustment_id
            """,
            (
                _day("payment_date", "Payment"),
                *_PAYER,
                text("reason_code", "PLB reason", 10),
                text("adjustment_kind", "Kind", 20),
                _CLAIM,
                amount("adjustment_amount", "Adjustment"),
                text("file_id", "File", 34),
                Column("transaction_ordinal", "Transaction", Kind.COUNT, None, 11),
                Column("segment_ordinal", "Segment", Kind.COUNT, None, 9),
            ),
        ),
        Table(
            "months",
            "By month of payment and payer",
            f"""
            select
                months.month_date as month,
                months.payer_id,
                {_PAYER_NAME.format("months")},
                months.payment_amount,
                months.matched_payment_amount,
                (months.payment_amount - months.matched_payment_amount)::decimal(18, 2) as unmatched_amount
            from marts.agg_revenue_monthly as months
            {_JOIN_PAYER.format("months")}
            where
                (months.payment_amount <> 0 or months.matched_payment_amount <> 0)
                and months.month_date {_MONTHS}
                and {_among("months.payer_id")}
            order by months.month_date, payer, months.payer_id
            """,
            (
                _MONTH,
                *_PAYER,
                amount("payment_amount", "Payments"),
                amount("matched_payment_amount", "Matched to claims"),
                amount("unmatched_amount", "Unmatched"),
            ),
            (
                Chart("Payments by month", "month", ("payment_amount", "matched_payment_amount")),
                Chart("Payments by payer", "payer", ("payment_amount",)),
            ),
        ),
        Table(
            "breaks",
            "Sums that do not come out",
            """
            select
                breaks.break_level,
                breaks.identity_name,
                breaks.claim_id,
                breaks.remittance_claim_id,
                breaks.line_number,
                breaks.expected_amount,
                breaks.actual_amount,
                breaks.difference_amount,
                breaks.file_id,
                breaks.transaction_ordinal,
                breaks.segment_ordinal
            from marts.fct_reconciliation_breaks as breaks
            order by breaks.break_level, breaks.identity_name, breaks.break_id
            """,
            (
                text("break_level", "Level", 12),
                text("identity_name", "Sum", 28),
                _CLAIM,
                text("remittance_claim_id", "Remittance", 38),
                Column("line_number", "Line", Kind.COUNT, None, 6),
                amount("expected_amount", "Expected"),
                amount("actual_amount", "Actual"),
                amount("difference_amount", "Difference"),
                text("file_id", "File", 34),
                Column("transaction_ordinal", "Transaction", Kind.COUNT, None, 11),
                Column("segment_ordinal", "Segment", Kind.COUNT, None, 9),
            ),
        ),
    ),
    (
        Definition("Deposit", "BPR02 of one 835 transaction set: the check or transfer, found at the bank by TRN02."),
        Definition("Claim payments", "Sum of CLP04 of the deposit's claims; reversals are negative."),
        Definition("Unmatched", "Payments for claims that none of ours answers to."),
        Definition(
            "Provider adjustments",
            "Sum of the PLB amounts: take-backs, balances carried forward, interest. Positive reduces the deposit.",
        ),
        Definition(
            "Difference",
            "Deposit less claim payments plus provider adjustments; 0 means that every cent of it is accounted for.",
        ),
        Definition(
            "Sums that do not come out",
            "Rows of fct_reconciliation_breaks at line, claim and transaction, of every month and payer, each with the "
            "segment that says so. None: everything balances.",
        ),
    ),
    months="payment",
)

_AGES = (("0-30", "age_0_30"), ("31-60", "age_31_60"), ("61-90", "age_61_90"), ("91-120", "age_91_120"),
         ("> 120", "age_over_120"))  # fmt: skip

_AR_AGING = Report(
    "ar_aging",
    "A/R aging",
    "What payers owe by age at the end of a month, in total and by payer, with the claims behind it.",
    (
        Table(
            "payers",
            "By payer",
            f"""
            with balances as (
                select
                    coalesce(payer_id, 'unknown') as payer_id,
                    open_balance_amount as amount,
                    age_bucket,
                    is_over_90_days
                from marts.fct_ar_snapshot
                where month_date = $end and {_among("payer_id")}
            ),
            grouped as (
                select
                    payer_id,
                    count(*) filter (where amount > 0) as claim_count,
                    {
                "".join(
                    f"coalesce(sum(amount) filter (where amount > 0 and age_bucket = '{bucket}'), 0) as {name},"
                    for bucket, name in _AGES
                )
            }
                    coalesce(sum(amount) filter (where amount > 0 and is_over_90_days), 0) as over_90_amount,
                    coalesce(sum(amount) filter (where amount > 0), 0) as billed_amount,
                    coalesce(sum(amount) filter (where amount < 0), 0) as credit_amount,
                    sum(amount) as receivable_amount
                from balances
                group by payer_id
            )
            select
                grouped.payer_id,
                {_PAYER_NAME.format("grouped")},
                grouped.claim_count::bigint as claim_count,
                {"".join(f"grouped.{name}::decimal(18, 2) as {name}," for _, name in _AGES)}
                grouped.billed_amount::decimal(18, 2) as billed_amount,
                grouped.over_90_amount::decimal(18, 2) as over_90_amount,
                {quotient("grouped.over_90_amount", "grouped.billed_amount")} as over_90_share,
                grouped.credit_amount::decimal(18, 2) as credit_amount,
                grouped.receivable_amount::decimal(18, 2) as receivable_amount
            from grouped
            {_JOIN_PAYER.format("grouped")}
            order by grouped.billed_amount desc, payer, grouped.payer_id
            """,
            (
                *_PAYER,
                count("claim_count", "Claims"),
                *(amount(name, f"{bucket} days") for bucket, name in _AGES),
                amount("billed_amount", "Billed A/R"),
                amount("over_90_amount", "Over 90 days"),
                share("over_90_share", "Over 90 share", "over_90_amount", "billed_amount"),
                amount("credit_amount", "Credits"),
                amount("receivable_amount", "Receivable"),
            ),
            (Chart("Billed A/R by payer", "payer", ("billed_amount", "over_90_amount")),),
        ),
        Table(
            "claims",
            "Open claims",
            f"""
            select
                claims.claim_id,
                coalesce(claims.payer_id, 'unknown') as payer_id,
                coalesce(dim_payer.payer_name, claims.payer_name, claims.payer_id, 'unknown') as payer,
                claims.rendering_provider_npi as provider_npi,
                claims.specialty,
                case when claims.is_primary then 'first' else 'later' end as payer_order,
                claims.service_from_date,
                claims.submitted_date,
                claims.answer_state,
                claims.age_days::bigint as age_days,
                claims.age_bucket,
                claims.charge_amount,
                claims.open_balance_amount
            from marts.fct_ar_snapshot as claims
            left join marts.dim_payer on claims.payer_id = dim_payer.payer_id
            where claims.month_date = $end and {_among("claims.payer_id")}
            order by claims.open_balance_amount desc, claims.claim_id
            """,
            (
                _CLAIM,
                *_PAYER,
                text("provider_npi", "Provider NPI", 13),
                text("specialty", "Specialty", 18),
                text("payer_order", "Payer is", 9),
                _day("service_from_date", "Service"),
                _day("submitted_date", "Submitted"),
                text("answer_state", "First answer", 14),
                Column("age_days", "Age in days", Kind.COUNT, None, 10),
                text("age_bucket", "Bucket", 9),
                amount("charge_amount", "Charge"),
                amount("open_balance_amount", "Open balance"),
            ),
        ),
    ),
    (
        _BALANCE,
        Definition(
            "As of", "The end of the last month of the filter, or the data cut-off within it; the first plays no part."
        ),
        Definition("Age", "Days from submission to that day."),
        Definition("Billed A/R", "Open balances above zero. Over 90 share = billed A/R over 90 days / billed A/R."),
        Definition("Credits", "Open balances below zero; see the report credit_balances."),
        Definition("Receivable", "Billed A/R and credits together."),
        Definition(
            "Closed month",
            "Some time after its end a month is closed and its receivables are never counted again, so that what was "
            "reported stays as it was; answers that come later move the months after it.",
        ),
    ),
    months="receivables, as of the last one",
)

_DENIALS = Report(
    "denials",
    "Denials and write-offs",
    "First denials by month, payer and category, what was recovered, what was given up, and what is left to work.",
    (
        Table(
            "months",
            "By month of submission, payer and category",
            f"""
            select
                denials.month_date as month,
                denials.payer_id,
                {_PAYER_NAME.format("denials")},
                denials.reason_category as category,
                sum(denials.denied_claim_count)::bigint as denied_claim_count,
                sum(denials.fully_denied_claim_count)::bigint as fully_denied_claim_count,
                sum(denials.denied_charge_amount)::decimal(18, 2) as denied_charge_amount,
                sum(denials.denied_amount)::decimal(18, 2) as denied_amount,
                sum(denials.recovered_claim_count)::bigint as recovered_claim_count,
                sum(denials.recovered_amount)::decimal(18, 2) as recovered_amount,
                {quotient("sum(denials.recovered_amount)", "sum(denials.denied_charge_amount)")} as recovered_share
            from marts.agg_denials_monthly as denials
            {_JOIN_PAYER.format("denials")}
            where
                denials.reason_category <> 'none'
                and denials.month_date {_MONTHS}
                and {_among("denials.payer_id")}
            group by denials.month_date, denials.payer_id, dim_payer.payer_name, denials.reason_category
            order by denials.month_date, payer, denials.payer_id, category
            """,
            (
                _MONTH,
                *_PAYER,
                text("category", "Category", 22),
                count("denied_claim_count", "Denied claims"),
                count("fully_denied_claim_count", "Denied whole"),
                amount("denied_charge_amount", "Denied charges"),
                amount("denied_amount", "Denied amount"),
                count("recovered_claim_count", "Recovered claims"),
                amount("recovered_amount", "Recovered"),
                share("recovered_share", "Recovered share", "recovered_amount", "denied_charge_amount"),
            ),
            (
                Chart("Denied charges by month", "month", ("denied_charge_amount", "recovered_amount")),
                Chart("Denied charges by category", "category", ("denied_charge_amount",)),
            ),
        ),
        Table(
            "write_offs",
            "Write-offs by month and payer",
            f"""
            select
                months.month_date as month,
                months.payer_id,
                {_PAYER_NAME.format("months")},
                months.write_off_amount,
                months.payment_amount,
                {quotient("months.write_off_amount", "months.payment_amount + months.write_off_amount")}
                    as write_off_share
            from marts.agg_revenue_monthly as months
            {_JOIN_PAYER.format("months")}
            where
                (months.write_off_amount <> 0 or months.payment_amount <> 0)
                and months.month_date {_MONTHS}
                and {_among("months.payer_id")}
            order by months.month_date, payer, months.payer_id
            """,
            (
                _MONTH,
                *_PAYER,
                amount("write_off_amount", "Write-offs"),
                amount("payment_amount", "Payments"),
                Column(
                    "write_off_share",
                    "Write-off share",
                    Kind.SHARE,
                    quotient("sum(write_off_amount)", "sum(payment_amount) + sum(write_off_amount)"),
                    11,
                ),
            ),
        ),
        Table(
            "worklist",
            "Denials still to work",
            f"""
            select
                denials.claim_id,
                denials.claim_line_number as line_number,
                coalesce(denials.payer_id, 'unknown') as payer_id,
                coalesce(dim_payer.payer_name, denials.payer_name, denials.payer_id, 'unknown') as payer,
                denials.rendering_provider_npi as provider_npi,
                denials.submitted_date,
                denials.denied_date,
                denials.procedure_code,
                denials.group_code,
                denials.reason_code,
                denials.remark_codes,
                denials.reason_category as category,
                denials.reason_fixable as fixable,
                denials.reason_workflow as next_step,
                denials.denied_amount
            from marts.fct_denials as denials
            inner join marts.fct_claims as claims on denials.claim_id = claims.claim_id
            left join marts.dim_payer on denials.payer_id = dim_payer.payer_id
            where
                denials.is_standing
                and denials.is_primary_reason
                and claims.open_balance_amount > 0
                and {_month_of("denials.submitted_date")} {_MONTHS}
                and {_among("denials.payer_id")}
            order by denials.denied_amount desc, denials.denial_id
            """,
            (
                _CLAIM,
                Column("line_number", "Line", Kind.COUNT, None, 6),
                *_PAYER,
                text("provider_npi", "Provider NPI", 13),
                _day("submitted_date", "Submitted"),
                _day("denied_date", "Denied"),
                text("procedure_code", "Procedure", 10),
                text("group_code", "Group", 7),
                text("reason_code", "CARC", 7),
                text("remark_codes", "RARC", 12),
                text("category", "Category", 18),
                text("fixable", "Fixable", 10),
                text("next_step", "Next step", 34),
                amount("denied_amount", "Denied amount"),
            ),
        ),
    ),
    (
        Definition(
            "Denied claims",
            "Claims with at least one line denied at the first adjudication, by month of submission: first submissions "
            "to the first payer. A claim stands under the category of its largest first denial.",
        ),
        Definition(
            "Denied line",
            "Charge above zero, nothing paid, nothing moved to the patient, and not for the contract alone.",
        ),
        Definition("Denied charges", "Charges of the lines denied first; the whole charge where a claim was denied."),
        Definition("Recovered", "What later answers paid on lines denied first; those of recent months may follow."),
        _WRITE_OFF,
        Definition("Write-off share", "Write-offs / (payments + write-offs) of the month."),
        Definition("Still to work", "Standing denials of claims with an open balance: neither paid nor given up."),
    ),
    months="submission for denials, posting for write-offs",
)

_UNDERPAYMENTS = Report(
    "underpayments",
    "Underpayments",
    "Lines that a payer allowed below what is expected, what was recovered of them, and what is still open.",
    (
        Table(
            "lines",
            "Lines allowed below expected",
            f"""
            select
                lines.claim_id,
                lines.line_number,
                coalesce(lines.payer_id, 'unknown') as payer_id,
                coalesce(dim_payer.payer_name, lines.payer_name, lines.payer_id, 'unknown') as payer,
                lines.rendering_provider_npi as provider_npi,
                lines.specialty,
                lines.procedure_code,
                concat_ws(' ', lines.modifier_1, lines.modifier_2, lines.modifier_3, lines.modifier_4) as modifiers,
                lines.place_of_service_code,
                lines.service_from_date,
                lines.detected_date,
                lines.unit_count,
                lines.charge_amount,
                lines.expected_amount,
                lines.allowed_amount,
                lines.payment_amount,
                lines.variance_amount,
                lines.recovered_amount,
                lines.open_variance_amount,
                lines.status,
                {_WORK_STATUS} as work_status,
                work.worked_date,
                lines.expected_method,
                lines.contract_id,
                lines.usual_line_count::bigint as usual_line_count,
                lines.known_line_count::bigint as known_line_count
            from marts.fct_underpayments as lines
            left join marts.dim_payer on lines.payer_id = dim_payer.payer_id
            {_JOIN_WORK}
            where lines.month_date {_MONTHS} and {_among("lines.payer_id")}
            order by lines.variance_amount desc, lines.claim_id, lines.line_number
            """,
            (
                _CLAIM,
                Column("line_number", "Line", Kind.COUNT, None, 6),
                *_PAYER,
                text("provider_npi", "Provider NPI", 13),
                text("specialty", "Specialty", 18),
                text("procedure_code", "Procedure", 10),
                text("modifiers", "Modifiers", 10),
                text("place_of_service_code", "Place", 7),
                _day("service_from_date", "Service"),
                _day("detected_date", "Detected"),
                Column("unit_count", "Units", Kind.QUANTITY, None, 8),
                amount("charge_amount", "Charge"),
                amount("expected_amount", "Expected"),
                amount("allowed_amount", "Allowed"),
                amount("payment_amount", "Paid"),
                amount("variance_amount", "Variance"),
                amount("recovered_amount", "Recovered"),
                amount("open_variance_amount", "Still open"),
                text("status", "By the answers", 14),
                text("work_status", "Work", 11),
                _day("worked_date", "Worked"),
                text("expected_method", "Expected by", 13),
                text("contract_id", "Contract", 16),
                Column("usual_line_count", "Lines at usual", Kind.COUNT, None, 10),
                Column("known_line_count", "Lines known", Kind.COUNT, None, 10),
            ),
            (
                Chart("Variance by payer", "payer", ("variance_amount", "recovered_amount")),
                Chart("Variance by procedure", "procedure_code", ("variance_amount",)),
            ),
        ),
        Table(
            "payers",
            "By payer and procedure",
            f"""
            select
                coalesce(lines.payer_id, 'unknown') as payer_id,
                coalesce(dim_payer.payer_name, lines.payer_id, 'unknown') as payer,
                lines.procedure_code,
                count(*)::bigint as line_count,
                sum(lines.expected_amount)::decimal(18, 2) as expected_amount,
                sum(lines.allowed_amount)::decimal(18, 2) as allowed_amount,
                sum(lines.variance_amount)::decimal(18, 2) as variance_amount,
                {quotient("sum(lines.variance_amount)", "sum(lines.expected_amount)")} as variance_share,
                sum(lines.recovered_amount)::decimal(18, 2) as recovered_amount,
                sum(lines.open_variance_amount)::decimal(18, 2) as open_variance_amount
            from marts.fct_underpayments as lines
            left join marts.dim_payer on lines.payer_id = dim_payer.payer_id
            where lines.month_date {_MONTHS} and {_among("lines.payer_id")}
            group by lines.payer_id, dim_payer.payer_name, lines.procedure_code
            order by variance_amount desc, payer, payer_id, lines.procedure_code
            """,
            (
                *_PAYER,
                text("procedure_code", "Procedure", 10),
                count("line_count", "Lines"),
                amount("expected_amount", "Expected"),
                amount("allowed_amount", "Allowed"),
                amount("variance_amount", "Variance"),
                share("variance_share", "Variance share", "variance_amount", "expected_amount"),
                amount("recovered_amount", "Recovered"),
                amount("open_variance_amount", "Still open"),
            ),
        ),
        Table(
            "work",
            "By payer and status of the work",
            f"""
            select
                coalesce(lines.payer_id, 'unknown') as payer_id,
                coalesce(dim_payer.payer_name, lines.payer_id, 'unknown') as payer,
                {_WORK_STATUS} as work_status,
                count(*) as line_count,
                count(distinct lines.claim_id) as claim_count,
                sum(lines.variance_amount)::decimal(18, 2) as variance_amount,
                sum(lines.open_variance_amount)::decimal(18, 2) as open_variance_amount
            from marts.fct_underpayments as lines
            left join marts.dim_payer on lines.payer_id = dim_payer.payer_id
            {_JOIN_WORK}
            where lines.month_date {_MONTHS} and {_among("lines.payer_id")}
            group by all
            order by payer, payer_id, work_status
            """,
            (
                *_PAYER,
                text("work_status", "Work", 11),
                count("line_count", "Lines"),
                Column("claim_count", "Claims", Kind.COUNT, None, 10),
                amount("variance_amount", "Variance"),
                amount("open_variance_amount", "Still open"),
            ),
        ),
    ),
    (
        Definition(
            "Expected",
            "By contract, where the tenant's contracts or Medicare's schedule price the line on its day of service; "
            "claimworks price --claim shows how. Not by amounts that are estimates: national rates of outpatient "
            "hospitals, releases and defaults that stand in for one that is not loaded. Of any other line by "
            "payer_modal: what this payer allowed most often for the same procedure, modifiers, units, place and "
            "specialty in the 365 days before the answer, where enough lines agree (dbt variables "
            "underpayment_minimum_lines and underpayment_minimum_share), never above the charge; a payer that pays too "
            "little every time is not found by that.",
        ),
        Definition(
            "Allowed",
            "By contract what the answer pays, leaves to the patient and withholds by law or agreement (sequestration, "
            "penalties, managed care withholds), so that a discount which no contract knows is short. By payer_modal "
            "what the answer says.",
        ),
        Definition("Variance", "Expected less allowed, at the first answer that was short; a line counts once."),
        Definition("Still open", "What the standing answer is still short of."),
        Definition(
            "Work",
            "recovered where the standing answer allows what is expected; invalid where the answer was reversed or the "
            "claim replaced; else what a user set last (open, sent, reviewed, recovered, rejected), open where nobody "
            "did. claimworks underpayments and the page Underpayments set it; each change is kept and audited.",
        ),
        Definition("Lines known", "Lines of those 365 days, and how many of them were allowed the expected amount."),
        Definition(
            "Left out",
            "Lines denied or pending, and those of second payers. By payer_modal also lines reduced for a reason of "
            "their own, and lines allowed at the full charge, which contracts with a lesser-of clause make common.",
        ),
        Definition(
            "Fee changes",
            "By payer_modal: after a payer lowers its fees the new amount is below the usual one until it is the more "
            "frequent: look at the date before you appeal.",
        ),
    ),
    months="detection",
)

_SCORECARD = Report(
    "payer_scorecard",
    "Payer scorecard",
    "How each payer pays: volume, denials, recoveries, speed, what it owes and how old that is.",
    (
        Table(
            "payers",
            "By payer",
            f"""
            with sent as (
                select
                    coalesce(payer_id, 'unknown') as payer_id,
                    count(*) as claim_count,
                    count(first_adjudicated_date) as answered_count,
                    count(*) filter (where is_initially_denied) as denied_count,
                    sum(charge_amount) as charge_amount,
                    median(days_to_adjudication) as days_to_answer,
                    median(days_to_payment) as days_to_payment
                from marts.fct_claims
                where
                    is_primary
                    and is_first_pass
                    and {_month_of("submitted_date")} {_MONTHS}
                    and {_among("payer_id")}
                group by all
            ),
            denials as (
                select
                    payer_id,
                    sum(denied_charge_amount) as denied_charge_amount,
                    sum(recovered_amount) as recovered_amount
                from marts.agg_denials_monthly
                where month_date {_MONTHS} and {_among("payer_id")}
                group by payer_id
            ),
            revenue as (
                select
                    payer_id,
                    sum(net_charge_amount) as net_charge_amount,
                    sum(payment_amount) as payment_amount,
                    sum(write_off_amount) as write_off_amount,
                    coalesce(sum(receivable_amount) filter (where month_date = $end), 0) as receivable_amount,
                    max(days_in_receivable) filter (where month_date = $end) as days_in_receivable
                from marts.agg_revenue_monthly
                where month_date {_MONTHS} and {_among("payer_id")}
                group by payer_id
            )
            select
                revenue.payer_id,
                {_PAYER_NAME.format("revenue")},
                coalesce(sent.claim_count, 0)::bigint as claim_count,
                coalesce(sent.answered_count, 0)::bigint as answered_count,
                coalesce(sent.denied_count, 0)::bigint as denied_count,
                {quotient("sent.denied_count", "sent.claim_count")} as denial_rate,
                coalesce(denials.denied_charge_amount, 0)::decimal(18, 2) as denied_charge_amount,
                coalesce(denials.recovered_amount, 0)::decimal(18, 2) as recovered_amount,
                {quotient("denials.recovered_amount", "denials.denied_charge_amount")} as recovered_share,
                revenue.net_charge_amount::decimal(18, 2) as net_charge_amount,
                revenue.payment_amount::decimal(18, 2) as payment_amount,
                revenue.write_off_amount::decimal(18, 2) as write_off_amount,
                sent.days_to_answer,
                sent.days_to_payment,
                revenue.receivable_amount::decimal(18, 2) as receivable_amount,
                round(revenue.days_in_receivable, 1) as days_in_receivable
            from revenue
            left join sent on revenue.payer_id = sent.payer_id
            left join denials on revenue.payer_id = denials.payer_id
            {_JOIN_PAYER.format("revenue")}
            order by revenue.net_charge_amount desc, payer, revenue.payer_id
            """,
            (
                *_PAYER,
                count("claim_count", "Claims"),
                count("answered_count", "Answered"),
                count("denied_count", "Denied"),
                share("denial_rate", "Denial rate", "denied_count", "claim_count"),
                amount("denied_charge_amount", "Denied charges"),
                amount("recovered_amount", "Recovered"),
                share("recovered_share", "Recovered share", "recovered_amount", "denied_charge_amount"),
                amount("net_charge_amount", "Net charges"),
                amount("payment_amount", "Payments"),
                amount("write_off_amount", "Write-offs"),
                _days("days_to_answer", "Days to answer"),
                _days("days_to_payment", "Days to payment"),
                amount("receivable_amount", "Receivable"),
                _days("days_in_receivable", "Days in A/R"),
            ),
            (
                Chart("Payments by payer", "payer", ("payment_amount",)),
                Chart("Denied charges and recoveries by payer", "payer", ("denied_charge_amount", "recovered_amount")),
            ),
        ),
    ),
    (
        Definition(
            "Claims", "First submissions to the payer as first payer, rejected ones left out, by month of submission."
        ),
        Definition(
            "Denial rate",
            "Claims with at least one line denied at the first adjudication / claims. Months still open count with "
            "the answers that are there, so the rate of recent months will rise.",
        ),
        Definition("Denied charges", "Charges of the lines denied first; the whole charge where a claim was denied."),
        Definition("Recovered", "What later answers paid on lines denied first."),
        _CHARGES_NET,
        _PAYMENTS,
        _WRITE_OFF,
        Definition("Days to answer", "Median days from submission to the first answer, of claims that have one."),
        Definition("Days to payment", "Median days from submission to the first payment above zero."),
        Definition("Receivable", "Open balances at the end of the last month, or at the data cut-off within it."),
        Definition("Days in A/R", "Receivable / average net charges of a day, over the last month and the two before."),
    ),
    months="submission; payment for payments; the last one for receivables",
)

_CREDITS = """
    with overpaid as (
        select
            claim_id,
            'overpaid' as kind,
            -open_balance_amount as credit_amount
        from marts.fct_claims
        where open_balance_amount < 0
    ),
    -- A version that was replaced, voided or sent twice keeps its payment, and the version that holds is paid as well.
    twice as (
        select
            old.claim_id,
            'paid_twice' as kind,
            least(old.paid_amount, holding.paid_amount) as credit_amount
        from marts.fct_claims as old
        inner join (
            select claim_chain_id, sum(paid_amount) as paid_amount
            from marts.fct_claims
            where is_live
            group by claim_chain_id
        ) as holding on old.claim_chain_id = holding.claim_chain_id
        where not old.is_live and old.paid_amount > 0 and holding.paid_amount > 0
    ),
    voided as (
        select
            old.claim_id,
            'paid_and_voided' as kind,
            old.paid_amount as credit_amount
        from marts.fct_claims as old
        where
            not old.is_live
            and old.paid_amount > 0
            and not exists (
                select 1 from marts.fct_claims as holding
                where holding.claim_chain_id = old.claim_chain_id and holding.is_live
            )
    ),
    credits as (
        select * from overpaid
        union all
        select * from twice
        union all
        select * from voided
    ),
    listed as (
        select
            credits.kind,
            credits.credit_amount,
            claims.claim_id,
            coalesce(claims.payer_id, 'unknown') as payer_id,
            claims.payer_name,
            claims.rendering_provider_npi as provider_npi,
            claims.payer_responsibility_code as responsibility,
            claims.service_through_date as service_date,
            claims.last_adjudicated_date,
            claims.final_outcome as outcome,
            claims.charge_amount,
            claims.paid_amount,
            claims.prior_payer_amount,
            claims.patient_responsibility_amount,
            claims.open_balance_amount,
            claims.cut_off_date
        from credits
        inner join marts.fct_claims as claims on credits.claim_id = claims.claim_id
        where {payers}
    )
"""
_CREDITS_LISTED = _CREDITS.format(payers=_among("claims.payer_id"))

_CREDIT_BALANCES = Report(
    "credit_balances",
    "Credit balances",
    "Claims on which more was paid or adjusted than charged, and payments that a replaced or voided version keeps.",
    (
        Table(
            "claims",
            "Claims with a credit",
            f"""
            {_CREDITS_LISTED}
            select
                listed.claim_id,
                listed.kind,
                listed.payer_id,
                coalesce(dim_payer.payer_name, listed.payer_name, listed.payer_id) as payer,
                listed.provider_npi,
                listed.responsibility,
                listed.service_date,
                listed.last_adjudicated_date,
                (listed.cut_off_date - listed.last_adjudicated_date)::bigint as age_days,
                listed.outcome,
                listed.charge_amount,
                listed.prior_payer_amount,
                listed.paid_amount,
                listed.patient_responsibility_amount,
                listed.open_balance_amount,
                listed.credit_amount::decimal(18, 2) as credit_amount
            from listed
            {_JOIN_PAYER.format("listed")}
            order by listed.credit_amount desc, listed.claim_id, listed.kind
            """,
            (
                _CLAIM,
                text("kind", "Kind", 15),
                *_PAYER,
                text("provider_npi", "Provider NPI", 13),
                text("responsibility", "Sequence", 10),
                _day("service_date", "Service"),
                _day("last_adjudicated_date", "Last answer"),
                Column("age_days", "Age in days", Kind.COUNT, None, 10),
                text("outcome", "Outcome", 12),
                amount("charge_amount", "Charge"),
                amount("prior_payer_amount", "Prior payer"),
                amount("paid_amount", "Paid"),
                amount("patient_responsibility_amount", "Patient"),
                amount("open_balance_amount", "Open balance"),
                amount("credit_amount", "Credit"),
            ),
            (Chart("Credits by payer", "payer", ("credit_amount",)),),
        ),
        Table(
            "payers",
            "By payer and kind",
            f"""
            {_CREDITS_LISTED}
            select
                listed.payer_id,
                {_PAYER_NAME.format("listed")},
                listed.kind,
                count(*)::bigint as claim_count,
                sum(listed.credit_amount)::decimal(18, 2) as credit_amount
            from listed
            {_JOIN_PAYER.format("listed")}
            group by listed.payer_id, dim_payer.payer_name, listed.kind
            order by credit_amount desc, payer, listed.payer_id, listed.kind
            """,
            (*_PAYER, text("kind", "Kind", 15), count("claim_count", "Claims"), amount("credit_amount", "Credit")),
        ),
    ),
    (
        Definition("overpaid", "The open balance is below zero: payments and adjustments exceed the charge."),
        Definition(
            "paid_twice",
            "A version that was replaced, or a duplicate, keeps its payment although the version that holds is paid "
            "too; the credit is the smaller of both payments. The payer may have netted it elsewhere: check.",
        ),
        Definition("paid_and_voided", "Every version was taken back, and a payment on one was never reversed."),
        Definition(
            "Age in days",
            "Days from the last answer to the data cut-off. Medicare's overpayments are to be returned within 60 days "
            "of being identified.",
        ),
        _BALANCE,
    ),
)

REPORTS: Mapping[str, Report] = MappingProxyType(
    {
        report.name: report
        for report in (_REVENUE, _PAYMENTS_REPORT, _AR_AGING, _DENIALS, _UNDERPAYMENTS, _SCORECARD, _CREDIT_BALANCES)
    }
)
