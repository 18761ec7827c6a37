"""The Arrow schema of every lake table: the one contract between readers, the identity line, dbt and models.

Belongs here: table and column declarations, their types, what each means, where it comes from (loop and element of
the implementation guide), and what the identity split does with it. Does not belong here: reading, writing, SQL.

A `Table` has two faces. `arrow("claims")` is what a reader returns: verbatim values, **in clear**. `bronze("claims")`
is what is on the other side of the identity line: direct identifiers replaced by keyed tokens, birth year, ZIP3, or
gone to the vault. `compliance.identity.split` turns one into the other by the rules declared here and nowhere else.

Types: money DECIMAL(18,2), quantities DECIMAL(18,3), dates without zone, ordinals 1-based int32.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

import pyarrow as pa

MONEY = pa.decimal128(18, 2)
QUANTITY = pa.decimal128(18, 3)
RATE = pa.decimal128(9, 4)
TEXT = pa.string()
CODE = pa.string()
DATE = pa.date32()
INT = pa.int32()
LONG = pa.int64()
FLAG = pa.bool_()
TIMESTAMP = pa.timestamp("us", tz="UTC")


class Split(StrEnum):
    """What the identity split does with a column of a reader's table."""

    KEEP = "keep"  # crosses the identity line as it is
    SEAL = "seal"  # leaves the table; sealed in the vault's identity record
    TOKEN = "token"  # replaced by a keyed token in column `becomes`; the value is sealed
    BIRTH_YEAR = "birth_year"  # replaced by the year in column `becomes`, held at 90 years (45 CFR 164.514(b)(2)(i)(C))
    ZIP3 = "zip3"  # replaced by the first three digits in column `becomes`


class Identifier(StrEnum):
    """The Safe Harbor identifiers of 45 CFR 164.514(b)(2)(i) that columns can hold."""

    NAME = "name"
    GEOGRAPHY = "geography"
    DATE = "date"
    PHONE = "phone"
    SSN = "ssn"
    MRN = "medical_record_number"
    BENEFICIARY = "health_plan_beneficiary_number"
    ACCOUNT = "account_number"
    OTHER = "other_unique_identifier"
    FREE_TEXT = "free_text"


@dataclass(frozen=True)
class Column:
    """One column: its name, Arrow type, meaning, and its fate at the identity line.

    `kind` names the token's domain: two columns with the same kind and value give the same token, whatever table
    they stand in (CLM01 and CLP01 are both kind `claim`, which is what joins an 835 to its 837).
    """

    name: str
    type: pa.DataType
    description: str
    split: Split = Split.KEEP
    identifier: Identifier | None = None
    becomes: str | None = None
    kind: str | None = None
    nullable: bool = True


@dataclass(frozen=True)
class PersonKey:
    """A token made from several columns that together name a person (`<prefix>last_name` and so on)."""

    becomes: str
    columns: tuple[str, ...]
    kind: str = "patient"


@dataclass(frozen=True)
class Table:
    """One lake table: `name`, its grain in words, its columns in order, and the persons it names.

    A table with `in_lake` false holds whole raw text: it never reaches the lake, its blocks go sealed to the vault.
    `layer`: the layer of the lake that it stands in. `added`: columns that the ingest adds, as it does the partition.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    feed: str
    persons: tuple[PersonKey, ...] = field(default=())
    in_lake: bool = True
    layer: str = "bronze"
    added: tuple[Column, ...] = field(default=())


def _c(name: str, type_: pa.DataType, description: str, **kw: object) -> Column:
    return Column(name, type_, description, **kw)  # type: ignore[arg-type]


def _token(name: str, becomes: str, kind: str, identifier: Identifier, description: str) -> Column:
    return Column(name, TEXT, description, Split.TOKEN, identifier, becomes, kind)


def _seal(name: str, identifier: Identifier, description: str, type_: pa.DataType = TEXT) -> Column:
    return Column(name, type_, description, Split.SEAL, identifier)


# Where a row came from. On every row of every table read from an interchange.
PROVENANCE: tuple[Column, ...] = (
    _c("file_id", TEXT, "First 32 hex digits of the SHA-256 of the file's bytes", nullable=False),
    _c("transaction_ordinal", INT, "n-th ST of the file; 0 for what stands outside any ST", nullable=False),
    _c("isa_control_number", TEXT, "ISA13 of the enclosing interchange"),
    _c("gs_control_number", TEXT, "GS06 of the enclosing functional group"),
    _c("st_control_number", TEXT, "ST02 of the enclosing transaction set"),
    _c("segment_ordinal", INT, "n-th segment of the transaction set, ST = 1 (as in IK3-02)", nullable=False),
    _c("byte_offset", LONG, "Offset in the file of the segment's first byte", nullable=False),
)

# Where a row of a delimited extract came from.
ROW_PROVENANCE: tuple[Column, ...] = (
    _c("file_id", TEXT, "First 32 hex digits of the SHA-256 of the file's bytes", nullable=False),
    _c("row_ordinal", INT, "n-th data row of the file, 1-based", nullable=False),
    _c("byte_offset", LONG, "Offset in the file of the row's first byte", nullable=False),
)

# Added by the lake, not by a reader.
PARTITION: tuple[Column, ...] = (
    _c("tenant_id", TEXT, "Tenant that the file was received for", nullable=False),
    _c("received_date", DATE, "Day on which the file was received (UTC)", nullable=False),
)


def _person(prefix: str, who: str) -> tuple[Column, ...]:
    return (
        _seal(f"{prefix}_last_name", Identifier.NAME, f"{who}: NM103, family or organisation name"),
        _seal(f"{prefix}_first_name", Identifier.NAME, f"{who}: NM104"),
        _seal(f"{prefix}_middle_name", Identifier.NAME, f"{who}: NM105"),
        _seal(f"{prefix}_name_suffix", Identifier.NAME, f"{who}: NM107"),
        _seal(f"{prefix}_address_1", Identifier.GEOGRAPHY, f"{who}: N301"),
        _seal(f"{prefix}_address_2", Identifier.GEOGRAPHY, f"{who}: N302"),
        _seal(f"{prefix}_city", Identifier.GEOGRAPHY, f"{who}: N401"),
        _c(f"{prefix}_state", CODE, f"{who}: N402"),
        _c(
            f"{prefix}_zip",
            TEXT,
            f"{who}: N403",
            split=Split.ZIP3,
            identifier=Identifier.GEOGRAPHY,
            becomes=f"{prefix}_zip3",
        ),
        _c(
            f"{prefix}_birth_date",
            DATE,
            f"{who}: DMG02",
            split=Split.BIRTH_YEAR,
            identifier=Identifier.DATE,
            becomes=f"{prefix}_birth_year",
        ),
        _c(f"{prefix}_sex_code", CODE, f"{who}: DMG03"),
    )


_PERSON_PARTS = ("last_name", "first_name", "birth_date")

_MODIFIERS = tuple(_c(f"modifier_{n}", CODE, f"Procedure modifier {n}") for n in range(1, 5))

TABLES: tuple[Table, ...] = (
    Table(
        "interchanges",
        "one row per ISA of a file",
        (
            _c("file_id", TEXT, "First 32 hex digits of the SHA-256 of the file's bytes", nullable=False),
            _c("interchange_ordinal", INT, "n-th ISA of the file", nullable=False),
            _c("byte_offset", LONG, "Offset of the ISA", nullable=False),
            _c("byte_length", LONG, "Bytes from ISA to the end of IEA", nullable=False),
            _c("isa_control_number", TEXT, "ISA13"),
            _c("sender_qualifier", CODE, "ISA05"),
            _c("sender_id", TEXT, "ISA06, without padding"),
            _c("receiver_qualifier", CODE, "ISA07"),
            _c("receiver_id", TEXT, "ISA08, without padding"),
            _c("interchange_date", DATE, "ISA09"),
            _c("interchange_time", TEXT, "ISA10"),
            _c("version_code", CODE, "ISA12"),
            _c("acknowledgement_requested_code", CODE, "ISA14"),
            _c("usage_code", CODE, "ISA15: P production, T test"),
            _c("element_separator", TEXT, "ISA[3]"),
            _c("repetition_separator", TEXT, "ISA11 where it is a delimiter, else null"),
            _c("component_separator", TEXT, "ISA16"),
            _c("segment_terminator", TEXT, "The byte after ISA16"),
            _c("group_count", INT, "Functional groups found"),
            _c("declared_group_count", INT, "IEA01"),
            _c("status", CODE, "accepted | accepted_with_errors | quarantined", nullable=False),
        ),
        ("file_id", "interchange_ordinal"),
        "x12",
    ),
    Table(
        "transactions",
        "one row per ST of a file (a TA1 counts as a transaction of its own)",
        (
            *PROVENANCE,
            _c("interchange_ordinal", INT, "n-th ISA of the file", nullable=False),
            _c("group_ordinal", INT, "n-th GS of the file", nullable=False),
            _c("transaction_type", CODE, "837P, 837I, 837D, 835, 999, TA1, 997, 277CA, 277, 276, 270, 271, 278"),
            _c("implementation_guide", CODE, "ST03, else GS08"),
            _c("group_sender_id", TEXT, "GS02"),
            _c("group_receiver_id", TEXT, "GS03"),
            _c("purpose_code", CODE, "BHT02"),
            _c("reference_id", TEXT, "BHT03"),
            _c("created_date", DATE, "BHT04, else GS04"),
            _c("created_time", TEXT, "BHT05, else GS05"),
            _c("usage_code", CODE, "BHT06: CH chargeable, RP reporting, 31 subrogation; ISA15 where absent"),
            _c("byte_length", LONG, "Bytes from ST to the end of SE", nullable=False),
            _c("segment_count", INT, "Segments ST..SE found", nullable=False),
            _c("declared_segment_count", INT, "SE01"),
            _c("claim_count", INT, "CLM or CLP found", nullable=False),
            _c("line_count", INT, "SV1, SV2, SV3 or SVC found", nullable=False),
            _c("charge_amount", MONEY, "Sum of CLM02 or CLP03"),
            _c("status", CODE, "accepted | accepted_with_errors | quarantined", nullable=False),
        ),
        ("file_id", "transaction_ordinal"),
        "x12",
        added=(_c("reader_version", CODE, "Digest of the code that read the file: another may read it differently"),),
    ),
    Table(
        "segments",
        "one row per segment of a file, verbatim",
        (
            *PROVENANCE,
            _c("claim_ordinal", INT, "n-th claim of the file it belongs to"),
            _c("loop_id", CODE, "Loop of the guide, for example 2010AA"),
            _c("segment_id", CODE, "Segment identifier", nullable=False),
            _seal("text", Identifier.FREE_TEXT, "The segment's text without its terminator"),
        ),
        ("file_id", "byte_offset"),
        "x12",
        in_lake=False,
    ),
    Table(
        "findings",
        "one row per thing found wrong in a file",
        (
            *PROVENANCE,
            _c("interchange_ordinal", INT, "n-th ISA of the file; 0 when the file has none"),
            _c("claim_ordinal", INT, "n-th claim of the file, where the finding is about one"),
            _c("finding_ordinal", INT, "n-th finding of the file", nullable=False),
            _c("code", CODE, "Stable code, see docs/errors.md", nullable=False),
            _c("severity", CODE, "error | warning | info", nullable=False),
            _c(
                "scope",
                CODE,
                "What it quarantines: interchange | group | transaction | claim | row | none",
                nullable=False,
            ),
            _c("loop_id", CODE, "Loop of the guide"),
            _c("segment_id", CODE, "Segment identifier"),
            _c("element_position", INT, "Element of the segment, 1-based"),
            _c("component_position", INT, "Component of the element, 1-based"),
            _c("syntax_error_code", CODE, "IK3-04 or IK4-03 code that reports it in a 999"),
            _c("message", TEXT, "What is wrong, without any value of the file", nullable=False),
            _c("fix", TEXT, "What to do about it"),
        ),
        ("file_id", "finding_ordinal"),
        "x12",
    ),
    Table(
        "claims",
        "one row per CLM of an 837",
        (
            *PROVENANCE,
            _c("claim_ordinal", INT, "n-th claim of the file", nullable=False),
            _c("claim_type", CODE, "professional | institutional | dental", nullable=False),
            _token("patient_control_number", "claim_key", "claim", Identifier.ACCOUNT, "CLM01"),
            _c("total_charge_amount", MONEY, "CLM02"),
            _c("facility_type_code", CODE, "CLM05-1: place of service, or first digits of the bill type"),
            _c("facility_code_qualifier", CODE, "CLM05-2: B place of service, A bill type"),
            _c("frequency_code", CODE, "CLM05-3: 1 original, 7 replacement, 8 void"),
            _c("provider_signature_code", CODE, "CLM06"),
            _c("assignment_code", CODE, "CLM07"),
            _c("benefits_assignment_code", CODE, "CLM08"),
            _c("release_code", CODE, "CLM09"),
            _c("patient_signature_code", CODE, "CLM10"),
            _c("related_cause_code_1", CODE, "CLM11-1"),
            _c("related_cause_code_2", CODE, "CLM11-2"),
            _c("related_cause_code_3", CODE, "CLM11-3"),
            _c("accident_state", CODE, "CLM11-4"),
            _c("accident_country", CODE, "CLM11-5"),
            _c("special_program_code", CODE, "CLM12"),
            _c("delay_reason_code", CODE, "CLM20"),
            _c("statement_from_date", DATE, "DTP*434 (837D: DTP*472 of the claim), first date"),
            _c("statement_through_date", DATE, "DTP*434 (837D: DTP*472 of the claim), last date"),
            _c("admission_date", DATE, "DTP*435"),
            _c("discharge_date", DATE, "DTP*096 where it holds a date"),
            _c("onset_date", DATE, "DTP*431"),
            _c("initial_treatment_date", DATE, "DTP*454"),
            _c("accident_date", DATE, "DTP*439"),
            _c("admission_type_code", CODE, "CL101"),
            _c("admission_source_code", CODE, "CL102"),
            _c("patient_status_code", CODE, "CL103"),
            _c("patient_paid_amount", MONEY, "AMT*F5"),
            _token("prior_authorization_number", "authorization_key", "authorization", Identifier.OTHER, "REF*G1"),
            _token("referral_number", "referral_key", "referral", Identifier.OTHER, "REF*9F"),
            _token("payer_claim_control_number", "payer_claim_key", "payer_claim", Identifier.OTHER, "REF*F8"),
            _token("medical_record_number", "medical_record_key", "medical_record", Identifier.MRN, "REF*EA"),
            _token("clearinghouse_trace_number", "clearinghouse_trace_key", "trace", Identifier.OTHER, "REF*D9"),
            _c("principal_diagnosis_code", CODE, "HI*ABK or BK"),
            _c("admitting_diagnosis_code", CODE, "HI*ABJ or BJ"),
            _c("drg_code", CODE, "HI*DR"),
            _c("diagnosis_count", INT, "Diagnoses in HI, principal and other"),
            _c("line_count", INT, "Service lines", nullable=False),
            _c("has_attachment", FLAG, "A PWK stands at claim or line level", nullable=False),
            _c("billing_provider_npi", CODE, "2010AA NM109"),
            _c("billing_provider_name", TEXT, "2010AA NM103"),
            _c("billing_provider_taxonomy_code", CODE, "2000A PRV03"),
            _token(
                "billing_provider_tax_id", "billing_provider_tax_key", "tax", Identifier.OTHER, "2010AA REF*EI or SY"
            ),
            _c("billing_provider_state", CODE, "2010AA N402"),
            _c("billing_provider_zip", CODE, "2010AA N403"),
            _c("rendering_provider_npi", CODE, "2310B (P), 2310D (I) NM1*82"),
            _c("rendering_provider_taxonomy_code", CODE, "PRV*PE of the rendering provider"),
            _c("referring_provider_npi", CODE, "NM1*DN of 2310"),
            _c("attending_provider_npi", CODE, "NM1*71 of 2310"),
            _c("service_facility_npi", CODE, "NM1*77 of 2310"),
            _c("payer_responsibility_code", CODE, "2000B SBR01: P primary, S secondary, T tertiary"),
            _c("is_subscriber", FLAG, "The patient is the subscriber (2300 under 2000B)", nullable=False),
            _c("relationship_code", CODE, "SBR02, or PAT01 of a dependent"),
            _c("group_number", CODE, "SBR03"),
            _c("claim_filing_code", CODE, "SBR09"),
            _c("payer_name", TEXT, "2010BB NM103"),
            _c("payer_id", CODE, "2010BB NM109"),
            _c("other_payer_count", INT, "2320 loops", nullable=False),
            _token("subscriber_member_id", "subscriber_key", "member", Identifier.BENEFICIARY, "2010BA NM109"),
            _seal("subscriber_ssn", Identifier.SSN, "2010BA REF*SY"),
            *_person("subscriber", "Subscriber (2010BA)"),
            *_person("patient", "Patient (2010CA, else 2010BA)"),
        ),
        ("file_id", "claim_ordinal"),
        "x12",
        (PersonKey("patient_key", ("subscriber_member_id", *(f"patient_{p}" for p in _PERSON_PARTS))),),
    ),
    Table(
        "claim_lines",
        "one row per service line (LX) of an 837 claim",
        (
            *PROVENANCE,
            _c("claim_ordinal", INT, "n-th claim of the file", nullable=False),
            _c("line_number", INT, "n-th LX of the claim", nullable=False),
            _c("assigned_number", TEXT, "LX01 as sent"),
            _c("product_qualifier", CODE, "SV101-1, SV202-1 or SV301-1"),
            _c("procedure_code", CODE, "SV101-2, SV202-2 or SV301-2"),
            *_MODIFIERS,
            _seal("line_description", Identifier.FREE_TEXT, "SV101-7, SV202-7 or SV301-7"),
            _c("charge_amount", MONEY, "SV102, SV203 or SV302"),
            _c("unit_code", CODE, "SV103, SV204"),
            _c("unit_count", QUANTITY, "SV104, SV205 or SV306"),
            _c("place_of_service_code", CODE, "SV105 or SV303; the claim's holds where null"),
            *(_c(f"diagnosis_pointer_{n}", INT, f"SV107-{n}") for n in range(1, 5)),
            _c("emergency_code", CODE, "SV109"),
            _c("epsdt_code", CODE, "SV111"),
            _c("family_planning_code", CODE, "SV112"),
            _c("revenue_code", CODE, "SV201"),
            _c("non_covered_amount", MONEY, "SV207"),
            _c("service_from_date", DATE, "DTP*472, first date"),
            _c("service_through_date", DATE, "DTP*472, last date"),
            _token("line_control_number", "line_key", "line", Identifier.ACCOUNT, "REF*6R"),
            _token("prior_authorization_number", "authorization_key", "authorization", Identifier.OTHER, "REF*G1"),
            _c("rendering_provider_npi", CODE, "2420A NM109; the claim's holds where null"),
            _c("ndc_code", CODE, "2410 LIN03"),
            _c("ndc_unit_count", QUANTITY, "2410 CTP04"),
            _c("ndc_unit_code", CODE, "2410 CTP05-1"),
        ),
        ("file_id", "claim_ordinal", "line_number"),
        "x12",
    ),
    Table(
        "claim_codes",
        "one row per composite of an HI segment",
        (
            *PROVENANCE,
            _c("claim_ordinal", INT, "n-th claim of the file", nullable=False),
            _c("code_ordinal", INT, "n-th HI composite of the claim", nullable=False),
            _c(
                "qualifier",
                CODE,
                "HI0n-1: ABK/BK principal, ABF/BF other, BE value, BH occurrence, DR DRG, ...",
                nullable=False,
            ),
            _c("diagnosis_position", INT, "Position that SV107 points to: 1 principal, 2.. others; null otherwise"),
            _c("code", CODE, "HI0n-2"),
            _c("from_date", DATE, "HI0n-4, first date"),
            _c("through_date", DATE, "HI0n-4, last date"),
            _c("amount", MONEY, "HI0n-5"),
            _c("quantity", QUANTITY, "HI0n-6"),
            _c("version_code", CODE, "HI0n-7"),
            _c("present_on_admission_code", CODE, "HI0n-9"),
        ),
        ("file_id", "claim_ordinal", "code_ordinal"),
        "x12",
    ),
    Table(
        "claim_other_payers",
        "one row per 2320 loop (another payer of the claim)",
        (
            *PROVENANCE,
            _c("claim_ordinal", INT, "n-th claim of the file", nullable=False),
            _c("other_payer_ordinal", INT, "n-th 2320 of the claim", nullable=False),
            _c("payer_responsibility_code", CODE, "SBR01"),
            _c("relationship_code", CODE, "SBR02"),
            _c("group_number", CODE, "SBR03"),
            _c("claim_filing_code", CODE, "SBR09"),
            _c("paid_amount", MONEY, "AMT*D"),
            _c("non_covered_amount", MONEY, "AMT*A8"),
            _c("remaining_liability_amount", MONEY, "AMT*EAF"),
            _c("benefits_assignment_code", CODE, "OI03"),
            _c("release_code", CODE, "OI06"),
            _c("payer_name", TEXT, "2330B NM103"),
            _c("payer_id", CODE, "2330B NM109"),
            _c("adjudication_date", DATE, "2330B DTP*573"),
            _token("payer_claim_control_number", "payer_claim_key", "payer_claim", Identifier.OTHER, "2330B REF*F8"),
            _token("subscriber_member_id", "subscriber_key", "member", Identifier.BENEFICIARY, "2330A NM109"),
            _seal("subscriber_last_name", Identifier.NAME, "2330A NM103"),
            _seal("subscriber_first_name", Identifier.NAME, "2330A NM104"),
        ),
        ("file_id", "claim_ordinal", "other_payer_ordinal"),
        "x12",
    ),
    Table(
        "claim_adjustments",
        "one row per CAS triplet of an 837 (2320 claim level, 2430 line level)",
        (
            *PROVENANCE,
            _c("claim_ordinal", INT, "n-th claim of the file", nullable=False),
            _c("adjustment_ordinal", INT, "n-th triplet of the claim", nullable=False),
            _c("line_number", INT, "Service line; null at claim level"),
            _c("other_payer_ordinal", INT, "2320 it stands in; null at line level"),
            _c("payer_id", CODE, "SVD01 of its 2430, or 2330B NM109"),
            _c("group_code", CODE, "CAS01"),
            _c("reason_code", CODE, "CARC"),
            _c("amount", MONEY, "Positive reduces payment"),
            _c("quantity", QUANTITY, "Adjusted units"),
        ),
        ("file_id", "claim_ordinal", "adjustment_ordinal"),
        "x12",
    ),
    Table(
        "claim_line_adjudications",
        "one row per SVD (2430): what another payer paid on the line",
        (
            *PROVENANCE,
            _c("claim_ordinal", INT, "n-th claim of the file", nullable=False),
            _c("line_number", INT, "Service line", nullable=False),
            _c("adjudication_ordinal", INT, "n-th SVD of the line", nullable=False),
            _c("payer_id", CODE, "SVD01 = 2330B NM109"),
            _c("paid_amount", MONEY, "SVD02"),
            _c("product_qualifier", CODE, "SVD03-1"),
            _c("procedure_code", CODE, "SVD03-2"),
            *_MODIFIERS,
            _c("paid_units", QUANTITY, "SVD05"),
            _c("bundled_line_number", INT, "SVD06"),
            _c("adjudication_date", DATE, "DTP*573"),
            _c("remaining_liability_amount", MONEY, "AMT*EAF"),
        ),
        ("file_id", "claim_ordinal", "line_number", "adjudication_ordinal"),
        "x12",
    ),
    Table(
        "remittances",
        "one row per 835 transaction set (one payment)",
        (
            *PROVENANCE,
            _c("handling_code", CODE, "BPR01"),
            _c("payment_amount", MONEY, "BPR02"),
            _c("credit_debit_code", CODE, "BPR03"),
            _c("payment_method_code", CODE, "BPR04: ACH, CHK, NON ..."),
            _c("payment_date", DATE, "BPR16"),
            _c("trace_number", CODE, "TRN02: check or EFT number"),
            _c("payer_trace_id", CODE, "TRN03"),
            _c("production_date", DATE, "DTM*405"),
            _c("payer_name", TEXT, "N1*PR N102"),
            _c("payer_id", CODE, "N1*PR N104, else REF*2U, else TRN03"),
            _c("payee_name", TEXT, "N1*PE N102"),
            _c("payee_npi", CODE, "N1*PE N104 with N103 = XX"),
            _token("payee_tax_id", "payee_tax_key", "tax", Identifier.OTHER, "N1*PE N104 with FI, or REF*TJ"),
        ),
        ("file_id", "transaction_ordinal"),
        "x12",
    ),
    Table(
        "remittance_claims",
        "one row per CLP of an 835",
        (
            *PROVENANCE,
            _c("claim_ordinal", INT, "n-th CLP of the file", nullable=False),
            _token("patient_control_number", "claim_key", "claim", Identifier.ACCOUNT, "CLP01"),
            _c(
                "claim_status_code",
                CODE,
                "CLP02: 1 primary, 2 secondary, 3 tertiary, 4 denied, 19-21 forwarded, 22 reversal",
            ),
            _c("total_charge_amount", MONEY, "CLP03"),
            _c("payment_amount", MONEY, "CLP04"),
            _c("patient_responsibility_amount", MONEY, "CLP05"),
            _c("claim_filing_code", CODE, "CLP06"),
            _token("payer_claim_control_number", "payer_claim_key", "payer_claim", Identifier.OTHER, "CLP07"),
            _c("facility_type_code", CODE, "CLP08"),
            _c("frequency_code", CODE, "CLP09"),
            _c("drg_code", CODE, "CLP11"),
            _c("header_number", TEXT, "LX01 of the enclosing 2000"),
            _seal("patient_last_name", Identifier.NAME, "NM1*QC NM103"),
            _seal("patient_first_name", Identifier.NAME, "NM1*QC NM104"),
            _seal("patient_middle_name", Identifier.NAME, "NM1*QC NM105"),
            _token(
                "patient_member_id",
                "subscriber_key",
                "member",
                Identifier.BENEFICIARY,
                "NM1*QC NM109, else NM1*IL NM109",
            ),
            _seal("subscriber_last_name", Identifier.NAME, "NM1*IL NM103"),
            _seal("subscriber_first_name", Identifier.NAME, "NM1*IL NM104"),
            _c("rendering_provider_npi", CODE, "NM1*82 NM109"),
            _c("crossover_payer_id", CODE, "NM1*TT NM109"),
            _token(
                "original_payer_claim_control_number",
                "original_payer_claim_key",
                "payer_claim",
                Identifier.OTHER,
                "REF*F8",
            ),
            _c("statement_from_date", DATE, "DTM*232"),
            _c("statement_through_date", DATE, "DTM*233"),
            _c("claim_received_date", DATE, "DTM*050"),
            _c("coverage_expiration_date", DATE, "DTM*036"),
            _c("coverage_amount", MONEY, "AMT*AU"),
            _c("interest_amount", MONEY, "AMT*I"),
            _c("line_count", INT, "SVC of the claim", nullable=False),
        ),
        ("file_id", "claim_ordinal"),
        "x12",
    ),
    Table(
        "remittance_lines",
        "one row per SVC of an 835",
        (
            *PROVENANCE,
            _c("claim_ordinal", INT, "n-th CLP of the file", nullable=False),
            _c("line_number", INT, "n-th SVC of the CLP", nullable=False),
            _c("product_qualifier", CODE, "SVC01-1"),
            _c("procedure_code", CODE, "SVC01-2"),
            *_MODIFIERS,
            _c("charge_amount", MONEY, "SVC02"),
            _c("payment_amount", MONEY, "SVC03"),
            _c("revenue_code", CODE, "SVC04"),
            _c("paid_units", QUANTITY, "SVC05"),
            _c("submitted_procedure_code", CODE, "SVC06-2"),
            _c("submitted_units", QUANTITY, "SVC07"),
            _c("service_from_date", DATE, "DTM*472 or 150"),
            _c("service_through_date", DATE, "DTM*472 or 151"),
            _token("line_control_number", "line_key", "line", Identifier.ACCOUNT, "REF*6R"),
            _c("rendering_provider_npi", CODE, "REF*HPI"),
            _c("allowed_amount", MONEY, "AMT*B6"),
        ),
        ("file_id", "claim_ordinal", "line_number"),
        "x12",
    ),
    Table(
        "remittance_adjustments",
        "one row per CAS triplet of an 835",
        (
            *PROVENANCE,
            _c("claim_ordinal", INT, "n-th CLP of the file", nullable=False),
            _c("adjustment_ordinal", INT, "n-th triplet of the CLP", nullable=False),
            _c("line_number", INT, "SVC it belongs to; null at claim level"),
            _c("group_code", CODE, "CAS01: CO, PR, OA, PI"),
            _c("reason_code", CODE, "CARC"),
            _c("amount", MONEY, "Positive reduces payment"),
            _c("quantity", QUANTITY, "Adjusted units"),
        ),
        ("file_id", "claim_ordinal", "adjustment_ordinal"),
        "x12",
    ),
    Table(
        "remittance_remarks",
        "one row per remark code of an 835 (LQ*HE, MIA, MOA)",
        (
            *PROVENANCE,
            _c("claim_ordinal", INT, "n-th CLP of the file", nullable=False),
            _c("remark_ordinal", INT, "n-th remark of the CLP", nullable=False),
            _c("line_number", INT, "SVC it belongs to; null at claim level"),
            _c("source", CODE, "LQ | MIA | MOA", nullable=False),
            _c("qualifier", CODE, "LQ01; HE for MIA and MOA"),
            _c("remark_code", CODE, "RARC, or the industry code of LQ02"),
        ),
        ("file_id", "claim_ordinal", "remark_ordinal"),
        "x12",
    ),
    Table(
        "provider_adjustments",
        "one row per PLB pair of an 835 (provider level, never joined to claims)",
        (
            *PROVENANCE,
            _c("adjustment_ordinal", INT, "n-th PLB pair of the transaction set", nullable=False),
            _c("provider_id", CODE, "PLB01"),
            _c("fiscal_period_date", DATE, "PLB02"),
            _c("reason_code", CODE, "PLB03-1: WO take-back, FB forward balance, L6 interest, 72 refund ..."),
            _token("reference_id", "payer_claim_key", "payer_claim", Identifier.OTHER, "PLB03-2"),
            _c("amount", MONEY, "Positive reduces the payment (BPR02 = sum CLP04 - sum PLB)"),
        ),
        ("file_id", "transaction_ordinal", "adjustment_ordinal"),
        "x12",
    ),
    Table(
        "acknowledgements",
        "one row per answer of a 999, 997 or TA1, at its level, and one per error it reports",
        (
            *PROVENANCE,
            _c("acknowledgement_ordinal", INT, "n-th row of the file", nullable=False),
            _c("acknowledgement_type", CODE, "999 | 997 | TA1", nullable=False),
            _c("level", CODE, "interchange | group | transaction | segment | element", nullable=False),
            _c("acknowledged_isa_control_number", TEXT, "TA101"),
            _c("acknowledged_gs_control_number", TEXT, "AK102"),
            _c("acknowledged_st_control_number", TEXT, "AK202"),
            _c("acknowledged_guide", CODE, "AK103 or AK203"),
            _c("status_code", CODE, "TA104, AK901, IK501: A accepted, E with errors, P partly, R rejected"),
            _c("error_code", CODE, "TA105, AK905.., IK502.., IK304 or IK403"),
            _c("error_segment_id", CODE, "IK301"),
            _c("error_segment_ordinal", INT, "IK302"),
            _c("error_loop_id", CODE, "IK303"),
            _c("error_element_position", INT, "IK401-1"),
            _c("error_component_position", INT, "IK401-2"),
            _seal("error_value", Identifier.OTHER, "IK404: copy of the bad data"),
        ),
        ("file_id", "acknowledgement_ordinal"),
        "x12",
    ),
    Table(
        "claim_statuses",
        "one row per STC of a 277CA or 277, at its level",
        (
            *PROVENANCE,
            _c("status_ordinal", INT, "n-th STC of the file", nullable=False),
            _c("level", CODE, "source | receiver | provider | claim | line", nullable=False),
            _token(
                "patient_control_number",
                "claim_key",
                "claim",
                Identifier.ACCOUNT,
                "277CA: TRN02 of the claim level, else REF*EJ; 277: REF*EJ, else TRN02",
            ),
            _token("payer_claim_control_number", "payer_claim_key", "payer_claim", Identifier.OTHER, "REF*1K"),
            _token("clearinghouse_trace_number", "clearinghouse_trace_key", "trace", Identifier.OTHER, "REF*D9"),
            _c("batch_reference_id", TEXT, "TRN02 of the receiver level around it; 277CA: BHT03 of the 837 answered"),
            _token("subscriber_member_id", "subscriber_key", "member", Identifier.BENEFICIARY, "NM1*IL or QC NM109"),
            _c("category_code", CODE, "STC01-1: A0-A8, F0-F4, P0-P5, R0-R17, E0-E4"),
            _c("status_code", CODE, "STC01-2"),
            _c("entity_code", CODE, "STC01-3"),
            _c("category_code_2", CODE, "STC10-1: a further status of the same STC"),
            _c("status_code_2", CODE, "STC10-2"),
            _c("entity_code_2", CODE, "STC10-3"),
            _c("category_code_3", CODE, "STC11-1"),
            _c("status_code_3", CODE, "STC11-2"),
            _c("entity_code_3", CODE, "STC11-3"),
            _c("action_code", CODE, "STC03: WQ accept, U reject"),
            _c("effective_date", DATE, "STC02"),
            _c("charge_amount", MONEY, "STC04"),
            _c("payment_amount", MONEY, "STC05"),
            _c("billing_provider_npi", CODE, "NM1*85 or 1P NM109"),
            _c("payer_id", CODE, "NM1*PR NM109"),
            _c("service_from_date", DATE, "DTP*472 first date"),
            _c("service_through_date", DATE, "DTP*472 last date"),
            _c("procedure_code", CODE, "SVC01-2 at line level"),
        ),
        ("file_id", "status_ordinal"),
        "x12",
    ),
    Table(
        "eligibility",
        "one row per coverage span of an eligibility extract",
        (
            *ROW_PROVENANCE,
            _token("member_id", "subscriber_key", "member", Identifier.BENEFICIARY, "Member id as the payer knows it"),
            _c("payer_id", CODE, "Payer"),
            _c("plan_code", CODE, "Plan"),
            _c("coverage_from_date", DATE, "First day covered"),
            _c("coverage_through_date", DATE, "Last day covered; null while open"),
            _c("payer_responsibility_code", CODE, "P primary, S secondary, T tertiary, as the payer knows it"),
            _c("checked_date", DATE, "Day on which the payer gave the answer"),
        ),
        ("file_id", "row_ordinal"),
        "eligibility",
    ),
    Table(
        "authorizations",
        "one row per authorization of an authorization extract",
        (
            *ROW_PROVENANCE,
            _token(
                "authorization_number", "authorization_key", "authorization", Identifier.OTHER, "As REF*G1 sends it"
            ),
            _token("member_id", "subscriber_key", "member", Identifier.BENEFICIARY, "Member id as the payer knows it"),
            _c("payer_id", CODE, "Payer"),
            _c("procedure_code", CODE, "Procedure authorized"),
            _c("valid_from_date", DATE, "First day valid"),
            _c("valid_through_date", DATE, "Last day valid"),
            _c("approved_units", QUANTITY, "Units approved"),
            _c("issued_date", DATE, "Day on which the payer issued it"),
        ),
        ("file_id", "row_ordinal"),
        "authorization",
    ),
)


def _detail(name: str, segments: str, columns: tuple[Column, ...]) -> Table:
    """A table of one kind of segment, of every loop and kind of transaction set: read on request, not in the lake."""
    return Table(
        name,
        f"one row per {segments}, of any loop of any transaction set",
        (
            *PROVENANCE,
            _c("detail_ordinal", INT, "n-th row of the file", nullable=False),
            _c("transaction_type", CODE, "As in `transactions`", nullable=False),
            _c("loop_id", CODE, "Loop of the guide"),
            _c("claim_ordinal", INT, "n-th claim of the file, where it stands in one"),
            _c("line_number", INT, "Service line, where it stands in one"),
            _c("other_payer_ordinal", INT, "n-th 2320 of the claim, where it stands in one"),
            _c("segment_id", CODE, "Segment identifier", nullable=False),
            *columns,
        ),
        ("file_id", "detail_ordinal"),
        "x12_detail",
        in_lake=False,
    )


def _codes(prefix: str, count: int, description: str) -> tuple[Column, ...]:
    return tuple(_c(f"{prefix}_{n}", CODE, f"{description} {n}") for n in range(1, count + 1))


DETAIL_TABLES: tuple[Table, ...] = (
    _detail(
        "detail_parties",
        "NM1 or N1, with the N3, N4, PRV and DMG that follow it",
        (
            _c("entity_code", CODE, "NM101 or N101"),
            _c("entity_type_code", CODE, "NM102: 1 person, 2 organisation"),
            _seal("party_last_name", Identifier.NAME, "NM103 or N102"),
            _seal("party_first_name", Identifier.NAME, "NM104"),
            _seal("party_middle_name", Identifier.NAME, "NM105"),
            _seal("party_name_prefix", Identifier.NAME, "NM106"),
            _seal("party_name_suffix", Identifier.NAME, "NM107"),
            _c("id_qualifier", CODE, "NM108 or N103"),
            _seal("party_id", Identifier.OTHER, "NM109 or N104"),
            _c("related_entity_relationship_code", CODE, "NM110"),
            _c("related_entity_code", CODE, "NM111"),
            _seal("party_second_last_name", Identifier.NAME, "NM112"),
            _seal("party_address_1", Identifier.GEOGRAPHY, "N301"),
            _seal("party_address_2", Identifier.GEOGRAPHY, "N302"),
            _seal("party_city", Identifier.GEOGRAPHY, "N401"),
            _c("party_state", CODE, "N402"),
            _seal("party_zip", Identifier.GEOGRAPHY, "N403"),
            _c("country_code", CODE, "N404"),
            _c("location_qualifier", CODE, "N405"),
            _seal("party_location_id", Identifier.GEOGRAPHY, "N406"),
            _c("country_subdivision_code", CODE, "N407"),
            _c("provider_code", CODE, "PRV01: BI billing, PE performing, AT attending, RF referring, AS assistant"),
            _c("taxonomy_qualifier", CODE, "PRV02: PXC, in 004010 ZZ"),
            _c("taxonomy_code", CODE, "PRV03"),
            _seal("party_birth_date", Identifier.DATE, "DMG02", DATE),
            _c("sex_code", CODE, "DMG03"),
        ),
    ),
    _detail(
        "detail_references",
        "REF",
        (
            _c("qualifier", CODE, "REF01"),
            _seal("reference_text", Identifier.OTHER, "REF02"),
            _seal("description_text", Identifier.FREE_TEXT, "REF03"),
            _c("context_qualifier", CODE, "REF04-1: 2U payer"),
            _seal("context_text", Identifier.OTHER, "REF04-2"),
        ),
    ),
    _detail(
        "detail_traces",
        "TRN",
        (
            _c("trace_type_code", CODE, "TRN01: 1 current, 2 referenced"),
            _seal("trace_text", Identifier.OTHER, "TRN02"),
            _c("originator_id", CODE, "TRN03"),
            _c("originator_supplemental_id", CODE, "TRN04"),
        ),
    ),
    _detail(
        "detail_dates",
        "DTP or DTM",
        (
            _c("qualifier", CODE, "DTP01 or DTM01"),
            _c("format_code", CODE, "DTP02"),
            _c("from_date", DATE, "First day"),
            _c("through_date", DATE, "Last day"),
            _c("value", CODE, "As sent: a time, or a date with its time"),
        ),
    ),
    _detail(
        "detail_amounts",
        "AMT or QTY",
        (
            _c("qualifier", CODE, "AMT01 or QTY01"),
            _c("amount", MONEY, "AMT02"),
            _c("quantity", QUANTITY, "QTY02"),
            _c("unit_code", CODE, "QTY03-1"),
        ),
    ),
    _detail(
        "detail_contacts",
        "PER",
        (
            _c("function_code", CODE, "PER01"),
            _seal("contact_last_name", Identifier.NAME, "PER02"),
            *(
                column
                for n, at in ((1, 3), (2, 5), (3, 7))
                for column in (
                    _c(f"number_qualifier_{n}", CODE, f"PER{at:02d}: TE telephone, FX fax, EM e-mail, UR web"),
                    _seal(f"contact_phone_{n}", Identifier.PHONE, f"PER{at + 1:02d}"),
                )
            ),
        ),
    ),
    _detail(
        "detail_notes",
        "NTE, K3 or MSG",
        (
            _c("note_code", CODE, "NTE01"),
            _seal("text", Identifier.FREE_TEXT, "NTE02, K301 or MSG01"),
        ),
    ),
    _detail(
        "detail_attachments",
        "PWK",
        (
            _c("report_type_code", CODE, "PWK01"),
            _c("transmission_code", CODE, "PWK02"),
            _c("copy_count", CODE, "PWK03"),
            _c("entity_code", CODE, "PWK04"),
            _c("control_qualifier", CODE, "PWK05"),
            _seal("control_text", Identifier.OTHER, "PWK06"),
            _seal("description_text", Identifier.FREE_TEXT, "PWK07"),
            *_codes("action_code", 5, "PWK08, component"),
            _c("request_category_code", CODE, "PWK09"),
        ),
    ),
    _detail(
        "detail_conditions",
        "CRC",
        (
            _c("category_code", CODE, "CRC01"),
            _c("response_code", CODE, "CRC02: Y or N"),
            *_codes("condition_code", 5, "Condition"),
        ),
    ),
    _detail(
        "detail_transports",
        "CR1",
        (
            _c("weight_unit_code", CODE, "CR101"),
            _c("weight", QUANTITY, "CR102"),
            _c("transport_code", CODE, "CR103: I initial, R return, T transfer, X round trip"),
            _c("transport_reason_code", CODE, "CR104"),
            _c("distance_unit_code", CODE, "CR105"),
            _c("distance", QUANTITY, "CR106"),
            _seal("origin_text", Identifier.GEOGRAPHY, "CR107"),
            _seal("destination_text", Identifier.GEOGRAPHY, "CR108"),
            _seal("round_trip_text", Identifier.FREE_TEXT, "CR109"),
            _seal("stretcher_text", Identifier.FREE_TEXT, "CR110"),
        ),
    ),
    _detail(
        "detail_pricing",
        "HCP",
        (
            _c("pricing_method_code", CODE, "HCP01"),
            _c("allowed_amount", MONEY, "HCP02"),
            _c("savings_amount", MONEY, "HCP03"),
            _c("repricer_id", CODE, "HCP04"),
            _c("rate", QUANTITY, "HCP05"),
            _c("group_code", CODE, "HCP06"),
            _c("group_amount", MONEY, "HCP07"),
            _c("revenue_code", CODE, "HCP08"),
            _c("product_qualifier", CODE, "HCP09"),
            _c("procedure_code", CODE, "HCP10"),
            _c("unit_code", CODE, "HCP11"),
            _c("unit_count", QUANTITY, "HCP12"),
            _c("reject_reason_code", CODE, "HCP13"),
            _c("compliance_code", CODE, "HCP14"),
            _c("exception_code", CODE, "HCP15"),
        ),
    ),
    _detail(
        "detail_contracts",
        "CN1",
        (
            _c("contract_type_code", CODE, "CN101"),
            _c("contract_amount", MONEY, "CN102"),
            _c("contract_percentage", QUANTITY, "CN103"),
            _c("contract_code", CODE, "CN104"),
            _c("discount_percentage", QUANTITY, "CN105"),
            _c("version_code", CODE, "CN106"),
        ),
    ),
    _detail(
        "detail_forms",
        "LQ or FRM",
        (
            _c("qualifier", CODE, "LQ01, or FRM01: question"),
            _c("code", CODE, "LQ02, or FRM02: yes or no"),
            _seal("answer_text", Identifier.FREE_TEXT, "FRM03"),
            _c("answer_date", DATE, "FRM04"),
            _c("answer_percentage", QUANTITY, "FRM05"),
        ),
    ),
    _detail(
        "detail_teeth",
        "TOO",
        (
            _c("qualifier", CODE, "TOO01"),
            _c("tooth_code", CODE, "TOO02"),
            *_codes("surface_code", 5, "Surface"),
        ),
    ),
    _detail(
        "detail_demographics",
        "DMG",
        (
            _c("format_code", CODE, "DMG01"),
            _seal("person_birth_date", Identifier.DATE, "DMG02", DATE),
            _c("sex_code", CODE, "DMG03"),
        ),
    ),
    _detail(
        "detail_drugs",
        "LIN or CTP",
        (
            _c("assigned_text", CODE, "LIN01"),
            _c("qualifier", CODE, "LIN02: N4 national drug code"),
            _c("code", CODE, "LIN03"),
            _c("qualifier_2", CODE, "LIN04"),
            _c("code_2", CODE, "LIN05"),
            _c("trade_class_code", CODE, "CTP01"),
            _c("price_code", CODE, "CTP02"),
            _c("unit_price", CODE, "CTP03, as sent: it has more places than an amount"),
            _c("unit_count", QUANTITY, "CTP04"),
            _c("unit_code", CODE, "CTP05-1"),
        ),
    ),
    _detail(
        "detail_elements",
        "segment of an 837 with elements that no other table has a column for: "
        "CUR, PRV, SBR, PAT, CLM, CL1, OI, SV1, SV2, SV3, SV5, SVD, CR2, CR3, CR5, CR6, CR7, HSD, MEA, PS1, DN1, DN2",
        (
            *(
                _c(f"value_{n}", CODE, f"Element {n} as sent, where no typed table holds it and it is no composite")
                for n in range(1, 22)
            ),
            *_codes("cavity_code", 5, "SV304: oral cavity"),
            *_codes("part", 15, "SV501, MEA04 or (7, 8) SVD03, component"),
        ),
    ),
    _detail(
        "detail_summaries",
        "TS3 or TS2",
        (
            _c("provider_id", CODE, "TS301"),
            _c("facility_type_code", CODE, "TS302"),
            _c("fiscal_period_date", DATE, "TS303"),
            _c("claim_count", QUANTITY, "TS304"),
            *(_c(f"summary_{n}_amount", MONEY, f"TS3 element {n + 4}, or TS2 element {n}") for n in range(1, 21)),
        ),
    ),
    _detail(
        "detail_adjudications",
        "MIA or MOA",
        tuple(
            _c(f"value_{n}", CODE, f"Element {n} as sent: days, amounts and remark codes by the guide")
            for n in range(1, 25)
        ),
    ),
    _detail(
        "detail_benefits",
        "EB of a 271 or EQ of a 270",
        (
            _c("benefit_code", CODE, "EB01: 1 active, 6 inactive, A coinsurance, B copay, C deductible ..."),
            _c("coverage_level_code", CODE, "EB02 or EQ03"),
            _c("service_type_code", CODE, "EB03 or EQ01, repetitions as sent"),
            _c("insurance_type_code", CODE, "EB04 or EQ04"),
            _c("plan_description", CODE, "EB05"),
            _c("period_code", CODE, "EB06"),
            _c("amount", MONEY, "EB07"),
            _c("percentage", QUANTITY, "EB08"),
            _c("quantity_qualifier", CODE, "EB09"),
            _c("quantity", QUANTITY, "EB10"),
            _c("authorization_code", CODE, "EB11"),
            _c("network_code", CODE, "EB12"),
            _c("product_qualifier", CODE, "EB13-1 or EQ02-1"),
            _c("procedure_code", CODE, "EB13-2 or EQ02-2"),
        ),
    ),
    _detail(
        "detail_rejections",
        "AAA of a 271 or 278",
        (
            _c("is_valid_code", CODE, "AAA01"),
            _c("reject_reason_code", CODE, "AAA03"),
            _c("action_code", CODE, "AAA04"),
        ),
    ),
    _detail(
        "detail_reviews",
        "UM or HCR of a 278",
        (
            _c("request_category_code", CODE, "UM01"),
            _c("certification_type_code", CODE, "UM02"),
            _c("service_type_code", CODE, "UM03"),
            _c("facility_type_code", CODE, "UM04-1"),
            _c("level_of_service_code", CODE, "UM06"),
            _c("action_code", CODE, "HCR01: A1 certified, A3 not, A4 pended, A6 modified"),
            _seal("review_text", Identifier.OTHER, "HCR02: certification number"),
            _c("reason_code", CODE, "HCR03"),
        ),
    ),
)

# Where in a file a row of silver stands: provenance without the control numbers, which `claims` has.
_PLACE: tuple[Column, ...] = tuple(
    column
    for column in PROVENANCE
    if column.name in ("file_id", "transaction_ordinal", "segment_ordinal", "byte_offset")
)
_CLAIM_ID = _c("claim_id", TEXT, "One CLM: file_id, a hyphen, the ordinal of the claim in its file", nullable=False)

# What we make of bronze, partition by partition, beyond the identity line: no column here is an identifier.
SILVER_TABLES: tuple[Table, ...] = (
    Table(
        "priced_lines",
        "one row per service line of an 837, with what its payer should allow and why",
        (
            _c("file_id", TEXT, "First 32 hex digits of the SHA-256 of the file's bytes", nullable=False),
            _c("transaction_ordinal", INT, "n-th ST of the file", nullable=False),
            _c("claim_ordinal", INT, "n-th claim of the file", nullable=False),
            _c("line_number", INT, "n-th LX of the claim", nullable=False),
            _c("price_status", CODE, "priced | bundled | not_payable | by_report | unpriced", nullable=False),
            _c("price_reason", CODE, "Why it is not plainly priced, a word of claims.pricing.rules.REASONS"),
            _c("contract_id", TEXT, "Contract of the payer on the day of service, or medicare; null where none holds"),
            _c("expected_allowed_amount", MONEY, "What the payer should allow; null by report and unpriced"),
            _c("medicare_amount", MONEY, "Medicare's amount before the lower of charge, where it has one"),
            _c("limiting_charge_amount", MONEY, "The most that one who does not participate may charge"),
            _c("deductible_amount", MONEY, "Deductible, where the contract follows Medicare's payment"),
            _c("coinsurance_amount", MONEY, "Coinsurance, where the contract follows Medicare's payment"),
            _c("sequestration_amount", MONEY, "Sequestration, where the contract follows Medicare's payment"),
            _c("expected_payment_amount", MONEY, "Payment after these, where the contract follows Medicare's payment"),
            _c("basis", CODE, "Rule that the amount began with, of claims.pricing.rules.RULES"),
            _c("release", TEXT, "Release of the reference row"),
            _c("source_row", INT, "Line of the published file that the row stands on"),
            _c("row_modifier", CODE, "Modifier of the row of the fee schedule"),
            _c("is_facility", FLAG, "Practice expense of a facility was taken"),
            _c("locality", CODE, "Contractor and locality, CCCCC-LL"),
            _c("work_rvu", RATE, "RVU of work"),
            _c("pe_rvu", RATE, "RVU of practice expense"),
            _c("mp_rvu", RATE, "RVU of malpractice"),
            _c("work_gpci", RATE, "Index of work in the locality"),
            _c("pe_gpci", RATE, "Index of practice expense in the locality"),
            _c("mp_gpci", RATE, "Index of malpractice in the locality"),
            _c("gpci_release", TEXT, "Release of the indices"),
            _c("conversion_factor", RATE, "Dollars per RVU, or anesthesia unit"),
            _c("factor_release", TEXT, "Release of the conversion factor"),
            _c("trace", TEXT, "Every rule in order with its value, rounding last: rule=value;rule=value"),
        ),
        ("file_id", "claim_ordinal", "line_number"),
        "837",
        layer="silver",
    ),
    Table(
        "claim_edits",
        "one row per rule that fired on a claim and the place where it fired",
        (
            _c("edit_id", TEXT, "claim_id, rule, line and part (0 where none), joined by colons", nullable=False),
            _CLAIM_ID,
            *_PLACE,
            _c("claim_ordinal", INT, "n-th claim of the file", nullable=False),
            _c("line_number", INT, "Service line that the edit is about; null where it is about the claim"),
            _c("part", CODE, "What fired: claim, line, code, payer, adjustment, adjudication, npi", nullable=False),
            _c("part_ordinal", INT, "n-th code, payer, adjustment or adjudication of the claim"),
            _c("rule_id", CODE, "Rule, as in docs/rules.md", nullable=False),
            _c(
                "rule_digest",
                CODE,
                "Version of the rule: digest of what it says",
                nullable=False,
            ),
            _c("category", CODE, "Category of the rule", nullable=False),
            _c("severity", CODE, "error | warning | info, as it holds for this claim", nullable=False),
            _c("rule_layer", CODE, "national | medicare | commercial | payer | tenant", nullable=False),
            _c("message", TEXT, "What is wrong, without any value of the claim", nullable=False),
            _c("fix", TEXT, "What to do about it", nullable=False),
            _c("prevented_reason_code", CODE, "CARC that the rule is there to prevent"),
        ),
        ("edit_id",),
        "scrub",
        layer="silver",
    ),
    Table(
        "claim_scrubs",
        "one row per received day of a tenant that was scrubbed",
        (
            _c("claim_count", INT, "Claims scrubbed", nullable=False),
            _c("edit_count", INT, "Edits found", nullable=False),
            _c("claims_digest", CODE, "Digest of the day's claims and of their patients' earlier ones", nullable=False),
            _c("rules_digest", CODE, "Digest of the rules that hold for the tenant, and of the kernel", nullable=False),
            _c("reference_digest", CODE, "Digest of the releases that rules look things up in", nullable=False),
            _c("edits_digest", CODE, "Digest of the edits found", nullable=False),
            _c("overrides_digest", CODE, "Digest of the overrides of the day's edits; null without any"),
        ),
        ("received_date",),
        "scrub",
        layer="silver",
    ),
    Table(
        "edit_overrides",
        "one row per edit that a user overrode",
        (
            _c("edit_id", TEXT, "The edit that was overridden; once", nullable=False),
            _CLAIM_ID,
            _c("rule_id", CODE, "Rule of the edit", nullable=False),
            _c("overridden_date", DATE, "Day on which it was overridden (UTC)", nullable=False),
            _c("actor_role", CODE, "Role of the user who overrode it", nullable=False),
        ),
        ("edit_id",),
        "scrub",
        layer="silver",
    ),
)

BY_NAME: dict[str, Table] = {table.name: table for table in (*TABLES, *DETAIL_TABLES, *SILVER_TABLES)}

# The tables of the lake that dbt reads, by layer.
LAYERS: dict[str, tuple[Table, ...]] = {
    "bronze": tuple(table for table in TABLES if table.in_lake),
    "silver": SILVER_TABLES,
}
LAKE_TABLES: tuple[Table, ...] = tuple(table for tables in LAYERS.values() for table in tables)


@cache
def arrow(name: str) -> pa.Schema:
    """The schema that a reader returns for table `name`: verbatim values, in clear."""
    return pa.schema([pa.field(c.name, c.type, c.nullable) for c in BY_NAME[name].columns])


@cache
def bronze_columns(name: str) -> tuple[Column, ...]:
    """The columns of lake table `bronze/<name>`: `arrow(name)` after the identity line, then the partition."""
    table = BY_NAME[name]
    out: list[Column] = []
    for c in table.columns:
        match c.split:
            case Split.KEEP:
                out.append(c)
            case Split.TOKEN:
                out.append(Column(str(c.becomes), TEXT, f"Keyed token of {c.description}"))
            case Split.BIRTH_YEAR:
                out.append(
                    Column(str(c.becomes), pa.int16(), f"Year of birth, held at 90 years of age ({c.description})")
                )
            case Split.ZIP3:
                out.append(Column(str(c.becomes), CODE, f"First three digits ({c.description})"))
            case Split.SEAL:
                pass
    out.extend(Column(p.becomes, TEXT, f"Keyed token of the {p.kind} named by the row") for p in table.persons)
    return (*out, *table.added, *PARTITION)


@cache
def bronze(name: str) -> pa.Schema:
    """The schema of lake table `bronze/<name>` or `silver/<name>`: tokens only, with the columns of the partition."""
    return pa.schema([pa.field(c.name, c.type, c.nullable) for c in bronze_columns(name)])


def lake(name: str) -> pa.Schema:
    """The schema of lake table `<layer>/<name>`, of any layer."""
    return bronze(name)


def empty(name: str) -> pa.Table:
    """A reader's table without rows."""
    return arrow(name).empty_table()
