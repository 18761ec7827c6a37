-- An address stands in the claim for the billing provider alone: a service facility of its own has no state here.
with ranked as (
    select
        tenant_id,
        facility_id,
        coalesce(service_facility_npi, billing_provider_npi) as facility_npi,
        service_facility_npi is not null as is_service_facility,
        facility_code_qualifier,
        facility_type_code,
        case when service_facility_npi is null then billing_provider_name end as facility_name,
        case when service_facility_npi is null then billing_provider_state end as state,
        case when service_facility_npi is null then billing_provider_zip3 end as zip3,
        submitted_date,
        row_number() over (
            partition by tenant_id, facility_id
            order by submitted_date desc, claim_id desc
        ) as position
    from {{ ref('int_claims__submissions') }}
)

select
    tenant_id,
    facility_id,
    max(facility_npi) as facility_npi,
    max(case when is_service_facility then 1 else 0 end) = 1 as is_service_facility,
    max(facility_code_qualifier) as facility_code_qualifier,
    max(facility_type_code) as facility_type_code,
    max(case when position = 1 then facility_name end) as facility_name,
    max(case when position = 1 then state end) as state,
    max(case when position = 1 then zip3 end) as zip3,
    cast(count(*) as integer) as submission_count,
    min(submitted_date) as first_seen_date,
    max(submitted_date) as last_seen_date
from ranked
group by tenant_id, facility_id
