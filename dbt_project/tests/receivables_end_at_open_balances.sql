-- The receivables of the last month are the open balances of the claims.
with last_months as (
    select
        tenant_id,
        payer_id,
        receivable_amount,
        row_number() over (partition by tenant_id, payer_id order by month_date desc) as position
    from {{ ref('agg_revenue_monthly') }}
),

receivables as (
    select
        tenant_id,
        payer_id,
        receivable_amount
    from last_months
    where position = 1
),

balances as (
    select
        tenant_id,
        coalesce(payer_id, 'unknown') as payer_id,
        sum(open_balance_amount) as open_balance_amount
    from {{ ref('fct_claims') }}
    group by tenant_id, coalesce(payer_id, 'unknown')
)

select
    balances.tenant_id,
    balances.payer_id,
    balances.open_balance_amount,
    receivables.receivable_amount
from balances
left join receivables
    on balances.tenant_id = receivables.tenant_id and balances.payer_id = receivables.payer_id
where balances.open_balance_amount <> coalesce(receivables.receivable_amount, 0)
