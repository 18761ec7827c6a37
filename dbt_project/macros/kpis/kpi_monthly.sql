{#- The agg_ model of the KPIs that the register puts there: every measure once by month, payer, provider, specialty and
    category, spread over the months in which it counts, numerators beside denominators. Sums only: a rate is a quotient
    of sums over whatever is selected. -#}
{% macro kpi_monthly(name) -%}
    {%- set definitions = kpi_definitions() | selectattr('model', 'equalto', name) | list -%}
with spans as (
    select
        tenant_id,
        max(cut_off_date) as cut_off_date,
        min(month_date) as first_month_date
    from (
        select
            tenant_id,
            max(cut_off_date) as cut_off_date,
            min({{ calendar_month('submitted_date') }}) as month_date
        from {{ ref('fct_claims') }}
        group by tenant_id
        union all
        select
            tenant_id,
            max(received_date) as cut_off_date,
            min({{ calendar_month('adjudicated_date') }}) as month_date
        from {{ ref('fct_remittances') }}
        group by tenant_id
    ) as known
    group by tenant_id
),

{%- for definition in definitions %}
    {%- for role in ['numerator', 'denominator'] %}
        {%- set measure = definition[role] %}
        {%- set source = kpi_sources()[measure.source] %}
        {%- set name = definition.kpi ~ '_' ~ definition.definition ~ '_' ~ role %}
        {%- set day = 'cast(' ~ measure.month ~ ' as date)' if measure.days else calendar_month(measure.month) %}

{{ name }} as (
    select
        {{ source.tenant }} as tenant_id,
        {{ day }} as counted_date,
        {{ source.payer }} as payer_id,
        {{ source.provider }} as rendering_provider_npi,
        {{ source.taxonomy or 'cast(null as text)' }} as taxonomy_code,
        {{ source.specialty or 'cast(null as text)' }} as specialty,
        {{ measure.category or "'none'" }} as reason_category,
        {{ 'cast(' ~ definition.lag ~ ' as integer)' if definition.lag else 'cast(null as integer)' }} as lag_days,
        sum({{ measure.value }}) as amount
    from {{ kpi_rows(measure.source) }}
    where {{ measure.filter }} and {{ measure.month }} is not null
    group by 1, 2, 3, 4, 5, 6, 7, 8
),
    {%- endfor %}
{%- endfor %}

measures as (
{%- for definition in definitions %}
    {%- set outer_first = loop.first %}
    {%- for role in ['numerator', 'denominator'] %}
        {%- set measure = definition[role] %}
        {%- set offsets = range(measure.months[0], measure.months[1] + 1) | list if measure.months else range(0, (measure.days + 30) // 28 + 1) | list if measure.days else [] %}
    {{ 'union all' if not (outer_first and loop.first) }}
    select
        '{{ definition.kpi }}' as kpi_id,
        '{{ definition.definition }}' as definition_id,
        {{ kpi_lookback(definition) }} as lookback_count,
        {{ "'" ~ definition.basis ~ "'" }} as basis,
        measured.tenant_id,
        {%- if offsets %}
        cast(date_trunc('month', measured.counted_date) + offsets.month_count * interval '1 month' as date) as month_date,
        {%- else %}
        measured.counted_date as month_date,
        {%- endif %}
        measured.payer_id,
        measured.rendering_provider_npi,
        measured.taxonomy_code,
        measured.specialty,
        measured.reason_category,
        measured.lag_days,
        {{ 'measured.amount' if role == 'numerator' else 'null' }} as numerator,
        {{ 'measured.amount' if role == 'denominator' else 'null' }} as denominator
    from {{ definition.kpi }}_{{ definition.definition }}_{{ role }} as measured
        {%- if offsets %}
    inner join spans on measured.tenant_id = spans.tenant_id
    cross join (
        {%- for offset in offsets %}
        select {{ offset }} as month_count
        {{- ' union all' if not loop.last }}
        {%- endfor %}
    ) as offsets
    where
        cast(date_trunc('month', measured.counted_date) + offsets.month_count * interval '1 month' as date)
        <= spans.cut_off_date
            {%- if measure.days %}
        and measured.counted_date <= spans.cut_off_date
        and measured.counted_date > least(
            cast(date_trunc('month', measured.counted_date) + (offsets.month_count + 1) * interval '1 month' as date) - 1,
            spans.cut_off_date
        ) - {{ measure.days }}
            {%- endif %}
        {%- endif %}
    {%- endfor %}
{%- endfor %}
)

select
    measures.kpi_id,
    measures.definition_id,
    measures.tenant_id,
    measures.month_date,
    coalesce(measures.payer_id, 'unknown') as payer_id,
    coalesce(measures.rendering_provider_npi, 'unknown') as rendering_provider_npi,
    coalesce(measures.specialty, taxonomies.specialty, 'other') as specialty,
    measures.reason_category,
    measures.lag_days,
    {#- What is entered by hand may be missing, which is not nothing. #}
    cast({{ 'sum(measures.numerator)' if definitions[0].is_optional else 'coalesce(sum(measures.numerator), 0)' }} as decimal(18, 2)) as numerator,
    cast(coalesce(sum(measures.denominator), 0) as decimal(18, 2)) as denominator,
    cast(measures.month_date + interval '1 month' as date)
    + case when measures.basis = 'cohort' then {{ var('maturity_days') }} else 0 end <= spans.cut_off_date as is_mature,
    cast(spans.first_month_date + measures.lookback_count * interval '1 month' as date) <= measures.month_date as has_full_window
from measures
inner join spans on measures.tenant_id = spans.tenant_id
left join {{ ref('provider_taxonomies') }} as taxonomies on measures.taxonomy_code = taxonomies.taxonomy_code
group by
    measures.kpi_id,
    measures.definition_id,
    measures.tenant_id,
    measures.month_date,
    coalesce(measures.payer_id, 'unknown'),
    coalesce(measures.rendering_provider_npi, 'unknown'),
    coalesce(measures.specialty, taxonomies.specialty, 'other'),
    measures.reason_category,
    measures.lag_days,
    measures.basis,
    measures.lookback_count,
    spans.cut_off_date,
    spans.first_month_date
{%- endmacro %}

{#- How many months before its own a definition reaches back: earlier months of a tenant have no full value. -#}
{% macro kpi_lookback(definition) -%}
    {%- set found = namespace(months=0) -%}
    {%- for measure in [definition.numerator, definition.denominator] -%}
        {%- set back = measure.months[1] if measure.months else (measure.days + 29) // 30 if measure.days else 0 -%}
        {%- set found.months = [found.months, back] | max -%}
    {%- endfor -%}
    {{ return(found.months) }}
{%- endmacro %}
