-- Charges by the month of submission, payments by the month of payment, receivables as they stood on the last day of
-- the month (or on the cut-off, in the last one). Days in A/R: receivables divided by the charges of a day, trailing
-- three months, net of what later versions of a claim took over.
with cut_offs as (
    select
        tenant_id,
        max(cut_off_date) as cut_off_date
    from {{ ref('fct_claims') }}
    group by tenant_id
),

events as (
    select
        tenant_id,
        coalesce(payer_id, 'unknown') as payer_id,
        {{ calendar_month('event_date') }} as month_date,
        sum(
            case
                when event_type = 'charge' and payer_responsibility_code = 'P' then amount
                when event_type = 'superseded' and payer_responsibility_code = 'P' then amount
                else 0
            end
        ) as net_charge_amount,
        sum(
            case when event_type = 'charge' and payer_responsibility_code = 'P' then amount else 0 end
        ) as gross_charge_amount,
        sum(case when event_type = 'payment' then -amount else 0 end) as matched_payment_amount,
        sum(case when event_type = 'adjustment' then -amount else 0 end) as adjustment_amount,
        sum(case when event_type = 'write_off' then -amount else 0 end) as write_off_amount,
        sum(amount) as movement_amount
    from {{ ref('int_claims__receivable_events') }}
    where event_date is not null
    group by tenant_id, coalesce(payer_id, 'unknown'), {{ calendar_month('event_date') }}
),

payments as (
    select
        remittances.tenant_id,
        coalesce(claims.payer_id, remittances.payer_id, 'unknown') as payer_id,
        {{ calendar_month('remittances.adjudicated_date') }} as month_date,
        sum(remittances.payment_amount) as payment_amount,
        sum(case when remittances.is_first then 1 else 0 end) as first_answer_count,
        sum(case when remittances.is_first and remittances.outcome <> 'paid' then 1 else 0 end) as first_denial_count
    from {{ ref('fct_remittances') }} as remittances
    left join {{ ref('fct_claims') }} as claims
        on remittances.tenant_id = claims.tenant_id and remittances.claim_id = claims.claim_id
    group by
        remittances.tenant_id,
        coalesce(claims.payer_id, remittances.payer_id, 'unknown'),
        {{ calendar_month('remittances.adjudicated_date') }}
),

submissions as (
    select
        tenant_id,
        coalesce(payer_id, 'unknown') as payer_id,
        {{ calendar_month('submitted_date') }} as month_date,
        count(*) as claim_count
    from {{ ref('fct_claims') }}
    where submitted_date is not null
    group by tenant_id, coalesce(payer_id, 'unknown'), {{ calendar_month('submitted_date') }}
),

active as (
    select
        tenant_id,
        payer_id,
        month_date
    from events
    union
    select
        tenant_id,
        payer_id,
        month_date
    from payments
    union
    select
        tenant_id,
        payer_id,
        month_date
    from submissions
),

spans as (
    select
        active.tenant_id,
        active.payer_id,
        min(active.month_date) as first_month_date,
        greatest(max(active.month_date), max({{ calendar_month('cut_offs.cut_off_date') }}))
            as last_month_date,
        max(cut_offs.cut_off_date) as cut_off_date
    from active
    inner join cut_offs
        on active.tenant_id = cut_offs.tenant_id
    group by active.tenant_id, active.payer_id
),

months as (
    select distinct month_date
    from {{ ref('dim_date') }}
),

filled as (
    select
        spans.tenant_id,
        months.month_date,
        spans.payer_id,
        least(cast(months.month_date + interval '1 month' as date) - 1, spans.cut_off_date) as as_of_date,
        spans.first_month_date,
        spans.cut_off_date,
        coalesce(submissions.claim_count, 0) as claim_count,
        coalesce(payments.first_answer_count, 0) as first_answer_count,
        coalesce(payments.first_denial_count, 0) as first_denial_count,
        coalesce(events.gross_charge_amount, 0) as gross_charge_amount,
        coalesce(events.net_charge_amount, 0) as net_charge_amount,
        coalesce(payments.payment_amount, 0) as payment_amount,
        coalesce(events.matched_payment_amount, 0) as matched_payment_amount,
        coalesce(events.adjustment_amount, 0) as adjustment_amount,
        coalesce(events.write_off_amount, 0) as write_off_amount,
        coalesce(events.movement_amount, 0) as movement_amount
    from spans
    inner join months
        on spans.first_month_date <= months.month_date and spans.last_month_date >= months.month_date
    left join events
        on
            spans.tenant_id = events.tenant_id
            and spans.payer_id = events.payer_id
            and months.month_date = events.month_date
    left join payments
        on
            spans.tenant_id = payments.tenant_id
            and spans.payer_id = payments.payer_id
            and months.month_date = payments.month_date
    left join submissions
        on
            spans.tenant_id = submissions.tenant_id
            and spans.payer_id = submissions.payer_id
            and months.month_date = submissions.month_date
),

running as (
    select
        *,
        sum(movement_amount) over (
            partition by tenant_id, payer_id
            order by month_date
            rows between unbounded preceding and current row
        ) as receivable_amount,
        sum(net_charge_amount) over (
            partition by tenant_id, payer_id
            order by month_date
            rows between 2 preceding and current row
        ) as trailing_charge_amount,
        min(month_date) over (
            partition by tenant_id, payer_id
            order by month_date
            rows between 2 preceding and current row
        ) as trailing_from_date
    from filled
)

select
    tenant_id,
    month_date,
    payer_id,
    as_of_date,
    cast(claim_count as integer) as claim_count,
    cast(first_answer_count as integer) as first_answer_count,
    cast(first_denial_count as integer) as first_denial_count,
    cast(gross_charge_amount as decimal(18, 2)) as gross_charge_amount,
    cast(net_charge_amount as decimal(18, 2)) as net_charge_amount,
    cast(payment_amount as decimal(18, 2)) as payment_amount,
    cast(matched_payment_amount as decimal(18, 2)) as matched_payment_amount,
    cast(adjustment_amount as decimal(18, 2)) as adjustment_amount,
    cast(write_off_amount as decimal(18, 2)) as write_off_amount,
    cast(receivable_amount as decimal(18, 2)) as receivable_amount,
    cast(trailing_charge_amount as decimal(18, 2)) as trailing_charge_amount,
    cast(as_of_date - trailing_from_date + 1 as integer) as trailing_day_count,
    cast(
        case
            when trailing_charge_amount > 0 and as_of_date >= trailing_from_date
                then
                    cast(receivable_amount as double precision) * (as_of_date - trailing_from_date + 1)
                    / cast(trailing_charge_amount as double precision)
        end as double precision
    ) as days_in_receivable,
    cast(month_date + interval '1 month' as date) + {{ var('maturity_days') }} <= cut_off_date as is_mature
from running
