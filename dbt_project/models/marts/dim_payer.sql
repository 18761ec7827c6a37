-- The 837 names the payer that was billed, the 835 the payer that answered; the later name of either wins.
with named as (
    select
        tenant_id,
        payer_id,
        payer_name,
        submitted_date as named_date,
        1 as submission_count,
        0 as answer_count
    from {{ ref('int_claims__submissions') }}
    where payer_id is not null
    union all
    select
        tenant_id,
        payer_id,
        payer_name,
        adjudicated_date as named_date,
        0 as submission_count,
        1 as answer_count
    from {{ ref('int_remittances__iterations') }}
    where payer_id is not null
),

ranked as (
    select
        *,
        row_number() over (
            partition by tenant_id, payer_id
            order by
                case when payer_name is null then 1 else 0 end asc,
                submission_count desc,
                named_date desc,
                payer_name asc
        ) as position
    from named
)

select
    tenant_id,
    payer_id,
    max(case when position = 1 then payer_name end) as payer_name,
    cast(sum(submission_count) as integer) as submission_count,
    cast(sum(answer_count) as integer) as answer_count,
    min(named_date) as first_seen_date,
    max(named_date) as last_seen_date
from ranked
group by tenant_id, payer_id
