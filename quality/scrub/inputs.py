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


def prepare(tables: Mapping[str, pa.Table], collected: Iterable[str]) -> dict[str, pa.Table]:
    """Alias -> the reader's table with `claim_row` (position of its claim in `claims`), rows without a claim left out.

    `claims` has the list columns `collected` besides. Tables that are not given are empty. Rows of a claim need not
    stand together; their order within the claim is kept.
    """
    claims = tables["claims"]
    keys = _Keys(claims)
    out: dict[str, pa.Table] = {}
    for alias, name in views.SOURCES.items():
        if alias == "claim":
            continue
        table = tables.get(name)
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
