"""The Arrow schema of every reference table: code numbers, figures and their validity, the contract with the kernels.

Belongs here: table and column declarations, types, what each means, keys, how releases follow each other. Does not
belong here: how a published file looks (`claims.reference.formats`), reading, storing, looking up.

No column holds a CPT descriptor (AMA) or the wording of a CARC or RARC (X12): they are not ours to keep, so there is no
place for them. Every stored row says which release and which line of the published file it was read from, and from
when to when it holds.

Types: RVUs and GPCIs DECIMAL(9,4), conversion factors DECIMAL(9,4), shares DECIMAL(7,4), money DECIMAL(18,2): no float
stands in a price. Codes are text; a modifier that is not there is the empty text, so that it can be joined on.
"""

from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

MONEY = pa.decimal128(18, 2)
RVU = pa.decimal128(9, 4)
FACTOR = pa.decimal128(9, 4)
SHARE = pa.decimal128(7, 4)
TEXT = pa.string()
CODE = pa.string()
DATE = pa.date32()
INT = pa.int32()
FLAG = pa.bool_()


class Following(StrEnum):
    """What a new release of a table does to the one before it."""

    YEAR = "year"  # holds until the next release, and never beyond 31 December of its year
    OPEN = "open"  # holds until the next release
    HISTORY = "history"  # the newest release is the whole history: each row carries its own dates


@dataclass(frozen=True)
class Column:
    """One column: name, Arrow type, meaning; a `required` one is never null."""

    name: str
    type: pa.DataType
    meaning: str
    required: bool = False


@dataclass(frozen=True)
class ReferenceTable:
    """One table: its columns, the key of which at most one row holds on a day, and how releases follow each other.

    `part` names the key column that splits a table over several published files (the practitioner's and the
    outpatient hospital's PTP edits): a new release of one part leaves the other parts alone.
    """

    name: str
    meaning: str
    following: Following
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    part: str | None = None

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"reference table {self.name} has no column {name}")


# Columns that every stored row carries beside those of its table.
VERSION_COLUMNS = (
    Column("release", TEXT, "name of the release the row was read from", required=True),
    Column("source_row", INT, "1-based line (or record) of the published file", required=True),
    Column("effective_from", DATE, "first day on which the row holds", required=True),
    Column("effective_to", DATE, "last day on which the row holds; null = open"),
)


def _code(name: str, meaning: str) -> Column:
    return Column(name, CODE, meaning, required=True)


def _fee_schedule(name: str, meaning: str) -> ReferenceTable:
    return ReferenceTable(
        name,
        meaning,
        Following.YEAR,
        ("hcpcs_code", "modifier"),
        (
            _code("hcpcs_code", "CPT or HCPCS Level II code"),
            _code("modifier", "26, TC, 53, or empty for the global row"),
            _code("status_code", "payment status; A, R and T carry payable RVUs"),
            Column("not_used_for_medicare", TEXT, "+ where Medicare pays nothing though RVUs are shown"),
            Column("work_rvu", RVU, "physician work", required=True),
            Column("nonfacility_pe_rvu", RVU, "practice expense outside a facility", required=True),
            Column("is_nonfacility_na", FLAG, "rarely or never done outside a facility", required=True),
            Column("facility_pe_rvu", RVU, "practice expense in a facility", required=True),
            Column("is_facility_na", FLAG, "rarely or never done in a facility", required=True),
            Column("mp_rvu", RVU, "malpractice", required=True),
            Column("nonfacility_total_rvu", RVU, "published total outside a facility", required=True),
            Column("facility_total_rvu", RVU, "published total in a facility", required=True),
            _code("pctc_indicator", "0-9: whether professional and technical components exist"),
            _code("global_days", "000, 010, 090, MMM, XXX, YYY, ZZZ"),
            Column("preoperative_share", SHARE, "share of the global package before surgery", required=True),
            Column("intraoperative_share", SHARE, "share of the surgery itself", required=True),
            Column("postoperative_share", SHARE, "share after discharge", required=True),
            _code("multiple_procedure_indicator", "modifier 51: 0-7, 9"),
            _code("bilateral_indicator", "modifier 50: 0-3, 9"),
            _code("assistant_indicator", "modifiers 80, 81, 82, AS: 0-2, 9"),
            _code("cosurgeon_indicator", "modifier 62: 0-2, 9"),
            _code("team_indicator", "modifier 66: 0-2, 9"),
            Column("pricing_indicator", CODE, "PRIC IND, in files of 2026 and later"),
            Column("endoscopic_base_code", CODE, "base of the endoscopy family of indicator 3"),
            Column("conversion_factor", FACTOR, "dollars for one RVU, as printed in the file", required=True),
            Column("supervision_code", CODE, "physician supervision of diagnostic tests"),
            Column("calculation_flag", CODE, "0 since July 2014"),
            Column("imaging_family", CODE, "88 where reductions of diagnostic imaging apply, 99 else"),
            Column("opps_nonfacility_pe_rvu", RVU, "PE for the OPPS cap, outside a facility", required=True),
            Column("opps_facility_pe_rvu", RVU, "PE for the OPPS cap, in a facility", required=True),
            Column("opps_mp_rvu", RVU, "malpractice for the OPPS cap", required=True),
        ),
    )


_TABLES = (
    _fee_schedule("fee_schedule", "Medicare physician fee schedule: PPRRVU, non-QP conversion factor"),
    _fee_schedule("fee_schedule_qp", "the same file with the conversion factor of qualifying APM participants (2026)"),
    ReferenceTable(
        "gpci",
        "geographic practice cost indices",
        Following.YEAR,
        ("mac", "locality"),
        (
            _code("mac", "Medicare administrative contractor, 5 digits"),
            _code("locality", "locality, 2 digits"),
            Column("state", CODE, "state of the locality"),
            Column("locality_name", TEXT, "name as published"),
            Column("work_gpci", FACTOR, "work, with the floor in force", required=True),
            Column("pe_gpci", FACTOR, "practice expense", required=True),
            Column("mp_gpci", FACTOR, "malpractice", required=True),
        ),
    ),
    ReferenceTable(
        "anesthesia_factors",
        "anesthesia conversion factors",
        Following.YEAR,
        ("mac", "locality"),
        (
            _code("mac", "Medicare administrative contractor, 5 digits"),
            _code("locality", "locality, 2 digits"),
            Column("locality_name", TEXT, "name as published"),
            Column("conversion_factor", FACTOR, "dollars for one unit", required=True),
        ),
    ),
    ReferenceTable(
        "conversion_factors",
        "national conversion factors",
        Following.HISTORY,
        ("factor_code",),
        (
            _code("factor_code", "physician, physician_qp, anesthesia, anesthesia_qp"),
            Column("conversion_factor", FACTOR, "dollars for one RVU or unit", required=True),
        ),
    ),
    ReferenceTable(
        "opps_caps",
        "payment caps of imaging by locality",
        Following.YEAR,
        ("hcpcs_code", "modifier", "mac", "locality"),
        (
            _code("hcpcs_code", "CPT or HCPCS code"),
            _code("modifier", "TC or empty"),
            _code("status_code", "payment status"),
            _code("mac", "contractor"),
            _code("locality", "locality"),
            Column("facility_amount", MONEY, "amount after the cap, in a facility", required=True),
            Column("nonfacility_amount", MONEY, "amount after the cap, outside a facility", required=True),
        ),
    ),
    ReferenceTable(
        "published_fees",
        "fees that a contractor published, to check prices against",
        Following.YEAR,
        ("mac", "locality", "hcpcs_code", "modifier"),
        (
            _code("mac", "contractor"),
            _code("locality", "locality"),
            _code("hcpcs_code", "CPT or HCPCS code"),
            _code("modifier", "modifier or empty"),
            Column("nonfacility_amount", MONEY, "fee outside a facility", required=True),
            Column("facility_amount", MONEY, "fee in a facility", required=True),
        ),
    ),
    ReferenceTable(
        "county_localities",
        "counties of each payment locality",
        Following.YEAR,
        ("mac", "locality", "source_row"),
        (
            _code("mac", "contractor"),
            _code("locality", "locality, 2 digits"),
            Column("state_name", TEXT, "state as published, carried down from the row that names it"),
            Column("fee_area", TEXT, "name of the fee schedule area"),
            Column("counties", TEXT, "counties as published"),
        ),
    ),
    ReferenceTable(
        "zip_localities",
        "five-digit ZIP codes to contractor and locality",
        Following.OPEN,
        ("zip5",),
        (
            _code("zip5", "ZIP code, 5 digits"),
            _code("state", "state"),
            _code("mac", "contractor"),
            _code("locality", "locality"),
            Column("rural_indicator", CODE, "R rural, B super rural"),
            Column("has_zip9", FLAG, "the ZIP code is split by ZIP+4 in a file of its own", required=True),
        ),
    ),
    ReferenceTable(
        "clfs",
        "clinical laboratory fee schedule, national",
        Following.OPEN,
        ("hcpcs_code", "modifier"),
        (
            _code("hcpcs_code", "CPT or HCPCS code"),
            _code("modifier", "modifier or empty"),
            Column("rate_amount", MONEY, "national limit", required=True),
        ),
    ),
    ReferenceTable(
        "opps_status",
        "OPPS addendum B: status indicator and payment rate",
        Following.OPEN,
        ("hcpcs_code",),
        (
            _code("hcpcs_code", "CPT or HCPCS code"),
            _code("status_indicator", "OPPS status indicator"),
            Column("apc_code", CODE, "ambulatory payment classification, where the file has it"),
            Column("payment_amount", MONEY, "national unadjusted payment rate"),
        ),
    ),
    ReferenceTable(
        "opps_status_indicators",
        "meaning of OPPS status indicators",
        Following.OPEN,
        ("status_indicator",),
        (
            _code("status_indicator", "OPPS status indicator"),
            Column("paid", TEXT, "Always, Sometimes, Never, Unknown", required=True),
            Column("meaning", TEXT, "CMS's wording"),
        ),
    ),
    ReferenceTable(
        "ncci_pairs",
        "NCCI procedure-to-procedure edits",
        Following.HISTORY,
        ("setting", "column1_code", "column2_code"),
        (
            _code("setting", "practitioner or outpatient_hospital"),
            _code("column1_code", "the code that is paid"),
            _code("column2_code", "the code that is denied"),
            _code("modifier_indicator", "0 never, 1 with an NCCI modifier, 9 not applicable"),
            Column("rationale", TEXT, "CMS's reason"),
        ),
        part="setting",
    ),
    ReferenceTable(
        "mue",
        "medically unlikely edits",
        Following.OPEN,
        ("setting", "hcpcs_code"),
        (
            _code("setting", "practitioner, outpatient_hospital or dme"),
            _code("hcpcs_code", "CPT or HCPCS code"),
            Column("mue_units", INT, "most units; 0 = not payable in that setting", required=True),
            _code("mai", "1 by line, 2 by day (policy), 3 by day (clinical)"),
            Column("rationale", TEXT, "CMS's reason"),
        ),
        part="setting",
    ),
    ReferenceTable(
        "add_on_codes",
        "NCCI add-on code edits",
        Following.HISTORY,
        ("add_on_code", "primary_code"),
        (
            _code("add_on_code", "code that needs a primary code beside it"),
            _code("primary_code", "a primary code; CCCCC = the contractor decides"),
            _code("edit_type", "1 all primaries listed, 2 none, 3 some"),
        ),
    ),
    ReferenceTable(
        "icd10cm_codes",
        "ICD-10-CM categories and codes",
        Following.OPEN,
        ("icd10cm_code",),
        (
            _code("icd10cm_code", "code without the dot"),
            Column("is_billable", FLAG, "a leaf: valid on a claim", required=True),
            Column("description", TEXT, "CDC's wording (public domain)"),
        ),
    ),
    ReferenceTable(
        "icd10cm_sevenths",
        "seventh characters of the tabular list",
        Following.OPEN,
        ("category_code", "seventh_character"),
        (
            _code("category_code", "category or subcategory that asks for one, without the dot"),
            _code("seventh_character", "the character"),
            Column("meaning", TEXT, "CDC's wording"),
        ),
    ),
    ReferenceTable(
        "icd10cm_notes",
        "instructions of the tabular list, one row per code or range they name",
        Following.OPEN,
        ("icd10cm_code", "note_kind", "first_code", "last_code"),
        (
            _code("icd10cm_code", "category, subcategory or code the note stands under, without the dot"),
            _code("note_kind", "excludes1, excludes2, code_first, code_also, use_additional"),
            _code("first_code", "first code named, without the dot; a prefix where the note has a dash"),
            _code("last_code", "last code named; equal to the first where it is one code"),
        ),
    ),
    ReferenceTable(
        "icd10cm_index",
        "alphabetic index, external causes",
        Following.OPEN,
        ("part", "entry_number"),
        (
            _code("part", "diseases or external_causes"),
            Column("entry_number", INT, "row of the index", required=True),
            Column("level", INT, "depth under the main term", required=True),
            Column("term", TEXT, "term; a few rows have non-essential modifiers alone"),
            Column("see", TEXT, "other main term"),
            Column("see_also", TEXT, "further main term"),
            Column("modifiers", TEXT, "non-essential modifiers"),
            Column("icd10cm_code", CODE, "code as printed, with dot and dash"),
        ),
        part="part",
    ),
    ReferenceTable(
        "icd10cm_drugs",
        "table of drugs and chemicals",
        Following.OPEN,
        ("entry_number",),
        (
            Column("entry_number", INT, "row of the table", required=True),
            Column("level", INT, "depth under the main term", required=True),
            Column("term", TEXT, "substance; a few rows have non-essential modifiers alone"),
            Column("see_also", TEXT, "further term"),
            Column("modifiers", TEXT, "non-essential modifiers"),
            Column("accidental_code", CODE, "poisoning, accidental"),
            Column("self_harm_code", CODE, "poisoning, intentional self-harm"),
            Column("assault_code", CODE, "poisoning, assault"),
            Column("undetermined_code", CODE, "poisoning, undetermined"),
            Column("adverse_effect_code", CODE, "adverse effect"),
            Column("underdosing_code", CODE, "underdosing"),
        ),
    ),
    ReferenceTable(
        "icd10cm_neoplasms",
        "table of neoplasms",
        Following.OPEN,
        ("entry_number",),
        (
            Column("entry_number", INT, "row of the table", required=True),
            Column("level", INT, "depth under the main term", required=True),
            Column("term", TEXT, "site", required=True),
            Column("see_also", TEXT, "further term"),
            Column("modifiers", TEXT, "non-essential modifiers"),
            Column("primary_code", CODE, "malignant, primary"),
            Column("secondary_code", CODE, "malignant, secondary"),
            Column("in_situ_code", CODE, "carcinoma in situ"),
            Column("benign_code", CODE, "benign"),
            Column("uncertain_code", CODE, "uncertain behaviour"),
            Column("unspecified_code", CODE, "unspecified behaviour"),
        ),
    ),
    ReferenceTable(
        "hcpcs_codes",
        "HCPCS Level II codes and their dates",
        Following.HISTORY,
        ("hcpcs_code",),
        (
            _code("hcpcs_code", "code"),
            Column("pricing_indicator", CODE, "how Medicare prices it"),
            Column("multiple_pricing_indicator", CODE, "multiple pricing"),
            Column(
                "coverage_code", CODE, "coverage; C carrier judgement, D special, I not payable, M non-covered, S ..."
            ),
            Column("betos_code", CODE, "Berenson-Eggers type of service"),
            Column("type_of_service", TEXT, "types of service, joined by commas"),
            Column("action_code", CODE, "last action"),
            Column("action_date", DATE, "day of the last action"),
            Column("cross_reference_code", CODE, "code that replaced it"),
            Column("anesthesia_base_units", INT, "base units"),
        ),
    ),
    ReferenceTable(
        "noc_codes",
        "HCPCS codes not otherwise classified, which need a description on the claim",
        Following.HISTORY,
        ("hcpcs_code",),
        (_code("hcpcs_code", "code"),),
    ),
    ReferenceTable(
        "places_of_service",
        "places of service",
        Following.OPEN,
        ("pos_code",),
        (
            _code("pos_code", "two digits"),
            _code("setting", "facility, nonfacility, either or unassigned: which practice expense applies"),
            Column("name", TEXT, "CMS's name (public domain)"),
        ),
    ),
    ReferenceTable(
        "modifiers",
        "CPT and HCPCS modifiers",
        Following.OPEN,
        ("modifier",),
        (
            _code("modifier", "two characters"),
            _code("modifier_type", "CPT or HCPCS; of one that is both, CPT"),
            Column("category", TEXT, "groups, joined by commas"),
        ),
    ),
    ReferenceTable(
        "adjustment_codes",
        "identifiers of adjustment groups, CARCs and RARCs with their dates; no wording",
        Following.HISTORY,
        ("list_code", "adjustment_code"),
        (
            _code("list_code", "group, carc or rarc"),
            _code("adjustment_code", "identifier"),
            Column("modified_date", DATE, "day of the last change"),
        ),
    ),
    ReferenceTable(
        "external_codes",
        "identifiers of X12 external code lists",
        Following.OPEN,
        ("list_code", "external_code"),
        (
            _code("list_code", "name of the list"),
            _code("external_code", "identifier"),
        ),
    ),
    ReferenceTable(
        "lcd_coverage",
        "diagnoses that local coverage determinations name for a procedure",
        Following.OPEN,
        ("hcpcs_code", "icd10cm_code"),
        (
            _code("hcpcs_code", "CPT or HCPCS code"),
            _code("icd10cm_code", "diagnosis without the dot"),
            Column("is_covered", FLAG, "supports medical necessity; false = named as not covered", required=True),
            Column("lcd_ids", TEXT, "determinations of the procedure, joined by commas"),
        ),
    ),
)

TABLES: dict[str, ReferenceTable] = {table.name: table for table in _TABLES}


def table(name: str) -> ReferenceTable:
    """The declaration of a reference table. Raises KeyError with the names that exist."""
    try:
        return TABLES[name]
    except KeyError:
        raise KeyError(f"no reference table {name!r}; there are {', '.join(sorted(TABLES))}") from None


def arrow(name: str) -> pa.Schema:
    """The Arrow schema of a stored table: its own columns, then release, source_row and the days it holds."""
    return pa.schema(
        [pa.field(c.name, c.type, nullable=not c.required) for c in (*table(name).columns, *VERSION_COLUMNS)]
    )
