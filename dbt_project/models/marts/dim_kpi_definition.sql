-- The register of macros/kpis/kpi_definitions.sql, with the queries that find the rows behind a number.
{%- set definitions = kpi_definitions() %}
with definitions as (
    {%- for definition in definitions %}
        select
            '{{ definition.kpi }}' as kpi_id,
            '{{ definition.definition }}' as definition_id,
            {{ loop.index }} as position,
            '{{ definition.name }}' as kpi_name,
            '{{ definition.unit }}' as unit,
            '{{ 'median' if definition.lag else 'ratio' }}' as statistic,
            {{ definition.factor or 1 }} as factor,
            '{{ definition.formula }}' as formula,
            '{{ definition.source }}' as definition_source,
            '{{ definition.note }}' as note,
            '{{ definition.basis }}' as basis,
            '{{ definition.model }}' as model_name,
        {%- for role in ['numerator', 'denominator'] %}
            {%- set measure = definition[role] %}
            '{{ kpi_rows(measure.source, published=true) }}' as {{ role }}_rows,
            '{{ measure.filter | replace("'", "''") }}' as {{ role }}_filter,
            '{{ measure.value | replace("'", "''") }}' as {{ role }}_value,
            '{{ measure.month | replace("'", "''") }}' as {{ role }}_date,
            {{ measure.months[0] if measure.months else 0 }} as {{ role }}_first_month,
            {{ measure.months[1] if measure.months else 0 }} as {{ role }}_last_month,
            {{ measure.days or 'cast(null as integer)' }} as {{ role }}_days
            {{- ',' if not loop.last }}
        {%- endfor %}
        {{- ' union all' if not loop.last }}
    {%- endfor %}
)

select
    kpi_id,
    definition_id,
    definition_id = 'default' as is_default,
    cast(position as integer) as position,
    kpi_name,
    unit,
    statistic,
    cast(factor as integer) as factor,
    formula,
    definition_source,
    note,
    basis,
    model_name,
    numerator_rows,
    numerator_filter,
    numerator_value,
    numerator_date,
    cast(numerator_first_month as integer) as numerator_first_month,
    cast(numerator_last_month as integer) as numerator_last_month,
    cast(numerator_days as integer) as numerator_days,
    denominator_rows,
    denominator_filter,
    denominator_value,
    denominator_date,
    cast(denominator_first_month as integer) as denominator_first_month,
    cast(denominator_last_month as integer) as denominator_last_month,
    cast(denominator_days as integer) as denominator_days
from definitions
