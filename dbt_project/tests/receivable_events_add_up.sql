-- The movements of a submission add up to its open balance, to the cent.
with movements as (
    select
        tenant_id,
        claim_id,
        sum(amount) as amount
    from {{ ref('int_claims__receivable_events') }}
    group by tenant_id, claim_id
)

select
    balances.tenant_id,
    balances.claim_id,
    balances.open_balance_amount,
    movements.amount
from {{ ref('int_claims__balances') }} as balances
left join movements
    on balances.tenant_id = movements.tenant_id and balances.claim_id = movements.claim_id
where balances.open_balance_amount <> coalesce(movements.amount, 0)
