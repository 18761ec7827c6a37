-- What a denied line (or a claim denied as a whole) was denied for, and what the payer paid on it later. A line is
-- followed through the submissions of its claim by its control number or by its procedure and occurrence: a corrected
-- claim sends the same service again. Recovery stands on the first reason only, so that sums stay sums.
{{ config(
    materialized='incremental', incremental_strategy='append',
    pre_hook="{{ forget_changed_rows('remittance_claim_id') }}", post_hook="{{ remember_build() }}"
) }}
with denied_lines as (
    select
        lines.tenant_id,
        lines.remittance_claim_id,
        lines.line_number,
        matches.claim_line_number,
        iterations.claim_id,
        iterations.claim_chain_id,
        iterations.chain_iteration_number,
        iterations.adjudicated_date,
        iterations.is_first,
        iterations.is_standing,
        lines.line_key,
        lines.procedure_code,
        lines.procedure_occurrence,
        lines.service_from_date,
        lines.charge_amount,
        lines.remark_codes
    from {{ changed_rows(ref('int_remittances__lines'), 'remittance_claim_id') }} as lines
    inner join {{ changed_rows(ref('int_claims__iterations'), 'remittance_claim_id') }} as iterations
        on lines.tenant_id = iterations.tenant_id and lines.remittance_claim_id = iterations.remittance_claim_id
    left join {{ changed_rows(ref('int_remittances__line_matches'), 'remittance_claim_id') }} as matches
        on
            lines.tenant_id = matches.tenant_id
            and lines.remittance_claim_id = matches.remittance_claim_id
            and lines.line_number = matches.answered_line_number
    where lines.is_denied and not iterations.is_reversal
),

later_payments as (
    select
        denied_lines.tenant_id,
        denied_lines.remittance_claim_id,
        denied_lines.line_number,
        sum(lines.payment_amount) as payment_amount,
        min(case when lines.payment_amount > 0 then iterations.adjudicated_date end) as recovered_date
    from denied_lines
    inner join {{ changed_rows(ref('int_claims__iterations'), 'remittance_claim_id') }} as iterations
        on
            denied_lines.tenant_id = iterations.tenant_id
            and denied_lines.claim_chain_id = iterations.claim_chain_id
            and denied_lines.chain_iteration_number < iterations.chain_iteration_number
    inner join {{ changed_rows(ref('int_remittances__lines'), 'remittance_claim_id') }} as lines
        on
            iterations.tenant_id = lines.tenant_id
            and iterations.remittance_claim_id = lines.remittance_claim_id
            and (
                denied_lines.line_key = lines.line_key
                or (
                    denied_lines.procedure_code = lines.procedure_code
                    and denied_lines.procedure_occurrence = lines.procedure_occurrence
                )
            )
    group by denied_lines.tenant_id, denied_lines.remittance_claim_id, denied_lines.line_number
),

denied_claims as (
    select
        claims.tenant_id,
        claims.remittance_claim_id,
        iterations.claim_id,
        iterations.claim_chain_id,
        iterations.chain_iteration_number,
        iterations.adjudicated_date,
        iterations.is_first,
        iterations.is_standing,
        claims.service_from_date,
        claims.charge_amount,
        claims.file_id,
        claims.transaction_ordinal,
        claims.segment_ordinal,
        claims.byte_offset
    from {{ changed_rows(ref('int_remittances__iterations'), 'remittance_claim_id') }} as claims
    inner join {{ changed_rows(ref('int_claims__iterations'), 'remittance_claim_id') }} as iterations
        on claims.tenant_id = iterations.tenant_id and claims.remittance_claim_id = iterations.remittance_claim_id
    where claims.is_claim_level_denied
),

later_claim_payments as (
    select
        denied_claims.tenant_id,
        denied_claims.remittance_claim_id,
        sum(iterations.payment_amount) as payment_amount,
        min(case when iterations.payment_amount > 0 then iterations.adjudicated_date end) as recovered_date
    from denied_claims
    inner join {{ changed_rows(ref('int_claims__iterations'), 'remittance_claim_id') }} as iterations
        on
            denied_claims.tenant_id = iterations.tenant_id
            and denied_claims.claim_chain_id = iterations.claim_chain_id
            and denied_claims.chain_iteration_number < iterations.chain_iteration_number
    group by denied_claims.tenant_id, denied_claims.remittance_claim_id
),

claim_remarks as (
    select
        tenant_id,
        remittance_claim_id,
        string_agg(remark_code, ' ' order by remark_ordinal) as remark_codes
    from {{ changed_rows(ref('stg_x12__remittance_remarks'), 'remittance_claim_id') }}
    where line_number is null
    group by tenant_id, remittance_claim_id
),

denials as (
    select
        denied_lines.tenant_id,
        denied_lines.remittance_claim_id,
        adjustments.adjustment_ordinal,
        'line' as denial_level,
        denied_lines.line_number,
        denied_lines.claim_line_number,
        denied_lines.claim_id,
        denied_lines.claim_chain_id,
        denied_lines.adjudicated_date,
        denied_lines.is_first,
        denied_lines.is_standing,
        denied_lines.procedure_code,
        denied_lines.service_from_date,
        denied_lines.charge_amount,
        adjustments.group_code,
        adjustments.reason_code,
        adjustments.reason_category,
        adjustments.reason_short_words,
        adjustments.reason_fixable,
        adjustments.reason_workflow,
        denied_lines.remark_codes,
        adjustments.amount as denied_amount,
        later_payments.payment_amount as later_payment_amount,
        later_payments.recovered_date,
        adjustments.file_id,
        adjustments.transaction_ordinal,
        adjustments.segment_ordinal,
        adjustments.byte_offset
    from denied_lines
    inner join {{ changed_rows(ref('int_remittances__adjustments'), 'remittance_claim_id') }} as adjustments
        on
            denied_lines.tenant_id = adjustments.tenant_id
            and denied_lines.remittance_claim_id = adjustments.remittance_claim_id
            and denied_lines.line_number = adjustments.line_number
    left join later_payments
        on
            denied_lines.tenant_id = later_payments.tenant_id
            and denied_lines.remittance_claim_id = later_payments.remittance_claim_id
            and denied_lines.line_number = later_payments.line_number
    where adjustments.is_denial_reason
    union all
    select
        denied_claims.tenant_id,
        denied_claims.remittance_claim_id,
        coalesce(adjustments.adjustment_ordinal, 0) as adjustment_ordinal,
        'claim' as denial_level,
        null as line_number,
        null as claim_line_number,
        denied_claims.claim_id,
        denied_claims.claim_chain_id,
        denied_claims.adjudicated_date,
        denied_claims.is_first,
        denied_claims.is_standing,
        null as procedure_code,
        denied_claims.service_from_date,
        denied_claims.charge_amount,
        adjustments.group_code,
        adjustments.reason_code,
        coalesce(adjustments.reason_category, 'unmapped') as reason_category,
        coalesce(adjustments.reason_short_words, 'denied without a reason') as reason_short_words,
        coalesce(adjustments.reason_fixable, 'sometimes') as reason_fixable,
        coalesce(adjustments.reason_workflow, 'ask the payer for the reason') as reason_workflow,
        claim_remarks.remark_codes,
        coalesce(adjustments.amount, denied_claims.charge_amount) as denied_amount,
        later_claim_payments.payment_amount as later_payment_amount,
        later_claim_payments.recovered_date,
        coalesce(adjustments.file_id, denied_claims.file_id) as file_id,
        coalesce(adjustments.transaction_ordinal, denied_claims.transaction_ordinal) as transaction_ordinal,
        coalesce(adjustments.segment_ordinal, denied_claims.segment_ordinal) as segment_ordinal,
        coalesce(adjustments.byte_offset, denied_claims.byte_offset) as byte_offset
    from denied_claims
    left join {{ changed_rows(ref('int_remittances__adjustments'), 'remittance_claim_id') }} as adjustments
        on
            denied_claims.tenant_id = adjustments.tenant_id
            and denied_claims.remittance_claim_id = adjustments.remittance_claim_id
            and adjustments.line_number is null
            and adjustments.is_denial_reason
    left join later_claim_payments
        on
            denied_claims.tenant_id = later_claim_payments.tenant_id
            and denied_claims.remittance_claim_id = later_claim_payments.remittance_claim_id
    left join claim_remarks
        on
            denied_claims.tenant_id = claim_remarks.tenant_id
            and denied_claims.remittance_claim_id = claim_remarks.remittance_claim_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by tenant_id, remittance_claim_id, line_number
            order by denied_amount desc, adjustment_ordinal asc
        ) = 1 as is_primary_reason
    from denials
)

select
    tenant_id,
    remittance_claim_id || '-' || cast(adjustment_ordinal as text) as denial_id,
    remittance_claim_id,
    adjustment_ordinal,
    denial_level,
    line_number,
    claim_line_number,
    claim_id,
    claim_chain_id,
    adjudicated_date,
    is_first,
    is_standing,
    is_primary_reason,
    procedure_code,
    service_from_date,
    charge_amount,
    group_code,
    reason_code,
    reason_category,
    reason_short_words,
    reason_fixable,
    reason_workflow,
    remark_codes,
    denied_amount,
    coalesce(later_payment_amount, 0) > 0 as is_recovered,
    case when is_primary_reason then greatest(0, coalesce(later_payment_amount, 0)) else 0 end as recovered_amount,
    case when coalesce(later_payment_amount, 0) > 0 then recovered_date end as recovered_date,
    file_id,
    transaction_ordinal,
    segment_ordinal,
    byte_offset
from ranked
