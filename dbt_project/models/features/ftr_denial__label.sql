-- Kept apart from the features on purpose: nothing in this table may be looked at when a claim is scored.
select
    tenant_id,
    claim_id,
    submitted_date,
    is_initially_denied,
    first_answered_date as first_adjudicated_date
from {{ ref('int_denial__claims') }}
where first_answered_date is not null
