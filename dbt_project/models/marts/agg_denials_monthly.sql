-- First submissions that the first payer got to see: that is what an initial denial rate counts. Counts and amounts
-- add up over every column of the grain; a rate is a quotient of sums, never a mean of rates.
with denied_amounts as (
    select
        tenant_id,
        claim_id,
        sum(case when is_primary_reason then charge_amount else 0 end) as denied_charge_amount,
        sum(denied_amount) as denied_amount,
        sum(recovered_amount) as recovered_amount,
        max(case when is_recovered then 1 else 0 end) as recovered_count
    from {{ ref('fct_denials') }}
    where is_initial
    group by tenant_id, claim_id
),

chain_payments as (
    select
        tenant_id,
        claim_chain_id,
        sum(paid_amount) as paid_amount
    from {{ ref('fct_claims') }}
    group by tenant_id, claim_chain_id
),

claims as (
    select
        claims.tenant_id,
        cast(date_trunc('month', claims.submitted_date) as date) as month_date,
        claims.cut_off_date,
        coalesce(claims.payer_id, 'unknown') as payer_id,
        coalesce(claims.rendering_provider_npi, 'unknown') as rendering_provider_npi,
        coalesce(taxonomies.specialty, 'other') as specialty,
        case when claims.is_initially_denied then coalesce(claims.initial_reason_category, 'unmapped') else 'none' end
            as reason_category,
        case when claims.first_adjudicated_date is not null then 1 else 0 end as adjudicated_count,
        case when claims.is_initially_denied then 1 else 0 end as denied_count,
        case when claims.initial_outcome = 'denied' then 1 else 0 end as fully_denied_count,
        claims.charge_amount,
        case when claims.first_adjudicated_date is not null then claims.charge_amount else 0 end
            as adjudicated_charge_amount,
        coalesce(denied_amounts.denied_charge_amount, 0) as denied_charge_amount,
        coalesce(denied_amounts.denied_amount, 0) as denied_amount,
        coalesce(denied_amounts.recovered_amount, 0) as recovered_amount,
        coalesce(denied_amounts.recovered_count, 0) as recovered_count,
        coalesce(chain_payments.paid_amount, 0) as paid_amount
    from {{ ref('fct_claims') }} as claims
    left join {{ ref('provider_taxonomies') }} as taxonomies
        on claims.taxonomy_code = taxonomies.taxonomy_code
    left join denied_amounts
        on claims.tenant_id = denied_amounts.tenant_id and claims.claim_id = denied_amounts.claim_id
    left join chain_payments
        on claims.tenant_id = chain_payments.tenant_id and claims.claim_chain_id = chain_payments.claim_chain_id
    where
        claims.is_primary
        and claims.is_first_pass
        and claims.submitted_date is not null
)

select
    tenant_id,
    month_date,
    payer_id,
    rendering_provider_npi,
    specialty,
    reason_category,
    cast(count(*) as integer) as claim_count,
    cast(sum(adjudicated_count) as integer) as adjudicated_claim_count,
    cast(sum(denied_count) as integer) as denied_claim_count,
    cast(sum(fully_denied_count) as integer) as fully_denied_claim_count,
    cast(sum(recovered_count) as integer) as recovered_claim_count,
    cast(sum(charge_amount) as decimal(18, 2)) as charge_amount,
    cast(sum(adjudicated_charge_amount) as decimal(18, 2)) as adjudicated_charge_amount,
    cast(sum(denied_charge_amount) as decimal(18, 2)) as denied_charge_amount,
    cast(sum(denied_amount) as decimal(18, 2)) as denied_amount,
    cast(sum(recovered_amount) as decimal(18, 2)) as recovered_amount,
    cast(sum(paid_amount) as decimal(18, 2)) as paid_amount,
    cast(month_date + interval '1 month' as date) + {{ var('maturity_days') }} <= cut_off_date as is_mature
from claims
group by
    tenant_id, month_date, cut_off_date, payer_id, rendering_provider_npi, specialty, reason_category
