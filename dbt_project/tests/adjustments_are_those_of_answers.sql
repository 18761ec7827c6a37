-- Adjustments by what they do to the money add up to the amounts of their answers, to the cent.
with adjustments as (
    select
        tenant_id,
        remittance_claim_id,
        sum(case when adjustment_bucket = 'contractual' then adjustment_amount else 0 end) as contractual_amount,
        sum(case when adjustment_bucket = 'prior_payer' then adjustment_amount else 0 end) as prior_payer_amount,
        sum(case when adjustment_bucket = 'patient_responsibility' then adjustment_amount else 0 end)
            as patient_responsibility_amount,
        sum(case when adjustment_bucket = 'denial' then adjustment_amount else 0 end) as denied_amount,
        sum(case when adjustment_bucket = 'pending' then adjustment_amount else 0 end) as pending_amount,
        sum(case when adjustment_bucket = 'other' then adjustment_amount else 0 end) as other_adjustment_amount
    from {{ ref('fct_adjustments') }}
    group by tenant_id, remittance_claim_id
)

select
    answers.tenant_id,
    answers.remittance_claim_id
from {{ ref('fct_remittances') }} as answers
left join adjustments
    on answers.tenant_id = adjustments.tenant_id and answers.remittance_claim_id = adjustments.remittance_claim_id
where
    answers.contractual_amount <> coalesce(adjustments.contractual_amount, 0)
    or answers.prior_payer_amount <> coalesce(adjustments.prior_payer_amount, 0)
    or answers.patient_responsibility_amount <> coalesce(adjustments.patient_responsibility_amount, 0)
    or answers.denied_amount <> coalesce(adjustments.denied_amount, 0)
    or answers.pending_amount <> coalesce(adjustments.pending_amount, 0)
    or answers.other_adjustment_amount <> coalesce(adjustments.other_adjustment_amount, 0)
