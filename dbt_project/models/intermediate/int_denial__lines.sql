-- Service lines as sent, with the family of the procedure, the diagnosis that the first pointer names, and what the first
-- answer said about the line. The answer is only read as history of later claims, never for the claim itself.
{{ config(
    materialized='incremental', incremental_strategy='append',
    pre_hook="{{ forget_changed_rows('claim_id') }}", post_hook="{{ remember_build() }}"
) }}
with pointed as (
    select
        lines.tenant_id,
        lines.claim_id,
        lines.line_number,
        max(codes.code) as diagnosis_code
    from {{ changed_rows(ref('stg_x12__claim_lines'), 'claim_id') }} as lines
    inner join {{ changed_rows(ref('stg_x12__claim_codes'), 'claim_id') }} as codes
        on
            lines.tenant_id = codes.tenant_id
            and lines.claim_id = codes.claim_id
            and lines.diagnosis_pointer_1 = codes.diagnosis_position
    group by lines.tenant_id, lines.claim_id, lines.line_number
),

denials as (
    select
        denials.tenant_id,
        denials.claim_id,
        matches.claim_line_number as line_number,
        max(denials.reason_category) as reason_category
    from {{ changed_rows(ref('int_remittances__denials'), 'remittance_claim_id') }} as denials
    inner join {{ changed_rows(ref('int_remittances__line_matches'), 'remittance_claim_id') }} as matches
        on
            denials.tenant_id = matches.tenant_id
            and denials.remittance_claim_id = matches.remittance_claim_id
            and denials.line_number = matches.answered_line_number
    where denials.is_first and denials.is_primary_reason
    group by denials.tenant_id, denials.claim_id, matches.claim_line_number
)

select
    lines.tenant_id,
    lines.claim_id,
    lines.line_number,
    claims.claim_type,
    claims.payer_id,
    claims.submitted_day,
    claims.answered_day,
    coalesce(lines.procedure_code, lines.revenue_code) as procedure_code,
    case
        when lines.procedure_code is null then 'revenue'
        when lines.procedure_code like '99%' and lines.procedure_code between '99202' and '99499' then 'evaluation'
        when lines.procedure_code between '97010' and '97799' or lines.procedure_code = 'G0283' then 'therapy'
        when lines.procedure_code between '10004' and '69990' then 'surgery'
        when lines.procedure_code between '70010' and '79999' then 'imaging'
        when lines.procedure_code between '80047' and '89398' or lines.procedure_code = '36415' then 'laboratory'
        when lines.procedure_code like '____F' then 'reporting'
        when lines.procedure_code between '90281' and '99199' then 'medicine'
        when lines.procedure_code like 'J%' or lines.procedure_code like 'Q%' then 'drug'
        else 'other'
    end as procedure_group,
    coalesce(lines.charge_amount, 0) as charge_amount,
    lines.unit_count,
    lines.revenue_code,
    lines.ndc_code,
    lines.rendering_provider_npi,
    coalesce(lines.modifier_1, '') || ' ' || coalesce(lines.modifier_2, '') || ' '
    || coalesce(lines.modifier_3, '') || ' ' || coalesce(lines.modifier_4, '') as modifier_codes,
    lines.modifier_1 as modifier_code,
    pointed.diagnosis_code,
    outcomes.is_initially_denied,
    denials.reason_category
from {{ changed_rows(ref('stg_x12__claim_lines'), 'claim_id') }} as lines
inner join {{ changed_rows(ref('int_denial__claims'), 'claim_id') }} as claims
    on lines.tenant_id = claims.tenant_id and lines.claim_id = claims.claim_id
left join pointed
    on
        lines.tenant_id = pointed.tenant_id
        and lines.claim_id = pointed.claim_id
        and lines.line_number = pointed.line_number
left join {{ changed_rows(ref('int_claims__lines'), 'claim_id') }} as outcomes
    on
        lines.tenant_id = outcomes.tenant_id
        and lines.claim_id = outcomes.claim_id
        and lines.line_number = outcomes.line_number
left join denials
    on
        lines.tenant_id = denials.tenant_id
        and lines.claim_id = denials.claim_id
        and lines.line_number = denials.line_number
