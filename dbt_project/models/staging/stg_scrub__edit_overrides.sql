select
    edit_id,
    claim_id,
    rule_id,
    overridden_date,
    actor_role,
    tenant_id,
    received_date
from {{ source('silver', 'edit_overrides') }}
