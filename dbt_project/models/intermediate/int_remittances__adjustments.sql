-- What an adjustment means for the money is decided by its group first (PR is the patient's, whatever the reason) and
-- by its reason second. A reason that the map does not know counts as a denial, so that it cannot hide.
{{ config(
    materialized='incremental', incremental_strategy='append',
    pre_hook="{{ forget_changed_rows('remittance_claim_id') }}", post_hook="{{ remember_build() }}"
) }}
with adjustments as (
    select
        adjustments.tenant_id,
        adjustments.remittance_claim_id,
        adjustments.adjustment_ordinal,
        adjustments.line_number,
        adjustments.group_code,
        adjustments.reason_code,
        coalesce(adjustments.amount, 0) as amount,
        adjustments.quantity,
        coalesce(reasons.category, 'unmapped') as reason_category,
        coalesce(reasons.short_words, 'reason code not in the map') as reason_short_words,
        coalesce(reasons.fixable, 'sometimes') as reason_fixable,
        coalesce(reasons.workflow, 'look the code up and add it to the map') as reason_workflow,
        case
            when adjustments.group_code = 'PR' then 'patient_responsibility'
            when reasons.adjustment_bucket is null then 'denial'
            when reasons.adjustment_bucket in ('patient_responsibility', 'informational') then 'other'
            else reasons.adjustment_bucket
        end as adjustment_bucket,
        adjustments.file_id,
        adjustments.transaction_ordinal,
        adjustments.segment_ordinal,
        adjustments.byte_offset
    from {{ changed_rows(ref('stg_x12__remittance_adjustments'), 'remittance_claim_id') }} as adjustments
    left join {{ ref('adjustment_reason_codes') }} as reasons
        on adjustments.reason_code = reasons.reason_code
)

select
    *,
    adjustment_bucket in ('denial', 'reduction') and amount > 0 as is_denial_reason
from adjustments
