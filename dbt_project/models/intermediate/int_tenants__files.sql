-- What came for each tenant, by kind of file, quarantined transaction sets included: they came too.
with files as (
    select
        tenant_id,
        file_id,
        max(received_date) as received_date,
        max(case when transaction_type like '837%' then 1 else 0 end) as claim_file_count,
        max(case when transaction_type = '835' then 1 else 0 end) as remittance_file_count,
        0 as extract_file_count,
        count(*) as transaction_count,
        sum(case when status = 'quarantined' then 1 else 0 end) as quarantined_count
    from {{ ref('stg_x12__transactions') }}
    group by tenant_id, file_id
    union all
    select
        tenant_id,
        file_id,
        max(received_date) as received_date,
        0 as claim_file_count,
        0 as remittance_file_count,
        1 as extract_file_count,
        0 as transaction_count,
        0 as quarantined_count
    from {{ ref('stg_extract__eligibility') }}
    group by tenant_id, file_id
    union all
    select
        tenant_id,
        file_id,
        max(received_date) as received_date,
        0 as claim_file_count,
        0 as remittance_file_count,
        1 as extract_file_count,
        0 as transaction_count,
        0 as quarantined_count
    from {{ ref('stg_extract__authorizations') }}
    group by tenant_id, file_id
)

select
    tenant_id,
    min(received_date) as first_received_date,
    max(received_date) as last_received_date,
    count(*) as file_count,
    sum(claim_file_count) as claim_file_count,
    sum(remittance_file_count) as remittance_file_count,
    sum(extract_file_count) as extract_file_count,
    sum(transaction_count) as transaction_count,
    sum(quarantined_count) as quarantined_transaction_count
from files
group by tenant_id
