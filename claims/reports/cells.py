"""What every kind of file has in common: texts that no spreadsheet runs, provenance, how values are written for people.

Belongs here: neutralising formulas, words for filters and figures. Does not belong here: any one kind of file.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and drops a tab, a line break or a blank
before it (OWASP, CSV injection). Such a text gets an apostrophe in front, in every kind of file alike, so that the same
cell reads the same everywhere and survives being saved from one as another. Numbers are written as numbers, so a
negative amount stays what it is, and a text of digits (an NPI, a procedure code) stays a text.
"""

import hashlib
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from claims.reports.model import Kind, Table
from claims.reports.published import Opened

# Full-width forms count as well: spreadsheets of East Asian locales take them for the plain ones.
_STARTS = "=+\\-@＝＋－＠"  # noqa: RUF001
FORMULA = f"^(?:[\\t\\r\\n]|[\\s\\x00-\\x1f\\x{{00a0}}\\x{{feff}}]*[{_STARTS}])"
# Where a list is separated by semicolons, a comma file falls apart at them, and what follows one begins a cell.
_AFTER_SEPARATOR = f'([;\\t][\\s"]*)([{_STARTS}])'


def neutralised(column: pa.Array, *, splits: bool = False) -> pa.Array:
    """The texts with an apostrophe before each that a spreadsheet would run. `splits`: also after `;` and tabs.

    Cost: one pass of a regular expression where nothing matches.
    """
    matches = pc.match_substring_regex(column, FORMULA)
    if pc.any(matches).as_py():
        quoted = pc.binary_join_element_wise(pa.scalar("'", column.type), column, pa.scalar("", column.type))
        column = pc.if_else(matches, quoted, column)
    if splits and pc.any(pc.match_substring_regex(column, _AFTER_SEPARATOR)).as_py():
        column = pc.replace_substring_regex(column, _AFTER_SEPARATOR, "\\1'\\2")
    return column


def safe_text(value: str) -> str:
    """One text, neutralised."""
    return str(neutralised(pa.array([value]))[0].as_py())


def safe_batch(batch: pa.RecordBatch, *, splits: bool = False) -> pa.RecordBatch:
    """The batch with every text column neutralised."""
    columns = [
        neutralised(column, splits=splits) if pa.types.is_string(column.type) else column for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def definition_version(table: Table) -> str:
    """Twelve hex digits that change when what the table reads, or a column of it, changes."""
    said = "\n".join([" ".join(table.sql.split()), *(f"{c.name} {c.kind.value} {c.total}" for c in table.columns)])
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def filter_words(opened: Opened) -> list[tuple[str, str]]:
    """The filters in words, as (name, value)."""
    filters, facts, report = opened.filters, opened.facts, opened.report
    if filters.start is None or filters.end is None:
        months = f"as of {facts.data_cutoff_date.isoformat()}"
    else:
        months = f"{filters.start:%Y-%m} to {filters.end:%Y-%m} ({report.months})"
    payers = ", ".join(f"{facts.payers.get(one, one)} ({one})" for one in filters.payers) or "all"
    return [("Organization", facts.tenant_id), ("Months", months), ("Payers", payers)]


def provenance(opened: Opened, tables: tuple[Table, ...]) -> list[tuple[str, str]]:
    """Where the figures come from, as (name, value); the same for the same published copy, whenever it is written."""
    facts = opened.facts
    return [
        ("Data cut-off", facts.data_cutoff_date.isoformat()),
        ("Published at", f"{facts.published_at} UTC"),
        ("Denial model version", facts.model_version or "none"),
        *((f"Rows: {table.title}", f"{opened.row_count(table):,}") for table in tables),
        *((f"Source: {table.title}", ", ".join(sorted(table.marts))) for table in tables),
        *((f"Report version: {table.title}", definition_version(table)) for table in tables),
    ]


def shown(value: Any, kind: Kind) -> str:
    """A value as people read it; empty for null."""
    if value is None:
        return ""
    match kind:
        case Kind.AMOUNT:
            return f"{value:,.2f}"
        case Kind.COUNT:
            return f"{int(value):,}"
        case Kind.QUANTITY:
            return f"{Decimal(value).normalize():f}"
        case Kind.SHARE:
            return f"{value:.1%}"
        case Kind.DAYS:
            return f"{value:,.1f}"
        case Kind.DATE:
            return str(value)
        case Kind.MONTH:
            return f"{value:%b %Y}" if isinstance(value, date) else str(value)
        case Kind.TEXT:
            return str(value)
