{{ config(
    materialized='incremental', incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_changed_rows('remittance_claim_id') }}", post_hook="{{ remember_build() }}"
) }}
select
    iterations.tenant_id,
    iterations.remittance_claim_id,
    iterations.claim_key,
    matches.claim_id,
    matches.match_method,
    matches.match_confidence,
    cast(chained.iteration_number as integer) as iteration_number,
    iterations.claim_status_code,
    iterations.is_reversal,
    iterations.is_reversed,
    coalesce(chained.is_first, false) as is_first,
    coalesce(chained.is_standing, false) as is_standing,
    iterations.reverses_remittance_claim_id,
    chained.outcome,
    iterations.received_date,
    iterations.adjudicated_date,
    iterations.service_from_date,
    iterations.payer_id,
    iterations.payer_name,
    iterations.payee_npi,
    iterations.trace_number,
    iterations.payer_claim_key,
    cast(iterations.line_count as integer) as line_count,
    cast(iterations.denied_line_count as integer) as denied_line_count,
    cast(iterations.charge_amount as decimal(18, 2)) as charge_amount,
    cast(iterations.payment_amount as decimal(18, 2)) as payment_amount,
    cast(iterations.allowed_amount as decimal(18, 2)) as allowed_amount,
    cast(iterations.prior_payer_amount as decimal(18, 2)) as prior_payer_amount,
    cast(iterations.contractual_amount as decimal(18, 2)) as contractual_amount,
    cast(iterations.other_adjustment_amount as decimal(18, 2)) as other_adjustment_amount,
    cast(iterations.patient_responsibility_amount as decimal(18, 2)) as patient_responsibility_amount,
    cast(iterations.denied_amount as decimal(18, 2)) as denied_amount,
    cast(iterations.pending_amount as decimal(18, 2)) as pending_amount,
    cast(chained.cumulative_charge_amount as decimal(18, 2)) as cumulative_charge_amount,
    cast(chained.cumulative_payment_amount as decimal(18, 2)) as cumulative_payment_amount,
    iterations.file_id,
    iterations.transaction_ordinal,
    iterations.segment_ordinal,
    iterations.byte_offset
from {{ changed_rows(ref('int_remittances__iterations'), 'remittance_claim_id') }} as iterations
inner join {{ changed_rows(ref('int_claims__remittance_matches'), 'remittance_claim_id') }} as matches
    on
        iterations.tenant_id = matches.tenant_id
        and iterations.remittance_claim_id = matches.remittance_claim_id
left join {{ changed_rows(ref('int_claims__iterations'), 'remittance_claim_id') }} as chained
    on
        iterations.tenant_id = chained.tenant_id
        and iterations.remittance_claim_id = chained.remittance_claim_id
