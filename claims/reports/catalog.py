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
            with deposits as (
                select
                    answers.file_id,
                    answers.transaction_ordinal,
                    min(answers.adjudicated_date) as payment_date,
                    min(coalesce(claims.payer_id, answers.payer_id, 'unknown')) as payer_id,
                    min(answers.payer_name) as payer_name,
                    min(answers.trace_number) as trace_number,
                    min(answers.payee_npi) as payee_npi,
                    min(answers.received_date) as received_date,
                    count(*) as answer_count,
                    sum(answers.payment_amount) as payment_amount,
                    sum(case when answers.is_reversal then answers.payment_amount else 0 end) as reversal_amount,
                    sum(case when answers.claim_id is null then answers.payment_amount else 0 end) as unmatched_amount
                from marts.fct_remittances as answers
                left join marts.fct_claims as claims on answers.claim_id = claims.claim_id
                group by answers.file_id, answers.transaction_ordinal
            ),
            breaks as (
                select file_id, transaction_ordinal, sum(difference_amount) as difference_amount
                from marts.fct_reconciliation_breaks
                where identity_name = 'transaction_payment'
                group by file_id, transaction_ordinal
            )
            select
                deposits.payment_date,
                deposits.received_date,
                deposits.payer_id,
                coalesce(dim_payer.payer_name, deposits.payer_name, deposits.payer_id) as payer,
                deposits.trace_number,
                deposits.payee_npi,
                deposits.answer_count::bigint as answer_count,
                deposits.payment_amount::decimal(18, 2) as payment_amount,
                deposits.reversal_amount::decimal(18, 2) as reversal_amount,
                deposits.unmatched_amount::decimal(18, 2) as unmatched_amount,
                coalesce(breaks.difference_amount, 0)::decimal(18, 2) as difference_amount,
                deposits.file_id,
                deposits.transaction_ordinal
            from deposits
            left join breaks using (file_id, transaction_ordinal)
            left join marts.dim_payer on deposits.payer_id = dim_payer.payer_id
            where {_month_of("deposits.payment_date")} {_MONTHS} and {_among("deposits.payer_id")}
            order by deposits.payment_date, payer, deposits.trace_number, deposits.file_id, deposits.transaction_ordinal
            """,
            (
                _day("payment_date", "Payment"),
                _day("received_date", "Received"),
                *_PAYER,
                text("trace_number", "Check or EFT", 18),
                text("payee_npi", "Payee NPI", 13),
                count("answer_count", "Claims"),
                amount("payment_amount", "Claim payments"),
                amount("reversal_amount", "Of these reversed"),
                amount("unmatched_amount", "Unmatched"),
                amount("difference_amount", "Difference"),
                text("file_id", "File", 34),
                Column("transaction_ordinal", "Transaction", Kind.COUNT, None, 11),
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
        Definition("Deposit", "One 835 transaction set: the payer's check or transfer, with its trace number (TRN02)."),
        Definition("Claim payments", "Sum of CLP04 of the deposit's claims; reversals are negative."),
        Definition("Unmatched", "Payments for claims that none of ours answers to."),
        Definition(
            "Difference",
            "BPR02 against claim payments less provider adjustments (PLB), where they differ; 0 means that every "
            "cent of the deposit is accounted for.",
        ),
        Definition(
            "Sums that do not come out",
            "Rows of fct_reconciliation_breaks at line, claim and transaction, of every month and payer, each with the "
            "segment that says so. None: everything balances.",
        ),
    ),
    months="payment",
)

_AGES = (("0 and 30", "age_0_30", "0-30"), ("31 and 60", "age_31_60", "31-60"), ("61 and 90", "age_61_90", "61-90"),
         ("91 and 120", "age_91_120", "91-120"))  # fmt: skip
# Days since the last day of service; a claim without one is as old as its submission.
_AGE_FROM = "coalesce(service_through_date, service_from_date, submitted_date)"

_AR_AGING = Report(
    "ar_aging",
    "A/R aging",
    "What payers owe by age, in total and by payer, with the claims behind it.",
    (
        Table(
            "payers",
            "By payer",
            f"""
            with balances as (
                select
                    coalesce(payer_id, 'unknown') as payer_id,
                    open_balance_amount as amount,
                    greatest(cut_off_date - {_AGE_FROM}, 0) as age_days
                from marts.fct_claims
                where open_balance_amount <> 0 and {_among("payer_id")}
            ),
            grouped as (
                select
                    payer_id,
                    count(*) filter (where amount > 0) as claim_count,
                    {
                "".join(
                    f"coalesce(sum(amount) filter (where amount > 0 and age_days between {span}), 0) as {name},"
                    for span, name, _ in _AGES
                )
            }
                    coalesce(sum(amount) filter (where amount > 0 and age_days > 120), 0) as age_over_120,
                    coalesce(sum(amount) filter (where amount > 0 and age_days > 90), 0) as over_90_amount,
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
                {"".join(f"grouped.{name}::decimal(18, 2) as {name}," for _, name, _ in _AGES)}
                grouped.age_over_120::decimal(18, 2) as age_over_120,
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
                *(amount(name, f"{words} days") for _, name, words in _AGES),
                amount("age_over_120", "Over 120 days"),
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
                claims.payer_responsibility_code as responsibility,
                claims.service_through_date as service_date,
                claims.submitted_date,
                claims.last_adjudicated_date,
                claims.final_outcome as outcome,
                greatest(claims.cut_off_date - {_AGE_FROM}, 0)::bigint as age_days,
                claims.charge_amount,
                claims.paid_amount,
                claims.denied_amount,
                claims.open_balance_amount
            from marts.fct_claims as claims
            left join marts.dim_payer on claims.payer_id = dim_payer.payer_id
            where claims.open_balance_amount <> 0 and {_among("claims.payer_id")}
            order by claims.open_balance_amount desc, claims.claim_id
            """,
            (
                _CLAIM,
                *_PAYER,
                text("provider_npi", "Provider NPI", 13),
                text("responsibility", "Sequence", 10),
                _day("service_date", "Service"),
                _day("submitted_date", "Submitted"),
                _day("last_adjudicated_date", "Last answer"),
                text("outcome", "Outcome", 14),
                Column("age_days", "Age in days", Kind.COUNT, None, 10),
                amount("charge_amount", "Charge"),
                amount("paid_amount", "Paid"),
                amount("denied_amount", "Denied"),
                amount("open_balance_amount", "Open balance"),
            ),
        ),
    ),
    (
        _BALANCE,
        Definition("Age", "Days from the last day of service, else from submission, to the data cut-off."),
        Definition("Billed A/R", "Open balances above zero. Over 90 share = billed A/R over 90 days / billed A/R."),
        Definition("Credits", "Open balances below zero; see the report credit_balances."),
        Definition("Receivable", "Billed A/R and credits together, equal to the receivables of the monthly mart."),
        Definition("Sequence", "P first payer, S second, T third (SBR01)."),
    ),
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

# Lines by which the payer's usual allowed amount is known: adjudicated by a first payer, priced by procedure.
_MINIMUM_LINES = 10
_MINIMUM_SHARE = "0.5"
_UNDERPAYMENT_LINES = f"""
    with lines as (
        select
            lines.claim_id,
            lines.line_number,
            coalesce(lines.payer_id, 'unknown') as payer_id,
            lines.rendering_provider_npi as provider_npi,
            coalesce(dim_provider.specialty, 'other') as specialty,
            lines.procedure_code,
            concat_ws(' ', lines.modifier_1, lines.modifier_2, lines.modifier_3, lines.modifier_4) as modifiers,
            coalesce(lines.place_of_service_code, '') as place_of_service_code,
            lines.service_from_date,
            {_month_of("lines.service_from_date")} as service_month,
            lines.first_adjudicated_date,
            {_month_of("lines.first_adjudicated_date")} as answer_month,
            lines.unit_count,
            lines.charge_amount,
            lines.allowed_amount,
            lines.paid_amount,
            lines.patient_responsibility_amount,
            round(lines.allowed_amount / lines.unit_count, 2)::decimal(18, 2) as unit_allowed_amount,
            lines.allowed_amount >= lines.charge_amount as is_allowed_in_full
        from marts.fct_claim_lines as lines
        left join marts.dim_provider on lines.rendering_provider_npi = dim_provider.provider_npi
        where
            lines.is_live
            and lines.is_primary
            and lines.product_qualifier = 'HC'
            and lines.unit_count > 0
            and lines.allowed_amount > 0
            and lines.paid_amount + lines.patient_responsibility_amount > 0
            and lines.denied_amount = 0
            and lines.pending_amount = 0
            and lines.service_from_date is not null
            and lines.first_adjudicated_date is not null
    ),
    keyed as (
        select
            *,
            dense_rank() over (
                order by payer_id, procedure_code, modifiers, place_of_service_code, specialty
            ) as price_key
        from lines
    ),
    monthly as (
        select price_key, service_month, unit_allowed_amount, count(*) as line_count
        from keyed
        where not is_allowed_in_full
        group by all
    ),
    -- Lines of the twelve months up to each month in which the key has lines, by allowed amount of a unit.
    counted as (
        select
            months.price_key,
            months.service_month,
            monthly.unit_allowed_amount,
            sum(monthly.line_count) as line_count
        from (select distinct price_key, service_month from keyed) as months
        inner join monthly
            on
                months.price_key = monthly.price_key
                and monthly.service_month > months.service_month - interval 12 month
                and monthly.service_month <= months.service_month
        group by all
    ),
    usual as (
        select
            price_key,
            service_month,
            unit_allowed_amount as usual_unit_amount,
            line_count as usual_line_count,
            sum(line_count) over (partition by price_key, service_month) as known_line_count
        from counted
        qualify row_number() over (
            partition by price_key, service_month
            order by line_count desc, unit_allowed_amount desc
        ) = 1
    ),
    found as (
        select
            keyed.*,
            usual.usual_line_count,
            usual.known_line_count,
            least(round(usual.usual_unit_amount * keyed.unit_count, 2), keyed.charge_amount)::decimal(18, 2)
                as expected_amount
        from keyed
        inner join usual on keyed.price_key = usual.price_key and keyed.service_month = usual.service_month
        where
            not keyed.is_allowed_in_full
            and usual.known_line_count >= {_MINIMUM_LINES}
            and usual.usual_line_count >= usual.known_line_count * {_MINIMUM_SHARE}
    ),
    listed as (
        select
            *,
            expected_amount - allowed_amount as variance_amount
        from found
        where
            expected_amount - allowed_amount >= 1.00
            and answer_month {_MONTHS}
            and {_among("payer_id")}
    )
"""

_UNDERPAYMENTS = Report(
    "underpayments",
    "Underpayments",
    "Lines that a payer allowed below its own usual amount for the same service, by line and by payer.",
    (
        Table(
            "lines",
            "Lines allowed below the payer's usual amount",
            f"""
            {_UNDERPAYMENT_LINES}
            select
                listed.claim_id,
                listed.line_number,
                listed.payer_id,
                {_PAYER_NAME.format("listed")},
                listed.provider_npi,
                listed.specialty,
                listed.procedure_code,
                listed.modifiers,
                listed.place_of_service_code,
                listed.service_from_date,
                listed.first_adjudicated_date,
                listed.unit_count,
                listed.charge_amount,
                listed.expected_amount,
                listed.allowed_amount,
                listed.paid_amount,
                listed.variance_amount::decimal(18, 2) as variance_amount,
                listed.usual_line_count::bigint as usual_line_count,
                listed.known_line_count::bigint as known_line_count
            from listed
            {_JOIN_PAYER.format("listed")}
            order by listed.variance_amount desc, listed.claim_id, listed.line_number
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
                _day("first_adjudicated_date", "First answer"),
                Column("unit_count", "Units", Kind.QUANTITY, None, 8),
                amount("charge_amount", "Charge"),
                amount("expected_amount", "Expected allowed"),
                amount("allowed_amount", "Allowed"),
                amount("paid_amount", "Paid"),
                amount("variance_amount", "Variance"),
                Column("usual_line_count", "Lines at usual", Kind.COUNT, None, 10),
                Column("known_line_count", "Lines known", Kind.COUNT, None, 10),
            ),
            (
                Chart("Variance by payer", "payer", ("variance_amount",)),
                Chart("Variance by procedure", "procedure_code", ("variance_amount",)),
            ),
        ),
        Table(
            "payers",
            "By payer and procedure",
            f"""
            {_UNDERPAYMENT_LINES}
            select
                listed.payer_id,
                {_PAYER_NAME.format("listed")},
                listed.procedure_code,
                count(distinct listed.claim_id)::bigint as claim_count,
                count(*)::bigint as line_count,
                sum(listed.expected_amount)::decimal(18, 2) as expected_amount,
                sum(listed.allowed_amount)::decimal(18, 2) as allowed_amount,
                sum(listed.variance_amount)::decimal(18, 2) as variance_amount,
                {quotient("sum(listed.variance_amount)", "sum(listed.expected_amount)")} as variance_share
            from listed
            {_JOIN_PAYER.format("listed")}
            group by listed.payer_id, dim_payer.payer_name, listed.procedure_code
            order by variance_amount desc, payer, listed.payer_id, listed.procedure_code
            """,
            (
                *_PAYER,
                text("procedure_code", "Procedure", 10),
                Column("claim_count", "Claims", Kind.COUNT, None, 10),
                count("line_count", "Lines"),
                amount("expected_amount", "Expected allowed"),
                amount("allowed_amount", "Allowed"),
                amount("variance_amount", "Variance"),
                share("variance_share", "Variance share", "variance_amount", "expected_amount"),
            ),
        ),
    ),
    (
        Definition(
            "Expected allowed",
            "Expected = payer's modal allowed: the amount of a unit that this payer allowed most often for the same "
            "procedure, modifiers, place of service and provider specialty, on services of the twelve months up to and "
            "with the line's month, times the units, and never above the charge. No contract is read: a payer that "
            "pays too little every time is not found by this.",
        ),
        Definition("Variance", "Expected allowed - allowed, found at line level; lines from one dollar on are listed."),
        Definition(
            "Lines known",
            f"Lines from which the usual amount is known. Fewer than {_MINIMUM_LINES}, or fewer than half of them at "
            "the usual amount: the line is not judged.",
        ),
        Definition(
            "Left out",
            "Lines denied or pending, voided or replaced, answered by a second payer, without a procedure code, and "
            "lines allowed at the full charge, which contracts with a lesser-of clause make common.",
        ),
        Definition(
            "Fee changes",
            "After a payer lowers its fees the new amount is below the usual one until it is the more frequent: look "
            "at the date before you appeal.",
        ),
    ),
    months="first answer",
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
