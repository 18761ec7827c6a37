-- History as one row per submission. Rates are plain (denied by remitted, null without any); risks are the worst of the
-- claim's lines, drawn towards one in ten as if two more lines had been answered, since one answer proves little.
-- `missing_usual` is the share of earlier claims, alike in procedure and setting, that carry what this one lacks.
-- Columns come from loops, which the linter cannot indent.
-- noqa: disable=LT02
{%- set risks = [
    'unauthorized_procedure', 'covered_procedure', 'diagnosis_procedure', 'modified_procedure', 'procedure_units',
    'procedure_pair',
] %}
{%- set habits = {
    'authorization': "subject = 'usual_authorization'",
    'modifier': "subject like 'usual%modifier'",
} %}
select
    tenant_id,
    claim_id,
    {%- for subject in ['payer', 'provider', 'payer_procedure', 'payer_provider', 'patient'] %}
    {%- for days in [30, 90, 365] %}
    max(
        case
            when subject = '{{ subject }}' and evidence_count_{{ days }}d > 0
                then cast(hit_count_{{ days }}d as double precision) / evidence_count_{{ days }}d
        end
    ) as {{ subject }}_denial_rate_{{ days }}d,
    coalesce(max(case when subject = '{{ subject }}' then evidence_count_{{ days }}d end), 0)
        as {{ subject }}_remitted_count_{{ days }}d,
    {%- endfor %}
    {%- endfor %}
    {%- for subject in risks %}
    max(
        case
            when subject = '{{ subject }}'
                then (cast(hit_count_365d as double precision) + 0.2) / (evidence_count_365d + 2)
        end
    ) as {{ subject }}_risk,
    max(
        case
            when subject = '{{ subject }}'
                then (cast(recent_hit_count as double precision) + 0.2) / (recent_evidence_count + 2)
        end
    ) as recent_{{ subject }}_risk,
    {%- endfor %}
    {%- for thing, condition in habits.items() %}
    max(
        case when {{ condition }} then cast(hit_count_365d as double precision) / (evidence_count_365d + 2) end
    ) as missing_usual_{{ thing }}_share{{ "," if not loop.last }}
    {%- endfor %}
from {{ ref('int_denial__history') }}
group by tenant_id, claim_id
