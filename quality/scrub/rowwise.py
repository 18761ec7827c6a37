"""The plan's own SQL, row by row in Python: a handful of claims answered in milliseconds.

Belongs here: the trees that the SQL of plans may hold, as closures; joins, groups, three-valued logic. Does not belong
here: what a function says of its values (`values`), rules, the SQL itself (`plan`), edits (`kernel`).

DuckDB plans a statement of a thousand expressions for tens of milliseconds whatever it runs over, so one claim costs
it as much as ten thousand. Here the tree that DuckDB's parser makes of the same text becomes closures, once; a claim
then costs what its rows cost. Nothing is guessed: a construct or a pair of types that this module does not know raises
`UnsupportedError`, and the kernel asks DuckDB instead. Tests hold both to the same edits on all examples of all rules.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from inspect import signature
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from quality.scrub import plan
from quality.scrub.plan import Pass, Plan, Variant
from quality.scrub.values import COMPARISONS, FUNCTIONS, UnsupportedError, cast, equal, same

Row = tuple[Any, ...]
Rows = list[Row]
Eval = Callable[[Any], Any]


@dataclass
class Source:
    """A table of the caller's: only columns that some expression names are read from it."""

    columns: dict[str, int] = field(default_factory=dict)

    def rows(self, table: pa.Table) -> Rows:
        """The rows of an Arrow table, as tuples of these columns."""
        if not self.columns:
            return [()] * table.num_rows
        return list(zip(*(table.column(name).to_pylist() for name in self.columns), strict=True))


class Index:
    """A big reference table, found by equality of some of its columns: sorted keys, no hash of all rows.

    Columns are numbered by their distinct values and put together to one integer of 64 bits; rows are read when found.
    About 0.3 s and 12 bytes a row for each set of key columns, on first use.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table.combine_chunks()
        self._keys: dict[tuple[str, ...], tuple[list[dict[Any, int]], list[int], Any, Any]] = {}

    def rows(self, columns: tuple[str, ...], key: Row, wanted: Sequence[str]) -> Rows:
        """The `wanted` columns of rows whose `columns` are equal to `key`."""
        numbers, sizes, ordered, order = self._keyed(columns)
        packed = 0
        for value, known, size in zip(key, numbers, sizes, strict=True):
            at = known.get(value)
            if at is None:
                return []
            packed = packed * size + at
        first, last = np.searchsorted(ordered, [packed, packed + 1])
        if first == last:
            return []
        found = self.table.take(pa.array(order[first:last]))
        return list(zip(*(found.column(name).to_pylist() for name in wanted), strict=True))

    def _keyed(self, columns: tuple[str, ...]) -> tuple[list[dict[Any, int]], list[int], Any, Any]:
        if columns not in self._keys:
            packed = np.zeros(self.table.num_rows, dtype=np.int64)
            known = np.ones(self.table.num_rows, dtype=bool)
            numbers, sizes = [], []
            for name in columns:
                encoded = self.table.column(name).combine_chunks()
                if isinstance(encoded, pa.ChunkedArray):
                    encoded = pa.concat_arrays(encoded.chunks)
                encoded = encoded.dictionary_encode()
                values = encoded.dictionary.to_pylist()
                known &= encoded.is_valid().to_numpy(zero_copy_only=False)
                packed = packed * len(values) + encoded.indices.fill_null(0).to_numpy()
                numbers.append({value: n for n, value in enumerate(values)})
                sizes.append(len(values))
            rows = np.flatnonzero(known)
            order = rows[np.argsort(packed[rows], kind="stable")]
            self._keys[columns] = (numbers, sizes, packed[order], order)
        return self._keys[columns]


Tables = Mapping[str, Any]  # name -> Rows of a source or a table made before, or an Index


@dataclass
class _Scope:
    """What a SELECT sees: alias -> its place in a row of the join, and its columns by place."""

    places: dict[str, int] = field(default_factory=dict)
    columns: list[Any] = field(default_factory=list)  # Source, or {column: place}
    bound: dict[str, int] = field(default_factory=dict)

    def at(self, names: list[str]) -> tuple[int, int]:
        if len(names) == 1:
            having = [alias for alias, place in self.places.items() if names[0] in _names(self.columns[place])]
            names = [*having, names[0]]
        if len(names) != 2 or names[0] not in self.places:
            raise UnsupportedError(f"the name {'.'.join(names)}")
        place = self.places[names[0]]
        columns = self.columns[place]
        if isinstance(columns, Source):
            return place, columns.columns.setdefault(names[1], len(columns.columns))
        if names[1] not in columns:
            raise UnsupportedError(f"the column {'.'.join(names)}")
        return place, columns[names[1]]


class Compiler:
    """Closures for SELECTs over named tables: `sources` are those that the caller fills, `indexes` the big ones."""

    def __init__(self, indexes: Iterable[str] = ()) -> None:
        self.sources: dict[str, Source] = {}
        self.made: dict[str, dict[str, int]] = {}
        self.unknown: dict[str, str] = {}  # tables that only the engine makes -> why
        self.indexes = frozenset(indexes)

    def select(self, node: dict[str, Any]) -> tuple[list[str], Callable[[Tables], Rows]]:
        """Names of the columns, and what runs."""
        if node["type"] == "SET_OPERATION_NODE":
            if node["setop_type"] != "UNION" or not node["setop_all"] or node["modifiers"]:
                raise UnsupportedError("a set operation")
            parts = [self.select(one) for one in node["children"]]
            runs = [run for _, run in parts]
            return parts[0][0], lambda tables: [row for run in runs for row in run(tables)]
        before: dict[str, Callable[[Tables], Rows]] = {}
        outer = dict(self.made)
        for one in node["cte_map"]["map"]:
            names, before[one["key"]] = self.select(one["value"]["query_node"])
            self.made[one["key"]] = {name: n for n, name in enumerate(names)}
        scope, envs = self.relation(node)
        grouped = self._keys(node, scope)
        outputs = [self.expression(one, scope, grouped=grouped is not None) for one in node["select_list"]]
        self.made = outer
        names = [one["alias"] or (one.get("column_names") or [""])[-1] for one in node["select_list"]]
        is_distinct = [one["type"] for one in node["modifiers"]] == ["DISTINCT_MODIFIER"]
        if node["modifiers"] and not is_distinct:
            raise UnsupportedError("an order")

        def run(tables: Tables) -> Rows:
            if before:
                tables = dict(tables)
                for name, make in before.items():
                    tables[name] = make(tables)
            rows: Any = envs(tables)
            if grouped is not None:
                rows = grouped(rows)
            out = [tuple([one(row) for one in outputs]) for row in rows]
            return list(dict.fromkeys(out)) if is_distinct else out

        return names, run

    def relation(self, node: dict[str, Any]) -> tuple[_Scope, Callable[[Tables], list[Any]]]:
        """What a SELECT is over: its scope, and what gives the rows of its joins after WHERE."""
        if node["type"] != "SELECT_NODE" or any(node[part] for part in ("having", "qualify", "sample")):
            raise UnsupportedError("such a SELECT")
        scope = _Scope()
        envs = self._from(node["from_table"], scope)
        if node["where_clause"]:
            keep = self.expression(node["where_clause"], scope)
            return scope, lambda tables: [env for env in envs(tables) if keep(env) is True]
        return scope, envs

    def _keys(self, node: dict[str, Any], scope: _Scope) -> Callable[[list[Any]], list[list[Any]]] | None:
        by = node["group_expressions"]
        if node["aggregate_handling"] == "FORCE_AGGREGATES":  # GROUP BY ALL
            by = [one for one in node["select_list"] if not _aggregates(one)]
        if not by:
            return None
        keys = [self.expression(one, scope) for one in by]

        def group(envs: list[Any]) -> list[list[Any]]:
            groups: dict[Any, list[Any]] = {}
            for env in envs:
                groups.setdefault(tuple([_hashable(key(env)) for key in keys]), []).append(env)
            return list(groups.values())

        return group

    def _table(self, node: dict[str, Any]) -> tuple[Any, Callable[[Tables], Any]]:
        """Columns of a table or subquery by place, and what gives its rows."""
        if node["type"] == "BASE_TABLE":
            name = node["table_name"]
            if name in self.unknown:
                raise UnsupportedError(f"table {name}: {self.unknown[name]}")
            columns = self.made[name] if name in self.made else self.sources.setdefault(name, Source())
            return columns, lambda tables: tables[name]
        if node["type"] == "SUBQUERY":
            names, run = self.select(node["subquery"]["node"])
            return {name: n for n, name in enumerate(names)}, run
        raise UnsupportedError(f"a {node['type']} to select from")

    def _from(self, node: dict[str, Any], scope: _Scope) -> Callable[[Tables], list[Any]]:
        if node["type"] != "JOIN":
            alias = node["alias"] or node.get("table_name", "")
            columns, rows = self._table(node)
            scope.places[alias] = len(scope.columns)
            scope.columns.append(columns)
            return lambda tables: [(row,) for row in rows(tables)]
        if node["join_type"] not in ("INNER", "LEFT") or node["ref_type"] != "REGULAR":
            raise UnsupportedError("such a join")
        left = self._from(node["left"], scope)
        seen = dict(scope.places)
        right_node = node["right"]
        alias = right_node["alias"] or right_node.get("table_name", "")
        columns, rows = self._table(right_node)
        scope.places[alias] = len(scope.columns)
        scope.columns.append(columns)
        equal, rest = self._conditions(node, alias, seen, scope)
        is_index = right_node["type"] == "BASE_TABLE" and right_node["table_name"] in self.indexes
        if is_index and not equal:
            raise UnsupportedError("a reference table without a key")
        return _joined(left, rows, columns, equal, rest, is_index, node["join_type"] == "LEFT")

    def _conditions(
        self, node: dict[str, Any], alias: str, seen: dict[str, int], scope: _Scope
    ) -> tuple[list[tuple[str, int, Eval]], list[Eval]]:
        """Equalities of a column of the joined table with something of those before, and the other conditions."""
        equal: list[tuple[str, int, Eval]] = []
        rest: list[Eval] = []
        for column in node["using_columns"]:
            before = next(reversed([one for one in seen if column in _names(scope.columns[seen[one]])]))
            side = {"class": "COLUMN_REF", "column_names": [before, column]}
            equal.append((column, scope.at([alias, column])[1], self.expression(side, scope)))
        for one in _conjuncts(node["condition"]):
            sides = [(one["left"], one["right"]), (one["right"], one["left"])] if one["type"] == "COMPARE_EQUAL" else []
            for mine, other in sides:
                if mine["class"] == "COLUMN_REF" and mine["column_names"][0] == alias and _aliases(other) <= set(seen):
                    place = scope.at(mine["column_names"])[1]
                    equal.append((mine["column_names"][1], place, self.expression(other, scope)))
                    break
            else:
                rest.append(self.expression(one, scope))
        return equal, rest

    def expression(self, node: dict[str, Any], scope: _Scope, *, grouped: bool = False) -> Eval:
        """A closure over a row of the join, or with `grouped` over the list of rows of a group."""

        def of(child: dict[str, Any]) -> Eval:
            return self.expression(child, scope, grouped=grouped)

        match node["class"]:
            case "COLUMN_REF":
                return _column(node["column_names"], scope, grouped)
            case "CONSTANT":
                return _always(_constant(node["literal"]))
            case "COMPARISON":
                return _compared(node["type"], of(node["left"]), of(node["right"]))
            case "BETWEEN":
                value, low, high = of(node["input"]), of(node["lower"]), of(node["upper"])
                least, most = COMPARISONS["COMPARE_GREATERTHANOREQUALTO"], COMPARISONS["COMPARE_LESSTHANOREQUALTO"]
                return lambda e: _all((least(v := value(e), low(e)), most(v, high(e))))
            case "CONJUNCTION":
                parts = [of(one) for one in node["children"]]
                return _and(parts) if node["type"] == "CONJUNCTION_AND" else _or(parts)
            case "CASE":
                checks = [(of(one["when_expr"]), of(one["then_expr"])) for one in node["case_checks"]]
                return _case(checks, of(node["else_expr"]) if node["else_expr"] else _always(None))
            case "CAST":
                return self._converted(node, of(node["child"]))
            case "OPERATOR":
                return _operator(node, [of(one) for one in node["children"]])
            case "FUNCTION":
                return self._function(node, scope, grouped)
        raise UnsupportedError(f"a {node['class'].lower()}")

    def _converted(self, node: dict[str, Any], value: Eval) -> Eval:
        kind = node["type_expr"]
        arguments = [int(one["expression"]["literal"]["text"] if "expression" in one else one["literal"]["text"])
                     for one in kind["children"]]  # fmt: skip
        convert = cast(kind["type_name"], arguments)
        is_try = node["try_cast"]
        if node["child"]["class"] == "CONSTANT" and (fixed := value(None)) is not None:
            return _always(convert(fixed))

        def run(e: Any) -> Any:
            v = value(e)
            if v is None:
                return None
            try:
                return convert(v)
            except ValueError:
                if is_try:
                    return None
                raise

        return run

    def _function(self, node: dict[str, Any], scope: _Scope, grouped: bool) -> Eval:
        name = node["function_name"]
        children = [one["expression"] for one in node["arguments"]]
        if node["order_bys"]["orders"]:
            raise UnsupportedError("an order of arguments")
        if name in _AGGREGATES:
            if not grouped:
                raise UnsupportedError(f"{name} of a row")
            inner = [self.expression(one, scope) for one in children]
            keep = self.expression(node["filter"], scope) if node["filter"] else None
            return _aggregated(name, inner, keep, node["distinct"])
        if name in ("list_filter", "list_transform"):
            return self._lambda(name, children, scope, grouped)
        values = [self.expression(one, scope, grouped=grouped) for one in children]
        return _called(name, values)

    def _lambda(self, name: str, children: list[dict[str, Any]], scope: _Scope, grouped: bool) -> Eval:
        if grouped or children[1]["class"] != "LAMBDA" or children[1]["lhs"]["class"] != "COLUMN_REF":
            raise UnsupportedError("such a lambda")
        values = self.expression(children[0], scope)
        word = children[1]["lhs"]["column_names"][0]
        inner = _Scope(scope.places, scope.columns, {**scope.bound, word: len(scope.bound)})
        body = self.expression(children[1]["expr"], inner)
        # Bound values stand behind the tables of the row, innermost last.
        if name == "list_filter":
            return lambda e: None if (v := values(e)) is None else [one for one in v if body((*e, one)) is True]
        return lambda e: None if (v := values(e)) is None else [body((*e, one)) for one in v]


def _names(columns: Any) -> dict[str, int]:
    return columns.columns if isinstance(columns, Source) else columns


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _conjuncts(node: dict[str, Any] | None) -> list[dict[str, Any]]:
    if node is None:
        return []
    if node["type"] == "CONJUNCTION_AND":
        return [part for one in node["children"] for part in _conjuncts(one)]
    return [node]


def _aliases(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*(_aliases(one) for one in node))
    if isinstance(node, dict):
        if node.get("class") == "COLUMN_REF":
            return {node["column_names"][0]}
        return set().union(*(_aliases(one) for one in node.values()))
    return set()


def _aggregates(node: Any) -> bool:
    if isinstance(node, list):
        return any(_aggregates(one) for one in node)
    if isinstance(node, dict):
        return node.get("function_name") in _AGGREGATES or any(_aggregates(one) for one in node.values())
    return False


def _joined(
    left: Callable[[Tables], list[Any]],
    rows: Callable[[Tables], Any],
    columns: Any,
    equal: list[tuple[str, int, Eval]],
    rest: list[Eval],
    is_index: bool,
    is_left: bool,
) -> Callable[[Tables], list[Any]]:
    names = tuple(name for name, _, _ in equal)
    places = [place for _, place, _ in equal]
    probes = [probe for _, _, probe in equal]

    def run(tables: Tables) -> list[Any]:
        envs = left(tables)
        if not envs:
            return []
        right = rows(tables)
        found: dict[Row, Rows] = {}
        if not is_index:
            for row in right:
                key = tuple([row[place] for place in places])
                if None not in key:
                    found.setdefault(key, []).append(row)
        nothing = (None,) * len(_names(columns))
        out = []
        for env in envs:
            key = tuple([probe(env) for probe in probes])
            if None in key:
                mine: Rows = []
            elif is_index:
                if key not in found:
                    found[key] = right.rows(names, key, tuple(_names(columns)))
                mine = found[key]
            else:
                mine = found.get(key, [])
            matched = [(*env, row) for row in mine]
            if rest:
                matched = [one for one in matched if all(keep(one) is True for keep in rest)]
            out += matched or ([(*env, nothing)] if is_left else [])
        return out

    return run


def _always(value: Any) -> Eval:
    return lambda _: value


def _column(names: list[str], scope: _Scope, grouped: bool) -> Eval:
    if names[0] in scope.bound and len(names) == 1:
        at = len(scope.columns) + scope.bound[names[0]]
        return lambda e: e[at]
    place, column = scope.at(names)
    if grouped:
        return lambda e: e[0][place][column]
    return lambda e: e[place][column]


def _constant(literal: dict[str, Any]) -> Any:
    kind, text = literal["kind"], literal.get("text")
    match kind:
        case "STRING":
            return text
        case "INTEGER":
            return int(str(text))
        case "NUMERIC":
            if re.search(r"[eE]", str(text)):
                return float(str(text))
            return Decimal(str(text))
        case "BOOLEAN":
            return text == "true"
        case "NULL_LITERAL":
            return None
    raise UnsupportedError(f"a constant of kind {kind}")


def _compared(kind: str, left: Eval, right: Eval) -> Eval:
    if kind == "COMPARE_NOT_DISTINCT_FROM":
        return lambda e: same(left(e), right(e))
    if kind == "COMPARE_DISTINCT_FROM":
        return lambda e: not same(left(e), right(e))
    if kind not in COMPARISONS:
        raise UnsupportedError(kind)
    compare = COMPARISONS[kind]
    return lambda e: compare(left(e), right(e))


def _all(values: Iterable[Any]) -> bool | None:
    out: bool | None = True
    for value in values:
        if value is False:
            return False
        if value is None:
            out = None
    return out


def _and(parts: list[Eval]) -> Eval:
    def run(e: Any) -> bool | None:
        out: bool | None = True
        for part in parts:
            value = part(e)
            if value is False:
                return False
            if value is None:
                out = None
        return out

    return run


def _or(parts: list[Eval]) -> Eval:
    def run(e: Any) -> bool | None:
        out: bool | None = False
        for part in parts:
            value = part(e)
            if value is True:
                return True
            if value is None:
                out = None
        return out

    return run


def _case(checks: list[tuple[Eval, Eval]], otherwise: Eval) -> Eval:
    def run(e: Any) -> Any:
        for when, then in checks:
            if when(e) is True:
                return then(e)
        return otherwise(e)

    return run


def _not(value: Any) -> bool | None:
    return None if value is None else not value


def _operator(node: dict[str, Any], children: list[Eval]) -> Eval:
    kind = node["type"]
    first = children[0]
    match kind:
        case "OPERATOR_NOT":
            return lambda e: None if (v := first(e)) is None else not v
        case "OPERATOR_IS_NULL":
            return lambda e: first(e) is None
        case "OPERATOR_IS_NOT_NULL":
            return lambda e: first(e) is not None
        case "OPERATOR_COALESCE":
            return lambda e: next((v for one in children if (v := one(e)) is not None), None)
        case "ARRAY_EXTRACT":
            return _called("array_extract", children)
        case "ARRAY_SLICE":
            return _called("array_slice", children)
        case "COMPARE_IN" | "COMPARE_NOT_IN":
            found = _in(node, children)
            return found if kind == "COMPARE_IN" else lambda e: _not(found(e))
    raise UnsupportedError(f"the operator {kind}")


def _in(node: dict[str, Any], children: list[Eval]) -> Eval:
    first, *others = children
    constants = [one for one in node["children"][1:] if one["class"] == "CONSTANT"]
    texts = [_constant(one["literal"]) for one in constants]
    if len(constants) == len(others) and all(type(text) is str for text in texts):
        among = frozenset(texts)

        def of_texts(e: Any) -> bool | None:
            value = first(e)
            if value is None:
                return None
            if type(value) is not str:
                raise UnsupportedError("a list of texts beside other than a text")
            return value in among

        return of_texts

    def run(e: Any) -> bool | None:
        value = first(e)
        out: bool | None = False
        for one in others:
            same = equal(value, one(e))
            if same:
                return True
            if same is None:
                out = None
        return out

    return run


def _called(name: str, values: list[Eval]) -> Eval:
    match name:
        case "coalesce":
            return lambda e: next((v for one in values if (v := one(e)) is not None), None)
        case "nullif":
            left, right = values
            return lambda e: None if equal(v := left(e), right(e)) else v
        case "greatest":
            return lambda e: max((v for one in values if (v := one(e)) is not None), default=None)
        case "least":
            return lambda e: min((v for one in values if (v := one(e)) is not None), default=None)
        case "concat":
            return lambda e: "".join(_text(v) for one in values if (v := one(e)) is not None)
        case "concat_ws":
            glue, *words = values
            return lambda e: (
                None if (g := glue(e)) is None else g.join(_text(v) for one in words if (v := one(e)) is not None)
            )
        case "list_value":
            return lambda e: [one(e) for one in values]
    if name not in FUNCTIONS:
        raise UnsupportedError(f"the function {name}")
    call = FUNCTIONS[name]
    try:
        signature(call).bind(*values)
    except TypeError as error:
        raise UnsupportedError(f"{name} of {len(values)}") from error
    if len(values) == 1:
        [only] = values
        return lambda e: None if (v := only(e)) is None else call(v)

    def run(e: Any) -> Any:
        arguments = [one(e) for one in values]
        return None if None in arguments else call(*arguments)

    return run


def _text(value: Any) -> str:
    if type(value) in (str, int, date):
        return str(value)
    raise UnsupportedError("a text of that")


_AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "any_value": lambda values: values[0] if values else None,
    "bool_and": lambda values: all(values) if values else None,
    "bool_or": lambda values: any(values) if values else None,
    "count": len,
    "count_star": len,
    "max": lambda values: max(values, default=None),
    "min": lambda values: min(values, default=None),
    "sum": lambda values: sum(values) if values else None,
    "list": lambda values: values or None,
}


def _aggregated(name: str, inner: list[Eval], keep: Eval | None, is_distinct: bool) -> Eval:
    aggregate = _AGGREGATES[name]
    keeps_nulls = name in ("list", "count_star")

    def run(group: Any) -> Any:
        rows = group if keep is None else [env for env in group if keep(env) is True]
        if not inner:
            return aggregate(rows)
        values = [inner[0](env) for env in rows]
        if not keeps_nulls:
            values = [value for value in values if value is not None]
        return aggregate(list(dict.fromkeys(values)) if is_distinct else values)

    return run


@dataclass(frozen=True)
class Columns:
    """The columns of a pass that run here: of each variant its place in the pass, its closure, and that of its line."""

    of: Pass
    envs: Callable[[Tables], list[Any]]
    head: tuple[Eval, Eval, Eval]
    flags: list[tuple[int, Eval, Eval | None]]


class Rowwise:
    """A plan as closures. `unsupported`: rule -> why DuckDB is asked; `rest`: the passes that it is asked then."""

    def __init__(self, made: Plan, indexes: Mapping[str, Index]) -> None:
        self._indexes = indexes
        self._compiler = Compiler(indexes)
        self._tables: dict[str, Callable[[Tables], Rows]] = {}
        self._passes: list[Columns] = []
        self.unsupported: dict[str, str] = {}
        self.rest: list[Pass] = []
        trees = _trees([*made.tables.values(), *(one.sql for one in made.passes)])
        for name, tree in zip(made.tables, trees, strict=False):
            try:
                names, self._tables[name] = self._compiler.select(tree)
            except UnsupportedError as error:
                self._compiler.unknown[name] = str(error)
            else:
                self._compiler.made[name] = {column: n for n, column in enumerate(names)}
        for one, tree in zip(made.passes, trees[len(made.tables) :], strict=True):
            self._pass(one, tree)

    def _pass(self, one: Pass, tree: dict[str, Any]) -> None:
        compiler = self._compiler
        try:
            scope, envs = compiler.relation(tree)
            group = compiler._keys(tree, scope)
            is_grouped = group is not None
            rows = envs if group is None else _then(envs, group)
            first, second, third = (
                compiler.expression(node, scope, grouped=is_grouped) for node in tree["select_list"][:3]
            )
        except UnsupportedError as error:
            self.unsupported |= {variant.rule.id: str(error) for variant in one.variants}
            self.rest.append(one)
            return
        nodes = {node["alias"]: node for node in tree["select_list"][3:]}
        flags: list[tuple[int, Eval, Eval | None]] = []
        left: list[Variant] = []
        for n, variant in enumerate(one.variants):
            try:
                flag = compiler.expression(nodes[f"r{n}"], scope, grouped=is_grouped)
                line = compiler.expression(nodes[f"l{n}"], scope, grouped=is_grouped) if n in one.anchors else None
                flags.append((n, flag, line))
            except UnsupportedError as error:
                self.unsupported[variant.rule.id] = str(error)
                left.append(variant)
        if left:
            self.rest.append(plan.only(one, left))
        self._passes.append(Columns(one, rows, (first, second, third), flags))

    def run(self, given: Mapping[str, pa.Table]) -> list[tuple[Variant, str, list[tuple[Any, Any, Any]]]]:
        """Each variant that fired, its relation, and (claim row, line, ordinal) of every row.

        Raises:
            UnsupportedError: values that only DuckDB compares or computes.
        """
        tables: dict[str, Any] = {
            name: source.rows(given[name]) if name in given else [] for name, source in self._compiler.sources.items()
        }
        tables |= self._indexes
        try:
            for name, make in self._tables.items():
                tables[name] = make(tables)
            return [found for one in self._passes for found in _fired(one, tables)]
        except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise UnsupportedError(f"values that make a {type(error).__name__}") from error


def _fired(one: Columns, tables: Tables) -> list[tuple[Variant, str, list[tuple[Any, Any, Any]]]]:
    claim, line, ordinal = one.head
    fired: dict[int, list[tuple[Any, Any, Any]]] = {}
    for env in one.envs(tables):
        for n, flag, anchor in one.flags:
            if flag(env) is True:
                fired.setdefault(n, []).append((claim(env), (anchor or line)(env), ordinal(env)))
    return [(one.of.variants[n], one.of.relation, rows) for n, rows in fired.items()]


def _then(envs: Callable[[Tables], list[Any]], group: Callable[[list[Any]], list[list[Any]]]) -> Any:
    return lambda tables: group(envs(tables))


def _trees(texts: list[str]) -> list[dict[str, Any]]:
    """DuckDB's own trees of these statements."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT json_serialize_sql(s) FROM (SELECT unnest($1) AS s, generate_subscripts($1, 1) AS n) ORDER BY n",
            [texts],
        ).fetchall()
    parsed = [json.loads(row[0]) for row in rows]
    return [tree["statements"][0]["node"] for tree in parsed]
