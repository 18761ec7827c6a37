-- The monthly denials hold exactly the first submissions and the initial denials of the claims.
with claims as (
    select
        count(*) as claim_count,
        coalesce(sum(case when is_initially_denied then 1 else 0 end), 0) as denied_claim_count,
        coalesce(sum(charge_amount), 0) as charge_amount
    from {{ ref('fct_claims') }}
    where is_primary and is_first_pass
),

months as (
    select
        coalesce(sum(claim_count), 0) as claim_count,
        coalesce(sum(denied_claim_count), 0) as denied_claim_count,
        coalesce(sum(charge_amount), 0) as charge_amount
    from {{ ref('agg_denials_monthly') }}
)

select
    claims.claim_count,
    months.claim_count as monthly_claim_count,
    claims.denied_claim_count,
    months.denied_claim_count as monthly_denied_claim_count
from claims
cross join months
where
    claims.claim_count <> months.claim_count
    or claims.denied_claim_count <> months.denied_claim_count
    or claims.charge_amount <> months.charge_amount
