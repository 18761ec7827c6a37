-- What stops a claim from being clean. Today the errors that reading its file found on it; every other edit of a claim
-- belongs here too, so that one column says whether it passed them all.
select
    tenant_id,
    file_id || '-' || cast(claim_ordinal as text) as claim_id,
    count(*) as edit_count
from {{ ref('stg_x12__findings') }}
where severity = 'error' and claim_ordinal is not null
group by tenant_id, file_id || '-' || cast(claim_ordinal as text)
