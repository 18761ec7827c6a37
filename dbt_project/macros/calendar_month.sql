{#- The month of a date, held within the calendar: a typing error in BHT04 must not take its money out of the monthly
    figures, so what lies outside counts in the first or last month of dim_date. Null stays null. -#}
{% macro calendar_month(date_column) -%}
    cast(date_trunc('month', case
        when {{ date_column }} < cast('{{ var("calendar_start") }}' as date) then cast('{{ var("calendar_start") }}' as date)
        when {{ date_column }} > cast('{{ var("calendar_end") }}' as date) then cast('{{ var("calendar_end") }}' as date)
        else {{ date_column }}
    end) as date)
{%- endmacro %}
