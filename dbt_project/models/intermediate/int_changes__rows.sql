-- The log that incremental models follow: the submissions and answers touched by each change, that is, all whose matching
-- or order could come out differently: those of the sets that came or went, and whatever is tied to them by links,
-- directly or by way of others. The first entry holds every row there is.
-- The branches of a template cannot be indented to the linter's liking.
-- noqa: disable=LT02
-- The notes of builds have to be there before the first model that follows the log.
-- depends_on: {{ ref('int_changes__builds') }}
{{ config(materialized='incremental', incremental_strategy='append') }}
{% if is_incremental() %}
    with recursive changes as (
        select
            tenant_id,
            file_id,
            transaction_ordinal,
            changed_at
        from {{ ref('int_changes__sets') }}
        where
            changed_at > coalesce(
                (
                    select max(logged.changed_at)
                    from {{ this }} as logged
                ), timestamp '1900-01-01 00:00:00'
            )
    ),

    -- What replies speak of can change with the reply, and with another batch under the same number or total.
    changed_batch_links as (
        select distinct
            links.tenant_id,
            links.link
        from {{ ref('int_changes__links') }} as links
        inner join changes
            on
                links.tenant_id = changes.tenant_id
                and links.file_id = changes.file_id
                and links.transaction_ordinal = changes.transaction_ordinal
        where links.row_kind in ('batch', 'reply')
    ),

    changed_sets as (
        select
            tenant_id,
            file_id,
            transaction_ordinal
        from changes
        union
        select
            links.tenant_id,
            links.file_id,
            links.transaction_ordinal
        from {{ ref('int_changes__links') }} as links
        inner join changed_batch_links
            on links.tenant_id = changed_batch_links.tenant_id and links.link = changed_batch_links.link
        where links.row_kind = 'batch'
    ),

    ties as (
        select
            tenant_id,
            file_id,
            transaction_ordinal,
            row_kind,
            row_id,
            link
        from {{ ref('int_changes__links') }}
        where row_kind in ('claim_id', 'remittance_claim_id', 'status_id')
    ),

    touched as (
        select
            ties.tenant_id,
            ties.row_kind,
            ties.row_id,
            ties.link
        from ties
        inner join changed_sets
            on
                ties.tenant_id = changed_sets.tenant_id
                and ties.file_id = changed_sets.file_id
                and ties.transaction_ordinal = changed_sets.transaction_ordinal
        union
        select
            others.tenant_id,
            others.row_kind,
            others.row_id,
            others.link
        from touched
        inner join ties
            on touched.tenant_id = ties.tenant_id and touched.link = ties.link
        inner join ties as others
            on ties.tenant_id = others.tenant_id and ties.row_kind = others.row_kind and ties.row_id = others.row_id
    )

    select distinct
        tenant_id,
        row_kind,
        row_id,
        (
            select max(changes.changed_at)
            from changes
        ) as changed_at
    from touched
    where row_kind in ('claim_id', 'remittance_claim_id')
{% else %}
    -- Every submission and every answer has one link by its key.
    select
        links.tenant_id,
        links.row_kind,
        links.row_id,
        (
            select max(sets.changed_at)
            from {{ ref('int_changes__sets') }} as sets
        ) as changed_at
    from {{ ref('int_changes__links') }} as links
    where links.row_kind in ('claim_id', 'remittance_claim_id') and links.link like 'key %'
{% endif %}
