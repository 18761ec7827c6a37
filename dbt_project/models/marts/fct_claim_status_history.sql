-- The life of each submission in the order in which it happened. Where an answer of an 835 stands, that is the current
-- row, whatever came in after it (a late 277, the reversal of an answer before it); else the last row is.
{{ config(
    materialized='incremental', incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_changed_rows('claim_id') }}", post_hook="{{ remember_build() }}"
) }}
with ordered as (
    select
        *,
        row_number() over (
            partition by tenant_id, claim_id
            order by
                status_date, stage_order, event_order, received_date, file_id, transaction_ordinal, segment_ordinal
        ) as status_ordinal,
        count(*) over (partition by tenant_id, claim_id) as status_count,
        max(case when is_standing then 1 else 0 end) over (partition by tenant_id, claim_id) = 1 as has_standing
    from {{ changed_rows(ref('int_claims__status_events'), 'claim_id') }}
)

select
    tenant_id,
    claim_id,
    cast(status_ordinal as integer) as status_ordinal,
    claim_key,
    status_code,
    status_date,
    case when has_standing then is_standing else status_ordinal = status_count end as is_current,
    source,
    source_level,
    source_date,
    received_date,
    category_code,
    source_status_code,
    entity_code,
    action_code,
    error_code,
    remittance_claim_id,
    cast(charge_amount as decimal(18, 2)) as charge_amount,
    cast(payment_amount as decimal(18, 2)) as payment_amount,
    cast(patient_responsibility_amount as decimal(18, 2)) as patient_responsibility_amount,
    cast(denied_amount as decimal(18, 2)) as denied_amount,
    file_id,
    transaction_ordinal,
    segment_ordinal,
    byte_offset
from ordered
