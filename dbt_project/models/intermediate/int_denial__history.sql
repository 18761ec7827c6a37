-- History as of the day of submission: only answers received BEFORE that day count, whatever the day of service. Evidence
-- is added up by day first, so the windows run over days, not over claims.
with evidence as (
    select
        tenant_id,
        subject,
        subject_value,
        answered_day as on_day,
        count(*) as remitted_count,
        sum(case when is_denied then 1 else 0 end) as denied_count
    from {{ ref('int_denial__history_keys') }}
    where is_evidence and answered_day is not null
    group by tenant_id, subject, subject_value, answered_day
),

days as (
    select tenant_id, subject, subject_value, on_day, remitted_count, denied_count from evidence
    union all
    select distinct tenant_id, subject, subject_value, submitted_day, 0, 0
    from {{ ref('int_denial__history_keys') }}
),

summed as (
    select
        tenant_id,
        subject,
        subject_value,
        on_day,
        sum(remitted_count) as remitted_count,
        sum(denied_count) as denied_count
    from days
    group by tenant_id, subject, subject_value, on_day
),

windows as (
    select
        tenant_id,
        subject,
        subject_value,
        on_day,
        {%- for days in [30, 90, 365] %}
        coalesce(sum(remitted_count) over (
            partition by tenant_id, subject, subject_value order by on_day
            range between {{ days }} preceding and 1 preceding
        ), 0) as remitted_count_{{ days }}d,
        coalesce(sum(denied_count) over (
            partition by tenant_id, subject, subject_value order by on_day
            range between {{ days }} preceding and 1 preceding
        ), 0) as denied_count_{{ days }}d{{ "," if not loop.last }}
        {%- endfor %}
    from summed
)

select
    keys.tenant_id,
    keys.claim_id,
    keys.subject,
    keys.subject_value,
    {%- for days in [30, 90, 365] %}
    cast(windows.remitted_count_{{ days }}d as integer) as remitted_count_{{ days }}d,
    cast(windows.denied_count_{{ days }}d as integer) as denied_count_{{ days }}d{{ "," if not loop.last }}
    {%- endfor %}
from {{ ref('int_denial__history_keys') }} as keys
inner join windows
    on
        keys.tenant_id = windows.tenant_id
        and keys.subject = windows.subject
        and keys.subject_value = windows.subject_value
        and keys.submitted_day = windows.on_day
