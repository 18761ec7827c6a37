-- A claim goes out more than once under one CLM01 (original, replacement, void, the next payer). What the transaction
-- set says about the day it was created is the day of submission: the day a file was received can be years later.
{{ config(
    materialized='incremental', incremental_strategy='append',
    pre_hook="{{ forget_changed_rows('claim_id') }}", post_hook="{{ remember_build() }}"
) }}
with accepted_transactions as (
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        created_date
    from {{ ref('stg_x12__transactions') }}
    where status <> 'quarantined'
),

lines as (
    select
        tenant_id,
        claim_id,
        min(service_from_date) as service_from_date,
        max(coalesce(service_through_date, service_from_date)) as service_through_date,
        sum(charge_amount) as line_charge_amount
    from {{ changed_rows(ref('stg_x12__claim_lines'), 'claim_id') }}
    group by tenant_id, claim_id
),

prior_payments as (
    select
        tenant_id,
        claim_id,
        sum(paid_amount) as paid_amount
    from {{ changed_rows(ref('stg_x12__claim_other_payers'), 'claim_id') }}
    group by tenant_id, claim_id
),

prior_adjustments as (
    select
        tenant_id,
        claim_id,
        sum(amount) as adjustment_amount
    from {{ changed_rows(ref('stg_x12__claim_adjustments'), 'claim_id') }}
    where group_code <> 'PR'
    group by tenant_id, claim_id
),

sent as (
    select
        claims.tenant_id,
        claims.claim_id,
        coalesce(accepted_transactions.created_date, claims.received_date) as submitted_date
    from {{ changed_rows(ref('stg_x12__claims'), 'claim_id') }} as claims
    inner join accepted_transactions
        on
            claims.tenant_id = accepted_transactions.tenant_id
            and claims.file_id = accepted_transactions.file_id
            and claims.transaction_ordinal = accepted_transactions.transaction_ordinal
),

rejected as (
    select
        tenant_id,
        claim_id
    from {{ changed_rows(ref('int_claims__acknowledgements'), 'claim_id') }}
    where not is_accepted
    union
    select
        tenant_id,
        claim_id
    from {{ changed_rows(ref('int_claims__statuses'), 'claim_id') }}
    where stage = 'rejected'
)

select
    claims.tenant_id,
    claims.claim_id,
    claims.claim_key,
    coalesce(claims.claim_key, claims.claim_id)
    || '-' || coalesce(claims.payer_responsibility_code, 'P') as claim_chain_id,
    claims.claim_type,
    coalesce(claims.frequency_code, '1') as frequency_code,
    claims.received_date,
    sent.submitted_date,
    rejected.claim_id is not null as is_rejected,
    coalesce(lines.service_from_date, claims.statement_from_date) as service_from_date,
    coalesce(
        lines.service_through_date, claims.statement_through_date, lines.service_from_date, claims.statement_from_date
    ) as service_through_date,
    coalesce(claims.total_charge_amount, lines.line_charge_amount, 0) as charge_amount,
    lines.line_charge_amount,
    case
        when coalesce(claims.payer_responsibility_code, 'P') = 'P' then 0
        else
            greatest(
                0,
                least(
                    coalesce(claims.total_charge_amount, 0),
                    coalesce(prior_payments.paid_amount, 0) + coalesce(prior_adjustments.adjustment_amount, 0)
                )
            )
    end as prior_payer_amount,
    claims.line_count,
    claims.payer_id,
    claims.payer_name,
    coalesce(claims.payer_responsibility_code, 'P') as payer_responsibility_code,
    claims.claim_filing_code,
    claims.billing_provider_npi,
    claims.billing_provider_name,
    coalesce(claims.rendering_provider_npi, claims.attending_provider_npi, claims.billing_provider_npi)
        as rendering_provider_npi,
    coalesce(claims.rendering_provider_taxonomy_code, claims.billing_provider_taxonomy_code) as taxonomy_code,
    claims.billing_provider_taxonomy_code,
    claims.billing_provider_state,
    substring(claims.billing_provider_zip, 1, 3) as billing_provider_zip3,
    claims.service_facility_npi,
    claims.facility_type_code,
    claims.facility_code_qualifier,
    coalesce(claims.service_facility_npi, claims.billing_provider_npi, 'unknown')
    || '-' || coalesce(claims.facility_code_qualifier, '')
    || coalesce(claims.facility_type_code, '') as facility_id,
    claims.principal_diagnosis_code,
    claims.drg_code,
    claims.payer_claim_key,
    claims.subscriber_key,
    claims.patient_key,
    claims.patient_birth_year,
    claims.patient_sex_code,
    claims.patient_state,
    claims.patient_zip3,
    claims.file_id,
    claims.claim_ordinal,
    claims.transaction_ordinal,
    claims.segment_ordinal,
    claims.byte_offset,
    row_number() over (
        partition by
            claims.tenant_id, coalesce(claims.claim_key, claims.claim_id),
            coalesce(claims.payer_responsibility_code, 'P')
        order by sent.submitted_date, claims.received_date, claims.file_id, claims.claim_ordinal
    ) as submission_number,
    -- The first one that a payer got to see: what a first-pass rate counts.
    rejected.claim_id is null
    and coalesce(claims.frequency_code, '1') <> '8'
    and row_number() over (
        partition by
            claims.tenant_id, coalesce(claims.claim_key, claims.claim_id),
            coalesce(claims.payer_responsibility_code, 'P'), rejected.claim_id is null
        order by sent.submitted_date, claims.received_date, claims.file_id, claims.claim_ordinal
    ) = 1 as is_first_pass
from {{ changed_rows(ref('stg_x12__claims'), 'claim_id') }} as claims
inner join sent
    on claims.tenant_id = sent.tenant_id and claims.claim_id = sent.claim_id
left join rejected
    on claims.tenant_id = rejected.tenant_id and claims.claim_id = rejected.claim_id
left join lines
    on claims.tenant_id = lines.tenant_id and claims.claim_id = lines.claim_id
left join prior_payments
    on claims.tenant_id = prior_payments.tenant_id and claims.claim_id = prior_payments.claim_id
left join prior_adjustments
    on claims.tenant_id = prior_adjustments.tenant_id and claims.claim_id = prior_adjustments.claim_id
