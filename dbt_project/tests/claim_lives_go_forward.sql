-- Every submission lives from its CLM on: a first row that says submitted, rows without gap, days that never go back,
-- one row that is current, and an answer of an 835 exactly where the claim is answered.
with steps as (
    select
        tenant_id,
        claim_id,
        status_ordinal,
        status_date,
        is_current,
        source,
        lag(status_date) over (partition by tenant_id, claim_id order by status_ordinal) as previous_date
    from {{ ref('fct_claim_status_history') }}
),

lives as (
    select
        tenant_id,
        claim_id,
        count(*) as step_count,
        min(status_ordinal) as first_ordinal,
        max(status_ordinal) as last_ordinal,
        sum(case when is_current then 1 else 0 end) as current_count,
        sum(case when status_date < previous_date then 1 else 0 end) as backward_count,
        max(case when source = '835' then 1 else 0 end) = 1 as is_answered
    from steps
    group by tenant_id, claim_id
)

select
    claims.tenant_id,
    claims.claim_id,
    lives.step_count,
    lives.current_count,
    lives.backward_count,
    lives.is_answered
from {{ ref('fct_claims') }} as claims
left join lives
    on claims.tenant_id = lives.tenant_id and claims.claim_id = lives.claim_id
where
    lives.claim_id is null
    or lives.first_ordinal <> 1
    or lives.last_ordinal <> lives.step_count
    or lives.current_count <> 1
    or lives.backward_count <> 0
    or lives.is_answered <> (claims.iteration_count > 0)
