"""Tables beside the claims: what a tenant keeps of payers, providers and charges, and what payers have answered.

Belongs here: those tables' columns, reading a tenant's files of them, and the SQL that sets them beside a claim. Does
not belong here: rules, the reader's tables of claims, official tables (`claims.reference`).

A tenant's files are CSV with a header of the names below, in any order, dates as YYYY-MM-DD, yes and no as true and
false. What the project can say of a payer by law is its default (`quality/rules/payer_policies.csv`); a tenant's row of
a payer holds before it, column by column. Members, accounts and authorizations are found by number or by token,
whichever both have, on either side of the identity line.
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa

from claims import schema
from claims.interchange import extracts, x12

_TEXT, _DATE, _FLAG, _COUNT, _MONEY = pa.string(), pa.date32(), pa.bool_(), pa.int32(), schema.MONEY
DEFAULT_POLICIES = Path(__file__).parent.parent / "rules" / "payer_policies.csv"
_WINDOW = {
    "effective_from": (_DATE, "First day on which the row holds; empty for always"),
    "effective_to": (_DATE, "Last day; empty while it holds"),
}
# What a tenant keeps: table -> column -> (type, meaning). The first column is the key; a row without it is refused,
# but for policies, which stand for one payer or for all payers of a claim filing code.
TENANT_TABLES: dict[str, dict[str, tuple[pa.DataType, str]]] = {
    "payer_policies": {
        "payer_id": (_TEXT, "Payer, as loop 2010BB NM109; empty where the row is of all payers of the filing code"),
        "filing_code": (_TEXT, "Claim filing indicator that the row is for, where it names no payer"),
        **_WINDOW,
        "filing_limit_months": (_COUNT, "Months from the service within which a claim must be received"),
        "filing_limit_days": (_COUNT, "Days from the service within which a claim must be received"),
        "counts_from": (_TEXT, "first or last: the day of service that the limit counts from; last where empty"),
        "secondary_limit_days": (_COUNT, "Days from the first payer's decision within which the claim must come"),
        "corrected_limit_days": (_COUNT, "Days from the service within which a corrected claim must come"),
        "member_id_pattern": (_TEXT, "Regular expression of a member id"),
        "authorization_pattern": (_TEXT, "Regular expression of an authorization number"),
        "referral_pattern": (_TEXT, "Regular expression of a referral number"),
        "requires_group_number": (_FLAG, "A claim needs the group number"),
        "requires_referral": (_FLAG, "The product has a gatekeeper: a claim needs a referral number"),
        "requires_referring_provider": (_FLAG, "A claim needs a referring provider"),
        "requires_taxonomy": (_FLAG, "A claim needs the billing provider's taxonomy code"),
        "is_one_month_only": (_FLAG, "A claim may not span calendar months"),
        "follows_primary": (_FLAG, "As second payer covers only what the first one covers"),
        "receiver_id": (_TEXT, "Receiver of the functional group (GS03) through which the payer is reached"),
        "eligibility_days": (_COUNT, "Days before the service within which eligibility is to be asked"),
        "admission_notice_days": (_COUNT, "Days from an admission within which the payer is to be told"),
        "charge_multiple": (_COUNT, "How many times Medicare's amount a charge may be"),
        "retro_authorization_days": (_COUNT, "Days after the service within which an authorization may be issued"),
        "bilateral_form": (_TEXT, "one_line (with 50) or two_lines (RT and LT): how both sides are billed"),
        "telehealth_modifiers": (_TEXT, "Modifiers, with spaces between, of which a telehealth service carries one"),
        "refuses_dental_codes": (_FLAG, "Takes no dental codes on a medical claim"),
    },
    "payer_requirements": {
        "payer_id": (_TEXT, "Payer, as loop 2010BB NM109"),
        "procedure_code": (_TEXT, "Code that the row is for"),
        **_WINDOW,
        "requires_authorization": (_FLAG, "The code needs an authorization"),
        "requires_drug_code": (_FLAG, "The code needs a national drug code"),
        "is_not_payable": (_FLAG, "The contract does not pay the code"),
        "is_investigational": (_FLAG, "The payer calls the code investigational: it needs an approval"),
        "is_single_dose": (_FLAG, "A drug of containers for one dose: JW or JZ is wanted"),
        "is_telehealth": (_FLAG, "On the payer's list of telehealth services; false: known not to be"),
        "required_modifiers": (_TEXT, "Modifiers, with spaces between, of which the code carries one (as QW)"),
        "most_units": (_COUNT, "Most units of a line"),
        "included_in": (_TEXT, "Codes, with spaces between, beside which the code is not paid"),
    },
    "provider_records": {
        "npi": (_TEXT, "Provider"),
        "kind": (
            _TEXT,
            "What the row says: enrolled, in_network, licensed, may_order, opted_out, excluded, deactivated",
        ),
        "payer_id": (_TEXT, "Payer of enrolled and in_network"),
        "tax_id": (_TEXT, "Tax id under which the provider is enrolled"),
        "state": (_TEXT, "State of licensed"),
        **_WINDOW,
    },
    "charge_master": {
        "code": (_TEXT, "Procedure code, or revenue code of a room"),
        "charge_amount": (_MONEY, "Charge of one unit"),
        **_WINDOW,
    },
}
_KINDS = ("enrolled", "in_network", "licensed", "may_order", "opted_out", "excluded", "deactivated")
# Coverage as rules see it: of an eligibility extract or of 271 answers (`coverage_of_answers`), one row per statement.
COVERAGE = pa.schema(
    [
        pa.field("member_id", _TEXT),
        pa.field("payer_id", _TEXT),
        pa.field("benefit_code", _TEXT),  # EB01; null is active coverage
        pa.field("service_type_code", _TEXT),  # EB03
        pa.field("insurance_type_code", _TEXT),  # EB04
        pa.field("period_code", _TEXT),  # EB06
        pa.field("amount", _MONEY),  # EB07
        pa.field("quantity", schema.QUANTITY),  # EB10
        pa.field("procedure_code", _TEXT),  # EB13-2
        pa.field("coverage_from_date", _DATE),
        pa.field("coverage_through_date", _DATE),
        pa.field("payer_responsibility_code", _TEXT),
        pa.field("checked_date", _DATE),
        pa.field("reject_reason_code", _TEXT),  # AAA03
        pa.field("last_name", _TEXT),
        pa.field("birth_date", _DATE),
        pa.field("provider_npi", _TEXT),  # 2120C NM109
    ]
)
# Of what prices lines (`claims.pricing`): Medicare's amount before the lower of charge.
PRICED_LINES = pa.schema(
    [
        pa.field("file_id", _TEXT),
        pa.field("claim_ordinal", _COUNT),
        pa.field("line_number", _COUNT),
        pa.field("medicare_amount", _MONEY),
    ]
)
# What the rules may be given beside the claims, by name.
TABLES = (
    *TENANT_TABLES,
    "payer_list",
    "priced_lines",
    "coverage",
    "eligibility",
    "authorizations",
    "remittance_claims",
    "claim_statuses",
)


_OWN = frozenset((*TENANT_TABLES, "payer_list", "priced_lines", "coverage"))


class BesideError(ValueError):
    """A tenant's file that cannot be used; the text begins with file and line."""


@cache
def arrow(name: str) -> pa.Schema:
    """The columns of a table beside the claims."""
    if name == "coverage":
        return COVERAGE
    if name == "priced_lines":
        return PRICED_LINES
    if name == "payer_list":
        return pa.schema([pa.field("payer_id", _TEXT)])
    if name in TENANT_TABLES:
        return pa.schema([pa.field(column, kind) for column, (kind, _) in TENANT_TABLES[name].items()])
    return schema.arrow(name)


def read_folder(folder: Path) -> dict[str, pa.Table]:
    """The tables of a tenant: every `<table>.csv` of `TENANT_TABLES` that the folder has.

    Raises:
        BesideError: a file has a column, a value or two rows that it may not; the text begins with file and line.
    """
    return {name: read_file(path, name) for name in TENANT_TABLES if (path := folder / f"{name}.csv").is_file()}


def gather(folder: Path) -> dict[str, pa.Table]:
    """All that a folder has beside the claims: a tenant's files, extracts of eligibility and authorizations
    (`eligibility.csv`, `authorizations.csv`), and X12 files of payers: 271, 835, 277CA.

    Raises:
        BesideError: a tenant's file is wrong, or an extract has a row that cannot be read; the text says where.
    """
    out = read_folder(folder)
    for name, read in (("eligibility", extracts.read_eligibility), ("authorizations", extracts.read_authorizations)):
        if (path := folder / f"{name}.csv").is_file():
            extract = read([x12.Source.at(path)])
            for one in extract.findings.select(["severity", "segment_ordinal", "message"]).to_pylist():
                if one["severity"] == "error":
                    raise BesideError(f"{path.name}:{one['segment_ordinal'] + 1}: {one['message']}")
            out[name] = extract.table
    sources = [x12.Source.at(path) for path in sorted(folder.iterdir()) if path.is_file() and path.suffix != ".csv"]
    if found := [source for source in sources if x12.is_x12(bytes(source.data[:4096]))]:
        tables = x12.read(found, details=True).tables
        answers = coverage_of_answers(tables)
        out |= {name: tables[name] for name in ("remittance_claims", "claim_statuses") if tables[name].num_rows}
        if answers.num_rows:
            out["coverage"] = answers
    return out


def read_file(path: Path, name: str) -> pa.Table:
    """One table of `TENANT_TABLES` from its CSV. Raises BesideError."""
    target = arrow(name)
    columns: dict[str, list[object]] = {column: [] for column in target.names}
    seen: dict[tuple[object, ...], int] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if unknown := sorted(set(rows.fieldnames or ()) - set(target.names)):
            raise BesideError(f"{path.name}:1: {name} has no column {unknown[0]}")
        for row in rows:
            where = f"{path.name}:{rows.line_num}"
            if None in row:
                raise BesideError(f"{where}: the row has more fields than the header")
            values = {
                column: _value(row.get(column), kind, where)
                for column, kind in zip(target.names, target.types, strict=True)
            }
            _check(name, values, where)
            key = tuple(values[column] for column in _KEYS[name])
            if key in seen:
                raise BesideError(f"{where}: repeats the row of line {seen[key]}")
            seen[key] = rows.line_num
            for column, value in values.items():
                columns[column].append(value)
    return pa.table([pa.array(columns[field.name], field.type) for field in target], schema=target)


_KEYS = {
    "payer_policies": ("payer_id", "filing_code", "effective_from"),
    "payer_requirements": ("payer_id", "procedure_code", "effective_from"),
    "provider_records": ("npi", "kind", "payer_id", "tax_id", "state", "effective_from"),
    "charge_master": ("code", "effective_from"),
}
_READERS: dict[pa.DataType, Callable[[str], object]] = {
    _DATE: date.fromisoformat,
    _COUNT: int,
    _MONEY: lambda text: Decimal(text).quantize(Decimal("0.01")),
    _FLAG: lambda text: {"true": True, "false": False}[text.lower()],
    _TEXT: str,
}


def _value(text: str | None, kind: pa.DataType, where: str) -> object:
    if text is None or not text.strip():
        return None
    try:
        return _READERS[kind](text.strip())
    except (ValueError, KeyError, InvalidOperation) as error:
        raise BesideError(f"{where}: a value is no {kind}") from error


def _check(name: str, values: Mapping[str, object], where: str) -> None:
    if name == "payer_policies":
        if (values["payer_id"] is None) == (values["filing_code"] is None):
            raise BesideError(f"{where}: a policy is of a payer_id or of a filing_code")
        if values["counts_from"] not in (None, "first", "last"):
            raise BesideError(f"{where}: counts_from is first or last")
        if values["bilateral_form"] not in (None, "one_line", "two_lines"):
            raise BesideError(f"{where}: bilateral_form is one_line or two_lines")
        with duckdb.connect() as connection:
            for column in ("member_id_pattern", "authorization_pattern", "referral_pattern"):
                try:
                    connection.execute("SELECT regexp_full_match('', $1)", [values[column]])
                except duckdb.Error as error:
                    raise BesideError(f"{where}: {column} is no regular expression") from error
    else:
        for column in _KEYS[name][:2]:
            if values[column] is None and column != "effective_from":
                raise BesideError(f"{where}: says no {column}")
    if name == "provider_records" and values["kind"] not in _KINDS:
        raise BesideError(f"{where}: kind is one of {', '.join(_KINDS)}")


def with_defaults(given: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The tables given, the project's own policies behind the tenant's."""
    policies = [read_file(DEFAULT_POLICIES, "payer_policies")]
    if "payer_policies" in given:
        own = given["payer_policies"].select(arrow("payer_policies").names).cast(arrow("payer_policies"))
        codes = set(own["filing_code"].to_pylist()) - {None}
        kept = [code not in codes for code in policies[0]["filing_code"].to_pylist()]
        policies = [own, policies[0].filter(pa.array(kept))]
    out = {**given, "payer_policies": pa.concat_tables(policies)}
    listed = policies[0]["payer_id"].drop_null()
    return {**out, "payer_list": pa.table({"payer_id": listed.unique()})} if len(listed) else out


def conformed(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Those of `TABLES` that are given; an eligibility extract becomes `coverage`."""
    # A reader of claims gives the other tables of its schema empty: that says nothing of payers' answers.
    tables = {name: tables[name] for name in TABLES if name in tables and (tables[name].num_rows or name in _OWN)}
    out = {name: table for name, table in tables.items() if name != "eligibility"}
    if "eligibility" in tables and "coverage" not in out:
        extract = tables["eligibility"]
        member = "subscriber_key" if "subscriber_key" in extract.column_names else "member_id"
        data = {
            field.name: extract[field.name].cast(field.type)
            if field.name in extract.column_names
            else pa.nulls(extract.num_rows, field.type)
            for field in COVERAGE
        }
        out["coverage"] = pa.table({**data, "member_id": extract[member]}, schema=COVERAGE)
    return out


# 271 answers as `COVERAGE`: payer, member and dates that stand above or below each benefit.
_ANSWERS = """
WITH party AS (SELECT * FROM detail_parties WHERE transaction_type = '271'),
said AS (
    SELECT file_id, byte_offset, transaction_ordinal, benefit_code, service_type_code, insurance_type_code, period_code,
        amount, quantity, procedure_code, NULL AS reject_reason_code
    FROM detail_benefits WHERE transaction_type = '271'
    UNION ALL
    SELECT file_id, byte_offset, transaction_ordinal, NULL, NULL, NULL, NULL, NULL, NULL, NULL, reject_reason_code
    FROM detail_rejections WHERE transaction_type = '271'
),
placed AS (
    SELECT said.*, payer.party_id AS payer_id, member.party_id AS member_id, member.party_last_name AS last_name,
        member.party_birth_date AS birth_date, member.byte_offset AS member_at, payer.byte_offset AS payer_at,
        lead(said.byte_offset) OVER (PARTITION BY said.file_id ORDER BY said.byte_offset) AS next_at
    FROM said
    ASOF JOIN (SELECT * FROM party WHERE entity_code IN ('PR', '2B', '36', 'GP', 'P5')) payer
        ON payer.file_id = said.file_id AND payer.byte_offset <= said.byte_offset
    ASOF JOIN (SELECT * FROM party WHERE entity_code = 'IL') member
        ON member.file_id = said.file_id AND member.byte_offset <= said.byte_offset
)
SELECT placed.member_id, placed.payer_id, placed.benefit_code, placed.service_type_code, placed.insurance_type_code,
    placed.period_code, placed.amount, placed.quantity, placed.procedure_code,
    coalesce(min(own.from_date), min(plan.from_date)) AS coverage_from_date,
    coalesce(max(own.through_date), max(plan.through_date)) AS coverage_through_date,
    NULL AS payer_responsibility_code, any_value(t.created_date) AS checked_date, placed.reject_reason_code,
    placed.last_name, placed.birth_date, any_value(provider.party_id) AS provider_npi
FROM placed
JOIN transactions t ON t.file_id = placed.file_id AND t.transaction_ordinal = placed.transaction_ordinal
LEFT JOIN day own ON own.file_id = placed.file_id AND own.byte_offset > placed.byte_offset
    AND own.byte_offset < coalesce(placed.next_at, 9223372036854775807) AND own.loop_id IN ('2110C', '2110D')
    AND own.transaction_ordinal = placed.transaction_ordinal
LEFT JOIN day plan ON plan.file_id = placed.file_id AND plan.byte_offset > placed.member_at
    AND plan.byte_offset < placed.byte_offset AND plan.loop_id IN ('2100C', '2100D')
LEFT JOIN party provider ON provider.file_id = placed.file_id AND provider.byte_offset > placed.byte_offset
    AND provider.byte_offset < coalesce(placed.next_at, 9223372036854775807) AND provider.id_qualifier = 'XX'
    AND provider.transaction_ordinal = placed.transaction_ordinal
WHERE placed.member_at > placed.payer_at
GROUP BY ALL
"""
# DTP01 of a 271: a period is one range, or its begin and its end apart.
_DAYS = """
SELECT file_id, byte_offset, transaction_ordinal, loop_id,
    CASE WHEN qualifier IN ('291', '292', '307', '346', '348', '356') THEN from_date END AS from_date,
    CASE WHEN qualifier IN ('347', '349', '357') THEN from_date
        WHEN qualifier IN ('291', '292', '307') THEN through_date END AS through_date
FROM detail_dates WHERE transaction_type = '271'
"""


def coverage_of_answers(tables: Mapping[str, pa.Table]) -> pa.Table:
    """271 answers as `COVERAGE`, from what a reader gave with its detail tables."""
    names = ("detail_parties", "detail_benefits", "detail_rejections", "detail_dates", "transactions")
    with duckdb.connect() as connection:
        for name in names:
            connection.register(name, tables.get(name, schema.empty(name)))
        connection.execute(f"CREATE TEMP TABLE day AS {_DAYS}")
        found = connection.sql(_ANSWERS).to_arrow_table()
    return found.cast(COVERAGE)


@dataclass(frozen=True)
class Alias:
    """What stands beside a claim or a line: the tables it needs, its columns, and its SQL by what is given."""

    needs: tuple[str, ...]
    columns: dict[str, str]
    sql: Callable[["Given"], str]
    # Columns of other aliases that the SQL reads.
    reads: frozenset[tuple[str, str]] = frozenset()
    # What finds the row: table, token, number in clear; either must be given.
    keys: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Given:
    """Which columns the tables have, and whether there is a history."""

    columns: Mapping[str, frozenset[str]]
    has_history: bool

    def either(self, table: str, key: str, clear: str) -> str:
        """The token where the table has it, else the number in clear."""
        return key if key in self.columns.get(table, frozenset()) else clear


def _policy(_: Given) -> str:
    names = [name for name in TENANT_TABLES["payer_policies"] if name not in ("payer_id", "filing_code", *_WINDOW)]
    merged = ", ".join(f"coalesce(own.{name}, shared.{name}) AS {name}" for name in names)
    held = (
        "claim.first_service_date >= coalesce({0}.effective_from, claim.first_service_date) "
        "AND claim.first_service_date <= coalesce({0}.effective_to, claim.first_service_date)"
    )
    limit = [f"coalesce(own.{name}, shared.{name})" for name in ("filing_limit_months", "filing_limit_days")]
    return (
        f"SELECT claim.claim_row, {merged}, CASE WHEN {limit[0]} IS NOT NULL OR {limit[1]} IS NOT NULL THEN "
        "CAST(CASE WHEN coalesce(own.counts_from, shared.counts_from) = 'first' THEN claim.first_service_date "
        f"ELSE claim.last_service_date END + to_months(coalesce({limit[0]}, 0)) + to_days(coalesce({limit[1]}, 0)) "
        "AS DATE) END AS last_filing_day FROM claim LEFT JOIN in_payer_policies own ON own.payer_id = claim.payer_id "
        f"AND {held.format('own')} LEFT JOIN in_payer_policies shared ON shared.filing_code = claim.claim_filing_code "
        f"AND {held.format('shared')}"
    )


def _listing(_: Given) -> str:
    return (
        "SELECT claim.claim_row, raw.payer_id IS NOT NULL AS is_listed FROM claim "
        "LEFT JOIN in_payer_list raw ON raw.payer_id = claim.payer_id"
    )


def _coverage(given: Given) -> str:
    member = given.either("claims", "subscriber_key", "subscriber_member_id")
    end = "coalesce(raw.coverage_through_date, DATE '9999-12-31')"
    span = "coalesce(raw.benefit_code, '1') IN ('1', '2', '3', '4', '5') AND raw.coverage_from_date IS NOT NULL"
    first = f"claim.first_service_date BETWEEN coalesce(raw.coverage_from_date, claim.first_service_date) AND {end}"
    last = f"claim.last_service_date BETWEEN raw.coverage_from_date AND {end}"
    columns = {
        "has_span": f"bool_or({span})",
        "is_active_first": f"coalesce(bool_or({span} AND {first}), false)",
        "is_active_last": f"coalesce(bool_or({span} AND {last}), false)",
        "first_day": f"min(raw.coverage_from_date) FILTER (WHERE {span})",
        "last_day": f"max({end}) FILTER (WHERE {span})",
        "checked_date": "max(raw.checked_date)",
        "responsibility": f"min(raw.payer_responsibility_code) FILTER (WHERE {span} AND {first})",
        "is_not_found": "coalesce(bool_or(raw.reject_reason_code IN ('67', '75')), false)",
        "is_mismatched": "coalesce(bool_or(raw.reject_reason_code IN ('71', '72', '73')), false)",
        "last_name": "any_value(raw.last_name)",
        "birth_date": "any_value(raw.birth_date)",
        "has_advantage_plan": "coalesce(bool_or(raw.benefit_code = 'R' AND raw.insurance_type_code IN "
        f"('HM', 'HN', 'IN', 'PR', 'PS') AND {first}), false)",
        "has_other_payer": "coalesce(bool_or(raw.benefit_code = 'R' AND coalesce(raw.insurance_type_code, '') NOT IN "
        f"('HM', 'HN', 'IN', 'PR', 'PS', 'OT') AND {first}), false)",
        "in_hospice": "coalesce(bool_or(raw.benefit_code = 'X' AND raw.service_type_code = '45' "
        f"AND raw.coverage_from_date IS NOT NULL AND {first}), false)",
        "is_qualified_beneficiary": f"coalesce(bool_or(raw.insurance_type_code = 'QM' AND {first}), false)",
        "has_part_a": f"coalesce(bool_or({span} AND raw.insurance_type_code = 'MA' AND {first}), false)",
        "has_part_b": f"coalesce(bool_or({span} AND raw.insurance_type_code = 'MB' AND {first}), false)",
        "has_spend_down": f"coalesce(bool_or(raw.benefit_code = 'Y' AND raw.amount > 0 AND {first}), false)",
        "exhausted_codes": "list(raw.procedure_code) FILTER (WHERE raw.benefit_code = 'F' AND raw.period_code = '29' "
        "AND coalesce(raw.quantity, raw.amount) = 0 AND raw.procedure_code IS NOT NULL)",
        "excluded_codes": "list(raw.procedure_code) FILTER (WHERE raw.benefit_code = 'I' "
        "AND raw.procedure_code IS NOT NULL)",
        "primary_care_npi": f"any_value(raw.provider_npi) FILTER (WHERE raw.benefit_code = 'L' AND {first})",
    }
    selected = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    return (
        f"SELECT claim.claim_row, {selected} FROM claim JOIN in_claim sent ON sent.claim_row = claim.claim_row "
        f"JOIN in_coverage raw ON raw.member_id = sent.{member} AND raw.payer_id = sent.payer_id "
        "GROUP BY claim.claim_row"
    )


def _authorization(given: Given) -> str:
    number = given.either("claims", "authorization_key", "prior_authorization_number")
    own = given.either("authorizations", "authorization_key", "authorization_number")
    member = given.either("claims", "subscriber_key", "subscriber_member_id")
    its_member = given.either("authorizations", "subscriber_key", "member_id")
    covers = "(raw.procedure_code IS NULL OR raw.procedure_code = line.procedure_code)"
    sources = [("in_line", "in_claim"), *([("past_line", "past_claim")] if given.has_history else [])]
    used = " UNION ALL ".join(
        f"SELECT coalesce(l.{number}, c.{number}) AS number, l.procedure_code, l.unit_count FROM {lines} l "
        f"JOIN {claims} c ON c.claim_row = l.claim_row WHERE c.frequency_code = '1'"
        for lines, claims in sources
    )
    return (
        f"WITH used AS (SELECT number, procedure_code, sum(unit_count) AS units FROM ({used}) WHERE number IS NOT NULL "
        "GROUP BY ALL) SELECT line.claim_row, line.line_number, "
        f"bool_or(raw.{its_member} = sent.{member}) AS is_of_member, bool_or({covers}) AS covers_procedure, "
        f"coalesce(bool_or({covers} AND line.service_date >= coalesce(raw.valid_from_date, line.service_date) "
        "AND line.last_service_date <= coalesce(raw.valid_through_date, line.last_service_date)), false) AS is_valid, "
        f"max(raw.approved_units) FILTER (WHERE {covers}) AS approved_units, any_value(used.units) AS used_units, "
        "min(raw.issued_date) AS issued_date "
        "FROM line JOIN in_line own ON own.claim_row = line.claim_row AND own.line_number = line.line_number "
        "JOIN in_claim sent ON sent.claim_row = line.claim_row "
        f"JOIN in_authorizations raw ON raw.{own} = coalesce(own.{number}, sent.{number}) "
        "AND raw.payer_id = sent.payer_id "
        f"LEFT JOIN used ON used.number = raw.{own} AND used.procedure_code = line.procedure_code "
        "GROUP BY line.claim_row, line.line_number"
    )


def _record(given: Given) -> str:
    held = (
        "coalesce(asked.day >= coalesce(raw.effective_from, asked.day) "
        "AND asked.day <= coalesce(raw.effective_to, asked.day), false)"
    )
    of_payer = "(raw.payer_id IS NULL OR raw.payer_id = asked.payer_id)"
    columns = {
        "is_enrolled": f"raw.kind = 'enrolled' AND {of_payer} AND {held}",
        "is_enrolled_with_tax_id": f"raw.kind = 'enrolled' AND {of_payer} AND {held} AND raw.tax_id = asked.tax_id",
        "has_tax_id": f"raw.kind = 'enrolled' AND {of_payer} AND {held} AND raw.tax_id IS NOT NULL",
        "is_in_network": f"raw.kind = 'in_network' AND {of_payer} AND {held}",
        "has_license": "raw.kind = 'licensed'",
        "is_licensed": f"raw.kind = 'licensed' AND raw.state = asked.state AND {held}",
        "may_order": f"raw.kind = 'may_order' AND {held}",
        "is_excluded": f"raw.kind = 'excluded' AND {held}",
        "is_opted_out": f"raw.kind = 'opted_out' AND {held}",
        "is_deactivated": f"raw.kind = 'deactivated' AND {held}",
    }
    selected = ", ".join(f"coalesce(bool_or({sql}), false) AS {name}" for name, sql in columns.items())
    lists = {"enrolled": "payer_lists_enrolled", "in_network": "payer_lists_in_network"}
    listed = ", ".join(f"bool_or(of_{kind}.payer_id IS NOT NULL) AS {name}" for kind, name in lists.items())
    joined = " ".join(
        f"LEFT JOIN (SELECT DISTINCT kept.payer_id FROM in_provider_records kept WHERE kept.kind = '{kind}') of_{kind} "
        f"ON of_{kind}.payer_id = asked.payer_id"
        for kind in lists
    )
    tax_id = "sent.billing_provider_tax_id" if "billing_provider_tax_id" in given.columns["claims"] else "NULL"
    return (
        "WITH asked AS (SELECT DISTINCT npi.claim_row, npi.value, sent.payer_id, claim.first_service_date AS day, "
        f"{tax_id} AS tax_id, sent.billing_provider_state AS state FROM npi "
        "JOIN claim ON claim.claim_row = npi.claim_row JOIN in_claim sent ON sent.claim_row = npi.claim_row) "
        f"SELECT asked.claim_row, asked.value, {selected}, {listed}, bool_or(orders.kind IS NOT NULL) AS lists_orders "
        f"FROM asked LEFT JOIN in_provider_records raw ON raw.npi = asked.value {joined} "
        "LEFT JOIN (SELECT DISTINCT kept.kind FROM in_provider_records kept) orders ON orders.kind = 'may_order' "
        "GROUP BY asked.claim_row, asked.value"
    )


def _answer(given: Given) -> str:
    account = given.either("claims", "claim_key", "patient_control_number")
    own = given.either("remittance_claims", "claim_key", "patient_control_number")
    number = given.either("remittance_claims", "payer_claim_key", "payer_claim_control_number")
    sent = given.either("claims", "payer_claim_key", "payer_claim_control_number")
    paid = "raw.claim_status_code IN ({}) AND raw.payment_amount > 0"
    return (
        "SELECT claim.claim_row, "
        f"coalesce(bool_or({paid.format(repr('1') + ', ' + repr('19'))}), false) AS is_paid_as_primary, "
        f"coalesce(bool_or({paid.format(repr('2') + ', ' + repr('20'))}), false) AS is_paid_as_secondary, "
        "coalesce(bool_or(raw.claim_status_code = '22'), false) AS is_reversed, "
        "coalesce(bool_or(raw.claim_status_code IN ('19', '20', '21')), false) AS is_forwarded, "
        "list(DISTINCT raw.crossover_payer_id) FILTER (WHERE raw.crossover_payer_id IS NOT NULL) AS forwarded_to, "
        f"coalesce(bool_or(raw.{number} = sent.{sent}), false) AS knows_replaced_number "
        "FROM claim JOIN in_claim sent ON sent.claim_row = claim.claim_row "
        f"JOIN in_remittance_claims raw ON raw.{own} = sent.{account} GROUP BY claim.claim_row"
    )


def _receipt(given: Given) -> str:
    account = given.either("claims", "claim_key", "patient_control_number")
    own = given.either("claim_statuses", "claim_key", "patient_control_number")
    paid = given.either("remittance_claims", "claim_key", "patient_control_number")
    return (
        "SELECT claim.claim_row, coalesce(bool_or(raw.category_code IN ('A1', 'A2')), false) AS is_accepted, "
        "max(raw.effective_date) FILTER (WHERE raw.category_code IN ('A1', 'A2')) AS accepted_date, "
        "coalesce(bool_or(answered.account IS NOT NULL), false) AS is_answered "
        "FROM claim JOIN in_claim sent ON sent.claim_row = claim.claim_row "
        f"LEFT JOIN in_claim_statuses raw ON raw.{own} = sent.{account} "
        f"LEFT JOIN (SELECT DISTINCT paid.{paid} AS account FROM in_remittance_claims paid) answered "
        f"ON answered.account = sent.{account} GROUP BY claim.claim_row"
    )


def _before(given: Given) -> str:
    account = given.either("claims", "claim_key", "patient_control_number")
    number = given.either("claims", "payer_claim_key", "payer_claim_control_number")
    patient = (
        "c.patient_key"
        if "patient_key" in given.columns.get("claims", frozenset())
        else "concat_ws('|', upper(c.patient_last_name), upper(c.patient_first_name), c.patient_birth_date)"
    )
    said = (
        f"c.{account} AS account, {patient} AS patient, c.{number} AS number, c.frequency_code, c.payer_id, "
        "c.claim_type, c.billing_provider_npi, c.total_charge_amount, c.payer_responsibility_code"
    )
    parts = [f"SELECT c.claim_row, {said} FROM in_claim c"]
    if given.has_history:
        parts.append(f"SELECT -1 AS claim_row, {said} FROM past_claim c")
    return (
        f"WITH sent AS ({' UNION ALL '.join(parts)}) SELECT mine.claim_row, other.frequency_code, other.payer_id, "
        "other.claim_type, other.billing_provider_npi, other.total_charge_amount, other.payer_responsibility_code, "
        "other.patient = mine.patient AS is_same_patient, other.number = mine.number AS is_same_number "
        "FROM sent mine JOIN sent other ON other.account = mine.account AND other.claim_row < mine.claim_row "
        "WHERE mine.claim_row >= 0"
    )


def _window(source: str, keys: str) -> Callable[[Given], str]:
    names = [name for name in TENANT_TABLES[source] if name not in _WINDOW]
    selected = ", ".join(f"raw.{name}" for name in names)
    return lambda _: (
        f"SELECT line.claim_row, line.line_number, {selected} FROM line "
        f"JOIN claim ON claim.claim_row = line.claim_row JOIN in_{source} raw ON {keys} "
        "AND line.service_date >= coalesce(raw.effective_from, line.service_date) "
        "AND line.service_date <= coalesce(raw.effective_to, line.service_date)"
    )


def _price(_: Given) -> str:
    return (
        "SELECT line.claim_row, line.line_number, raw.medicare_amount FROM line JOIN in_line own "
        "ON own.claim_row = line.claim_row AND own.line_number = line.line_number JOIN in_priced_lines raw "
        "ON raw.file_id = own.file_id AND raw.claim_ordinal = own.claim_ordinal AND raw.line_number = own.line_number"
    )


def _told(source: str) -> dict[str, str]:
    return {name: text for name, (_, text) in TENANT_TABLES[source].items() if name not in _WINDOW}


_DATED = frozenset((("claim", "first_service_date"), ("claim", "last_service_date")))
ALIASES: dict[str, Alias] = {
    "policy": Alias(
        ("payer_policies",),
        {
            **{k: v for k, v in _told("payer_policies").items() if k not in ("payer_id", "filing_code")},
            "last_filing_day": "Last day on which the payer must have the claim",
        },
        _policy,
        _DATED | {("claim", "payer_id"), ("claim", "claim_filing_code")},
    ),
    "listing": Alias(
        ("payer_list",),
        {"is_listed": "The tenant has a policy of the payer"},
        _listing,
        frozenset((("claim", "payer_id"),)),
    ),
    "coverage": Alias(
        ("coverage",),
        {
            "has_span": "There is a statement of active coverage with days",
            "is_active_first": "Coverage is active on the first day of service",
            "is_active_last": "Coverage is active on the last day of service",
            "first_day": "First day of any coverage",
            "last_day": "Last day of any coverage",
            "checked_date": "Latest day on which the payer answered",
            "responsibility": "Place in the order of payers on the first day, as the payer knows it",
            "is_not_found": "The payer does not find the member (AAA03 67, 75)",
            "is_mismatched": "Number, name or birth date are not the member's (AAA03 71, 72, 73)",
            "last_name": "The member's last name as the payer has it",
            "birth_date": "The member's date of birth as the payer has it",
            "has_advantage_plan": "Medicare names a Medicare Advantage plan on the first day (EB01 R)",
            "has_other_payer": "The payer names another payer on the first day (EB01 R)",
            "in_hospice": "A hospice election holds on the first day (EB01 X, EB03 45)",
            "is_qualified_beneficiary": "The patient is a qualified Medicare beneficiary (EB04 QM)",
            "has_part_a": "Part A is active on the first day (EB04 MA)",
            "has_part_b": "Part B is active on the first day (EB04 MB)",
            "has_spend_down": "A spend-down is open (EB01 Y)",
            "exhausted_codes": "Codes whose limit has nothing left (EB01 F, EB06 29)",
            "excluded_codes": "Codes that are not covered (EB01 I)",
            "primary_care_npi": "The member's primary care provider (EB01 L)",
        },
        _coverage,
        _DATED,
        (("claims", "subscriber_key", "subscriber_member_id"),),
    ),
    # `authorization` is a word of SQL.
    "permit": Alias(
        ("authorizations",),
        {
            "is_of_member": "The authorization that the line or claim names is the subscriber's",
            "covers_procedure": "It is for the line's procedure, or for none in particular",
            "is_valid": "It is for the procedure and holds on all days of the line",
            "approved_units": "Units approved",
            "used_units": "Units of all original claims known under this number and procedure",
            "issued_date": "Day on which the payer issued it",
        },
        _authorization,
        frozenset((("line", "procedure_code"), ("line", "service_date"), ("line", "last_service_date"))),
        (
            ("claims", "authorization_key", "prior_authorization_number"),
            ("claim_lines", "authorization_key", "prior_authorization_number"),
            ("claims", "subscriber_key", "subscriber_member_id"),
        ),
    ),
    "demand": Alias(
        ("payer_requirements",),
        _told("payer_requirements"),
        _window(
            "payer_requirements",
            "raw.payer_id = claim.payer_id AND raw.procedure_code = line.procedure_code",
        ),
        frozenset((("line", "procedure_code"), ("line", "service_date"), ("claim", "payer_id"))),
    ),
    "charge": Alias(
        ("charge_master",),
        _told("charge_master"),
        _window("charge_master", "raw.code = coalesce(line.procedure_code, line.revenue_code)"),
        frozenset((("line", "procedure_code"), ("line", "revenue_code"), ("line", "service_date"))),
    ),
    "price": Alias(
        ("priced_lines",),
        {"medicare_amount": "Medicare's amount for the line before the lower of charge"},
        _price,
    ),
    "record": Alias(
        ("provider_records",),
        {
            "is_enrolled": "Enrolled with the payer on the first day of service",
            "is_enrolled_with_tax_id": "Enrolled under the claim's tax id",
            "has_tax_id": "Some enrolment with the payer names a tax id",
            "is_in_network": "In the payer's network",
            "has_license": "Some license is on record",
            "is_licensed": "Licensed in the billing provider's state",
            "may_order": "On the list of those who may order and refer",
            "is_excluded": "Excluded from federal programs",
            "is_opted_out": "Opted out of Medicare",
            "is_deactivated": "The NPI is deactivated",
            "payer_lists_enrolled": "Enrolments with this payer are kept at all",
            "payer_lists_in_network": "The network of this payer is kept at all",
            "lists_orders": "Those who may order are kept at all",
        },
        _record,
        frozenset((("claim", "first_service_date"),)),
    ),
    "answer": Alias(
        ("remittance_claims",),
        {
            "is_paid_as_primary": "A remittance paid the account as first payer",
            "is_paid_as_secondary": "A remittance paid the account as second payer",
            "is_reversed": "A remittance took a payment of the account back",
            "is_forwarded": "A payer forwarded the claim to another one (CLP02 19, 20, 21)",
            "forwarded_to": "Payers it was forwarded to, where the remittance names them",
            "knows_replaced_number": "A remittance of the account has the claim number that this claim replaces",
        },
        _answer,
        keys=(("claims", "claim_key", "patient_control_number"),),
    ),
    "receipt": Alias(
        ("claim_statuses", "remittance_claims"),
        {
            "is_accepted": "A 277CA acknowledged or accepted the account (A1, A2)",
            "accepted_date": "Latest day on which it did",
            "is_answered": "A remittance of the account has come",
        },
        _receipt,
        keys=(("claims", "claim_key", "patient_control_number"),),
    ),
    "before": Alias(
        (),
        {
            "frequency_code": "CLM05-3 of an earlier claim of the account",
            "payer_id": "Its payer",
            "claim_type": "Its type",
            "billing_provider_npi": "Its billing provider",
            "total_charge_amount": "Its total charge",
            "payer_responsibility_code": "Its payer's place in the order",
            "is_same_patient": "It is of the same patient",
            "is_same_number": "It replaces or voids the same claim number",
        },
        _before,
        keys=(("claims", "claim_key", "patient_control_number"),),
    ),
}
