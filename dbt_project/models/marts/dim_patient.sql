with ranked as (
    select
        tenant_id,
        patient_key,
        patient_birth_year,
        patient_sex_code,
        patient_state,
        patient_zip3,
        submitted_date,
        row_number() over (
            partition by tenant_id, patient_key
            order by submitted_date desc, claim_id desc
        ) as position
    from {{ ref('int_claims__submissions') }}
    where patient_key is not null
)

select
    tenant_id,
    patient_key,
    cast(max(case when position = 1 then patient_birth_year end) as integer) as birth_year,
    max(case when position = 1 then patient_sex_code end) as sex_code,
    max(case when position = 1 then patient_state end) as state,
    max(case when position = 1 then patient_zip3 end) as zip3,
    cast(count(*) as integer) as submission_count,
    min(submitted_date) as first_seen_date,
    max(submitted_date) as last_seen_date
from ranked
group by tenant_id, patient_key
