"""Rule files to rules: reading, checking, layers. An authoring error is raised with its file and line.

Belongs here: what a rule file may hold and what a rule is. Does not belong here: running rules (`kernel`), what
expressions can see (`views`).

A file holds `rules:` and `overrides:`. An override belongs to a lower layer than the rule it names: it tightens it (a
second expression that fires as well), switches it off with a reason, or changes its severity.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from quality.scrub import expressions, views
from quality.scrub.expressions import ExpressionError, Parsed

BUILT_IN = Path(__file__).resolve().parent.parent / "rules"


class RuleError(ValueError):
    """A rule file that cannot be used; the message begins with file and line."""

    code = "RULE-AUTHORING"

    def __init__(self, path: Path, line: int, message: str) -> None:
        self.path, self.line = path, line
        super().__init__(f"{path.name}:{line}: {message}")


class Layer(StrEnum):
    """Who makes the rule, from the widest to the narrowest."""

    NATIONAL = "national"
    MEDICARE = "medicare"
    COMMERCIAL = "commercial"
    PAYER = "payer"
    TENANT = "tenant"


_DEPTH = {layer: depth for depth, layer in enumerate(Layer)}
SEVERITIES = ("error", "warning", "info")
SCOPES = ("field", "line", "claim", "set", "history")
CLAIM_TYPES = ("professional", "institutional", "dental")
# X12 element 1032: who pays under what kind of plan.
MEDICARE_FILING = ("MA", "MB")
COMMERCIAL_FILING = ("12", "13", "14", "15", "BL", "CI", "HM")

_REQUIRED = ("id", "category", "scope", "severity", "citation", "expression", "message", "fix", "fires", "passes")
_RULE_KEYS = {
    *_REQUIRED, "layer", "claim_types", "relation", "by", "at", "when", "carc", "rarc", "effective_from",
    "effective_through",
    "payers", "filing_codes", "tenants",
}  # fmt: skip
_OVERRIDE_KEYS = {"rule", "layer", "payers", "tenants", "filing_codes", "severity", "disabled", "reason", "tighten"}


@dataclass(frozen=True)
class Where:
    """Where a rule or an override stands in its file."""

    path: Path
    line: int


@dataclass(frozen=True)
class Reach:
    """For whom a rule or an override holds: its layer and, below Medicare and commercial, the payers or tenants."""

    layer: Layer
    payers: tuple[str, ...] = ()
    filing_codes: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()

    def condition(self) -> str | None:
        """SQL over `claim` that says whether a claim is reached; null where all of them are."""
        parts = []
        if self.layer is Layer.MEDICARE:
            parts.append(_is_in("claim.claim_filing_code", MEDICARE_FILING))
        if self.layer is Layer.COMMERCIAL:
            parts.append(_is_in("claim.claim_filing_code", COMMERCIAL_FILING))
        if self.payers:
            parts.append(_is_in("claim.payer_id", self.payers))
        if self.filing_codes:
            parts.append(_is_in("claim.claim_filing_code", self.filing_codes))
        return " AND ".join(parts) or None

    def holds_for(self, tenant: str | None) -> bool:
        """Whether it is about this tenant at all."""
        return not self.tenants or tenant in self.tenants


@dataclass(frozen=True)
class Rule:
    """One rule of the book. `examples` holds the claim that must fire and the one that must not."""

    id: str
    category: str
    scope: str
    severity: str
    citation: str
    expression: Parsed
    message: str
    fix: str
    reach: Reach
    relation: str
    where: Where
    when: Parsed | None = None
    claim_types: tuple[str, ...] = ()
    by: tuple[Parsed, ...] = ()
    at: Parsed | None = None
    carc: str | None = None
    rarc: str | None = None
    effective_from: date | None = None
    effective_through: date | None = None
    fires: dict[str, Any] = field(default_factory=dict)
    passes: dict[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> frozenset[tuple[str, str]]:
        """Every (alias, column) that the rule needs."""
        parts = [self.expression, *self.by, *([self.when] if self.when else []), *([self.at] if self.at else [])]
        return frozenset().union(*(part.columns for part in parts)) | _implied(self)


@dataclass(frozen=True)
class Override:
    """What a lower layer says of a rule. Exactly what is given changes: `severity`, `disabled`, or `tighten`."""

    rule: str
    reach: Reach
    where: Where
    severity: str | None = None
    disabled: bool = False
    reason: str | None = None
    tighten: Parsed | None = None


@dataclass(frozen=True)
class Rulebook:
    """Rules in the order of their files, and the overrides of lower layers."""

    rules: tuple[Rule, ...]
    overrides: tuple[Override, ...] = ()


def load_rules(folders: Sequence[Path] = ()) -> Rulebook:
    """The project's own rules and those of `folders`, checked together.

    A folder is read file by file in order of name (`*.yml`). Costs about a millisecond a rule.

    Raises:
        RuleError: a file says what no rule may; the message begins with file and line.
    """
    paths = [path for folder in (BUILT_IN, *folders) for path in sorted(folder.glob("*.yml"))]
    return read_rules(paths)


def read_rules(paths: Iterable[Path]) -> Rulebook:
    """The rules of these files alone, checked together. Raises RuleError."""
    entries: list[tuple[str, dict[str, Any], Where, dict[str, int]]] = []
    for path in paths:
        entries.extend(_entries(path))
    parsed = _parse_expressions(entries)
    rules: dict[str, Rule] = {}
    for number, (kind, entry, where, lines) in enumerate(entries):
        if kind == "rules":
            rule = _rule(entry, where, lines, parsed[number])
            if rule.id in rules:
                raise RuleError(
                    where.path, lines["id"], f"{rule.id} is also defined in {rules[rule.id].where.path.name}"
                )
            rules[rule.id] = rule
    overrides = [
        _override(entry, where, lines, parsed[number], rules)
        for number, (kind, entry, where, lines) in enumerate(entries)
        if kind == "overrides"
    ]
    return Rulebook(tuple(rules.values()), tuple(overrides))


def _entries(path: Path) -> list[tuple[str, dict[str, Any], Where, dict[str, int]]]:
    """The mappings of `rules:` and `overrides:` with the line of each key."""
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise RuleError(
            path, mark.line + 1 if mark else 1, f"is no YAML: {getattr(error, 'problem', error)}"
        ) from error
    if root is None:
        return []
    if not isinstance(root, yaml.MappingNode):
        raise RuleError(path, 1, "holds neither rules: nor overrides:")
    found = []
    for key, value in root.value:
        if key.value not in ("rules", "overrides") or not isinstance(value, yaml.SequenceNode):
            raise RuleError(path, key.start_mark.line + 1, f"knows rules: and overrides:, each a list, not {key.value}")
        for node in value.value:
            line = node.start_mark.line + 1
            if not isinstance(node, yaml.MappingNode):
                raise RuleError(path, line, "every entry is a mapping")
            lines: dict[str, int] = {}
            for name, content in node.value:
                if name.value in lines:
                    raise RuleError(path, name.start_mark.line + 1, f"says {name.value} twice")
                # A block of text begins on the line after its mark.
                lines[name.value] = content.start_mark.line + 1 + (getattr(content, "style", None) in ("|", ">"))
            found.append((key.value, _construct(node), Where(path, line), lines))
    return found


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _construct(node: yaml.Node) -> dict[str, Any]:
    constructor = yaml.constructor.SafeConstructor()
    built = constructor.construct_document(node)
    return built if isinstance(built, dict) else {}


def _texts(kind: str, entry: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """(key, expression, may aggregate) of everything in an entry that is an expression."""
    if kind == "overrides":
        return [("tighten", str(entry["tighten"]), True)] if entry.get("tighten") is not None else []
    grouped = bool(entry.get("by")) or entry.get("scope") == "set"
    texts = [
        (key, str(entry[key]), grouped and key == "expression")
        for key in ("expression", "when", "at")
        if entry.get(key) is not None
    ]
    return texts + [("by", str(one), False) for one in entry.get("by") or ()]


def _parse_expressions(entries: list[tuple[str, dict[str, Any], Where, dict[str, int]]]) -> list[list[Parsed]]:
    asked = [
        (number, key, text, aggregates)
        for number, (kind, entry, _, _) in enumerate(entries)
        for key, text, aggregates in _texts(kind, entry)
    ]
    answers = expressions.parse_all([(text, aggregates) for _, _, text, aggregates in asked])
    out: list[list[Parsed]] = [[] for _ in entries]
    for (number, key, _, _), answer in zip(asked, answers, strict=True):
        if isinstance(answer, ExpressionError):
            _, _, where, lines = entries[number]
            raise RuleError(where.path, lines[key], f"{key} {answer}")
        out[number].append(answer)
    return out


def _rule(entry: dict[str, Any], where: Where, lines: dict[str, int], parsed: list[Parsed]) -> Rule:
    path = where.path

    def refuse(key: str, message: str) -> RuleError:
        return RuleError(path, lines.get(key, where.line), message)

    for key in entry.keys() - _RULE_KEYS:
        raise refuse(key, f"knows no key {key}")
    for key in _REQUIRED:
        if entry.get(key) in (None, ""):
            raise refuse(key, f"{entry.get('id', 'a rule')} says no {key}")
    for key, allowed in (("severity", SEVERITIES), ("scope", SCOPES)):
        if entry[key] not in allowed:
            raise refuse(key, f"{key} is one of {', '.join(allowed)}, not {entry[key]}")
    claim_types = tuple(entry.get("claim_types") or ())
    if unknown := [one for one in claim_types if one not in CLAIM_TYPES]:
        raise refuse("claim_types", f"claim_types are of {', '.join(CLAIM_TYPES)}, not {unknown[0]}")
    relation = entry.get("relation") or {"claim": "claim", "field": "claim", "history": "history"}.get(
        entry["scope"], "line"
    )
    if relation not in views.RELATIONS:
        raise refuse("relation", f"relation is one of {', '.join(views.RELATIONS)}, not {relation}")
    if bool(views.EARLIER & set(views.RELATIONS[relation][1])) != (entry["scope"] == "history"):
        raise refuse("scope", "scope history and a relation that sees earlier lines go together")
    for key in ("fires", "passes"):
        if not isinstance(entry[key], dict):
            raise refuse(key, f"{key} is a claim: a mapping of base, claim, lines and the other tables")
    for key in ("effective_from", "effective_through"):
        if entry.get(key) is not None and not isinstance(entry[key], date):
            raise refuse(key, f"{key} is a date, as 2024-01-01")
    by_key: dict[str, list[Parsed]] = {}
    for (key, _, _), one in zip(_texts("rules", entry), parsed, strict=True):
        by_key.setdefault(key, []).append(one)
        for alias, column in one.columns:
            if alias not in views.RELATIONS[relation][1]:
                raise refuse(
                    key, f"{alias}.{column}: a rule on {relation} sees {', '.join(views.RELATIONS[relation][1])}"
                )
            if column not in views.columns(alias):
                raise refuse(key, f"{alias} has no column {column}")
    if entry["scope"] == "set" and not by_key["expression"][0].has_aggregate:
        raise refuse("expression", "a rule on a set compares the rows of a group: it needs an aggregate")
    return Rule(
        id=str(entry["id"]), category=str(entry["category"]), scope=entry["scope"], severity=entry["severity"],
        citation=str(entry["citation"]), expression=by_key["expression"][0], message=str(entry["message"]),
        fix=str(entry["fix"]), reach=_reach(entry, Layer.NATIONAL, refuse), relation=relation, where=where,
        when=by_key.get("when", [None])[0], claim_types=claim_types, by=tuple(by_key.get("by", ())),
        at=by_key.get("at", [None])[0], carc=_text(entry.get("carc")), rarc=_text(entry.get("rarc")),
        effective_from=entry.get("effective_from"), effective_through=entry.get("effective_through"),
        fires=entry["fires"], passes=entry["passes"],
    )  # fmt: skip


def _override(
    entry: dict[str, Any], where: Where, lines: dict[str, int], parsed: list[Parsed], rules: dict[str, Rule]
) -> Override:
    def refuse(key: str, message: str) -> RuleError:
        return RuleError(where.path, lines.get(key, where.line), message)

    for key in entry.keys() - _OVERRIDE_KEYS:
        raise refuse(key, f"knows no key {key}")
    rule = rules.get(str(entry.get("rule")))
    if rule is None:
        raise refuse("rule", f"there is no rule {entry.get('rule')}")
    reach = _reach(entry, None, refuse)
    if _DEPTH[reach.layer] <= _DEPTH[rule.reach.layer]:
        raise refuse("layer", f"{rule.id} is of layer {rule.reach.layer}: only a lower layer may change it")
    disabled, severity = bool(entry.get("disabled")), entry.get("severity")
    if disabled and not entry.get("reason"):
        raise refuse("disabled", "a rule is switched off with a reason")
    if not disabled and severity is None and not parsed:
        raise refuse("rule", "changes nothing: give severity, tighten, or disabled with a reason")
    if severity is not None and severity not in SEVERITIES:
        raise refuse("severity", f"severity is one of {', '.join(SEVERITIES)}, not {severity}")
    for alias, column in parsed[0].columns if parsed else ():
        if alias not in views.RELATIONS[rule.relation][1] or column not in views.columns(alias):
            raise refuse("tighten", f"{rule.id} sees no {alias}.{column}")
    return Override(
        rule.id, reach, where, severity, disabled, _text(entry.get("reason")), parsed[0] if parsed else None
    )


def _reach(entry: dict[str, Any], default: Layer | None, refuse: Any) -> Reach:
    try:
        layer = Layer(entry["layer"]) if "layer" in entry or default is None else default
    except (KeyError, ValueError):
        raise refuse("layer", f"layer is one of {', '.join(Layer)}, not {entry.get('layer')}") from None
    reach = Reach(
        layer,
        tuple(str(one) for one in entry.get("payers") or ()),
        tuple(str(one) for one in entry.get("filing_codes") or ()),
        tuple(str(one) for one in entry.get("tenants") or ()),
    )
    if layer is Layer.PAYER and not (reach.payers or reach.filing_codes):
        raise refuse("layer", "a rule of a payer names payers or filing_codes")
    if layer is Layer.TENANT and not reach.tenants:
        raise refuse("layer", "a rule of a tenant names tenants")
    return reach


def _implied(rule: Rule) -> frozenset[tuple[str, str]]:
    """Columns that the rule needs beyond its expressions: for its layer, its claim types, its dates."""
    named: set[tuple[str, str]] = set()
    if rule.reach.layer in (Layer.MEDICARE, Layer.COMMERCIAL) or rule.reach.filing_codes:
        named.add(("claim", "claim_filing_code"))
    if rule.reach.payers:
        named.add(("claim", "payer_id"))
    if rule.claim_types:
        named.add(("claim", "claim_type"))
    if rule.effective_from or rule.effective_through:
        named.add(("claim", "first_service_date"))
    return frozenset(named)


def _is_in(column: str, values: Iterable[str]) -> str:
    # The values are checked words of a rule file, quoted as SQL text.
    listed = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"{column} IN ({listed})"


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
