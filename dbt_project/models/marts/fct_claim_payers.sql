-- The way of a service from payer to payer: what each was told that those before it had paid, what they really paid, and
-- what is left to the patient. That stands at the last payer that answered, so that it adds up over any selection.
select
    chains.tenant_id,
    chains.claim_id,
    chains.service_id,
    chains.payer_id,
    chains.payer_responsibility_code,
    cast(chains.payer_number as integer) as payer_number,
    cast(chains.payer_count as integer) as payer_count,
    chains.previous_claim_id,
    chains.next_claim_id,
    claims.submitted_date,
    chains.is_answered,
    cast(chains.charge_amount as decimal(18, 2)) as charge_amount,
    cast(chains.paid_amount as decimal(18, 2)) as paid_amount,
    cast(chains.declared_prior_payer_amount as decimal(18, 2)) as declared_prior_payer_amount,
    cast(chains.prior_paid_amount as decimal(18, 2)) as prior_paid_amount,
    cast(chains.declared_prior_payer_amount - chains.prior_paid_amount as decimal(18, 2))
        as prior_payer_difference_amount,
    cast(chains.patient_responsibility_amount as decimal(18, 2)) as patient_responsibility_amount,
    cast(coalesce(shares.covered_later_amount, 0) as decimal(18, 2)) as covered_later_amount,
    cast(coalesce(shares.awaiting_payer_amount, 0) as decimal(18, 2)) as awaiting_payer_amount,
    cast(coalesce(shares.patient_due_amount, 0) as decimal(18, 2)) as patient_due_amount,
    claims.file_id,
    claims.transaction_ordinal,
    claims.segment_ordinal,
    claims.byte_offset
from {{ ref('int_claims__payer_chains') }} as chains
inner join {{ ref('fct_claims') }} as claims
    on chains.tenant_id = claims.tenant_id and chains.claim_id = claims.claim_id
left join {{ ref('int_claims__patient_responsibility') }} as shares
    on chains.tenant_id = shares.tenant_id and chains.claim_id = shares.last_claim_id
