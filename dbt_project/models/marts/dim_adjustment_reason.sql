select
    reason_code,
    short_words,
    kind,
    adjustment_bucket,
    category,
    subcategory,
    typical_group_code,
    fixable,
    workflow,
    pinning_remark_codes,
    is_denial,
    map_version
from {{ ref('adjustment_reason_codes') }}
