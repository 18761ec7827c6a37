-- The first version holds from the day on which the payer was first seen, a later one from the day on which it was known.
select
    versions.tenant_id,
    versions.payer_id,
    cast(
        row_number() over (
            partition by versions.tenant_id, versions.payer_id
            order by versions.dbt_valid_from, versions.dbt_valid_to nulls last
        ) as integer
    ) as version_number,
    versions.payer_name,
    case
        when
            row_number() over (
                partition by versions.tenant_id, versions.payer_id
                order by versions.dbt_valid_from, versions.dbt_valid_to nulls last
            ) = 1
            then least(cast(versions.dbt_valid_from as date), payers.first_seen_date)
        else cast(versions.dbt_valid_from as date)
    end as valid_from_date,
    cast(versions.dbt_valid_to as date) as valid_to_date,
    versions.dbt_valid_to is null as is_current
from {{ ref('payer_attributes') }} as versions
left join {{ ref('dim_payer') }} as payers
    on versions.tenant_id = payers.tenant_id and versions.payer_id = payers.payer_id
