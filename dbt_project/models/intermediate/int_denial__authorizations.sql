-- Authorizations received by the day of submission, beside each claim: the one whose number the claim sends, and those
-- that the payer holds for the member and a procedure of the claim.
with services as (
    select
        claims.tenant_id,
        claims.claim_id,
        claims.subscriber_key,
        claims.payer_id,
        claims.submitted_date,
        claims.service_from_date,
        lines.procedure_code,
        max(coalesce(lines.authorization_key, claims.authorization_key)) as authorization_key,
        max(lines.unit_count) as unit_count
    from {{ ref('int_denial__claims') }} as claims
    inner join {{ ref('stg_x12__claim_lines') }} as lines
        on claims.tenant_id = lines.tenant_id and claims.claim_id = lines.claim_id
    group by
        claims.tenant_id, claims.claim_id, claims.subscriber_key, claims.payer_id, claims.submitted_date,
        claims.service_from_date, lines.procedure_code
),

held as (
    select
        tenant_id,
        authorization_key,
        subscriber_key,
        payer_id,
        procedure_code,
        valid_from_date,
        valid_through_date,
        approved_units,
        min(received_date) as received_date
    from {{ ref('stg_extract__authorizations') }}
    group by
        tenant_id, authorization_key, subscriber_key, payer_id, procedure_code, valid_from_date, valid_through_date,
        approved_units
),

sent as (
    select
        services.tenant_id,
        services.claim_id,
        max(case when held.authorization_key is not null then 1 else 0 end) as found,
        max(
            case
                when services.service_from_date between held.valid_from_date and held.valid_through_date then 1 else 0
            end
        )
            as dated,
        max(case when services.procedure_code = held.procedure_code then 1 else 0 end) as fitting,
        max(
            case
                when services.procedure_code = held.procedure_code and services.unit_count > held.approved_units then 1
                else 0
            end
        ) as spent,
        min(services.service_from_date - held.valid_through_date) as days_service_after_authorization
    from services
    left join held
        on
            services.tenant_id = held.tenant_id
            and services.authorization_key = held.authorization_key
            and services.submitted_date >= held.received_date
    where services.authorization_key is not null
    group by services.tenant_id, services.claim_id
),

on_file as (
    select
        services.tenant_id,
        services.claim_id,
        max(
            case
                when services.service_from_date between held.valid_from_date and held.valid_through_date then 1 else 0
            end
        )
            as valid
    from services
    inner join held
        on
            services.tenant_id = held.tenant_id
            and services.subscriber_key = held.subscriber_key
            and services.payer_id = held.payer_id
            and services.procedure_code = held.procedure_code
            and services.submitted_date >= held.received_date
    group by services.tenant_id, services.claim_id
)

select
    claims.tenant_id,
    claims.claim_id,
    sent.claim_id is not null as has_authorization_number,
    case when sent.claim_id is not null then sent.found = 1 end as is_authorization_number_on_file,
    on_file.claim_id is not null as has_authorization_on_file,
    coalesce(on_file.valid, 0) = 1 as has_valid_authorization,
    case
        when sent.claim_id is null then 'none'
        when sent.found = 0 then 'unknown'
        when sent.dated = 0 then 'out_of_date'
        when sent.fitting = 0 then 'other_procedure'
        when sent.spent = 1 then 'too_few_units'
        else 'valid'
    end as authorization_state,
    sent.days_service_after_authorization
from {{ ref('int_denial__claims') }} as claims
left join sent
    on claims.tenant_id = sent.tenant_id and claims.claim_id = sent.claim_id
left join on_file
    on claims.tenant_id = on_file.tenant_id and claims.claim_id = on_file.claim_id
