"""X12 interchanges, bytes to Arrow tables and back: 837P/I/D, 835, 999, 997, TA1, 277CA, 276/277, 270/271 and 278.

`read` takes any number of sources and gives every X12 table of `claims.schema`; it never raises on what the bytes
hold. `rewrite` writes back what was read, `acknowledge` answers it, and `write837` writes claims from their tables (it
loads Polars, so it is not imported here). `status_request` (276), `eligibility_request` (270) and `review_request`
(278) ask payers about the rows of `claims`; each gives a group for `write_interchange`. Does not belong here: files on
disk, tenants, the lake.
"""

from claims.interchange.x12.acknowledge import acknowledge, answers_to
from claims.interchange.x12.reader import ReadResult, read, read_batches
from claims.interchange.x12.requests import eligibility_request, review_request, status_request
from claims.interchange.x12.source import Source, is_x12
from claims.interchange.x12.writer import (
    Address,
    Group,
    MarkInDataError,
    Marks,
    Numbers,
    Outgoing,
    TooLongError,
    TransactionSet,
    UnknownAddressError,
    WriteError,
    rewrite,
    write_interchange,
)

__all__ = [
    "Address",
    "Group",
    "MarkInDataError",
    "Marks",
    "Numbers",
    "Outgoing",
    "ReadResult",
    "Source",
    "TooLongError",
    "TransactionSet",
    "UnknownAddressError",
    "WriteError",
    "acknowledge",
    "answers_to",
    "eligibility_request",
    "is_x12",
    "read",
    "read_batches",
    "review_request",
    "rewrite",
    "status_request",
    "write_interchange",
]
