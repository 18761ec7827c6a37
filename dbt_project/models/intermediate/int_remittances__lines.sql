-- Denied line: charge > 0, the payer paid 0, the patient owes 0, and the adjustments are not contractual only.
{{ config(
    materialized='incremental', incremental_strategy='append',
    pre_hook="{{ forget_changed_rows('remittance_claim_id') }}", post_hook="{{ remember_build() }}"
) }}
with adjustments as (
    select
        tenant_id,
        remittance_claim_id,
        line_number,
        sum(amount) as adjustment_amount,
        sum(case when adjustment_bucket = 'patient_responsibility' then amount else 0 end)
            as patient_responsibility_amount,
        sum(case when adjustment_bucket = 'contractual' then amount else 0 end) as contractual_amount,
        sum(case when adjustment_bucket = 'prior_payer' then amount else 0 end) as prior_payer_amount,
        sum(case when adjustment_bucket = 'denial' then amount else 0 end) as denial_amount,
        sum(case when adjustment_bucket = 'reduction' then amount else 0 end) as reduction_amount,
        sum(case when adjustment_bucket = 'pending' then amount else 0 end) as pending_amount,
        sum(case when adjustment_bucket = 'other' then amount else 0 end) as other_amount,
        sum(case when is_denial_reason then 1 else 0 end) as denial_reason_count
    from {{ changed_rows(ref('int_remittances__adjustments'), 'remittance_claim_id') }}
    where line_number is not null
    group by tenant_id, remittance_claim_id, line_number
),

remarks as (
    select
        tenant_id,
        remittance_claim_id,
        line_number,
        string_agg(remark_code, ' ' order by remark_ordinal) as remark_codes
    from {{ changed_rows(ref('stg_x12__remittance_remarks'), 'remittance_claim_id') }}
    where line_number is not null
    group by tenant_id, remittance_claim_id, line_number
),

lines as (
    select
        lines.tenant_id,
        lines.remittance_claim_id,
        lines.line_number,
        lines.line_key,
        lines.product_qualifier,
        coalesce(lines.submitted_procedure_code, lines.procedure_code, lines.revenue_code) as procedure_code,
        lines.revenue_code,
        lines.modifier_1,
        lines.modifier_2,
        lines.modifier_3,
        lines.modifier_4,
        lines.paid_units,
        lines.service_from_date,
        lines.service_through_date,
        coalesce(lines.charge_amount, 0) as charge_amount,
        coalesce(lines.payment_amount, 0) as payment_amount,
        coalesce(adjustments.adjustment_amount, 0) as adjustment_amount,
        coalesce(adjustments.patient_responsibility_amount, 0) as patient_responsibility_amount,
        coalesce(adjustments.contractual_amount, 0) as contractual_amount,
        coalesce(adjustments.prior_payer_amount, 0) as prior_payer_amount,
        coalesce(adjustments.denial_amount, 0) as denial_amount,
        coalesce(adjustments.reduction_amount, 0) as reduction_amount,
        coalesce(adjustments.pending_amount, 0) as pending_amount,
        coalesce(adjustments.other_amount, 0) as other_amount,
        lines.allowed_amount,
        remarks.remark_codes,
        coalesce(lines.charge_amount, 0) > 0
        and coalesce(lines.payment_amount, 0) = 0
        and coalesce(adjustments.patient_responsibility_amount, 0) = 0
        and coalesce(adjustments.denial_reason_count, 0) > 0 as is_denied,
        lines.file_id,
        lines.transaction_ordinal,
        lines.segment_ordinal,
        lines.byte_offset
    from {{ changed_rows(ref('stg_x12__remittance_lines'), 'remittance_claim_id') }} as lines
    left join adjustments
        on
            lines.tenant_id = adjustments.tenant_id
            and lines.remittance_claim_id = adjustments.remittance_claim_id
            and lines.line_number = adjustments.line_number
    left join remarks
        on
            lines.tenant_id = remarks.tenant_id
            and lines.remittance_claim_id = remarks.remittance_claim_id
            and lines.line_number = remarks.line_number
)

select
    tenant_id,
    remittance_claim_id,
    line_number,
    row_number() over (
        partition by tenant_id, remittance_claim_id, procedure_code
        order by line_number
    ) as procedure_occurrence,
    line_key,
    product_qualifier,
    procedure_code,
    revenue_code,
    modifier_1,
    modifier_2,
    modifier_3,
    modifier_4,
    paid_units,
    service_from_date,
    service_through_date,
    charge_amount,
    payment_amount,
    adjustment_amount,
    patient_responsibility_amount,
    contractual_amount,
    prior_payer_amount,
    -- A reduction to nothing is a denial; a reduction of a line that was paid is a price.
    case when is_denied then denial_amount + reduction_amount else denial_amount end as denied_amount,
    pending_amount,
    case when is_denied then other_amount else other_amount + reduction_amount end as other_adjustment_amount,
    coalesce(allowed_amount, payment_amount + patient_responsibility_amount) as allowed_amount,
    remark_codes,
    is_denied,
    charge_amount - adjustment_amount - payment_amount as difference_amount,
    file_id,
    transaction_ordinal,
    segment_ordinal,
    byte_offset
from lines
