-- Which transaction sets were there when, as a log: a set that is new, or was read differently, is a row; one whose
-- partition was replaced without it is a row with is_removed. A file's id is a hash of its bytes, so a set that stayed
-- is one that reads the same, as long as the same code reads it. Claims are found fault with by rules that change, and
-- by what came before them: so a set of claims is also one whose day has the same edits.
-- The branches of a template cannot be indented to the linter's liking.
-- noqa: disable=LT02
{{ config(materialized='incremental', incremental_strategy='append') }}
with present as (
    select
        sets.tenant_id,
        sets.file_id,
        sets.transaction_ordinal,
        sets.transaction_type,
        sets.received_date,
        sets.status,
        coalesce(sets.reader_version, '') as reader_version,
        coalesce(scrubs.edits_digest, '') || coalesce('/' || scrubs.overrides_digest, '') as made_with
    from {{ ref('stg_x12__transactions') }} as sets
    left join {{ ref('stg_scrub__claim_scrubs') }} as scrubs
        on
            sets.tenant_id = scrubs.tenant_id
            and sets.received_date = scrubs.received_date
            and sets.transaction_type like '837%'
)

{% if is_incremental() %}
,

newest as (
    select
        *,
        row_number() over (
            partition by tenant_id, file_id, transaction_ordinal
            order by changed_at desc
        ) as position
    from {{ this }}
),

known as (
    select *
    from newest
    where position = 1 and not is_removed
)

select
    present.tenant_id,
    present.file_id,
    present.transaction_ordinal,
    present.transaction_type,
    present.received_date,
    present.status,
    present.reader_version,
    present.made_with,
    false as is_removed,
    cast(current_timestamp as timestamp) as changed_at
from present
left join known
    on
        present.tenant_id = known.tenant_id
        and present.file_id = known.file_id
        and present.transaction_ordinal = known.transaction_ordinal
        and present.received_date = known.received_date
        and present.status = known.status
        and present.reader_version = known.reader_version
        and present.made_with = known.made_with
where known.file_id is null
union all
select
    known.tenant_id,
    known.file_id,
    known.transaction_ordinal,
    known.transaction_type,
    known.received_date,
    known.status,
    known.reader_version,
    known.made_with,
    true as is_removed,
    cast(current_timestamp as timestamp) as changed_at
from known
left join present
    on
        known.tenant_id = present.tenant_id
        and known.file_id = present.file_id
        and known.transaction_ordinal = present.transaction_ordinal
where present.file_id is null
{% else %}
select
    tenant_id,
    file_id,
    transaction_ordinal,
    transaction_type,
    received_date,
    status,
    reader_version,
    made_with,
    false as is_removed,
    cast(current_timestamp as timestamp) as changed_at
from present
{% endif %}
