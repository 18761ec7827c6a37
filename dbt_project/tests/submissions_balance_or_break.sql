-- Nothing of a charge is open without a cause: what is open, written off or taken over by a later version was never
-- answered, or its answer was reversed, or the answer that stands refuses it or holds it back; all else is a break.
with answers as (
    select
        tenant_id,
        claim_id,
        max(case when is_standing then 1 else 0 end) as standing_count,
        sum(case when is_standing then denied_amount + pending_amount else 0 end) as refused_amount
    from {{ ref('fct_remittances') }}
    where claim_id is not null
    group by tenant_id, claim_id
),

breaks as (
    select
        breaks.tenant_id,
        breaks.claim_id,
        sum(breaks.difference_amount) as difference_amount
    from {{ ref('fct_reconciliation_breaks') }} as breaks
    inner join {{ ref('fct_remittances') }} as answers
        on breaks.tenant_id = answers.tenant_id and breaks.remittance_claim_id = answers.remittance_claim_id
    where
        breaks.identity_name in (
            'answered_charge', 'answer_not_reversed', 'reversal_payment', 'reversal_without_answer'
        )
        or (breaks.identity_name = 'claim_payment' and answers.is_standing)
    group by breaks.tenant_id, breaks.claim_id
)

select
    claims.tenant_id,
    claims.claim_id,
    claims.open_balance_amount,
    claims.write_off_amount,
    claims.superseded_amount,
    answers.refused_amount,
    breaks.difference_amount
from {{ ref('fct_claims') }} as claims
left join answers
    on claims.tenant_id = answers.tenant_id and claims.claim_id = answers.claim_id
left join breaks
    on claims.tenant_id = breaks.tenant_id and claims.claim_id = breaks.claim_id
where
    claims.open_balance_amount + claims.write_off_amount + claims.superseded_amount
    <> coalesce(breaks.difference_amount, 0)
    + case
        when coalesce(answers.standing_count, 0) = 1 then answers.refused_amount
        else claims.charge_amount - claims.prior_payer_amount
    end
