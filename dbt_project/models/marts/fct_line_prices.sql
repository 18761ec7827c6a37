-- What each service line should be allowed, beside what its standing answer allows. Whole, not by claim: a new contract
-- or release changes prices of lines whose files did not change.
select
    lines.tenant_id,
    lines.claim_id,
    lines.line_number,
    lines.claim_key,
    lines.payer_id,
    lines.is_primary,
    lines.is_live,
    lines.rendering_provider_npi,
    lines.procedure_code,
    lines.modifier_1,
    lines.modifier_2,
    lines.modifier_3,
    lines.modifier_4,
    lines.unit_count,
    lines.place_of_service_code,
    lines.submitted_date,
    lines.service_from_date,
    prices.price_status,
    prices.price_reason,
    prices.contract_id,
    prices.basis,
    prices.release,
    prices.is_binding,
    lines.charge_amount,
    prices.expected_allowed_amount,
    prices.medicare_amount,
    prices.deductible_amount,
    prices.coinsurance_amount,
    prices.sequestration_amount,
    prices.expected_payment_amount,
    lines.allowed_amount,
    cast(
        case
            when lines.is_primary and lines.is_live and not lines.is_finally_denied and prices.is_binding
                then prices.expected_allowed_amount - lines.allowed_amount
        end as decimal(18, 2)
    ) as variance_amount,
    prices.trace,
    lines.file_id,
    lines.transaction_ordinal,
    lines.segment_ordinal,
    lines.byte_offset
from {{ ref('fct_claim_lines') }} as lines
inner join {{ ref('int_claims__prices') }} as prices
    on
        lines.tenant_id = prices.tenant_id
        and lines.claim_id = prices.claim_id
        and lines.line_number = prices.line_number
