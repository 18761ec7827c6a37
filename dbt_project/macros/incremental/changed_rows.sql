{#- Incremental models follow the log int_changes__rows (docs/decisions, "Incremental by claim"). A model of the grain of
    a claim, a line or an answer becomes incremental by four lines:

        {{ config(
            materialized='incremental', incremental_strategy='append',
            pre_hook="{{ forget_changed_rows('claim_id') }}", post_hook="{{ remember_build() }}"
        ) }}

    and by reading each large input as {{ changed_rows(ref('int_claims__lines'), 'claim_id') }}. On the first build and
    under --full-refresh that is the whole input; afterwards it is the rows of the claims (or, by
    'remittance_claim_id', of the answers) touched since this model was last built: what its new rows can be made of.
    The pre-hook takes the old rows of the same claims out, those that have no successor too, in the transaction of
    the insert. `column` must name a column of this model and of the input; the row's key must follow from it. -#}
{% macro changed_rows(relation, column) -%}
    {#- Named while the project is parsed, so that the graph has the edge; a unit test need not give it and has no `this`. -#}
    {%- if not execute -%}
        {%- do ref('int_changes__rows') -%}
    {%- endif -%}
    {%- if this and is_incremental() -%}
        {%- set log = ref('int_changes__rows') -%}
        (select * from {{ relation }} where (tenant_id, {{ column }}) in {{ changed_keys(log, column) }})
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{#- The keys touched since this model was last built; all that the log knows where it was built in another way. -#}
{% macro changed_keys(log, column) -%}
    (
        select tenant_id, row_id
        from {{ log }}
        where
            row_kind = '{{ column }}'
            and changed_at > coalesce(
                (
                    select max(built_at)
                    from {{ log.schema }}.int_changes__builds
                    where model_name = '{{ this.name }}'
                ),
                timestamp '1900-01-01 00:00:00'
            )
    )
{%- endmacro %}

{#- Takes the rows of touched claims out of this model, before their successors are put in. -#}
{% macro forget_changed_rows(column) -%}
    {%- if this and is_incremental() -%}
        delete from {{ this }}
        where (tenant_id, {{ column }}) in {{ changed_keys(ref('int_changes__rows'), column) }}
    {%- endif -%}
{%- endmacro %}

{#- Notes up to which change this model is built: never further than the models that it was built from, so that a run of
    part of the project leaves nothing out that a later run would have to catch up. -#}
{% macro remember_build() -%}
    {%- set log = ref('int_changes__rows') -%}
    {%- set parents = [] -%}
    {%- for id in model.depends_on.nodes -%}
        {%- set node = graph.nodes.get(id) -%}
        {%- if node and node.config.materialized == 'incremental' and not node.name.startswith('int_changes__') -%}
            {%- do parents.append(node.name) -%}
        {%- endif -%}
    {%- endfor %}
    insert into {{ log.schema }}.int_changes__builds (model_name, built_at)
    select '{{ this.name }}' as model_name, min(built_at) as built_at
    from (
        select max(changed_at) as built_at from {{ log }}
        {%- for name in parents %}
        union all
        select max(built_at) from {{ log.schema }}.int_changes__builds where model_name = '{{ name }}'
        {%- endfor %}
    ) as marks
{%- endmacro %}
