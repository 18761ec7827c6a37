-- A warning is no edit that a claim fails, and an override is a touch: who overrode an edit did not make the claim clean.
select
    tenant_id,
    claim_id,
    count(*) as edit_count
from {{ ref('int_claims__edits') }}
where severity = 'error'
group by tenant_id, claim_id
