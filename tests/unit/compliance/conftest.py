"""Reader's tables for tests of the identity line: every column that may be empty is, but for those that are given."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from claims import schema
from compliance.keys import TenantKeys

Filled = Callable[..., pa.Table]

_DEFAULTS: dict[pa.DataType, Any] = {pa.string(): "x", pa.bool_(): False}


def filled(name: str, rows: int, **columns: list[Any]) -> pa.Table:
    """`rows` rows of table `name`: the `columns` given, nulls, and a constant where null is not allowed."""
    arrays = []
    for field in schema.arrow(name):
        if field.name in columns:
            arrays.append(pa.array(columns[field.name], field.type))
        elif field.nullable:
            arrays.append(pa.nulls(rows, field.type))
        else:
            arrays.append(pa.array([_DEFAULTS.get(field.type, 1)] * rows, field.type))
    return pa.table(arrays, schema=schema.arrow(name))


@pytest.fixture(name="filled")
def _filled() -> Filled:
    return filled


@pytest.fixture
def alder() -> TenantKeys:
    return TenantKeys("alder", b"a" * 32, {1: b"1" * 32})


@pytest.fixture
def birch() -> TenantKeys:
    return TenantKeys("birch", b"b" * 32, {1: b"2" * 32})
