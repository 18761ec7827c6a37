-- Filled by the post-hook of each incremental model (macro remember_build); empty after a full refresh.
{{ config(materialized='incremental', incremental_strategy='append') }}
select
    cast(null as text) as model_name,
    cast(null as timestamp) as built_at
where 1 = 0
