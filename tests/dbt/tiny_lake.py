"""A lake written by hand: a few rows of a few tables in the shape of `claims.schema.lake`, everything else empty.

Belongs here: turning short dicts into whole rows and files. Does not belong here: what the rows say (the stories of the
tests) and dbt.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from claims import schema

Row = Mapping[str, Any]


def default(column: schema.Column) -> Any:
    """What a column holds where a story says nothing: null, or the blandest value that the schema allows."""
    if column.nullable:
        return None
    if pa.types.is_boolean(column.type):
        return False
    if pa.types.is_date(column.type):
        return date(2025, 1, 1)
    if pa.types.is_string(column.type):
        return {"tenant_id": "alder", "status": "accepted", "claim_type": "professional"}.get(column.name, "x")
    return 1


def table(name: str, rows: Sequence[Row]) -> pa.Table:
    """The rows as a table of the lake's schema; a column that the schema does not have is an error of the story."""
    columns = schema.bronze_columns(name)
    known = {column.name for column in columns}
    for row in rows:
        if unknown := set(row) - known:
            raise KeyError(f"{name} has no column {sorted(unknown)}")
    data = [[row.get(column.name, default(column)) for row in rows] for column in columns]
    arrays = [pa.array(values, column.type) for values, column in zip(data, columns, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema.lake(name))


def write(root: Path, stories: Mapping[str, Sequence[Row]]) -> Path:
    """Write `root`/<layer>/<table>/... for every table that dbt reads; returns `root`."""
    for layer, tables in schema.LAYERS.items():
        for entry in tables:
            folder = root / layer / entry.name
            folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(schema.bronze(entry.name).empty_table(), folder / "_empty.parquet")
            if rows := stories.get(entry.name):
                (folder / "alder").mkdir(exist_ok=True)
                pq.write_table(table(entry.name, rows), folder / "alder" / "2025-01.parquet")
    return root
