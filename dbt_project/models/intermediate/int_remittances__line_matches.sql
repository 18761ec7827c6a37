-- Which service line an answered line is about: by REF*6R, else by procedure and occurrence, else by position where the
-- charge agrees; never two answered lines of one iteration to one service line.
{{ config(
    materialized='incremental', incremental_strategy='append',
    pre_hook="{{ forget_changed_rows('remittance_claim_id') }}", post_hook="{{ remember_build() }}"
) }}
with lines as (
    select
        tenant_id,
        claim_id,
        line_number,
        line_key,
        coalesce(procedure_code, revenue_code) as procedure_code,
        coalesce(charge_amount, 0) as charge_amount,
        row_number() over (
            partition by tenant_id, claim_id, coalesce(procedure_code, revenue_code)
            order by line_number
        ) as procedure_occurrence
    from {{ changed_rows(ref('stg_x12__claim_lines'), 'claim_id') }}
),

answered as (
    select
        answers.tenant_id,
        answers.remittance_claim_id,
        answers.line_number,
        iterations.claim_id,
        answers.line_key,
        answers.procedure_code,
        answers.procedure_occurrence,
        answers.charge_amount
    from {{ changed_rows(ref('int_remittances__lines'), 'remittance_claim_id') }} as answers
    inner join {{ changed_rows(ref('int_claims__iterations'), 'remittance_claim_id') }} as iterations
        on
            answers.tenant_id = iterations.tenant_id
            and answers.remittance_claim_id = iterations.remittance_claim_id
),

pairs as (
    select
        answered.tenant_id,
        answered.remittance_claim_id,
        answered.line_number as answered_line_number,
        answered.claim_id,
        lines.line_number,
        case
            when answered.line_key = lines.line_key then 'line_key'
            when
                answered.procedure_code = lines.procedure_code
                and answered.procedure_occurrence = lines.procedure_occurrence then 'procedure'
            else 'position'
        end as line_match_method,
        case
            when answered.line_key = lines.line_key then 1
            when
                answered.procedure_code = lines.procedure_code
                and answered.procedure_occurrence = lines.procedure_occurrence then 2
            else 3
        end as preference
    from answered
    inner join lines
        on
            answered.tenant_id = lines.tenant_id
            and answered.claim_id = lines.claim_id
            and (
                answered.line_key = lines.line_key
                or (
                    answered.procedure_code = lines.procedure_code
                    and answered.procedure_occurrence = lines.procedure_occurrence
                )
                or (answered.line_number = lines.line_number and abs(answered.charge_amount) = lines.charge_amount)
            )
),

best_for_answer as (
    select
        *,
        row_number() over (
            partition by tenant_id, remittance_claim_id, answered_line_number
            order by preference, line_number
        ) as answer_rank
    from pairs
),

best_for_line as (
    select
        *,
        row_number() over (
            partition by tenant_id, remittance_claim_id, line_number
            order by preference, answered_line_number
        ) as line_rank
    from best_for_answer
    where answer_rank = 1
)

select
    tenant_id,
    remittance_claim_id,
    answered_line_number,
    claim_id,
    line_number as claim_line_number,
    line_match_method
from best_for_line
where line_rank = 1
