"""What a rule can see: for each alias of an expression the columns it has, and the SQL that makes them.

Belongs here: the columns that rules share, derived once (a line's place of service, a claim's diagnoses in order).
Does not belong here: any rule, parsing, execution.

An alias (`claim`, `line`, `code` ...) is a table made from the reader's tables of `claims.schema`, with every column of
that table and those derived here. A row's `<alias>_row` is its position in the reader's table, which is how an edit
finds its way back. A relation is what a rule is evaluated on, row by row or group by group: one alias and those joined
to it.
"""

from dataclasses import dataclass
from functools import cache

from claims import schema
from quality.scrub import beside, diagnoses

# alias -> the reader's table behind it, in the order in which the tables are made. `claim` comes last: it sums them up.
SOURCES: dict[str, str] = {
    "line": "claim_lines",
    "code": "claim_codes",
    "payer": "claim_other_payers",
    "adjustment": "claim_adjustments",
    "adjudication": "claim_line_adjudications",
    "attachment": "detail_attachments",
    "party": "detail_parties",
    "claim": "claims",
}


@dataclass(frozen=True)
class Derived:
    """A column of an alias that no reader gives: its meaning and its SQL, in terms of `raw` (the alias's own table of
    the reader), `c` (claims) and, for `claim`, the sums `of_<alias>`."""

    description: str
    sql: str


_SERVICE_FROM = "coalesce(raw.service_from_date, c.statement_from_date)"
_SERVICE_THROUGH = "coalesce(raw.service_through_date, raw.service_from_date, c.statement_through_date)"
# What the official tables say of a code on the day of service: the one row of `ref_code` (quality.scrub.official).
_VISITS = (
    "(raw.procedure_code BETWEEN '99202' AND '99255' OR raw.procedure_code BETWEEN '99281' AND '99285' "
    "OR raw.procedure_code BETWEEN '99304' AND '99350' OR raw.procedure_code IN ('92002', '92004', '92012', '92014'))"
)
# CMS NCCI Policy Manual for Medicare, chapter I, section E: modifiers that may separate a pair.
_NCCI_MODIFIERS = "'" + "', '".join(
    (
        *(f"E{n}" for n in range(1, 5)), "FA", *(f"F{n}" for n in range(1, 10)),
        "TA", *(f"T{n}" for n in range(1, 10)), "LT", "RT", "LC", "LD", "RC", "LM", "RI",
        "24", "25", "57", "58", "78", "79", "27", "59", "91", "XE", "XP", "XS", "XU",
    )
) + "'"  # fmt: skip
# Which MUE table holds (minutes of anesthesia are no units): a supplier's (taxonomy 332, 333, 335) is that for
# equipment, a hospital's outpatient bill has its own, and where nobody says who bills an item of Level II that only
# suppliers are paid for, none is asked.
_MUE = (
    "CASE WHEN raw.unit_code = 'MJ' THEN NULL WHEN c.claim_type = 'professional' THEN CASE "
    "WHEN left(c.billing_provider_taxonomy_code, 3) IN ('332', '333', '335') THEN ref_code.dme_{0} "
    "WHEN c.billing_provider_taxonomy_code IS NOT NULL OR left(raw.procedure_code, 1) NOT IN "
    "('A', 'B', 'E', 'K', 'L', 'V') THEN ref_code.practitioner_{0} END "
    "WHEN c.facility_type_code IN ('13', '14', '85') THEN ref_code.outpatient_{0} END"
)
_POINTERS = ", ".join(f"raw.diagnosis_pointer_{n}" for n in range(1, 5))
_MODIFIERS = ", ".join(f"raw.modifier_{n}" for n in range(1, 5))


DERIVED: dict[str, dict[str, Derived]] = {
    "line": {
        "modifiers": Derived("Modifiers sent, in order", f"list_filter([{_MODIFIERS}], lambda x: x IS NOT NULL)"),
        "has_ncci_modifier": Derived(
            "A modifier that may separate an NCCI pair",
            "CASE WHEN coalesce(raw.modifier_1, raw.modifier_2, raw.modifier_3, raw.modifier_4) IS NULL THEN false "
            "ELSE "
            + " OR ".join(f"coalesce(raw.modifier_{n} IN ({_NCCI_MODIFIERS}), false)" for n in range(1, 5))
            + " END",
        ),
        "unknown_modifier": Derived(
            "The first modifier that is not in the reference table of modifiers",
            "CASE "
            + " ".join(
                f"WHEN raw.modifier_{n} IS NOT NULL AND ref_modifier_{n}.modifier IS NULL THEN raw.modifier_{n}"
                for n in range(1, 5)
            )
            + " END",
        ),
        "pointers": Derived(
            "Diagnosis pointers sent, in order", f"list_filter([{_POINTERS}], lambda x: x IS NOT NULL)"
        ),
        "place_of_service": Derived(
            "Place of service that holds for a professional or dental line: its own, else the claim's",
            "CASE WHEN c.claim_type <> 'institutional' "
            "THEN coalesce(raw.place_of_service_code, c.facility_type_code) END",
        ),
        "service_date": Derived("First day of service; the statement's where the line has none", _SERVICE_FROM),
        "last_service_date": Derived("Last day of service; the statement's where the line has none", _SERVICE_THROUGH),
        "day_count": Derived(
            "Days from the first to the last", f"date_diff('day', {_SERVICE_FROM}, {_SERVICE_THROUGH}) + 1"
        ),
        "rendering_npi": Derived(
            "Rendering provider that holds for the line",
            "coalesce(raw.rendering_provider_npi, c.rendering_provider_npi)",
        ),
        "age_years": Derived(
            "Full years of the patient on the first day", f"date_sub('year', c.patient_birth_date, {_SERVICE_FROM})"
        ),
        "age_days": Derived(
            "Days of the patient on the first day", f"date_diff('day', c.patient_birth_date, {_SERVICE_FROM})"
        ),
        "code_number": Derived(
            "Procedure code as a number where it is five digits",
            "CASE WHEN length(raw.procedure_code) = 5 THEN TRY_CAST(raw.procedure_code AS INTEGER) END",
        ),
        "is_visit": Derived(
            "Evaluation and management of a patient: office, hospital, emergency, nursing home, home, eye",
            f"coalesce({_VISITS}, false)",
        ),
        "fee_status": Derived("Status of the code in the Medicare physician fee schedule", "ref_code.status_code"),
        "pctc_indicator": Derived("Its PC/TC indicator", "ref_code.pctc_indicator"),
        "global_days": Derived("Its global surgery days: 000, 010, 090, MMM, XXX, YYY, ZZZ", "ref_code.global_days"),
        "multiple_procedure_indicator": Derived(
            "Its indicator for modifier 51", "ref_code.multiple_procedure_indicator"
        ),
        "bilateral_indicator": Derived("Its indicator for modifier 50", "ref_code.bilateral_indicator"),
        "assistant_indicator": Derived("Its indicator for modifiers 80, 81, 82, AS", "ref_code.assistant_indicator"),
        "cosurgeon_indicator": Derived("Its indicator for modifier 62", "ref_code.cosurgeon_indicator"),
        "team_indicator": Derived("Its indicator for modifier 66", "ref_code.team_indicator"),
        "endoscopic_base_code": Derived("Base of its endoscopy family", "ref_code.endoscopic_base_code"),
        "is_nonfacility_na": Derived(
            "The fee schedule says that the code is rarely or never done outside a facility",
            "ref_code.is_nonfacility_na",
        ),
        "opps_status": Derived("Status indicator of the code in OPPS addendum B", "ref_code.opps_status"),
        "hcpcs_from": Derived("First day of a HCPCS Level II code that was ever valid", "ref_code.hcpcs_from"),
        "hcpcs_through": Derived("Last day of a HCPCS Level II code that ended", "ref_code.hcpcs_through"),
        "hcpcs_pricing_indicator": Derived(
            "How Medicare prices a HCPCS Level II code", "ref_code.hcpcs_pricing_indicator"
        ),
        "is_unclassified": Derived(
            "The code is on the CMS list of codes not otherwise classified", "coalesce(ref_code.is_unclassified, false)"
        ),
        "add_on_type": Derived("Type of an NCCI add-on code: 1, 2, 3", "ref_code.add_on_type"),
        "mue_units": Derived(
            "Most units of the code in the table that holds: practitioners, equipment suppliers, outpatient hospital",
            _MUE.format("mue_units"),
        ),
        "mai": Derived("MUE adjudication indicator beside them: 1 by line, 2 and 3 by day", _MUE.format("mai")),
    },
    "code": {
        "kind": Derived(
            "What the qualifier says: principal_diagnosis, other_diagnosis, admitting_diagnosis, patient_reason, "
            "external_cause, principal_procedure, other_procedure, condition, occurrence, span, value; else null",
            "CASE raw.qualifier WHEN 'ABK' THEN 'principal_diagnosis' WHEN 'BK' THEN 'principal_diagnosis' "
            "WHEN 'ABF' THEN 'other_diagnosis' WHEN 'BF' THEN 'other_diagnosis' "
            "WHEN 'ABJ' THEN 'admitting_diagnosis' WHEN 'BJ' THEN 'admitting_diagnosis' "
            "WHEN 'APR' THEN 'patient_reason' WHEN 'PR' THEN 'patient_reason' "
            "WHEN 'ABN' THEN 'external_cause' WHEN 'BN' THEN 'external_cause' "
            "WHEN 'BBR' THEN 'principal_procedure' WHEN 'BR' THEN 'principal_procedure' "
            "WHEN 'BBQ' THEN 'other_procedure' WHEN 'BQ' THEN 'other_procedure' "
            "WHEN 'BG' THEN 'condition' WHEN 'BH' THEN 'occurrence' WHEN 'BI' THEN 'span' WHEN 'BE' THEN 'value' END",
        ),
        "is_diagnosis": Derived(
            "A diagnosis of any role: principal, other, admitting, reason for visit, external cause",
            "raw.qualifier IN ('ABK', 'BK', 'ABF', 'BF', 'ABJ', 'BJ', 'APR', 'PR', 'ABN', 'BN')",
        ),
        "category": Derived(
            "First three characters of an ICD-10-CM diagnosis of any role",
            "CASE WHEN raw.qualifier IN ('ABK', 'ABF', 'ABJ', 'APR', 'ABN') THEN left(raw.code, 3) END",
        ),
    },
    "payer": {},
    "adjustment": {},
    "adjudication": {},
    "attachment": {},
    "party": {},
    "claim": {
        "submitted_date": Derived("Day on which the transaction set was made (BHT04)", "t.created_date"),
        "group_receiver_id": Derived("Receiver of the functional group (GS03)", "t.group_receiver_id"),
        "bill_type": Derived(
            "Facility type and frequency as one, of an institutional claim (for example 131)",
            "CASE WHEN c.claim_type = 'institutional' THEN c.facility_type_code || c.frequency_code END",
        ),
        "is_inpatient": Derived(
            "Institutional claim with bill type 11x, 18x, 21x or 41x",
            "c.claim_type = 'institutional' AND c.facility_type_code IN ('11', '18', '21', '41')",
        ),
        "first_service_date": Derived(
            "Earliest day of service of any line, else the statement's first",
            "coalesce(of_line.first_service_date, c.statement_from_date)",
        ),
        "last_service_date": Derived(
            "Latest day of service of any line, else the statement's last",
            "coalesce(of_line.last_service_date, c.statement_through_date)",
        ),
        "age_years": Derived(
            "Full years of the patient on the earliest day of service",
            "date_sub('year', c.patient_birth_date, coalesce(of_line.first_service_date, c.statement_from_date))",
        ),
        "age_days": Derived(
            "Days of the patient on the earliest day of service",
            "date_diff('day', c.patient_birth_date, coalesce(of_line.first_service_date, c.statement_from_date))",
        ),
        "line_charge_sum": Derived("Sum of the charges of the lines", "of_line.line_charge_sum"),
        "line_non_covered_sum": Derived("Sum of the non-covered charges of the lines", "of_line.line_non_covered_sum"),
        "lines_read": Derived("Service lines that the reader gave", "coalesce(of_line.lines_read, 0)"),
        "covered_days": Derived("Amount of value code 80", "of_code.covered_days"),
        "non_covered_days": Derived("Amount of value code 81", "of_code.non_covered_days"),
        "other_payer_paid_sum": Derived("Sum of what other payers paid", "of_payer.other_payer_paid_sum"),
        "other_payers_adjudicated": Derived(
            "Other payers with a paid amount, a date of adjudication or a line adjudicated",
            "greatest(coalesce(of_payer.other_payers_adjudicated, 0), "
            "coalesce(of_adjudication.adjudicating_payers, 0))",
        ),
        "adjudicated_lines": Derived(
            "Line adjudications of other payers", "coalesce(of_adjudication.adjudicated_lines, 0)"
        ),
        "patient_share_sum": Derived(
            "Adjustments of other payers that leave an amount to the patient (group PR)",
            "of_adjustment.patient_share_sum",
        ),
        "remaining_liability_sum": Derived(
            "What other payers say is left to the patient (AMT*EAF)", "of_payer.remaining_liability_sum"
        ),
        "adjustment_count": Derived(
            "Adjustments of other payers, claim and line level", "coalesce(of_adjustment.adjustment_count, 0)"
        ),
    },
}

# The sums that `claim` takes from the other aliases: alias -> column -> aggregate over that alias's reader table `raw`.
SUMS: dict[str, dict[str, str]] = {
    "line": {
        "first_service_date": "min(raw.service_from_date)",
        "last_service_date": "max(coalesce(raw.service_through_date, raw.service_from_date))",
        "line_charge_sum": "sum(raw.charge_amount)",
        "line_non_covered_sum": "sum(raw.non_covered_amount)",
        "lines_read": "count(*)",
    },
    "code": {
        "covered_days": "max(raw.amount) FILTER (WHERE raw.qualifier = 'BE' AND raw.code = '80')",
        "non_covered_days": "max(raw.amount) FILTER (WHERE raw.qualifier = 'BE' AND raw.code = '81')",
    },
    "payer": {
        "other_payer_paid_sum": "sum(raw.paid_amount)",
        "remaining_liability_sum": "sum(raw.remaining_liability_amount)",
        "other_payers_adjudicated": "count(*) FILTER (WHERE raw.paid_amount IS NOT NULL "
        "OR raw.adjudication_date IS NOT NULL)",
    },
    "adjudication": {
        "adjudicating_payers": "count(DISTINCT raw.payer_id)",
        "adjudicated_lines": "count(*)",
    },
    "adjustment": {
        "adjustment_count": "count(*)",
        "patient_share_sum": "sum(raw.amount) FILTER (WHERE raw.group_code = 'PR')",
    },
}


@dataclass(frozen=True)
class Collected:
    """A list column of `claim` made of one column of another alias, in the order of the rows, without nulls.

    `qualifiers`: only rows of `claim_codes` with one of these. Lists are made in Arrow, where rows of one claim stand
    together: DuckDB's list aggregates cost a tenth of a second each on 100,000 claims.
    """

    description: str
    alias: str
    column: str
    qualifiers: tuple[str, ...] = ()


_DIAGNOSES = ("ABK", "BK", "ABF", "BF")
COLLECTED: dict[str, Collected] = {
    "procedure_codes": Collected("Procedure codes of the lines", "line", "procedure_code"),
    "line_first_modifiers": Collected("First modifiers of the lines", "line", "modifier_1"),
    "revenue_codes": Collected("Revenue codes of the lines", "line", "revenue_code"),
    "line_places_of_service": Collected(
        "Places of service of the lines that have one", "line", "place_of_service_code"
    ),
    "diagnoses": Collected("Principal and other diagnoses, in order", "code", "code", _DIAGNOSES),
    "diagnosis_qualifiers": Collected(
        "Qualifiers of all diagnoses",
        "code",
        "qualifier",
        (*_DIAGNOSES, "ABJ", "BJ", "APR", "PR", "ABN", "BN"),
    ),
    "admitting_diagnoses": Collected("Admitting diagnoses", "code", "code", ("ABJ", "BJ")),
    "patient_reasons": Collected("Patient's reasons for visit", "code", "code", ("APR", "PR")),
    "external_causes": Collected("External causes", "code", "code", ("ABN", "BN")),
    "icd_procedures": Collected("ICD-10-PCS procedures", "code", "code", ("BBR", "BR", "BBQ", "BQ")),
    "principal_procedures": Collected("Principal ICD-10-PCS procedure", "code", "code", ("BBR", "BR")),
    "condition_codes": Collected("Condition codes", "code", "code", ("BG",)),
    "occurrence_codes": Collected("Occurrence codes", "code", "code", ("BH",)),
    "span_codes": Collected("Occurrence span codes", "code", "code", ("BI",)),
    "value_codes": Collected("Value codes", "code", "code", ("BE",)),
    "other_payer_sequence": Collected("Responsibility codes of the other payers", "payer", "payer_responsibility_code"),
    "other_payer_ids": Collected("Ids of the other payers", "payer", "payer_id"),
    "other_filing_codes": Collected("Claim filing codes of the other payers", "payer", "claim_filing_code"),
}


@dataclass(frozen=True)
class Picked:
    """A column of an alias taken from a detail table of the reader: of its first row that matches.

    `where`: the values that columns of the row must have. A row belongs to the claim, line or other payer that it
    stands in; with `above` it stands over the claim, at the claim's own party of that entity code: `follows` it (or is
    it) or `leads` to it. Only the tables of a rule that is asked are read.
    """

    description: str
    table: str
    column: str
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    above: tuple[str, str] | None = None

    @property
    def made_from(self) -> frozenset[tuple[str, str]]:
        """The (table, column) that must be given."""
        own = {(self.table, name) for name in (self.column, *(name for name, _ in self.where))}
        return frozenset(own | ({("detail_parties", "entity_code")} if self.above else set()))


_BILLING, _SUBSCRIBER, _DEPENDENT = ("85", "follows"), ("IL", "leads"), ("QC", "leads")


def _party(description: str, column: str, entity: str, *loops: str) -> Picked:
    where: tuple[tuple[str, tuple[str, ...]], ...] = (("entity_code", (entity,)), ("loop_id", loops))
    return Picked(description, "detail_parties", column, where)


def _billing(description: str, column: str) -> Picked:
    where = (("entity_code", ("85",)), ("loop_id", ("2010AA",)))
    return Picked(description, "detail_parties", column, where, _BILLING)


def _reference(description: str, qualifier: str, *loops: str) -> Picked:
    where = (("qualifier", (qualifier,)), ("loop_id", loops))
    return Picked(description, "detail_references", "reference_text", where)


def _day(description: str, qualifier: str, loop: str) -> Picked:
    return Picked(description, "detail_dates", "from_date", (("qualifier", (qualifier,)), ("loop_id", (loop,))))


def _element(description: str, segment: str, number: int, loop: str, above: tuple[str, str] | None = None) -> Picked:
    where = (("segment_id", (segment,)), ("loop_id", (loop,)))
    return Picked(description, "detail_elements", f"value_{number}", where, above)


def _transport(loop: str, column: str, description: str) -> Picked:
    return Picked(description, "detail_transports", column, (("loop_id", (loop,)),))


PICKED: dict[str, dict[str, Picked]] = {
    "claim": {
        "billing_provider_address_1": _billing("2010AA N301", "party_address_1"),
        "billing_provider_address_2": _billing("2010AA N302", "party_address_2"),
        "billing_provider_city": _billing("2010AA N401", "party_city"),
        "billing_provider_country": _billing("2010AA N404: null in the United States", "country_code"),
        "billing_provider_entity_type": _billing("2010AA NM102: 1 person, 2 organisation", "entity_type_code"),
        "billing_provider_id_qualifier": _billing("2010AA NM108", "id_qualifier"),
        "billing_provider_tax_qualifier": Picked(
            "2010AA REF01 of the tax id: EI employer, SY social security",
            "detail_references",
            "qualifier",
            (("qualifier", ("EI", "SY")), ("loop_id", ("2010AA",))),
            _BILLING,
        ),
        "insurance_type_code": _element("2000B SBR05: why Medicare is secondary", "SBR", 5, "2000B", _SUBSCRIBER),
        "subscriber_death_date": _element("2000B PAT06, as sent", "PAT", 6, "2000B", _SUBSCRIBER),
        "dependent_death_date": _element("2000C PAT06, as sent", "PAT", 6, "2000C", _DEPENDENT),
        "rendering_entity_type": _party("2310B NM102 of the rendering provider", "entity_type_code", "82", "2310B"),
        "referring_entity_type": _party("NM102 of the referring provider", "entity_type_code", "DN", "2310A", "2310F"),
        "supervising_entity_type": _party("2310D NM102", "entity_type_code", "DQ", "2310D"),
        "supervising_provider_npi": _party("2310D NM109", "party_id", "DQ", "2310D"),
        "operating_provider_npi": _party("2310B NM109 of an institutional claim", "party_id", "72", "2310B"),
        "operating_provider_name": _party("2310B NM103 of an institutional claim", "party_last_name", "72", "2310B"),
        "service_facility_name": _party("2310C or 2310E NM103", "party_last_name", "77", "2310C", "2310E"),
        "service_facility_address_1": _party("2310C or 2310E N301", "party_address_1", "77", "2310C", "2310E"),
        "service_facility_state": _party("2310C or 2310E N402", "party_state", "77", "2310C", "2310E"),
        "service_facility_zip": _party("2310C or 2310E N403", "party_zip", "77", "2310C", "2310E"),
        "service_facility_country": _party("2310C or 2310E N404", "country_code", "77", "2310C", "2310E"),
        "pick_up_address": _party("2310E N301 of the pick-up", "party_address_1", "PW", "2310E"),
        "drop_off_address": _party("2310F N301 of the drop-off", "party_address_1", "45", "2310F"),
        "clia_number": _reference("REF*X4 of the claim", "X4", "2300"),
        "device_exemption_number": _reference("REF*LX of the claim", "LX", "2300"),
        "mammography_number": _reference("REF*EW of the claim", "EW", "2300"),
        "demonstration_id": _reference("REF*P4 of the claim; for a clinical trial its number", "P4", "2300"),
        "last_seen_date": _day("DTP*304 of the claim", "304", "2300"),
        "last_menstrual_date": _day("DTP*484 of the claim", "484", "2300"),
        "assumed_care_date": _day("DTP*090 of the claim", "090", "2300"),
        "relinquished_care_date": _day("DTP*091 of the claim", "091", "2300"),
        "note": Picked("NTE02 of the claim", "detail_notes", "text", (("loop_id", ("2300",)),)),
        "transport_reason": _transport("2300", "transport_reason_code", "CR104 of the claim"),
        "transport_distance": _transport("2300", "distance", "CR106 of the claim"),
    },
    "line": {
        "ordering_provider_npi": _party("2420E NM109", "party_id", "DK", "2420E"),
        "ordering_provider_name": _party("2420E NM103", "party_last_name", "DK", "2420E"),
        "ordering_entity_type": _party("2420E NM102", "entity_type_code", "DK", "2420E"),
        "referring_provider_npi": _party("2420F NM109 (P), 2420D (I)", "party_id", "DN", "2420F", "2420D"),
        "referring_entity_type": _party("2420F NM102 (P), 2420D (I)", "entity_type_code", "DN", "2420F", "2420D"),
        "supervising_provider_npi": _party("2420D NM109", "party_id", "DQ", "2420D"),
        "supervising_entity_type": _party("2420D NM102", "entity_type_code", "DQ", "2420D"),
        "rendering_entity_type": _party("2420A NM102 of a professional line", "entity_type_code", "82", "2420A"),
        "purchased_provider": _party("2420B NM101: there is a provider the service was bought from", "entity_code",
                                     "QB", "2420B"),
        "service_facility_name": _party("2420C NM103", "party_last_name", "77", "2420C"),
        "pick_up_address": _party("2420G N301", "party_address_1", "PW", "2420G"),
        "drop_off_address": _party("2420H N301", "party_address_1", "45", "2420H"),
        "clia_number": _reference("REF*X4 of the line", "X4", "2400"),
        "mammography_number": _reference("REF*EW of the line", "EW", "2400"),
        "prescription_date": _day("DTP*471 of the line", "471", "2400"),
        "last_seen_date": _day("DTP*304 of the line", "304", "2400"),
        "initial_treatment_date": _day("DTP*454 of the line", "454", "2400"),
        "note": Picked("NTE02 of the line", "detail_notes", "text", (("loop_id", ("2400",)),)),
        "transport_reason": _transport("2400", "transport_reason_code", "CR104 of the line"),
        "transport_distance": _transport("2400", "distance", "CR106 of the line"),
        "purchased_amount": _element("PS102, as sent", "PS1", 2, "2400"),
        "equipment_certification": _element("CR301 of the line", "CR3", 1, "2400"),
        "form_code": Picked("LQ01 of 2440: a form of supporting documentation", "detail_forms", "qualifier",
                            (("segment_id", ("LQ",)), ("loop_id", ("2440",)))),
    },
    "payer": {
        "insurance_type_code": _element("2320 SBR05", "SBR", 5, "2320"),
    },
}  # fmt: skip

# Every table of the reader that a rule may need.
TABLES: tuple[str, ...] = tuple(
    sorted({*SOURCES.values(), "transactions"} | {one.table for names in PICKED.values() for one in names.values()})
)

# What is seen of earlier claims: these aliases have rows only where claims came before.
EARLIER = frozenset(("earlier", "before"))

# Every NPI of a claim, one row each: role -> (alias whose table it stands in, column).
NPI_ROLES: dict[str, tuple[str, str]] = {
    "billing_provider": ("claim", "billing_provider_npi"),
    "rendering_provider": ("claim", "rendering_provider_npi"),
    "referring_provider": ("claim", "referring_provider_npi"),
    "attending_provider": ("claim", "attending_provider_npi"),
    "service_facility": ("claim", "service_facility_npi"),
    "supervising_provider": ("claim", "supervising_provider_npi"),
    "operating_provider": ("claim", "operating_provider_npi"),
    "line_rendering_provider": ("line", "rendering_provider_npi"),
    "line_ordering_provider": ("line", "ordering_provider_npi"),
    "line_referring_provider": ("line", "referring_provider_npi"),
    "line_supervising_provider": ("line", "supervising_provider_npi"),
}
NPI_COLUMNS = {
    "value": "The NPI as sent",
    "role": "Whose it is: " + ", ".join(NPI_ROLES),
    "passes_luhn": "Ten digits whose check digit is right with 80840 before them (45 CFR 162.406)",
}
_DIGITS = "TRY_CAST(npi AS BIGINT)"


def _luhn() -> str:
    # Doubled digits of the ten are the 1st, 3rd .. 9th from the left; the prefix 80840 always adds 24.
    parts = []
    for place in range(10):
        digit = f"(({_DIGITS} // {10**place}) % 10)"
        parts.append(digit if place % 2 == 0 else f"({digit} * 2 - CASE WHEN {digit} > 4 THEN 9 ELSE 0 END)")
    return f"coalesce(length(npi) = 10 AND (24 + {' + '.join(parts)}) % 10 = 0, false)"


LUHN_SQL = _luhn()

# relation -> (alias whose rows it has, aliases that its expressions may name)
RELATIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "claim": ("claim", ("claim",)),
    "line": ("line", ("line", "claim")),
    "code": ("code", ("code", "claim")),
    "payer": ("payer", ("payer", "claim")),
    "adjustment": ("adjustment", ("adjustment", "claim")),
    "adjudication": ("adjudication", ("adjudication", "line", "claim")),
    # `adjustment` is here the sum of what the same payer took off the line.
    "settled": ("adjudication", ("adjudication", "line", "claim", "adjustment")),
    # With a table beside the claim (quality.scrub.beside).
    "policy": ("claim", ("claim", "policy")),
    "line_policy": ("line", ("line", "claim", "policy")),
    "payer_policy": ("payer", ("payer", "claim", "policy")),
    "listing": ("claim", ("claim", "listing")),
    "adjusted_policy": ("adjustment", ("adjustment", "claim", "policy")),
    "coverage": ("claim", ("claim", "coverage", "policy")),
    "benefit": ("line", ("line", "claim", "coverage")),
    "authorization": ("line", ("line", "claim", "permit", "policy")),
    "demand": ("line", ("line", "claim", "demand")),
    "charge": ("line", ("line", "claim", "charge")),
    "price": ("line", ("line", "claim", "price", "policy")),
    "record": ("npi", ("npi", "claim", "record")),
    "answer": ("claim", ("claim", "answer")),
    "receipt": ("claim", ("claim", "receipt", "policy")),
    "account": ("claim", ("claim", "before")),
    "attachment": ("attachment", ("attachment", "claim")),
    "party": ("party", ("party", "claim")),
    "npi": ("npi", ("npi", "claim")),
    "history": ("line", ("line", "claim", "earlier")),
    "pair": ("line", ("line", "claim", "other", "pair")),
    "earlier_pair": ("line", ("line", "claim", "earlier", "pair")),
    "add_on": ("line", ("line", "claim", "other", "add_on")),
    "endoscopy": ("line", ("line", "claim", "other")),
    "icd": ("code", ("code", "claim", "icd")),
    "noted": ("code", ("code", "claim", "companion", "note")),
    "sided": ("line", ("line", "claim", "pointed")),
    "determined": ("line", ("line", "claim", "determination")),
}

# Relations with a reference table: alias of the table -> its name in `claims.reference` and the columns that are seen.
# A row stands beside the table's row that holds on the day of service.
REFERENCES: dict[str, tuple[str, tuple[str, ...]]] = {
    "pair": ("ncci_pairs", ("setting", "column1_code", "column2_code", "modifier_indicator")),
    "add_on": ("add_on_codes", ("add_on_code", "primary_code", "edit_type")),
}
# Aliases whose tables are made of the official ones for the codes of a run: their columns.
MADE: dict[str, dict[str, str]] = {
    "icd": diagnoses.ICD_COLUMNS,
    "note": diagnoses.NOTE_COLUMNS,
    "pointed": diagnoses.POINTED_COLUMNS,
    "determination": diagnoses.DETERMINATION_COLUMNS,
}
# An alias that is another one under a second name: another line, another diagnosis of the claim.
TWINS = {"other": "line", "companion": "code"}
# What the kernel itself needs of the claim to find that row.
_ICD = frozenset((("code", "code"), ("code", "category"), ("claim", "last_service_date")))
JOINED_BY: dict[str, frozenset[tuple[str, str]]] = {
    "pair": frozenset(
        (("line", "procedure_code"), ("line", "service_date"), ("line", "rendering_npi"), ("claim", "claim_type"))
    ),
    "earlier_pair": frozenset(
        (
            ("line", "procedure_code"),
            ("line", "service_date"),
            ("line", "rendering_npi"),
            ("claim", "claim_type"),
            ("earlier", "procedure_code"),
            ("earlier", "service_date"),
            ("earlier", "rendering_npi"),
            ("earlier", "claim_type"),
        )
    ),
    "add_on": frozenset((("line", "procedure_code"), ("line", "service_date"))),
    "endoscopy": frozenset(
        (
            ("line", "procedure_code"),
            ("line", "service_date"),
            ("line", "rendering_npi"),
            ("line", "endoscopic_base_code"),
        )
    ),
    "icd": _ICD,
    "noted": _ICD | {("code", "diagnosis_position")},
    "sided": _ICD | {("code", "diagnosis_position"), ("line", "pointers"), ("line", "modifiers")},
    "determined": frozenset(
        (
            ("code", "code"),
            ("code", "diagnosis_position"),
            ("line", "pointers"),
            ("line", "procedure_code"),
            ("line", "service_date"),
            ("claim", "claim_type"),
            ("claim", "claim_filing_code"),
        )
    ),
    "settled": frozenset((("adjustment", "payer_id"), ("adjustment", "amount"), ("adjudication", "payer_id"))),
}

# Tables of the official data that columns above are taken from: name -> the condition on which its one row stands
# beside a row of `raw`. A row that has none has nulls.
LOOKED_UP: dict[str, str] = {
    "ref_code": "ref_code.code = raw.procedure_code "
    f"AND {_SERVICE_FROM} BETWEEN ref_code.effective_from AND ref_code.effective_to",
} | {f"ref_modifier_{n}": f"ref_modifier_{n}.modifier = raw.modifier_{n}" for n in range(1, 5)}

# What an earlier line of the same patient shows, from the same columns of its own line and claim.
EARLIER_LINE = (
    "procedure_code", "modifiers", "charge_amount", "unit_count", "service_date", "last_service_date", "revenue_code",
    "place_of_service", "rendering_npi", "code_number", "global_days", "is_visit", "has_ncci_modifier",
)  # fmt: skip
EARLIER_CLAIM = (
    "claim_type", "patient_control_number", "total_charge_amount", "frequency_code", "facility_type_code",
    "billing_provider_npi", "billing_provider_tax_id", "payer_id", "payer_responsibility_code",
    "payer_claim_control_number", "statement_from_date", "statement_through_date", "principal_diagnosis_code",
    "is_inpatient", "billing_provider_taxonomy_code", "rendering_provider_taxonomy_code", "patient_status_code",
    "admission_date",
)  # fmt: skip


@cache
def columns(alias: str) -> dict[str, str]:
    """Column -> description of everything an expression may name as `<alias>.<column>`."""
    if alias == "npi":
        return NPI_COLUMNS
    if alias in beside.ALIASES:
        return beside.ALIASES[alias].columns
    if alias in REFERENCES:
        name, seen = REFERENCES[alias]
        return dict.fromkeys(seen, f"Of reference table {name}, as of the day of service")
    if alias in MADE:
        return MADE[alias]
    if alias in TWINS:
        return columns(TWINS[alias])
    if alias == "earlier":
        line, claim = columns("line"), columns("claim")
        return {name: line[name] for name in EARLIER_LINE} | {name: claim[name] for name in EARLIER_CLAIM}
    own = {c.name: c.description for c in schema.BY_NAME[SOURCES[alias]].columns}
    own |= {name: one.description for name, one in DERIVED[alias].items()}
    own |= {name: one.description for name, one in PICKED.get(alias, {}).items()}
    return own | ({name: one.description for name, one in COLLECTED.items()} if alias == "claim" else {})
