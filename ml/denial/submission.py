"""The denial model's features of claims that are about to go out, from the claims alone.

Belongs here: those features of `ftr_denial__claim` that the claim itself shows, for tables that never were in the
warehouse. Does not belong here: what is known from elsewhere (eligibility, authorizations, earlier claims, the rates of
payers' answers): it is null here, which the model takes as unknown. So a score made of these is a first look; the
warehouse's, in `gold/denial_scores`, is made with all that is known. A test holds the columns here to dbt's.
"""

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from ml.denial.features import FEATURES, KEYS, Kind

_GROUP = """case
    when procedure_code is null then 'revenue'
    when procedure_code like '99%' and procedure_code between '99202' and '99499' then 'evaluation'
    when procedure_code between '97010' and '97799' or procedure_code = 'G0283' then 'therapy'
    when procedure_code between '10004' and '69990' then 'surgery'
    when procedure_code between '70010' and '79999' then 'imaging'
    when procedure_code between '80047' and '89398' or procedure_code = '36415' then 'laboratory'
    when procedure_code like '____F' then 'reporting'
    when procedure_code between '90281' and '99199' then 'medicine'
    when procedure_code like 'J%' or procedure_code like 'Q%' then 'drug'
    else 'other'
end"""
_MODIFIERS = " || ' ' || ".join(f"coalesce(modifier_{n}, '')" for n in range(1, 5))
_COUNTED = ("evaluation", "surgery", "imaging", "laboratory", "medicine", "therapy", "drug")
_SAID = {
    "has_modifier_25": "modifiers like '%25%'",
    "has_modifier_59": "modifiers like '%59%' or modifiers like '%X_%'",
    "has_telehealth_modifier": "modifiers like '%95%' or modifiers like '%GT%'",
    "has_side_modifier": "modifiers like '%50%' or modifiers like '%LT%' or modifiers like '%RT%'",
    "has_component_modifier": "modifiers like '%26%' or modifiers like '%TC%'",
    "has_therapy_modifier": "modifiers like '%GP%'",
    "has_drug_waste_modifier": "modifiers like '%JZ%' or modifiers like '%JW%'",
    "has_emergency_room_line": "coalesce(revenue_code like '045%', false)",
}
# Of the line with the highest charge, the first of them where several are.
_FIRST = "cast(charge_amount * 100 as bigint) * 100000 - line_number"

_LINES = f"""
with lines as (
    select
        file_id, claim_ordinal, line_number, revenue_code, ndc_code, unit_count, modifier_1, diagnosis_pointer_1,
        service_from_date, coalesce(service_through_date, service_from_date) as service_through_date, charge_amount,
        coalesce(procedure_code, revenue_code) as code,
        {_GROUP} as family,
        {_MODIFIERS} as modifiers
    from claim_lines
), positions as (
    select distinct file_id, claim_ordinal, diagnosis_position
    from claim_codes where diagnosis_position is not null and code is not null
)
select
    lines.file_id, lines.claim_ordinal,
    arg_max_null(family, {_FIRST}) as principal_procedure_group,
    arg_max_null(modifier_1, {_FIRST}) as principal_modifier_code,
    max(coalesce(charge_amount, 0)) as largest_line_charge_amount,
    sum(charge_amount) as line_charge_amount,
    sum(unit_count) as unit_count,
    max(unit_count) as largest_unit_count,
    count(*) as line_count,
    count(distinct code) as procedure_count,
    count(*) - count(distinct code) as repeated_procedure_count,
    {", ".join(f"count(*) filter (where family = '{one}') as {one}_line_count" for one in _COUNTED)},
    count(*) filter (where family = 'drug' and ndc_code is null) as drug_line_without_ndc_count,
    count(*) filter (where positions.file_id is null) as unpointed_line_count,
    count(*) filter (where modifiers <> '   ') as modified_line_count,
    {", ".join(f"bool_or({said}) as {name}" for name, said in _SAID.items())},
    bool_or(family = 'evaluation') and bool_or(family in ('surgery', 'medicine'))
        and not bool_or(modifiers like '%25%') as is_evaluation_with_procedure_without_25,
    min(service_from_date) as service_from_date,
    max(service_through_date) as service_through_date
from lines
left join positions on positions.file_id = lines.file_id and positions.claim_ordinal = lines.claim_ordinal
    and positions.diagnosis_position = lines.diagnosis_pointer_1
group by lines.file_id, lines.claim_ordinal
"""

# Feature -> its SQL over `c` (claims), `l` (its lines together) and `submitted_date`.
_OF_CLAIM = {
    "frequency_code": "coalesce(c.frequency_code, '1')",
    "submitted_weekday": "extract(dow from submitted_date)",
    "billing_provider_taxonomy_code": "c.billing_provider_taxonomy_code",
    "rendering_provider_taxonomy_code": (
        "coalesce(c.rendering_provider_taxonomy_code, c.billing_provider_taxonomy_code)"
    ),
    "patient_age_years": "extract(year from submitted_date) - c.patient_birth_year",
    "total_charge_amount": "coalesce(c.total_charge_amount, l.line_charge_amount, 0)",
    "principal_diagnosis_chapter": "substr(c.principal_diagnosis_code, 1, 1)",
    "days_service_to_submission": "submitted_date - coalesce(l.service_from_date, c.statement_from_date)",
    "days_service_span": (
        "coalesce(l.service_through_date, c.statement_through_date, l.service_from_date, c.statement_from_date)"
        " - coalesce(l.service_from_date, c.statement_from_date)"
    ),
    "payer_responsibility_code": "coalesce(c.payer_responsibility_code, 'P')",
    "has_accident": "c.accident_date is not null or c.related_cause_code_1 is not null",
    "is_missing_rendering_provider": "c.rendering_provider_npi is null",
    "is_missing_referring_provider": "c.referring_provider_npi is null",
    "is_missing_rendering_taxonomy": "c.rendering_provider_taxonomy_code is null",
    "is_missing_billing_taxonomy": "c.billing_provider_taxonomy_code is null",
    "is_missing_onset_date": "c.onset_date is null",
    "is_missing_group_number": "c.group_number is null",
    "has_authorization_number": "c.authorization_key is not null",
    **{
        name: f"c.{name}"
        for name in (
            "claim_type", "facility_type_code", "payer_id", "claim_filing_code", "patient_sex_code", "diagnosis_count",
            "other_payer_count", "has_attachment",
        )
    },
    **{
        name: f"l.{name}"
        for name in (
            "largest_line_charge_amount", "line_count", "unit_count", "largest_unit_count",
            "principal_procedure_group", "principal_modifier_code", "procedure_count", "repeated_procedure_count",
            "modified_line_count", "drug_line_without_ndc_count", "unpointed_line_count",
            "is_evaluation_with_procedure_without_25", *(f"{one}_line_count" for one in _COUNTED), *_SAID,
        )
    },
}  # fmt: skip
# The features that a claim shows by itself.
SHOWN: tuple[str, ...] = tuple(feature.name for feature in FEATURES if feature.name in _OF_CLAIM)
_TYPES = {Kind.NUMBER: "double", Kind.FLAG: "boolean", Kind.CATEGORY: "varchar"}


def features_of(tables: Mapping[str, pa.Table], tenant_id: str) -> pa.Table:
    """The feature table (`KEYS` and `FEATURES`) of the claims, in their order; null where the claim does not say.

    Args:
        tables: `claims`, `claim_lines`, `claim_codes` and `transactions` beyond the identity line.
        tenant_id: whose claims they are.

    The day of submission is that of the transaction set (BHT04). About 4 µs a claim.
    """
    keys = {
        "claim_id": "c.file_id || '-' || c.claim_ordinal",
        "tenant_id": "$1",
        "patient_key": "c.patient_key",
        "submitted_date": "submitted_date",
    }
    selected = [f"{keys[name]} as {name}" for name in KEYS]
    selected += [f"cast({_OF_CLAIM.get(one.name, 'null')} as {_TYPES[one.kind]}) as {one.name}" for one in FEATURES]
    with duckdb.connect() as connection:
        for name in ("claims", "claim_lines", "claim_codes", "transactions"):
            connection.register(name, tables[name])
        answer = connection.sql(
            f"select {', '.join(selected)} from (select row_number() over () as place, * from claims) c "
            "left join (select file_id, transaction_ordinal, created_date as submitted_date from transactions) t "
            "on t.file_id = c.file_id and t.transaction_ordinal = c.transaction_ordinal "
            f"left join ({_LINES}) l on l.file_id = c.file_id and l.claim_ordinal = c.claim_ordinal order by c.place",
            params=[tenant_id],
        )
        return answer.to_arrow_table()
