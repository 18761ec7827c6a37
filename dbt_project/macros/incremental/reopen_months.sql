{#- Takes the months out that were not yet closed when this model was last built, so that they are counted anew. What is
    left is closed: only --full-refresh counts it again. -#}
{% macro reopen_months() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where not is_closed
    {%- endif -%}
{%- endmacro %}
