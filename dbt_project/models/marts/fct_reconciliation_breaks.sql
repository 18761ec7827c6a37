-- Every sum that does not come out, with the segment that says so. Expected minus actual is the difference.
with deposits as (
    select
        *,
        -- A payment is known by its TRN02 and TRN03, which payers use again: with its day and amount.
        row_number() over (
            partition by tenant_id, coalesce(payer_trace_id, payer_id, ''), trace_number, payment_date, payment_amount
            order by received_date, file_id, transaction_ordinal
        ) as copy_number
    from {{ ref('int_remittances__transaction_totals') }}
),

-- PLB FB: what a payer carries forward is negative, what he takes back from a later payment positive. Several on one
-- day are one movement: nothing says in which order a payer made them.
forward_balances as (
    select
        tenant_id,
        payer_id,
        provider_id,
        payer_claim_key,
        coalesce(payment_date, received_date) as balance_date,
        adjustment_amount as amount,
        file_id,
        transaction_ordinal,
        segment_ordinal,
        byte_offset,
        row_number() over (
            partition by
                tenant_id, payer_id, provider_id, payer_claim_key, coalesce(payment_date, received_date)
            order by adjustment_amount desc, file_id desc, adjustment_ordinal desc
        ) as position
    from {{ ref('int_remittances__provider_adjustments') }}
    where reason_code = 'FB'
),

carried as (
    select
        *,
        sum(amount) over (
            partition by tenant_id, payer_id, provider_id, payer_claim_key
            order by balance_date
            range between unbounded preceding and current row
        ) as balance_amount
    from forward_balances
),

-- The highest that the balance has come to, where it came above nothing: taken back beyond what was carried.
overdrawn as (
    select
        *,
        greatest(0, max(balance_amount) over (
            partition by tenant_id, payer_id, provider_id, payer_claim_key
            order by balance_date
            rows between unbounded preceding and current row
        )) as overdrawn_amount
    from carried
    where position = 1
),

taken_back as (
    select
        *,
        overdrawn_amount - coalesce(lag(overdrawn_amount) over (
            partition by tenant_id, payer_id, provider_id, payer_claim_key
            order by balance_date
        ), 0) as excess_amount
    from overdrawn
),

breaks as (
    select
        lines.tenant_id,
        'line' as break_level,
        'line_payment' as identity_name,
        lines.remittance_claim_id,
        lines.line_number,
        lines.charge_amount - lines.adjustment_amount as expected_amount,
        lines.payment_amount as actual_amount,
        lines.file_id,
        lines.transaction_ordinal,
        lines.segment_ordinal,
        lines.byte_offset
    from {{ ref('int_remittances__lines') }} as lines
    inner join {{ ref('int_remittances__iterations') }} as iterations
        on lines.tenant_id = iterations.tenant_id and lines.remittance_claim_id = iterations.remittance_claim_id
    where lines.difference_amount <> 0
    union all
    select
        tenant_id,
        'claim' as break_level,
        'claim_payment' as identity_name,
        remittance_claim_id,
        null as line_number,
        charge_amount - adjustment_amount as expected_amount,
        payment_amount as actual_amount,
        file_id,
        transaction_ordinal,
        segment_ordinal,
        byte_offset
    from {{ ref('int_remittances__iterations') }}
    where difference_amount <> 0
    union all
    select
        tenant_id,
        'claim' as break_level,
        'claim_line_charges' as identity_name,
        remittance_claim_id,
        null as line_number,
        charge_amount as expected_amount,
        line_charge_amount as actual_amount,
        file_id,
        transaction_ordinal,
        segment_ordinal,
        byte_offset
    from {{ ref('int_remittances__iterations') }}
    where line_count > 0 and charge_amount <> line_charge_amount
    union all
    select
        tenant_id,
        'claim' as break_level,
        'claim_patient_responsibility' as identity_name,
        remittance_claim_id,
        null as line_number,
        declared_patient_responsibility_amount as expected_amount,
        patient_responsibility_amount as actual_amount,
        file_id,
        transaction_ordinal,
        segment_ordinal,
        byte_offset
    from {{ ref('int_remittances__iterations') }}
    where declared_patient_responsibility_amount <> patient_responsibility_amount
    union all
    select
        tenant_id,
        'claim' as break_level,
        'reversal_without_answer' as identity_name,
        remittance_claim_id,
        null as line_number,
        0 as expected_amount,
        payment_amount as actual_amount,
        file_id,
        transaction_ordinal,
        segment_ordinal,
        byte_offset
    from {{ ref('int_remittances__iterations') }}
    where is_reversal and reverses_remittance_claim_id is null
    union all
    -- A reversal negates what it takes back: paired by absolute amounts, it may still bear the wrong sign.
    select
        reversals.tenant_id,
        'claim' as break_level,
        'reversal_charge' as identity_name,
        reversals.remittance_claim_id,
        null as line_number,
        -answers.charge_amount as expected_amount,
        reversals.charge_amount as actual_amount,
        reversals.file_id,
        reversals.transaction_ordinal,
        reversals.segment_ordinal,
        reversals.byte_offset
    from {{ ref('int_remittances__iterations') }} as reversals
    inner join {{ ref('int_remittances__iterations') }} as answers
        on
            reversals.tenant_id = answers.tenant_id
            and reversals.reverses_remittance_claim_id = answers.remittance_claim_id
    where reversals.charge_amount + answers.charge_amount <> 0
    union all
    select
        reversals.tenant_id,
        'claim' as break_level,
        'reversal_payment' as identity_name,
        reversals.remittance_claim_id,
        null as line_number,
        -answers.payment_amount as expected_amount,
        reversals.payment_amount as actual_amount,
        reversals.file_id,
        reversals.transaction_ordinal,
        reversals.segment_ordinal,
        reversals.byte_offset
    from {{ ref('int_remittances__iterations') }} as reversals
    inner join {{ ref('int_remittances__iterations') }} as answers
        on
            reversals.tenant_id = answers.tenant_id
            and reversals.reverses_remittance_claim_id = answers.remittance_claim_id
    where reversals.payment_amount + answers.payment_amount <> 0
    union all
    -- What stands is an answer to the charge that was sent.
    select
        chained.tenant_id,
        'claim' as break_level,
        'answered_charge' as identity_name,
        chained.remittance_claim_id,
        null as line_number,
        submissions.charge_amount as expected_amount,
        chained.charge_amount as actual_amount,
        iterations.file_id,
        iterations.transaction_ordinal,
        iterations.segment_ordinal,
        iterations.byte_offset
    from {{ ref('int_claims__iterations') }} as chained
    inner join {{ ref('int_claims__submissions') }} as submissions
        on chained.tenant_id = submissions.tenant_id and chained.claim_id = submissions.claim_id
    inner join {{ ref('int_remittances__iterations') }} as iterations
        on
            chained.tenant_id = iterations.tenant_id
            and chained.remittance_claim_id = iterations.remittance_claim_id
    where chained.is_standing and chained.charge_amount <> submissions.charge_amount
    union all
    -- A later answer takes over from one that paid nothing; one that paid is to be reversed first.
    select
        chained.tenant_id,
        'claim' as break_level,
        'answer_not_reversed' as identity_name,
        chained.remittance_claim_id,
        null as line_number,
        0 as expected_amount,
        chained.payment_amount as actual_amount,
        iterations.file_id,
        iterations.transaction_ordinal,
        iterations.segment_ordinal,
        iterations.byte_offset
    from {{ ref('int_claims__iterations') }} as chained
    inner join {{ ref('int_remittances__iterations') }} as iterations
        on
            chained.tenant_id = iterations.tenant_id
            and chained.remittance_claim_id = iterations.remittance_claim_id
    where
        not chained.is_reversal
        and not chained.is_reversed
        and not chained.is_standing
        and chained.payment_amount <> 0
    union all
    select
        tenant_id,
        'claim' as break_level,
        'submitted_line_charges' as identity_name,
        null as remittance_claim_id,
        null as line_number,
        charge_amount as expected_amount,
        line_charge_amount as actual_amount,
        file_id,
        transaction_ordinal,
        segment_ordinal,
        byte_offset
    from {{ ref('int_claims__submissions') }}
    where charge_amount <> line_charge_amount
    union all
    select
        tenant_id,
        'transaction' as break_level,
        'transaction_payment' as identity_name,
        null as remittance_claim_id,
        null as line_number,
        claim_payment_amount - provider_adjustment_amount as expected_amount,
        payment_amount as actual_amount,
        file_id,
        transaction_ordinal,
        segment_ordinal,
        byte_offset
    from deposits
    where difference_amount <> 0
    union all
    -- BPR04 = NON says that no money moves.
    select
        tenant_id,
        'deposit' as break_level,
        'deposit_without_payment' as identity_name,
        null as remittance_claim_id,
        null as line_number,
        0 as expected_amount,
        payment_amount as actual_amount,
        file_id,
        transaction_ordinal,
        segment_ordinal,
        byte_offset
    from deposits
    where payment_method_code = 'NON' and payment_amount <> 0
    union all
    -- One deposit told twice: its money came once.
    select
        tenant_id,
        'deposit' as break_level,
        'deposit_repeated' as identity_name,
        null as remittance_claim_id,
        null as line_number,
        0 as expected_amount,
        payment_amount as actual_amount,
        file_id,
        transaction_ordinal,
        segment_ordinal,
        byte_offset
    from deposits
    where
        copy_number > 1
        and trace_number is not null
        and payment_amount <> 0
        and coalesce(payment_method_code, '') <> 'NON'
    union all
    -- Taken back, as a balance brought forward, beyond what was carried forward in any 835 received.
    select
        tenant_id,
        'deposit' as break_level,
        'forward_balance' as identity_name,
        null as remittance_claim_id,
        null as line_number,
        amount - excess_amount as expected_amount,
        amount as actual_amount,
        file_id,
        transaction_ordinal,
        segment_ordinal,
        byte_offset
    from taken_back
    where excess_amount > 0
)

select
    breaks.tenant_id,
    breaks.file_id || '-' || cast(breaks.transaction_ordinal as text) || '-'
    || cast(breaks.segment_ordinal as text) || '-' || breaks.identity_name as break_id,
    breaks.break_level,
    breaks.identity_name,
    coalesce(matches.claim_id, submissions.claim_id) as claim_id,
    breaks.remittance_claim_id,
    cast(breaks.line_number as integer) as line_number,
    cast(breaks.expected_amount as decimal(18, 2)) as expected_amount,
    cast(breaks.actual_amount as decimal(18, 2)) as actual_amount,
    cast(breaks.expected_amount - breaks.actual_amount as decimal(18, 2)) as difference_amount,
    breaks.file_id,
    breaks.transaction_ordinal,
    breaks.segment_ordinal,
    breaks.byte_offset
from breaks
left join {{ ref('int_claims__remittance_matches') }} as matches
    on breaks.tenant_id = matches.tenant_id and breaks.remittance_claim_id = matches.remittance_claim_id
left join {{ ref('int_claims__submissions') }} as submissions
    on
        breaks.identity_name = 'submitted_line_charges'
        and breaks.tenant_id = submissions.tenant_id
        and breaks.file_id = submissions.file_id
        and breaks.transaction_ordinal = submissions.transaction_ordinal
        and breaks.segment_ordinal = submissions.segment_ordinal
