"""X12 interchanges, bytes to Arrow tables and back: 837P/I/D, 835, 999, 997, TA1, 277CA, 276/277, 270/271 and 278.

`read` takes any number of sources and gives every X12 table of `claims.schema`; it never raises on what the bytes
hold. `rewrite` writes back what was read, `acknowledge` answers it, and the requests ask payers about claims. Does not
belong here: files on disk, tenants, the lake.
"""

from claims.interchange.x12.acknowledge import acknowledge
from claims.interchange.x12.reader import ReadResult, read, read_batches
from claims.interchange.x12.requests import eligibility_request, review_request, status_request
from claims.interchange.x12.source import Source, is_x12
from claims.interchange.x12.writer import (
    Address,
    Group,
    MarkInDataError,
    Marks,
    Numbers,
    TooLongError,
    TransactionSet,
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
    "ReadResult",
    "Source",
    "TooLongError",
    "TransactionSet",
    "WriteError",
    "acknowledge",
    "eligibility_request",
    "is_x12",
    "read",
    "read_batches",
    "review_request",
    "rewrite",
    "status_request",
    "write_interchange",
]
