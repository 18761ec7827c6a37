-- Each CAS triple as it counts: a reduction to nothing is a denial, a reduction of a line that was paid is a price (other),
-- so that sums by bucket are the amounts of fct_remittances.
{{ config(
    materialized='incremental', incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_changed_rows('remittance_claim_id') }}", post_hook="{{ remember_build() }}"
) }}
select
    adjustments.tenant_id,
    adjustments.remittance_claim_id || '-' || cast(adjustments.adjustment_ordinal as text) as adjustment_id,
    adjustments.remittance_claim_id,
    case when adjustments.line_number is null then 'claim' else 'line' end as adjustment_level,
    cast(adjustments.line_number as integer) as line_number,
    answers.claim_id,
    lines.claim_line_number,
    answers.payer_id,
    answers.adjudicated_date,
    {{ calendar_month('answers.adjudicated_date') }} as month_date,
    answers.is_reversal,
    answers.is_reversed,
    answers.is_first,
    answers.is_standing,
    adjustments.group_code,
    adjustments.reason_code,
    adjustments.reason_category,
    case
        when adjustments.adjustment_bucket <> 'reduction' then adjustments.adjustment_bucket
        when adjustments.line_number is null or lines.is_denied then 'denial'
        else 'other'
    end as adjustment_bucket,
    adjustments.is_denial_reason,
    cast(adjustments.amount as decimal(18, 2)) as adjustment_amount,
    cast(adjustments.quantity as decimal(18, 3)) as quantity,
    adjustments.file_id,
    adjustments.transaction_ordinal,
    adjustments.segment_ordinal,
    adjustments.byte_offset
from {{ changed_rows(ref('int_remittances__adjustments'), 'remittance_claim_id') }} as adjustments
inner join {{ changed_rows(ref('fct_remittances'), 'remittance_claim_id') }} as answers
    on adjustments.tenant_id = answers.tenant_id and adjustments.remittance_claim_id = answers.remittance_claim_id
left join {{ changed_rows(ref('fct_remittance_lines'), 'remittance_claim_id') }} as lines
    on
        adjustments.tenant_id = lines.tenant_id
        and adjustments.remittance_claim_id = lines.remittance_claim_id
        and adjustments.line_number = lines.line_number
