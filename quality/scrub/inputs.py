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
    tables: Mapping[str, pa.Table], collected: Iterable[str], picked: Iterable[tuple[str, str]] = ()
) -> dict[str, pa.Table]:
    """Alias -> the reader's table with `claim_row` (position of its claim in `claims`), rows without a claim left out.

    `claims` has the list columns `collected` besides, every alias the columns of `picked` (alias, name). Tables that
    are not given are empty. Rows of a claim need not stand together; their order within the claim is kept.
    """
    claims = tables["claims"]
    keys = _Keys(claims)
    out: dict[str, pa.Table] = {}
    for alias, name in views.SOURCES.items():
        if alias == "claim":
            continue
        table = tables.get(name)
        if table is not None and name in schema.BY_NAME and table.num_rows and table["claim_ordinal"].null_count:
            # What stands above the claims of a detail table belongs to none of them.
            table = table.filter(pc.is_valid(table["claim_ordinal"]))
        if table is None or not table.num_rows:
            table = schema.empty(name) if table is None else table
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
    for name in collected:
        claims = claims.append_column(name, _collect(views.COLLECTED[name], out, count))
    out["claim"] = claims
    for alias, name in picked:
        values = _pick(views.PICKED[alias][name], alias, tables, keys, out[alias])
        out[alias] = out[alias].append_column(name, values)
    return out


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


def _pick(one: views.Picked, alias: str, tables: Mapping[str, pa.Table], keys: _Keys, owners: pa.Table) -> pa.Array:
    """The column for each row of `owners`; null where no row of the detail table matches."""
    table = tables[one.table]
    kept = pc.is_valid(table[one.column])
    for name, values in one.where:
        kept = pc.and_(kept, pc.is_in(table[name], value_set=pa.array(values)))
    own = _NUMBERED.get(alias)
    if one.above:
        kept = pc.and_(kept, pc.is_null(table["claim_ordinal"]))
    else:
        kept = pc.and_(kept, pc.is_valid(table["claim_ordinal"]))
        for column in ("line_number", "other_payer_ordinal"):
            asked = pc.is_valid if column == own else pc.is_null
            kept = pc.and_(kept, asked(table[column]))
    found = table.filter(kept)
    if not found.num_rows or not owners.num_rows:
        return pa.nulls(owners.num_rows, table.schema.field(one.column).type)
    at = _above(one, found, owners, tables) if one.above else _within(own, found, owners, keys)
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
