-- The lines that history is asked about, each with the values it is asked by. A value is null where a part of it is not
-- known; modifiers that say nothing beyond the procedure's habits stand beside it as yes or no.
select
    lines.tenant_id,
    lines.claim_id,
    lines.submitted_day,
    lines.answered_day,
    lines.reason_category,
    authorizations.authorization_state,
    lines.payer_id || '|' || lines.procedure_code as payer_procedure_value,
    coalesce(lines.diagnosis_code, '') || '|' || lines.procedure_code as diagnosis_procedure_value,
    lines.procedure_code || '|' || lines.modifier_codes as modified_procedure_value,
    lines.procedure_code || '|' || cast(cast(lines.unit_count as integer) as text) as procedure_units_value,
    lines.procedure_code || '|' || claims.claim_type || claims.facility_type_code as procedure_setting_value,
    lines.modifier_codes like '%LT%' or lines.modifier_codes like '%RT%' or lines.modifier_codes like '%50%'
        as has_side_modifier,
    lines.modifier_codes like '%GP%' or lines.modifier_codes like '%GO%' or lines.modifier_codes like '%GN%'
        as has_therapy_modifier,
    lines.modifier_codes like '%JZ%' or lines.modifier_codes like '%JW%' as has_drug_modifier,
    lines.modifier_codes like '%95%' or lines.modifier_codes like '%GT%' as has_telehealth_modifier
from {{ ref('int_denial__lines') }} as lines
inner join {{ ref('int_denial__claims') }} as claims
    on lines.tenant_id = claims.tenant_id and lines.claim_id = claims.claim_id
inner join {{ ref('int_denial__authorizations') }} as authorizations
    on lines.tenant_id = authorizations.tenant_id and lines.claim_id = authorizations.claim_id
where lines.procedure_group <> 'reporting'
