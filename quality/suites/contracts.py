"""What must hold of a table with a contract: checks derived from dbt's contract of columns, or from an Arrow schema.

Belongs here: reading a contract, and the checks that names and types of columns call for in features and scores. Does
not belong here: running them (`validation`), bronze (`checks`: there the schema of the lake says more).

Everything here was computed by us, so what fails is critical: a model that learns from a rate of 3 or scores a row
twice is wrong without anybody noticing. Two kinds of column are as senders wrote them, and warn: amounts, units and
codes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from quality.suites.checks import (
    EARLIEST_DATE,
    LARGEST_AMOUNT,
    LARGEST_QUANTITY,
    SENT,
    SENT_PATTERNS,
    TENANT_PATTERN,
    TOKEN_PATTERN,
    Check,
    Member,
    Pattern,
    Required,
    Severity,
    Shape,
    Unique,
    Within,
)

# Types of dbt contracts, as the warehouse hands them over in Arrow.
TYPES: dict[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "double precision": pa.float64(),
    "numeric(18,2)": pa.decimal128(18, 2),
    "text": pa.string(),
    "date": pa.date32(),
}

CLAIM_ID_PATTERN = "^[0-9a-f]{32}-[1-9][0-9]*$"
# Ages are held at 90 when a file comes in; some years pass before a claim is looked at again.
OLDEST_AGE_YEARS = 120
LARGEST_DAYS = 60_000  # from the earliest day that a file may name to the last of a century
# Words that our own models assign.
ASSIGNED: dict[str, tuple[str, ...]] = {
    "authorization_state": ("none", "unknown", "out_of_date", "other_procedure", "too_few_units", "valid"),
}
_SHARES = ("_rate", "_risk", "_share", "_probability")


@dataclass(frozen=True)
class Column:
    """A column of a contract: its name, its type in Arrow, whether it may be null."""

    name: str
    type: pa.DataType
    is_required: bool


@dataclass(frozen=True)
class Contract:
    """The columns of a table in their order, those that name a row, and the words that a column may hold."""

    layer: str
    table: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class ContractError(ValueError):
    """The contract cannot be read: a type is unknown, or no test says which columns name a row."""


def read_contracts(path: Path, layer: str) -> tuple[Contract, ...]:
    """The contracts of a dbt models file, in its order.

    A column is required by its constraint `not_null`, by the expression `<column> is not null`, or as part of the key;
    the key is that of the test `sound_rows`, which may name required columns too.

    Raises:
        ContractError: a type has no counterpart in `TYPES`, or a model has no key.
    """
    import yaml

    models = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    return tuple(_contract(layer, model) for model in models)


def _contract(layer: str, model: dict[str, Any]) -> Contract:
    keys: tuple[str, ...] = ()
    not_null: set[str] = set()
    for test in model.get("data_tests", []):
        arguments = test.get(_name(test), {}).get("arguments", {}) if isinstance(test, dict) else {}
        if _name(test) == "sound_rows":
            keys = tuple(arguments.get("key", ()))
            not_null.update(arguments.get("required", ()))
        elif found := re.fullmatch(r"(\w+) is not null", str(arguments.get("expression", ""))):
            not_null.add(found[1])
    if not keys:
        raise ContractError(f"{layer}.{model['name']} has no key in a test sound_rows: which columns name a row?")
    columns = []
    for column in model["columns"]:
        if column["data_type"] not in TYPES:
            raise ContractError(f"{layer}.{model['name']}.{column['name']}: unknown type {column['data_type']!r}")
        if any(constraint["type"] == "not_null" for constraint in column.get("constraints", [])):
            not_null.add(column["name"])
        columns.append(Column(column["name"], TYPES[column["data_type"]], column["name"] in {*keys, *not_null}))
    return Contract(layer, model["name"], tuple(columns), keys, ASSIGNED)


def _name(test: str | dict[str, Any]) -> str:
    return test if isinstance(test, str) else next(iter(test))


def contract_of(
    layer: str, table: str, schema: pa.Schema, keys: Sequence[str], words: Mapping[str, tuple[str, ...]] | None = None
) -> Contract:
    """The contract of a table that is written with an Arrow schema; `words` are what some of its columns may hold."""
    columns = tuple(Column(f.name, f.type, not f.nullable) for f in schema)
    return Contract(layer, table, columns, tuple(keys), words or ASSIGNED)


def contract_checks(contract: Contract, *, today: date | None = None) -> tuple[Check, ...]:
    """The suite of a contract: shape, key, then column by column. `today` (UTC) bounds dates."""
    day = today or datetime.now(UTC).date()
    out: list[Check] = [
        Shape(tuple(f"{column.name} {column.type}" for column in contract.columns)),
        Unique(contract.keys),
    ]
    for column in contract.columns:
        if column.is_required:
            out.append(Required(column.name))
        out.extend(_by_column(column, contract.words, day))
    return tuple(out)


def _by_column(column: Column, words: Mapping[str, tuple[str, ...]], today: date) -> Iterator[Check]:
    """The checks that the name and the type of a computed column call for."""
    name, critical, warning = column.name, Severity.CRITICAL, Severity.WARNING
    if name == "tenant_id":
        yield Pattern(name, TENANT_PATTERN, critical)
    elif name == "claim_id":
        yield Pattern(name, CLAIM_ID_PATTERN, critical)
    elif name.endswith("_key"):
        yield Pattern(name, TOKEN_PATTERN, critical)
    elif name in words:
        yield Member(name, words[name], critical)
    elif name in SENT:
        yield Member(name, SENT[name], warning)
    elif pattern := next((p for end, p in SENT_PATTERNS.items() if name.endswith(end)), None):
        yield Pattern(name, pattern, warning)
    elif pa.types.is_date(column.type):
        # What was sent, or answered, on a day far ahead is a typing error of the sender that we took over.
        yield Within(name, EARLIEST_DATE, today + timedelta(days=366), warning)
    elif name.endswith("_amount"):
        yield Within(name, -LARGEST_AMOUNT, LARGEST_AMOUNT, warning)
    elif name.endswith(_SHARES) or "_rate_" in name:
        yield Within(name, 0, 1, critical)
    elif name.endswith("_age_years"):
        yield Within(name, 0, OLDEST_AGE_YEARS, critical)
    elif name.endswith("_weekday"):
        yield Within(name, 0, 6, critical)
    elif name.startswith("days_"):
        yield Within(name, -LARGEST_DAYS, LARGEST_DAYS, critical)
    elif name.endswith("unit_count"):
        yield Within(name, -LARGEST_QUANTITY, LARGEST_QUANTITY, warning)
    elif name.endswith("_count") or "_count_" in name:
        yield Within(name, 0, None, critical)
