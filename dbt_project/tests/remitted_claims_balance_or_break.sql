-- charge = payment + adjustments + patient responsibility on every CLP, worked from staging alone; a CLP that does not
-- balance and is not a break is a row here.
with adjustments as (
    select
        tenant_id,
        remittance_claim_id,
        sum(amount) as amount
    from {{ ref('stg_x12__remittance_adjustments') }}
    group by tenant_id, remittance_claim_id
)

select
    claims.tenant_id,
    claims.remittance_claim_id,
    claims.total_charge_amount,
    claims.payment_amount
from {{ ref('stg_x12__remittance_claims') }} as claims
inner join {{ ref('fct_remittances') }} as answers
    on claims.tenant_id = answers.tenant_id and claims.remittance_claim_id = answers.remittance_claim_id
left join adjustments
    on claims.tenant_id = adjustments.tenant_id and claims.remittance_claim_id = adjustments.remittance_claim_id
left join {{ ref('fct_reconciliation_breaks') }} as breaks
    on
        claims.tenant_id = breaks.tenant_id
        and claims.remittance_claim_id = breaks.remittance_claim_id
        and breaks.identity_name = 'claim_payment'
where
    coalesce(claims.total_charge_amount, 0)
    <> coalesce(claims.payment_amount, 0) + coalesce(adjustments.amount, 0)
    and breaks.break_id is null
