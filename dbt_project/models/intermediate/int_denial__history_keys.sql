-- What is asked of history for each submission, and what each first answer adds to it. `subject` names the kind of
-- history, `subject_value` whose it is. `is_evidence` is false where the claim is asked about but teaches nothing itself
-- (a line with a valid authorization says nothing about what happens without one).
with claims as (
    select * from {{ ref('int_denial__claims') }}
),

lines as (
    select
        lines.*,
        claims.is_initially_denied as is_claim_denied,
        authorizations.authorization_state
    from {{ ref('int_denial__lines') }} as lines
    inner join claims
        on lines.tenant_id = claims.tenant_id and lines.claim_id = claims.claim_id
    inner join {{ ref('int_denial__authorizations') }} as authorizations
        on lines.tenant_id = authorizations.tenant_id and lines.claim_id = authorizations.claim_id
    where lines.procedure_group <> 'reporting'
),

principal as (
    select
        tenant_id,
        claim_id,
        procedure_code
    from (
        select
            tenant_id,
            claim_id,
            procedure_code,
            row_number() over (partition by tenant_id, claim_id order by charge_amount desc, line_number) as position
        from {{ ref('int_denial__lines') }}
    ) as ranked
    where position = 1
),

pairs as (
    select
        lines.tenant_id,
        lines.claim_id,
        lines.submitted_day,
        lines.answered_day,
        lines.procedure_code,
        lines.procedure_group,
        lines.modifier_codes,
        lines.reason_category,
        others.procedure_code as other_procedure_code
    from lines
    inner join lines as others
        on
            lines.tenant_id = others.tenant_id
            and lines.claim_id = others.claim_id
            and lines.procedure_code <> others.procedure_code
    where lines.claim_type = 'professional' or lines.procedure_group <> 'revenue'
),

keys as (
    select
        tenant_id, claim_id, submitted_day, answered_day, 'payer' as subject, payer_id as subject_value,
        is_initially_denied as is_denied, true as is_evidence
    from claims
    union all
    select
        tenant_id, claim_id, submitted_day, answered_day, 'provider', rendering_provider_npi, is_initially_denied, true
    from claims
    union all
    select
        tenant_id, claim_id, submitted_day, answered_day, 'payer_provider', payer_id || '|' || rendering_provider_npi,
        is_initially_denied, true
    from claims
    union all
    select tenant_id, claim_id, submitted_day, answered_day, 'patient', patient_key, is_initially_denied, true
    from claims
    union all
    select
        claims.tenant_id, claims.claim_id, claims.submitted_day, claims.answered_day, 'payer_procedure',
        claims.payer_id || '|' || principal.procedure_code, claims.is_initially_denied, true
    from claims
    inner join principal
        on claims.tenant_id = principal.tenant_id and claims.claim_id = principal.claim_id
    union all
    select
        tenant_id, claim_id, submitted_day, answered_day, 'unauthorized_procedure', payer_id || '|' || procedure_code,
        coalesce(reason_category = 'authorization', false), authorization_state <> 'valid'
    from lines
    union all
    select
        tenant_id, claim_id, submitted_day, answered_day, 'covered_procedure', payer_id || '|' || procedure_code,
        coalesce(reason_category = 'non_covered_benefit', false), true
    from lines
    union all
    select
        tenant_id, claim_id, submitted_day, answered_day, 'diagnosis_procedure',
        coalesce(diagnosis_code, '') || '|' || procedure_code, coalesce(reason_category = 'medical_necessity', false), true
    from lines
    union all
    select
        tenant_id, claim_id, submitted_day, answered_day, 'modified_procedure',
        procedure_code || '|' || modifier_codes, coalesce(reason_category = 'coding', false), true
    from lines
    union all
    select
        tenant_id, claim_id, submitted_day, answered_day, 'procedure_units',
        procedure_code || '|' || cast(cast(unit_count as integer) as text),
        coalesce(reason_category = 'frequency', false), true
    from lines
    union all
    select
        tenant_id, claim_id, submitted_day, answered_day, 'procedure_pair',
        procedure_code || '|' || modifier_codes || '|' || other_procedure_code,
        coalesce(reason_category in ('bundling', 'coding'), false), true
    from pairs
)

select
    tenant_id,
    claim_id,
    subject,
    subject_value,
    submitted_day,
    answered_day,
    is_denied,
    is_evidence
from keys
where subject_value is not null
