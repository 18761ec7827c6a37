-- Every movement of a submission's open balance with its day. They sum to the open balance of int_claims__balances, so
-- that the receivables of any past day are a running sum.
with balances as (
    select
        balances.*,
        submissions.submitted_date,
        submissions.payer_id,
        submissions.payer_responsibility_code,
        submissions.prior_payer_amount as declared_prior_payer_amount
    from {{ ref('int_claims__balances') }} as balances
    inner join {{ ref('int_claims__submissions') }} as submissions
        on balances.tenant_id = submissions.tenant_id and balances.claim_id = submissions.claim_id
),

adjustments as (
    select
        iterations.tenant_id,
        iterations.claim_id,
        iterations.adjudicated_date,
        iterations.superseded_date,
        iterations.prior_payer_amount
        + iterations.contractual_amount
        + iterations.other_adjustment_amount
        + iterations.patient_responsibility_amount as adjustment_amount
    from {{ ref('int_claims__iterations') }} as iterations
    where not iterations.is_reversal
),

events as (
    select
        tenant_id,
        claim_id,
        'charge' as event_type,
        submitted_date as event_date,
        charge_amount as amount
    from balances
    union all
    select
        tenant_id,
        claim_id,
        'prior_payer' as event_type,
        submitted_date as event_date,
        -declared_prior_payer_amount as amount
    from balances
    where declared_prior_payer_amount <> 0
    union all
    select
        tenant_id,
        claim_id,
        'prior_payer' as event_type,
        first_adjudicated_date as event_date,
        declared_prior_payer_amount as amount
    from balances
    where declared_prior_payer_amount <> 0 and first_adjudicated_date is not null
    union all
    select
        tenant_id,
        claim_id,
        'payment' as event_type,
        adjudicated_date as event_date,
        -payment_amount as amount
    from {{ ref('int_claims__iterations') }}
    where payment_amount <> 0
    union all
    select
        tenant_id,
        claim_id,
        'adjustment' as event_type,
        adjudicated_date as event_date,
        -adjustment_amount as amount
    from adjustments
    where adjustment_amount <> 0
    union all
    select
        tenant_id,
        claim_id,
        'adjustment' as event_type,
        superseded_date as event_date,
        adjustment_amount as amount
    from adjustments
    where adjustment_amount <> 0 and superseded_date is not null
    union all
    select
        tenant_id,
        claim_id,
        'superseded' as event_type,
        superseded_date as event_date,
        -superseded_amount as amount
    from balances
    where superseded_amount <> 0
    union all
    select
        tenant_id,
        claim_id,
        'write_off' as event_type,
        write_off_date as event_date,
        -write_off_amount as amount
    from balances
    where write_off_amount <> 0
)

select
    events.tenant_id,
    events.claim_id,
    balances.payer_id,
    balances.payer_responsibility_code,
    events.event_type,
    events.event_date,
    events.amount
from events
inner join balances
    on events.tenant_id = balances.tenant_id and events.claim_id = balances.claim_id
