"""What must hold of a bronze table: checks derived from `claims.schema` and from the code lists of the guides.

Belongs here: which check stands on which column, its bounds, and whether it blocks. Does not belong here: running them.

A check is critical where the platform itself answers for it (shape, keys, tokens, codes that our readers assign): when
one fails, a reader or the identity split is broken and nothing downstream may be built. It is a warning where the
sender answers for it (codes and amounts as sent): one payer's typo must be seen, but must not stop everybody's numbers.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from string import ascii_uppercase, digits

import pyarrow as pa

from claims import schema


class Severity(StrEnum):
    """Whether a failed check stops what is built from the table."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True)
class Shape:
    """The table has exactly these columns, in this order, of these types."""

    fields: tuple[str, ...]
    severity: Severity = Severity.CRITICAL
    name: str = "shape"


@dataclass(frozen=True)
class Required:
    """The column holds no null."""

    column: str
    severity: Severity = Severity.CRITICAL

    @property
    def name(self) -> str:
        """Stable within a suite."""
        return f"{self.column}: required"


@dataclass(frozen=True)
class Unique:
    """No two rows agree in all of these columns."""

    columns: tuple[str, ...]
    severity: Severity = Severity.CRITICAL
    name: str = "key: unique"


@dataclass(frozen=True)
class Member:
    """Every value that is there stands in the list."""

    column: str
    values: tuple[str, ...]
    severity: Severity

    @property
    def name(self) -> str:
        """Stable within a suite."""
        return f"{self.column}: known value"


@dataclass(frozen=True)
class Pattern:
    """Every value that is there matches the regular expression."""

    column: str
    regex: str
    severity: Severity

    @property
    def name(self) -> str:
        """Stable within a suite."""
        return f"{self.column}: pattern"


@dataclass(frozen=True)
class Within:
    """Every value that is there lies between the bounds, both included; None leaves a side open."""

    column: str
    minimum: int | date | None
    maximum: int | date | None
    severity: Severity

    @property
    def name(self) -> str:
        """Stable within a suite."""
        return f"{self.column}: range"


@dataclass(frozen=True)
class Partition:
    """Every row belongs to one of the (tenant, received date) pairs that the data was read for."""

    pairs: tuple[tuple[str, date], ...]
    severity: Severity = Severity.CRITICAL
    name: str = "partition: expected"


Check = Shape | Required | Unique | Member | Pattern | Within | Partition

TOKEN_PATTERN = "^[0-9a-f]{32}$"  # keyed tokens and file ids: a value in clear can not look like this
TENANT_PATTERN = "^[a-z][a-z0-9_-]{0,62}$"

# Ages are held at 90 when a file comes in, and none came in before 2020.
EARLIEST_BIRTH_YEAR = 1930
EARLIEST_RECEIPT = date(2000, 1, 1)
EARLIEST_DATE = date(1900, 1, 1)
FAR_FUTURE = date(9999, 12, 31)  # how payers write "no end"

LARGEST_AMOUNT = 100_000_000
LARGEST_QUANTITY = 10_000_000
LARGEST_COUNT = 10_000_000

# Codes that our own readers assign: (table, column) -> values. Anything else means that a reader is broken.
ASSIGNED: dict[tuple[str, str], tuple[str, ...]] = {
    ("interchanges", "status"): ("accepted", "accepted_with_errors", "quarantined"),
    ("transactions", "status"): ("accepted", "accepted_with_errors", "quarantined"),
    ("findings", "severity"): ("error", "warning", "info"),
    ("findings", "scope"): ("interchange", "group", "transaction", "claim", "row", "none"),
    ("claims", "claim_type"): ("professional", "institutional", "dental"),
    ("remittance_remarks", "source"): ("LQ", "MIA", "MOA"),
    ("acknowledgements", "acknowledgement_type"): ("999", "997", "TA1"),
    ("acknowledgements", "level"): ("interchange", "group", "transaction", "segment", "element"),
    ("claim_statuses", "level"): ("source", "receiver", "provider", "claim", "line"),
    ("priced_lines", "price_status"): ("priced", "bundled", "not_payable", "by_report", "unpriced"),
}

# Codes as sent: column, in whatever table it stands -> values of the X12 5010 guides and of NUBC.
SENT: dict[str, tuple[str, ...]] = {
    "frequency_code": tuple(digits + ascii_uppercase),
    "facility_code_qualifier": ("A", "B"),
    "group_code": ("CO", "OA", "PI", "PR", "CR"),
    "claim_status_code": ("1", "2", "3", "4", "19", "20", "21", "22", "23", "25"),
    "payer_responsibility_code": ("P", "S", "T", *"ABCDEFGH", "U"),
    "credit_debit_code": ("C", "D"),
    "payment_method_code": ("ACH", "BOP", "CHK", "FWT", "NON"),
    "handling_code": ("C", "D", "H", "I", "P", "U", "X"),
    "subscriber_sex_code": ("F", "M", "U"),
    "patient_sex_code": ("F", "M", "U"),
    "present_on_admission_code": ("Y", "N", "U", "W", "1"),
    "assignment_code": ("A", "B", "C", "P"),
    "benefits_assignment_code": ("Y", "N", "W"),
    "release_code": ("I", "Y", "N"),
}

# Formats as sent: end of the column's name -> pattern.
SENT_PATTERNS: dict[str, str] = {
    "_npi": r"^\d{10}$",
    "_state": "^[A-Z]{2}$",
    "_diagnosis_code": "^[A-Z0-9]{3,8}$",
    "revenue_code": r"^\d{3,4}$",
}
ADJUSTMENT_REASON_PATTERN = "^[A-Z]{0,2}[0-9]{1,3}$"  # CARC
_ADJUSTMENTS = ("claim_adjustments", "remittance_adjustments")

# Counts and positions that the sender declares or that point at what the sender wrote.
_DECLARED = ("declared_", "diagnosis_pointer_", "error_", "bundled_line_number", "diagnosis_position")
# Dates that lie far ahead in good order: ends of coverage, of authorizations, of fiscal years.
_OPEN_ENDED = ("coverage_", "valid_", "fiscal_period_date")
# Positions that are 0 for what stands outside: any transaction set, any interchange, any group.
_FROM_ZERO = ("transaction_ordinal", "segment_ordinal", "interchange_ordinal", "group_ordinal", "byte_offset")


def checks(
    table: str, *, today: date | None = None, partitions: Collection[tuple[str, date]] | None = None
) -> tuple[Check, ...]:
    """The suite of bronze table `table`.

    Args:
        table: a name of `claims.schema.TABLES` whose rows are in the lake.
        today: the day (UTC) that bounds what can have been received; the present day when not given.
        partitions: the (tenant, received date) pairs that the data was read for, when the caller knows them.

    Returns:
        The checks in the order in which they are reported: shape, key, partition, then column by column.

    Raises:
        KeyError: `table` is no lake table.
    """
    declared = schema.BY_NAME[table]
    if not declared.in_lake:
        raise KeyError(f"{table} is no lake table")
    day = today or datetime.now(UTC).date()
    out: list[Check] = [
        Shape(tuple(f"{field.name} {field.type}" for field in schema.bronze(table))),
        Unique(("tenant_id", *declared.keys)),
    ]
    if partitions is not None:
        out.append(Partition(tuple(sorted(set(partitions)))))
    tokens = {str(c.becomes) for c in declared.columns if c.split is schema.Split.TOKEN}
    tokens |= {person.becomes for person in declared.persons} | {"file_id"}
    zip3 = {c.becomes for c in declared.columns if c.split is schema.Split.ZIP3}
    birth_years = {c.becomes for c in declared.columns if c.split is schema.Split.BIRTH_YEAR}
    for column in schema.bronze_columns(table):
        if not column.nullable:
            out.append(Required(column.name))
        if column.name in tokens:
            out.append(Pattern(column.name, TOKEN_PATTERN, Severity.CRITICAL))
        elif column.name == "tenant_id":
            out.append(Pattern(column.name, TENANT_PATTERN, Severity.CRITICAL))
        elif column.name in zip3:
            out.append(Pattern(column.name, r"^\d{3}$", Severity.CRITICAL))
        elif column.name in birth_years:
            out.append(Within(column.name, EARLIEST_BIRTH_YEAR, None, Severity.CRITICAL))
        else:
            out.extend(_by_column(table, column, day))
    return tuple(out)


def _by_column(table: str, column: schema.Column, today: date) -> Iterator[Check]:
    """The checks that the name and the type of a column call for."""
    name = column.name
    if (table, name) in ASSIGNED:
        yield Member(name, ASSIGNED[table, name], Severity.CRITICAL)
    elif name in SENT:
        yield Member(name, SENT[name], Severity.WARNING)
    elif name == "reason_code" and table in _ADJUSTMENTS:
        yield Pattern(name, ADJUSTMENT_REASON_PATTERN, Severity.WARNING)
    elif pattern := next((p for end, p in SENT_PATTERNS.items() if name.endswith(end)), None):
        yield Pattern(name, pattern, Severity.WARNING)
    elif column.type == schema.MONEY:
        yield Within(name, -LARGEST_AMOUNT, LARGEST_AMOUNT, Severity.WARNING)
    elif column.type == schema.QUANTITY:
        yield Within(name, -LARGEST_QUANTITY, LARGEST_QUANTITY, Severity.WARNING)
    elif name == "received_date":
        # A file that came in on another side of midnight than this machine's is no error.
        yield Within(name, EARLIEST_RECEIPT, today + timedelta(days=1), Severity.CRITICAL)
    elif column.type == schema.DATE:
        ahead = FAR_FUTURE if name.startswith(_OPEN_ENDED) else today + timedelta(days=366)
        yield Within(name, EARLIEST_DATE, ahead, Severity.WARNING)
    elif pa.types.is_integer(column.type):
        if name.startswith(_DECLARED):
            yield Within(name, 0, LARGEST_COUNT, Severity.WARNING)
        elif name.endswith("_count"):
            yield Within(name, 0, LARGEST_COUNT, Severity.CRITICAL)
        else:
            yield Within(name, 0 if name in _FROM_ZERO else 1, None, Severity.CRITICAL)
