-- charge = payment + adjustments + patient responsibility on every SVC, worked from staging alone; an SVC that does not
-- balance and is not a break is a row here.
with adjustments as (
    select
        tenant_id,
        remittance_claim_id,
        line_number,
        sum(amount) as amount
    from {{ ref('stg_x12__remittance_adjustments') }}
    where line_number is not null
    group by tenant_id, remittance_claim_id, line_number
)

select
    lines.tenant_id,
    lines.remittance_claim_id,
    lines.line_number,
    lines.charge_amount,
    lines.payment_amount
from {{ ref('stg_x12__remittance_lines') }} as lines
inner join {{ ref('fct_remittances') }} as answers
    on lines.tenant_id = answers.tenant_id and lines.remittance_claim_id = answers.remittance_claim_id
left join adjustments
    on
        lines.tenant_id = adjustments.tenant_id
        and lines.remittance_claim_id = adjustments.remittance_claim_id
        and lines.line_number = adjustments.line_number
left join {{ ref('fct_reconciliation_breaks') }} as breaks
    on
        lines.tenant_id = breaks.tenant_id
        and lines.remittance_claim_id = breaks.remittance_claim_id
        and lines.line_number = breaks.line_number
        and breaks.identity_name = 'line_payment'
where
    coalesce(lines.charge_amount, 0) <> coalesce(lines.payment_amount, 0) + coalesce(adjustments.amount, 0)
    and breaks.break_id is null
