select
    file_id,
    row_ordinal,
    byte_offset,
    authorization_key,
    subscriber_key,
    payer_id,
    procedure_code,
    valid_from_date,
    valid_through_date,
    approved_units,
    issued_date,
    tenant_id,
    received_date
from {{ source('bronze', 'authorizations') }}
