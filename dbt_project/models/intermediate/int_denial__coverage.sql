-- What the newest eligibility answer received by the day of submission says about the day of service. Each answer holds
-- until the next one for the same member and payer; an answer may list several spans.
with answers as (
    select
        tenant_id,
        subscriber_key,
        payer_id,
        received_date,
        lead(received_date) over (
            partition by tenant_id, subscriber_key, payer_id
            order by received_date
        ) as next_received_date,
        checked_date
    from (
        select
            tenant_id,
            subscriber_key,
            payer_id,
            received_date,
            max(checked_date) as checked_date
        from {{ ref('stg_extract__eligibility') }}
        group by tenant_id, subscriber_key, payer_id, received_date
    ) as days
),

newest as (
    select
        claims.tenant_id,
        claims.claim_id,
        claims.subscriber_key,
        claims.payer_id,
        claims.payer_responsibility_code,
        claims.service_from_date,
        answers.received_date,
        claims.submitted_date - coalesce(answers.checked_date, answers.received_date) as days_since_eligibility_check
    from {{ ref('int_denial__claims') }} as claims
    inner join answers
        on
            claims.tenant_id = answers.tenant_id
            and claims.subscriber_key = answers.subscriber_key
            and claims.payer_id = answers.payer_id
            and claims.submitted_date >= answers.received_date
            and (claims.submitted_date < answers.next_received_date or answers.next_received_date is null)
)

select
    newest.tenant_id,
    newest.claim_id,
    min(newest.days_since_eligibility_check) as days_since_eligibility_check,
    max(
        case
            when
                newest.service_from_date >= spans.coverage_from_date
                and (spans.coverage_through_date is null or newest.service_from_date <= spans.coverage_through_date)
                then 1
            else 0
        end
    ) = 1 as is_covered_on_service,
    max(
        case
            when
                newest.service_from_date >= spans.coverage_from_date
                and (spans.coverage_through_date is null or newest.service_from_date <= spans.coverage_through_date)
                then spans.plan_code
        end
    ) as plan_code,
    max(case when newest.payer_responsibility_code <> spans.payer_responsibility_code then 1 else 0 end) = 1
        as is_billed_out_of_turn,
    min(newest.service_from_date - spans.coverage_from_date) as days_coverage_before_service,
    min(newest.service_from_date - spans.coverage_through_date) as days_service_after_coverage
from newest
inner join {{ ref('stg_extract__eligibility') }} as spans
    on
        newest.tenant_id = spans.tenant_id
        and newest.subscriber_key = spans.subscriber_key
        and newest.payer_id = spans.payer_id
        and newest.received_date = spans.received_date
group by newest.tenant_id, newest.claim_id
