-- PLB: money that a payment takes or gives beside its claims. A take-back names the payer's number of a claim; where
-- exactly one submission was answered under that number by this payer, it is named, but the amount stays out of its
-- balance, which the reversal among the answers has already moved.
with answered as (
    select
        iterations.tenant_id,
        iterations.payer_claim_key,
        coalesce(iterations.payer_id, '') as payer_key,
        min(matches.claim_id) as claim_id
    from {{ ref('int_remittances__iterations') }} as iterations
    inner join {{ ref('int_claims__remittance_matches') }} as matches
        on
            iterations.tenant_id = matches.tenant_id
            and iterations.remittance_claim_id = matches.remittance_claim_id
    where iterations.payer_claim_key is not null and matches.claim_id is not null
    group by iterations.tenant_id, iterations.payer_claim_key, coalesce(iterations.payer_id, '')
    having min(matches.claim_id) = max(matches.claim_id)
)

select
    adjustments.tenant_id,
    adjustments.file_id || '-' || cast(adjustments.transaction_ordinal as text) as payment_id,
    adjustments.adjustment_ordinal,
    totals.payer_id,
    totals.payer_name,
    totals.payee_npi,
    totals.payment_date,
    totals.received_date,
    adjustments.provider_id,
    adjustments.fiscal_period_date,
    adjustments.reason_code,
    -- Own words for what the codes of PLB03-1 do to the money.
    case
        when adjustments.reason_code in ('WO', 'WU', 'B3', 'OB') then 'overpayment_recovery'
        when adjustments.reason_code = 'FB' then 'balance_forward'
        when adjustments.reason_code in ('L6', 'CR') then 'interest'
        when adjustments.reason_code = '72' then 'refund'
        when adjustments.reason_code in ('50', '51', 'L3') then 'penalty'
        when adjustments.reason_code in ('E3', 'IR', 'LE') then 'withholding'
        when adjustments.reason_code in ('BN', 'CT', 'IP', 'IS', 'LS', 'PI', 'PL', 'RA') then 'settlement'
        when adjustments.reason_code in ('CV', 'CW', 'DM', 'GO', 'HM', 'OA', 'RE') then 'pass_through'
        else 'other'
    end as adjustment_kind,
    adjustments.payer_claim_key,
    answered.claim_id,
    coalesce(adjustments.amount, 0) as adjustment_amount,
    adjustments.file_id,
    adjustments.transaction_ordinal,
    adjustments.segment_ordinal,
    adjustments.byte_offset
from {{ ref('stg_x12__provider_adjustments') }} as adjustments
inner join {{ ref('int_remittances__transaction_totals') }} as totals
    on
        adjustments.tenant_id = totals.tenant_id
        and adjustments.file_id = totals.file_id
        and adjustments.transaction_ordinal = totals.transaction_ordinal
left join answered
    on
        adjustments.tenant_id = answered.tenant_id
        and adjustments.payer_claim_key = answered.payer_claim_key
        and coalesce(totals.payer_id, '') = answered.payer_key
