{#- Schemas are named exactly staging, intermediate, marts, features in every engine, so that an asset key
    [layer, table] equals schema.table. dbt's default would prefix them with the target's schema. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
