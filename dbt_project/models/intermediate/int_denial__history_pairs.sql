-- Each line that is billed for money, beside each line of another procedure on the same claim.
select
    lines.tenant_id,
    lines.claim_id,
    lines.submitted_day,
    lines.answered_day,
    lines.reason_category,
    lines.procedure_code || '|' || lines.modifier_codes || '|' || others.procedure_code as procedure_pair_value,
    case when lines.procedure_group = 'evaluation' then lines.procedure_code || '|' || others.procedure_code end
        as evaluation_pair_value,
    lines.modifier_codes like '%25%' as has_evaluation_modifier
from {{ ref('int_denial__lines') }} as lines
inner join {{ ref('int_denial__lines') }} as others
    on
        lines.tenant_id = others.tenant_id
        and lines.claim_id = others.claim_id
        and lines.procedure_code <> others.procedure_code
where lines.procedure_group <> 'reporting' and others.procedure_group <> 'reporting'
