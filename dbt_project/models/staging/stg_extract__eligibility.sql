select
    file_id,
    row_ordinal,
    byte_offset,
    subscriber_key,
    payer_id,
    plan_code,
    coverage_from_date,
    coverage_through_date,
    payer_responsibility_code,
    checked_date,
    tenant_id,
    received_date
from {{ source('bronze', 'eligibility') }}
