"""Eligibility and authorization extracts: CSV with a header → Arrow tables of `claims.schema`, and findings.

Belongs here: delimited extracts with the columns of a table of the schema. Does not belong here: X12 270/271/278 (the
x12 package), files on disk, tokens.

Form: UTF-8 (a byte order mark is allowed; other bytes are read as Windows-1252), comma, double quotes as in RFC 4180,
a header with the column names of the table in any order, dates YYYY-MM-DD. A row that cannot be read whole is left out
and is a finding with its row, column and fix; a file that cannot be read is one finding. Nothing is dropped silently.

Many files are read in one pass: their lines are found, counted and cast in columns, so that a thousand files of a
hundred rows cost about as much as one file of a hundred thousand.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from claims import schema as contract
from claims.interchange.x12.source import Source

_BOM = b"\xef\xbb\xbf"
_QUOTE = b'"'
_LONE_CR = re.compile(rb"\r(?!\n)")
_BLOCK = 1 << 20
_PROVENANCE = tuple(c.name for c in contract.ROW_PROVENANCE)
# A row without these says nothing that can be used.
_REQUIRED = {
    "eligibility": ("member_id", "payer_id", "coverage_from_date"),
    "authorizations": ("authorization_number", "member_id", "payer_id"),
}
# Columns that a header may leave out. A missing last day of coverage would read as open: that one it may not.
_OPTIONAL = frozenset({"plan_code", "payer_responsibility_code", "checked_date", "issued_date"})
# code → severity, what it quarantines, message, fix. Messages never hold a value of the file.
CATALOGUE: dict[str, tuple[str, str, str, str]] = {
    "CSV-FILE-EMPTY": ("error", "interchange", "The extract is empty", "Send the extract again, with its header."),
    "CSV-HEADER-MISSING": (
        "error",
        "interchange",
        "The header lacks a column that the extract must have",
        "Send the first line with the column names of the extract's description.",
    ),
    "CSV-HEADER-UNKNOWN": (
        "info",
        "none",
        "The header names a column that is not read",
        "Nothing; its values are left out.",
    ),
    "CSV-ENCODING": ("info", "none", "The text is not UTF-8; it was read as Windows-1252", "Send UTF-8."),
    "CSV-ROW-FIELDS": (
        "error",
        "row",
        "The row has more or fewer fields than the header",
        "Quote fields that hold a comma.",
    ),
    "CSV-QUOTE-OPEN": (
        "error",
        "interchange",
        "A quote is opened and not closed; nothing was read from this row on",
        "Double the quotes that stand inside a quoted field.",
    ),
    "CSV-ROW-DATE": ("error", "row", "Not a date", "Send dates as YYYY-MM-DD."),
    "CSV-ROW-NUMBER": ("error", "row", "Not a number", "Send digits, with at most three after a point."),
    "CSV-ROW-BLANK": ("error", "row", "A required field is blank", "Fill the field."),
}


def as_markdown() -> str:
    """The catalogue as the section of `docs/errors.md` that is about extracts."""
    lines = [
        "## Findings in delimited extracts",
        "",
        "Scope `row`: the row is left out of the table, and everything else is read.",
        "",
        "| code | severity | scope | what is wrong | what to do |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [f"| `{code}` | {' | '.join(words)} |" for code, words in CATALOGUE.items()]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Extract:
    """`table`: the rows read, `claims.schema.arrow` of the table. `findings`: `claims.schema.arrow("findings")`.

    In a finding of a row `segment_ordinal` is the row (1-based, the header not counted), `element_position` the column
    of the file (1-based).
    """

    table: pa.Table
    findings: pa.Table


def read_eligibility(sources: Sequence[Source]) -> Extract:
    """Coverage spans of eligibility extracts; see the module for their form. Never raises on bad bytes."""
    return _read("eligibility", sources)


def read_authorizations(sources: Sequence[Source]) -> Extract:
    """Authorizations of authorization extracts; see the module for their form. Never raises on bad bytes."""
    return _read("authorizations", sources)


@dataclass(frozen=True)
class _Finding:
    """`file` is the number of the source; `row` 0 and `column` 0 stand for the file and for no column."""

    code: str
    file: int
    row: int = 0
    offset: int = 0
    column: int = 0


@dataclass(frozen=True)
class _Rows:
    """Rows of files with the same header: their fields as text, and where they stand."""

    fields: pa.Table
    header: tuple[str, ...]
    file: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    offset: npt.NDArray[np.int64]


def _read(name: str, sources: Sequence[Source]) -> Extract:
    wanted = [f.name for f in contract.arrow(name) if f.name not in _PROVENANCE]
    findings: list[_Finding] = []
    groups: dict[tuple[str, ...], list[tuple[int, bytes, int]]] = {}
    quoted: list[tuple[int, bytes, tuple[str, ...]]] = []
    for number, source in enumerate(sources):
        data = _utf8(source.data[:])
        if data is None:
            findings.append(_Finding("CSV-ENCODING", number))
            data = source.data[:].decode("cp1252", errors="replace").encode()
        data = _LONE_CR.sub(b"\n", data)  # the same length: offsets hold
        start = len(_BOM) if data.startswith(_BOM) else 0
        end = data.find(b"\n", start)
        first = data[start : len(data) if end < 0 else end].decode().strip()
        header = tuple(h.strip().lower() for h in next(csv.reader([first]), []))
        if not first:
            findings.append(_Finding("CSV-FILE-EMPTY", number))
        elif set(wanted) - _OPTIONAL - set(header) or len(set(header)) != len(header):
            findings.append(_Finding("CSV-HEADER-MISSING", number))
        else:
            findings += [
                _Finding("CSV-HEADER-UNKNOWN", number, column=n) for n, h in enumerate(header, 1) if h not in wanted
            ]
            if end < 0:
                continue
            if data.find(_QUOTE, end) >= 0:
                quoted.append((number, data, header))
            else:
                groups.setdefault(header, []).append((number, data, end + 1))
    parts = [_plain(header, files, findings) for header, files in groups.items()]
    parts += [_with_quotes(*file, findings) for file in quoted]
    tables = [_typed(name, rows, sources, findings) for rows in parts]
    table = pa.concat_tables([contract.empty(name), *tables])
    return Extract(table.combine_chunks(), _findings(findings, sources))


def _utf8(data: bytes) -> bytes | None:
    try:
        data.decode()
    except UnicodeDecodeError:
        return None
    return data


def _plain(header: tuple[str, ...], files: list[tuple[int, bytes, int]], findings: list[_Finding]) -> _Rows:
    """The rows of files that hold no quote: every newline ends a row and every comma a field."""
    bodies = [data[start:] + b"\n" for _, data, start in files]
    text = np.frombuffer(b"".join(bodies), np.uint8)
    ends = np.flatnonzero(text == 10)
    starts = np.concatenate(([0], ends[:-1] + 1))
    body_starts = np.concatenate(([0], np.cumsum([len(b) for b in bodies])[:-1]))
    body = np.searchsorted(body_starts, starts, side="right") - 1
    commas = np.searchsorted(np.flatnonzero(text == 44), np.stack((starts, ends)))
    content = ends - starts - (text[np.maximum(ends - 1, 0)] == 13)
    is_row = content > 0
    before = np.cumsum(is_row)
    first_of_body = np.searchsorted(starts, body_starts)
    row = before - (before - is_row)[first_of_body][body]
    offset = starts - body_starts[body] + np.array([start for _, _, start in files])[body]
    file = np.array([number for number, _, _ in files])[body]
    whole = is_row & (commas[1] - commas[0] == len(header) - 1)
    findings.extend(
        _Finding("CSV-ROW-FIELDS", int(file[at]), int(row[at]), int(offset[at]))
        for at in np.flatnonzero(is_row & ~whole)
    )
    lengths = ends - starts + 1
    fields = _parse(text[np.repeat(whole, lengths)].tobytes(), header, int(lengths.max()))
    return _Rows(fields, header, file[whole], row[whole], offset[whole])


def _with_quotes(number: int, data: bytes, header: tuple[str, ...], findings: list[_Finding]) -> _Rows:
    """The rows of one file that holds quotes: a field may hold commas and newlines."""
    offsets = np.concatenate(([0], np.cumsum([len(line) for line in data.splitlines(keepends=True)])))
    reader = csv.reader(io.StringIO(data.decode(), newline=""))
    fields: list[list[str]] = []
    rows: list[int] = []
    starts: list[int] = []
    line = row = 0
    while True:
        at = line
        try:
            record = next(reader)
        except StopIteration:
            break
        except csv.Error:
            findings.append(_Finding("CSV-QUOTE-OPEN", number, row + 1, int(offsets[at])))
            break
        line = reader.line_num
        if not record or at == 0:
            continue
        row += 1
        if len(record) != len(header):
            findings.append(_Finding("CSV-ROW-FIELDS", number, row, int(offsets[at])))
            continue
        fields.append(record)
        rows.append(row)
        starts.append(int(offsets[at]))
    columns = list(zip(*fields, strict=True)) or [()] * len(header)
    table = pa.table([pa.array(c, pa.string()) for c in columns], names=list(header))
    count = len(rows)
    return _Rows(table, header, np.full(count, number), np.array(rows, np.int64), np.array(starts, np.int64))


def _parse(text: bytes, header: tuple[str, ...], longest: int) -> pa.Table:
    if not text:
        return pa.table([pa.array([], pa.string()) for _ in header], names=list(header))
    return pacsv.read_csv(
        pa.py_buffer(text),
        # A line longer than two blocks would not be read.
        read_options=pacsv.ReadOptions(column_names=list(header), block_size=max(_BLOCK, longest)),
        parse_options=pacsv.ParseOptions(quote_char=False, ignore_empty_lines=True),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False, quoted_strings_can_be_null=False
        ),
    )


def _typed(name: str, rows: _Rows, sources: Sequence[Source], findings: list[_Finding]) -> pa.Table:
    """Cast the fields to the table's types; a row with a field that does not cast is left out and found."""
    good = np.ones(len(rows.file), np.bool_)
    columns: dict[str, pa.Array] = {}
    for field in contract.arrow(name):
        if field.name in _PROVENANCE:
            continue
        if field.name not in rows.header:
            columns[field.name] = pa.nulls(len(rows.file), field.type)
            continue
        text = pc.utf8_trim_whitespace(rows.fields[field.name].combine_chunks())
        text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
        columns[field.name], bad = _cast(text, field.type)
        checks = [("CSV-ROW-DATE" if field.type == contract.DATE else "CSV-ROW-NUMBER", bad)]
        if field.name in _REQUIRED[name]:
            checks.append(("CSV-ROW-BLANK", text.is_null().to_numpy(zero_copy_only=False)))
        position = rows.header.index(field.name) + 1
        for code, where in checks:
            findings.extend(
                _Finding(code, int(rows.file[at]), int(rows.row[at]), int(rows.offset[at]), position)
                for at in np.flatnonzero(where)
            )
            good &= ~where
    ids = pa.array([s.file_id for s in sources], pa.string())
    columns["file_id"] = ids.take(pa.array(rows.file))
    columns["row_ordinal"] = pa.array(rows.row).cast(contract.INT)
    columns["byte_offset"] = pa.array(rows.offset)
    schema = contract.arrow(name)
    return pa.table([columns[n] for n in schema.names], schema=schema).filter(pa.array(good))


def _cast(text: pa.Array, type_: pa.DataType) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    """`text` as `type_`, and where it is filled and is none."""
    if pa.types.is_string(type_):
        return text, np.zeros(len(text), np.bool_)
    if pa.types.is_date(type_):
        shaped = pc.match_substring_regex(text, r"^[12]\d{3}-\d{2}-\d{2}$")
        value = pc.strptime(_where(text, shaped), format="%Y-%m-%d", unit="s", error_is_null=True).cast(pa.date32())
        # strptime takes 31 February for 3 March: a date is one only when it is written back as it came.
        same = pc.fill_null(pc.equal(pc.strftime(value, format="%Y-%m-%d"), text), False)
        value = pc.if_else(same, value, pa.scalar(None, pa.date32()))
    else:
        shaped = pc.match_substring_regex(text, r"^-?\d{1,12}(\.\d{1,3})?$")
        value = _where(text, shaped).cast(type_)
    bad = pc.and_(text.is_valid(), value.is_null())
    return value, bad.to_numpy(zero_copy_only=False)


def _where(text: pa.Array, mask: pa.Array) -> pa.Array:
    return pc.if_else(pc.fill_null(mask, False), text, pa.scalar(None, pa.string()))


def _findings(found: list[_Finding], sources: Sequence[Source]) -> pa.Table:
    rows = []
    ordinals: dict[int, int] = {}
    for f in sorted(found, key=lambda f: (f.file, f.row, f.column, f.code)):
        ordinals[f.file] = ordinals.get(f.file, 0) + 1
        severity, scope, message, fix = CATALOGUE[f.code]
        rows.append(
            {
                "file_id": sources[f.file].file_id,
                "transaction_ordinal": 0,
                "segment_ordinal": f.row,
                "byte_offset": f.offset,
                "interchange_ordinal": 0,
                "finding_ordinal": ordinals[f.file],
                "code": f.code,
                "severity": severity,
                "scope": scope,
                "element_position": f.column or None,
                "message": message,
                "fix": fix,
            }
        )
    return pa.Table.from_pylist(rows, schema=contract.arrow("findings"))
