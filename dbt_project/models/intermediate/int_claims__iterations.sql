-- The answers to one submission in order, with what stood after each of them. The standing iteration is the last one
-- that no reversal negates: its adjustments hold. Payments add up over all of them, since reversals carry theirs
-- negated; charges likewise, so that a reversed claim's charge is never counted twice.
{{ config(
    materialized='incremental', incremental_strategy='append',
    pre_hook="{{ forget_changed_rows('remittance_claim_id') }}", post_hook="{{ remember_build() }}"
) }}
with matched as (
    select
        iterations.tenant_id,
        iterations.remittance_claim_id,
        matches.claim_id,
        submissions.claim_chain_id,
        matches.match_method,
        matches.match_confidence,
        iterations.adjudicated_date,
        iterations.received_date,
        iterations.claim_status_code,
        iterations.is_reversal,
        iterations.is_reversed,
        iterations.reversed_date,
        iterations.charge_amount,
        iterations.payment_amount,
        iterations.contractual_amount,
        iterations.prior_payer_amount,
        iterations.patient_responsibility_amount,
        iterations.denied_amount,
        iterations.pending_amount,
        iterations.other_adjustment_amount,
        iterations.allowed_amount,
        iterations.charged_line_count,
        iterations.denied_line_count,
        iterations.is_claim_level_denied,
        case
            when iterations.is_reversal then null
            when iterations.is_claim_level_denied then 'denied'
            when iterations.denied_line_count = 0 then 'paid'
            when iterations.denied_line_count = iterations.charged_line_count then 'denied'
            else 'partly_denied'
        end as outcome,
        iterations.file_id,
        iterations.claim_ordinal
    from {{ changed_rows(ref('int_remittances__iterations'), 'remittance_claim_id') }} as iterations
    inner join {{ changed_rows(ref('int_claims__remittance_matches'), 'remittance_claim_id') }} as matches
        on
            iterations.tenant_id = matches.tenant_id
            and iterations.remittance_claim_id = matches.remittance_claim_id
    inner join {{ changed_rows(ref('int_claims__submissions'), 'claim_id') }} as submissions
        on matches.tenant_id = submissions.tenant_id and matches.claim_id = submissions.claim_id
),

ordered as (
    select
        *,
        row_number() over (
            partition by tenant_id, claim_id
            order by adjudicated_date, received_date, file_id, claim_ordinal
        ) as iteration_number,
        row_number() over (
            partition by tenant_id, claim_chain_id
            order by adjudicated_date, received_date, file_id, claim_ordinal
        ) as chain_iteration_number,
        row_number() over (
            partition by tenant_id, claim_id, is_reversal
            order by adjudicated_date, received_date, file_id, claim_ordinal
        ) as answer_number,
        row_number() over (
            partition by tenant_id, claim_id, is_reversal or is_reversed
            order by adjudicated_date desc, received_date desc, file_id desc, claim_ordinal desc
        ) as position_from_end
    from matched
),

flagged as (
    select
        *,
        not is_reversal and answer_number = 1 as is_first,
        not is_reversal and not is_reversed and position_from_end = 1 as is_standing
    from ordered
)

select
    tenant_id,
    remittance_claim_id,
    claim_id,
    claim_chain_id,
    match_method,
    match_confidence,
    iteration_number,
    chain_iteration_number,
    adjudicated_date,
    claim_status_code,
    is_reversal,
    is_reversed,
    is_first,
    is_standing,
    -- The day on which the adjustments of the iteration ceased to hold.
    case
        when is_reversal or is_standing then null
        when is_reversed then greatest(adjudicated_date, reversed_date)
        else max(case when is_standing then adjudicated_date end) over (partition by tenant_id, claim_id)
    end as superseded_date,
    outcome,
    charge_amount,
    payment_amount,
    contractual_amount,
    prior_payer_amount,
    patient_responsibility_amount,
    denied_amount,
    pending_amount,
    other_adjustment_amount,
    allowed_amount,
    charged_line_count,
    denied_line_count,
    is_claim_level_denied,
    sum(charge_amount) over (
        partition by tenant_id, claim_id
        order by iteration_number
        rows between unbounded preceding and current row
    ) as cumulative_charge_amount,
    sum(payment_amount) over (
        partition by tenant_id, claim_id
        order by iteration_number
        rows between unbounded preceding and current row
    ) as cumulative_payment_amount
from flagged
