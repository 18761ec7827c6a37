-- What is asked of history for each submission, and what each submission adds to it. `subject` names the kind of history,
-- `subject_value` whose it is. `known_day` is the day on which `is_hit` became known: that of the first answer for
-- denials, that of the submission itself for habits (what the billing office usually sends). A row that is no question
-- only teaches; a row that is no evidence only asks (a line with a valid authorization says nothing about what happens
-- without one).
{%- set usual_modifiers = {
    'usual_evaluation_modifier': ['%25%'],
    'usual_side_modifier': ['%LT%', '%RT%', '%50%'],
    'usual_therapy_modifier': ['%GP%', '%GO%', '%GN%'],
    'usual_drug_modifier': ['%JZ%', '%JW%'],
    'usual_telehealth_modifier': ['%95%', '%GT%'],
} %}
with claims as (
    select * from {{ ref('int_denial__claims') }}
),

lines as (
    select
        lines.*,
        claims.facility_type_code,
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
),

keys as (
    {%- for subject, value in [
        ('payer', 'payer_id'),
        ('provider', 'rendering_provider_npi'),
        ('payer_provider', "payer_id || '|' || rendering_provider_npi"),
        ('patient', 'patient_key'),
    ] %}
    select
        tenant_id, claim_id, submitted_day, '{{ subject }}' as subject, {{ value }} as subject_value,
        answered_day as known_day, is_initially_denied as is_hit, true as is_question, true as is_evidence
    from claims
    union all
    {%- endfor %}
    select
        claims.tenant_id, claims.claim_id, claims.submitted_day, 'payer_procedure' as subject,
        claims.payer_id || '|' || principal.procedure_code as subject_value,
        claims.answered_day as known_day, claims.is_initially_denied as is_hit, true as is_question, true as is_evidence
    from claims
    inner join principal
        on claims.tenant_id = principal.tenant_id and claims.claim_id = principal.claim_id
    union all
    {%- for subject, value, category, question, evidence in [
        (
            'unauthorized_procedure', "payer_id || '|' || procedure_code", "= 'authorization'",
            "authorization_state <> 'valid'", "authorization_state <> 'valid'"
        ),
        ('covered_procedure', "payer_id || '|' || procedure_code", "= 'non_covered_benefit'", 'true', 'true'),
        (
            'diagnosis_procedure', "coalesce(diagnosis_code, '') || '|' || procedure_code", "= 'medical_necessity'",
            'true', 'true'
        ),
        ('modified_procedure', "procedure_code || '|' || modifier_codes", "= 'coding'", 'true', 'true'),
        (
            'procedure_units', "procedure_code || '|' || cast(cast(unit_count as integer) as text)", "= 'frequency'",
            'true', 'true'
        ),
    ] %}
    select
        tenant_id, claim_id, submitted_day, '{{ subject }}' as subject, {{ value }} as subject_value,
        answered_day as known_day, coalesce(reason_category {{ category }}, false) as is_hit,
        {{ question }} as is_question, {{ evidence }} as is_evidence
    from lines
    union all
    {%- endfor %}
    select
        tenant_id, claim_id, submitted_day, 'procedure_pair' as subject,
        procedure_code || '|' || modifier_codes || '|' || other_procedure_code as subject_value,
        answered_day as known_day, coalesce(reason_category in ('bundling', 'coding'), false) as is_hit,
        true as is_question, true as is_evidence
    from pairs
    union all
    select
        tenant_id, claim_id, submitted_day, 'usual_authorization' as subject,
        payer_id || '|' || procedure_code as subject_value,
        submitted_day as known_day, authorization_state <> 'none' as is_hit,
        authorization_state <> 'valid' as is_question, true as is_evidence
    from lines
    {%- for subject, patterns in usual_modifiers.items() %}
    {%- set has_it %}({% for pattern in patterns -%}
        modifier_codes like '{{ pattern }}'{{ " or " if not loop.last }}
    {%- endfor %}){% endset %}
    union all
    select
        tenant_id, claim_id, submitted_day, '{{ subject }}' as subject,
        procedure_code || '|' ||
        {{- " other_procedure_code" if subject == 'usual_evaluation_modifier' else " claim_type || facility_type_code" }}
        as subject_value,
        submitted_day as known_day, {{ has_it }} as is_hit, not {{ has_it }} as is_question, true as is_evidence
    from {{ "pairs" if subject == 'usual_evaluation_modifier' else "lines" }}
    {{- " where procedure_group = 'evaluation'" if subject == 'usual_evaluation_modifier' }}
    {%- endfor %}
)

select
    tenant_id,
    claim_id,
    subject,
    subject_value,
    submitted_day,
    known_day,
    is_hit,
    is_question,
    is_evidence and known_day is not null as is_evidence
from keys
where subject_value is not null
