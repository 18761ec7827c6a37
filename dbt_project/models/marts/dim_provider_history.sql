-- The first version holds from the day on which the provider was first seen, a later one from the day on which it was
-- known.
select
    versions.tenant_id,
    versions.provider_npi,
    cast(
        row_number() over (
            partition by versions.tenant_id, versions.provider_npi
            order by versions.dbt_valid_from, versions.dbt_valid_to nulls last
        ) as integer
    ) as version_number,
    versions.provider_name,
    versions.taxonomy_code,
    versions.specialty,
    versions.provider_state,
    case
        when
            row_number() over (
                partition by versions.tenant_id, versions.provider_npi
                order by versions.dbt_valid_from, versions.dbt_valid_to nulls last
            ) = 1
            then least(cast(versions.dbt_valid_from as date), providers.first_seen_date)
        else cast(versions.dbt_valid_from as date)
    end as valid_from_date,
    cast(versions.dbt_valid_to as date) as valid_to_date,
    versions.dbt_valid_to is null as is_current
from {{ ref('provider_attributes') }} as versions
left join {{ ref('dim_provider') }} as providers
    on versions.tenant_id = providers.tenant_id and versions.provider_npi = providers.provider_npi
