-- Which submission an answer of the payer is about. In order of trust:
--   claim_key                CLP01 = CLM01. Among the submissions of that key: the payer's own, then the frequency code
--                            that CLP09 repeats, then the last one sent by the day on which the payer says to have
--                            received it (DTM*050). Where the payer does not say: first sent, first answered, that is,
--                            the oldest submission not yet answered or, where none waits, the last one answered.
--   payer_claim_key          CLP07 or its REF*F8 is a number that the claim, or an answer already matched, bears
--   subscriber_date_charge   same member, first day of service and charge, and only one submission fits
--   reversed_iteration       a reversal goes where the iteration went that it negates
--   unmatched                stays visible, with no claim
{{ config(
    materialized='incremental', incremental_strategy='append',
    pre_hook="{{ forget_changed_rows('remittance_claim_id') }}", post_hook="{{ remember_build() }}"
) }}
with answers as (
    select
        tenant_id,
        remittance_claim_id,
        claim_key,
        coalesce(original_payer_claim_key, payer_claim_key, remittance_claim_id) as episode_key,
        payer_claim_key,
        original_payer_claim_key,
        subscriber_key,
        payer_id,
        frequency_code,
        claim_received_date,
        adjudicated_date,
        received_date,
        service_from_date,
        charge_amount
    from {{ changed_rows(ref('int_remittances__iterations'), 'remittance_claim_id') }}
    where not is_reversal
),

submissions as (
    select
        tenant_id,
        claim_id,
        claim_key,
        payer_id,
        frequency_code,
        payer_claim_key,
        subscriber_key,
        service_from_date,
        charge_amount,
        submitted_date,
        row_number() over (partition by tenant_id, claim_key order by submitted_date, claim_chain_id, submission_number)
            as send_order
    from {{ changed_rows(ref('int_claims__submissions'), 'claim_id') }}
    where not is_rejected
),

candidates as (
    select
        answers.tenant_id,
        answers.remittance_claim_id,
        answers.claim_key,
        answers.episode_key,
        answers.claim_received_date,
        answers.adjudicated_date,
        answers.received_date,
        submissions.claim_id,
        submissions.submitted_date,
        submissions.send_order,
        case when submissions.payer_id = answers.payer_id then submissions.payer_id else '' end as payer_class,
        case when submissions.frequency_code = answers.frequency_code then submissions.frequency_code else '' end
            as frequency_class,
        rank() over (
            partition by answers.tenant_id, answers.remittance_claim_id
            order by
                case when submissions.payer_id = answers.payer_id then 0 else 1 end,
                case when submissions.frequency_code = answers.frequency_code then 0 else 1 end
        ) as preference
    from answers
    inner join submissions
        on answers.tenant_id = submissions.tenant_id and answers.claim_key = submissions.claim_key
),

preferred as (
    select
        *,
        row_number() over (
            partition by tenant_id, remittance_claim_id
            order by send_order
        ) as class_order
    from candidates
    where preference = 1
),

-- One row per payer's number of a claim: its corrections bear the same number and are answers to the same submission.
first_answers as (
    select
        tenant_id,
        claim_key,
        payer_class,
        frequency_class,
        episode_key,
        min(adjudicated_date) as first_adjudicated_date,
        min(received_date) as first_received_date
    from preferred
    group by tenant_id, claim_key, payer_class, frequency_class, episode_key
),

class_members as (
    select distinct
        tenant_id,
        claim_key,
        payer_class,
        frequency_class,
        claim_id,
        submitted_date,
        class_order
    from preferred
),

episodes as (
    select
        first_answers.tenant_id,
        first_answers.claim_key,
        first_answers.payer_class,
        first_answers.frequency_class,
        first_answers.episode_key,
        greatest(
            1,
            sum(case when class_members.submitted_date <= first_answers.first_adjudicated_date then 1 else 0 end)
        ) as sent_count,
        row_number() over (
            partition by
                first_answers.tenant_id, first_answers.claim_key,
                first_answers.payer_class, first_answers.frequency_class
            order by
                first_answers.first_adjudicated_date, first_answers.first_received_date, first_answers.episode_key
        ) as answer_order
    from first_answers
    inner join class_members
        on
            first_answers.tenant_id = class_members.tenant_id
            and first_answers.claim_key = class_members.claim_key
            and first_answers.payer_class = class_members.payer_class
            and first_answers.frequency_class = class_members.frequency_class
    group by
        first_answers.tenant_id,
        first_answers.claim_key,
        first_answers.payer_class,
        first_answers.frequency_class,
        first_answers.episode_key,
        first_answers.first_adjudicated_date,
        first_answers.first_received_date
),

-- answered(n) = min(answered(n - 1) + 1, sent(n)), written without recursion.
answered as (
    select
        tenant_id,
        claim_key,
        payer_class,
        frequency_class,
        episode_key,
        answer_order + least(
            0,
            min(sent_count - answer_order) over (
                partition by tenant_id, claim_key, payer_class, frequency_class
                order by answer_order
                rows between unbounded preceding and current row
            )
        ) as class_order
    from episodes
),

by_received_date as (
    select
        tenant_id,
        remittance_claim_id,
        claim_id,
        row_number() over (
            partition by tenant_id, remittance_claim_id
            order by submitted_date desc, send_order desc
        ) as position
    from preferred
    where submitted_date <= claim_received_date
),

by_claim_key as (
    select
        tenant_id,
        remittance_claim_id,
        claim_id
    from by_received_date
    where position = 1
    union all
    select
        preferred.tenant_id,
        preferred.remittance_claim_id,
        preferred.claim_id
    from preferred
    left join by_received_date
        on
            preferred.tenant_id = by_received_date.tenant_id
            and preferred.remittance_claim_id = by_received_date.remittance_claim_id
            and by_received_date.position = 1
    inner join answered
        on
            preferred.tenant_id = answered.tenant_id
            and preferred.claim_key = answered.claim_key
            and preferred.payer_class = answered.payer_class
            and preferred.frequency_class = answered.frequency_class
            and preferred.episode_key = answered.episode_key
            and preferred.class_order = answered.class_order
    where by_received_date.remittance_claim_id is null
),

without_claim_key as (
    select answers.*
    from answers
    left join by_claim_key
        on answers.tenant_id = by_claim_key.tenant_id and answers.remittance_claim_id = by_claim_key.remittance_claim_id
    where by_claim_key.remittance_claim_id is null
),

numbers as (
    select
        tenant_id,
        payer_claim_key as number_key,
        claim_id
    from submissions
    where payer_claim_key is not null
    union
    select
        answers.tenant_id,
        answers.payer_claim_key as number_key,
        by_claim_key.claim_id
    from answers
    inner join by_claim_key
        on answers.tenant_id = by_claim_key.tenant_id and answers.remittance_claim_id = by_claim_key.remittance_claim_id
    where answers.payer_claim_key is not null
),

wanted_numbers as (
    select
        tenant_id,
        remittance_claim_id,
        payer_claim_key as number_key,
        adjudicated_date
    from without_claim_key
    where payer_claim_key is not null
    union
    select
        tenant_id,
        remittance_claim_id,
        original_payer_claim_key as number_key,
        adjudicated_date
    from without_claim_key
    where original_payer_claim_key is not null
),

by_payer_claim_key as (
    select
        wanted_numbers.tenant_id,
        wanted_numbers.remittance_claim_id,
        submissions.claim_id,
        row_number() over (
            partition by wanted_numbers.tenant_id, wanted_numbers.remittance_claim_id
            order by
                case when submissions.submitted_date <= wanted_numbers.adjudicated_date then 0 else 1 end asc,
                submissions.submitted_date desc,
                submissions.claim_id asc
        ) as preference
    from wanted_numbers
    inner join numbers
        on wanted_numbers.tenant_id = numbers.tenant_id and wanted_numbers.number_key = numbers.number_key
    inner join submissions
        on numbers.tenant_id = submissions.tenant_id and numbers.claim_id = submissions.claim_id
),

by_member as (
    select
        without_claim_key.tenant_id,
        without_claim_key.remittance_claim_id,
        min(submissions.claim_id) as claim_id
    from without_claim_key
    inner join submissions
        on
            without_claim_key.tenant_id = submissions.tenant_id
            and without_claim_key.subscriber_key = submissions.subscriber_key
            and without_claim_key.service_from_date = submissions.service_from_date
            and without_claim_key.charge_amount = submissions.charge_amount
    left join by_payer_claim_key
        on
            without_claim_key.tenant_id = by_payer_claim_key.tenant_id
            and without_claim_key.remittance_claim_id = by_payer_claim_key.remittance_claim_id
    where by_payer_claim_key.remittance_claim_id is null
    group by without_claim_key.tenant_id, without_claim_key.remittance_claim_id
    having count(*) = 1
),

matched_answers as (
    select
        tenant_id,
        remittance_claim_id,
        claim_id,
        'claim_key' as match_method
    from by_claim_key
    union all
    select
        tenant_id,
        remittance_claim_id,
        claim_id,
        'payer_claim_key' as match_method
    from by_payer_claim_key
    where preference = 1
    union all
    select
        tenant_id,
        remittance_claim_id,
        claim_id,
        'subscriber_date_charge' as match_method
    from by_member
),

-- A reversal of something we never received can still be placed by its claim key: with the last submission before it.
lone_reversals as (
    select
        reversals.tenant_id,
        reversals.remittance_claim_id,
        submissions.claim_id,
        row_number() over (
            partition by reversals.tenant_id, reversals.remittance_claim_id
            order by
                case when submissions.payer_id = reversals.payer_id then 0 else 1 end asc,
                case when submissions.submitted_date <= reversals.adjudicated_date then 0 else 1 end asc,
                submissions.send_order desc
        ) as preference
    from {{ changed_rows(ref('int_remittances__iterations'), 'remittance_claim_id') }} as reversals
    inner join submissions
        on reversals.tenant_id = submissions.tenant_id and reversals.claim_key = submissions.claim_key
    where reversals.is_reversal and reversals.reverses_remittance_claim_id is null
),

matches as (
    select
        tenant_id,
        remittance_claim_id,
        claim_id,
        match_method
    from matched_answers
    union all
    select
        reversals.tenant_id,
        reversals.remittance_claim_id,
        matched_answers.claim_id,
        'reversed_iteration' as match_method
    from {{ changed_rows(ref('int_remittances__iterations'), 'remittance_claim_id') }} as reversals
    inner join matched_answers
        on
            reversals.tenant_id = matched_answers.tenant_id
            and reversals.reverses_remittance_claim_id = matched_answers.remittance_claim_id
    where reversals.is_reversal
    union all
    select
        tenant_id,
        remittance_claim_id,
        claim_id,
        'claim_key' as match_method
    from lone_reversals
    where preference = 1
)

select
    iterations.tenant_id,
    iterations.remittance_claim_id,
    matches.claim_id,
    coalesce(matches.match_method, 'unmatched') as match_method,
    cast(
        case
            when matches.match_method is null then 0
            when matches.match_method = 'subscriber_date_charge' then 0.6
            when matches.match_method = 'payer_claim_key' then 0.8
            when abs(iterations.charge_amount) = submissions.charge_amount then 1
            else 0.9
        end as decimal(3, 2)
    ) as match_confidence
from {{ changed_rows(ref('int_remittances__iterations'), 'remittance_claim_id') }} as iterations
left join matches
    on
        iterations.tenant_id = matches.tenant_id
        and iterations.remittance_claim_id = matches.remittance_claim_id
left join submissions
    on matches.tenant_id = submissions.tenant_id and matches.claim_id = submissions.claim_id
