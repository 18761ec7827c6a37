-- Whether what a rule foretells comes. Judged are edits of claims that were answered and whose answers had their time
-- (maturity_days), by rules that name a reason: one that the payer did not give counts against the rule, a claim
-- without an answer does not.
with edits as (
    select
        fired.tenant_id,
        {{ calendar_month('fired.submitted_date') }} as month_date,
        coalesce(fired.payer_id, 'unknown') as payer_id,
        fired.rule_id,
        fired.category,
        fired.prevented_reason_code,
        fired.claim_id,
        case when fired.is_overridden then 1 else 0 end as overridden,
        case
            when
                fired.is_foretold is not null
                and fired.submitted_date + {{ var('maturity_days') }} <= claims.cut_off_date
                then 1
            else 0
        end as judged,
        case when fired.is_foretold then 1 else 0 end as foretold,
        case when fired.is_initially_denied then 1 else 0 end as denied
    from {{ ref('fct_claim_edits') }} as fired
    inner join {{ ref('fct_claims') }} as claims
        on fired.tenant_id = claims.tenant_id and fired.claim_id = claims.claim_id
    where fired.source = 'rule'
)

select
    tenant_id,
    month_date,
    payer_id,
    rule_id,
    max(category) as category,
    max(prevented_reason_code) as prevented_reason_code,
    cast(count(*) as integer) as fired_count,
    cast(count(distinct claim_id) as integer) as claim_count,
    cast(sum(overridden) as integer) as overridden_count,
    cast(sum(judged) as integer) as judged_count,
    cast(sum(judged * foretold) as integer) as foretold_count,
    cast(sum(judged * denied) as integer) as denied_count,
    cast(sum(judged * overridden) as integer) as overridden_judged_count,
    cast(sum(judged * overridden * foretold) as integer) as overridden_foretold_count,
    cast(sum(judged * foretold) as double precision) / nullif(sum(judged), 0) as precision_rate
from edits
group by tenant_id, month_date, payer_id, rule_id
