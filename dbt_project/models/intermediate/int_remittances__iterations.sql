-- Every CLP is kept: an answer, its reversal (CLP02 = 22, all amounts negated) and its correction are three iterations.
-- A reversal is paired with the iteration it negates by the payer's claim number, charge and payment; where the payer
-- gave no usable number, by our claim key. The n-th reversal of a key negates the n-th iteration of that key.
{{ config(
    materialized='incremental', incremental_strategy='append',
    pre_hook="{{ forget_changed_rows('remittance_claim_id') }}", post_hook="{{ remember_build() }}"
) }}
with accepted_transactions as (
    select
        tenant_id,
        file_id,
        transaction_ordinal
    from {{ ref('stg_x12__transactions') }}
    where status <> 'quarantined'
),

claim_adjustments as (
    select
        tenant_id,
        remittance_claim_id,
        sum(amount) as adjustment_amount,
        sum(case when adjustment_bucket = 'patient_responsibility' then amount else 0 end)
            as patient_responsibility_amount,
        sum(case when adjustment_bucket = 'contractual' then amount else 0 end) as contractual_amount,
        sum(case when adjustment_bucket = 'prior_payer' then amount else 0 end) as prior_payer_amount,
        sum(case when adjustment_bucket in ('denial', 'reduction') then amount else 0 end) as denied_amount,
        sum(case when adjustment_bucket = 'pending' then amount else 0 end) as pending_amount,
        sum(case when adjustment_bucket = 'other' then amount else 0 end) as other_adjustment_amount,
        sum(case when is_denial_reason then 1 else 0 end) as denial_reason_count
    from {{ changed_rows(ref('int_remittances__adjustments'), 'remittance_claim_id') }}
    where line_number is null
    group by tenant_id, remittance_claim_id
),

lines as (
    select
        tenant_id,
        remittance_claim_id,
        count(*) as line_count,
        sum(case when charge_amount > 0 then 1 else 0 end) as charged_line_count,
        sum(case when is_denied then 1 else 0 end) as denied_line_count,
        sum(case when is_denied then charge_amount else 0 end) as denied_charge_amount,
        sum(charge_amount) as line_charge_amount,
        sum(adjustment_amount) as adjustment_amount,
        sum(patient_responsibility_amount) as patient_responsibility_amount,
        sum(contractual_amount) as contractual_amount,
        sum(prior_payer_amount) as prior_payer_amount,
        sum(denied_amount) as denied_amount,
        sum(pending_amount) as pending_amount,
        sum(other_adjustment_amount) as other_adjustment_amount,
        sum(allowed_amount) as allowed_amount,
        min(service_from_date) as service_from_date
    from {{ changed_rows(ref('int_remittances__lines'), 'remittance_claim_id') }}
    group by tenant_id, remittance_claim_id
),

iterations as (
    select
        claims.tenant_id,
        claims.remittance_claim_id,
        claims.claim_key,
        claims.payer_claim_key,
        claims.original_payer_claim_key,
        claims.subscriber_key,
        claims.claim_status_code,
        claims.frequency_code,
        remittances.payer_id,
        remittances.payer_name,
        remittances.payee_npi,
        remittances.trace_number,
        claims.received_date,
        claims.claim_received_date,
        coalesce(remittances.payment_date, remittances.production_date, claims.received_date) as adjudicated_date,
        coalesce(lines.service_from_date, claims.statement_from_date) as service_from_date,
        coalesce(claims.claim_status_code, '') = '22' as is_reversal,
        coalesce(claims.total_charge_amount, 0) as charge_amount,
        coalesce(claims.payment_amount, 0) as payment_amount,
        claims.patient_responsibility_amount as declared_patient_responsibility_amount,
        coalesce(lines.line_count, 0) as line_count,
        coalesce(lines.charged_line_count, 0) as charged_line_count,
        coalesce(lines.denied_line_count, 0) as denied_line_count,
        coalesce(lines.denied_charge_amount, 0) as denied_line_charge_amount,
        lines.line_charge_amount,
        coalesce(lines.adjustment_amount, 0) + coalesce(claim_adjustments.adjustment_amount, 0) as adjustment_amount,
        coalesce(lines.patient_responsibility_amount, 0)
        + coalesce(claim_adjustments.patient_responsibility_amount, 0) as patient_responsibility_amount,
        coalesce(lines.contractual_amount, 0) + coalesce(claim_adjustments.contractual_amount, 0)
            as contractual_amount,
        coalesce(lines.prior_payer_amount, 0) + coalesce(claim_adjustments.prior_payer_amount, 0)
            as prior_payer_amount,
        coalesce(lines.denied_amount, 0) + coalesce(claim_adjustments.denied_amount, 0) as denied_amount,
        coalesce(lines.pending_amount, 0) + coalesce(claim_adjustments.pending_amount, 0) as pending_amount,
        coalesce(lines.other_adjustment_amount, 0) + coalesce(claim_adjustments.other_adjustment_amount, 0)
            as other_adjustment_amount,
        lines.allowed_amount,
        coalesce(claim_adjustments.denial_reason_count, 0) as claim_denial_reason_count,
        claims.file_id,
        claims.claim_ordinal,
        claims.transaction_ordinal,
        claims.segment_ordinal,
        claims.byte_offset
    from {{ changed_rows(ref('stg_x12__remittance_claims'), 'remittance_claim_id') }} as claims
    inner join accepted_transactions
        on
            claims.tenant_id = accepted_transactions.tenant_id
            and claims.file_id = accepted_transactions.file_id
            and claims.transaction_ordinal = accepted_transactions.transaction_ordinal
    left join {{ ref('stg_x12__remittances') }} as remittances
        on
            claims.tenant_id = remittances.tenant_id
            and claims.file_id = remittances.file_id
            and claims.transaction_ordinal = remittances.transaction_ordinal
    left join lines
        on claims.tenant_id = lines.tenant_id and claims.remittance_claim_id = lines.remittance_claim_id
    left join claim_adjustments
        on
            claims.tenant_id = claim_adjustments.tenant_id
            and claims.remittance_claim_id = claim_adjustments.remittance_claim_id
),

numbered as (
    select
        tenant_id,
        remittance_claim_id,
        adjudicated_date,
        is_reversal,
        claim_key,
        case when is_reversal then coalesce(original_payer_claim_key, payer_claim_key) else payer_claim_key end
            as number_key,
        coalesce(payer_id, '') as payer_key,
        abs(charge_amount) as absolute_charge_amount,
        abs(payment_amount) as absolute_payment_amount,
        row_number() over (
            partition by
                tenant_id, is_reversal,
                case when is_reversal then coalesce(original_payer_claim_key, payer_claim_key) else payer_claim_key end,
                coalesce(payer_id, ''), abs(charge_amount), abs(payment_amount)
            order by adjudicated_date, received_date, file_id, claim_ordinal
        ) as number_position
    from iterations
),

pairs_by_number as (
    select
        reversals.tenant_id,
        reversals.remittance_claim_id as reversal_id,
        reversals.adjudicated_date as reversed_date,
        answers.remittance_claim_id as reversed_id
    from numbered as reversals
    inner join numbered as answers
        on
            reversals.tenant_id = answers.tenant_id
            and reversals.number_key = answers.number_key
            and reversals.payer_key = answers.payer_key
            and reversals.absolute_charge_amount = answers.absolute_charge_amount
            and reversals.absolute_payment_amount = answers.absolute_payment_amount
            and reversals.number_position = answers.number_position
    where reversals.is_reversal and not answers.is_reversal
),

left_over as (
    select
        numbered.tenant_id,
        numbered.remittance_claim_id,
        numbered.adjudicated_date,
        numbered.is_reversal,
        numbered.claim_key,
        numbered.payer_key,
        numbered.absolute_charge_amount,
        numbered.absolute_payment_amount,
        row_number() over (
            partition by
                numbered.tenant_id, numbered.is_reversal, numbered.claim_key, numbered.payer_key,
                numbered.absolute_charge_amount, numbered.absolute_payment_amount
            order by numbered.adjudicated_date, numbered.remittance_claim_id
        ) as claim_position
    from numbered
    left join pairs_by_number as as_reversal
        on numbered.tenant_id = as_reversal.tenant_id and numbered.remittance_claim_id = as_reversal.reversal_id
    left join pairs_by_number as as_answer
        on numbered.tenant_id = as_answer.tenant_id and numbered.remittance_claim_id = as_answer.reversed_id
    where as_reversal.reversal_id is null and as_answer.reversed_id is null
),

pairs as (
    select
        tenant_id,
        reversal_id,
        reversed_date,
        reversed_id
    from pairs_by_number
    union all
    select
        reversals.tenant_id,
        reversals.remittance_claim_id as reversal_id,
        reversals.adjudicated_date as reversed_date,
        answers.remittance_claim_id as reversed_id
    from left_over as reversals
    inner join left_over as answers
        on
            reversals.tenant_id = answers.tenant_id
            and reversals.claim_key = answers.claim_key
            and reversals.payer_key = answers.payer_key
            and reversals.absolute_charge_amount = answers.absolute_charge_amount
            and reversals.absolute_payment_amount = answers.absolute_payment_amount
            and reversals.claim_position = answers.claim_position
    where reversals.is_reversal and not answers.is_reversal
)

select
    iterations.*,
    as_reversal.reversed_id as reverses_remittance_claim_id,
    as_answer.reversed_date,
    as_answer.reversed_id is not null as is_reversed,
    not iterations.is_reversal
    and iterations.charge_amount > 0
    and iterations.payment_amount = 0
    and iterations.patient_responsibility_amount = 0
    and iterations.denied_line_count = 0
    and (
        iterations.claim_denial_reason_count > 0
        or (iterations.line_count = 0 and iterations.claim_status_code = '4')
    ) as is_claim_level_denied,
    iterations.charge_amount - iterations.adjustment_amount - iterations.payment_amount as difference_amount
from iterations
left join pairs as as_reversal
    on
        iterations.tenant_id = as_reversal.tenant_id
        and iterations.remittance_claim_id = as_reversal.reversal_id
left join pairs as as_answer
    on
        iterations.tenant_id = as_answer.tenant_id
        and iterations.remittance_claim_id = as_answer.reversed_id
