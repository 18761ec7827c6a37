{#- Fails with every row whose `columns` are all present and name no row of `to`. The tenant is part of the key, so a
    row can never lean on another tenant's row. -#}
{% test references_key(model, to, columns, to_columns=none) %}
    select child.*
    from (select * from {{ model }}) as child
    left join {{ to }} as parent
        on (child.{{ columns | join(', child.') }}) = (parent.{{ (to_columns or columns) | join(', parent.') }})
    where
        parent.{{ (to_columns or columns)[0] }} is null
        and child.{{ columns | join(' is not null and child.') }} is not null
{% endtest %}
