{#- Fails with every combination of values of `columns` that stands in more than one row. Null counts as a value:
    two rows without a claim key are still two rows with the same key. -#}
{% test unique_combination(model, columns) %}
    select
        {{ columns | join(',\n        ') }},
        count(*) as row_count
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}
