{#- Fails with every row whose `columns` are all present and name no row of `to`. The tenant is part of the key, so a
    row can never lean on another tenant's row. -#}
{% test references_key(model, to, columns, to_columns=none) %}
    {%- set parent_columns = to_columns or columns %}
    {%- set pairs = [] %}
    {%- for column in columns %}
        {%- do pairs.append('child.' ~ column ~ ' = parent.' ~ parent_columns[loop.index0]) %}
    {%- endfor %}
    select child.*
    from {{ model }} as child
    left join {{ to }} as parent
        on {{ pairs | join(' and ') }}
    where
        parent.{{ parent_columns[0] }} is null
        {%- for column in columns %}
        and child.{{ column }} is not null
        {%- endfor %}
{% endtest %}
