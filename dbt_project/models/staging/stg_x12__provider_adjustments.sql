select
    file_id,
    transaction_ordinal,
    isa_control_number,
    gs_control_number,
    st_control_number,
    segment_ordinal,
    byte_offset,
    adjustment_ordinal,
    provider_id,
    fiscal_period_date,
    reason_code,
    payer_claim_key,
    amount,
    tenant_id,
    received_date
from {{ source('bronze', 'provider_adjustments') }}
