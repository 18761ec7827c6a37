"""Published files into the reference folder: detected, checked, dated, written as releases beside each other.

Belongs here: the way of one file from bytes to `<root>/<table>/<release>.parquet`, and what is said about it. Does not
belong here: how a format looks, what a value must be, looking rows up (`claims.reference.lookup`).

A release is written whole, by rename, and never changed: a correction of the same day becomes a revision beside it. The
Parquet file itself says what it is (content digest, first day, part, piece, revision), so the folder needs no index and
cannot disagree with one. The same content a second time changes nothing.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from claims.reference import schema
from claims.reference.checking import Checked, check, without_duplicates
from claims.reference.dating import effective_from
from claims.reference.findings import FileReport, Finding, Severity, Status
from claims.reference.formats import Format, detect, national_anesthesia_factor
from claims.reference.layouts import layout_of
from claims.reference.schema import Following
from claims.reference.sources import LINE, Source, UnreadableError, open_sources
from claims.reference.windows import ALWAYS, resolve

_METADATA = b"claimworks.reference"
_ROW_GROUP = 131_072
# The conversion factor of qualifying APM participants: their file has the same RVUs and is kept apart.
_QP_FACTORS = {Decimal("33.5675")}
_SETTINGS = {
    "practitioner": ("practitioner", "ccipra", "prac"),
    "outpatient_hospital": ("outpatient", "ccioph", "hospital"),
    "dme": ("dme",),
}
_INDEX_PARTS = {"external_causes": ("external",), "diseases": ("index",)}
# Of the NCCI text files: pairs come in four files of one release.
_PIECE = ("-f1", "-f2", "-f3", "-f4")


@dataclass(frozen=True)
class Release:
    """One stored release, as its Parquet file describes itself."""

    table: str
    name: str
    effective_from: date
    part: str
    piece: str
    revision: int
    digest: str
    file: str
    format: str
    rows: int
    path: Path


class _RefusedError(Exception):
    """The file is recognised and unusable."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def releases(root: Path) -> list[Release]:
    """The releases stored under a reference folder, by table and first day. Cost: one footer per file."""
    found = []
    for path in sorted(root.glob("*/*.parquet")):
        described = (pq.read_schema(path).metadata or {}).get(_METADATA)
        if described is None:
            continue
        facts = json.loads(described)
        facts["effective_from"] = date.fromisoformat(facts["effective_from"])
        found.append(Release(**facts, path=path))
    return sorted(found, key=lambda r: (r.table, r.effective_from, r.part, r.piece, r.revision))


def load(source_root: Path, root: Path, *, effective: date | None = None) -> Iterator[FileReport]:
    """Load every published file under a folder (archives and gzip opened) into the reference folder `root`.

    One report per file and table, as each is done; never raises on what a file holds. `effective` is the first day of
    files that do not say it. Cost: 2.5 million NCCI pairs in seconds, one file in memory at a time.
    """
    for source in open_sources(source_root):
        if isinstance(source, tuple):
            name, reason = source
            yield _put_aside(name, Status.REFUSED, reason, "check the file; download it again")
        else:
            yield from load_source(source, root, effective=effective)


def load_source(source: Source, root: Path, *, effective: date | None = None) -> Iterator[FileReport]:
    """Load one published file; see `load`."""
    known = [r for r in releases(root) if r.digest == source.digest and effective in {None, r.effective_from}]
    if known:
        for release in known:
            yield FileReport(
                source.name,
                Status.UNCHANGED,
                release.format,
                release.table,
                release.name,
                release.effective_from.isoformat(),
                rows_read=release.rows,
            )
        return
    try:
        read = False
        for kind, raw, places, published, report in _read(source):
            read = True
            yield _load_table(source, root, kind, raw, places, published, report, effective)
        if not read:
            yield _put_aside(
                source.name,
                Status.UNKNOWN,
                "no format whose header is known",
                "docs/reference.md lists the formats; a published file is loaded as it is, header lines and all",
            )
    except (UnreadableError, pa.ArrowInvalid, UnicodeDecodeError) as error:
        yield _put_aside(source.name, Status.REFUSED, f"cannot be read: {error}", "load the file as published")


def _put_aside(name: str, status: Status, message: str, fix: str) -> FileReport:
    return FileReport(name, status, findings=[Finding(name, Severity.ERROR, message, fix)])


def _read(source: Source) -> Iterator[tuple[Format, pa.Table, dict[str, str], list[str], FileReport]]:
    layout = layout_of(source)
    if layout is not None:
        for kind, raw in layout.read(source):
            report = FileReport(source.name, Status.LOADED, kind.name, kind.table, lines=raw.num_rows)
            yield (
                kind,
                raw,
                {item.column: item.column for item in kind.fields if item.column in raw.column_names},
                [],
                report,
            )
        return
    detected = detect(source.head)
    if detected is None:
        return
    kind, header = detected
    header_line = source.line_of(header.line)
    raw, ragged = source.rows_below(header_line, header.width)
    report = FileReport(source.name, Status.LOADED, kind.name, kind.table, header_lines=header_line)
    report.lines = header_line + raw.num_rows + len(ragged)
    for line, cells in ragged:
        if cells <= 1:
            report.blank_lines += 1
            continue
        report.rows_refused += 1
        report.findings.append(
            Finding(
                source.name,
                Severity.ERROR,
                f"{cells} cells where the header has {header.width}",
                "quote cells that hold a delimiter; the row is left out",
                row=line,
            )
        )
    places = {column: f"c{place}" for column, place in header.places.items()}
    yield kind, raw, places, [f"c{i}" for i in range(header.width)], report


def _load_table(
    source: Source,
    root: Path,
    kind: Format,
    raw: pa.Table,
    places: dict[str, str],
    published: list[str],
    report: FileReport,
    effective: date | None,
) -> FileReport:
    try:
        checked = check(raw, places, kind, source.name, published)
        report.blank_lines += checked.blank_lines
        report.rows_refused += checked.rows_refused
        report.findings += checked.findings
        _load_checked(source, root, kind, checked, report, effective)
    except _RefusedError as refused:
        report.status = Status.REFUSED
        report.rows_refused += report.rows_read
        report.rows_read = 0
        report.findings.append(Finding(source.name, Severity.ERROR, str(refused), refused.fix))
        return report
    if report.rows_refused:
        report.status = Status.LOADED_WITH_FINDINGS
    if kind.is_described:
        report.findings.append(
            Finding(
                source.name, Severity.NOTE, "descriptor columns are not kept", "nothing to do: codes and figures are"
            )
        )
    return report


def _load_checked(
    source: Source, root: Path, kind: Format, checked: Checked, report: FileReport, effective: date | None
) -> None:
    rows = checked.rows
    if not rows.num_rows:
        raise _RefusedError("no row can be used", "load the file as published; the findings name what is wrong")
    start = _start(source, kind, rows, effective, report)
    table = _table_of(kind, rows)
    rows = _shaped(kind, rows, report, source.name)
    part = _part(source, kind, table)
    if part:
        rows = rows.append_column(table.part, pa.array([part]).take(pa.array([0] * rows.num_rows)))
    rows = _derived(kind, rows)
    report.table = table.name
    key = tuple(name for name in table.key if name != "source_row")
    has_own_days = table.following is Following.HISTORY
    if not has_own_days and len(key) == len(table.key):
        before = rows.num_rows
        rows, found = without_duplicates(rows, key, source.name)
        report.findings += found
        _count_duplicates(report, found, before - rows.num_rows)
    rows = rows.rename_columns(["source_row" if name == LINE else name for name in rows.column_names])
    if has_own_days:
        rows = _with_own_days(kind, rows, key, start, report, source.name)
    _check_factor(kind, rows, start, source, report)
    piece = _piece(source.name, table, rows)
    release = _store(root, table, rows, start, part, piece, source, kind)
    report.release = release.name
    report.effective_from = start.isoformat()
    report.rows_read = rows.num_rows


def _count_duplicates(report: FileReport, found: list[Finding], dropped: int) -> None:
    same = sum(f.count for f in found if f.severity is Severity.NOTE)
    report.rows_left_out += min(same, dropped)
    report.rows_refused += dropped - min(same, dropped)


def _start(source: Source, kind: Format, rows: pa.Table, effective: date | None, report: FileReport) -> date:
    try:
        found = effective_from(kind, source.head_text, source.name, rows)
    except ValueError as error:
        raise _RefusedError(str(error), "load one file for each release") from error
    if effective is not None:
        if found and found[0] != effective:
            report.findings.append(
                Finding(
                    source.name,
                    Severity.WARNING,
                    f"{found[1]} says {found[0]}, loaded as of {effective}",
                    "leave --effective out for files that say it",
                )
            )
        return effective
    if found:
        return found[0]
    if kind.is_undated:
        report.findings.append(
            Finding(
                source.name,
                Severity.NOTE,
                "says nothing of when it begins: held for every day before the next release",
                "--effective YYYY-MM-DD gives it a first day",
            )
        )
        return ALWAYS
    raise _RefusedError(
        "says nowhere from when it holds",
        "pass --effective YYYY-MM-DD, or load it under its published name",
    )


def _table_of(kind: Format, rows: pa.Table) -> schema.ReferenceTable:
    if kind.table == "fee_schedule":
        factors = set(pc.unique(rows["conversion_factor"]).to_pylist())
        if factors and factors <= _QP_FACTORS:
            return schema.table("fee_schedule_qp")
    return schema.table(kind.table)


def _part(source: Source, kind: Format, table: schema.ReferenceTable) -> str:
    if table.part is None:
        return ""
    if kind.fixed:
        return kind.fixed[table.part]
    name = source.name.lower()
    for part, words in (_INDEX_PARTS if table.name == "icd10cm_index" else _SETTINGS).items():
        if any(word in name for word in words):
            return part
    raise _RefusedError(
        f"says nowhere which {table.part} it is for",
        "load it under its published name, which says practitioner, outpatient hospital or DME",
    )


def _piece(name: str, table: schema.ReferenceTable, rows: pa.Table) -> str:
    if table.name == "published_fees":
        macs = pc.unique(rows["mac"]).to_pylist()
        return str(min(macs))
    if table.name == "ncci_pairs":
        return next((piece[1:] for piece in _PIECE if piece in name.lower()), "")
    return ""


def _shaped(kind: Format, rows: pa.Table, report: FileReport, file: str) -> pa.Table:
    """What a format says beside its columns: records that are no procedure, codes deleted before they are read."""
    if kind.name == "hcpcs_records":
        is_procedure = pc.equal(rows["__record"], "3")
        left = rows.num_rows - rows.filter(is_procedure).num_rows
        rows = rows.filter(is_procedure)
        report.rows_left_out += left
        if left:
            report.findings.append(
                Finding(file, Severity.NOTE, f"{left} continuation and modifier records", "nothing to do", count=left)
            )
    if kind.name == "modifiers_csv":
        before = rows.num_rows
        with duckdb.connect() as connection:
            connection.register("rows_", rows)
            rows = connection.sql(
                f"select modifier, min(modifier_type) as modifier_type, string_agg(distinct category, ', '"
                f" order by category) as category, min({LINE})::integer as {LINE} from rows_ group by modifier"
            ).to_arrow_table()
        merged = before - rows.num_rows
        report.rows_left_out += merged
        if merged:
            report.findings.append(
                Finding(
                    file, Severity.NOTE, f"{merged} rows name a modifier again: groups are joined", "", count=merged
                )
            )
    if kind.name == "ncci_add_on" and "__edit_deleted" in rows.column_names:
        deleted = [
            rows[c] for c in ("__add_on_deleted", "__primary_deleted", "__edit_deleted") if c in rows.column_names
        ]
        rows = rows.append_column("effective_to", pc.min_element_wise(*deleted, skip_nulls=True))
    return rows


def _derived(kind: Format, rows: pa.Table) -> pa.Table:
    names = [name for name in rows.column_names if name == LINE or not name.startswith("__")]
    rows = rows.select(names)
    if kind.table == "clfs" and "modifier" not in names:
        rows = rows.append_column("modifier", pa.array([""]).take(pa.array([0] * rows.num_rows)))
    if kind.table == "county_localities":
        # The state is printed once, on the first of its localities.
        import polars as pl

        filled = pl.Series(rows["state_name"].to_pylist(), dtype=pl.String).fill_null(strategy="forward").to_arrow()
        rows = rows.set_column(names.index("state_name"), "state_name", filled.cast(pa.string()))
    return rows


def _with_own_days(
    kind: Format, rows: pa.Table, key: tuple[str, ...], start: date, report: FileReport, file: str
) -> pa.Table:
    """Rows of a history with their days; those whose days cannot be known, or that hold on none, are left out."""
    days = pa.date32()
    own_from = rows["effective_from"] if "effective_from" in rows.column_names else None
    own_to = rows["effective_to"] if "effective_to" in rows.column_names else pa.nulls(rows.num_rows, days)
    if own_from is None:
        own_from = pa.nulls(rows.num_rows, days)
    unknown = pc.is_null(own_from)
    default = ALWAYS if kind.unknown_start == "always" else start
    begins = pc.fill_null(own_from, pa.scalar(default, days))
    ended = pc.and_(unknown, pc.fill_null(pc.less(own_to, pa.scalar(default, days)), False))
    for name, column in (("effective_from", begins), ("effective_to", own_to)):
        if name in rows.column_names:
            rows = rows.drop_columns([name])
        rows = rows.append_column(name, column)
    left = pc.sum(ended).as_py() or 0
    if left:
        rows = rows.filter(pc.invert(ended))
        report.rows_left_out += left
        report.findings.append(
            Finding(
                file,
                Severity.NOTE,
                f"{left} rows ended before {default} and do not say when they began: on no day are they known to hold",
                "load the published file, which has effective dates, for dates of service before that day",
                column="effective_to",
                count=left,
            )
        )
    rows, none = resolve(rows, key, "source_row")
    if none.num_rows:
        report.rows_left_out += none.num_rows
        report.findings.append(
            Finding(
                file,
                Severity.NOTE,
                f"{none.num_rows} rows end before they begin, or another row of the same key begins with them",
                "nothing to do, unless a row is missed: the last of the file holds",
                row=none["source_row"][0].as_py(),
                count=none.num_rows,
            )
        )
    return rows


def _check_factor(kind: Format, rows: pa.Table, start: date, source: Source, report: FileReport) -> None:
    """The factor printed in a fee file against the factor known for that day: a file of another year shows here."""
    from claims.reference.default import default_table

    if kind.table == "fee_schedule":
        printed = set(pc.unique(rows["conversion_factor"]).to_pylist())
        kinds = {"physician", "physician_qp"}
    elif kind.name == "anes":
        national = national_anesthesia_factor(source.head)
        printed, kinds = ({national} if national else set()), {"anesthesia", "anesthesia_qp"}
    else:
        return
    known = {
        row["conversion_factor"]
        for row in default_table("conversion_factors").to_pylist()
        if row["factor_code"] in kinds
        and row["effective_from"] <= start
        and (row["effective_to"] is None or start <= row["effective_to"])
    }
    for factor in sorted(printed - known if known else set()):
        report.findings.append(
            Finding(
                source.name,
                Severity.WARNING,
                f"prints the conversion factor {factor}; on {start} it was {', '.join(str(f) for f in sorted(known))}",
                "check from when the file holds; --effective YYYY-MM-DD says it",
                column="conversion_factor",
            )
        )


def _store(
    root: Path,
    table: schema.ReferenceTable,
    rows: pa.Table,
    start: date,
    part: str,
    piece: str,
    source: Source,
    kind: Format,
) -> Release:
    same_day = [
        r for r in releases(root) if (r.table, r.part, r.piece, r.effective_from) == (table.name, part, piece, start)
    ]
    revision = max((r.revision for r in same_day), default=0) + 1
    words = [part.replace("_", "-"), "undated" if start == ALWAYS else start.isoformat(), piece]
    name = "-".join(word for word in words if word) + (f".{revision}" if revision > 1 else "")
    release = Release(
        table.name, name, start, part, piece, revision, source.digest, source.name, kind.name, rows.num_rows,
        root / table.name / f"{name}.parquet",
    )  # fmt: skip
    for column in schema.arrow(table.name):
        if column.name == "release":
            values = pa.array([name]).take(pa.array([0] * rows.num_rows))
        elif column.name == "effective_from" and table.following is not Following.HISTORY:
            values = pa.array([start], pa.date32()).take(pa.array([0] * rows.num_rows))
        elif column.name not in rows.column_names:
            values = pa.nulls(rows.num_rows, column.type)
        else:
            continue
        rows = rows.append_column(column.name, values)
    facts = {k: v for k, v in asdict(release).items() if k != "path"} | {"effective_from": start.isoformat()}
    target = schema.arrow(table.name)
    rows = rows.select(target.names)
    if table.following is not Following.HISTORY:  # a history comes out of `resolve` in the order of its key
        rows = rows.sort_by([(name, "ascending") for name in table.key])
    rows = rows.cast(target)
    rows = rows.replace_schema_metadata({_METADATA: json.dumps(facts, sort_keys=True).encode()})
    release.path.parent.mkdir(parents=True, exist_ok=True)
    writing = release.path.with_suffix(f".{os.getpid()}.writing")
    pq.write_table(rows, writing, compression="zstd", row_group_size=_ROW_GROUP)
    writing.replace(release.path)
    return release
