{#- Statistics for the planner, once a table is built: PostgreSQL gathers none by itself for a minute, and the models
    after it are planned before that. DuckDB keeps its own as it writes; a view has none. -#}
{% macro analyze_table(relation) -%}
    {%- if target.type == 'postgres' and config.get('materialized') != 'view' -%}
        analyze {{ relation }}
    {%- endif -%}
{%- endmacro %}
