"""The round trip of one file: read to tables, written again, read again, compared with the file itself.

Belongs here: the comparison, window by window, so that no file is held as a whole. Does not belong here: writing
(`writer.rewrite`), messages of the command line.
"""

import tempfile
from bisect import bisect_right
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice, zip_longest
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc

from claims.interchange.x12.progress import MAX_SET_BYTES
from claims.interchange.x12.reader import read_batches
from claims.interchange.x12.source import WHITE, Data, FileBytes, Region, Source, chunks, locate
from claims.interchange.x12.writer import rewrite

BATCH_BYTES = 4 << 20


class DiffersError(ValueError):
    """A segment is not what it was, or there is one too few or too many. `segment`: the n-th of the file."""

    def __init__(self, segment: int) -> None:
        """`segment` is the first that differs."""
        super().__init__(f"segment {segment} of the file differs after writing")
        self.segment = segment


def round_trip(source: Source) -> int:
    """How many segments `source` holds, when all are identical after reading and writing; 0 without an interchange.

    What was read as Latin-1 (finding X12-FILE-LATIN1) is written as UTF-8, and compared as such. Costs two readings,
    and room for the file in the folder of temporary files.

    Raises:
        DiffersError: they are not identical.
        OSError: there is no room for the temporary file.
    """
    heads = locate([source])
    if not heads:
        return 0
    with tempfile.TemporaryFile() as spool:
        is_latin = _rewrite(source, heads, spool)
        written = Source(source.file_id, source.name, FileBytes(spool))
        # Closed here: a difference ends the reading half way, with windows still being read beside it.
        with closing(_texts(written)) as ours:
            return _compare(ours, _split(source.data, heads), is_latin=is_latin)


def _rewrite(source: Source, heads: Sequence[Region], out: IO[bytes]) -> bool:
    """Write the tables of `source` to `out`; whether some of it was read as Latin-1."""
    starts = [head.start for head in heads]
    is_latin = False
    for batch in read_batches([source], BATCH_BYTES, segments=True):
        segments = batch.tables["segments"]
        is_latin |= "X12-FILE-LATIN1" in batch.tables["findings"]["code"].unique().to_pylist()
        if not segments.num_rows:
            continue
        # An interchange's row comes with its last part: until then its head says how it is delimited.
        place = pc.min_max(segments["byte_offset"]).as_py()
        here = heads[bisect_right(starts, place["min"]) - 1 : bisect_right(starts, place["max"])]
        rows = [
            {
                "file_id": source.file_id,
                "interchange_ordinal": 0,
                "byte_offset": head.start,
                "segment_terminator": chr(head.delimiters.terminator),
            }
            for head in here
        ]
        out.write(rewrite({"interchanges": pa.Table.from_pylist(rows), "segments": segments})[source.file_id])
    return is_latin


def _texts(source: Source) -> Generator[list[bytes], None, None]:
    """The segments that are read from a file, some at a time."""
    for batch in read_batches([source], BATCH_BYTES, segments=True):
        yield [text.encode() for text in batch.tables["segments"]["text"].to_pylist()]


def _compare(ours: Iterator[list[bytes]], theirs: Iterator[bytes], *, is_latin: bool) -> int:
    count = 0
    for some in ours:
        others = list(islice(theirs, len(some)))
        if some != others:
            for place, (mine, other) in enumerate(zip_longest(some, others), count + 1):
                if mine != other and not (is_latin and other and mine == other.decode("latin-1").encode()):
                    raise DiffersError(place)
        count += len(some)
    if next(theirs, None) is not None:
        raise DiffersError(count + 1)
    return count


def _split(data: Data, heads: Sequence[Region]) -> Iterator[bytes]:
    """The segments of a file by plain splitting: the oracle that the codec is compared with."""
    for head in heads:
        terminator = bytes([head.delimiters.terminator])
        rest = b""
        for _, piece in chunks(data, head.start, head.end):
            *whole, rest = (rest + piece).split(terminator)
            if len(rest) > 2 * MAX_SET_BYTES:  # longer than any segment that is read: it differs as it stands
                whole, rest = [*whole, rest], b""
            yield from filter(None, (segment.lstrip(WHITE) for segment in whole))
        if rest := rest.lstrip(WHITE):
            yield rest
