-- What a payment says of its claims and provider adjustments is what stands in their facts, row by row.
with claims as (
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        sum(payment_amount) as amount
    from {{ ref('fct_remittances') }}
    group by tenant_id, file_id, transaction_ordinal
),

adjustments as (
    select
        tenant_id,
        payment_id,
        sum(adjustment_amount) as amount
    from {{ ref('fct_provider_adjustments') }}
    group by tenant_id, payment_id
)

select
    coalesce(payments.tenant_id, claims.tenant_id) as tenant_id,
    payments.payment_id,
    claims.file_id,
    payments.claim_payment_amount,
    claims.amount as claim_amount,
    payments.provider_adjustment_amount,
    adjustments.amount as adjustment_amount
from {{ ref('fct_payments') }} as payments
full outer join claims
    on
        payments.tenant_id = claims.tenant_id
        and payments.file_id = claims.file_id
        and payments.transaction_ordinal = claims.transaction_ordinal
left join adjustments
    on payments.tenant_id = adjustments.tenant_id and payments.payment_id = adjustments.payment_id
where
    payments.payment_id is null
    or payments.claim_payment_amount <> coalesce(claims.amount, 0)
    or payments.provider_adjustment_amount <> coalesce(adjustments.amount, 0)
