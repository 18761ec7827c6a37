-- One value for each month in each definition, and what it differs from the default one by. A median is the middle of
-- all durations of the month, weighted by their number; between two middles it is their mean.
{%- set models = kpi_definitions() | map(attribute='model') | unique | list %}
with totals as (
    {%- for model_name in models %}
        select
            kpi_id,
            definition_id,
            tenant_id,
            month_date,
            lag_days,
            sum(numerator) as numerator,
            sum(denominator) as denominator,
            is_mature,
            has_full_window
        from {{ ref(model_name) }}
        group by kpi_id, definition_id, tenant_id, month_date, lag_days, is_mature, has_full_window
        {{- ' union all' if not loop.last }}
    {%- endfor %}
),

running as (
    select
        *,
        sum(denominator) over (
            partition by kpi_id, definition_id, tenant_id, month_date
            order by lag_days
            rows between unbounded preceding and current row
        ) as running_count,
        sum(denominator) over (partition by kpi_id, definition_id, tenant_id, month_date) as total_count
    from totals
),

months as (
    select
        kpi_id,
        definition_id,
        tenant_id,
        month_date,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        min(case when running_count * 2 >= total_count then lag_days end) as lower_middle,
        min(case when running_count * 2 > total_count then lag_days end) as upper_middle,
        is_mature,
        has_full_window
    from running
    group by kpi_id, definition_id, tenant_id, month_date, is_mature, has_full_window
),

valued as (
    select
        months.kpi_id,
        months.definition_id,
        months.tenant_id,
        months.month_date,
        months.numerator,
        months.denominator,
        case
            when not months.has_full_window then null
            when definitions.statistic = 'median'
                then cast(months.lower_middle + months.upper_middle as double precision) / 2
            else
                cast(months.numerator * definitions.factor as double precision)
                / nullif(cast(months.denominator as double precision), 0)
        end as kpi_value,
        months.is_mature,
        months.has_full_window
    from months
    inner join {{ ref('dim_kpi_definition') }} as definitions
        on months.kpi_id = definitions.kpi_id and months.definition_id = definitions.definition_id
)

select
    valued.kpi_id,
    valued.definition_id,
    valued.tenant_id,
    valued.month_date,
    cast(valued.numerator as decimal(18, 2)) as numerator,
    cast(valued.denominator as decimal(18, 2)) as denominator,
    cast(valued.kpi_value as double precision) as kpi_value,
    cast(standard.kpi_value as double precision) as default_value,
    cast(valued.kpi_value - standard.kpi_value as double precision) as difference,
    valued.is_mature,
    valued.has_full_window
from valued
left join valued as standard
    on
        valued.kpi_id = standard.kpi_id
        and valued.tenant_id = standard.tenant_id
        and valued.month_date = standard.month_date
        and standard.definition_id = 'default'
