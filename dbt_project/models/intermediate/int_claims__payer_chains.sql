-- One service goes from payer to payer under one claim key: primary, secondary, tertiary, then the patient. Only the live
-- version at each payer counts. What a payer is told that those before it settled (AMT*D and CAS of the 837) stands
-- beside what they really paid by their own answers.
{{ config(materialized='view') }}
with live as (
    select
        submissions.tenant_id,
        coalesce(submissions.claim_key, submissions.claim_id) as service_id,
        submissions.claim_id,
        submissions.payer_id,
        submissions.payer_responsibility_code,
        case submissions.payer_responsibility_code
            when 'P' then 1
            when 'S' then 2
            when 'T' then 3
            when 'A' then 4
            when 'B' then 5
            when 'C' then 6
            when 'D' then 7
            when 'E' then 8
            when 'F' then 9
            when 'G' then 10
            when 'H' then 11
            else 12
        end as payer_rank,
        submissions.prior_payer_amount as declared_prior_payer_amount,
        balances.first_adjudicated_date is not null as is_answered,
        balances.charge_amount,
        balances.paid_amount,
        balances.patient_responsibility_amount
    from {{ ref('int_claims__submissions') }} as submissions
    inner join {{ ref('int_claims__balances') }} as balances
        on submissions.tenant_id = balances.tenant_id and submissions.claim_id = balances.claim_id
    where balances.is_live
)

select
    tenant_id,
    claim_id,
    service_id,
    payer_id,
    payer_responsibility_code,
    row_number() over (partition by tenant_id, service_id order by payer_rank, claim_id) as payer_number,
    count(*) over (partition by tenant_id, service_id) as payer_count,
    lag(claim_id) over (partition by tenant_id, service_id order by payer_rank, claim_id) as previous_claim_id,
    lead(claim_id) over (partition by tenant_id, service_id order by payer_rank, claim_id) as next_claim_id,
    is_answered,
    charge_amount,
    paid_amount,
    declared_prior_payer_amount,
    coalesce(
        sum(paid_amount) over (
            partition by tenant_id, service_id
            order by payer_rank, claim_id
            rows between unbounded preceding and 1 preceding
        ), 0
    ) as prior_paid_amount,
    patient_responsibility_amount
from live
