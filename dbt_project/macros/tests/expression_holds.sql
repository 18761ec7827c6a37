{#- Fails with every row for which `expression` is not true. A null result fails as well: an identity that cannot be
    evaluated is not an identity that holds. -#}
{% test expression_holds(model, expression) %}
    select *
    from {{ model }}
    where not coalesce(({{ expression }}), false)
{% endtest %}
