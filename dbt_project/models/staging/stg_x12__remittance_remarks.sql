select
    file_id || '-' || cast(claim_ordinal as text) as remittance_claim_id,
    file_id,
    transaction_ordinal,
    isa_control_number,
    gs_control_number,
    st_control_number,
    segment_ordinal,
    byte_offset,
    claim_ordinal,
    remark_ordinal,
    line_number,
    source,
    qualifier,
    remark_code,
    tenant_id,
    received_date
from {{ source('bronze', 'remittance_remarks') }}
