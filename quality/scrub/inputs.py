"""Reader's tables made ready for the engine: every row knows its claim's row, lists of codes stand on the claim.

Belongs here: keys and lists, in numpy and Arrow. Does not belong here: SQL, rules.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from claims import schema
from quality.scrub import views


def prepare(
    tables: Mapping[str, pa.Table],
    collected: Iterable[str],
    picked: Iterable[tuple[str, str]] = (),
    asked: frozenset[str] | None = None,
) -> dict[str, pa.Table]:
    """Alias -> the reader's table with `claim_row` (position of its claim in `claims`), rows without a claim left out.

    `claims` has the list columns `collected` besides, every alias the columns of `picked` (alias, name). Tables that
    are not given are empty. Rows of a claim need not stand together; their order within the claim is kept.
    Only columns of a name in `asked` are kept, where it is given, and those that place a row.
    """
    collected = tuple(collected)
    kept = None if asked is None else asked | _KEPT | {views.COLLECTED[name].column for name in collected}
    claims = _only(tables["claims"], kept)
    keys = _Keys(claims)
    out: dict[str, pa.Table] = {}
    for alias, name in views.SOURCES.items():
        if alias == "claim":
            continue
        table = _only(tables[name], kept) if name in tables else None
        if table is not None and name in schema.BY_NAME and table.num_rows and table["claim_ordinal"].null_count:
            # What stands above the claims of a detail table belongs to none of them.
            table = table.filter(pc.is_valid(table["claim_ordinal"]))
        if table is None or not table.num_rows:
            table = _only(schema.empty(name), kept) if table is None else table
            out[alias] = table.append_column("claim_row", pa.array([], pa.int32()))
            continue
        rows = keys.rows(table)
        if (rows < 0).any():
            table, rows = table.filter(pa.array(rows >= 0)), rows[rows >= 0]
        if (np.diff(rows) < 0).any():
            order = np.argsort(rows, kind="stable")
            table, rows = table.take(pa.array(order)), rows[order]
        out[alias] = table.append_column("claim_row", pa.array(rows, pa.int32()))
    count = claims.num_rows
    claims = claims.append_column("claim_row", pa.array(np.arange(count, dtype=np.int32)))
    out["claim"] = _with(claims, {name: _collect(views.COLLECTED[name], out, count) for name in collected})
    details = _Details(tables)
    added: dict[str, dict[str, pa.Array]] = {}
    for alias, name in picked:
        added.setdefault(alias, {})[name] = _pick(views.PICKED[alias][name], alias, details, keys, out[alias])
    return out | {alias: _with(out[alias], columns) for alias, columns in added.items()}


_KEPT = frozenset(
    ["file_id", "claim_ordinal", "transaction_ordinal", "line_number", "other_payer_ordinal", "detail_ordinal"]
) | {"byte_offset", "qualifier"}


def _only(table: pa.Table, kept: frozenset[str] | None) -> pa.Table:
    return table if kept is None else table.select([name for name in table.column_names if name in kept])


def _with(table: pa.Table, columns: Mapping[str, pa.Array]) -> pa.Table:
    return pa.table([*table.columns, *columns.values()], names=[*table.column_names, *columns])


class _Keys:
    """Finds the row of a claim by file and ordinal."""

    def __init__(self, claims: pa.Table) -> None:
        self._files = pc.unique(claims["file_id"].combine_chunks() if claims.num_rows else pa.array([], pa.string()))
        ordinals = claims["claim_ordinal"].to_numpy()
        self._stride = int(ordinals.max()) + 1 if len(ordinals) else 1
        keys = self._numbers(claims)
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]

    def _numbers(self, table: pa.Table) -> Any:
        files = pc.fill_null(pc.index_in(table["file_id"], value_set=self._files), -1).to_numpy().astype(np.int64)
        ordinals = table["claim_ordinal"].to_numpy().astype(np.int64)
        known = (files >= 0) & (ordinals < self._stride) & (ordinals >= 0)
        return np.where(known, files * self._stride + ordinals, -1)

    def rows(self, table: pa.Table) -> Any:
        """Row of the claim for each row of the table; -1 where there is none."""
        if not len(self._sorted):
            return np.full(table.num_rows, -1, dtype=np.int32)
        keys = self._numbers(table)
        at = np.minimum(np.searchsorted(self._sorted, keys), len(self._sorted) - 1)
        return np.where((self._sorted[at] == keys) & (keys >= 0), self._order[at], -1).astype(np.int32)


def _collect(one: views.Collected, tables: Mapping[str, pa.Table], count: int) -> pa.Array:
    table = tables[one.alias]
    kept = pc.is_valid(table[one.column])
    if one.qualifiers:
        kept = pc.and_(kept, pc.is_in(table["qualifier"], value_set=pa.array(one.qualifiers)))
    values = table[one.column].filter(kept).combine_chunks()
    if isinstance(values, pa.ChunkedArray):
        values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
    rows = table["claim_row"].filter(kept).to_numpy()
    offsets = np.zeros(count + 1, dtype=np.int32)
    np.cumsum(np.bincount(rows, minlength=count), out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), values)


# What numbers the rows of an alias within their claim, in its own table and in a detail table.
_NUMBERED = {"line": "line_number", "payer": "other_payer_ordinal"}
_FILE = 1 << 44


# What places a row of a detail table, and the columns that rows are chosen by.
_PLACED = ("file_id", "claim_ordinal", "line_number", "other_payer_ordinal", "detail_ordinal", "byte_offset")
_CODES = frozenset(name for picks in views.PICKED.values() for one in picks.values() for name, _ in one.where)


class _Details:
    """Rows of the detail tables, found by where they stand and by what some of their columns say.

    A column is numbered by its distinct values once, so that a choice of rows costs a look at numbers, and none where
    no row has the value.
    """

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        self.tables = tables
        self._levels: dict[tuple[str, bool, str | None], Any] = {}
        self._codes: dict[tuple[str, str], tuple[list[Any], Any]] = {}

    def find(self, one: views.Picked, own: str | None) -> pa.Table | None:
        """The rows that match, in their order, with what places them; none where there are none."""
        rows = self._level((one.table, one.above is not None, None if one.above else own))
        for name, wanted in (*one.where, (one.column, None)):
            values, codes = self._column(one.table, name)
            chosen = np.array([value is not None and (wanted is None or value in wanted) for value in values])
            if not chosen.any():
                return None
            rows = rows[chosen[codes[rows]]]
        if not len(rows):
            return None
        table = self.tables[one.table]
        names = [name for name in _PLACED if name in table.column_names]
        return table.select(list(dict.fromkeys([*names, one.column]))).take(pa.array(rows))

    def _level(self, level: tuple[str, bool, str | None]) -> Any:
        """Numbers of the rows above claims, or of those in them, in a line or another payer (`own`) or in neither."""
        if level not in self._levels:
            name, is_above, own = level
            table = self.tables[name]
            kept = (pc.is_null if is_above else pc.is_valid)(table["claim_ordinal"])
            for column in () if is_above else ("line_number", "other_payer_ordinal"):
                kept = pc.and_(kept, (pc.is_valid if column == own else pc.is_null)(table[column]))
            self._levels[level] = np.flatnonzero(kept.to_numpy())
        return self._levels[level]

    def _column(self, table: str, name: str) -> tuple[list[Any], Any]:
        """The distinct values of a column, null last, and the number of each row's value among them."""
        if (table, name) not in self._codes:
            column = self.tables[table][name].combine_chunks()
            if isinstance(column, pa.ChunkedArray):
                column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
            if name in _CODES:
                encoded = column.dictionary_encode()
                codes = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy()
                self._codes[table, name] = ([*encoded.dictionary.to_pylist(), None], codes)
            else:  # of other columns only whether there is a value is asked
                self._codes[table, name] = ([True, None], column.is_null().to_numpy(zero_copy_only=False).astype(int))
        return self._codes[table, name]


def _pick(one: views.Picked, alias: str, details: _Details, keys: _Keys, owners: pa.Table) -> pa.Array:
    """The column for each row of `owners`; null where no row of the detail table matches."""
    own = _NUMBERED.get(alias)
    found = details.find(one, own) if owners.num_rows else None
    if found is None:
        return pa.nulls(owners.num_rows, details.tables[one.table].schema.field(one.column).type)
    at = _above(one, found, owners, details.tables) if one.above else _within(own, found, owners, keys)
    values = found[one.column].combine_chunks()
    return values.take(pa.array(np.maximum(at, 0), mask=at < 0))


def _within(own: str | None, found: pa.Table, owners: pa.Table, keys: _Keys) -> Any:
    """For each owner the first row of `found` that stands in it, or -1."""
    rows = keys.rows(found).astype(np.int64)
    mine = owners["claim_row"].to_numpy().astype(np.int64)
    if own:
        stride = 1 + max(int(pc.max(one[own]).as_py() or 0) for one in (found, owners))
        rows = np.where(rows >= 0, rows * stride + found[own].to_numpy(), -1)
        mine = mine * stride + owners[own].to_numpy()
    order = np.lexsort((found["detail_ordinal"].to_numpy(), rows))
    at = np.minimum(np.searchsorted(rows[order], mine), len(order) - 1)
    return np.where(rows[order][at] == mine, order[at], -1)


def _above(one: views.Picked, found: pa.Table, claims: pa.Table, tables: Mapping[str, pa.Table]) -> Any:
    """For each claim the first row of `found` that stands at the last party of the kind before the claim, or -1."""
    entity, side = one.above or ("", "")
    parties = tables["detail_parties"]
    anchors = parties.filter(pc.and_(pc.equal(parties["entity_code"], entity), pc.is_null(parties["claim_ordinal"])))
    files = pc.unique(claims["file_id"].combine_chunks())

    def places(table: pa.Table) -> Any:
        file = pc.fill_null(pc.index_in(table["file_id"], value_set=files), -1).to_numpy().astype(np.int64)
        return file * _FILE + table["byte_offset"].to_numpy()

    marks = np.sort(places(anchors))
    rows = np.searchsorted(marks, places(found), side="right") + (side == "leads")
    mine = np.searchsorted(marks, places(claims), side="right")
    order = np.lexsort((found["detail_ordinal"].to_numpy(), rows))
    at = np.minimum(np.searchsorted(rows[order], mine), len(order) - 1)
    at = np.where((rows[order][at] == mine) & (mine > 0), order[at], -1)
    # The party must be of the claim's own file.
    same = places(found)[at] // _FILE == places(claims) // _FILE
    return np.where(same, at, -1)
