"""X12 interchanges, bytes to Arrow tables and back: 837P/I/D and 835, with every envelope verified.

`read` takes any number of sources and gives every X12 table of `claims.schema`. It never raises on what the bytes
hold. Does not belong here: files on disk, tenants, the lake.
"""

from claims.interchange.x12.reader import ReadResult, read, read_batches
from claims.interchange.x12.source import Source, is_x12

__all__ = ["ReadResult", "Source", "is_x12", "read", "read_batches"]
