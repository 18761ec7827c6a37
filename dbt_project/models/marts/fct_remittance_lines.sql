{{ config(
    materialized='incremental', incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_changed_rows('remittance_claim_id') }}", post_hook="{{ remember_build() }}"
) }}
select
    lines.tenant_id,
    lines.remittance_claim_id,
    cast(lines.line_number as integer) as line_number,
    answers.claim_id,
    cast(matches.claim_line_number as integer) as claim_line_number,
    matches.line_match_method,
    answers.adjudicated_date,
    answers.payer_id,
    answers.iteration_number,
    answers.is_reversal,
    answers.is_reversed,
    answers.is_first,
    answers.is_standing,
    lines.line_key,
    lines.product_qualifier,
    lines.procedure_code,
    lines.revenue_code,
    lines.modifier_1,
    lines.modifier_2,
    lines.modifier_3,
    lines.modifier_4,
    cast(lines.paid_units as decimal(18, 3)) as paid_units,
    lines.service_from_date,
    lines.service_through_date,
    cast(lines.charge_amount as decimal(18, 2)) as charge_amount,
    cast(lines.payment_amount as decimal(18, 2)) as payment_amount,
    cast(lines.allowed_amount as decimal(18, 2)) as allowed_amount,
    cast(lines.prior_payer_amount as decimal(18, 2)) as prior_payer_amount,
    cast(lines.contractual_amount as decimal(18, 2)) as contractual_amount,
    cast(lines.other_adjustment_amount as decimal(18, 2)) as other_adjustment_amount,
    cast(lines.patient_responsibility_amount as decimal(18, 2)) as patient_responsibility_amount,
    cast(lines.denied_amount as decimal(18, 2)) as denied_amount,
    cast(lines.pending_amount as decimal(18, 2)) as pending_amount,
    cast(lines.difference_amount as decimal(18, 2)) as difference_amount,
    lines.is_denied,
    lines.remark_codes,
    lines.file_id,
    lines.transaction_ordinal,
    lines.segment_ordinal,
    lines.byte_offset
from {{ changed_rows(ref('int_remittances__lines'), 'remittance_claim_id') }} as lines
inner join {{ changed_rows(ref('fct_remittances'), 'remittance_claim_id') }} as answers
    on lines.tenant_id = answers.tenant_id and lines.remittance_claim_id = answers.remittance_claim_id
left join {{ changed_rows(ref('int_remittances__line_matches'), 'remittance_claim_id') }} as matches
    on
        lines.tenant_id = matches.tenant_id
        and lines.remittance_claim_id = matches.remittance_claim_id
        and lines.line_number = matches.answered_line_number
