{#- Fails with every tenant whose last whole `period` (month or week) of `model` holds far fewer or far more rows than
    its own whole periods before: off their median by more than `deviations` robust deviations (1.4826 x MAD) and by
    more than `share` of the median. A tenant with fewer than `min_periods` periods of history is not judged.

    The last day is the tenant's own last `date_column` here, never today's: old data is judged like new. A feed that
    has fallen silent has no such day; that is what `feed_is_fresh` is for. The first period is left out of the history,
    for it seldom is whole. Integer division and moments have no part in it, so engines agree. -#}
{% test volume_within_history(
    model, date_column, period='month', history_periods=12, min_periods=6, deviations=6, share=0.5
) %}
    with volumes as (
        select
            tenant_id,
            cast(date_trunc('{{ period }}', {{ date_column }}) as date) as period_date,
            cast(count(*) as double precision) as row_count
        from {{ model }}
        where {{ date_column }} is not null
        group by tenant_id, cast(date_trunc('{{ period }}', {{ date_column }}) as date)
    ),

    spans as (
        select
            tenant_id,
            cast(min(date_trunc('{{ period }}', {{ date_column }})) as date) as first_period_date,
            cast(date_trunc('{{ period }}', max({{ date_column }}) + interval '1 day') - interval '1 {{ period }}' as date)
                as judged_date
        from {{ model }}
        group by tenant_id
    ),

    before as (
        select
            spans.tenant_id,
            volumes.row_count
        from spans
        inner join volumes
            on
                spans.tenant_id = volumes.tenant_id
                and spans.first_period_date < volumes.period_date
                and spans.judged_date > volumes.period_date
                and cast(spans.judged_date - {{ history_periods }} * interval '1 {{ period }}' as date)
                <= volumes.period_date
    ),

    medians as (
        select
            tenant_id,
            count(*) as period_count,
            percentile_cont(0.5) within group (order by row_count) as median_count
        from before
        group by tenant_id
    ),

    spreads as (
        select
            before.tenant_id,
            percentile_cont(0.5) within group (order by abs(before.row_count - medians.median_count)) as deviation
        from before
        inner join medians on before.tenant_id = medians.tenant_id
        group by before.tenant_id
    )

    select
        spans.tenant_id,
        spans.judged_date,
        coalesce(volumes.row_count, 0) as row_count,
        medians.median_count,
        spreads.deviation
    from spans
    inner join medians on spans.tenant_id = medians.tenant_id
    inner join spreads on spans.tenant_id = spreads.tenant_id
    left join volumes on spans.tenant_id = volumes.tenant_id and spans.judged_date = volumes.period_date
    where
        medians.period_count >= {{ min_periods }}
        and abs(coalesce(volumes.row_count, 0) - medians.median_count)
        > greatest({{ deviations }} * 1.4826 * spreads.deviation, {{ share }} * medians.median_count)
{% endtest %}
