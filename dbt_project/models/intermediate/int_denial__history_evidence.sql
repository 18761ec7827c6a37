-- What became known on each day about each subject. `recent_hits` are the last six pieces of evidence of the day, oldest
-- first, 1 for a hit, for kinds of history that are risks; where all of a day agree, their order is not looked for.
-- Columns come from loops, which the linter cannot indent.
-- noqa: disable=LT02
with evidence as (
    {%- for kind in denial_history_subjects() %}
    select
        tenant_id, '{{ kind.subject }}' as subject, {{ kind.value }} as subject_value, {{ kind.known }} as known_day,
        cast(count(*) as integer) as evidence_count,
        cast(sum(case when {{ kind.hit }} then 1 else 0 end) as integer) as hit_count
    from {{ ref(kind.relation) }}
    where {{ kind.value }} is not null and {{ kind.known }} is not null and {{ kind.evidence }}
    group by tenant_id, {{ kind.value }}, {{ kind.known }}
    {{- " union all" if not loop.last }}
    {%- endfor %}
),

mixed as (
    select
        tenant_id,
        subject,
        subject_value,
        known_day
    from evidence
    where
        hit_count > 0
        and hit_count < evidence_count
        and subject in ({{ literals(denial_history_risks()) }})
),

pieces as (
    {%- for kind in denial_history_subjects() if kind.subject in denial_history_risks() %}
    select
        rows.tenant_id, mixed.subject, mixed.subject_value, mixed.known_day, rows.claim_id,
        case when {{ kind.hit }} then '1' else '0' end as hit
    from {{ ref(kind.relation) }} as rows
    inner join mixed
        on
            rows.tenant_id = mixed.tenant_id
            and mixed.subject = '{{ kind.subject }}'
            and rows.{{ kind.value }} = mixed.subject_value
            and rows.{{ kind.known }} = mixed.known_day
    where {{ kind.evidence }}
    {{- " union all" if not loop.last }}
    {%- endfor %}
),

ranked as (
    select
        *,
        row_number() over (
            partition by tenant_id, subject, subject_value, known_day
            order by claim_id desc, hit desc
        ) as number_from_end
    from pieces
),

ordered as (
    select
        tenant_id,
        subject,
        subject_value,
        known_day,
        string_agg(hit, '' order by number_from_end desc) as recent_hits
    from ranked
    where number_from_end <= 6
    group by tenant_id, subject, subject_value, known_day
)

select
    evidence.tenant_id,
    evidence.subject,
    evidence.subject_value,
    evidence.known_day,
    evidence.evidence_count,
    evidence.hit_count,
    case
        when evidence.subject in ({{ literals(denial_history_risks()) }}) then coalesce(
            ordered.recent_hits,
            repeat(case when evidence.hit_count > 0 then '1' else '0' end, least(6, evidence.evidence_count))
        )
    end as recent_hits
from evidence
left join ordered
    on
        evidence.tenant_id = ordered.tenant_id
        and evidence.subject = ordered.subject
        and evidence.subject_value = ordered.subject_value
        and evidence.known_day = ordered.known_day
