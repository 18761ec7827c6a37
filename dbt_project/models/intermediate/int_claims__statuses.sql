-- What 277CA and 277 say about each submission. A status of a claim names it by its key, or by the payer's number: it
-- speaks of the last submission sent by its day, before that of the one that bears the clearinghouse's number, went out
-- in the batch that the receiver level traces, goes to that payer, bears that charge. A status above the claim
-- (receiver, provider) of a 277CA traces its batch: TRN02 of the receiver is BHT03 of the 837. It holds for the claims
-- of the one batch of the last 30 days between the same partners that bears the reference. Where none does, or several,
-- it holds for the claims that the same transaction set names below it; where it names none, as when all of a batch is
-- turned away, for the one such batch whose charges add up to STC04. Where that is not one batch, for none.
with sets as (
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        transaction_type,
        group_sender_id,
        group_receiver_id,
        reference_id,
        coalesce(created_date, received_date) as created_date
    from {{ ref('stg_x12__transactions') }}
    where status <> 'quarantined'
),

sent as (
    select
        claims.tenant_id,
        claims.claim_id,
        claims.claim_key,
        claims.payer_id,
        claims.clearinghouse_trace_key,
        coalesce(claims.billing_provider_npi, '') as provider_npi,
        claims.total_charge_amount as charge_amount,
        claims.file_id,
        claims.transaction_ordinal,
        sets.group_sender_id,
        sets.group_receiver_id,
        sets.reference_id,
        sets.created_date as submitted_date
    from {{ ref('stg_x12__claims') }} as claims
    inner join sets
        on
            claims.tenant_id = sets.tenant_id
            and claims.file_id = sets.file_id
            and claims.transaction_ordinal = sets.transaction_ordinal
),

-- STC10 and STC11 qualify STC01: one rejection among the three rejects. Categories that say nothing about a claim's
-- way (A4 not found, D, E) have no stage.
statuses as (
    select
        statuses.tenant_id,
        statuses.file_id,
        statuses.transaction_ordinal,
        statuses.segment_ordinal,
        statuses.byte_offset,
        statuses.status_ordinal,
        statuses.level,
        statuses.claim_key,
        statuses.payer_claim_key,
        statuses.clearinghouse_trace_key,
        case when sets.transaction_type = '277CA' then statuses.batch_reference_id end as batch_reference_id,
        statuses.category_code,
        statuses.status_code,
        statuses.entity_code,
        statuses.action_code,
        statuses.charge_amount,
        statuses.payment_amount,
        coalesce(statuses.billing_provider_npi, '') as provider_npi,
        statuses.payer_id,
        statuses.received_date,
        sets.transaction_type,
        sets.group_sender_id,
        sets.group_receiver_id,
        coalesce(statuses.effective_date, sets.created_date) as source_date,
        case
            when
                statuses.category_code in ('A3', 'A6', 'A7', 'A8')
                or statuses.category_code_2 in ('A3', 'A6', 'A7', 'A8')
                or statuses.category_code_3 in ('A3', 'A6', 'A7', 'A8')
                or (statuses.action_code = 'U' and coalesce(statuses.category_code, 'A') like 'A%')
                then 'rejected'
            when statuses.category_code in ('A0', 'A1', 'A2', 'A5') then 'accepted'
            when statuses.category_code like 'P%' or statuses.category_code like 'R%' then 'pending'
            when statuses.category_code like 'F%' then 'finalized'
        end as stage,
        -- HL 20 names who speaks: a payer bears an id there. A clearinghouse that passes on "accepted for adjudication"
        -- or "the payer has it" speaks of the payer.
        statuses.payer_id is not null
        or sets.transaction_type = '277'
        or (
            statuses.level = 'claim'
            and (
                statuses.category_code = 'A2'
                or (statuses.category_code in ('A0', 'A1', 'A5') and statuses.entity_code = 'PR')
            )
        ) as is_of_payer
    from {{ ref('stg_x12__claim_statuses') }} as statuses
    inner join sets
        on
            statuses.tenant_id = sets.tenant_id
            and statuses.file_id = sets.file_id
            and statuses.transaction_ordinal = sets.transaction_ordinal
    where statuses.level <> 'line'
),

numbers as (
    select
        tenant_id,
        payer_claim_key,
        claim_key
    from {{ ref('stg_x12__claims') }}
    where payer_claim_key is not null and claim_key is not null
    union
    select
        tenant_id,
        payer_claim_key,
        claim_key
    from {{ ref('stg_x12__remittance_claims') }}
    where payer_claim_key is not null and claim_key is not null
),

keys as (
    select
        tenant_id,
        file_id,
        status_ordinal,
        claim_key,
        1 as trust
    from statuses
    where level = 'claim' and claim_key is not null
    union all
    select
        statuses.tenant_id,
        statuses.file_id,
        statuses.status_ordinal,
        numbers.claim_key,
        2 as trust
    from statuses
    inner join numbers
        on statuses.tenant_id = numbers.tenant_id and statuses.payer_claim_key = numbers.payer_claim_key
    where statuses.level = 'claim'
),

candidates as (
    select
        statuses.tenant_id,
        statuses.file_id,
        statuses.transaction_ordinal,
        statuses.status_ordinal,
        statuses.provider_npi,
        sent.claim_id,
        row_number() over (
            partition by statuses.tenant_id, statuses.file_id, statuses.status_ordinal
            order by
                keys.trust asc,
                case when statuses.clearinghouse_trace_key = sent.clearinghouse_trace_key then 0 else 1 end asc,
                case when statuses.batch_reference_id = sent.reference_id then 0 else 1 end asc,
                case when statuses.payer_id = sent.payer_id then 0 else 1 end asc,
                case when statuses.charge_amount = sent.charge_amount then 0 else 1 end asc,
                sent.submitted_date desc,
                sent.claim_id desc
        ) as position
    from statuses
    inner join keys
        on
            statuses.tenant_id = keys.tenant_id
            and statuses.file_id = keys.file_id
            and statuses.status_ordinal = keys.status_ordinal
    inner join sent
        on
            keys.tenant_id = sent.tenant_id
            and keys.claim_key = sent.claim_key
            and statuses.source_date >= sent.submitted_date
),

named as (
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        status_ordinal,
        provider_npi,
        claim_id
    from candidates
    where position = 1
),

above_named as (
    select distinct
        statuses.tenant_id,
        statuses.file_id,
        statuses.status_ordinal,
        named.claim_id
    from statuses
    inner join named
        on
            statuses.tenant_id = named.tenant_id
            and statuses.file_id = named.file_id
            and statuses.transaction_ordinal = named.transaction_ordinal
            and (statuses.level <> 'provider' or statuses.provider_npi = named.provider_npi)
    where statuses.level in ('source', 'receiver', 'provider')
),

-- What a total can be of: all claims of a set, or those of one of its billing providers.
batch_claims as (
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        group_sender_id,
        group_receiver_id,
        reference_id,
        submitted_date,
        'receiver' as level,
        '' as provider_npi,
        claim_id,
        charge_amount
    from sent
    union all
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        group_sender_id,
        group_receiver_id,
        reference_id,
        submitted_date,
        'provider' as level,
        provider_npi,
        claim_id,
        charge_amount
    from sent
),

batches as (
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        group_sender_id,
        group_receiver_id,
        reference_id,
        submitted_date,
        level,
        provider_npi,
        sum(charge_amount) as charge_amount
    from batch_claims
    group by
        tenant_id, file_id, transaction_ordinal, group_sender_id, group_receiver_id, reference_id, submitted_date,
        level, provider_npi
),

-- Two joins, each by an equality: one join by "reference or total" compares every status with every batch of its partners.
traced_candidates as (
    select
        statuses.tenant_id,
        statuses.file_id,
        statuses.status_ordinal,
        batches.file_id as sent_file_id,
        batches.transaction_ordinal as sent_transaction_ordinal,
        batches.level,
        batches.provider_npi
    from statuses
    inner join batches
        on
            statuses.tenant_id = batches.tenant_id
            and statuses.batch_reference_id = batches.reference_id
            and statuses.group_sender_id = batches.group_receiver_id
            and statuses.group_receiver_id = batches.group_sender_id
            and statuses.level = batches.level
            and case when statuses.level = 'provider' then statuses.provider_npi else '' end = batches.provider_npi
            and statuses.source_date >= batches.submitted_date
            and statuses.source_date - batches.submitted_date <= 30
),

traced_batches as (
    select
        tenant_id,
        file_id,
        status_ordinal,
        min(sent_file_id) as sent_file_id,
        min(sent_transaction_ordinal) as sent_transaction_ordinal,
        min(level) as level,
        min(provider_npi) as provider_npi
    from traced_candidates
    group by tenant_id, file_id, status_ordinal
    having count(*) = 1
),

-- By the claims named below, where the reference leads to no one batch.
above_untraced as (
    select
        above_named.tenant_id,
        above_named.file_id,
        above_named.status_ordinal,
        above_named.claim_id
    from above_named
    left join traced_batches
        on
            above_named.tenant_id = traced_batches.tenant_id
            and above_named.file_id = traced_batches.file_id
            and above_named.status_ordinal = traced_batches.status_ordinal
    where traced_batches.status_ordinal is null
),

placed_above as (
    select
        tenant_id,
        file_id,
        status_ordinal
    from traced_batches
    union
    select
        tenant_id,
        file_id,
        status_ordinal
    from above_named
),

unplaced as (
    select statuses.*
    from statuses
    left join placed_above
        on
            statuses.tenant_id = placed_above.tenant_id
            and statuses.file_id = placed_above.file_id
            and statuses.status_ordinal = placed_above.status_ordinal
    where statuses.level in ('receiver', 'provider') and placed_above.status_ordinal is null
),

totalled_batches as (
    select
        unplaced.tenant_id,
        unplaced.file_id,
        unplaced.status_ordinal,
        min(batches.file_id) as sent_file_id,
        min(batches.transaction_ordinal) as sent_transaction_ordinal,
        min(batches.level) as level,
        min(batches.provider_npi) as provider_npi
    from unplaced
    inner join batches
        on
            unplaced.tenant_id = batches.tenant_id
            and unplaced.charge_amount = batches.charge_amount
            and unplaced.group_sender_id = batches.group_receiver_id
            and unplaced.group_receiver_id = batches.group_sender_id
            and unplaced.level = batches.level
            and case when unplaced.level = 'provider' then unplaced.provider_npi else '' end = batches.provider_npi
            and unplaced.source_date >= batches.submitted_date
            and unplaced.source_date - batches.submitted_date <= 30
    group by unplaced.tenant_id, unplaced.file_id, unplaced.status_ordinal
    having count(*) = 1
),

answered_batches as (
    select * from traced_batches
    union all
    select * from totalled_batches
),

placed as (
    select
        tenant_id,
        file_id,
        status_ordinal,
        claim_id
    from named
    union all
    select
        tenant_id,
        file_id,
        status_ordinal,
        claim_id
    from above_untraced
    union all
    select
        answered_batches.tenant_id,
        answered_batches.file_id,
        answered_batches.status_ordinal,
        batch_claims.claim_id
    from answered_batches
    inner join batch_claims
        on
            answered_batches.tenant_id = batch_claims.tenant_id
            and answered_batches.sent_file_id = batch_claims.file_id
            and answered_batches.sent_transaction_ordinal = batch_claims.transaction_ordinal
            and answered_batches.level = batch_claims.level
            and answered_batches.provider_npi = batch_claims.provider_npi
)

select
    statuses.tenant_id,
    placed.claim_id,
    statuses.stage,
    statuses.is_of_payer,
    statuses.transaction_type as source,
    statuses.level as source_level,
    statuses.source_date,
    statuses.received_date,
    statuses.category_code,
    statuses.status_code as source_status_code,
    statuses.entity_code,
    statuses.action_code,
    -- STC04 and STC05 above the claim are totals of the batch.
    case when statuses.level = 'claim' then statuses.charge_amount end as charge_amount,
    case when statuses.level = 'claim' then statuses.payment_amount end as payment_amount,
    statuses.file_id,
    statuses.transaction_ordinal,
    statuses.segment_ordinal,
    statuses.byte_offset
from statuses
inner join placed
    on
        statuses.tenant_id = placed.tenant_id
        and statuses.file_id = placed.file_id
        and statuses.status_ordinal = placed.status_ordinal
where statuses.stage is not null
