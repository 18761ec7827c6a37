with named as (
    select
        tenant_id,
        billing_provider_npi as provider_npi,
        billing_provider_name as provider_name,
        billing_provider_taxonomy_code as taxonomy_code,
        billing_provider_state as provider_state,
        1 as is_billing,
        0 as is_rendering,
        submitted_date
    from {{ ref('int_claims__submissions') }}
    where billing_provider_npi is not null
    union all
    select
        tenant_id,
        rendering_provider_npi as provider_npi,
        case when rendering_provider_npi = billing_provider_npi then billing_provider_name end as provider_name,
        taxonomy_code,
        billing_provider_state as provider_state,
        0 as is_billing,
        1 as is_rendering,
        submitted_date
    from {{ ref('int_claims__submissions') }}
    where rendering_provider_npi is not null
),

ranked as (
    select
        *,
        row_number() over (
            partition by tenant_id, provider_npi
            order by
                case when provider_name is null then 1 else 0 end asc,
                submitted_date desc,
                provider_name asc,
                provider_state asc
        ) as name_position,
        row_number() over (
            partition by tenant_id, provider_npi
            order by
                case when taxonomy_code is null then 1 else 0 end asc,
                is_rendering desc,
                submitted_date desc,
                taxonomy_code asc
        ) as taxonomy_position
    from named
),

providers as (
    select
        tenant_id,
        provider_npi,
        max(case when name_position = 1 then provider_name end) as provider_name,
        max(case when taxonomy_position = 1 then taxonomy_code end) as taxonomy_code,
        max(case when name_position = 1 then provider_state end) as provider_state,
        max(is_billing) = 1 as is_billing,
        max(is_rendering) = 1 as is_rendering,
        min(submitted_date) as first_seen_date,
        max(submitted_date) as last_seen_date
    from ranked
    group by tenant_id, provider_npi
)

select
    providers.tenant_id,
    providers.provider_npi,
    providers.provider_name,
    providers.taxonomy_code,
    coalesce(taxonomies.specialty, 'other') as specialty,
    providers.provider_state,
    providers.is_billing,
    providers.is_rendering,
    providers.first_seen_date,
    providers.last_seen_date
from providers
left join {{ ref('provider_taxonomies') }} as taxonomies
    on providers.taxonomy_code = taxonomies.taxonomy_code
