"""Holds a table against its suite with Great Expectations, without files, telemetry or sample values.

Belongs here: translating checks into expectations, handing over the data, reading the outcome. Does not belong here:
what is checked (`checks`, `contracts`), what a failure leads to (the asset check that calls this), pages for people
(`datadocs`).

Great Expectations pays per expectation (about 5 ms), for every copy of a row, and dearly for Python objects: so one
validation per table, on a frame that holds only checked columns, as numbers and categories.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, assert_never

import pyarrow as pa
import pyarrow.compute as pc

from quality.suites.checks import (
    Check,
    Member,
    Partition,
    Pattern,
    Required,
    Severity,
    Shape,
    Unique,
    Within,
    checks,
)

if TYPE_CHECKING:
    import pandas as pd

_PARTITION_COLUMN = "(tenant_id, received_date) is known"
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Failure:
    """One expectation that does not hold: where, what was expected, how many rows are against it. Never a value.

    For the shape `columns` are those that are missing, unexpected or of another type, and the count is of columns.
    `by_tenant` has the count of each tenant that has any; None where the failure is of no tenant's rows.
    """

    layer: str
    table: str
    check: str
    columns: tuple[str, ...]
    expectation: str
    severity: Severity
    unexpected_count: int
    by_tenant: Mapping[str, int] | None = None

    def __str__(self) -> str:
        """For people, without any value of the data."""
        where = ", ".join(self.columns)
        of = "columns" if self.check == "shape" else "rows"
        return f"{self.layer}/{self.table}: {self.check} ({self.expectation} on {where}): {self.unexpected_count} {of}"


@dataclass(frozen=True)
class SuiteResult:
    """Outcome of one suite on one table.

    `success` says that no critical check failed; `failures` lists what failed, critical or not, in the suite's order.
    `judged` are the checks that were looked at: all of them, or the shape alone where it is wrong or there are no rows.
    `documents` are Great Expectations' own results, which hold counts and no value, for `datadocs`.
    """

    layer: str
    table: str
    row_count: int
    suite: tuple[Check, ...] = field(repr=False)
    judged: tuple[Check, ...] = field(repr=False)
    failures: tuple[Failure, ...]
    documents: tuple[Any, ...] = field(default=(), repr=False, compare=False)

    @property
    def check_count(self) -> int:
        """How many checks the suite has."""
        return len(self.suite)

    @property
    def success(self) -> bool:
        """True when nothing that the platform answers for is broken."""
        return not any(f.severity is Severity.CRITICAL for f in self.failures)

    @property
    def warnings(self) -> tuple[Failure, ...]:
        """What the senders answer for: seen, not blocking."""
        return tuple(f for f in self.failures if f.severity is Severity.WARNING)


def validate(
    table_name: str,
    data: pa.Table,
    *,
    today: date | None = None,
    partitions: Collection[tuple[str, date]] | None = None,
    tenants: Collection[str] = (),
) -> SuiteResult:
    """Hold the rows of bronze table `table_name` against its suite.

    Args:
        table_name: a name of `claims.schema.TABLES` whose rows are in the lake.
        data: rows of that table, with `tenant_id` and `received_date`.
        today: the day (UTC) that bounds what can have been received; the present day when not given.
        partitions: the (tenant, received date) pairs that `data` was read for: any other row is a failure.
        tenants: whose share of a failure is wanted.

    Returns:
        The outcome, see `hold`.

    Raises:
        KeyError: `table_name` is no lake table.
    """
    suite = checks(table_name, today=today, partitions=partitions)
    return hold("bronze", table_name, suite, data, tenants=tenants)


def hold(
    layer: str, table: str, suite: Sequence[Check], data: pa.Table, *, tenants: Collection[str] = ()
) -> SuiteResult:
    """Hold the rows of `layer`/`table` against `suite`, which has a `Shape`.

    When the shape is wrong nothing else is looked at, for it would not mean what it says. What fails is looked at once
    more for each of `tenants`, so that each can be told its own share and no other's.

    Cost: 3 s for the first call of a process (the import), then about 5 ms per check and 20,000 rows.
    """
    shape = next(check for check in suite if isinstance(check, Shape))
    found, document = _run(layer, table, [shape], _shape_frame(data.schema))
    failures = [_name_columns(failure, shape, data.schema) for failure in found]
    judged: tuple[Check, ...] = (shape,)
    documents: tuple[Any, ...] = (document,)
    if not failures and data.num_rows:
        others = [check for check in suite if check is not shape]
        failures, document = _run(layer, table, others, _value_frame(data, others))
        judged, documents = tuple(suite), (*documents, document)
        if failures:
            failures = _by_tenant(failures, others, data, tenants)
    return SuiteResult(layer, table, data.num_rows, tuple(suite), judged, tuple(failures), documents)


def _by_tenant(
    failures: Sequence[Failure], suite: Iterable[Check], data: pa.Table, tenants: Collection[str]
) -> list[Failure]:
    """The failures with each tenant's count. Every check looks at rows one by one, or at keys that hold the tenant."""
    names = {failure.check for failure in failures}
    failed = [check for check in suite if check.name in names]
    counts: dict[str, dict[str, int]] = {name: {} for name in names}
    for tenant in tenants:
        rows = data.filter(pc.equal(data["tenant_id"], tenant))
        if rows.num_rows:
            for failure in _run(failures[0].layer, failures[0].table, failed, _value_frame(rows, failed))[0]:
                counts[failure.check][tenant] = failure.unexpected_count
    return [replace(failure, by_tenant=counts[failure.check]) for failure in failures]


@cache
def _whole_frames() -> Any:
    """What makes a batch of a frame, of one ephemeral context per process: no disk is used, nobody is told of it."""
    import os

    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return (
        context.data_sources.add_pandas("frames")
        .add_dataframe_asset("table")
        .add_batch_definition_whole_dataframe("whole")
    )


def _run(layer: str, table: str, suite: Iterable[Check], frame: "pd.DataFrame") -> tuple[list[Failure], Any]:
    """Validate `frame` once: what failed, and the whole result. A check that could not be evaluated has failed."""
    frames = _whole_frames()
    import great_expectations as gx

    by_name = {check.name: check for check in suite}
    outcome = frames.get_batch({"dataframe": frame}).validate(
        gx.ExpectationSuite(name=f"{layer}.{table}", expectations=[_expectation(check) for check in by_name.values()]),
        # A count, and not one sample: results travel into metadata and logs.
        result_format={"result_format": "SUMMARY", "partial_unexpected_count": 0},
    )
    failures = []
    for result in outcome.results:
        if not result.success:
            check = by_name[result.expectation_config.meta["check"]]
            failures.append(
                Failure(
                    layer,
                    table,
                    check.name,
                    _columns(check),
                    result.expectation_config.type,
                    check.severity,
                    int(result.result.get("unexpected_count", len(frame))),
                )
            )
    order = list(by_name)
    return sorted(failures, key=lambda failure: order.index(failure.check)), outcome


def _name_columns(failure: Failure, shape: Shape, found: pa.Schema) -> Failure:
    """A failure of the shape with the columns that differ; all of them where only their order does."""
    fields = _fields(found)
    differing = [f for f in (*shape.fields, *fields) if (f in shape.fields) != (f in fields)] or fields
    names = tuple(dict.fromkeys(f.split(" ", 1)[0] for f in differing))
    return replace(failure, columns=names, unexpected_count=len(names))


def _columns(check: Check) -> tuple[str, ...]:
    """The columns that a check looks at."""
    match check:
        case Shape():
            return tuple(field.split(" ", 1)[0] for field in check.fields)
        case Unique():
            return check.columns
        case Partition():
            return ("tenant_id", "received_date")
        case Required() | Member() | Pattern() | Within():
            return (check.column,)
        case _:
            assert_never(check)


def _expectation(check: Check) -> Any:
    """The expectation of Great Expectations that holds a check."""
    from great_expectations import expectations as gxe

    common: dict[str, Any] = {"meta": {"check": check.name}, "severity": str(check.severity)}
    match check:
        case Shape():
            return gxe.ExpectTableColumnsToMatchOrderedList(column_list=list(check.fields), **common)
        case Required():
            return gxe.ExpectColumnValuesToNotBeNull(column=check.column, **common)
        case Unique():
            return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(check.columns), **common)
        case Member():
            return gxe.ExpectColumnValuesToBeInSet(column=check.column, value_set=list(check.values), **common)
        case Pattern():
            return gxe.ExpectColumnValuesToMatchRegex(column=check.column, regex=check.regex, **common)
        case Within():
            return gxe.ExpectColumnValuesToBeBetween(
                column=check.column, min_value=_number(check.minimum), max_value=_number(check.maximum), **common
            )
        case Partition():
            return gxe.ExpectColumnValuesToBeInSet(column=_PARTITION_COLUMN, value_set=[1.0], **common)
        case _:
            assert_never(check)


def _number(bound: int | date | None) -> float | None:
    """A bound as the value frame holds the column: dates as days since 1970."""
    if isinstance(bound, date):
        return float((bound - _EPOCH).days)
    return None if bound is None else float(bound)


def _shape_frame(found: pa.Schema) -> "pd.DataFrame":
    """An empty frame whose columns are called `<name> <type>`: names and types are then one list to compare."""
    import pandas as pd

    return pd.DataFrame(columns=_fields(found))


def _fields(found: pa.Schema) -> list[str]:
    """As `Shape.fields` writes them."""
    return [f"{field.name} {field.type}" for field in found]


def _value_frame(data: pa.Table, suite: Iterable[Check]) -> "pd.DataFrame":
    """The checked columns of `data`, text as categories and everything else as numbers; null is NaN.

    Numbers as float64 are good for bounds and keys below 2**53, which is all that they are used for here.
    """
    import pandas as pd

    suite = list(suite)
    series: dict[str, Any] = {}
    for name in dict.fromkeys(c for check in suite if not isinstance(check, Partition) for c in _columns(check)):
        series[name] = _narrow(data[name])
    for check in suite:
        if isinstance(check, Partition):
            # Whether the pair is known, not the pair: Great Expectations copies a set of thousands some 130 times.
            days = pc.strftime(data["received_date"], "%Y-%m-%d")
            known = pa.array([f"{tenant} {day.isoformat()}" for tenant, day in check.pairs], pa.string())
            pairs = pc.binary_join_element_wise(data["tenant_id"], days, " ")
            series[_PARTITION_COLUMN] = _narrow(pc.if_else(pc.is_valid(pairs), pc.is_in(pairs, value_set=known), None))
    return pd.DataFrame(series, copy=False)


def _narrow(values: pa.ChunkedArray) -> Any:
    """One column in the cheapest form that Great Expectations works on without touching Python objects."""
    if pa.types.is_string(values.type):
        return values.combine_chunks().dictionary_encode().to_pandas()
    if pa.types.is_date32(values.type):
        values = values.cast(pa.int32())
    return values.cast(pa.float64()).to_numpy()
