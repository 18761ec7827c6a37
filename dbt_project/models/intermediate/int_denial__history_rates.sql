-- History as one row per submission. Rates are plain (denied by remitted, null without any); risks are the worst of the
-- claim's lines, drawn towards one in ten as if two more lines had been answered, since one answer proves little.
-- `missing_usual` is the share of earlier claims, alike in procedure and setting, that carry what this one lacks.
-- Columns come from loops, which the linter cannot indent.
-- noqa: disable=LT02
with history as (
    select
        *,
        (cast(hit_count_365d as double precision) + 0.2) / (evidence_count_365d + 2) as risk,
        (cast(recent_hit_count as double precision) + 0.2) / (recent_evidence_count + 2) as recent_risk,
        cast(hit_count_365d as double precision) / (evidence_count_365d + 2) as share
    from {{ ref('int_denial__history') }}
),

lines as (
    select
        asked.tenant_id,
        asked.claim_id,
        {{- denial_risk_columns([
            'unauthorized_procedure', 'covered_procedure', 'diagnosis_procedure', 'modified_procedure',
            'procedure_units',
        ]) }}
        max(usual_authorization.share) as missing_usual_authorization_share,
        max(greatest(
            usual_side_modifier.share, usual_therapy_modifier.share, usual_drug_modifier.share,
            usual_telehealth_modifier.share
        )) as missing_usual_modifier_share
    from {{ ref('int_denial__history_lines') }} as asked
    {{- denial_history_joins('int_denial__history_lines') }}
    group by asked.tenant_id, asked.claim_id
),

pairs as (
    select
        asked.tenant_id,
        asked.claim_id,
        {{- denial_risk_columns(['procedure_pair']) }}
        max(usual_evaluation_modifier.share) as missing_usual_modifier_share
    from {{ ref('int_denial__history_pairs') }} as asked
    {{- denial_history_joins('int_denial__history_pairs') }}
    group by asked.tenant_id, asked.claim_id
)

select
    asked.tenant_id,
    asked.claim_id,
    {%- for subject in denial_history_rates() %}
    {%- for days in [30, 90, 365] %}
    case
        when {{ subject }}.evidence_count_{{ days }}d > 0
            then
                cast({{ subject }}.hit_count_{{ days }}d as double precision)
                / {{ subject }}.evidence_count_{{ days }}d
    end as {{ subject }}_denial_rate_{{ days }}d,
    coalesce({{ subject }}.evidence_count_{{ days }}d, 0) as {{ subject }}_remitted_count_{{ days }}d,
    {%- endfor %}
    {%- endfor %}
    {%- for subject in denial_history_risks() %}
    {%- set source = 'pairs' if subject == 'procedure_pair' else 'lines' %}
    {{ source }}.{{ subject }}_risk,
    {{ source }}.recent_{{ subject }}_risk,
    {%- endfor %}
    lines.missing_usual_authorization_share,
    greatest(lines.missing_usual_modifier_share, pairs.missing_usual_modifier_share) as missing_usual_modifier_share
from {{ ref('int_denial__history_claims') }} as asked
{{- denial_history_joins('int_denial__history_claims') }}
left join lines
    on asked.tenant_id = lines.tenant_id and asked.claim_id = lines.claim_id
left join pairs
    on asked.tenant_id = pairs.tenant_id and asked.claim_id = pairs.claim_id
