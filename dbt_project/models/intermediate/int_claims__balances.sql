-- Where every cent of a submission's charge is, as of the tenant's last received file:
--   charge = prior payer + payments + contractual + other adjustments + patient responsibility
--            + superseded (a later version of the claim took it over) + write-off + open balance
with cut_off as (
    select
        tenant_id,
        max(received_date) as cut_off_date
    from {{ ref('stg_x12__transactions') }}
    group by tenant_id
),

first_denials as (
    select
        tenant_id,
        claim_id,
        min(case when reason_category = 'duplicate' then 1 else 0 end) = 1 as is_duplicate_only
    from {{ ref('int_remittances__denials') }}
    where is_first
    group by tenant_id, claim_id
),

primary_reasons as (
    select
        tenant_id,
        claim_id,
        reason_code,
        group_code,
        reason_category,
        row_number() over (
            partition by tenant_id, claim_id
            order by denied_amount desc, adjustment_ordinal asc
        ) as position
    from {{ ref('int_remittances__denials') }}
    where is_first
),

answers as (
    select
        tenant_id,
        claim_id,
        count(*) as iteration_count,
        sum(payment_amount) as paid_amount,
        min(case when is_first then adjudicated_date end) as first_adjudicated_date,
        max(case when is_first then outcome end) as initial_outcome,
        max(case when is_first then denied_line_count end) as initial_denied_line_count,
        max(case when is_standing then outcome end) as standing_outcome,
        max(case when is_standing then adjudicated_date end) as standing_date,
        max(case when is_standing then 1 else 0 end) as standing_count,
        sum(case when is_standing then contractual_amount else 0 end) as contractual_amount,
        sum(case when is_standing then prior_payer_amount else 0 end) as prior_payer_amount,
        sum(case when is_standing then patient_responsibility_amount else 0 end) as patient_responsibility_amount,
        sum(case when is_standing then denied_amount else 0 end) as denied_amount,
        sum(case when is_standing then other_adjustment_amount else 0 end) as other_adjustment_amount,
        sum(case when is_standing then allowed_amount end) as allowed_amount,
        min(case when payment_amount > 0 then adjudicated_date end) as first_paid_date
    from {{ ref('int_claims__iterations') }}
    group by tenant_id, claim_id
),

versions as (
    select
        submissions.tenant_id,
        submissions.claim_id,
        submissions.claim_chain_id,
        submissions.submission_number,
        submissions.submitted_date,
        submissions.frequency_code = '8' as is_void,
        submissions.submission_number > 1
        and submissions.frequency_code = '1'
        and answers.initial_outcome = 'denied'
        and coalesce(first_denials.is_duplicate_only, false) as is_duplicate
    from {{ ref('int_claims__submissions') }} as submissions
    left join answers
        on submissions.tenant_id = answers.tenant_id and submissions.claim_id = answers.claim_id
    left join first_denials
        on submissions.tenant_id = first_denials.tenant_id and submissions.claim_id = first_denials.claim_id
),

sequenced as (
    select
        *,
        not coalesce(is_duplicate, false) as is_version,
        lead(submitted_date) over (
            partition by tenant_id, claim_chain_id, not coalesce(is_duplicate, false)
            order by submission_number
        ) as next_submitted_date,
        row_number() over (
            partition by tenant_id, claim_chain_id, not coalesce(is_duplicate, false)
            order by submission_number desc
        ) as position_from_end
    from versions
),

amounts as (
    select
        submissions.tenant_id,
        submissions.claim_id,
        submissions.claim_chain_id,
        cut_off.cut_off_date,
        sequenced.is_version and sequenced.position_from_end = 1 as is_current_version,
        sequenced.is_void,
        not sequenced.is_version as is_duplicate,
        case
            when sequenced.is_void or not sequenced.is_version then submissions.submitted_date
            else sequenced.next_submitted_date
        end as superseded_date,
        answers.iteration_count is not null as is_answered,
        coalesce(answers.standing_count, 0) = 1 as has_standing,
        answers.first_adjudicated_date,
        answers.first_paid_date,
        answers.standing_date,
        answers.initial_outcome,
        answers.initial_denied_line_count,
        answers.standing_outcome,
        coalesce(answers.iteration_count, 0) as iteration_count,
        submissions.charge_amount,
        case
            when answers.first_adjudicated_date is null then submissions.prior_payer_amount
            else answers.prior_payer_amount
        end as prior_payer_amount,
        coalesce(answers.paid_amount, 0) as paid_amount,
        coalesce(answers.contractual_amount, 0) as contractual_amount,
        coalesce(answers.other_adjustment_amount, 0) as other_adjustment_amount,
        coalesce(answers.patient_responsibility_amount, 0) as patient_responsibility_amount,
        coalesce(answers.denied_amount, 0) as denied_amount,
        answers.allowed_amount
    from {{ ref('int_claims__submissions') }} as submissions
    inner join sequenced
        on submissions.tenant_id = sequenced.tenant_id and submissions.claim_id = sequenced.claim_id
    inner join cut_off
        on submissions.tenant_id = cut_off.tenant_id
    left join answers
        on submissions.tenant_id = answers.tenant_id and submissions.claim_id = answers.claim_id
),

residuals as (
    select
        *,
        is_current_version and not is_void as is_live,
        charge_amount - prior_payer_amount - paid_amount - contractual_amount - other_adjustment_amount
        - patient_responsibility_amount as residual_amount,
        standing_date + {{ var('denial_open_days') }} as write_off_date
    from amounts
),

settled as (
    select
        *,
        case when is_live then 0 else residual_amount end as superseded_amount,
        case
            when is_live and denied_amount > 0 and residual_amount > 0 and write_off_date <= cut_off_date
                then least(residual_amount, denied_amount)
            else 0
        end as write_off_amount
    from residuals
)

select
    settled.tenant_id,
    settled.claim_id,
    settled.claim_chain_id,
    settled.cut_off_date,
    settled.is_current_version,
    settled.is_live,
    settled.is_void,
    settled.is_duplicate,
    settled.superseded_date,
    settled.is_answered,
    settled.first_adjudicated_date,
    settled.first_paid_date,
    settled.standing_date,
    settled.initial_outcome,
    settled.initial_outcome in ('denied', 'partly_denied') as is_initially_denied,
    coalesce(settled.initial_denied_line_count, 0) as initial_denied_line_count,
    primary_reasons.reason_code as initial_reason_code,
    primary_reasons.group_code as initial_group_code,
    primary_reasons.reason_category as initial_reason_category,
    case
        when settled.is_void then 'voided'
        when settled.is_duplicate then 'duplicate'
        when not settled.is_current_version then 'replaced'
        when not settled.has_standing then 'open'
        else settled.standing_outcome
    end as final_outcome,
    settled.iteration_count,
    settled.charge_amount,
    settled.prior_payer_amount,
    settled.paid_amount,
    settled.contractual_amount,
    settled.other_adjustment_amount,
    settled.patient_responsibility_amount,
    settled.denied_amount,
    settled.allowed_amount,
    settled.superseded_amount,
    settled.write_off_amount,
    case when settled.write_off_amount <> 0 then settled.write_off_date end as write_off_date,
    settled.residual_amount - settled.superseded_amount - settled.write_off_amount as open_balance_amount
from settled
left join primary_reasons
    on
        settled.tenant_id = primary_reasons.tenant_id
        and settled.claim_id = primary_reasons.claim_id
        and primary_reasons.position = 1
