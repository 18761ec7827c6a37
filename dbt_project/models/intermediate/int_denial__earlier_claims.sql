-- What the provider itself sent before: earlier submissions of the same claim, the same services under another number,
-- the patient's and the provider's claims so far. Only submissions of earlier days count.
with claims as (
    select * from {{ ref('int_denial__claims') }}
),

services as (
    select
        tenant_id,
        claim_id,
        string_agg(distinct procedure_code, ' ' order by procedure_code) as procedure_codes,
        max(case when procedure_group = 'therapy' then 1 else 0 end) as therapy_visit
    from {{ ref('int_denial__lines') }}
    group by tenant_id, claim_id
),

combined as (
    select
        claims.tenant_id,
        claims.claim_id,
        claims.claim_key,
        claims.submitted_day,
        claims.patient_key,
        claims.rendering_provider_npi,
        claims.payer_id,
        claims.subscriber_key,
        claims.payer_responsibility_code,
        services.therapy_visit,
        claims.patient_key || '|' || cast(claims.service_from_date as text) || '|' || claims.payer_responsibility_code
        || '|' || services.procedure_codes as service_id,
        claims.patient_key || '|' || cast(extract(year from claims.service_from_date) as text) as patient_year
    from claims
    inner join services
        on claims.tenant_id = services.tenant_id and claims.claim_id = services.claim_id
),

tenants as (
    select
        tenant_id,
        min(submitted_day) as first_day
    from claims
    group by tenant_id
),

rejections as (
    select
        claims.tenant_id,
        claims.claim_id,
        count(*) as earlier_rejection_count
    from claims
    inner join {{ ref('stg_x12__claim_statuses') }} as statuses
        on
            claims.tenant_id = statuses.tenant_id
            and claims.claim_key = statuses.claim_key
            and claims.submitted_date > statuses.received_date
    where statuses.level = 'claim' and statuses.category_code in ('A3', 'A6', 'A7', 'A8')
    group by claims.tenant_id, claims.claim_id
),

secondary_members as (
    select
        others.tenant_id,
        others.subscriber_key,
        min(claims.submitted_day) as first_day
    from {{ ref('stg_x12__claim_other_payers') }} as others
    inner join claims
        on others.tenant_id = claims.tenant_id and others.claim_id = claims.claim_id
    where others.payer_responsibility_code <> 'P' and claims.payer_responsibility_code = 'P'
    group by others.tenant_id, others.subscriber_key
),

counted as (
    select
        tenant_id,
        claim_id,
        subscriber_key,
        submitted_day,
        count(*) over (
            partition by tenant_id, claim_key order by submitted_day range between unbounded preceding and 1 preceding
        ) as earlier_submission_count,
        count(*) over (
            partition by tenant_id, service_id order by submitted_day range between unbounded preceding and 1 preceding
        ) as earlier_same_service_count,
        submitted_day - max(submitted_day) over (
            partition by tenant_id, service_id order by submitted_day range between unbounded preceding and 1 preceding
        ) as days_since_same_service,
        submitted_day - max(submitted_day) over (
            partition by tenant_id, patient_key order by submitted_day range between unbounded preceding and 1 preceding
        ) as days_since_last_claim,
        sum(therapy_visit) over (
            partition by tenant_id, patient_year
            order by submitted_day range between unbounded preceding and 1 preceding
        ) as therapy_visit_count,
        submitted_day - min(submitted_day) over (
            partition by tenant_id, rendering_provider_npi order by submitted_day
        ) as days_since_provider_first_claim,
        min(submitted_day) over (
            partition by tenant_id, rendering_provider_npi order by submitted_day
        ) as provider_first_day
    from combined
)

select
    counted.tenant_id,
    counted.claim_id,
    counted.earlier_submission_count,
    coalesce(rejections.earlier_rejection_count, 0) as earlier_rejection_count,
    counted.earlier_same_service_count,
    -- A claim that the clearinghouse turned away was never seen by the payer: sent again, it is no duplicate.
    greatest(0, counted.earlier_same_service_count - coalesce(rejections.earlier_rejection_count, 0))
        as earlier_delivered_same_service_count,
    counted.days_since_same_service,
    counted.days_since_last_claim,
    coalesce(counted.therapy_visit_count, 0) as earlier_therapy_visit_count,
    -- A provider who was there from the start is not new, however short the history.
    case when counted.provider_first_day - tenants.first_day > 30 then counted.days_since_provider_first_claim end
        as days_since_provider_first_claim,
    coalesce(secondary_members.first_day < counted.submitted_day, false) as is_member_known_as_secondary
from counted
inner join tenants
    on counted.tenant_id = tenants.tenant_id
left join rejections
    on counted.tenant_id = rejections.tenant_id and counted.claim_id = rejections.claim_id
left join secondary_members
    on counted.tenant_id = secondary_members.tenant_id and counted.subscriber_key = secondary_members.subscriber_key
