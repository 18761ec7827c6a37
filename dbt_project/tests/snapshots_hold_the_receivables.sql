-- Receivables of each month that is not closed are the sum of all movements up to then. A closed month keeps what was
-- known when it closed.
with calendar as (
    select distinct month_date
    from {{ ref('dim_date') }}
),

cut_offs as (
    select
        tenant_id,
        max(cut_off_date) as cut_off_date
    from {{ ref('fct_claims') }}
    group by tenant_id
),

months as (
    select
        cut_offs.tenant_id,
        calendar.month_date
    from calendar
    inner join cut_offs
        on calendar.month_date <= cut_offs.cut_off_date
    where
        cast(calendar.month_date + interval '1 month' as date) - 1 + {{ var('receivable_close_days') }}
        > cut_offs.cut_off_date
),

movements as (
    select
        months.tenant_id,
        months.month_date,
        sum(events.amount) as amount
    from months
    inner join {{ ref('int_claims__receivable_events') }} as events
        on
            months.tenant_id = events.tenant_id
            and months.month_date >= {{ calendar_month('events.event_date') }}
    group by months.tenant_id, months.month_date
),

snapshots as (
    select
        tenant_id,
        month_date,
        sum(open_balance_amount) as open_balance_amount
    from {{ ref('fct_ar_snapshot') }}
    where not is_closed
    group by tenant_id, month_date
)

select
    movements.tenant_id,
    movements.month_date,
    movements.amount,
    snapshots.open_balance_amount
from movements
left join snapshots
    on movements.tenant_id = snapshots.tenant_id and movements.month_date = snapshots.month_date
where movements.amount <> coalesce(snapshots.open_balance_amount, 0)
