{#- A change counts from the tenant's last received day on, not from the clock: the same files give the same history. -#}
{% snapshot payer_attributes %}
{{ config(
    strategy='check',
    unique_key=['tenant_id', 'payer_id'],
    check_cols=['payer_name'],
    updated_at='known_at'
) }}
select
    payers.tenant_id,
    payers.payer_id,
    payers.payer_name,
    cast(tenants.last_received_date as timestamp) as known_at
from {{ ref('dim_payer') }} as payers
inner join {{ ref('dim_tenant') }} as tenants
    on payers.tenant_id = tenants.tenant_id
{% endsnapshot %}
