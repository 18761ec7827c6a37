-- On which days which history is asked for. Claims of one day that ask the same share one answer.
-- Columns come from loops, which the linter cannot indent.
-- noqa: disable=LT02
{%- for kind in denial_history_subjects() %}
select distinct
    tenant_id, '{{ kind.subject }}' as subject, {{ kind.value }} as subject_value, submitted_day
from {{ ref(kind.relation) }}
where {{ kind.value }} is not null and {{ kind.question }}
{{- " union all" if not loop.last }}
{%- endfor %}
