"""What was found wrong in a published file, and what became of the file: the words of `claimworks reference load`.

Belongs here: the two records. Does not belong here: finding anything (`claims.reference.checking`).
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """What a finding did: `error` put rows or the file aside, `warning` kept them, `note` tells what was left out."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Status(StrEnum):
    """What became of a file."""

    LOADED = "loaded"
    LOADED_WITH_FINDINGS = "loaded_with_findings"  # rows were put aside, the others are loaded
    UNCHANGED = "unchanged"  # the same bytes were loaded before
    REFUSED = "refused"  # recognised, and unusable
    UNKNOWN = "unknown"  # no format that is known


@dataclass(frozen=True)
class Finding:
    """One finding: where (file, line, column as published), what, the way out, and how many rows it is about."""

    file: str
    severity: Severity
    message: str
    fix: str
    row: int | None = None
    column: str | None = None
    count: int = 1


@dataclass
class FileReport:
    """One file: its lines add up, `lines` = header_lines + blank_lines + rows_read + rows_left_out + rows_refused."""

    file: str
    status: Status
    format: str | None = None
    table: str | None = None
    release: str | None = None
    effective_from: str | None = None
    lines: int = 0
    header_lines: int = 0
    blank_lines: int = 0
    rows_read: int = 0
    rows_left_out: int = 0
    rows_refused: int = 0
    findings: list[Finding] = field(default_factory=list)
