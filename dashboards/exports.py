"""What a user downloads: CSV that a spreadsheet opens without running anything.

Belongs here: turning a table into a file's bytes. Does not belong here: choosing the rows.
"""

import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

# A cell that begins so is a formula to a spreadsheet (OWASP, CSV injection).
FORMULA = r"^[=+\-@\t\r]"


def neutralised(table: pa.Table) -> pa.Table:
    """The table with an apostrophe before each text that would be a formula; numbers and dates stay what they are."""
    for position, field in enumerate(table.schema):
        if not (pa.types.is_string(field.type) or pa.types.is_large_string(field.type)):
            continue
        column = table.column(position)
        quoted = pc.binary_join_element_wise(pa.scalar("'", field.type), column, pa.scalar("", field.type))
        safe = pc.if_else(pc.match_substring_regex(column, FORMULA), quoted, column)
        table = table.set_column(position, field, safe)
    return table


def csv(table: pa.Table) -> bytes:
    """The table as CSV in UTF-8 with a header, formulas neutralised."""
    buffer = io.BytesIO()
    pcsv.write_csv(neutralised(table), buffer)
    return buffer.getvalue()
