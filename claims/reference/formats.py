"""How the published files look: what tells each format by its header, and which of its columns means what.

Belongs here: one `Format` per layout, header words, column expressions, what a value must look like. Does not belong
here: opening files, running the checks, storing. A format is told by its header line, never by the name of a file;
a name is asked only for what a file does not say of itself: from when it holds, and for whom.

An expression is DuckDB SQL over `x`, the trimmed text of a cell, null where empty. `fails` of a typed value is a
finding; descriptors have no field, and so are dropped at the door.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

UPPER = "upper(x)"
TEXT = "x"
_DATE = (
    "case when x is null or x in ('*', '99991231', '9999-12-31', '0') then null"
    " when regexp_full_match(x, '\\d{8}') then try_strptime(x, '%Y%m%d')::date"
    " when regexp_full_match(x, '\\d{7}') then"
    " try_cast(left(x, 4) || '-01-01' as date) + (right(x, 3)::int - 1)"
    " when contains(x, '/') then try_strptime(x, '%m/%d/%Y')::date"
    " else try_cast(left(x, 10) as date) end"
)
_CODE5 = "regexp_full_match(t, '[0-9A-Z][0-9]{3}[0-9A-Z]')"
_ICD = "regexp_full_match(t, '[A-Z][0-9A-Z]{2,6}')"


@dataclass(frozen=True)
class Field:
    """One column of a table read from a column of a file.

    `names` are header words that mean it (after `normal`); `sql` makes the value; `holds` is a predicate over the
    typed value `t`, `expects` says it in words; `may_be_empty` where an empty cell is the default that `sql` gives.
    """

    column: str
    names: tuple[str, ...]
    sql: str = TEXT
    holds: str | None = None
    expects: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Format:
    """One published layout.

    `fixed` gives columns that the format itself knows (the setting of an MUE file); `positions` reads columns by
    place instead of by header, for layouts whose header is stacked over several lines; `undated` formats are code
    lists that say nothing of when they begin.
    """

    name: str
    table: str
    fields: tuple[Field, ...]
    fixed: dict[str, str] = field(default_factory=dict)
    is_undated: bool = False
    is_fiscal: bool = False  # a bare year means the fiscal year, from 1 October of the year before
    unknown_start: str = "release"  # a row of a history without its own first day: "release" or "always"
    is_described: bool = False  # has descriptor columns, which are dropped
    matcher: "Callable[[Sequence[Sequence[str]]], Header | None] | None" = None


@dataclass(frozen=True)
class Header:
    """Where the header of a file ends (1-based line), and at which place each field stands."""

    line: int
    width: int
    places: dict[str, int]


def normal(cell: str) -> str:
    """A header cell in one spelling: lower case, words joined by underscores."""
    return re.sub(r"[^a-z0-9]+", "_", cell.lower()).strip("_")


def by_name(kind: Format, head: Sequence[Sequence[str]]) -> Header | None:
    """The header line in which every field of the format that is not optional is named."""
    for number, row in enumerate(head, 1):
        cells = [normal(cell) for cell in row]
        places: dict[str, int] = {}
        for item in kind.fields:
            place = next((cells.index(name) for name in item.names if name in cells), None)
            if place is None and not item.optional:
                break
            if place is not None:
                places[item.column] = place
        else:
            return Header(number, len(row), places)
    return None


def _code(column: str, *names: str, optional: bool = False) -> Field:
    return Field(column, names, UPPER, _CODE5, "a five-character CPT or HCPCS code", optional)


def _modifier(*names: str, optional: bool = False) -> Field:
    return Field(
        "modifier",
        names,
        "coalesce(upper(x), '')",
        "regexp_full_match(t, '|[0-9A-Z]{2}')",
        "two characters or nothing",
        optional,
    )


def _number(column: str, *names: str, scale: int = 4, top: str = "99999", optional: bool = False) -> Field:
    cast = f"try_cast(replace(replace(x, ',', ''), '$', '') as decimal(18, {scale}))"
    return Field(column, names, cast, f"t between 0 and {top}", f"a number from 0 to {top}", optional)


def _mac(*names: str) -> Field:
    return Field("mac", names, "lpad(x, 5, '0')", "regexp_full_match(t, '\\d{5}')", "a contractor of five digits")


def _locality(*names: str) -> Field:
    return Field("locality", names, "lpad(x, 2, '0')", "regexp_full_match(t, '\\d{2}')", "a locality of two digits")


def _one_of(column: str, values: str, *names: str, sql: str = UPPER, optional: bool = False) -> Field:
    listed = ", ".join(f"'{value}'" for value in values.split())
    return Field(column, names, sql, f"t in ({listed})", f"one of {values.replace(' ', ', ')}", optional)


def _date(column: str, *names: str, optional: bool = False) -> Field:
    return Field(column, names, _DATE, "t between date '1900-01-01' and date '2100-12-31'", "a date", optional)


_PPRRVU_FIELDS = (
    _code("hcpcs_code", "hcpcs"),
    _modifier("mod"),
    Field("status_code", ("status_code",), UPPER, "regexp_full_match(t, '[A-Z]')", "one letter"),
    Field("not_used_for_medicare", ("not_used",), TEXT),
    _number("work_rvu", "work_rvu", top="9999"),
    _number("nonfacility_pe_rvu", "non_fac_pe_rvu", top="9999"),
    Field("is_nonfacility_na", ("nf_na_ind",), "coalesce(upper(x) = 'NA', false)"),
    _number("facility_pe_rvu", "fac_pe_rvu", top="9999"),
    Field("is_facility_na", ("f_na_ind",), "coalesce(upper(x) = 'NA', false)"),
    _number("mp_rvu", "mp_rvu", top="9999"),
    _number("nonfacility_total_rvu", "nf_total", top="9999"),
    _number("facility_total_rvu", "f_total", top="9999"),
    _one_of("pctc_indicator", "0 1 2 3 4 5 6 7 8 9", "pctc_ind"),
    _one_of("global_days", "000 010 090 MMM XXX YYY ZZZ", "glob_days", sql="upper(lpad(x, 3, '0'))"),
    _number("preoperative_share", "pre_op", top="1"),
    _number("intraoperative_share", "intra_op", top="1"),
    _number("postoperative_share", "post_op", top="1"),
    _one_of("multiple_procedure_indicator", "0 1 2 3 4 5 6 7 9", "mult_proc"),
    _one_of("bilateral_indicator", "0 1 2 3 9", "bilat_surg"),
    _one_of("assistant_indicator", "0 1 2 9", "asst_surg"),
    _one_of("cosurgeon_indicator", "0 1 2 9", "co_surg"),
    _one_of("team_indicator", "0 1 2 9", "team_surg"),
    Field("pricing_indicator", ("pric_ind",), UPPER, optional=True),
    Field("endoscopic_base_code", ("endo_base",), UPPER, _CODE5, "a five-character code"),
    _number("conversion_factor", "conv_factor", top="999"),
    Field("supervision_code", ("phys_supervision",), UPPER),
    Field("calculation_flag", ("calculation_flag",), TEXT),
    Field("imaging_family", ("dx_img_family",), TEXT),
    _number("opps_nonfacility_pe_rvu", "opps_nf_pe", top="9999"),
    _number("opps_facility_pe_rvu", "opps_f_pe", top="9999"),
    _number("opps_mp_rvu", "opps_mp", top="9999"),
)


def _pprrvu(head: Sequence[Sequence[str]]) -> Header | None:
    """The published PPRRVU: a header stacked over several lines, 31 columns, 32 with PRIC IND before ENDO BASE."""
    for number, row in enumerate(head, 1):
        cells = [normal(cell) for cell in row]
        if cells[:3] != ["hcpcs", "mod", "description"] or len(cells) not in {31, 32}:
            continue
        stacked = [
            normal(" ".join(line[place] for line in head[max(0, number - 5) : number] if place < len(line)))
            for place in range(len(cells))
        ]
        columns = [item.column for item in _PPRRVU_FIELDS if len(cells) == 32 or item.column != "pricing_indicator"]
        # One column of the file, DESCRIPTION, is AMA's: it has no field, and every place after it moves by one.
        places = {column: place + (place > 1) for place, column in enumerate(columns)}
        words = {
            "status_code": "code", "work_rvu": "work_rvu", "mp_rvu": "mp_rvu", "global_days": "glob_days",
            "endoscopic_base_code": "endo_base", "conversion_factor": "conv_factor",
            "multiple_procedure_indicator": "mult_proc",
        }  # fmt: skip
        if all(word in stacked[places[column]] for column, word in words.items()):
            return Header(number, len(cells), places)
    return None


def _ptp_fields(*, dated: bool) -> tuple[Field, ...]:
    return (
        _code("column1_code", "column_1", "column1"),
        _code("column2_code", "column_2", "column2"),
        *((_date("effective_from", "effective", "effective_date"),) if dated else ()),
        _date("effective_to", "deletion", "deletion_date"),
        _one_of("modifier_indicator", "0 1 9", "modifier", "modifier_indicator"),
        Field("rationale", ("ptp_edit_rationale", "rationale"), TEXT, optional=True),
    )


def _ptp(head: Sequence[Sequence[str]]) -> Header | None:
    """NCCI's own text and workbook: a header of three or more lines; data begin with the first pair of codes."""
    for number, row in enumerate(head, 1):
        cells = [normal(cell) for cell in row]
        if len(cells) < 6 or "column_1" not in cells[:1] or "column_2" not in cells[1:2]:
            continue
        body = next(
            (
                n
                for n, line in enumerate(head[number:], number + 1)
                if re.fullmatch(r"[0-9A-Z]\d{3}[0-9A-Z]", line[0] if line else "")
            ),
            None,
        )
        if body is None:
            return None
        stacked = [
            normal(" ".join(line[place] for line in head[max(0, number - 2) : body - 1] if place < len(line)))
            for place in range(len(cells))
        ]
        wanted = {"effective_from": "effective", "effective_to": "deletion", "modifier_indicator": "modifier",
                  "rationale": "rationale"}  # fmt: skip
        places = {"column1_code": 0, "column2_code": 1}
        for column, word in wanted.items():
            place = next((i for i, name in enumerate(stacked) if word in name and i > 1), None)
            if place is None and column != "rationale":
                return None
            if place is not None:
                places[column] = place
        return Header(body - 1, len(cells), places)
    return None


def _mue(name: str, setting: str, *units: str) -> Format:
    return Format(
        name,
        "mue",
        (
            _code("hcpcs_code", "hcpcs_cpt_code", "cpt_hcpcs_code"),
            Field("mue_units", units, "try_cast(x as integer)", "t between 0 and 99999", "a whole number from 0"),
            _one_of("mai", "1 2 3", "mue_adjudication_indicator", sql="left(x, 1)"),
            Field("rationale", ("mue_rationale",), TEXT, optional=True),
        ),
        {"setting": setting},
    )


_NO_DOT = "replace(upper(x), '.', '')"
_PLAIN_INT = "try_cast(x as integer)"


def _anes(head: Sequence[Sequence[str]]) -> Header | None:
    """ANES: the header of the last column holds the national factor of the year."""
    for number, row in enumerate(head, 1):
        cells = [normal(cell) for cell in row]
        if cells[:3] == ["contractor", "locality", "locality_name"] and "anes_cf" in (cells[3:] or [""])[0]:
            return Header(number, len(row), {"mac": 0, "locality": 1, "locality_name": 2, "conversion_factor": 3})
    return None


FORMATS: tuple[Format, ...] = (
    Format("pprrvu", "fee_schedule", _PPRRVU_FIELDS, matcher=_pprrvu, is_described=True),
    Format("pprrvu_csv", "fee_schedule", _PPRRVU_FIELDS),
    Format(
        "gpci",
        "gpci",
        (
            _mac("medicare_administrative_contractor_mac", "mac"),
            Field("state", ("state",), UPPER, "regexp_full_match(t, '[A-Z]{2}')", "a state of two letters"),
            _locality("locality_number", "locality"),
            Field("locality_name", ("locality_name",), "rtrim(x, '* ')"),
            _number(
                "work_gpci",
                "pw_gpci",
                "gpci_work",
                *(f"{y}_pw_gpci_with_1_0_floor" for y in range(2015, 2041)),
                top="5",
            ),
            _number("pe_gpci", "pe_gpci", "gpci_pe", *(f"{y}_pe_gpci" for y in range(2015, 2041)), top="5"),
            _number("mp_gpci", "mp_gpci", "gpci_mp", *(f"{y}_mp_gpci" for y in range(2015, 2041)), top="9"),
        ),
    ),
    Format(
        "anes",
        "anesthesia_factors",
        (
            _mac("contractor"),
            _locality("locality"),
            Field("locality_name", ("locality_name",), "rtrim(x, '* ')"),
            # The header of this column names the national factor: its place is the last of four.
            _number("conversion_factor", "national_anes_cf", top="99"),
        ),
        matcher=_anes,
    ),
    Format(
        "oppscap",
        "opps_caps",
        (
            _code("hcpcs_code", "hcpcs"),
            _modifier("mod"),
            Field("status_code", ("procstat",), UPPER, "regexp_full_match(t, '[A-Z]')", "one letter"),
            _mac("carrier"),
            _locality("locality"),
            _number("facility_amount", "facility_price", scale=2, top="999999"),
            _number("nonfacility_amount", "non_facilty_price", "non_facility_price", scale=2, top="999999"),
        ),
    ),
    Format(
        "published_fees_csv",
        "published_fees",
        (
            Field("__year", ("year",), "try_cast(x as integer)", "t between 1992 and 2100", "a year"),
            _mac("carrier"),
            _locality("locality"),
            _code("hcpcs_code", "hcpcs"),
            _modifier("mod"),
            _number("nonfacility_amount", "nonfacility_fee", scale=2, top="999999"),
            _number("facility_amount", "facility_fee", scale=2, top="999999"),
        ),
    ),
    Format(
        "locco",
        "county_localities",
        (
            _mac("medicare_adminstrative_contractor", "medicare_administrative_contractor"),
            _locality("locality_number"),
            Field("state_name", ("state",), "upper(x)", optional=True),
            Field("fee_area", ("fee_schedule_area",), TEXT, optional=True),
            Field("counties", ("counties",), TEXT, optional=True),
        ),
    ),
    Format(
        "zip5_csv",
        "zip_localities",
        (
            Field("zip5", ("zip5", "zip_code"), "lpad(x, 5, '0')", "regexp_full_match(t, '\\d{5}')", "five digits"),
            Field("state", ("state",), UPPER, "regexp_full_match(t, '[A-Z]{2}')", "a state of two letters"),
            _mac("carrier"),
            _locality("locality"),
            Field("rural_indicator", ("rural_ind", "rural_indicator"), UPPER, "t in ('R', 'B')", "R, B or empty", True),
            Field("has_zip9", ("plus4_flag", "plus_four_flag"), "coalesce(x = '1', false)"),
            Field("__quarter", ("year_qtr",), TEXT, "regexp_full_match(t, '20\\d\\d[1-4]')", "YYYYQ"),
        ),
    ),
    Format(
        "clfs_csv",
        "clfs",
        (
            _code("hcpcs_code", "hcpcs"),
            _modifier("mod", optional=True),
            _number("rate_amount", "rate", scale=2, top="999999"),
        ),
    ),
    Format(
        "addendum_b_csv",
        "opps_status",
        (
            _code("hcpcs_code", "hcpcs"),
            Field("status_indicator", ("status_indicator",), UPPER, "regexp_full_match(t, '[A-Z][0-9]?')", "A to Y"),
            Field("apc_code", ("apc",), TEXT, optional=True),
            _number("payment_amount", "payment_rate", scale=2, top="9999999"),
            Field("__month", ("source",), TEXT, "regexp_full_match(t, '20\\d\\d-[01]\\d')", "YYYY-MM"),
        ),
    ),
    Format(
        "opps_status_indicators_csv",
        "opps_status_indicators",
        (
            Field("status_indicator", ("statusindicator",), UPPER, "regexp_full_match(t, '[A-Z][0-9]?')", "A to Y"),
            _one_of("paid", "Always Sometimes Never Unknown", "paid", sql=TEXT),
            Field("meaning", ("description",), TEXT),
        ),
        is_undated=True,
    ),
    Format("ncci_ptp", "ncci_pairs", _ptp_fields(dated=True), matcher=_ptp),
    Format("ncci_ptp_csv", "ncci_pairs", _ptp_fields(dated=False)),
    _mue("mue_practitioner", "practitioner", "practitioner_services_mue_values"),
    _mue("mue_outpatient_hospital", "outpatient_hospital", "outpatient_hospital_services_mue_values"),
    _mue("mue_dme", "dme", "dme_supplier_services_mue_values"),
    Format(
        "mue_csv",
        "mue",
        (
            _code("hcpcs_code", "hcpcs_code"),
            Field("mue_units", ("mue_units",), _PLAIN_INT, "t between 0 and 99999", "a whole number from 0"),
            _one_of("mai", "1 2 3", "mue_mai"),
            Field("rationale", ("mue_rationale",), TEXT, optional=True),
        ),
    ),
    Format(
        "ncci_add_on",
        "add_on_codes",
        (
            Field(
                "primary_code", ("primary_code",), UPPER, f"t = 'CCCCC' or {_CODE5}", "a five-character code, or CCCCC"
            ),
            _code("add_on_code", "add_on_code", "aoc"),
            _one_of("edit_type", "1 2 3", "aoc_edit_type"),
            _date("__add_on_deleted", "aoc_del_dt", "aoc_del_dt_julian", optional=True),
            _date("__primary_deleted", "primary_code_del_dt", "primary_code_del_dt_julian", optional=True),
            _date("effective_from", "aoc_edit_eff_dt", "aoc_edit_eff_dt_julian", optional=True),
            _date("__edit_deleted", "aoc_edit_del_dt", "aoc_edit_del_dt_julian", optional=True),
        ),
    ),
    Format(
        "hcpcs_fields_csv",
        "hcpcs_codes",
        (
            _code("hcpcs_code", "hcpcs_code"),
            Field("pricing_indicator", ("price",), TEXT),
            Field("multiple_pricing_indicator", ("multi",), UPPER),
            Field("coverage_code", ("cov",), UPPER, "regexp_full_match(t, '[A-Z]')", "one letter", True),
            Field("betos_code", ("betos",), UPPER),
            Field("type_of_service", ("tos",), TEXT),
            Field("action_code", ("action",), UPPER),
            _date("action_date", "date_action"),
            Field("cross_reference_code", ("xref",), UPPER),
            Field("anesthesia_base_units", ("anes",), _PLAIN_INT, "t between 0 and 999", "a whole number"),
            _date("effective_from", "date_added"),
            _date("effective_to", "date_term"),
        ),
    ),
    Format(
        "hcpcs_records",
        "hcpcs_codes",
        (
            _code("hcpcs_code", "hcpc"),
            Field("pricing_indicator", ("price1",), TEXT),
            Field("multiple_pricing_indicator", ("mult_pi",), UPPER),
            Field("coverage_code", ("cov",), UPPER, "regexp_full_match(t, '[A-Z]')", "one letter"),
            Field("betos_code", ("betos",), UPPER),
            Field("type_of_service", ("tos1",), TEXT),
            Field("action_code", ("action_cd",), UPPER),
            _date("action_date", "act_eff_dt"),
            Field("cross_reference_code", ("xref1",), UPPER),
            Field("anesthesia_base_units", ("anest_bu",), _PLAIN_INT, "t between 0 and 999", "a whole number"),
            _date("effective_from", "add_dt"),
            _date("effective_to", "term_dt"),
            Field("__record", ("recid",), TEXT),
        ),
        is_described=True,
    ),
    Format(
        "noc_csv",
        "noc_codes",
        (
            _code("hcpcs_code", "hcpcs"),
            _date("effective_from", "add_date"),
            _date("effective_to", "term_date"),
        ),
        is_described=True,
        is_undated=True,
    ),
    Format(
        "places_of_service_csv",
        "places_of_service",
        (
            Field("pos_code", ("pos_code",), "lpad(x, 2, '0')", "regexp_full_match(t, '\\d{2}')", "two digits"),
            _one_of("setting", "facility nonfacility unassigned", "pos_type", sql="replace(lower(x), '-', '')"),
            Field("name", ("pos_name",), TEXT),
        ),
        is_undated=True,
    ),
    Format(
        "modifiers_csv",
        "modifiers",
        (
            Field("modifier", ("mod_code",), UPPER, "regexp_full_match(t, '[0-9A-Z]{2}')", "two characters"),
            _one_of("modifier_type", "CPT HCPCS", "mod_type"),
            Field("category", ("mod_category",), TEXT),
        ),
        is_undated=True,
    ),
    Format(
        "adjustment_codes_csv",
        "adjustment_codes",
        (
            Field("adjustment_code", ("adj_code",), UPPER, "regexp_full_match(t, '[A-Z0-9]{1,5}')", "an identifier"),
            _one_of("list_code", "group carc rarc", "adj_type", sql="lower(x)"),
            _date("effective_from", "adj_start_date"),
            _date("modified_date", "adj_last_modified"),
            _date("effective_to", "adj_end_date"),
        ),
        unknown_start="always",
        is_undated=True,
    ),
    Format(
        "external_codes_csv",
        "external_codes",
        (
            Field("list_code", ("list",), "lower(x)"),
            Field("external_code", ("code",), TEXT),
        ),
        is_undated=True,
    ),
    Format(
        "icd10cm_flat_csv",
        "icd10cm_codes",
        (
            Field("icd10cm_code", ("code_nodot",), _NO_DOT, _ICD, "an ICD-10-CM category or code"),
            _one_of("is_billable", "true false", "is_leaf", sql="case x when '1' then true when '0' then false end"),
            Field("description", ("description",), TEXT),
        ),
        is_fiscal=True,
    ),
    Format(
        "icd10cm_drugs_csv",
        "icd10cm_drugs",
        (
            Field("entry_number", ("rowid",), _PLAIN_INT, "t > 0", "a row number"),
            Field("level", ("level",), _PLAIN_INT, "t between 0 and 9", "a depth from 0 to 9"),
            Field("term", ("term",), TEXT),
            Field("see_also", ("seealso",), TEXT),
            Field("modifiers", ("nonessmodif",), TEXT),
            *(
                Field(column, (name,), "nullif(nullif(upper(x), '--'), '-')")
                for column, name in (
                    ("accidental_code", "poisoningaccidental"),
                    ("self_harm_code", "poisoningintentionalselfharm"),
                    ("assault_code", "poisoningassault"),
                    ("undetermined_code", "poisoningundetermined"),
                    ("adverse_effect_code", "adverseeffect"),
                    ("underdosing_code", "underdosing"),
                )
            ),
        ),
        is_fiscal=True,
    ),
    Format(
        "icd10cm_neoplasms_csv",
        "icd10cm_neoplasms",
        (
            Field("entry_number", ("rowid",), _PLAIN_INT, "t > 0", "a row number"),
            Field("level", ("level",), _PLAIN_INT, "t between 0 and 9", "a depth from 0 to 9"),
            Field("term", ("term",), TEXT),
            Field("see_also", ("seealso",), TEXT),
            Field("modifiers", ("nonessmodif",), TEXT),
            *(
                Field(column, (name,), "nullif(nullif(upper(x), '--'), '-')")
                for column, name in (
                    ("primary_code", "malignantprimary"),
                    ("secondary_code", "malignantsecondary"),
                    ("in_situ_code", "cainsitu"),
                    ("benign_code", "benign"),
                    ("uncertain_code", "uncertainbehavior"),
                    ("unspecified_code", "unspecifiedbehavior"),
                )
            ),
        ),
        is_fiscal=True,
    ),
    Format(
        "icd10cm_index_csv",
        "icd10cm_index",
        (
            Field("entry_number", ("rowid",), _PLAIN_INT, "t > 0", "a row number"),
            Field("level", ("level",), _PLAIN_INT, "t between 0 and 12", "a depth from 0 to 12"),
            Field("term", ("term",), TEXT),
            Field("see", ("see",), TEXT),
            Field("see_also", ("seealso",), TEXT),
            Field("modifiers", ("nonessmodif",), TEXT),
            Field("icd10cm_code", ("code",), UPPER),
        ),
        is_fiscal=True,
    ),
)


def national_anesthesia_factor(head: Sequence[Sequence[str]]) -> Decimal | None:
    """The national factor in the header of an ANES file; null where it names none."""
    for row in head:
        match = re.search(r"Anes CF of (\d+\.\d+)", " ".join(row), re.IGNORECASE)
        if match:
            return Decimal(match[1])
    return None


def detect(head: Sequence[Sequence[str]]) -> tuple[Format, Header] | None:
    """The format whose header stands in these first lines; null where none does."""
    for candidate in FORMATS:
        header = candidate.matcher(head) if candidate.matcher else by_name(candidate, head)
        if header is not None:
            return candidate, header
    return None
