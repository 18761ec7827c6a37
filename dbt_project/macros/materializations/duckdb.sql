{#- How tables, views and incremental models are written on DuckDB, in place of dbt-duckdb's own: one statement puts the
    new table in the place of the old one, where dbt builds beside it, renames twice and drops in three transactions. A
    reader sees the old table until the commit either way. Contracts are checked as before. PostgreSQL has dbt's own. -#}
{% materialization table, adapter='duckdb' %}
    {{ run_hooks(pre_hooks) }}
    {%- set target_relation = replace_relation('table') -%}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {{ run_hooks(pre_hooks) }}
    {%- set target_relation = replace_relation('view') -%}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#- Rows are appended as the query gives them, without a table of their own before that. -#}
{% materialization incremental, adapter='duckdb' %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set strategy = config.get('incremental_strategy') -%}
    {%- if strategy != 'append' -%}
        {% do exceptions.raise_compiler_error(model.name ~ ": incremental_strategy is append, not " ~ strategy) %}
    {%- endif -%}
    {{ run_hooks(pre_hooks) }}
    {%- if existing_relation is none or not existing_relation.is_table or should_full_refresh() -%}
        {%- set target_relation = replace_relation('table') -%}
    {%- else -%}
        {%- set target_relation = existing_relation -%}
        {%- set columns = adapter.get_columns_in_relation(target_relation) | map(attribute='name') | list -%}
        {%- if config.get('contract').enforced -%}
            {% do get_assert_columns_equivalent(sql) %}
            {%- if columns | sort != model.columns.keys() | sort -%}
                {% do exceptions.raise_compiler_error(model.name ~ ': its columns have changed, build it with --full-refresh') %}
            {%- endif -%}
        {%- endif -%}
        {% call statement('main') -%}
            insert into {{ target_relation }} ({{ columns | join(', ') }})
            select {{ columns | join(', ') }} from (
                {{ sql }}
            ) as fresh
        {%- endcall %}
    {%- endif %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#- Puts the model's query, as a table or as a view, in the place of what bears its name. -#}
{% macro replace_relation(kind) -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type=kind) -%}
    {%- if existing_relation is not none and existing_relation.type != kind -%}
        {% do adapter.drop_relation(existing_relation) %}
    {%- endif -%}
    {%- if config.get('contract').enforced -%}
        {% do get_assert_columns_equivalent(sql) %}
    {%- endif -%}
    {% call statement('main') -%}
        create or replace {{ kind }} {{ target_relation }}
        {%- if kind == 'table' and config.get('contract').enforced %}
        {{ get_table_columns_and_constraints() }};
        insert into {{ target_relation }} {{ get_column_names() }}
        {{ get_select_subquery(sql) }}
        {%- else %} as (
        {{ sql }}
        )
        {%- endif %}
    {%- endcall %}
    {{ return(target_relation) }}
{%- endmacro %}
