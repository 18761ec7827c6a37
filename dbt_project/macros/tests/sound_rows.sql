{#- Everything about single rows of a model in one pass, since each test by itself costs a query and a node: `key` names
    one row at most (null counts as a value), the `required` columns have no null, each column of `accepted` has none
    but its values (or null), and with `bars_phi_names` no column bears the name of one that the identity split takes
    out of the tables. Gives a row for each of these that is broken, with what it is and of how many rows (keys, columns).

    Where a contract is enforced, a column without null is a constraint instead: the engine refuses the build. -#}
{% test sound_rows(model, key=none, required=[], accepted={}, bars_phi_names=false) %}
    {{ config(fail_calc='coalesce(cast(sum(row_count) as bigint), 0)') }}
    {%- set problems = [] %}
    {%- for column in required %}
        {%- do problems.append((column ~ ' is missing', column ~ ' is null')) %}
    {%- endfor %}
    {%- for column, words in accepted.items() %}
        {%- do problems.append((
            column ~ ' is none of its accepted values', column ~ " not in ('" ~ words | join("', '") ~ "')"
        )) %}
    {%- endfor %}
    {%- set parts = [] %}
    {%- for problem, condition in problems %}
        {%- do parts.append(
            "select '" ~ problem ~ "' as problem, problem_" ~ loop.index ~ ' as row_count from counted where problem_'
            ~ loop.index ~ ' > 0'
        ) %}
    {%- endfor %}
    {%- if key %}
        {%- do parts.append(
            "select 'more than one row of " ~ key | join(', ') ~ "' as problem, count(*) as row_count from (select 1 as one from "
            ~ model ~ ' group by ' ~ key | join(', ') ~ ' having count(*) > 1) as doubled having count(*) > 0'
        ) %}
    {%- endif %}
    {%- if bars_phi_names and execute %}
        {%- for column in adapter.get_columns_in_relation(model) if column.name | lower in phi_column_names() %}
            {%- do parts.append("select 'a column is named " ~ column.name ~ "' as problem, 1 as row_count") %}
        {%- endfor %}
    {%- endif %}
    {%- if problems %}
    with counted as (
        select
            {%- for problem, condition in problems %}
            sum(case when {{ condition }} then 1 else 0 end) as problem_{{ loop.index }}
            {{- "," if not loop.last }}
            {%- endfor %}
        from {{ model }}
    )
    {%- endif %}
    {{ (parts or ["select 'none' as problem, 0 as row_count where 1 = 0"]) | join('\n    union all\n    ') }}
{% endtest %}
