-- Expected is what the contract with the payer says, where one does (contract): then allowed is what the answer pays, leaves
-- to the patient and keeps by law or as a withhold, whatever it says it allows, so that a discount of the payer's own
-- making shows. A schedule or contract that an answer cannot be held to says nothing (int_claims__prices.is_binding).
--
-- Else it is what this payer allowed most often for the same thing (procedure, modifiers, units, place, specialty) in
-- the 365 days before the answer, where at least underpayment_minimum_lines lines agree and they are at least
-- underpayment_minimum_share of all; never more than the charge. Lines allowed in full of the charge say nothing about
-- the price, nor do denied ones, second payers and lines reduced for a reason of their own.
with answered as (
    select
        answers.*,
        lines.charge_amount as line_charge_amount,
        lines.payer_id as line_payer_id,
        lines.procedure_code as line_procedure_code,
        lines.modifier_1 as line_modifier_1,
        lines.modifier_2 as line_modifier_2,
        lines.modifier_3 as line_modifier_3,
        lines.modifier_4 as line_modifier_4,
        lines.unit_count as line_unit_count,
        lines.place_of_service_code as line_place_of_service_code,
        lines.taxonomy_code as line_taxonomy_code,
        prices.contract_id,
        prices.expected_allowed_amount as contract_amount
    from {{ ref('fct_remittance_lines') }} as answers
    inner join {{ ref('fct_claim_lines') }} as lines
        on
            answers.tenant_id = lines.tenant_id
            and answers.claim_id = lines.claim_id
            and answers.claim_line_number = lines.line_number
    left join {{ ref('fct_line_prices') }} as prices
        on
            lines.tenant_id = prices.tenant_id
            and lines.claim_id = prices.claim_id
            and lines.line_number = prices.line_number
            and prices.is_binding
    where
        not answers.is_reversal
        and not answers.is_denied
        and answers.allowed_amount > 0
        and answers.denied_amount = 0
        and answers.pending_amount = 0
        and answers.prior_payer_amount = 0
        and lines.is_primary
        and lines.procedure_code is not null
        and lines.payer_id is not null
),

withheld as (
    select
        tenant_id,
        remittance_claim_id,
        line_number,
        sum(adjustment_amount) as withheld_amount
    from {{ ref('fct_adjustments') }}
    where line_number is not null and reason_category in ('regulatory', 'contractual_withhold')
    group by tenant_id, remittance_claim_id, line_number
),

priced as (
    select
        answers.tenant_id,
        answers.remittance_claim_id,
        answers.line_number as answered_line_number,
        answers.claim_id,
        answers.claim_line_number,
        answers.iteration_number,
        answers.adjudicated_date,
        answers.allowed_amount,
        answers.payment_amount,
        answers.line_charge_amount as charge_amount,
        answers.line_payer_id as payer_id,
        answers.contract_id,
        answers.adjudicated_date - date '1970-01-01' as answered_day,
        answers.line_payer_id
        || '|' || answers.line_procedure_code
        || '|' || coalesce(answers.line_modifier_1, '')
        || '|' || coalesce(answers.line_modifier_2, '')
        || '|' || coalesce(answers.line_modifier_3, '')
        || '|' || coalesce(answers.line_modifier_4, '')
        || '|' || cast(coalesce(answers.line_unit_count, 0) as text)
        || '|' || coalesce(answers.line_place_of_service_code, '')
        || '|' || coalesce(taxonomies.specialty, 'other') as price_key,
        answers.allowed_amount >= answers.line_charge_amount as is_allowed_in_full,
        row_number() over (
            partition by answers.tenant_id, answers.claim_id, answers.claim_line_number
            order by answers.iteration_number, answers.line_number
        ) as answer_position,
        answers.file_id,
        answers.transaction_ordinal,
        answers.segment_ordinal,
        answers.byte_offset
    from answered as answers
    left join {{ ref('provider_taxonomies') }} as taxonomies
        on answers.line_taxonomy_code = taxonomies.taxonomy_code
    where answers.other_adjustment_amount = 0
),

-- A line teaches once, by its first price.
observed as (
    select
        tenant_id,
        price_key,
        allowed_amount,
        answered_day,
        count(*) as line_count
    from priced
    where answer_position = 1 and not is_allowed_in_full
    group by tenant_id, price_key, allowed_amount, answered_day
),

usual_amounts as (
    select
        tenant_id,
        price_key,
        allowed_amount,
        min(answered_day) as first_day,
        max(answered_day) as last_day
    from observed
    group by tenant_id, price_key, allowed_amount
    having sum(line_count) >= {{ var('underpayment_minimum_lines') }}
),

-- Only a line below an amount that was usual at some time of its window can be short.
asked_keys as (
    select distinct
        priced.tenant_id,
        priced.price_key,
        priced.answered_day
    from priced
    inner join usual_amounts
        on
            priced.tenant_id = usual_amounts.tenant_id
            and priced.price_key = usual_amounts.price_key
            and priced.allowed_amount < usual_amounts.allowed_amount
            and priced.answered_day > usual_amounts.first_day
            and priced.answered_day <= usual_amounts.last_day + 365
    where not priced.is_allowed_in_full and priced.contract_id is null
),

-- Every amount that may have been the usual one on such a day, and 0 for all lines of the key together.
asked as (
    select
        asked_keys.tenant_id,
        asked_keys.price_key,
        usual_amounts.allowed_amount,
        asked_keys.answered_day
    from asked_keys
    inner join usual_amounts
        on asked_keys.tenant_id = usual_amounts.tenant_id and asked_keys.price_key = usual_amounts.price_key
    union all
    select
        tenant_id,
        price_key,
        cast(0 as decimal(18, 2)) as allowed_amount,
        answered_day
    from asked_keys
),

questioned as (
    select distinct
        tenant_id,
        price_key
    from asked_keys
),

daily as (
    select
        observed.tenant_id,
        observed.price_key,
        observed.allowed_amount,
        observed.answered_day,
        observed.line_count
    from observed
    inner join usual_amounts
        on
            observed.tenant_id = usual_amounts.tenant_id
            and observed.price_key = usual_amounts.price_key
            and observed.allowed_amount = usual_amounts.allowed_amount
    inner join questioned
        on observed.tenant_id = questioned.tenant_id and observed.price_key = questioned.price_key
    union all
    select
        observed.tenant_id,
        observed.price_key,
        cast(0 as decimal(18, 2)) as allowed_amount,
        observed.answered_day,
        sum(observed.line_count) as line_count
    from observed
    inner join questioned
        on observed.tenant_id = questioned.tenant_id and observed.price_key = questioned.price_key
    group by observed.tenant_id, observed.price_key, observed.answered_day
),

totals as (
    select
        tenant_id,
        price_key,
        allowed_amount,
        answered_day as known_day,
        cast(
            sum(line_count) over (partition by tenant_id, price_key, allowed_amount order by answered_day) as integer
        ) as line_count,
        cast(null as text) as newest
    from daily
),

counted as (
    {{ as_of_windows(
        'asked', 'totals', ['tenant_id', 'price_key', 'allowed_amount'], 'answered_day', 'known_day',
        ['line_count'], 'newest', [365], [365],
    ) }}
),

ranked as (
    select
        counted.tenant_id,
        counted.price_key,
        counted.answered_day,
        counted.allowed_amount as expected_amount,
        counted.line_count_365d as usual_line_count,
        everything.line_count_365d as known_line_count,
        -- Of two amounts as frequent as each other the lower one is expected.
        row_number() over (
            partition by counted.tenant_id, counted.price_key, counted.answered_day
            order by counted.line_count_365d desc, counted.allowed_amount asc
        ) as position
    from counted
    inner join counted as everything
        on
            counted.tenant_id = everything.tenant_id
            and counted.price_key = everything.price_key
            and counted.answered_day = everything.answered_day
            and everything.allowed_amount = 0
    where counted.allowed_amount > 0
),

found as (
    select
        answered.tenant_id,
        answered.remittance_claim_id,
        answered.line_number as answered_line_number,
        answered.claim_id,
        answered.claim_line_number,
        answered.iteration_number,
        answered.adjudicated_date,
        cast('contract' as text) as expected_method,
        answered.contract_id,
        answered.contract_amount as expected_amount,
        answered.payment_amount
        + answered.patient_responsibility_amount
        + coalesce(withheld.withheld_amount, 0) as allowed_amount,
        answered.payment_amount,
        answered.line_charge_amount as charge_amount,
        answered.line_payer_id as payer_id,
        cast(null as bigint) as usual_line_count,
        cast(null as bigint) as known_line_count,
        answered.file_id,
        answered.transaction_ordinal,
        answered.segment_ordinal,
        answered.byte_offset
    from answered
    left join withheld
        on
            answered.tenant_id = withheld.tenant_id
            and answered.remittance_claim_id = withheld.remittance_claim_id
            and answered.line_number = withheld.line_number
    where answered.contract_id is not null
    union all
    select
        priced.tenant_id,
        priced.remittance_claim_id,
        priced.answered_line_number,
        priced.claim_id,
        priced.claim_line_number,
        priced.iteration_number,
        priced.adjudicated_date,
        cast('payer_modal' as text) as expected_method,
        cast(null as text) as contract_id,
        least(ranked.expected_amount, priced.charge_amount) as expected_amount,
        priced.allowed_amount,
        priced.payment_amount,
        priced.charge_amount,
        priced.payer_id,
        cast(ranked.usual_line_count as bigint) as usual_line_count,
        cast(ranked.known_line_count as bigint) as known_line_count,
        priced.file_id,
        priced.transaction_ordinal,
        priced.segment_ordinal,
        priced.byte_offset
    from priced
    inner join ranked
        on
            priced.tenant_id = ranked.tenant_id
            and priced.price_key = ranked.price_key
            and priced.answered_day = ranked.answered_day
            and ranked.position = 1
    where
        priced.contract_id is null
        and not priced.is_allowed_in_full
        and ranked.usual_line_count >= {{ var('underpayment_minimum_lines') }}
        and ranked.usual_line_count >= {{ var('underpayment_minimum_share') }} * ranked.known_line_count
),

short as (
    select
        *,
        row_number() over (
            partition by tenant_id, claim_id, claim_line_number
            order by iteration_number, answered_line_number
        ) as short_position
    from found
    where allowed_amount < expected_amount
),

standing as (
    select
        answers.tenant_id,
        answers.claim_id,
        answers.claim_line_number,
        max(answers.adjudicated_date) as adjudicated_date,
        sum(answers.allowed_amount) as allowed_amount,
        sum(
            answers.payment_amount + answers.patient_responsibility_amount + coalesce(withheld.withheld_amount, 0)
        ) as settled_amount
    from {{ ref('fct_remittance_lines') }} as answers
    left join withheld
        on
            answers.tenant_id = withheld.tenant_id
            and answers.remittance_claim_id = withheld.remittance_claim_id
            and answers.line_number = withheld.line_number
    where answers.is_standing and not answers.is_denied and answers.claim_line_number is not null
    group by answers.tenant_id, answers.claim_id, answers.claim_line_number
),

compared as (
    select
        short.*,
        case when short.expected_method = 'contract' then standing.settled_amount else standing.allowed_amount end
            as standing_allowed_amount,
        standing.adjudicated_date as standing_date
    from short
    left join standing
        on
            short.tenant_id = standing.tenant_id
            and short.claim_id = standing.claim_id
            and short.claim_line_number = standing.claim_line_number
    where short.short_position = 1
),

judged as (
    select
        compared.*,
        case
            when not claims.is_live then 'replaced'
            when compared.standing_allowed_amount is null then 'reversed'
            when compared.standing_allowed_amount >= compared.expected_amount then 'recovered'
            when compared.standing_allowed_amount > compared.allowed_amount then 'partly_recovered'
            else 'detected'
        end as status,
        claims.payer_name,
        claims.billing_provider_npi
    from compared
    inner join {{ ref('fct_claims') }} as claims
        on compared.tenant_id = claims.tenant_id and compared.claim_id = claims.claim_id
)

select
    judged.tenant_id,
    judged.claim_id,
    judged.claim_line_number as line_number,
    judged.remittance_claim_id,
    judged.answered_line_number,
    lines.claim_key,
    judged.payer_id,
    judged.payer_name,
    judged.billing_provider_npi,
    lines.rendering_provider_npi,
    coalesce(taxonomies.specialty, 'other') as specialty,
    lines.procedure_code,
    lines.modifier_1,
    lines.modifier_2,
    lines.modifier_3,
    lines.modifier_4,
    lines.unit_count,
    lines.place_of_service_code,
    lines.submitted_date,
    lines.service_from_date,
    judged.adjudicated_date as detected_date,
    {{ calendar_month('judged.adjudicated_date') }} as month_date,
    judged.expected_method,
    judged.contract_id,
    cast(judged.usual_line_count as integer) as usual_line_count,
    cast(judged.known_line_count as integer) as known_line_count,
    cast(judged.charge_amount as decimal(18, 2)) as charge_amount,
    cast(judged.expected_amount as decimal(18, 2)) as expected_amount,
    cast(judged.allowed_amount as decimal(18, 2)) as allowed_amount,
    cast(judged.payment_amount as decimal(18, 2)) as payment_amount,
    cast(judged.expected_amount - judged.allowed_amount as decimal(18, 2)) as variance_amount,
    judged.status,
    cast(
        case
            when judged.status in ('recovered', 'partly_recovered')
                then least(judged.standing_allowed_amount, judged.expected_amount) - judged.allowed_amount
            else 0
        end as decimal(18, 2)
    ) as recovered_amount,
    cast(
        case
            when judged.status in ('detected', 'partly_recovered')
                then judged.expected_amount - judged.standing_allowed_amount
            else 0
        end as decimal(18, 2)
    ) as open_variance_amount,
    case when judged.status in ('recovered', 'partly_recovered') then judged.standing_date end as recovered_date,
    judged.file_id,
    judged.transaction_ordinal,
    judged.segment_ordinal,
    judged.byte_offset
from judged
inner join {{ ref('fct_claim_lines') }} as lines
    on
        judged.tenant_id = lines.tenant_id
        and judged.claim_id = lines.claim_id
        and judged.claim_line_number = lines.line_number
left join {{ ref('provider_taxonomies') }} as taxonomies
    on lines.taxonomy_code = taxonomies.taxonomy_code
