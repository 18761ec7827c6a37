"""Reading a rule's expression: DuckDB's own parser gives the tree, an allow-list says what may stand in it.

Belongs here: parsing, the allow-list, which columns an expression names. Does not belong here: rules, execution.
What is checked is what runs: the text is parsed in the same parentheses in which the kernel puts it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

SCALARS = frozenset(
    [
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "||",
        "~~",
        "!~~",
        "abs",
        "ceil",
        "coalesce",
        "concat",
        "contains",
        "date_diff",
        "date_part",
        "date_sub",
        "day",
        "floor",
        "greatest",
        "ends_with",
        "least",
        "left",
        "len",
        "length",
        "lower",
        "list_aggregate",
        "list_any_value",
        "list_contains",
        "list_count",
        "list_distinct",
        "list_filter",
        "list_has_all",
        "list_has_any",
        "list_position",
        "list_slice",
        "list_sum",
        "list_transform",
        "list_value",
        "list_zip",
        "lpad",
        "ltrim",
        "month",
        "nullif",
        "prefix",
        "regexp_full_match",
        "regexp_matches",
        "replace",
        "right",
        "round",
        "rtrim",
        "starts_with",
        "strlen",
        "struct_extract",
        "substr",
        "substring",
        "suffix",
        "trim",
        "unnest",
        "upper",
        "year",
        "array_extract",
        "array_slice",
        "row",
        "make_date",
        "last_day",
        "to_days",
        "to_months",
        "to_years",
    ]
) - {"unnest"}
AGGREGATES = frozenset(["any_value", "bool_and", "bool_or", "count", "count_star", "list", "max", "min", "sum"])
_NODES = frozenset(
    [
        "BETWEEN",
        "CASE",
        "CAST",
        "COLUMN_REF",
        "COMPARISON",
        "CONJUNCTION",
        "CONSTANT",
        "FUNCTION",
        "LAMBDA",
        "OPERATOR",
        "TYPE",
    ]
)


class ExpressionError(ValueError):
    """An expression that cannot be a rule's; the text says why."""


@dataclass(frozen=True)
class Parsed:
    """An expression that passed: its text and the columns it names, as (alias, column)."""

    text: str
    columns: frozenset[tuple[str, str]]
    has_aggregate: bool


def in_parentheses(text: str) -> str:
    """The text as it stands in the SQL that runs; the line break ends a comment in it."""
    return f"(\n{text}\n)"


def parse(text: str, *, aggregates: bool = False) -> Parsed:
    """Parse one boolean expression over qualified columns.

    Args:
        text: SQL as DuckDB writes it, every column as `alias.column`.
        aggregates: aggregate functions may stand in it, once deep.

    Raises:
        ExpressionError: it is no single expression, or holds what the allow-list does not have.
    """
    connection = duckdb.connect()
    try:
        row = connection.execute("SELECT json_serialize_sql(?)", [f"SELECT {in_parentheses(text)}"]).fetchone()
    finally:
        connection.close()
    return _checked(text, json.loads(row[0] if row else "{}"), aggregates=aggregates)


def parse_all(texts: list[tuple[str, bool]]) -> list["Parsed | ExpressionError"]:
    """Parse many in one call: (text, whether aggregates may stand in it) each."""
    connection = duckdb.connect()
    try:
        rows = connection.execute(
            "SELECT json_serialize_sql(s) FROM (SELECT unnest($1) AS s, generate_subscripts($1, 1) AS n) ORDER BY n",
            [[f"SELECT {in_parentheses(text)}" for text, _ in texts]],
        ).fetchall()
    finally:
        connection.close()
    found: list[Parsed | ExpressionError] = []
    for (text, aggregates), (tree,) in zip(texts, rows, strict=True):
        try:
            found.append(_checked(text, json.loads(tree), aggregates=aggregates))
        except ExpressionError as error:
            found.append(error)
    return found


def _checked(text: str, tree: dict[str, Any], *, aggregates: bool) -> Parsed:
    if tree.get("error"):
        raise ExpressionError(f"does not parse: {str(tree.get('error_message')).splitlines()[0]}")
    statements = tree["statements"]
    node = statements[0]["node"]
    plain = (
        len(statements) == 1
        and node["type"] == "SELECT_NODE"
        and len(node["select_list"]) == 1
        and node["from_table"]["type"] == "EMPTY"
        and not any(node[part] for part in ("where_clause", "group_expressions", "having", "qualify", "sample"))
        and not node["modifiers"]
        and not node["cte_map"]["map"]
    )
    if not plain:
        raise ExpressionError("is more than one expression")
    columns: set[tuple[str, str]] = set()
    aggregate = False
    for one, bound, inside in _walk(node["select_list"][0], frozenset(), inside=False):
        kind = one["class"]
        if kind not in _NODES:
            raise ExpressionError(f"may not hold a {kind.lower().replace('_', ' ')}")
        if kind == "FUNCTION":
            name = one["function_name"]
            if name in AGGREGATES and aggregates and not inside:
                aggregate = True
            elif name in AGGREGATES:
                raise ExpressionError(f"may not aggregate here: {name}")
            elif name not in SCALARS:
                raise ExpressionError(f"may not call {name}")
        elif kind == "COLUMN_REF":
            names = one["column_names"]
            if len(names) == 1 and names[0] in bound:
                continue
            if names[0] in bound:
                continue
            if len(names) != 2:
                raise ExpressionError(f"names a column without its table: {'.'.join(names)}")
            columns.add((names[0], names[1]))
    return Parsed(text, frozenset(columns), aggregate)


def _walk(node: Any, bound: frozenset[str], *, inside: bool) -> Iterator[tuple[dict[str, Any], frozenset[str], bool]]:
    """Every expression node of the tree, with the names that lambdas around it bind and whether an aggregate is."""
    if isinstance(node, list):
        for one in node:
            yield from _walk(one, bound, inside=inside)
    elif isinstance(node, dict):
        if "class" in node:
            yield node, bound, inside
            if node["class"] == "FUNCTION" and node["function_name"] in AGGREGATES:
                inside = True
            if node["class"] == "LAMBDA":
                bound |= {
                    name
                    for one, _, _ in _walk(node["lhs"], bound, inside=inside)
                    for name in one.get("column_names", ())
                }
        for value in node.values():
            if isinstance(value, dict | list):
                yield from _walk(value, bound, inside=inside)


def columns_in(texts: list[str]) -> list[frozenset[tuple[str, str]]]:
    """The (alias, column) that each of these expressions of our own names; no allow-list."""
    connection = duckdb.connect()
    try:
        rows = connection.execute(
            "SELECT json_serialize_sql(s) FROM (SELECT unnest($1) AS s, generate_subscripts($1, 1) AS n) ORDER BY n",
            [[f"SELECT {in_parentheses(text)}" for text in texts]],
        ).fetchall()
    finally:
        connection.close()
    found = []
    for (tree,) in rows:
        nodes = _walk(json.loads(tree)["statements"][0]["node"]["select_list"][0], frozenset(), inside=False)
        references = (tuple(one["column_names"]) for one, _, _ in nodes if one["class"] == "COLUMN_REF")
        found.append(frozenset((names[0], names[1]) for names in references if len(names) == 2))
    return found
