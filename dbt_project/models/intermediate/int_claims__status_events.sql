-- All that is known to have happened to a submission, from what was sent to what was paid, one row per segment that
-- says so. A correction is the answer after a reversal, or after an answer that was reversed, whichever came first.
{{ config(
    materialized='incremental', incremental_strategy='append',
    pre_hook="{{ forget_changed_rows('claim_id') }}", post_hook="{{ remember_build() }}"
) }}
with iterations as (
    select
        iterations.tenant_id,
        iterations.claim_id,
        iterations.remittance_claim_id,
        iterations.adjudicated_date,
        iterations.claim_status_code,
        iterations.iteration_number,
        iterations.is_reversal,
        iterations.is_reversed,
        iterations.is_standing,
        iterations.outcome,
        iterations.charge_amount,
        iterations.payment_amount,
        iterations.patient_responsibility_amount,
        iterations.denied_amount,
        answers.received_date,
        answers.file_id,
        answers.transaction_ordinal,
        answers.segment_ordinal,
        answers.byte_offset,
        -- Of one day: what is taken back, its reversal, what takes its place. Files of a day come in any order.
        case
            when answers.reversed_date = iterations.adjudicated_date then 1
            when iterations.is_reversal then 2
            else 3
        end as turn
    from {{ changed_rows(ref('int_claims__iterations'), 'remittance_claim_id') }} as iterations
    inner join {{ changed_rows(ref('int_remittances__iterations'), 'remittance_claim_id') }} as answers
        on
            iterations.tenant_id = answers.tenant_id
            and iterations.remittance_claim_id = answers.remittance_claim_id
),

turns as (
    select
        *,
        lag(is_reversal) over (
            partition by tenant_id, claim_id
            order by adjudicated_date, turn, iteration_number
        ) as follows_reversal,
        lag(is_reversed) over (
            partition by tenant_id, claim_id, is_reversal
            order by adjudicated_date, turn, iteration_number
        ) as follows_reversed
    from iterations
),

events as (
    select
        tenant_id,
        claim_id,
        'submitted' as status_code,
        0 as stage_order,
        0 as event_order,
        false as is_standing,
        '837' as source,
        'claim' as source_level,
        submitted_date as source_date,
        received_date,
        cast(null as text) as category_code,
        frequency_code as source_status_code,
        cast(null as text) as entity_code,
        cast(null as text) as action_code,
        cast(null as text) as error_code,
        cast(null as text) as remittance_claim_id,
        charge_amount,
        cast(null as decimal(18, 2)) as payment_amount,
        cast(null as decimal(18, 2)) as patient_responsibility_amount,
        cast(null as decimal(18, 2)) as denied_amount,
        file_id,
        transaction_ordinal,
        segment_ordinal,
        byte_offset
    from {{ changed_rows(ref('int_claims__submissions'), 'claim_id') }}
    union all
    select
        tenant_id,
        claim_id,
        case when is_accepted then 'accepted_by_clearinghouse' else 'rejected_by_clearinghouse' end as status_code,
        case when source_level = 'interchange' then 1 else 2 end as stage_order,
        0 as event_order,
        false as is_standing,
        source,
        source_level,
        source_date,
        received_date,
        null as category_code,
        source_status_code,
        null as entity_code,
        null as action_code,
        error_code,
        null as remittance_claim_id,
        null as charge_amount,
        null as payment_amount,
        null as patient_responsibility_amount,
        null as denied_amount,
        file_id,
        transaction_ordinal,
        segment_ordinal,
        byte_offset
    from {{ changed_rows(ref('int_claims__acknowledgements'), 'claim_id') }}
    union all
    select
        tenant_id,
        claim_id,
        case
            when stage in ('pending', 'finalized') then stage
            when is_of_payer then stage || '_by_payer'
            else stage || '_by_clearinghouse'
        end as status_code,
        case
            when stage = 'finalized' then 8
            when stage = 'pending' then 7
            when is_of_payer and source_level = 'claim' then 6
            when is_of_payer then 5
            when source_level = 'claim' then 4
            else 3
        end as stage_order,
        case source_level when 'source' then 0 when 'receiver' then 1 when 'provider' then 2 else 3 end as event_order,
        false as is_standing,
        source,
        source_level,
        source_date,
        received_date,
        category_code,
        source_status_code,
        entity_code,
        action_code,
        null as error_code,
        null as remittance_claim_id,
        charge_amount,
        payment_amount,
        null as patient_responsibility_amount,
        null as denied_amount,
        file_id,
        transaction_ordinal,
        segment_ordinal,
        byte_offset
    from {{ changed_rows(ref('int_claims__statuses'), 'claim_id') }}
    union all
    select
        tenant_id,
        claim_id,
        case
            when is_reversal then 'reversed'
            when coalesce(follows_reversal, false) or coalesce(follows_reversed, false) then 'corrected'
            when outcome = 'partly_denied' then 'partly_paid'
            else outcome
        end as status_code,
        8 + turn as stage_order,
        cast(iteration_number as integer) as event_order,
        is_standing,
        '835' as source,
        'claim' as source_level,
        adjudicated_date as source_date,
        received_date,
        null as category_code,
        claim_status_code as source_status_code,
        null as entity_code,
        null as action_code,
        null as error_code,
        remittance_claim_id,
        charge_amount,
        payment_amount,
        patient_responsibility_amount,
        denied_amount,
        file_id,
        transaction_ordinal,
        segment_ordinal,
        byte_offset
    from turns
)

select
    events.tenant_id,
    events.claim_id,
    submissions.claim_key,
    events.status_code,
    events.stage_order,
    events.event_order,
    events.is_standing,
    events.source,
    events.source_level,
    events.source_date,
    -- Clocks differ between partners: nothing happens to a claim before it is sent.
    greatest(events.source_date, submissions.submitted_date) as status_date,
    events.received_date,
    events.category_code,
    events.source_status_code,
    events.entity_code,
    events.action_code,
    events.error_code,
    events.remittance_claim_id,
    events.charge_amount,
    events.payment_amount,
    events.patient_responsibility_amount,
    events.denied_amount,
    events.file_id,
    events.transaction_ordinal,
    events.segment_ordinal,
    events.byte_offset
from events
inner join {{ changed_rows(ref('int_claims__submissions'), 'claim_id') }} as submissions
    on events.tenant_id = submissions.tenant_id and events.claim_id = submissions.claim_id
