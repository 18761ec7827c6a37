-- Diagnoses in use, from every HI of accepted claims: the letter A before the qualifier says ICD-10.
{{ config(materialized='view') }}
select
    codes.tenant_id,
    case when codes.qualifier like 'A%' then 'ICD-10' else 'ICD-9' end as icd_version,
    codes.code as diagnosis_code,
    count(distinct codes.claim_id) as submission_count,
    sum(case when codes.qualifier in ('ABK', 'BK') then 1 else 0 end) as principal_count,
    min(submissions.service_from_date) as first_used_date,
    max(submissions.service_from_date) as last_used_date
from {{ ref('stg_x12__claim_codes') }} as codes
inner join {{ ref('int_claims__submissions') }} as submissions
    on codes.tenant_id = submissions.tenant_id and codes.claim_id = submissions.claim_id
where
    codes.qualifier in ('ABK', 'ABF', 'ABJ', 'ABN', 'APR', 'BK', 'BF', 'BJ', 'BN', 'PR')
    and codes.code is not null
group by
    codes.tenant_id,
    case when codes.qualifier like 'A%' then 'ICD-10' else 'ICD-9' end,
    codes.code
