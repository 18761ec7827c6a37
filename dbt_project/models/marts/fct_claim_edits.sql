{{ config(
    materialized='incremental', incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_changed_rows('claim_id') }}", post_hook="{{ remember_build() }}"
) }}
with edits as (
    select * from {{ changed_rows(ref('int_claims__edits'), 'claim_id') }} as all_edits
),

-- The reasons that the payer gave when he first answered this submission; one of a whole claim holds for its lines.
first_reasons as (
    select
        tenant_id,
        claim_id,
        claim_line_number,
        adjustment_level,
        reason_code
    from {{ changed_rows(ref('fct_adjustments'), 'claim_id') }} as adjustments
    where is_first and claim_id is not null
),

foretold as (
    select distinct
        edits.tenant_id,
        edits.edit_id
    from edits
    inner join first_reasons
        on
            edits.tenant_id = first_reasons.tenant_id
            and edits.claim_id = first_reasons.claim_id
            and edits.prevented_reason_code = first_reasons.reason_code
    where
        edits.line_number is null
        or first_reasons.adjustment_level = 'claim'
        or edits.line_number = first_reasons.claim_line_number
),

denials as (
    select
        tenant_id,
        claim_id,
        case when denial_level = 'claim' then 0 else claim_line_number end as place,
        min(reason_code) as reason_code
    from {{ changed_rows(ref('fct_denials'), 'claim_id') }} as all_denials
    where is_initial and is_primary_reason
    group by tenant_id, claim_id, case when denial_level = 'claim' then 0 else claim_line_number end
)

select
    edits.tenant_id,
    edits.edit_id,
    edits.claim_id,
    edits.source,
    edits.rule_id,
    edits.rule_digest,
    edits.rule_layer,
    edits.category,
    edits.severity,
    edits.line_number,
    edits.part,
    edits.part_ordinal,
    edits.message,
    edits.fix,
    edits.prevented_reason_code,
    claims.payer_id,
    claims.payer_name,
    claims.rendering_provider_npi,
    claims.submitted_date,
    claims.service_from_date,
    claims.first_adjudicated_date,
    claims.initial_outcome,
    case
        when claims.first_adjudicated_date is null then null
        when edits.line_number is null then claims.is_initially_denied
        else coalesce(line_denials.reason_code, claim_denials.reason_code) is not null
    end as is_initially_denied,
    case
        when edits.line_number is null then claims.initial_reason_code
        else coalesce(line_denials.reason_code, claim_denials.reason_code)
    end as initial_reason_code,
    case
        when claims.first_adjudicated_date is not null and edits.prevented_reason_code is not null
            then foretold.edit_id is not null
    end as is_foretold,
    claims.final_outcome,
    edits.is_overridden,
    edits.overridden_date,
    edits.overridden_by_role,
    edits.file_id,
    edits.transaction_ordinal,
    edits.segment_ordinal,
    edits.byte_offset
from edits
inner join {{ changed_rows(ref('fct_claims'), 'claim_id') }} as claims
    on edits.tenant_id = claims.tenant_id and edits.claim_id = claims.claim_id
left join foretold
    on edits.tenant_id = foretold.tenant_id and edits.edit_id = foretold.edit_id
left join denials as line_denials
    on
        edits.tenant_id = line_denials.tenant_id
        and edits.claim_id = line_denials.claim_id
        and edits.line_number = line_denials.place
left join denials as claim_denials
    on
        edits.tenant_id = claim_denials.tenant_id
        and edits.claim_id = claim_denials.claim_id
        and claim_denials.place = 0
