{#- Fails with every tenant that has sent rows of `model`, the last of them more than `days` days before the last day on
    which anything of the tenant came in (`cut_off_column` of `cut_off_model`). A tenant that never sent the feed is not
    late with it. Today's date has no part in it, so old data is judged like new; that nothing at all comes in any more
    is seen by the freshness of the assets. -#}
{% test feed_is_fresh(model, date_column, cut_off_model, days, cut_off_column=none) %}
    with feeds as (
        select
            tenant_id,
            max({{ date_column }}) as last_date
        from {{ model }}
        group by tenant_id
    ),

    cut_offs as (
        select
            tenant_id,
            max({{ cut_off_column or date_column }}) as cut_off_date
        from {{ cut_off_model }}
        group by tenant_id
    )

    select
        feeds.tenant_id,
        feeds.last_date,
        cut_offs.cut_off_date
    from feeds
    inner join cut_offs on feeds.tenant_id = cut_offs.tenant_id
    where cut_offs.cut_off_date - feeds.last_date > {{ days }}
{% endtest %}
