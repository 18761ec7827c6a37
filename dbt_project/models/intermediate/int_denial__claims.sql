-- Every submission as it stood on the day it went out: what the claim says, and the day on which its first answer was
-- received. Days are whole numbers from 2000-01-01, so that windows over them mean the same in every engine.
{{ config(
    materialized='incremental', incremental_strategy='append',
    pre_hook="{{ forget_changed_rows('claim_id') }}", post_hook="{{ remember_build() }}"
) }}
with first_answers as (
    select
        iterations.tenant_id,
        iterations.claim_id,
        min(iterations.adjudicated_date) as first_adjudicated_date,
        min(remittances.received_date) as first_answered_date,
        max(case when iterations.outcome in ('denied', 'partly_denied') then 1 else 0 end) = 1 as is_initially_denied
    from {{ changed_rows(ref('int_claims__iterations'), 'remittance_claim_id') }} as iterations
    inner join {{ changed_rows(ref('int_remittances__iterations'), 'remittance_claim_id') }} as remittances
        on
            iterations.tenant_id = remittances.tenant_id
            and iterations.remittance_claim_id = remittances.remittance_claim_id
    where iterations.is_first
    group by iterations.tenant_id, iterations.claim_id
)

select
    submissions.tenant_id,
    submissions.claim_id,
    submissions.claim_key,
    submissions.claim_chain_id,
    submissions.submission_number,
    submissions.submitted_date,
    submissions.service_from_date,
    submissions.service_through_date,
    cast(submissions.submitted_date - date '2000-01-01' as integer) as submitted_day,
    cast(first_answers.first_answered_date - date '2000-01-01' as integer) as answered_day,
    first_answers.first_adjudicated_date,
    first_answers.first_answered_date,
    first_answers.is_initially_denied,
    submissions.claim_type,
    submissions.frequency_code,
    submissions.facility_type_code,
    submissions.charge_amount,
    submissions.payer_id,
    submissions.claim_filing_code,
    submissions.payer_responsibility_code,
    submissions.billing_provider_npi,
    submissions.rendering_provider_npi,
    submissions.taxonomy_code,
    submissions.billing_provider_state,
    submissions.subscriber_key,
    submissions.patient_key,
    submissions.patient_birth_year,
    submissions.patient_sex_code,
    submissions.patient_state,
    submissions.principal_diagnosis_code,
    submissions.drg_code,
    claims.relationship_code,
    claims.group_number,
    claims.diagnosis_count,
    claims.has_attachment,
    claims.other_payer_count,
    claims.authorization_key,
    claims.onset_date,
    claims.accident_date,
    claims.related_cause_code_1,
    claims.referring_provider_npi,
    claims.rendering_provider_npi as sent_rendering_provider_npi,
    claims.rendering_provider_taxonomy_code as sent_rendering_taxonomy_code,
    claims.billing_provider_taxonomy_code as sent_billing_taxonomy_code
from {{ changed_rows(ref('int_claims__submissions'), 'claim_id') }} as submissions
inner join {{ changed_rows(ref('stg_x12__claims'), 'claim_id') }} as claims
    on submissions.tenant_id = claims.tenant_id and submissions.claim_id = claims.claim_id
left join first_answers
    on submissions.tenant_id = first_answers.tenant_id and submissions.claim_id = first_answers.claim_id
