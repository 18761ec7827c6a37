-- Every dollar of CLP04 is in the claims or visibly unmatched, and the monthly figures hold all of it.
with answers as (
    select
        tenant_id,
        sum(payment_amount) as payment_amount,
        sum(case when claim_id is null then payment_amount else 0 end) as unmatched_amount
    from {{ ref('fct_remittances') }}
    group by tenant_id
),

claims as (
    select
        tenant_id,
        sum(paid_amount) as paid_amount
    from {{ ref('fct_claims') }}
    group by tenant_id
),

months as (
    select
        tenant_id,
        sum(payment_amount) as payment_amount
    from {{ ref('agg_revenue_monthly') }}
    group by tenant_id
)

select
    answers.tenant_id,
    answers.payment_amount,
    answers.unmatched_amount,
    claims.paid_amount,
    months.payment_amount as monthly_amount
from answers
left join claims
    on answers.tenant_id = claims.tenant_id
left join months
    on answers.tenant_id = months.tenant_id
where
    answers.payment_amount - answers.unmatched_amount <> coalesce(claims.paid_amount, 0)
    or (claims.tenant_id is not null and answers.payment_amount <> coalesce(months.payment_amount, 0))
