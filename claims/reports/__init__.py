"""Finance reports: what finance downloads from a tenant's published copy, as CSV, XLSX or PDF.

Belongs here: what each report shows and how it is defined (`catalog`), reading the copy (`published`), the three kinds
of file. Does not belong here: who may export, and recording that he did (`compliance.exporting`); options and screens.
"""

from claims.reports.catalog import REPORTS
from claims.reports.model import Chart, Column, Definition, Filters, Kind, Report, Table
from claims.reports.published import WORK, MissingError, Opened, ReportError, open_report
from claims.reports.work import work_of
from claims.reports.writing import FORMATS, Written, reference_of, write

__all__ = [
    "FORMATS",
    "REPORTS",
    "WORK",
    "Chart",
    "Column",
    "Definition",
    "Filters",
    "Kind",
    "MissingError",
    "Opened",
    "Report",
    "ReportError",
    "Table",
    "Written",
    "open_report",
    "reference_of",
    "work_of",
    "write",
]
