-- Service lines as sent, each with the first and the standing answer of the payer.
{{ config(
    materialized='incremental', incremental_strategy='append',
    pre_hook="{{ forget_changed_rows('claim_id') }}", post_hook="{{ remember_build() }}"
) }}
with lines as (
    select
        lines.tenant_id,
        lines.claim_id,
        lines.line_number,
        lines.line_key,
        lines.product_qualifier,
        coalesce(lines.procedure_code, lines.revenue_code) as procedure_code,
        lines.revenue_code,
        lines.modifier_1,
        lines.modifier_2,
        lines.modifier_3,
        lines.modifier_4,
        coalesce(lines.charge_amount, 0) as charge_amount,
        lines.unit_code,
        lines.unit_count,
        coalesce(lines.place_of_service_code, submissions.facility_type_code) as place_of_service_code,
        coalesce(lines.service_from_date, submissions.service_from_date) as service_from_date,
        coalesce(lines.service_through_date, lines.service_from_date, submissions.service_through_date)
            as service_through_date,
        coalesce(lines.rendering_provider_npi, submissions.rendering_provider_npi) as rendering_provider_npi,
        lines.file_id,
        lines.transaction_ordinal,
        lines.segment_ordinal,
        lines.byte_offset,
        row_number() over (
            partition by lines.tenant_id, lines.claim_id, coalesce(lines.procedure_code, lines.revenue_code)
            order by lines.line_number
        ) as procedure_occurrence
    from {{ changed_rows(ref('stg_x12__claim_lines'), 'claim_id') }} as lines
    inner join {{ changed_rows(ref('int_claims__submissions'), 'claim_id') }} as submissions
        on lines.tenant_id = submissions.tenant_id and lines.claim_id = submissions.claim_id
),

answered as (
    select
        answers.*,
        matches.claim_id,
        matches.claim_line_number,
        matches.line_match_method,
        iterations.is_first,
        iterations.is_standing,
        iterations.adjudicated_date
    from {{ changed_rows(ref('int_remittances__lines'), 'remittance_claim_id') }} as answers
    inner join {{ changed_rows(ref('int_remittances__line_matches'), 'remittance_claim_id') }} as matches
        on
            answers.tenant_id = matches.tenant_id
            and answers.remittance_claim_id = matches.remittance_claim_id
            and answers.line_number = matches.answered_line_number
    inner join {{ changed_rows(ref('int_claims__iterations'), 'remittance_claim_id') }} as iterations
        on
            answers.tenant_id = iterations.tenant_id
            and answers.remittance_claim_id = iterations.remittance_claim_id
),

outcomes as (
    select
        tenant_id,
        claim_id,
        claim_line_number as line_number,
        min(line_match_method) as line_match_method,
        sum(payment_amount) as paid_amount,
        min(case when is_first then adjudicated_date end) as first_adjudicated_date,
        max(case when is_first and is_denied then 1 else 0 end) as initially_denied_count,
        max(case when is_standing and is_denied then 1 else 0 end) as finally_denied_count,
        sum(case when is_standing then allowed_amount end) as allowed_amount,
        sum(case when is_standing then contractual_amount else 0 end) as contractual_amount,
        sum(case when is_standing then prior_payer_amount else 0 end) as prior_payer_amount,
        sum(case when is_standing then other_adjustment_amount else 0 end)
            as other_adjustment_amount,
        sum(case when is_standing then patient_responsibility_amount else 0 end)
            as patient_responsibility_amount,
        sum(case when is_standing then denied_amount else 0 end) as denied_amount,
        sum(case when is_standing then pending_amount else 0 end) as pending_amount
    from answered
    group by tenant_id, claim_id, claim_line_number
)

select
    lines.tenant_id,
    lines.claim_id,
    lines.line_number,
    lines.line_key,
    lines.product_qualifier,
    lines.procedure_code,
    lines.revenue_code,
    lines.modifier_1,
    lines.modifier_2,
    lines.modifier_3,
    lines.modifier_4,
    lines.charge_amount,
    lines.unit_code,
    lines.unit_count,
    lines.place_of_service_code,
    lines.service_from_date,
    lines.service_through_date,
    lines.rendering_provider_npi,
    lines.procedure_occurrence,
    outcomes.line_match_method,
    outcomes.first_adjudicated_date,
    case when outcomes.first_adjudicated_date is not null then outcomes.initially_denied_count = 1 end
        as is_initially_denied,
    case when outcomes.first_adjudicated_date is not null then outcomes.finally_denied_count = 1 end
        as is_finally_denied,
    coalesce(outcomes.paid_amount, 0) as paid_amount,
    outcomes.allowed_amount,
    coalesce(outcomes.contractual_amount, 0) as contractual_amount,
    coalesce(outcomes.prior_payer_amount, 0) as prior_payer_amount,
    coalesce(outcomes.other_adjustment_amount, 0) as other_adjustment_amount,
    coalesce(outcomes.patient_responsibility_amount, 0) as patient_responsibility_amount,
    coalesce(outcomes.denied_amount, 0) as denied_amount,
    coalesce(outcomes.pending_amount, 0) as pending_amount,
    lines.file_id,
    lines.transaction_ordinal,
    lines.segment_ordinal,
    lines.byte_offset
from lines
left join outcomes
    on
        lines.tenant_id = outcomes.tenant_id
        and lines.claim_id = outcomes.claim_id
        and lines.line_number = outcomes.line_number
