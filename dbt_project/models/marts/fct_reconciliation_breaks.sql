-- Every sum that does not come out, with the segment that says so. Expected minus actual is the difference.
with breaks as (
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
    from {{ ref('int_remittances__transaction_totals') }}
    where difference_amount <> 0
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
