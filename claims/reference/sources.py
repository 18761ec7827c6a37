"""Bytes of published files to tables of text: gzip, ZIP members, encodings, delimiters, workbooks.

Belongs here: everything before the meaning of a column. Does not belong here: formats, types, checks.
"""

import csv
import gzip
import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv

# A published file of 1.3 million pairs is 80 MB; what claims to be more than this is not one of them.
MAX_BYTES = 1 << 30
_HEAD_LINES = 40
LINE = "__line"


class UnreadableError(Exception):
    """The bytes are not what their container says."""


@dataclass(frozen=True)
class Source:
    """One file or one member of an archive, decompressed. `name` is what findings call it."""

    name: str
    data: bytes

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content, not of its compression."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def text(self) -> str:
        """The content as text: UTF-8, else Windows 1252, in which CMS writes."""
        try:
            return self.data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return self.data.decode("cp1252", errors="replace")

    @cached_property
    def is_workbook(self) -> bool:
        """An .xlsx workbook."""
        return self.data[:4] == b"PK\x03\x04"

    @cached_property
    def delimiter(self) -> str:
        """Tab where the first lines have tabs, comma else."""
        return "\t" if self.first_lines.count("\t") > self.first_lines.count(",") else ","

    @cached_property
    def first_lines(self) -> str:
        start = self.data[:65536].decode("utf-8-sig", errors="replace")
        return "\n".join(start.splitlines()[:_HEAD_LINES])

    @cached_property
    def head(self) -> list[list[str]]:
        """The first lines, split into cells."""
        return [row for row, _ in self._head]

    def line_of(self, row: int) -> int:
        """The line on which that row of the head ends: a quoted cell of CMS may run over several."""
        return self._head[row - 1][1]

    @cached_property
    def _head(self) -> list[tuple[list[str], int]]:
        if self.is_workbook:
            return [(row, number) for number, row in enumerate(_workbook_rows(self, _HEAD_LINES), 1)]
        reader = csv.reader(io.StringIO(self.first_lines), delimiter=self.delimiter)
        return [([cell.strip() for cell in row], reader.line_num) for row in reader]

    @cached_property
    def head_text(self) -> str:
        """The first lines as one text, to look for dates in."""
        return "\n".join(" ".join(row) for row in self.head[:12]) if self.is_workbook else self.first_lines

    def rows_below(self, header_line: int, width: int) -> tuple[pa.Table, list[tuple[int, int]]]:
        """Lines below the header as text columns `c0`...`c<width-1>` and `__line` (1-based).

        The second value lists (line, cells) of the lines that have another number of cells; a line of one cell among
        columns is blank or a footer. Cost: one pass.
        """
        if self.is_workbook:
            return _workbook_table(self, header_line, width)
        return _delimited_table(self, header_line, width)


def open_sources(root: Path) -> Iterator[Source | tuple[str, str]]:
    """The files under a folder (or one file) in the order of their names; (name, reason) for what cannot be opened."""
    paths = sorted(p for p in root.rglob("*") if p.is_file()) if root.is_dir() else [root]
    for path in paths:
        name = str(path.relative_to(root)) if root.is_dir() else path.name
        if name.startswith(".") or "/." in name:
            continue
        try:
            yield from _open(name, path)
        except (OSError, EOFError, UnreadableError, zipfile.BadZipFile) as error:
            yield name, f"cannot be opened: {error}"


def _open(name: str, path: Path) -> Iterator[Source]:
    if path.stat().st_size > MAX_BYTES:
        raise UnreadableError(f"more than {MAX_BYTES >> 30} GiB")
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise UnreadableError(f"more than {MAX_BYTES >> 30} GiB when decompressed")
        yield Source(name.removesuffix(".gz"), data)
    elif data[:4] == b"PK\x03\x04" and "[Content_Types].xml" not in zipfile.ZipFile(io.BytesIO(data)).namelist():
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in sorted(archive.infolist(), key=lambda m: m.filename):
                if not member.is_dir():
                    if member.file_size > MAX_BYTES:
                        raise UnreadableError(f"{member.filename} is more than {MAX_BYTES >> 30} GiB")
                    yield Source(f"{name}/{member.filename}", archive.read(member))
    else:
        yield Source(name, data)


def _delimited_table(source: Source, header_line: int, width: int) -> tuple[pa.Table, list[tuple[int, int]]]:
    data = source.data
    start = 0
    for _ in range(header_line):
        start = data.find(b"\n", start) + 1
    body = data[start:]
    try:
        body.decode("utf-8")
        encoding = "utf8"
    except UnicodeDecodeError:
        encoding = "cp1252"
    names = [f"c{i}" for i in range(width)]
    ragged: list[tuple[int, int]] = []

    def on_ragged(row: pa_csv.InvalidRow) -> str:
        ragged.append((row.number or 0, row.actual_columns))
        return "skip"

    def read(use_threads: bool) -> pa.Table:
        ragged.clear()
        return pa_csv.read_csv(
            pa.BufferReader(body),
            pa_csv.ReadOptions(column_names=names, use_threads=use_threads, encoding=encoding),
            # Delimited text of the NCCI has no quotes; spreadsheets saved as CSV have them.
            pa_csv.ParseOptions(delimiter=source.delimiter, invalid_row_handler=on_ragged, ignore_empty_lines=False),
            pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )

    if not body.strip():
        return _with_lines(pa.table({name: pa.array([], pa.string()) for name in names}), header_line, []), []
    table = read(True)
    if ragged:
        table = read(False)  # only then does a line know its number
    lines = [(number + header_line, cells) for number, cells in ragged]
    return _with_lines(table, header_line, [line for line, _ in lines]), lines


def _with_lines(table: pa.Table, header_line: int, without: list[int]) -> pa.Table:
    import numpy as np

    lines = np.arange(header_line + 1, header_line + 1 + table.num_rows + len(without), dtype=np.int32)
    if without:
        lines = np.setdiff1d(lines, np.array(without, dtype=np.int32))
    return table.append_column(LINE, pa.array(lines, pa.int32()))


def _workbook_rows(source: Source, limit: int | None) -> list[list[str]]:
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    book = load_workbook(io.BytesIO(source.data), read_only=True, data_only=True)
    try:
        sheet = book.worksheets[0]
        return [[_cell(v) for v in row] for row in sheet.iter_rows(max_row=limit, values_only=True)]
    finally:
        book.close()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "strftime"):
        return str(value)[:10]
    return str(value).strip()


def _workbook_table(source: Source, header_line: int, width: int) -> tuple[pa.Table, list[tuple[int, int]]]:
    rows = [(row + [""] * width)[:width] for row in _workbook_rows(source, None)[header_line:]]
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    table = pa.table({f"c{i}": pa.array(list(columns[i]), pa.string()) for i in range(width)})
    return _with_lines(table, header_line, []), []
