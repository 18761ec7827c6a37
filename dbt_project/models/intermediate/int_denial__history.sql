-- History as of the day of submission: only what was known BEFORE that day counts, whatever the day of service. Evidence
-- of each day is added up once to running totals; a window is the total as of its end less the total as of its start.
-- Whose history it is goes by a number within, since a join as of a day sorts by it: texts take twice as long.
-- Columns come from loops, which the linter cannot indent.
-- noqa: disable=LT02
with subjects as (
    select
        tenant_id,
        subject,
        subject_value,
        cast(row_number() over (order by tenant_id, subject, subject_value) as integer) as subject_id
    from {{ ref('int_denial__history_evidence') }}
    group by tenant_id, subject, subject_value
),

evidence as (
    select
        subjects.subject_id,
        subjects.subject,
        evidence.known_day,
        evidence.evidence_count,
        evidence.hit_count,
        evidence.recent_hits
    from {{ ref('int_denial__history_evidence') }} as evidence
    inner join subjects
        on
            evidence.tenant_id = subjects.tenant_id
            and evidence.subject = subjects.subject
            and evidence.subject_value = subjects.subject_value
),

questions as (
    select
        asked.tenant_id,
        asked.subject,
        asked.subject_value,
        asked.submitted_day,
        subjects.subject_id
    from {{ ref('int_denial__history_questions') }} as asked
    left join subjects
        on
            asked.tenant_id = subjects.tenant_id
            and asked.subject = subjects.subject
            and asked.subject_value = subjects.subject_value
),

totals_of_risks as (
    select
        subject_id,
        known_day,
        cast(sum(evidence_count) over earlier as integer) as evidence_count,
        cast(sum(hit_count) over earlier as integer) as hit_count,
        right(
            {%- for days in [5, 4, 3, 2, 1] %}
            lag(recent_hits, {{ days }}, '') over earlier ||
            {%- endfor %} recent_hits, 6
        ) as recent_hits
    from evidence
    where subject in ({{ literals(denial_history_risks()) }})
    window earlier as (partition by subject_id order by known_day)
),

totals_of_others as (
    select
        subject_id,
        known_day,
        cast(sum(evidence_count) over earlier as integer) as evidence_count,
        cast(sum(hit_count) over earlier as integer) as hit_count,
        cast(null as text) as recent_hits
    from evidence
    where subject not in ({{ literals(denial_history_risks()) }})
    window earlier as (partition by subject_id order by known_day)
),

{% for group in ['rates', 'risks', 'habits'] %}
asked_for_{{ group }} as (
    select *
    from questions
    where
    {%- if group == 'habits' %}
        subject not in ({{ literals((denial_history_rates() + denial_history_risks())) }})
    {%- else %}
        subject in ({{ literals((denial_history_rates() if group == 'rates' else denial_history_risks())) }})
    {%- endif %}
),
{% endfor %}

windows as (
    {%- for group in ['rates', 'risks', 'habits'] %}
    {{ as_of_windows(
        'asked_for_' ~ group, 'totals_of_risks' if group == 'risks' else 'totals_of_others',
        ['subject_id'], 'submitted_day', 'known_day', ['evidence_count', 'hit_count'], 'recent_hits',
        [30, 90, 365] if group == 'rates' else [365], [30, 90, 365], ['tenant_id', 'subject', 'subject_value'],
    ) }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
)

select
    tenant_id,
    subject,
    subject_value,
    submitted_day,
    {%- for days in [30, 90, 365] %}
    evidence_count_{{ days }}d,
    hit_count_{{ days }}d,
    {%- endfor %}
    cast(length(recent_hits) as integer) as recent_evidence_count,
    cast(length(replace(recent_hits, '0', '')) as integer) as recent_hit_count
from windows
