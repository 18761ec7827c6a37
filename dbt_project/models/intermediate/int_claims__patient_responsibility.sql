-- What the patient is left with. Each payer names its own patient share; the share that holds is that of the last payer
-- that answered, and while a later payer was asked and has not answered it is not the patient's yet.
{{ config(materialized='view') }}
with answered as (
    select
        *,
        row_number() over (partition by tenant_id, service_id order by payer_number) as first_position,
        row_number() over (partition by tenant_id, service_id order by payer_number desc) as last_position
    from {{ ref('int_claims__payer_chains') }}
    where is_answered
),

shares as (
    select
        tenant_id,
        service_id,
        max(case when first_position = 1 then claim_id end) as first_claim_id,
        max(case when last_position = 1 then claim_id end) as last_claim_id,
        max(payer_count) as payer_count,
        count(*) as answered_payer_count,
        max(case when last_position = 1 then payer_number end) as last_payer_number,
        sum(paid_amount) as paid_amount,
        sum(case when first_position = 1 then 0 else paid_amount end) as later_paid_amount,
        sum(case when first_position = 1 then patient_responsibility_amount else 0 end) as first_patient_amount,
        sum(case when last_position = 1 then patient_responsibility_amount else 0 end) as last_patient_amount
    from answered
    group by tenant_id, service_id
)

select
    tenant_id,
    service_id,
    first_claim_id,
    last_claim_id,
    payer_count,
    answered_payer_count,
    paid_amount,
    later_paid_amount,
    first_patient_amount,
    first_patient_amount - last_patient_amount as covered_later_amount,
    case when last_payer_number < payer_count then last_patient_amount else 0 end as awaiting_payer_amount,
    case when last_payer_number < payer_count then 0 else last_patient_amount end as patient_due_amount
from shares
