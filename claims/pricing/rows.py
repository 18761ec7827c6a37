"""Priced lines as rows of the lake, and back: the trace as one short text a line.

Belongs here: the columns of `silver/priced_lines`, packing and unpacking a trace. Does not belong here: pricing,
rendering (`.trace`), files.

A trace reads `fee_schedule=91.39871234;units=2;round=182.8`: each rule in order with its value, as exact as the kernel
has it. Unpacked it can be worked out again (`.trace.replay`).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from claims import schema as contract

_RENAMED = {
    "price_status": "status",
    "price_reason": "reason",
    "expected_allowed_amount": "allowed_amount",
    "expected_payment_amount": "payment_amount",
}
_PARTITION = tuple(column.name for column in contract.PARTITION)


def packed_traces(steps: pa.ChunkedArray | pa.Array) -> pa.Array:
    """`steps` of the kernel's output as text, a line each; empty where there is no step. No Python per row."""
    chunks = steps.chunks if isinstance(steps, pa.ChunkedArray) else [steps]
    return pa.concat_arrays([_packed(chunk) for chunk in chunks]) if chunks else pa.array([], pa.string())


def _packed(steps: pa.ListArray) -> pa.Array:
    flat = steps.flatten()
    if not len(flat):
        return pa.array([""] * len(steps), pa.string())
    rule = pc.cast(flat.field("rule"), pa.string())
    whole = pc.cast(flat.field("value"), pa.string())
    # 11 decimals always: trailing zeros go, and the point where nothing follows it. Arrow writes zero, and what is
    # below a millionth, in powers of ten; a power keeps its zeros.
    plain = pc.utf8_rtrim(pc.utf8_rtrim(whole, "0"), ".")
    value = pc.if_else(pc.match_substring(whole, "E"), pc.replace_substring_regex(whole, "^0E-11$", "0"), plain)
    words = pc.binary_join_element_wise(rule, value, "=")
    lengths = pc.list_value_length(steps)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cast(pc.cumulative_sum(lengths), pa.int32())])
    return pc.binary_join(pa.ListArray.from_arrays(offsets, words), ";")


def unpacked_trace(text: str) -> list[dict[str, Any]]:
    """The steps of one line, as the kernel's output has them."""
    pairs = [step.partition("=") for step in text.split(";") if step]
    return [{"rule": rule, "value": Decimal(value)} for rule, _, value in pairs]


def silver_rows(priced: pa.Table, lines: pa.Table) -> pa.Table:
    """`silver/priced_lines` without its partition columns, of the kernel's output for `lines` of bronze, row by row."""
    names = [name for name in contract.bronze("priced_lines").names if name not in _PARTITION]
    columns = {}
    for name in names:
        if name == "transaction_ordinal":
            columns[name] = lines[name]
        elif name == "trace":
            columns[name] = packed_traces(priced["steps"])
        else:
            columns[name] = priced[_RENAMED.get(name, name)]
    schema = pa.schema([contract.bronze("priced_lines").field(name) for name in names])
    return pa.table({name: pc.cast(columns[name], schema.field(name).type) for name in names}, schema=schema)


def priced_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `silver/priced_lines` as a row of the kernel's output, for `.trace.to_text` and `.to_document`."""
    out = {_RENAMED.get(name, name): value for name, value in row.items() if name not in (*_PARTITION, "trace")}
    return out | {"steps": unpacked_trace(row["trace"])}
