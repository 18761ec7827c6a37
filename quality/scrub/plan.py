"""From a rulebook to SQL: the tables that the rules see, and one wide pass for each relation and grouping.

Belongs here: text of SQL, which columns are needed and whether the given tables have them. Does not belong here:
execution, what a rule file may hold.

Every rule is one boolean column of its pass. A rule whose layer is overridden has a column for each variant that holds
for somebody, and the conditions of the variants exclude each other.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from quality.scrub import beside, diagnoses, expressions, views
from quality.scrub.expressions import in_parentheses
from quality.scrub.rulebook import (
    CLAIM_TYPES,
    COMMERCIAL_FILING,
    MEDICARE_FILING,
    Layer,
    Override,
    Rule,
    Rulebook,
)

# What a row of an alias is called on an edit, and the column that numbers it within its claim.
ORDINALS = {
    "claim": None,
    "line": "line.line_number",
    "code": "code.code_ordinal",
    "payer": "payer.other_payer_ordinal",
    "adjustment": "adjustment.adjustment_ordinal",
    "adjudication": "adjudication.adjudication_ordinal",
    "attachment": "attachment.detail_ordinal",
    "party": "party.detail_ordinal",
    "npi": None,
}
_LINES = {
    "line": "line.line_number",
    "adjustment": "adjustment.line_number",
    "adjudication": "adjudication.line_number",
    "attachment": "attachment.line_number",
    "party": "party.line_number",
    "npi": "npi.line_number",
}
_ALWAYS = {
    "claim": ("claim_type", "claim_filing_code", "payer_id"),
    "line": ("line_number",),
    "code": ("code_ordinal",),
    "payer": ("other_payer_ordinal",),
    "adjustment": ("adjustment_ordinal", "line_number"),
    "adjudication": ("adjudication_ordinal", "line_number"),
    "attachment": ("detail_ordinal", "line_number"),
    "party": ("detail_ordinal", "line_number"),
}
_WORD = re.compile(r"[a-z_][a-z_0-9]*")


@dataclass(frozen=True)
class Variant:
    """A rule as it holds for some claims: the boolean SQL of its column, and what an edit of it says."""

    rule: Rule
    sql: str
    severity: str
    layer: Layer


@dataclass(frozen=True)
class Pass:
    """One SELECT: `claim_row`, `line_number`, `part_ordinal`, then a column per variant.

    With `anchors`, variant n has its own line in column `l<n>`.
    """

    relation: str
    sql: str
    variants: tuple[Variant, ...]
    anchors: tuple[int, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What to run: the tables to make, in order, then the passes; and the rules left out, with the reason."""

    tables: dict[str, str]
    passes: tuple[Pass, ...]
    collected: tuple[str, ...]
    picked: tuple[tuple[str, str], ...]
    words: frozenset[str]  # every name in the SQL of the tables: columns of other names need not be there
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Present:
    """What kinds of claims there are to scrub; rules for other kinds need not be asked."""

    claim_types: frozenset[str]
    filing_codes: frozenset[str]

    def concerns(self, rule: Rule) -> bool:
        """Whether the rule can fire on any of these claims."""
        if rule.claim_types and not self.claim_types & set(rule.claim_types):
            return False
        asked = {Layer.MEDICARE: MEDICARE_FILING, Layer.COMMERCIAL: COMMERCIAL_FILING}.get(rule.reach.layer)
        asked = rule.reach.filing_codes or asked
        return not asked or bool(self.filing_codes & set(asked))


def make(
    book: Rulebook,
    given: Mapping[str, Iterable[str]],
    *,
    tenant: str | None,
    has_history: bool,
    has_reference: bool,
    present: Present | None = None,
) -> Plan:
    """The plan for tables with these columns (`given`: reader's table -> its columns).

    A rule that needs a column which is not given is left out and named: on the far side of the identity line names and
    addresses are gone, and a rule about them cannot be asked.
    """
    have = {name: frozenset(names) for name, names in given.items()}
    left_out: dict[str, str] = {}
    kept = []
    for rule in book.rules:
        if not rule.reach.holds_for(tenant):
            left_out[rule.id] = "is another tenant's"
        elif views.EARLIER & set(views.RELATIONS[rule.relation][1]) and not has_history:
            left_out[rule.id] = "no history is given"
        elif not has_reference and _needs_reference(rule):
            left_out[rule.id] = "no reference tables are given"
        elif absent := _beside_absent(rule, have):
            left_out[rule.id] = f"not given: {', '.join(absent)}"
        elif missing := sorted(_missing(_with_roles(rule, have), have)):
            left_out[rule.id] = f"not given: {', '.join(missing)}"
        elif present is None or present.concerns(rule):
            kept.append(rule)
    passes = _passes(kept, [one for one in book.overrides if one.reach.holds_for(tenant)])
    needed: dict[str, set[str]] = {alias: set(_ALWAYS[alias]) for alias in views.SOURCES}
    for rule in kept:
        for alias, column in _with_roles(rule, have):
            if alias in needed:
                needed[alias].add(column)
    relations = {one.relation for one in passes}
    used = {"claim"}.union(*(views.RELATIONS[one][1] for one in relations))
    if not used.isdisjoint(views.MADE):
        used.add("code")
    tables = {alias: _table(alias, needed[alias]) for alias in views.SOURCES if alias in used}
    if "npi" in used:
        tables["npi"] = _npi(have)
    if "earlier" in used:
        tables["claim"] = _table("claim", needed["claim"], patient=_patient(have))
        tables["earlier"] = _earlier(kept, have)
    what = beside.Given(have, has_history)
    tables |= {alias: one.sql(what) for alias, one in beside.ALIASES.items() if alias in used}
    if "icd" in used:
        tables["icd"] = diagnoses.ICD_SQL
    if "note" in used:
        tables["noted"] = diagnoses.NOTED_SQL
    if "pointed" in used:
        tables["icd"] = diagnoses.ICD_SQL
        tables["pointed"] = diagnoses.POINTED_SQL
    if "determination" in used:
        tables["determination"] = diagnoses.DETERMINATION_SQL
    picked = tuple(
        (alias, name)
        for alias, names in views.PICKED.items()
        if alias in used
        for name in sorted(needed[alias] & names.keys())
    )
    words = frozenset(_WORD.findall(" ".join(tables.values())))
    return Plan(tables, passes, tuple(sorted(needed["claim"] & views.COLLECTED.keys())), picked, words, left_out)


def _needs_reference(rule: Rule) -> bool:
    aliases = views.RELATIONS[rule.relation][1]
    seen = rule.columns | views.JOINED_BY.get(rule.relation, frozenset())
    official = views.REFERENCES.keys() | views.MADE.keys()
    return not official.isdisjoint(aliases) or any(_looks_up(*one) for one in seen)


@cache
def _looks_up(alias: str, name: str) -> bool:
    """Whether a column of an alias comes from the official tables."""
    if alias == "earlier":
        alias = "line" if name in views.EARLIER_LINE else "claim"
    derived = views.DERIVED.get("line" if alias == "other" else alias, {}).get(name)
    return derived is not None and any(f"{table}." in derived.sql for table in views.LOOKED_UP)


def _beside_absent(rule: Rule, have: Mapping[str, frozenset[str]]) -> list[str]:
    """Tables beside the claims, and keys to them, that the rule's relation needs and that are not given."""
    wanted = [beside.ALIASES[alias] for alias in views.RELATIONS[rule.relation][1] if alias in beside.ALIASES]
    absent = [name for one in wanted for name in one.needs if name not in have]
    keys = [key for one in wanted for key in one.keys if not have.get(key[0], frozenset()) & set(key[1:])]
    return absent + [f"{table}.{clear}" for table, _, clear in keys]


def _with_roles(rule: Rule, have: Mapping[str, frozenset[str]]) -> frozenset[tuple[str, str]]:
    relation = views.RELATIONS[rule.relation][1]
    if reads := frozenset().union(*(beside.ALIASES[alias].reads for alias in relation if alias in beside.ALIASES)):
        return rule.columns | reads | (set(_roles(have).values()) if "npi" in relation else frozenset())
    if rule.relation in views.JOINED_BY:
        seen = {(views.TWINS.get(alias, alias), column) for alias, column in rule.columns}
        return frozenset(seen) | views.JOINED_BY[rule.relation]
    if rule.relation != "npi":
        return rule.columns
    return rule.columns | set(_roles(have).values())


def _roles(have: Mapping[str, frozenset[str]]) -> dict[str, tuple[str, str]]:
    """The roles of NPIs that can be asked: those of detail tables only where these are given."""
    return {
        role: (alias, column)
        for role, (alias, column) in views.NPI_ROLES.items()
        if column not in views.PICKED[alias] or not _missing([(alias, column)], have)
    }


def _missing(columns: Iterable[tuple[str, str]], have: Mapping[str, frozenset[str]]) -> set[str]:
    """Reader's columns, as table.column, that these columns are made from and that are not given."""
    return {
        f"{table}.{column}"
        for alias, name in columns
        for table, column in _made_from(alias, name)
        if column not in have.get(table, frozenset())
    }


@cache
def _made_from(alias: str, name: str) -> frozenset[tuple[str, str]]:
    """The (reader's table, column) that a column of an alias comes from."""
    if alias == "npi" or alias in views.REFERENCES or alias in views.MADE or alias in beside.ALIASES:
        return frozenset()
    if alias == "earlier":
        return _made_from("line" if name in views.EARLIER_LINE else "claim", name)
    if alias == "claim" and name in views.COLLECTED:
        one = views.COLLECTED[name]
        return frozenset((views.SOURCES[one.alias], column) for column in (one.column, *_by_qualifier(one)))
    if picked := views.PICKED.get(alias, {}).get(name):
        return picked.made_from
    derived = views.DERIVED[alias].get(name)
    if derived is None:
        return frozenset({(views.SOURCES[alias], name)})
    return _references(alias, derived.sql)


def _by_qualifier(one: views.Collected) -> tuple[str, ...]:
    return ("qualifier",) if one.qualifiers else ()


def _references(alias: str, sql: str) -> frozenset[tuple[str, str]]:
    out: set[tuple[str, str]] = set()
    [columns] = expressions.columns_in([sql])
    for table, column in columns:
        if table == "raw":
            out.add((views.SOURCES[alias], column))
        elif table == "c":
            out.add(("claims", column))
        elif table == "t":
            out.add(("transactions", column))
        elif table.startswith("of_"):
            inner = table.removeprefix("of_")
            out |= _references(inner, views.SUMS[inner][column])
        elif table in views.LOOKED_UP and sql != views.LOOKED_UP[table]:
            out |= _references(alias, views.LOOKED_UP[table])
    return frozenset(out)


def _table(alias: str, columns: Iterable[str], patient: str | None = None) -> str:
    """The SELECT that makes the table of an alias from `in_<alias>`, `in_claim` and `in_transaction`."""
    own = "c" if alias == "claim" else "raw"
    selected = []
    for name in sorted(columns):
        derived = views.DERIVED[alias].get(name)
        selected.append(f"{derived.sql if derived else f'{own}.{name}'} AS {name}")
    if alias != "claim":
        return (
            f"SELECT c.claim_row, {', '.join(selected)} FROM in_{alias} raw "
            f"JOIN in_claim c ON raw.claim_row = c.claim_row{_looked_up(selected)}"
        )
    if patient:
        selected.append(f"{patient} AS patient")
    text = ", ".join(selected)
    joins = []
    for inner, sums in views.SUMS.items():
        wanted = [f"{sql} AS {name}" for name, sql in sums.items() if f"of_{inner}.{name}" in text]
        if wanted:
            joins.append(
                f"LEFT JOIN (SELECT raw.claim_row, {', '.join(wanted)} FROM in_{inner} raw GROUP BY raw.claim_row) "
                f"of_{inner} ON of_{inner}.claim_row = c.claim_row"
            )
    if "t.created_date" in text or "t.group_receiver_id" in text:
        joins.append(
            "LEFT JOIN in_transaction t ON t.file_id = c.file_id AND t.transaction_ordinal = c.transaction_ordinal"
        )
    return f"SELECT c.claim_row, {text} FROM in_claim c {' '.join(joins)}"


def _looked_up(selected: Iterable[str]) -> str:
    text = ", ".join(selected)
    return "".join(f" LEFT JOIN {name} ON {on}" for name, on in views.LOOKED_UP.items() if f"{name}." in text)


def _npi(have: Mapping[str, frozenset[str]]) -> str:
    parts = []
    for role, (alias, column) in _roles(have).items():
        if column in views.PICKED[alias] or column in have.get(views.SOURCES[alias], frozenset()):
            line = "line_number" if alias == "line" else "NULL::INTEGER"
            parts.append(f"SELECT claim_row, {line} AS line_number, '{role}' AS role, {column} AS npi FROM {alias}")
    return (
        f"WITH sent AS ({' UNION ALL '.join(parts)}), known AS (SELECT npi, {views.LUHN_SQL} AS passes_luhn "
        "FROM (SELECT DISTINCT npi FROM sent WHERE npi IS NOT NULL)) "
        "SELECT sent.claim_row, sent.line_number, sent.role, sent.npi AS value, known.passes_luhn "
        "FROM sent JOIN known USING (npi)"
    )


def _patient(have: Mapping[str, frozenset[str]]) -> str:
    if "patient_key" in have["claims"]:
        return "c.patient_key"
    return (
        "CASE WHEN c.subscriber_member_id IS NOT NULL THEN concat_ws('|', c.subscriber_member_id, "
        "upper(c.patient_last_name), upper(c.patient_first_name), c.patient_birth_date) END"
    )


def _earlier(rules: Sequence[Rule], have: Mapping[str, frozenset[str]]) -> str:
    """Lines of earlier claims: those of the history, and those of claims that stand before in the same tables."""
    wanted = sorted({column for rule in rules for alias, column in rule.columns if alias == "earlier"})
    selected = []
    for name in wanted:
        alias = "line" if name in views.EARLIER_LINE else "claim"
        derived = views.DERIVED[alias].get(name)
        own = "raw" if alias == "line" else "c"
        selected.append(f"{derived.sql if derived else f'{own}.{name}'} AS {name}")
    parts = [
        f"SELECT {row} AS claim_row, {_patient(have)} AS patient, {', '.join(selected)} "
        f"FROM {prefix}_line raw JOIN {prefix}_claim c ON raw.claim_row = c.claim_row{_looked_up(selected)}"
        for prefix, row in (("past", "-1"), ("in", "c.claim_row"))
    ]
    return " UNION ALL ".join(parts)


_OF_LINE = "{0}.claim_row = line.claim_row AND {0}.line_number = line.line_number"
_LINE_AND_CLAIM = "line JOIN claim ON claim.claim_row = line.claim_row"
_POLICY = "JOIN policy ON policy.claim_row = claim.claim_row"
_FROM = {
    "claim": "claim",
    "policy": f"claim {_POLICY}",
    "line_policy": f"{_LINE_AND_CLAIM} {_POLICY}",
    "payer_policy": f"payer JOIN claim ON claim.claim_row = payer.claim_row {_POLICY}",
    "adjusted_policy": f"adjustment JOIN claim ON claim.claim_row = adjustment.claim_row {_POLICY}",
    "listing": "claim JOIN listing ON listing.claim_row = claim.claim_row",
    "coverage": f"claim JOIN coverage ON coverage.claim_row = claim.claim_row {_POLICY}",
    "benefit": f"{_LINE_AND_CLAIM} JOIN coverage ON coverage.claim_row = claim.claim_row",
    "authorization": f"{_LINE_AND_CLAIM} JOIN permit ON {_OF_LINE.format('permit')} {_POLICY}",
    "demand": f"{_LINE_AND_CLAIM} JOIN demand ON {_OF_LINE.format('demand')}",
    "charge": f"{_LINE_AND_CLAIM} JOIN charge ON {_OF_LINE.format('charge')}",
    "price": f"{_LINE_AND_CLAIM} JOIN price ON {_OF_LINE.format('price')} {_POLICY}",
    "record": "npi JOIN claim ON claim.claim_row = npi.claim_row "
    "JOIN record ON record.claim_row = npi.claim_row AND record.value = npi.value",
    "answer": "claim JOIN answer ON answer.claim_row = claim.claim_row",
    "receipt": f"claim JOIN receipt ON receipt.claim_row = claim.claim_row {_POLICY}",
    "account": "claim JOIN before ON before.claim_row = claim.claim_row",
    "history": "line JOIN claim ON claim.claim_row = line.claim_row JOIN earlier ON earlier.patient = claim.patient "
    "AND earlier.claim_row < line.claim_row",
    "pair": "line JOIN claim ON claim.claim_row = line.claim_row JOIN line other ON other.claim_row = line.claim_row "
    "AND other.line_number <> line.line_number AND other.service_date = line.service_date "
    "AND other.rendering_npi IS NOT DISTINCT FROM line.rendering_npi JOIN ref_pair pair "
    "ON pair.column1_code = other.procedure_code AND pair.column2_code = line.procedure_code "
    "AND pair.setting = CASE claim.claim_type WHEN 'professional' THEN 'practitioner' ELSE 'outpatient_hospital' END "
    "AND line.service_date >= pair.effective_from "
    "AND line.service_date <= coalesce(pair.effective_to, line.service_date)",
    "earlier_pair": "line JOIN claim ON claim.claim_row = line.claim_row JOIN earlier "
    "ON earlier.patient = claim.patient AND earlier.claim_row < line.claim_row "
    "AND earlier.service_date = line.service_date AND earlier.claim_type = claim.claim_type "
    "AND earlier.rendering_npi IS NOT DISTINCT FROM line.rendering_npi JOIN ref_pair pair "
    "ON pair.column1_code = earlier.procedure_code AND pair.column2_code = line.procedure_code "
    "AND pair.setting = CASE claim.claim_type WHEN 'professional' THEN 'practitioner' ELSE 'outpatient_hospital' END "
    "AND line.service_date >= pair.effective_from "
    "AND line.service_date <= coalesce(pair.effective_to, line.service_date)",
    # Every primary code of an add-on line, with the line of the day that has it, if any.
    "add_on": "line JOIN claim ON claim.claim_row = line.claim_row JOIN ref_add_on add_on "
    "ON add_on.add_on_code = line.procedure_code AND line.service_date >= add_on.effective_from "
    "AND line.service_date <= coalesce(add_on.effective_to, line.service_date) "
    "LEFT JOIN line other ON other.claim_row = line.claim_row AND other.service_date = line.service_date "
    "AND other.procedure_code = add_on.primary_code",
    # A base endoscopy beside the others of its family.
    "endoscopy": "line JOIN claim ON claim.claim_row = line.claim_row JOIN line other "
    "ON other.claim_row = line.claim_row AND other.endoscopic_base_code = line.procedure_code "
    "AND other.line_number <> line.line_number AND other.service_date = line.service_date "
    "AND other.rendering_npi IS NOT DISTINCT FROM line.rendering_npi",
    # A diagnosis with what the code set of its day says of it.
    "icd": f"code JOIN claim ON claim.claim_row = code.claim_row AND code.category IS NOT NULL {diagnoses.ICD_JOIN}",
    # A diagnosis beside another one of the claim that a note of the tabular list under it names.
    "noted": "code JOIN claim ON claim.claim_row = code.claim_row JOIN code companion "
    "ON companion.claim_row = code.claim_row AND companion.code <> code.code "
    "AND companion.diagnosis_position IS NOT NULL AND code.diagnosis_position IS NOT NULL "
    "JOIN noted note ON note.code = code.code AND note.companion = companion.code "
    "AND claim.last_service_date BETWEEN note.effective_from AND note.effective_to",
    # A line with modifier LT or RT beside each diagnosis that it points to.
    "sided": "line JOIN claim ON claim.claim_row = line.claim_row JOIN pointed "
    "ON pointed.claim_row = line.claim_row AND pointed.line_number = line.line_number",
    # A Medicare line whose procedure determinations name, beside each diagnosis that it is for.
    "determined": "line JOIN claim ON claim.claim_row = line.claim_row JOIN determination "
    "ON determination.claim_row = line.claim_row AND determination.line_number = line.line_number",
    "settled": "adjudication JOIN claim ON claim.claim_row = adjudication.claim_row "
    "LEFT JOIN line ON line.claim_row = adjudication.claim_row AND line.line_number = adjudication.line_number "
    "LEFT JOIN (SELECT claim_row, line_number, payer_id, sum(amount) AS amount FROM adjustment "
    "WHERE line_number IS NOT NULL GROUP BY ALL) adjustment ON adjustment.claim_row = adjudication.claim_row "
    "AND adjustment.line_number = adjudication.line_number AND adjustment.payer_id = adjudication.payer_id",
    "adjudication": "adjudication JOIN claim ON claim.claim_row = adjudication.claim_row "
    "LEFT JOIN line ON line.claim_row = adjudication.claim_row AND line.line_number = adjudication.line_number",
}


def _from(relation: str) -> str:
    alias = views.RELATIONS[relation][0]
    return _FROM.get(relation, f"{alias} JOIN claim ON claim.claim_row = {alias}.claim_row")


def _passes(rules: Sequence[Rule], overrides: Sequence[Override]) -> tuple[Pass, ...]:
    by_rule: dict[str, list[Override]] = {}
    for one in overrides:
        by_rule.setdefault(one.rule, []).append(one)
    groups: dict[tuple[str, bool, tuple[str, ...]], list[Rule]] = {}
    for rule in rules:
        key = (rule.relation, rule.expression.has_aggregate, tuple(one.text for one in rule.by))
        groups.setdefault(key, []).append(rule)
    passes = []
    for (relation, grouped, by), members in groups.items():
        variants = [variant for rule in members for variant in _variants(rule, by_rule.get(rule.id, []), grouped)]
        if variants:
            passes.append(_pass(relation, grouped, by, tuple(variants)))
    return tuple(passes)


def _pass(relation: str, grouped: bool, by: tuple[str, ...], variants: tuple[Variant, ...]) -> Pass:
    alias = views.RELATIONS[relation][0]
    line, ordinal = _LINES.get(alias, "NULL::INTEGER"), ORDINALS[alias] or "NULL::INTEGER"
    head = f"{alias}.claim_row"
    flags = [f"{variant.sql} AS r{n}" for n, variant in enumerate(variants)]
    if not grouped:
        return Pass(relation, f"SELECT {head}, {line}, {ordinal}, {', '.join(flags)} FROM {_from(relation)}", variants)
    anchors = []
    for n, variant in enumerate(variants):
        if variant.rule.at is not None:
            flags.append(f"min({line}) FILTER (WHERE {in_parentheses(variant.rule.at.text)}) AS l{n}")
            anchors.append(n)
    where = f"min({line}), min({ordinal})" if by else "NULL::INTEGER, NULL::INTEGER"
    keys = ", ".join((head, *(in_parentheses(one) for one in by)))
    sql = f"SELECT {head}, {where}, {', '.join(flags)} FROM {_from(relation)} GROUP BY {keys}"
    return Pass(relation, sql, variants, tuple(anchors))


def _variants(rule: Rule, overrides: list[Override], grouped: bool) -> list[Variant]:
    """The rule as it is, where no override reaches; then each override, where no deeper one reaches."""
    depth = list(Layer)
    # Deepest first; of one layer the later in the files wins.
    ranked = [one for layer in reversed(depth) for one in reversed(overrides) if one.reach.layer is layer]
    out, taken = [], list[str]()
    for one in ranked:
        reaches = one.reach.condition() or "true"
        if not one.disabled:
            text = in_parentheses(rule.expression.text)
            if one.tighten:
                text = f"(coalesce({text}, false) OR {in_parentheses(one.tighten.text)})"
            conditions = [reaches, *(f"({other}) IS NOT TRUE" for other in taken)]
            sql = _column(rule, text, conditions, grouped)
            out.append(Variant(rule, sql, one.severity or rule.severity, one.reach.layer))
        taken.append(reaches)
    if "true" in taken:
        return out
    left = [f"({other}) IS NOT TRUE" for other in taken]
    plain = _column(rule, in_parentheses(rule.expression.text), left, grouped)
    return [Variant(rule, plain, rule.severity, rule.reach.layer), *out]


def _column(rule: Rule, text: str, conditions: list[str], grouped: bool) -> str:
    if reach := rule.reach.condition():
        conditions = [reach, *conditions]
    if rule.claim_types and set(rule.claim_types) != set(CLAIM_TYPES):
        conditions.append(f"claim.claim_type IN ({', '.join(repr(one) for one in rule.claim_types)})")
    if rule.effective_from:
        conditions.append(f"claim.first_service_date >= DATE '{rule.effective_from}'")
    if rule.effective_through:
        conditions.append(f"claim.first_service_date <= DATE '{rule.effective_through}'")
    if rule.when:
        conditions.append(in_parentheses(rule.when.text))
    if not conditions:
        return text
    joined = " AND ".join(conditions)
    # CASE evaluates the expression only on the rows that the conditions leave.
    return f"(bool_and({joined}) AND {text})" if grouped else f"CASE WHEN {joined} THEN {text} END"


def only(one: Pass, variants: Sequence[Variant]) -> Pass:
    """The pass with these of its variants."""
    rule = variants[0].rule
    return _pass(one.relation, rule.expression.has_aggregate, tuple(part.text for part in rule.by), tuple(variants))
