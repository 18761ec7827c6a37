"""What the official tables say of diagnoses: of each code as of its day, of two codes beside each other, of coverage.

Belongs here: SQL that makes `icd`, `noted` and the tables of coverage determinations. Does not belong here: rules, how
a published file is read (`claims.reference`).

A claim's codes repeat: everything is asked once for each different code of a run and joined back.
"""

import duckdb

from claims.reference import Reference

# The columns of `icd`: one row for each different diagnosis and release.
ICD_COLUMNS = {
    "is_known": "The code is in the code set of that day; null where the tables given cannot say",
    "is_billable": "It is valid on a claim as it stands; false for a category",
    "is_manifestation": "Its title says that it is a manifestation of a disease classified elsewhere",
    "side": "right or left, where its title names one side alone",
    "trimester": "1, 2 or 3, where its title names a trimester",
    "asks_seventh": "The tabular list asks for a seventh character",
    "has_seventh": "It has seven characters and the seventh is one of those asked for",
    "lacks_placeholder": "Its last character is one of those asked for, and fewer than six stand before it",
}
NOTE_COLUMNS = {"note_kind": "excludes1 or code_first: what the tabular list says under the code of the one beside it"}
POINTED_COLUMNS = {"side": "right or left, where the title of the diagnosis names one side alone"}
DETERMINATION_COLUMNS = {"is_covered": "What the determinations say of the diagnosis; null where they do not name it"}

_OPEN = "DATE '9999-12-31'"
# The row of a diagnosis on its day, which `ref_icd_day` knows by the number of its release. One text of code and
# release, and not two columns: the release alone would join every claim with every code.
ICD_JOIN = (
    "JOIN ref_icd_day ON ref_icd_day.day = claim.last_service_date "
    "JOIN icd ON icd.key = code.code || '@' || ref_icd_day.period"
)
_SEEN = (
    "SELECT DISTINCT code.code, code.category, ref_icd_day.period FROM code JOIN claim "
    "ON claim.claim_row = code.claim_row JOIN ref_icd_day ON ref_icd_day.day = claim.last_service_date "
    "WHERE code.category IS NOT NULL AND code.code IS NOT NULL"
)
ICD_SQL = (
    f"WITH seen AS ({_SEEN}), "
    # The list of seventh characters that is nearest above a code holds for it: `ranked` begins with its length.
    "asked AS (SELECT seen.code, seen.period, max(ref_seventh.ranked) AS ranked FROM seen "
    "JOIN ref_seventh ON ref_seventh.key = seen.category || '@' || seen.period "
    "AND ref_seventh.category_code = left(seen.code, length(ref_seventh.category_code)) "
    "GROUP BY seen.code, seen.period) "
    "SELECT seen.code || '@' || seen.period AS key, CASE WHEN here.key IS NOT NULL THEN true "
    "WHEN above.key IS NULL OR above.is_complete THEN false END AS is_known, "
    "here.is_billable, here.is_manifestation, here.side, here.trimester, asked.ranked IS NOT NULL AS asks_seventh, "
    "length(seen.code) = 7 AND coalesce(contains(substr(asked.ranked, 2), right(seen.code, 1)), false) "
    "AS has_seventh, length(seen.code) < 7 AND here.key IS NULL AND right(seen.code, 1) BETWEEN 'A' AND 'Z' "
    "AND coalesce(contains(substr(asked.ranked, 2), right(seen.code, 1)), false) AS lacks_placeholder FROM seen "
    "LEFT JOIN ref_icd here ON here.key = seen.code || '@' || seen.period "
    "LEFT JOIN ref_icd above ON above.key = seen.category || '@' || seen.period "
    "LEFT JOIN asked ON asked.code = seen.code AND asked.period = seen.period"
)
NOTED_SQL = (
    "WITH seen AS (SELECT DISTINCT code, category FROM code WHERE category IS NOT NULL "
    "AND diagnosis_position IS NOT NULL) "
    "SELECT DISTINCT one.code, companion.code AS companion, ref_note.note_kind, ref_note.effective_from, "
    "ref_note.effective_to FROM seen one JOIN ref_note ON ref_note.under_category = one.category "
    "AND ref_note.icd10cm_code = left(one.code, length(ref_note.icd10cm_code)) "
    "JOIN seen companion ON companion.category = ref_note.category AND companion.code <> one.code "
    "AND left(companion.code, length(ref_note.first_code)) >= ref_note.first_code "
    "AND left(companion.code, length(ref_note.last_code)) <= ref_note.last_code"
)
POINTED_SQL = (
    "WITH sided AS (SELECT claim_row, line_number, pointers FROM line WHERE list_has_any(modifiers, ['LT', 'RT'])) "
    "SELECT sided.claim_row, sided.line_number, icd.side FROM sided JOIN code ON code.claim_row = sided.claim_row "
    f"JOIN claim ON claim.claim_row = sided.claim_row {ICD_JOIN} "
    "WHERE list_contains(sided.pointers, code.diagnosis_position)"
)
# A line is for the diagnoses that it points to, on an institutional claim for all of them.
DETERMINATION_SQL = (
    "WITH asked AS (SELECT line.claim_row, line.line_number, line.procedure_code, line.service_date, line.pointers, "
    "claim.claim_type = 'institutional' AS is_for_all FROM line JOIN claim ON claim.claim_row = line.claim_row "
    "JOIN ref_covered ON ref_covered.hcpcs_code = line.procedure_code WHERE claim.claim_filing_code IN ('MA', 'MB') "
    "AND line.service_date BETWEEN ref_covered.effective_from AND ref_covered.effective_to) "
    "SELECT asked.claim_row, asked.line_number, ref_coverage.is_covered FROM asked "
    "JOIN code ON code.claim_row = asked.claim_row LEFT JOIN ref_coverage "
    "ON ref_coverage.hcpcs_code = asked.procedure_code AND ref_coverage.icd10cm_code = code.code "
    "AND asked.service_date BETWEEN ref_coverage.effective_from AND ref_coverage.effective_to "
    "WHERE code.diagnosis_position IS NOT NULL "
    "AND (asked.is_for_all OR list_contains(asked.pointers, code.diagnosis_position))"
)
# What `install` makes and the statements above look up by key.
TABLES = ("ref_icd_day", "ref_icd", "ref_seventh", "ref_note", "ref_coverage", "ref_covered")
# Days that a claim can have: ICD-10-CM came with the first of them.
_FIRST, _LAST = "DATE '2015-10-01'", "DATE '2049-12-31'"


def install(connection: duckdb.DuckDBPyConnection, reference: Reference) -> None:
    """Create `TABLES`. Costs about half a second with the full tables."""
    for name in ("icd10cm_codes", "icd10cm_sevenths", "icd10cm_notes", "lcd_coverage"):
        connection.register("ref_in", reference.table(name))
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE given_{name} AS SELECT * REPLACE (coalesce(effective_to, {_OPEN}) "
            "AS effective_to) FROM ref_in"
        )
        connection.unregister("ref_in")
    # Between two of these days nothing changes; a day without any code of the code set has no number.
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE stretch AS WITH given AS (SELECT effective_from, effective_to FROM "
        "given_icd10cm_codes UNION SELECT effective_from, effective_to FROM given_icd10cm_sevenths), change AS "
        "(SELECT effective_from AS day FROM given UNION SELECT effective_to + 1 FROM given "
        f"WHERE effective_to < {_OPEN}) SELECT day AS first_day, "
        f"lead(day, 1, {_OPEN}) OVER (ORDER BY day) - 1 AS last_day, "
        "CAST(row_number() OVER (ORDER BY day) AS VARCHAR) AS period FROM change"
    )
    complete = "true" if reference.source("icd10cm_codes") == "loaded" else "false"
    connection.execute(
        "CREATE OR REPLACE TABLE ref_icd AS SELECT icd10cm_code || '@' || period AS key, is_billable, "
        f"{complete} AS is_complete, coalesce(regexp_matches(description, 'in (other )?diseases classified elsewhere', "
        "'i'), false) AS is_manifestation, CASE WHEN regexp_matches(description, '\\bright\\b', 'i') AND NOT "
        "regexp_matches(description, '\\b(left|bilateral)\\b', 'i') THEN 'right' WHEN regexp_matches(description, "
        "'\\bleft\\b', 'i') AND NOT regexp_matches(description, '\\b(right|bilateral)\\b', 'i') THEN 'left' END "
        "AS side, "
        "CASE regexp_extract(lower(description), '(first|second|third) trimester', 1) WHEN 'first' THEN 1 "
        "WHEN 'second' THEN 2 WHEN 'third' THEN 3 END AS trimester FROM given_icd10cm_codes "
        "JOIN stretch ON first_day BETWEEN effective_from AND effective_to"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE ref_icd_day AS SELECT CAST(day AS DATE) AS day, period FROM "
        f"generate_series({_FIRST}, {_LAST}, INTERVAL 1 DAY) every(day) JOIN stretch ON day BETWEEN first_day AND "
        "last_day WHERE period IN (SELECT split_part(key, '@', 2) FROM ref_icd)"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE ref_seventh AS SELECT left(category_code, 3) || '@' || period AS key, category_code, "
        "length(category_code) || string_agg(seventh_character, '' ORDER BY seventh_character) AS ranked "
        "FROM given_icd10cm_sevenths JOIN stretch ON first_day BETWEEN effective_from AND effective_to "
        "GROUP BY category_code, period"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE ref_note AS SELECT left(note.icd10cm_code, 3) AS under_category, note.icd10cm_code, "
        "note_kind, first_code, last_code, category, note.effective_from, note.effective_to "
        "FROM given_icd10cm_notes note JOIN (SELECT DISTINCT left(icd10cm_code, 3) AS category FROM "
        "given_icd10cm_codes) ON category BETWEEN left(first_code, 3) AND left(last_code, 3) "
        "WHERE note_kind IN ('excludes1', 'code_first')"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE ref_coverage AS SELECT hcpcs_code, icd10cm_code, is_covered, effective_from, "
        "effective_to FROM given_lcd_coverage"
    )
    # A procedure of which no diagnosis is covered has no list that a claim could miss.
    connection.execute(
        "CREATE OR REPLACE TABLE ref_covered AS SELECT hcpcs_code, min(effective_from) AS effective_from, "
        "max(effective_to) AS effective_to FROM ref_coverage WHERE is_covered GROUP BY hcpcs_code"
    )
    for name in (
        "given_icd10cm_codes",
        "given_icd10cm_sevenths",
        "given_icd10cm_notes",
        "given_lcd_coverage",
        "stretch",
    ):
        connection.execute(f"DROP TABLE {name}")
