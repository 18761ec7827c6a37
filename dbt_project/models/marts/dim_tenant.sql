select
    tenant_id,
    first_received_date,
    last_received_date,
    cast(file_count as integer) as file_count,
    cast(claim_file_count as integer) as claim_file_count,
    cast(remittance_file_count as integer) as remittance_file_count,
    cast(extract_file_count as integer) as extract_file_count,
    cast(transaction_count as integer) as transaction_count,
    cast(quarantined_transaction_count as integer) as quarantined_transaction_count
from {{ ref('int_tenants__files') }}
