-- What stops a claim from being clean, from both who say so: the scrubbing rules, and the reader, whose findings stand
-- on a claim of the file.
select
    edits.tenant_id,
    edits.edit_id,
    edits.claim_id,
    'rule' as source,
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
    edits.file_id,
    edits.transaction_ordinal,
    edits.segment_ordinal,
    edits.byte_offset,
    overrides.edit_id is not null as is_overridden,
    overrides.overridden_date,
    overrides.actor_role as overridden_by_role
from {{ ref('stg_scrub__claim_edits') }} as edits
left join {{ ref('stg_scrub__edit_overrides') }} as overrides
    on edits.tenant_id = overrides.tenant_id and edits.edit_id = overrides.edit_id
union all
select
    tenant_id,
    file_id || '-' || cast(claim_ordinal as text) || ':' || code || ':' || cast(finding_ordinal as text) as edit_id,
    file_id || '-' || cast(claim_ordinal as text) as claim_id,
    'reader' as source,
    code as rule_id,
    cast(null as text) as rule_digest,
    cast(null as text) as rule_layer,
    'reading' as category,
    severity,
    cast(null as integer) as line_number,
    'claim' as part,
    cast(null as integer) as part_ordinal,
    message,
    fix,
    cast(null as text) as prevented_reason_code,
    file_id,
    transaction_ordinal,
    segment_ordinal,
    byte_offset,
    false as is_overridden,
    cast(null as date) as overridden_date,
    cast(null as text) as overridden_by_role
from {{ ref('stg_x12__findings') }}
where claim_ordinal is not null
