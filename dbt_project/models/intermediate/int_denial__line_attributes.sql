-- What the lines of a claim look like together, as one row per submission.
{{ config(
    materialized='incremental', incremental_strategy='append',
    pre_hook="{{ forget_changed_rows('claim_id') }}", post_hook="{{ remember_build() }}"
) }}
with lines as (
    select
        *,
        row_number() over (
            partition by tenant_id, claim_id
            order by charge_amount desc, line_number asc
        ) as charge_position
    from {{ changed_rows(ref('int_denial__lines'), 'claim_id') }}
)

select
    tenant_id,
    claim_id,
    max(case when charge_position = 1 then procedure_code end) as principal_procedure_code,
    max(case when charge_position = 1 then procedure_group end) as principal_procedure_group,
    max(case when charge_position = 1 then modifier_code end) as principal_modifier_code,
    max(case when charge_position = 2 then procedure_code end) as second_procedure_code,
    max(case when charge_position = 3 then procedure_code end) as third_procedure_code,
    max(case when charge_position = 1 then diagnosis_code end) as principal_line_diagnosis_code,
    max(charge_amount) as largest_line_charge_amount,
    sum(unit_count) as unit_count,
    max(unit_count) as largest_unit_count,
    count(*) as line_count,
    count(distinct procedure_code) as procedure_count,
    count(*) - count(distinct procedure_code) as repeated_procedure_count,
    sum(case when procedure_group = 'evaluation' then 1 else 0 end) as evaluation_line_count,
    sum(case when procedure_group = 'surgery' then 1 else 0 end) as surgery_line_count,
    sum(case when procedure_group = 'imaging' then 1 else 0 end) as imaging_line_count,
    sum(case when procedure_group = 'laboratory' then 1 else 0 end) as laboratory_line_count,
    sum(case when procedure_group = 'medicine' then 1 else 0 end) as medicine_line_count,
    sum(case when procedure_group = 'therapy' then 1 else 0 end) as therapy_line_count,
    sum(case when procedure_group = 'drug' then 1 else 0 end) as drug_line_count,
    sum(case when procedure_group = 'drug' and ndc_code is null then 1 else 0 end) as drug_line_without_ndc_count,
    sum(case when diagnosis_code is null then 1 else 0 end) as unpointed_line_count,
    sum(case when modifier_codes = '   ' then 0 else 1 end) as modified_line_count,
    max(case when procedure_group = 'evaluation' then procedure_code end) as evaluation_procedure_code,
    max(case when revenue_code like '045%' then 1 else 0 end) = 1 as has_emergency_room_line,
    max(case when modifier_codes like '%25%' then 1 else 0 end) = 1 as has_modifier_25,
    max(case when modifier_codes like '%59%' or modifier_codes like '%X_%' then 1 else 0 end) = 1 as has_modifier_59,
    max(case when modifier_codes like '%95%' or modifier_codes like '%GT%' then 1 else 0 end) = 1
        as has_telehealth_modifier,
    max(
        case
            when modifier_codes like '%50%' or modifier_codes like '%LT%' or modifier_codes like '%RT%' then 1 else 0
        end
    )
    = 1 as has_side_modifier,
    max(case when modifier_codes like '%26%' or modifier_codes like '%TC%' then 1 else 0 end) = 1
        as has_component_modifier,
    max(case when modifier_codes like '%GP%' then 1 else 0 end) = 1 as has_therapy_modifier,
    max(case when modifier_codes like '%JZ%' or modifier_codes like '%JW%' then 1 else 0 end) = 1
        as has_drug_waste_modifier,
    max(case when procedure_group = 'evaluation' then 1 else 0 end) = 1
    and max(case when procedure_group in ('surgery', 'medicine') then 1 else 0 end) = 1
    and max(case when modifier_codes like '%25%' then 1 else 0 end) = 0 as is_evaluation_with_procedure_without_25
from lines
group by tenant_id, claim_id
