"""The project's own small default: code numbers and figures of common codes, to run without a download.

Belongs here: one CSV per table in the columns of `claims.reference.schema`, and reading it. Does not belong here:
descriptors, anybody's wording; files as published.
"""

from functools import cache
from importlib.resources import files

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from claims.reference import schema


@cache
def default_table(name: str) -> pa.Table:
    """The default rows of a table with their days as written; an empty table where the default has none."""
    target = schema.arrow(name)
    resource = files(__package__).joinpath(f"{name}.csv")
    if not resource.is_file():
        return target.empty_table()
    table = pa_csv.read_csv(
        pa.BufferReader(resource.read_bytes()),
        convert_options=pa_csv.ConvertOptions(
            column_types={field.name: field.type for field in target}, strings_can_be_null=False
        ),
    )
    columns = []
    for field in target:
        column = table[field.name]
        if field.nullable and pa.types.is_string(field.type):
            column = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
        columns.append(column)
    return pa.table(columns, schema=target)
