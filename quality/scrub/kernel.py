"""Scrubbing: Arrow tables of claims in, an Arrow table of edits out.

Belongs here: running a plan on DuckDB over Arrow and turning its columns into edits. Does not belong here: rules, SQL
texts (`plan`), files, the lake.

Each pass is one scan that evaluates every rule of its relation and grouping at once; rules never run one by one, claims
never one by one.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from claims import schema
from claims.reference import Reference
from quality.scrub import beside as beside_tables
from quality.scrub import diagnoses, inputs, official, plan, views
from quality.scrub.plan import Plan, Variant
from quality.scrub.rowwise import Index, Rowwise
from quality.scrub.rulebook import Rulebook, RuleError, load_rules
from quality.scrub.values import UnsupportedError

_LOG = logging.getLogger(__name__)
# So many claims, and rows of any of their tables, are answered row by row: below, the engine's planning costs more.
FEW_CLAIMS, FEW_ROWS = 40, 400
_NAMES = (*views.TABLES, *beside_tables.TABLES)
_WORD = pa.dictionary(pa.int32(), pa.string())
# One row per edit. `line_number` is null where the edit is about the claim; `part` and `part_ordinal` say which row of
# which alias it is about (a code, another payer) where that is not the line.
EDITS = pa.schema(
    [
        pa.field("file_id", pa.string(), nullable=False),
        pa.field("claim_ordinal", pa.int32(), nullable=False),
        pa.field("claim_id", pa.string(), nullable=False),
        pa.field("line_number", pa.int32()),
        pa.field("part", _WORD, nullable=False),
        pa.field("part_ordinal", pa.int32()),
        pa.field("rule_id", _WORD, nullable=False),
        pa.field("category", _WORD, nullable=False),
        pa.field("severity", _WORD, nullable=False),
        pa.field("layer", _WORD, nullable=False),
        pa.field("message", _WORD, nullable=False),
        pa.field("fix", _WORD, nullable=False),
        pa.field("carc", _WORD),
    ]
)


class Scrubber:
    """A rulebook compiled for one tenant. Not for several threads at once: calls wait for each other.

    Args:
        book: the rules; the project's own where not given.
        reference: official tables; rules that need one run only with it. They are read once, here.
        beside: what the tenant keeps of payers, providers and charges (`quality.scrub.beside`); the project's own
            policies of Medicare, Medicaid and TRICARE stand behind it.
        tenant: whose rules and overrides of layer `tenant` hold.
        threads: threads of the engine; its own choice where not given.
    """

    def __init__(
        self,
        book: Rulebook | None = None,
        *,
        reference: Reference | None = None,
        beside: Mapping[str, pa.Table] | None = None,
        tenant: str | None = None,
        threads: int | None = None,
    ) -> None:
        self.book = book if book is not None else load_rules()
        self.tenant = tenant
        self._beside = beside_tables.with_defaults(beside_tables.conformed(beside or {}))
        self._lock = threading.Lock()
        self._plans: dict[Any, Plan] = {}
        self._rowwise: dict[Any, Rowwise] = {}
        self._indexes: dict[str, Index] = {}
        self._places = {rule.id: n for n, rule in enumerate(self.book.rules)}
        self._connection = duckdb.connect()
        self._connection.execute("SET preserve_insertion_order = false")
        # Their cost grows with the square of the columns of a SELECT, and here a rule is a column.
        self._connection.execute("SET disabled_optimizers = 'common_subexpressions,expression_rewriter'")
        if threads:
            self._connection.execute(f"SET threads = {int(threads)}")
        self._has_reference = reference is not None
        if reference is not None:
            for alias, (name, seen) in views.REFERENCES.items():
                table = reference.table(name, [*seen, "effective_from", "effective_to"])
                self._indexes[f"ref_{alias}"] = Index(table)
                self._connection.register("ref_in", table)
                self._connection.execute(f"CREATE TABLE ref_{alias} AS SELECT * FROM ref_in")
                self._connection.unregister("ref_in")
            official.install(self._connection, reference)
            diagnoses.install(self._connection, reference)
            for name in (*views.LOOKED_UP, *diagnoses.TABLES):
                self._indexes[name] = Index(self._connection.table(name).to_arrow_table())
        self._check()

    def run(self, tables: Mapping[str, pa.Table], history: Mapping[str, pa.Table] | None = None) -> pa.Table:
        """The edits of these claims, in order of claim, line and rule, as `EDITS`.

        Args:
            tables: reader's tables by name (`claims`, `claim_lines` and what else is there). Columns that are not
                there leave out the rules that need them: see `left_out`.
            history: earlier claims in the same form; rules of scope history run only with it.
        """
        tables = self._all(tables)
        if _is_few(tables) and (history is None or _is_few(history)):
            try:
                return self._few(tables, history)
            except UnsupportedError as error:
                _LOG.info("claims are scrubbed by the engine: %s", error)
        return self._edits(tables["claims"], self._many(tables, history))

    def rowwise(self, tables: Mapping[str, pa.Table], history: Mapping[str, pa.Table] | None = None) -> Rowwise:
        """What answers a handful of claims with these columns, compiled once."""
        return self._compiled(self._all(tables), history)

    def _compiled(self, tables: Mapping[str, pa.Table], history: Mapping[str, pa.Table] | None) -> Rowwise:
        with self._lock:
            key = self._key(tables, history)
            if key not in self._rowwise:
                self._rowwise[key] = Rowwise(self._plan(tables, history), self._indexes)
            return self._rowwise[key]

    def _few(self, tables: Mapping[str, pa.Table], history: Mapping[str, pa.Table] | None) -> pa.Table:
        made = self._compiled(tables, history)
        given = _given(self._plan(tables, history), tables, history)
        fired = [
            _Fired(variant, views.RELATIONS[relation][0], *_arrays(rows)) for variant, relation, rows in made.run(given)
        ]
        if made.rest:
            with self._lock:
                plan_ = self._plan(tables, history)
                self._load(plan_, tables, history)
                fired += self._passes(made.rest, tables)
        return self._edits(tables["claims"], fired)

    def _many(self, tables: Mapping[str, pa.Table], history: Mapping[str, pa.Table] | None) -> "list[_Fired]":
        with self._lock:
            made = self._plan(tables, history, _present(tables["claims"]))
            self._load(made, tables, history)
            return self._passes(made.passes, tables)

    def _passes(self, passes: Sequence[plan.Pass], tables: Mapping[str, pa.Table]) -> "list[_Fired]":
        fired: list[_Fired] = []
        for one in passes:
            source = views.SOURCES.get(views.RELATIONS[one.relation][0])
            if source is not None and (source not in tables or not tables[source].num_rows):
                continue
            fired.extend(_fired(one, self._connection.sql(one.sql).to_arrow_table()))
        return fired

    def _edits(self, claims: pa.Table, fired: "list[_Fired]") -> pa.Table:
        return _edits(claims, sorted(fired, key=lambda one: self._places[one.variant.rule.id]))

    def left_out(self, tables: Mapping[str, pa.Table], history: Mapping[str, pa.Table] | None = None) -> dict[str, str]:
        """Rules that do not run on tables with these columns, and why."""
        return dict(self._plan(self._all(tables), history).left_out)

    def _all(self, tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
        own = beside_tables.conformed(tables)
        return {**tables, **self._beside, **(beside_tables.with_defaults(own) if "payer_policies" in own else own)}

    @staticmethod
    def _key(tables: Mapping[str, pa.Table], history: Mapping[str, pa.Table] | None) -> Any:
        given = tuple((name, tuple(tables[name].column_names)) for name in _NAMES if name in tables)
        return given, history is not None

    def _plan(
        self,
        tables: Mapping[str, pa.Table],
        history: Mapping[str, pa.Table] | None,
        present: plan.Present | None = None,
    ) -> Plan:
        given, has_history = self._key(tables, history)
        key = (given, has_history, present)
        if key not in self._plans:
            self._plans[key] = plan.make(
                self.book,
                dict(given),
                tenant=self.tenant,
                has_history=has_history,
                has_reference=self._has_reference,
                present=present,
            )
        return self._plans[key]

    def _load(self, made: Plan, tables: Mapping[str, pa.Table], history: Mapping[str, pa.Table] | None) -> None:
        connection = self._connection
        for name, table in _given(made, tables, history).items():
            connection.register(name, table)
        for alias, sql in made.tables.items():
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {alias} AS {sql}")

    def _check(self) -> None:
        """Bind every rule on empty tables, so that an expression of the wrong type is an authoring error.

        Raises:
            RuleError: an expression does not bind; the message begins with file and line.
        """
        empty = {name: schema.empty(name) for name in views.TABLES}
        empty |= {name: beside_tables.arrow(name).empty_table() for name in beside_tables.TABLES}
        made = self._plan(empty, empty)
        self._load(made, empty, empty)
        for one in made.passes:
            try:
                self._connection.execute(one.sql)
            except duckdb.Error:
                self._blame(made)
                raise

    def _blame(self, made: Plan) -> None:
        for one in made.passes:
            for variant in one.variants:
                sql = plan.only(one, [variant]).sql
                try:
                    self._connection.execute(sql)
                except duckdb.Error as error:
                    where = variant.rule.where
                    reason = str(error).splitlines()[0]
                    raise RuleError(where.path, where.line, f"{variant.rule.id}: {reason}") from error


def scrub(
    tables: Mapping[str, pa.Table],
    rules: Rulebook | None = None,
    *,
    reference: Reference | None = None,
    history: Mapping[str, pa.Table] | None = None,
    tenant: str | None = None,
) -> pa.Table:
    """The edits of these claims as `EDITS`: one call that compiles and runs. Keep a `Scrubber` for more than one."""
    return Scrubber(rules, reference=reference, tenant=tenant).run(tables, history)


def _given(made: Plan, tables: Mapping[str, pa.Table], history: Mapping[str, pa.Table] | None) -> dict[str, pa.Table]:
    """The tables that a plan begins with, by the names that it has for them."""
    given = {
        f"in_{alias}": table for alias, table in inputs.prepare(tables, made.collected, made.picked, made.words).items()
    }
    given["in_transaction"] = tables.get("transactions", schema.empty("transactions"))
    given |= {f"in_{name}": tables[name] for name in beside_tables.TABLES if name in tables}
    if history is not None:
        past = inputs.prepare(history, (), (), made.words)
        given |= {"past_claim": past["claim"], "past_line": past["line"]}
    return given


def _is_few(tables: Mapping[str, pa.Table]) -> bool:
    if tables["claims"].num_rows > FEW_CLAIMS:
        return False
    return all(tables[name].num_rows <= FEW_ROWS for name in _NAMES if name in tables)


def _arrays(rows: list[tuple[Any, Any, Any]]) -> list[Any]:
    return [
        np.array([-1 if value is None else value for value in column], np.int32) for column in zip(*rows, strict=True)
    ]


def _present(claims: pa.Table) -> plan.Present:
    types, filing = (frozenset(pc.unique(claims[name]).to_pylist()) for name in ("claim_type", "claim_filing_code"))
    return plan.Present(types, filing)


class _Fired:
    """The rows of one variant that fired, as arrays; negative numbers stand for null."""

    def __init__(self, variant: Variant, part: str, claim: Any, line: Any, ordinal: Any) -> None:
        self.variant, self.part = variant, part
        self.claim, self.line, self.ordinal = claim, line, ordinal


def _fired(one: plan.Pass, result: pa.Table) -> list[_Fired]:
    part = views.RELATIONS[one.relation][0]
    keys: list[Any] | None = None
    out = []
    for n, variant in enumerate(one.variants):
        column = result.column(3 + n)
        if not pc.any(column).as_py():
            continue
        at = np.flatnonzero(pc.fill_null(column, False).to_numpy())
        if keys is None:
            keys = [_ints(result.column(i)) for i in range(3)]
        line = keys[1]
        if n in one.anchors:
            line = _ints(result.column(f"l{n}"))
        out.append(_Fired(variant, part, keys[0][at], line[at], keys[2][at]))
    return out


def _ints(column: pa.ChunkedArray) -> Any:
    return pc.fill_null(column.cast(pa.int32()), -1).to_numpy()


def _edits(claims: pa.Table, fired: list[_Fired]) -> pa.Table:
    if not fired:
        return EDITS.empty_table()
    claim = np.concatenate([one.claim for one in fired])
    line = np.concatenate([one.line for one in fired])
    ordinal = np.concatenate([one.ordinal for one in fired])
    which = np.repeat(np.arange(len(fired), dtype=np.int32), [len(one.claim) for one in fired])
    order = np.lexsort((ordinal, which, line, claim))
    # One edit per rule and place, though several earlier claims make it fire.
    keys = np.stack([claim[order], line[order], which[order], ordinal[order]])
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    order = order[fresh]
    claim, line, ordinal, which = claim[order], line[order], ordinal[order], which[order]
    rows = claims.select(["file_id", "claim_ordinal"]).take(pa.array(claim))
    claim_id = pc.binary_join_element_wise(rows["file_id"], rows["claim_ordinal"].cast(pa.string()), "-")
    index = pa.array(which)

    def word(values: list[str | None]) -> pa.Array:
        dictionary = pa.array(values).cast(pa.string()).dictionary_encode()
        return dictionary.take(index).cast(_WORD)

    def number(values: Any) -> pa.Array:
        return pa.array(values, pa.int32(), mask=values < 0)

    variants = [one.variant for one in fired]
    return pa.table(
        [
            rows["file_id"],
            rows["claim_ordinal"],
            claim_id,
            number(line),
            word([one.part for one in fired]),
            number(ordinal),
            word([one.rule.id for one in variants]),
            word([one.rule.category for one in variants]),
            word([one.severity for one in variants]),
            word([str(one.layer) for one in variants]),
            word([one.rule.message for one in variants]),
            word([one.rule.fix for one in variants]),
            word([one.rule.carc for one in variants]),
        ],
        schema=EDITS,
    )
