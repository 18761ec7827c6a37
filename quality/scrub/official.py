"""The official tables made ready for the engine: what they say of a code, one row for each stretch of days.

Belongs here: SQL that turns reference tables into the tables of `views.LOOKED_UP`. Does not belong here: rules, how a
published file is read (`claims.reference`), look-ups of a claim.

A line asks for its code on its day once, and every rule then reads a column: five tables with days of their own would
be five joins of every line.
"""

import duckdb

from claims.reference import Reference

_OPEN = "DATE '9999-12-31'"
# What stands in `ref_code`: source -> (table of claims.reference, columns, from where).
_DAYS = "effective_from, effective_to"
_CODE_SOURCES: dict[str, tuple[str, str, str]] = {
    "fee": (
        "fee_schedule",
        (
            f"hcpcs_code AS code, {_DAYS}, status_code, pctc_indicator, global_days, multiple_procedure_indicator, "
            "bilateral_indicator, assistant_indicator, cosurgeon_indicator, team_indicator, "
            "nullif(endoscopic_base_code, '') AS endoscopic_base_code, is_nonfacility_na"
        ),
        "WHERE modifier = ''",
    ),
    "opps": ("opps_status", f"hcpcs_code AS code, {_DAYS}, status_indicator AS opps_status", ""),
    "practitioner": (
        "mue",
        f"hcpcs_code AS code, {_DAYS}, mue_units AS practitioner_mue_units, mai AS practitioner_mai",
        "WHERE setting = 'practitioner'",
    ),
    "outpatient": (
        "mue",
        f"hcpcs_code AS code, {_DAYS}, mue_units AS outpatient_mue_units, mai AS outpatient_mai",
        "WHERE setting = 'outpatient_hospital'",
    ),
    "dme": (
        "mue",
        f"hcpcs_code AS code, {_DAYS}, mue_units AS dme_mue_units, mai AS dme_mai",
        "WHERE setting = 'dme'",
    ),
    # An add-on code has one type; its days are those of any of its edits.
    "add_on": (
        "add_on_codes",
        (
            "add_on_code AS code, min(effective_from) AS effective_from, "
            f"max(coalesce(effective_to, {_OPEN})) AS effective_to, min(edit_type) AS add_on_type"
        ),
        "GROUP BY add_on_code",
    ),
    "noc": ("noc_codes", f"hcpcs_code AS code, {_DAYS}, true AS is_unclassified", ""),
    # Not by day: the days of a HCPCS code are what a rule asks for.
    "hcpcs": (
        "hcpcs_codes",
        (
            "hcpcs_code AS code, DATE '0001-01-01' AS effective_from, NULL::DATE AS effective_to, "
            f"min(effective_from) AS hcpcs_from, nullif(max(coalesce(effective_to, {_OPEN})), {_OPEN}) "
            "AS hcpcs_through, arg_max(pricing_indicator, effective_from) AS hcpcs_pricing_indicator"
        ),
        "GROUP BY hcpcs_code",
    ),
}


def install(connection: duckdb.DuckDBPyConnection, reference: Reference) -> None:
    """Create `ref_code`: for every code and every stretch of days between two changes, what each table says of it; and
    `ref_modifier_1` to `_4`, the modifiers that there are.

    At most one row of a code holds on a day. Costs about half a second with the full tables.
    """
    for source, (name, columns, rest) in _CODE_SOURCES.items():
        connection.register("ref_in", reference.table(name))
        connection.execute(f"CREATE OR REPLACE TEMP TABLE part_{source} AS SELECT {columns} FROM ref_in {rest}")
        connection.unregister("ref_in")
    sources = list(_CODE_SOURCES)
    changes = " UNION ".join(
        f"SELECT code, effective_from AS day FROM part_{one} UNION "
        f"SELECT code, effective_to + 1 FROM part_{one} WHERE effective_to < {_OPEN}"
        for one in sources
    )
    joins = " ".join(
        f"LEFT JOIN part_{one} ON part_{one}.code = stretch.code AND stretch.effective_from >= "
        f"part_{one}.effective_from AND stretch.effective_from <= coalesce(part_{one}.effective_to, {_OPEN})"
        for one in sources
    )
    seen = ", ".join(f"part_{one}.* EXCLUDE (code, effective_from, effective_to)" for one in sources)
    connection.execute(
        f"CREATE OR REPLACE TABLE ref_code AS WITH change AS ({changes}), stretch AS (SELECT code, day AS "
        f"effective_from, coalesce(lead(day) OVER (PARTITION BY code ORDER BY day) - 1, {_OPEN}) AS effective_to "
        f"FROM change) SELECT stretch.code, stretch.effective_from, stretch.effective_to, {seen} "
        f"FROM stretch {joins}"
    )
    connection.register("ref_in", reference.table("modifiers"))
    connection.execute("CREATE OR REPLACE TABLE ref_modifier_1 AS SELECT DISTINCT modifier FROM ref_in")
    connection.unregister("ref_in")
    for n in range(2, 5):
        connection.execute(f"CREATE OR REPLACE VIEW ref_modifier_{n} AS SELECT * FROM ref_modifier_1")
    for one in sources:
        connection.execute(f"DROP TABLE part_{one}")
