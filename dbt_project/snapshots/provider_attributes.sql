{#- A change counts from the tenant's last received day on, not from the clock: the same files give the same history. -#}
{% snapshot provider_attributes %}
{{ config(
    strategy='check',
    unique_key=['tenant_id', 'provider_npi'],
    check_cols=['provider_name', 'taxonomy_code', 'specialty', 'provider_state'],
    updated_at='known_at'
) }}
select
    providers.tenant_id,
    providers.provider_npi,
    providers.provider_name,
    providers.taxonomy_code,
    providers.specialty,
    providers.provider_state,
    cast(tenants.last_received_date as timestamp) as known_at
from {{ ref('dim_provider') }} as providers
inner join {{ ref('dim_tenant') }} as tenants
    on providers.tenant_id = tenants.tenant_id
{% endsnapshot %}
