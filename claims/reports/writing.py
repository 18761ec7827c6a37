"""One report, one file: opened, written beside its place, put there by rename.

Belongs here: choosing the kind of file, atomic writing. Does not belong here: any one kind.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from claims.reports.model import Filters, Report
from claims.reports.published import open_report

FORMATS = ("csv", "xlsx", "pdf")


@dataclass(frozen=True)
class Written:
    """What was written: rows of data over all tables of the file, and its size."""

    path: Path
    row_count: int
    byte_count: int


def write(
    source: Path,
    tenant_id: str,
    report: Report,
    filters: Filters,
    file_format: str,
    out: Path,
    *,
    table_name: str | None = None,
    with_mark: bool = False,
    work: pa.Table | None = None,
) -> Written:
    """Write `report` on the published copy at `source` to `out`, which appears whole or not at all.

    A CSV holds one table (`table_name`, else the first); XLSX and PDF hold all of them, or the one that is named.
    `with_mark`: CSV with a byte order mark. `work`: as `open_report` takes it. The same copy, filters and work give the
    same bytes.

    Raises:
        ReportError: the report cannot be made of this copy, or does not fit the kind of file.
        KeyError: the report has no table of that name.
        ValueError: unknown `file_format`.
        OSError: the file cannot be written.
    """
    if file_format not in FORMATS:
        raise ValueError(f"unknown format {file_format!r}: one of {', '.join(FORMATS)}")
    tables = (report.table(table_name),) if table_name is not None or file_format == "csv" else report.tables
    with open_report(source, tenant_id, report, filters, work) as opened, _beside(out) as temporary:
        match file_format:
            case "csv":
                from claims.reports.csv_file import write_csv

                with temporary.open("wb") as file:
                    rows = write_csv(opened, tables[0], file, with_mark=with_mark)
            case "xlsx":
                from claims.reports.xlsx_file import write_xlsx

                rows = write_xlsx(opened, tables, temporary)
            case _:
                from claims.reports.pdf_file import write_pdf

                rows = write_pdf(opened, tables, temporary)
    return Written(out, rows, out.stat().st_size)


def reference_of(report: Report, filters: Filters, file_format: str, table_name: str | None = None) -> str:
    """What the record of an export says was exported: report, kind of file, filters as they were given."""
    said = [f"report:{report.name}", f"format={file_format}"]
    if table_name:
        said.append(f"table={table_name}")
    if filters.start:
        said.append(f"from={filters.start:%Y-%m}")
    if filters.end:
        said.append(f"to={filters.end:%Y-%m}")
    if filters.payers:
        said.append(f"payers={','.join(filters.payers)}")
    return " ".join(said)


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """A file next to `out` that takes its place when all went well, and is gone otherwise."""
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.parent / f".{out.name}.{secrets.token_hex(6)}.part"
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
