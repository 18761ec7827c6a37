-- Codes alone: the words of CPT are not ours to give.
select
    tenant_id,
    procedure_code,
    max(product_qualifier) as product_qualifier,
    case
        when max(product_qualifier) is null then 'revenue code'
        when max(product_qualifier) = 'AD' then 'CDT'
        when max(product_qualifier) <> 'HC' then 'other'
        when procedure_code similar to '[0-9]{5}|[0-9]{4}[FTUM]' then 'CPT'
        when procedure_code similar to '[A-Z][0-9]{4}' then 'HCPCS'
        else 'other'
    end as procedure_kind,
    cast(count(*) as integer) as line_count,
    min(service_from_date) as first_used_date,
    max(service_from_date) as last_used_date
from {{ ref('int_claims__lines') }}
where procedure_code is not null
group by tenant_id, procedure_code
