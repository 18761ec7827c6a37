-- History as one row per submission. Rates are plain (denied by remitted, null without any); risks are the worst of the
-- claim's lines, drawn towards one in ten as if two more lines had been answered, since one answer proves little.
select
    tenant_id,
    claim_id,
    {%- for subject in ['payer', 'provider', 'payer_procedure', 'payer_provider', 'patient'] %}
    {%- for days in [30, 90, 365] %}
    cast(
        max(case when subject = '{{ subject }}' and remitted_count_{{ days }}d > 0
            then cast(denied_count_{{ days }}d as double precision) / remitted_count_{{ days }}d end)
        as double precision
    ) as {{ subject }}_denial_rate_{{ days }}d,
    coalesce(max(case when subject = '{{ subject }}' then remitted_count_{{ days }}d end), 0)
        as {{ subject }}_remitted_count_{{ days }}d,
    {%- endfor %}
    {%- endfor %}
    {%- for subject in [
        'unauthorized_procedure', 'covered_procedure', 'diagnosis_procedure', 'modified_procedure',
        'procedure_units', 'procedure_pair'
    ] %}
    cast(
        max(case when subject = '{{ subject }}' then (denied_count_365d + 0.2) / (remitted_count_365d + 2.0) end)
        as double precision
    ) as {{ subject }}_risk,
    max(case when subject = '{{ subject }}' then denied_count_365d end) as {{ subject }}_denied_count
    {{- "," if not loop.last }}
    {%- endfor %}
from {{ ref('int_denial__history') }}
group by tenant_id, claim_id
