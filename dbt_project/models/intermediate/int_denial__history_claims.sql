-- The submissions with the values that history is asked by.
with principal as (
    select
        tenant_id,
        claim_id,
        procedure_code,
        row_number() over (partition by tenant_id, claim_id order by charge_amount desc, line_number asc) as position
    from {{ ref('int_denial__lines') }}
)

select
    claims.tenant_id,
    claims.claim_id,
    claims.submitted_day,
    claims.answered_day,
    claims.is_initially_denied,
    claims.payer_id as payer_value,
    claims.rendering_provider_npi as provider_value,
    claims.payer_id || '|' || claims.rendering_provider_npi as payer_provider_value,
    claims.payer_id || '|' || principal.procedure_code as payer_procedure_value,
    claims.patient_key as patient_value
from {{ ref('int_denial__claims') }} as claims
left join principal
    on
        claims.tenant_id = principal.tenant_id
        and claims.claim_id = principal.claim_id
        and principal.position = 1
