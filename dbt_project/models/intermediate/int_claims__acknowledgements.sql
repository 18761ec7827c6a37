-- What 999, 997 and TA1 say about each submission: by GS06 and ST02, or ISA13, between the same two partners. Control
-- numbers are used again, so an answer speaks of the last thing sent under its number by its day.
{{ config(
    materialized='incremental', incremental_strategy='append',
    pre_hook="{{ forget_changed_rows('claim_id') }}", post_hook="{{ remember_build() }}"
) }}
with sets as (
    select
        transactions.tenant_id,
        transactions.file_id,
        transactions.transaction_ordinal,
        transactions.interchange_ordinal,
        transactions.group_ordinal,
        transactions.transaction_type,
        transactions.implementation_guide,
        transactions.isa_control_number,
        transactions.gs_control_number,
        transactions.st_control_number,
        transactions.group_sender_id,
        transactions.group_receiver_id,
        transactions.received_date,
        interchanges.sender_id,
        interchanges.receiver_id,
        coalesce(transactions.created_date, transactions.received_date) as submitted_date,
        coalesce(transactions.created_date, interchanges.interchange_date, transactions.received_date) as answered_date
    from {{ ref('stg_x12__transactions') }} as transactions
    left join {{ ref('stg_x12__interchanges') }} as interchanges
        on
            transactions.tenant_id = interchanges.tenant_id
            and transactions.file_id = interchanges.file_id
            and transactions.interchange_ordinal = interchanges.interchange_ordinal
    where transactions.status <> 'quarantined'
),

sent_sets as (
    select *
    from sets
    where transaction_type like '837%'
),

answers as (
    select
        acknowledgements.tenant_id,
        acknowledgements.file_id,
        acknowledgements.transaction_ordinal,
        acknowledgements.segment_ordinal,
        acknowledgements.byte_offset,
        acknowledgements.acknowledgement_ordinal,
        acknowledgements.acknowledgement_type,
        acknowledgements.level,
        acknowledgements.acknowledged_isa_control_number,
        acknowledgements.acknowledged_gs_control_number,
        acknowledgements.acknowledged_st_control_number,
        acknowledgements.acknowledged_guide,
        acknowledgements.status_code,
        acknowledgements.error_code,
        acknowledgements.received_date,
        sets.group_sender_id,
        sets.group_receiver_id,
        sets.sender_id,
        sets.receiver_id,
        sets.answered_date,
        -- A group accepted in part (P) names the sets that were not; the others are in.
        case
            when acknowledgements.status_code in ('A', 'E') then true
            when acknowledgements.level = 'group' and acknowledgements.status_code = 'P' then true
            when acknowledgements.status_code in ('R', 'M', 'W', 'X') then false
        end as is_accepted
    from {{ ref('stg_x12__acknowledgements') }} as acknowledgements
    inner join sets
        on
            acknowledgements.tenant_id = sets.tenant_id
            and acknowledgements.file_id = sets.file_id
            and acknowledgements.transaction_ordinal = sets.transaction_ordinal
    where acknowledgements.level in ('interchange', 'group', 'transaction')
),

group_candidates as (
    select
        answers.*,
        sent_sets.file_id as sent_file_id,
        sent_sets.transaction_ordinal as sent_transaction_ordinal,
        rank() over (
            partition by answers.tenant_id, answers.file_id, answers.acknowledgement_ordinal
            order by
                sent_sets.submitted_date desc, sent_sets.received_date desc, sent_sets.file_id desc,
                sent_sets.group_ordinal desc
        ) as recency
    from answers
    inner join sent_sets
        on
            answers.tenant_id = sent_sets.tenant_id
            and answers.acknowledged_gs_control_number = sent_sets.gs_control_number
            and answers.group_sender_id = sent_sets.group_receiver_id
            and answers.group_receiver_id = sent_sets.group_sender_id
            and answers.answered_date >= sent_sets.submitted_date
    where
        answers.level in ('group', 'transaction')
        and answers.is_accepted is not null
        and (answers.level = 'group' or answers.acknowledged_st_control_number = sent_sets.st_control_number)
        -- A group of another kind can bear the same number. A 997 need not say which guide it answers.
        and (
            answers.acknowledged_guide is null
            or sent_sets.implementation_guide is null
            or substring(answers.acknowledged_guide, 1, 10) = substring(sent_sets.implementation_guide, 1, 10)
        )
),

-- One answer a set: that of the set itself before that of its group, unless the group as a whole was turned away.
group_answers as (
    select
        *,
        row_number() over (
            partition by tenant_id, file_id, transaction_ordinal, sent_file_id, sent_transaction_ordinal
            order by
                case when is_accepted then 1 else 0 end,
                case when level = 'transaction' then 0 else 1 end,
                acknowledgement_ordinal
        ) as position
    from group_candidates
    where recency = 1
),

interchange_answers as (
    select
        answers.*,
        sent_sets.file_id as sent_file_id,
        sent_sets.transaction_ordinal as sent_transaction_ordinal,
        rank() over (
            partition by answers.tenant_id, answers.file_id, answers.acknowledgement_ordinal
            order by
                sent_sets.submitted_date desc, sent_sets.received_date desc, sent_sets.file_id desc,
                sent_sets.interchange_ordinal desc
        ) as recency
    from answers
    inner join sent_sets
        on
            answers.tenant_id = sent_sets.tenant_id
            and answers.acknowledged_isa_control_number = sent_sets.isa_control_number
            and answers.sender_id = sent_sets.receiver_id
            and answers.receiver_id = sent_sets.sender_id
            and answers.answered_date >= sent_sets.submitted_date
    where answers.level = 'interchange' and answers.is_accepted is not null
),

answered_sets as (
    select
        tenant_id,
        sent_file_id,
        sent_transaction_ordinal,
        acknowledgement_type,
        level,
        is_accepted,
        answered_date,
        received_date,
        status_code,
        error_code,
        file_id,
        transaction_ordinal,
        segment_ordinal,
        byte_offset
    from group_answers
    where position = 1
    union all
    select
        tenant_id,
        sent_file_id,
        sent_transaction_ordinal,
        acknowledgement_type,
        level,
        is_accepted,
        answered_date,
        received_date,
        status_code,
        error_code,
        file_id,
        transaction_ordinal,
        segment_ordinal,
        byte_offset
    from interchange_answers
    where recency = 1
)

select
    claims.tenant_id,
    claims.claim_id,
    answered_sets.is_accepted,
    answered_sets.acknowledgement_type as source,
    answered_sets.level as source_level,
    answered_sets.answered_date as source_date,
    answered_sets.received_date,
    answered_sets.status_code as source_status_code,
    answered_sets.error_code,
    answered_sets.file_id,
    answered_sets.transaction_ordinal,
    answered_sets.segment_ordinal,
    answered_sets.byte_offset
from answered_sets
inner join {{ changed_rows(ref('stg_x12__claims'), 'claim_id') }} as claims
    on
        answered_sets.tenant_id = claims.tenant_id
        and answered_sets.sent_file_id = claims.file_id
        and answered_sets.sent_transaction_ordinal = claims.transaction_ordinal
