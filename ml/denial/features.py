"""What the denial model looks at: every feature with its kind and the reason that a biller reads when it speaks.

Belongs here: the list of features as data, and the checks that a table holds them. Does not belong here: how a value is
computed (`dbt_project/models/features/ftr_denial__claim.sql`) or encoded (`ml.denial.model`).

The table holds more columns than the model reads. Codes with hundreds of values (procedures, diagnoses, providers),
shorter
windows and counts of answers were tried and left out: on 20,000 claims the trees learn chance from them, and their
share of
the attainable AUC falls from 0.86 to 0.78. What those codes know comes in as rates of history instead.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa
import pyarrow.types as pat


class Kind(StrEnum):
    """How a feature enters the model."""

    NUMBER = "number"  # amount, count, rate, days; null means unknown
    FLAG = "flag"  # true, false, or null for unknown
    CATEGORY = "category"  # code; values not seen in training count as unknown


class Reason(StrEnum):
    """What a biller is told when the features of this group raise the probability."""

    AUTHORIZATION = "authorization"
    ELIGIBILITY = "eligibility"
    TIMELY_FILING = "timely_filing"
    DUPLICATE = "duplicate"
    CODING = "coding"
    DIAGNOSIS = "diagnosis"
    MISSING_DATA = "missing_data"
    OTHER_COVERAGE = "other_coverage"
    PAYER = "payer"
    PROVIDER = "provider"
    CHARGE = "charge"
    SETTING = "setting"
    PATIENT = "patient"


REASON_TEXT: dict[Reason, str] = {
    Reason.AUTHORIZATION: "Authorization is missing, or not valid for this member, procedure and date",
    Reason.ELIGIBILITY: "Coverage on the date of service is not confirmed by the newest eligibility answer",
    Reason.TIMELY_FILING: "Filed late after the date of service for this payer",
    Reason.DUPLICATE: "The same service was sent to this payer before",
    Reason.CODING: "This payer often denies this procedure or combination of procedures and modifiers",
    Reason.DIAGNOSIS: "The diagnosis may not support the procedure for this payer",
    Reason.MISSING_DATA: "Information that the payer asks for is missing on the claim",
    Reason.OTHER_COVERAGE: "Another payer's coverage or payment is not settled on the claim",
    Reason.PAYER: "This payer has been denying more of late",
    Reason.PROVIDER: "Claims of this provider have been denied more often with this payer",
    Reason.CHARGE: "The charge or the units are unusual",
    Reason.SETTING: "Place of service or kind of claim",
    Reason.PATIENT: "Earlier claims of this patient were denied",
}


@dataclass(frozen=True)
class Feature:
    """One feature: the column of `ftr_denial__claim`, its kind, and the reason it belongs to."""

    name: str
    kind: Kind
    reason: Reason


class FeatureError(ValueError):
    """The table does not hold the features that the model was trained on."""


# What identifies a row. Never seen by the model.
KEYS: tuple[str, ...] = ("claim_id", "tenant_id", "patient_key", "submitted_date")

_HISTORY: tuple[tuple[str, Reason, tuple[int, ...]], ...] = (
    ("payer", Reason.PAYER, (30, 90, 365)),
    ("provider", Reason.PROVIDER, (365,)),
    ("payer_procedure", Reason.CODING, (365,)),
    ("payer_provider", Reason.PROVIDER, (365,)),
    ("patient", Reason.PATIENT, (365,)),
)


def _features() -> tuple[Feature, ...]:
    n, f, c = Kind.NUMBER, Kind.FLAG, Kind.CATEGORY
    declared: tuple[tuple[Reason, Kind, str], ...] = (
        (Reason.SETTING, c, "claim_type frequency_code facility_type_code"),
        (Reason.SETTING, n, "submitted_weekday"),
        (Reason.PAYER, c, "payer_id claim_filing_code"),
        (Reason.PROVIDER, c, "billing_provider_taxonomy_code rendering_provider_taxonomy_code"),
        (Reason.PROVIDER, n, "days_since_provider_first_claim"),
        (Reason.PATIENT, c, "patient_sex_code"),
        (Reason.PATIENT, n, "patient_age_years days_since_last_claim"),
        (Reason.CHARGE, n, "total_charge_amount largest_line_charge_amount line_count unit_count largest_unit_count"),
        (Reason.CODING, c, "principal_procedure_group principal_modifier_code"),
        (Reason.CODING, n, "procedure_count repeated_procedure_count evaluation_line_count surgery_line_count"),
        (Reason.CODING, n, "imaging_line_count laboratory_line_count medicine_line_count therapy_line_count"),
        (Reason.CODING, n, "drug_line_count modified_line_count earlier_therapy_visit_count"),
        (Reason.CODING, f, "has_emergency_room_line has_modifier_25 has_modifier_59 has_side_modifier"),
        (Reason.CODING, f, "has_component_modifier has_therapy_modifier has_drug_waste_modifier"),
        (Reason.CODING, f, "has_telehealth_modifier is_evaluation_with_procedure_without_25"),
        (Reason.CODING, n, "covered_procedure_risk modified_procedure_risk procedure_units_risk procedure_pair_risk"),
        (Reason.CODING, n, "recent_covered_procedure_risk recent_modified_procedure_risk recent_procedure_units_risk"),
        (Reason.CODING, n, "recent_procedure_pair_risk missing_usual_modifier_share"),
        (Reason.DIAGNOSIS, n, "diagnosis_procedure_risk recent_diagnosis_procedure_risk"),
        (Reason.DIAGNOSIS, c, "principal_diagnosis_chapter"),
        (Reason.DIAGNOSIS, n, "diagnosis_count unpointed_line_count"),
        (Reason.TIMELY_FILING, n, "days_service_to_submission days_service_span"),
        (Reason.OTHER_COVERAGE, c, "payer_responsibility_code"),
        (Reason.OTHER_COVERAGE, n, "other_payer_count"),
        (Reason.OTHER_COVERAGE, f, "is_member_known_as_secondary is_billed_out_of_turn has_accident"),
        (Reason.MISSING_DATA, f, "is_missing_rendering_provider is_missing_referring_provider"),
        (Reason.MISSING_DATA, f, "is_missing_rendering_taxonomy is_missing_billing_taxonomy is_missing_onset_date"),
        (Reason.MISSING_DATA, f, "is_missing_group_number has_attachment"),
        (Reason.MISSING_DATA, n, "drug_line_without_ndc_count"),
        (Reason.ELIGIBILITY, f, "has_eligibility_answer is_covered_on_service"),
        (Reason.ELIGIBILITY, n, "days_since_eligibility_check days_coverage_before_service"),
        (Reason.ELIGIBILITY, n, "days_service_after_coverage"),
        (Reason.AUTHORIZATION, c, "authorization_state"),
        (Reason.AUTHORIZATION, f, "has_authorization_number has_authorization_on_file has_valid_authorization"),
        (Reason.AUTHORIZATION, n, "days_service_after_authorization unauthorized_procedure_risk"),
        (Reason.AUTHORIZATION, n, "recent_unauthorized_procedure_risk missing_usual_authorization_share"),
        (Reason.DUPLICATE, n, "earlier_submission_count earlier_rejection_count earlier_same_service_count"),
        (Reason.DUPLICATE, n, "earlier_delivered_same_service_count days_since_same_service"),
    )
    out = [Feature(name, kind, reason) for reason, kind, names in declared for name in names.split()]
    for subject, reason, windows in _HISTORY:
        out += [Feature(f"{subject}_denial_rate_{days}d", n, reason) for days in windows]
    return tuple(out)


FEATURES: tuple[Feature, ...] = _features()


def feature_digest(features: tuple[Feature, ...] = FEATURES) -> str:
    """First 16 hex digits of the SHA-256 of names and kinds in order: models of one digest read the same table."""
    return hashlib.sha256("\n".join(f"{f.name}:{f.kind}" for f in features).encode()).hexdigest()[:16]


def check(table: pa.Table, features: tuple[Feature, ...] = FEATURES, keys: tuple[str, ...] = KEYS) -> None:
    """Raise FeatureError where `table` lacks a key or feature, or holds one in a type that its kind cannot take."""
    missing = [name for name in (*keys, *(f.name for f in features)) if name not in table.column_names]
    if missing:
        raise FeatureError(
            f"{len(missing)} columns that the denial model needs are not in the table: {', '.join(missing)}. "
            "Build `ftr_denial__claim` again, or train a new model on the columns that there are."
        )
    wrong = [f.name for f in features if not _fits(f.kind, table.schema.field(f.name).type)]
    if wrong:
        kinds = ", ".join(f"{name} is {table.schema.field(name).type}" for name in wrong)
        raise FeatureError(f"These columns have a type that their kind of feature cannot take: {kinds}.")


def _fits(kind: Kind, type_: pa.DataType) -> bool:
    if pat.is_null(type_):
        return True
    if kind is Kind.CATEGORY:
        return bool(
            pat.is_string(type_) or pat.is_large_string(type_) or pat.is_string_view(type_) or pat.is_dictionary(type_)
        )
    if kind is Kind.FLAG:
        return bool(pat.is_boolean(type_))
    return bool(pat.is_integer(type_) or pat.is_floating(type_) or pat.is_decimal(type_))
