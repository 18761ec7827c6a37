-- Receivables as the books had them at the end of each month. A month closes `receivable_close_days` after its end;
-- until then, and for the running month as of the cut-off, it is counted anew by each build. Once closed it stays as it
-- is: an answer that comes later moves the months after it. Only a full refresh counts closed months again, with what
-- is known by then.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ reopen_months() }}"
) }}
with tenants as (
    select
        claims.tenant_id,
        max(claims.cut_off_date) as cut_off_date,
        {% if is_incremental() -%}
            (
                select max(closed.month_date)
                from {{ this }} as closed
                where closed.tenant_id = claims.tenant_id
            )
        {%- else -%}
            cast(null as date)
        {%- endif %} as closed_month_date
    from {{ ref('fct_claims') }} as claims
    group by claims.tenant_id
),

-- What happened up to the last closed month is one sum for each claim; most of them are zero and end here.
movements as (
    select
        events.tenant_id,
        events.claim_id,
        greatest(
            {{ calendar_month('events.event_date') }},
            coalesce(tenants.closed_month_date, cast('{{ var("calendar_start") }}' as date))
        ) as month_date,
        sum(events.amount) as amount
    from {{ ref('int_claims__receivable_events') }} as events
    inner join tenants
        on events.tenant_id = tenants.tenant_id
    where events.event_date is not null
    group by
        events.tenant_id,
        events.claim_id,
        greatest(
            {{ calendar_month('events.event_date') }},
            coalesce(tenants.closed_month_date, cast('{{ var("calendar_start") }}' as date))
        )
    having sum(events.amount) <> 0
),

running as (
    select
        tenant_id,
        claim_id,
        month_date,
        sum(amount) over (
            partition by tenant_id, claim_id
            order by month_date
            rows between unbounded preceding and current row
        ) as open_balance_amount,
        lead(month_date) over (partition by tenant_id, claim_id order by month_date) as next_month_date
    from movements
),

months as (
    select
        tenants.tenant_id,
        calendar.month_date,
        least(calendar.month_end_date, tenants.cut_off_date) as as_of_date,
        calendar.month_end_date + {{ var('receivable_close_days') }} <= tenants.cut_off_date as is_closed
    from (
        select
            month_date,
            max(date_day) as month_end_date
        from {{ ref('dim_date') }}
        group by month_date
    ) as calendar
    inner join tenants
        on
            calendar.month_date <= tenants.cut_off_date
            and (tenants.closed_month_date is null or calendar.month_date > tenants.closed_month_date)
),

snapshots as (
    select
        running.tenant_id,
        months.month_date,
        months.as_of_date,
        months.is_closed,
        running.claim_id,
        running.open_balance_amount
    from running
    inner join months
        on
            running.tenant_id = months.tenant_id
            and running.month_date <= months.month_date
            and (running.next_month_date is null or running.next_month_date > months.month_date)
    where running.open_balance_amount <> 0
),

aged as (
    select
        snapshots.*,
        claims.claim_key,
        claims.claim_chain_id,
        claims.is_primary,
        claims.payer_id,
        claims.payer_name,
        claims.billing_provider_npi,
        claims.rendering_provider_npi,
        coalesce(taxonomies.specialty, 'other') as specialty,
        claims.patient_key,
        claims.submitted_date,
        claims.service_from_date,
        claims.charge_amount,
        greatest(snapshots.as_of_date - claims.submitted_date, 0) as age_days,
        case
            when claims.first_adjudicated_date <= snapshots.as_of_date then claims.initial_outcome
            else 'unanswered'
        end as answer_state,
        claims.file_id,
        claims.transaction_ordinal,
        claims.segment_ordinal,
        claims.byte_offset
    from snapshots
    inner join {{ ref('fct_claims') }} as claims
        on snapshots.tenant_id = claims.tenant_id and snapshots.claim_id = claims.claim_id
    left join {{ ref('provider_taxonomies') }} as taxonomies
        on claims.taxonomy_code = taxonomies.taxonomy_code
)

select
    tenant_id,
    month_date,
    claim_id,
    as_of_date,
    is_closed,
    claim_key,
    claim_chain_id,
    is_primary,
    payer_id,
    payer_name,
    billing_provider_npi,
    rendering_provider_npi,
    specialty,
    patient_key,
    submitted_date,
    service_from_date,
    cast(age_days as integer) as age_days,
    case
        when age_days <= 30 then '0-30'
        when age_days <= 60 then '31-60'
        when age_days <= 90 then '61-90'
        when age_days <= 120 then '91-120'
        else '> 120'
    end as age_bucket,
    age_days > 90 as is_over_90_days,
    answer_state,
    cast(charge_amount as decimal(18, 2)) as charge_amount,
    cast(open_balance_amount as decimal(18, 2)) as open_balance_amount,
    file_id,
    transaction_ordinal,
    segment_ordinal,
    byte_offset
from aged
