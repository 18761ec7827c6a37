-- What each service line's payer should allow. A copy of what the kernel says, and whether an answer can be held to it.
{{ config(materialized='view') }}
select
    tenant_id,
    claim_id,
    line_number,
    price_status,
    price_reason,
    contract_id,
    basis,
    expected_allowed_amount,
    medicare_amount,
    deductible_amount,
    coinsurance_amount,
    sequestration_amount,
    expected_payment_amount,
    release,
    trace,
    -- Rates of outpatient hospitals are national, without the hospital's wage index; a later release and the bundled
    -- default stand in for one that is not loaded. Such an amount is an estimate, and no payer is held to it.
    coalesce(
        price_status in ('priced', 'bundled', 'not_payable')
        and expected_allowed_amount is not null
        and coalesce(basis, '') <> 'outpatient'
        and trace not like '%later_release%'
        and coalesce(release, '') not like 'default-%',
        false
    ) as is_binding
from {{ ref('stg_silver__priced_lines') }}
