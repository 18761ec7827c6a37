select
    claim_count,
    edit_count,
    claims_digest,
    rules_digest,
    reference_digest,
    edits_digest,
    overrides_digest,
    tenant_id,
    received_date
from {{ source('silver', 'claim_scrubs') }}
