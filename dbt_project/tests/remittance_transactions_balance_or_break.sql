-- BPR02 = sum of CLP04 - sum of PLB on every 835, worked from staging alone; one that does not balance and is not a
-- break is a row here.
with movements as (
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        coalesce(payment_amount, 0) as amount
    from {{ ref('stg_x12__remittance_claims') }}
    union all
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        -coalesce(amount, 0) as amount
    from {{ ref('stg_x12__provider_adjustments') }}
),

totals as (
    select
        tenant_id,
        file_id,
        transaction_ordinal,
        sum(amount) as amount
    from movements
    group by tenant_id, file_id, transaction_ordinal
)

select
    remittances.tenant_id,
    remittances.file_id,
    remittances.transaction_ordinal,
    remittances.payment_amount
from {{ ref('stg_x12__remittances') }} as remittances
inner join {{ ref('stg_x12__transactions') }} as transactions
    on
        remittances.tenant_id = transactions.tenant_id
        and remittances.file_id = transactions.file_id
        and remittances.transaction_ordinal = transactions.transaction_ordinal
        and transactions.status <> 'quarantined'
left join totals
    on
        remittances.tenant_id = totals.tenant_id
        and remittances.file_id = totals.file_id
        and remittances.transaction_ordinal = totals.transaction_ordinal
left join {{ ref('fct_reconciliation_breaks') }} as breaks
    on
        remittances.tenant_id = breaks.tenant_id
        and remittances.file_id = breaks.file_id
        and remittances.transaction_ordinal = breaks.transaction_ordinal
        and breaks.identity_name = 'transaction_payment'
where
    coalesce(remittances.payment_amount, 0) <> coalesce(totals.amount, 0)
    and breaks.break_id is null
