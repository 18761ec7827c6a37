-- Service lines of first submissions to the first payer, by procedure. A line stands under the category of the largest
-- adjustment that denied it, under 'none' where it was not denied.
with reasons as (
    select
        tenant_id,
        claim_id,
        claim_line_number,
        min(reason_category) as reason_category,
        sum(recovered_amount) as recovered_amount
    from {{ ref('fct_denials') }}
    where is_initial and is_primary_reason and claim_line_number is not null
    group by tenant_id, claim_id, claim_line_number
),

lines as (
    select
        lines.tenant_id,
        cast(date_trunc('month', lines.submitted_date) as date) as month_date,
        claims.cut_off_date,
        coalesce(lines.payer_id, 'unknown') as payer_id,
        coalesce(lines.rendering_provider_npi, 'unknown') as rendering_provider_npi,
        coalesce(taxonomies.specialty, 'other') as specialty,
        coalesce(lines.procedure_code, 'unknown') as procedure_code,
        case when lines.is_initially_denied then coalesce(reasons.reason_category, 'unmapped') else 'none' end
            as reason_category,
        case when lines.first_adjudicated_date is not null then 1 else 0 end as adjudicated_count,
        case when lines.is_initially_denied then 1 else 0 end as denied_count,
        lines.charge_amount,
        case when lines.is_initially_denied then lines.charge_amount else 0 end as denied_charge_amount,
        case when lines.is_initially_denied then coalesce(reasons.recovered_amount, 0) else 0 end as recovered_amount,
        lines.paid_amount
    from {{ ref('fct_claim_lines') }} as lines
    inner join {{ ref('fct_claims') }} as claims
        on lines.tenant_id = claims.tenant_id and lines.claim_id = claims.claim_id
    left join {{ ref('provider_taxonomies') }} as taxonomies
        on lines.taxonomy_code = taxonomies.taxonomy_code
    left join reasons
        on
            lines.tenant_id = reasons.tenant_id
            and lines.claim_id = reasons.claim_id
            and lines.line_number = reasons.claim_line_number
    where
        claims.is_primary
        and claims.is_first_pass
        and lines.submitted_date is not null
)

select
    tenant_id,
    month_date,
    payer_id,
    rendering_provider_npi,
    specialty,
    procedure_code,
    reason_category,
    cast(count(*) as integer) as line_count,
    cast(sum(adjudicated_count) as integer) as adjudicated_line_count,
    cast(sum(denied_count) as integer) as denied_line_count,
    cast(sum(charge_amount) as decimal(18, 2)) as charge_amount,
    cast(sum(denied_charge_amount) as decimal(18, 2)) as denied_charge_amount,
    cast(sum(recovered_amount) as decimal(18, 2)) as recovered_amount,
    cast(sum(paid_amount) as decimal(18, 2)) as paid_amount,
    cast(month_date + interval '1 month' as date) + {{ var('maturity_days') }} <= cut_off_date as is_mature
from lines
group by
    tenant_id, month_date, cut_off_date, payer_id, rendering_provider_npi, specialty, procedure_code, reason_category
