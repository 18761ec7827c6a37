select
    tenant_id,
    diagnosis_code,
    icd_version,
    substring(diagnosis_code, 1, 3) as category_code,
    cast(submission_count as integer) as submission_count,
    cast(principal_count as integer) as principal_count,
    first_used_date,
    last_used_date
from {{ ref('int_claims__diagnoses') }}
