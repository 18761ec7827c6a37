{#- Running totals as of the day before each question, and what was added to them in the `windows` (days) before it.

    `totals` holds per `keys` and `total_day` the running `counts` up to the end of that day, and a text `newest`, of
    which the last known value is wanted; days are whole numbers, `questions` are distinct. Gives the keys of the
    questions (or the columns `carried` in their place), their day, `newest`, and each of `counts` as <count>_<days>d, for each of `all_windows` (null for one that is not
    in `windows`). The day of the question itself counts in none, nor does any day after it.

    DuckDB joins as of a day in one pass over sorted keys. Elsewhere the days of questions and of totals are put in one
    order, and a window finds the last total before each: running totals never fall, so it is the highest. The linter
    knows no target. -#}
{% macro as_of_windows(questions, totals, keys, question_day, total_day, counts, newest, windows, all_windows, carried=[]) %}
select
    {%- for column in carried or keys %}
    questions.{{ column }},
    {%- endfor %}
    questions.{{ question_day }},
    {%- for days in all_windows %}
    {%- for count in counts %}
    {%- if days in windows %}
    coalesce(known_0d.{{ count }}, 0) - coalesce(known_{{ days }}d.{{ count }}, 0) as {{ count }}_{{ days }}d,
    {%- else %}
    cast(null as integer) as {{ count }}_{{ days }}d,
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
    coalesce(known_0d.{{ newest }}, '') as {{ newest }}
from {{ questions }} as questions
{%- for days in [0] + windows %}
{%- if target is not defined or target.type == 'duckdb' %}
asof left join {{ totals }} as known_{{ days }}d
    on
        {%- for key in keys %}
        questions.{{ key }} = known_{{ days }}d.{{ key }} and
        {%- endfor %}
        questions.{{ question_day }} - {{ days }} > known_{{ days }}d.{{ total_day }}
{%- else %}
left join (
    select
        {{ keys | join(', ') }},
        asked_day,
        {%- for count in counts %}
        max({{ count }}) over earlier as {{ count }},
        {%- endfor %}
        substr(max(newest_by_day) over earlier, 8) as {{ newest }}
    from (
        select
            {{ keys | join(', ') }}, {{ total_day }} as on_day, cast(null as integer) as asked_day, {{ counts | join(', ') }},
            cast({{ total_day }} + 1000000 as text) || {{ newest }} as newest_by_day
        from {{ totals }} as totals
        union all
        select
            {{ keys | join(', ') }}, {{ question_day }} - {{ days }} as on_day, {{ question_day }} as asked_day,
            {%- for _ in counts %} cast(null as integer),{% endfor %} cast(null as text) as newest_by_day
        from {{ questions }} as asked
    ) as days
    window earlier as (
        partition by {{ keys | join(', ') }} order by on_day range between unbounded preceding and 1 preceding
    )
) as known_{{ days }}d
    on
        {%- for key in keys %}
        questions.{{ key }} = known_{{ days }}d.{{ key }} and
        {%- endfor %}
        questions.{{ question_day }} = known_{{ days }}d.asked_day
{%- endif %}
{%- endfor %}
{% endmacro %}
