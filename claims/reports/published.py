"""Reading a tenant's published copy: its facts, whether a report can be made of it, its rows in batches, its totals.

Belongs here: the one connection of a report, read-only, and what it answers. Does not belong here: any statement about
claims (`catalog`), any file that is written.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from claims.reports.model import Filters, Kind, Report, Table

BATCH_ROWS = 10_000
# What DuckDB may hold for a sort before it goes to disk; a million rows are to take 500 MB of the whole process.
MEMORY_LIMIT = "128MB"
_PARAMETERS = ("start", "end", "payers")

# What users did about underpaid lines, which is in the operational store and in no published copy.
WORK = pa.schema(
    [
        pa.field("claim_id", pa.string(), nullable=False),
        pa.field("line_number", pa.int32(), nullable=False),
        pa.field("work_status", pa.string(), nullable=False),
        pa.field("worked_date", pa.date32(), nullable=False),
    ]
)


class ReportError(Exception):
    """A report cannot be made. The message says why and holds no value of a claim."""


class MissingError(ReportError):
    """The published copy lacks what the report is made of."""


@dataclass(frozen=True)
class Facts:
    """What the copy says of itself, and the months and payers that it has."""

    tenant_id: str
    published_at: str  # UTC, YYYY-MM-DD HH:MM:SS
    data_cutoff_date: date
    model_version: str | None
    first_month: date
    last_month: date
    payers: Mapping[str, str]


class Opened:
    """A report on an open copy. Valid inside `open_report` only."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, report: Report, facts: Facts, filters: Filters) -> None:
        self._connection = connection
        self.report = report
        self.facts = facts
        self.filters = filters
        self._totals: dict[str, dict[str, Any]] = {}
        self._counts: dict[str, int] = {}

    def batches(self, table: Table, limit: int | None = None) -> Iterator[pa.RecordBatch]:
        """The table's rows, at most `BATCH_ROWS` in memory at a time beside what a sort needs; none for no rows.

        Raises:
            ReportError: the statement gives other columns than the table declares.
        """
        sql = table.sql if limit is None else f"select * from ({table.sql}) limit {int(limit)}"
        reader = self._run(sql).to_arrow_reader(BATCH_ROWS)
        declared = [column.name for column in table.columns]
        if reader.schema.names != declared:
            raise ReportError(f"{self.report.name}/{table.name} declares other columns than it reads")
        yield from reader

    def totals(self, table: Table) -> Mapping[str, Any]:
        """What the row of totals says, by column, of all rows; null where there are none."""
        self._sum(table)
        return self._totals[table.name]

    def row_count(self, table: Table) -> int:
        """How many rows the table has."""
        self._sum(table)
        return self._counts[table.name]

    def grouped(self, table: Table, category: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
        """(category, sum of each value) over all rows: months in order, anything else the largest first."""
        sums = ", ".join(f"coalesce(sum({name}), 0)::double as v{n}" for n, name in enumerate(values))
        order = category if table.column(category).kind is Kind.MONTH else f"v0 desc, {category}"
        sql = f"select {category}, {sums} from ({table.sql}) group by {category} order by {order}"
        return self._execute(sql)

    def _sum(self, table: Table) -> None:
        if table.name in self._counts:
            return
        summed = [column for column in table.columns if column.total]
        sums = "".join(f", {column.total} as {column.name}" for column in summed)
        [row] = self._execute(f"select count(*) as row_count{sums} from ({table.sql})")
        self._counts[table.name] = int(row[0])
        self._totals[table.name] = dict(zip([column.name for column in summed], row[1:], strict=True))

    def _execute(self, sql: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._run(sql).fetchall()
        return rows

    def _run(self, sql: str) -> duckdb.DuckDBPyRelation:
        values: dict[str, Any] = {
            "start": self.filters.start,
            "end": self.filters.end,
            "payers": list(self.filters.payers),
        }
        bound = {name: values[name] for name in _PARAMETERS if re.search(rf"\${name}\b", sql)}
        try:
            return self._connection.sql(sql, params=bound or None)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            first = str(error).partition("\n")[0]
            raise MissingError(f"the published copy does not have what {self.report.name} reads: {first}") from error
        except duckdb.Error as error:
            raise ReportError(f"{self.report.name} could not be read ({type(error).__name__})") from error


@contextmanager
def open_report(
    path: Path, tenant_id: str, report: Report, filters: Filters, work: pa.Table | None = None
) -> Iterator[Opened]:
    """Open the tenant's published copy at `path`, read-only, and hold the report against it.

    `work` (`WORK`) is what users did about underpaid lines of the tenant; without it nobody did anything.

    Months that are not given become those of the data; a copy that is replaced meanwhile is read to the end as it was.

    Raises:
        MissingError: the copy lacks a table of the report.
        ReportError: there is no copy, it is another tenant's or damaged, or a payer of the filter is not in it.
    """
    if not path.is_file():
        raise ReportError(f"nothing is published for {tenant_id}")
    try:
        with (
            tempfile.TemporaryDirectory(prefix="claimworks-report-") as spill,
            duckdb.connect(":memory:") as connection,
        ):
            connection.execute("set temp_directory = '" + spill.replace("'", "''") + "'")
            connection.register("work", WORK.empty_table() if work is None else work.cast(WORK))
            connection.execute("create table underpayment_work as select * from work")
            connection.unregister("work")
            connection.execute("attach '" + str(path).replace("'", "''") + "' as copy (read_only)")
            connection.execute("use copy")
            connection.execute("set timezone = 'UTC'")
            connection.execute("set enable_progress_bar = false")
            connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
            connection.execute("set threads = 2")
            connection.execute("set enable_external_access = false")
            connection.execute("set lock_configuration = true")
            _require(connection, report)
            facts = _facts(connection, tenant_id)
            yield Opened(connection, report, facts, _complete(report, facts, filters))
    except duckdb.Error as error:
        raise ReportError(f"the published copy of {tenant_id} could not be read ({type(error).__name__})") from error


def _require(connection: duckdb.DuckDBPyConnection, report: Report) -> None:
    rows = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    there = {str(row[0]) for row in rows}
    needed = {mart for table in report.tables for mart in table.marts} | {"serving.published"}
    if missing := sorted(needed - there):
        raise MissingError(f"the published copy has no {', '.join(missing)}, of which {report.name} is made")


def _facts(connection: duckdb.DuckDBPyConnection, tenant_id: str) -> Facts:
    rows = connection.execute(
        """
        select tenant_id, strftime(published_at, '%Y-%m-%d %H:%M:%S'), data_cutoff_date, model_version
        from serving.published
        """
    ).fetchall()
    if len(rows) != 1 or rows[0][0] != tenant_id:
        raise ReportError(f"the published copy of {tenant_id} is not its own")
    _, published_at, cutoff, model_version = rows[0]
    months = connection.execute("select min(month_date), max(month_date) from marts.agg_revenue_monthly").fetchone()
    first, last = months if months and months[0] else (cutoff.replace(day=1), cutoff.replace(day=1))
    payers = connection.execute("select payer_id, coalesce(payer_name, payer_id) from marts.dim_payer").fetchall()
    return Facts(tenant_id, published_at, cutoff, model_version, first, last, dict(sorted(payers)))


def _complete(report: Report, facts: Facts, filters: Filters) -> Filters:
    """The filters with every value that the report's statements bind."""
    if unknown := sorted(set(filters.payers) - {*facts.payers, "unknown"}):
        raise ReportError(f"no payer {', '.join(unknown)} in the data of {facts.tenant_id}")
    if report.months is None:
        if filters.start or filters.end:
            raise ReportError(f"{report.name} is as of the data cut-off and takes no months")
        return Filters(None, None, filters.payers)
    start, end = filters.start or facts.first_month, filters.end or facts.last_month
    if start > end:
        raise ReportError(f"the months end ({end:%Y-%m}) before they begin ({start:%Y-%m})")
    return Filters(start, end, filters.payers)
