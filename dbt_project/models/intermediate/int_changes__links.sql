-- What ties submissions, answers and statuses together: each with every value that a rule of matching goes by (its claim
-- key, the payer's numbers, member with day and charge), and sets of claims with the control numbers and totals that
-- acknowledgements go by. Rows of sets that are gone, or were read by other code, stay: a link too many costs time, one
-- too few is an error.
-- The branches of a template cannot be indented to the linter's liking.
-- noqa: disable=LT02
{{ config(materialized='incremental', incremental_strategy='append') }}
with sets as (
    select distinct
        tenant_id,
        file_id,
        transaction_ordinal,
        reader_version
    from {{ ref('int_changes__sets') }}
    where not is_removed
),

linked as (
    {% if is_incremental() %}
        select distinct
            tenant_id,
            file_id,
            transaction_ordinal,
            reader_version
        from {{ this }}
    {% else %}
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        reader_version
    from sets
    where 1 = 0
    {% endif %}
),

fresh as (
    select sets.*
    from sets
    left join linked
        on
            sets.tenant_id = linked.tenant_id
            and sets.file_id = linked.file_id
            and sets.transaction_ordinal = linked.transaction_ordinal
            and sets.reader_version = linked.reader_version
    where linked.file_id is null
),

transactions as (
    select
        fresh.tenant_id,
        fresh.file_id,
        fresh.transaction_ordinal,
        transactions.transaction_type,
        transactions.isa_control_number,
        transactions.gs_control_number,
        transactions.reference_id,
        transactions.group_sender_id,
        transactions.group_receiver_id,
        interchanges.sender_id,
        interchanges.receiver_id
    from fresh
    inner join {{ ref('stg_x12__transactions') }} as transactions
        on
            fresh.tenant_id = transactions.tenant_id
            and fresh.file_id = transactions.file_id
            and fresh.transaction_ordinal = transactions.transaction_ordinal
    left join {{ ref('stg_x12__interchanges') }} as interchanges
        on
            transactions.tenant_id = interchanges.tenant_id
            and transactions.file_id = interchanges.file_id
            and transactions.interchange_ordinal = interchanges.interchange_ordinal
),

claims as (
    select
        claims.tenant_id,
        claims.file_id,
        claims.transaction_ordinal,
        claims.claim_id,
        claims.claim_key,
        claims.payer_claim_key,
        claims.subscriber_key,
        coalesce(claims.billing_provider_npi, '') as provider_npi,
        claims.total_charge_amount
    from {{ ref('stg_x12__claims') }} as claims
    inner join fresh
        on
            claims.tenant_id = fresh.tenant_id
            and claims.file_id = fresh.file_id
            and claims.transaction_ordinal = fresh.transaction_ordinal
),

-- A claim that does not say its charge is worth its lines.
line_charges as (
    select
        lines.tenant_id,
        lines.claim_id,
        sum(lines.charge_amount) as charge_amount
    from {{ ref('stg_x12__claim_lines') }} as lines
    inner join claims
        on lines.tenant_id = claims.tenant_id and lines.claim_id = claims.claim_id
    where claims.total_charge_amount is null
    group by lines.tenant_id, lines.claim_id
),

answers as (
    select
        answers.tenant_id,
        answers.file_id,
        answers.transaction_ordinal,
        answers.remittance_claim_id,
        answers.claim_key,
        answers.payer_claim_key,
        answers.original_payer_claim_key,
        answers.subscriber_key,
        coalesce(answers.total_charge_amount, 0) as charge_amount
    from {{ ref('stg_x12__remittance_claims') }} as answers
    inner join fresh
        on
            answers.tenant_id = fresh.tenant_id
            and answers.file_id = fresh.file_id
            and answers.transaction_ordinal = fresh.transaction_ordinal
),

statuses as (
    select
        statuses.tenant_id,
        statuses.file_id,
        statuses.transaction_ordinal,
        statuses.file_id || '-' || cast(statuses.status_ordinal as text) as status_id,
        statuses.level,
        statuses.claim_key,
        statuses.payer_claim_key,
        statuses.batch_reference_id,
        coalesce(statuses.billing_provider_npi, '') as provider_npi,
        statuses.charge_amount
    from {{ ref('stg_x12__claim_statuses') }} as statuses
    inner join fresh
        on
            statuses.tenant_id = fresh.tenant_id
            and statuses.file_id = fresh.file_id
            and statuses.transaction_ordinal = fresh.transaction_ordinal
),

acknowledgements as (
    select
        acknowledgements.tenant_id,
        acknowledgements.file_id,
        acknowledgements.transaction_ordinal,
        acknowledgements.level,
        acknowledgements.acknowledged_isa_control_number,
        acknowledgements.acknowledged_gs_control_number
    from {{ ref('stg_x12__acknowledgements') }} as acknowledgements
    inner join fresh
        on
            acknowledgements.tenant_id = fresh.tenant_id
            and acknowledgements.file_id = fresh.file_id
            and acknowledgements.transaction_ordinal = fresh.transaction_ordinal
),

batches as (
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        'receiver' as level,
        '' as provider_npi,
        sum(total_charge_amount) as charge_amount
    from claims
    group by tenant_id, file_id, transaction_ordinal
    union all
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        'provider' as level,
        provider_npi,
        sum(total_charge_amount) as charge_amount
    from claims
    group by tenant_id, file_id, transaction_ordinal, provider_npi
),

-- A claim, an answer or a status has each of these once.
links_of_rows as (
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        'claim_id' as row_kind,
        claim_id as row_id,
        'key ' || coalesce(claim_key, claim_id) as link
    from claims
    union all
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        'claim_id' as row_kind,
        claim_id as row_id,
        'number ' || payer_claim_key as link
    from claims
    union all
    select
        claims.tenant_id,
        claims.file_id,
        claims.transaction_ordinal,
        'claim_id' as row_kind,
        claims.claim_id as row_id,
        'member ' || claims.subscriber_key || ' '
        || cast(coalesce(claims.total_charge_amount, line_charges.charge_amount, 0) as text) as link
    from claims
    left join line_charges
        on claims.tenant_id = line_charges.tenant_id and claims.claim_id = line_charges.claim_id
    union all
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        'remittance_claim_id' as row_kind,
        remittance_claim_id as row_id,
        'key ' || coalesce(claim_key, remittance_claim_id) as link
    from answers
    union all
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        'remittance_claim_id' as row_kind,
        remittance_claim_id as row_id,
        'number ' || payer_claim_key as link
    from answers
    union all
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        'remittance_claim_id' as row_kind,
        remittance_claim_id as row_id,
        'number ' || original_payer_claim_key as link
    from answers
    where coalesce(original_payer_claim_key <> payer_claim_key, true)
    union all
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        'remittance_claim_id' as row_kind,
        remittance_claim_id as row_id,
        'member ' || subscriber_key || ' ' || cast(charge_amount as text) as link
    from answers
    union all
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        'status_id' as row_kind,
        status_id as row_id,
        'key ' || claim_key as link
    from statuses
    where level = 'claim'
    union all
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        'status_id' as row_kind,
        status_id as row_id,
        'number ' || payer_claim_key as link
    from statuses
    where level = 'claim'
),

-- A set replies to one batch in many segments.
links_of_sets as (
    select
        transactions.tenant_id,
        transactions.file_id,
        transactions.transaction_ordinal,
        'batch' as row_kind,
        transactions.file_id || '-' || cast(transactions.transaction_ordinal as text) as row_id,
        'group ' || transactions.group_sender_id || ' ' || transactions.group_receiver_id || ' '
        || transactions.gs_control_number as link
    from transactions
    where transactions.transaction_type like '837%'
    union all
    select
        transactions.tenant_id,
        transactions.file_id,
        transactions.transaction_ordinal,
        'batch' as row_kind,
        transactions.file_id || '-' || cast(transactions.transaction_ordinal as text) as row_id,
        'interchange ' || transactions.sender_id || ' ' || transactions.receiver_id || ' '
        || transactions.isa_control_number as link
    from transactions
    where transactions.transaction_type like '837%'
    union all
    select
        transactions.tenant_id,
        transactions.file_id,
        transactions.transaction_ordinal,
        'batch' as row_kind,
        transactions.file_id || '-' || cast(transactions.transaction_ordinal as text) as row_id,
        'total ' || transactions.group_sender_id || ' ' || transactions.group_receiver_id || ' '
        || batches.level || ' ' || batches.provider_npi || ' ' || cast(batches.charge_amount as text) as link
    from transactions
    inner join batches
        on
            transactions.tenant_id = batches.tenant_id
            and transactions.file_id = batches.file_id
            and transactions.transaction_ordinal = batches.transaction_ordinal
    union all
    select
        transactions.tenant_id,
        transactions.file_id,
        transactions.transaction_ordinal,
        'reply' as row_kind,
        transactions.file_id || '-' || cast(transactions.transaction_ordinal as text) as row_id,
        case
            when acknowledgements.level = 'interchange' then
                'interchange ' || transactions.receiver_id || ' ' || transactions.sender_id || ' '
                || acknowledgements.acknowledged_isa_control_number
            else
                'group ' || transactions.group_receiver_id || ' ' || transactions.group_sender_id || ' '
                || acknowledgements.acknowledged_gs_control_number
        end as link
    from transactions
    inner join acknowledgements
        on
            transactions.tenant_id = acknowledgements.tenant_id
            and transactions.file_id = acknowledgements.file_id
            and transactions.transaction_ordinal = acknowledgements.transaction_ordinal
    union all
    select
        transactions.tenant_id,
        transactions.file_id,
        transactions.transaction_ordinal,
        'reply' as row_kind,
        transactions.file_id || '-' || cast(transactions.transaction_ordinal as text) as row_id,
        'total ' || transactions.group_receiver_id || ' ' || transactions.group_sender_id || ' '
        || statuses.level || ' ' || case when statuses.level = 'provider' then statuses.provider_npi else '' end
        || ' ' || cast(statuses.charge_amount as text) as link
    from transactions
    inner join statuses
        on
            transactions.tenant_id = statuses.tenant_id
            and transactions.file_id = statuses.file_id
            and transactions.transaction_ordinal = statuses.transaction_ordinal
    where statuses.level in ('receiver', 'provider')
    union all
    select
        transactions.tenant_id,
        transactions.file_id,
        transactions.transaction_ordinal,
        'batch' as row_kind,
        transactions.file_id || '-' || cast(transactions.transaction_ordinal as text) as row_id,
        'reference ' || transactions.group_sender_id || ' ' || transactions.group_receiver_id || ' '
        || transactions.reference_id as link
    from transactions
    where transactions.transaction_type like '837%'
    union all
    select
        transactions.tenant_id,
        transactions.file_id,
        transactions.transaction_ordinal,
        'reply' as row_kind,
        transactions.file_id || '-' || cast(transactions.transaction_ordinal as text) as row_id,
        'reference ' || transactions.group_receiver_id || ' ' || transactions.group_sender_id || ' '
        || statuses.batch_reference_id as link
    from transactions
    inner join statuses
        on
            transactions.tenant_id = statuses.tenant_id
            and transactions.file_id = statuses.file_id
            and transactions.transaction_ordinal = statuses.transaction_ordinal
    where statuses.batch_reference_id is not null
),

links as (
    select *
    from links_of_rows
    union all
    select distinct *
    from links_of_sets
)

select
    links.tenant_id,
    links.file_id,
    links.transaction_ordinal,
    links.row_kind,
    links.row_id,
    links.link,
    fresh.reader_version
from links
inner join fresh
    on
        links.tenant_id = fresh.tenant_id
        and links.file_id = fresh.file_id
        and links.transaction_ordinal = fresh.transaction_ordinal
where links.link is not null
