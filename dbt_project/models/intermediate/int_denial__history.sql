-- History as of the day of submission: only what was known BEFORE that day counts, whatever the day of service. Evidence
-- is added up by day first, so the windows run over days, not over claims. Beside windows of days stands one of the last
-- six pieces of evidence: after a change of a payer's policy it has forgotten the old one within six answers.
-- Columns come from loops, which the linter cannot indent.
-- noqa: disable=LT02
with evidence as (
    select
        tenant_id,
        subject,
        subject_value,
        known_day as on_day,
        case when is_hit then 1 else 0 end as hit,
        row_number() over (
            partition by tenant_id, subject, subject_value order by known_day, claim_id
        ) as evidence_number,
        row_number() over (
            partition by tenant_id, subject, subject_value, known_day order by claim_id desc
        ) as number_from_end_of_day,
        sum(case when is_hit then 1 else 0 end) over (
            partition by tenant_id, subject, subject_value order by known_day, claim_id
            rows between 5 preceding and current row
        ) as recent_hit_count
    from {{ ref('int_denial__history_keys') }}
    where is_evidence
),

daily as (
    select
        tenant_id,
        subject,
        subject_value,
        on_day,
        count(*) as evidence_count,
        sum(hit) as hit_count,
        max(evidence_number) as evidence_number,
        max(case when number_from_end_of_day = 1 then recent_hit_count end) as recent_hit_count
    from evidence
    group by tenant_id, subject, subject_value, on_day
),

days as (
    select
        tenant_id,
        subject,
        subject_value,
        on_day,
        evidence_count,
        hit_count
    from daily
    union all
    select distinct
        tenant_id,
        subject,
        subject_value,
        submitted_day,
        0 as evidence_count,
        0 as hit_count
    from {{ ref('int_denial__history_keys') }}
    where is_question
),

summed as (
    select
        tenant_id,
        subject,
        subject_value,
        on_day,
        sum(evidence_count) as evidence_count,
        sum(hit_count) as hit_count
    from days
    group by tenant_id, subject, subject_value, on_day
),

windows as (
    select
        tenant_id,
        subject,
        subject_value,
        on_day,
        sum(evidence_count) over (
            partition by tenant_id, subject, subject_value order by on_day
            range between unbounded preceding and 1 preceding
        ) as evidence_number,
        {%- for days in [30, 90, 365] %}
        coalesce(sum(evidence_count) over (
            partition by tenant_id, subject, subject_value order by on_day
            range between {{ days }} preceding and 1 preceding
        ), 0) as evidence_count_{{ days }}d,
        coalesce(sum(hit_count) over (
            partition by tenant_id, subject, subject_value order by on_day
            range between {{ days }} preceding and 1 preceding
        ), 0) as hit_count_{{ days }}d{{ "," if not loop.last }}
        {%- endfor %}
    from summed
)

select
    keys.tenant_id,
    keys.claim_id,
    keys.subject,
    keys.subject_value,
    {%- for days in [30, 90, 365] %}
    cast(windows.evidence_count_{{ days }}d as integer) as evidence_count_{{ days }}d,
    cast(windows.hit_count_{{ days }}d as integer) as hit_count_{{ days }}d,
    {%- endfor %}
    cast(least(6, coalesce(windows.evidence_number, 0)) as integer) as recent_evidence_count,
    cast(coalesce(daily.recent_hit_count, 0) as integer) as recent_hit_count
from {{ ref('int_denial__history_keys') }} as keys
inner join windows
    on
        keys.tenant_id = windows.tenant_id
        and keys.subject = windows.subject
        and keys.subject_value = windows.subject_value
        and keys.submitted_day = windows.on_day
left join daily
    on
        windows.tenant_id = daily.tenant_id
        and windows.subject = daily.subject
        and windows.subject_value = daily.subject_value
        and windows.evidence_number = daily.evidence_number
where keys.is_question
