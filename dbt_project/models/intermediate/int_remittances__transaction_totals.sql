-- BPR02 = sum of CLP04 - sum of PLB. Nothing else enters: AMT never balances.
with claims as (
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        count(*) as claim_count,
        sum(case when claim_status_code = '22' then 1 else 0 end) as reversal_count,
        sum(coalesce(total_charge_amount, 0)) as claim_charge_amount,
        sum(coalesce(payment_amount, 0)) as claim_payment_amount
    from {{ ref('stg_x12__remittance_claims') }}
    group by tenant_id, file_id, transaction_ordinal
),

provider_adjustments as (
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        sum(coalesce(amount, 0)) as provider_adjustment_amount
    from {{ ref('stg_x12__provider_adjustments') }}
    group by tenant_id, file_id, transaction_ordinal
)

select
    remittances.tenant_id,
    remittances.file_id,
    remittances.transaction_ordinal,
    remittances.segment_ordinal,
    remittances.byte_offset,
    remittances.received_date,
    remittances.payment_date,
    remittances.trace_number,
    remittances.payer_trace_id,
    remittances.handling_code,
    remittances.credit_debit_code,
    remittances.payment_method_code,
    remittances.payer_id,
    remittances.payer_name,
    remittances.payee_npi,
    coalesce(claims.claim_count, 0) as claim_count,
    coalesce(claims.reversal_count, 0) as reversal_count,
    coalesce(claims.claim_charge_amount, 0) as claim_charge_amount,
    coalesce(remittances.payment_amount, 0) as payment_amount,
    coalesce(claims.claim_payment_amount, 0) as claim_payment_amount,
    coalesce(provider_adjustments.provider_adjustment_amount, 0) as provider_adjustment_amount,
    coalesce(remittances.payment_amount, 0) - coalesce(claims.claim_payment_amount, 0)
    + coalesce(provider_adjustments.provider_adjustment_amount, 0) as difference_amount
from {{ ref('stg_x12__remittances') }} as remittances
inner join {{ ref('stg_x12__transactions') }} as transactions
    on
        remittances.tenant_id = transactions.tenant_id
        and remittances.file_id = transactions.file_id
        and remittances.transaction_ordinal = transactions.transaction_ordinal
        and transactions.status <> 'quarantined'
left join claims
    on
        remittances.tenant_id = claims.tenant_id
        and remittances.file_id = claims.file_id
        and remittances.transaction_ordinal = claims.transaction_ordinal
left join provider_adjustments
    on
        remittances.tenant_id = provider_adjustments.tenant_id
        and remittances.file_id = provider_adjustments.file_id
        and remittances.transaction_ordinal = provider_adjustments.transaction_ordinal
