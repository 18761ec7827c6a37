{#- Fails with the name of every column of the model that bears the name of a column which the identity split takes out
    of the tables. Nothing that identifies may come back under its old name. -#}
{% test no_phi_columns(model) %}
    {%- set found = [] %}
    {%- if execute %}
        {%- for column in adapter.get_columns_in_relation(model) %}
            {%- if column.name | lower in phi_column_names() %}
                {%- do found.append(column.name) %}
            {%- endif %}
        {%- endfor %}
    {%- endif %}
    {%- for name in found %}
    select '{{ name }}' as column_name
    {{- ' union all' if not loop.last }}
    {%- else %}
    select null as column_name
    where 1 = 0
    {%- endfor %}
{% endtest %}
