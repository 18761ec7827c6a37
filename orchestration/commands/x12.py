"""`claimworks x12`: the codec on files, folders and stdin.

Belongs here: arguments, the summary, exit codes. Does not belong here: reading and writing (`claims.interchange.x12`),
the lake, the identity split; what `read --out` writes is in clear, where the user says.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.exits import CommandError, ExitCode
from orchestration.lib import console

if TYPE_CHECKING:
    import pyarrow as pa

    from claims.interchange.x12 import Source

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)

_BATCH_BYTES = 8 << 20
_HELD_BYTES = 64 << 10
_MAX_LISTED = 10_000
_ORDER = ("accepted", "accepted_with_errors", "quarantined")
Files = Annotated[list[Path], typer.Argument(help="Files, folders, or - for stdin", metavar="FILE...")]
File = Annotated[Path, typer.Argument(help="A file, or - for stdin", metavar="FILE")]


@app.command()
def read(
    files: Files,
    out: Annotated[Path | None, typer.Option(help="Folder for the tables as Parquet, in clear")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON")] = False,
) -> None:
    """Read X12 files to tables, and say what was found. Exit 3 when something was quarantined.

    \b
    Examples:
      claimworks x12 read claims.837 --json
      claimworks x12 read inbox/ --out tables/
      cat remit.835 | claimworks x12 read - --json
    """
    from claims.interchange import x12

    summary = _Summary()
    sources = _sources(files)
    distinct = {source.file_id: source for _, source in sources}
    with _Writers(out) as writers:
        for batch in x12.read_batches(
            distinct.values(), _BATCH_BYTES, segments=out is not None, details=out is not None
        ):
            summary.add(batch.tables)
            writers.write(batch.tables)
    report = [{"path": str(path), **summary.entry(source.file_id)} for path, source in sources]
    if as_json:
        console.print_json({"files": report})
    else:
        _print(report)
    if summary.is_put_aside:
        raise typer.Exit(ExitCode.QUARANTINED)


@app.command()
def roundtrip(file: File) -> None:
    """Read a file to tables, write it again, compare. Exit 0 when every segment is identical.

    \b
    Examples:
      claimworks x12 roundtrip claims.837
    """
    from claims.interchange import x12

    [(_, source)] = _sources([file])
    tables = x12.read([source], segments=True).tables
    written = x12.rewrite(tables).get(source.file_id, b"")
    ours = x12.read([x12.Source.of(written)], segments=True).tables["segments"]["text"].to_pylist()
    theirs = _split(source.data[:], tables)
    if not theirs:
        raise CommandError("the file holds no interchange", fix="claimworks x12 read FILE says why")
    if ours != theirs:
        place = next(
            (n for n, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]),
            min(len(ours), len(theirs)),
        )
        raise CommandError(
            f"segment {place + 1} of the file differs after writing ({len(ours)} of {len(theirs)} written)"
        )
    console.stdout().print(f"identical: {len(theirs)} segments")


@app.command()
def ack(
    file: File,
    out: Annotated[Path, typer.Option(help="File for the answer, - for stdout")],
    control_number: Annotated[int, typer.Option(min=1, max=999_999_999, help="First control number of the answer")] = 1,
) -> None:
    """Write the 999 and TA1 for what was received. Exit 3 when something was rejected.

    \b
    Examples:
      claimworks x12 ack claims.837 --out claims.999
    """
    from datetime import datetime

    from claims.interchange import x12

    [(_, source)] = _sources([file])
    tables = x12.read([source]).tables
    # Envelopes carry local wall-clock time by custom.
    now = datetime.now().astimezone()
    answer = x12.acknowledge(tables, numbers=x12.Numbers(control_number, control_number), at=now)
    if not answer:
        raise CommandError("nothing to answer: the file holds no interchange, or only answers")
    _write_bytes(out, answer)
    if "quarantined" in tables["transactions"]["status"].to_pylist():
        raise typer.Exit(ExitCode.QUARANTINED)


@app.command()
def write(
    folder: Annotated[Path, typer.Argument(help="Folder of tables, as `x12 read --out` writes them", metavar="DIR")],
    out: Annotated[Path, typer.Option(help="File for the interchanges, - for stdout")],
    element: Annotated[str, typer.Option(help="Element separator")] = "*",
    component: Annotated[str, typer.Option(help="Component separator")] = ":",
    repetition: Annotated[str, typer.Option(help="Repetition separator")] = "^",
    terminator: Annotated[str, typer.Option(help="Segment terminator")] = "~",
) -> None:
    """Write interchanges from tables, with the delimiters you say. Refuses data that holds one of them.

    \b
    Examples:
      claimworks x12 write tables/ --out claims.837
      claimworks x12 write tables/ --out claims.837 --element '|'
    """
    import pyarrow.parquet as pq

    from claims.interchange import x12

    paths = {name: folder / f"{name}.parquet" for name in ("interchanges", "segments")}
    missing = [path.name for path in paths.values() if not path.is_file()]
    if missing:
        raise CommandError(f"{folder} holds no {' and no '.join(missing)}", fix="claimworks x12 read FILE --out DIR")
    try:
        marks = x12.Marks(element, component, repetition, terminator)
        written = x12.rewrite({name: pq.read_table(path) for name, path in paths.items()}, marks)
    except x12.WriteError as error:
        raise CommandError(f"{error.code}: {error}", fix="choose other delimiters") from error
    _write_bytes(out, b"".join(written.values()))


def _sources(paths: list[Path]) -> list[tuple[Path, "Source"]]:
    from claims.interchange.x12 import Source

    found: list[tuple[Path, Source]] = []
    for path in paths:
        if str(path) == "-":
            found.append((path, Source.of(sys.stdin.buffer.read(), "-")))
            continue
        if not path.exists():
            raise CommandError(f"{path} does not exist", fix="check the path", code=ExitCode.USAGE)
        inside = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        found.extend((one, _source(one)) for one in inside)
    if not found:
        raise CommandError("no files found", code=ExitCode.USAGE)
    return found


def _source(path: Path) -> "Source":
    from claims.interchange.x12 import Source

    if path.stat().st_size > _HELD_BYTES:
        return Source.at(path)
    return Source.of(path.read_bytes(), path.name)


def _split(data: bytes, tables: dict[str, "pa.Table"]) -> list[str]:
    """The segments of a file by plain splitting: the oracle that the codec is compared with."""
    heads = tables["interchanges"].select(["byte_offset", "segment_terminator"]).to_pylist()
    ends = [*(head["byte_offset"] for head in heads[1:]), len(data)][: len(heads)]
    out: list[str] = []
    layout = "\t\n\x0b\x0c\r \x00\x1a"
    for head, end in zip(heads, ends, strict=True):
        block = data[head["byte_offset"] : end]
        try:
            text = block.decode("utf-8")
        except UnicodeDecodeError:
            text = block.decode("latin-1")
        out.extend(segment.lstrip(layout) for segment in text.split(head["segment_terminator"]))
    return [segment for segment in out if segment]


class _Summary:
    """One entry per file, filled batch by batch; a long list of findings ends with how many were left out."""

    def __init__(self) -> None:
        self.is_put_aside = False
        self._files: dict[str, dict[str, Any]] = {}
        self._sets: dict[tuple[str, int], dict[str, Any]] = {}
        self._listed: dict[str, int] = {}

    def entry(self, file_id: str) -> dict[str, Any]:
        """What stands in the summary for a file, without its path."""
        blank = {"status": "quarantined", "interchanges": 0, "transactions": [], "errors": []}
        return self._files.setdefault(file_id, blank)

    def add(self, tables: dict[str, "pa.Table"]) -> None:
        """Count the tables of a batch in."""
        for row in tables["interchanges"].select(["file_id", "status"]).to_pylist():
            own = self.entry(row["file_id"])
            own["status"] = (
                max(own["status"], row["status"], key=_ORDER.index) if own["interchanges"] else row["status"]
            )
            own["interchanges"] += 1
            self.is_put_aside |= row["status"] == "quarantined"
        for row in tables["transactions"].to_pylist():
            one = {
                "type": row["transaction_type"],
                "control_number": row["st_control_number"],
                "status": row["status"],
                "claims": row["claim_count"],
                "lines": row["line_count"],
                "errors": [],
            }
            self._sets[row["file_id"], row["transaction_ordinal"]] = one
            self.entry(row["file_id"])["transactions"].append(one)
        for rows in tables["findings"].to_batches(max_chunksize=_MAX_LISTED):
            self._add_findings(rows)

    def _add_findings(self, rows: "pa.RecordBatch") -> None:
        import pyarrow.compute as pc

        is_aside = pc.and_(pc.equal(rows["severity"], "error"), pc.not_equal(rows["scope"], "none"))
        self.is_put_aside |= bool(pc.any(is_aside).as_py())
        for row in rows.to_pylist():
            own = self.entry(row["file_id"])
            listed = self._listed[row["file_id"]] = self._listed.get(row["file_id"], 0) + 1
            if listed > _MAX_LISTED:
                own["errors_left_out"] = listed - _MAX_LISTED
                continue
            target = self._sets.get((row["file_id"], row["transaction_ordinal"]), own)
            target["errors"].append(
                {
                    "code": row["code"],
                    "severity": row["severity"],
                    "scope": row["scope"],
                    "message": row["message"],
                    "fix": row["fix"],
                    "segment": row["segment_id"],
                    "position": row["segment_ordinal"] or None,
                    "element": row["element_position"],
                    "byte_offset": row["byte_offset"],
                }
            )


class _Writers:
    """One Parquet file per table in a folder, written batch by batch; nothing without a folder."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._open: dict[str, Any] = {}

    def __enter__(self) -> "_Writers":
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def write(self, tables: dict[str, "pa.Table"]) -> None:
        """Append the tables."""
        if self._folder is None:
            return
        import pyarrow.parquet as pq

        for name, table in tables.items():
            if name not in self._open:
                self._open[name] = pq.ParquetWriter(self._folder / f"{name}.parquet", table.schema)
            if table.num_rows:
                self._open[name].write_table(table)

    def __exit__(self, *_: object) -> None:
        for writer in self._open.values():
            writer.close()


def _write_bytes(out: Path, data: bytes) -> None:
    if str(out) == "-":
        sys.stdout.buffer.write(data)
    else:
        out.write_bytes(data)


def _print(report: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table("file", "status", "set", "control", "claims", "lines", "findings")
    for column in table.columns:
        column.overflow = "fold"
    for entry in report:
        table.add_row(entry["path"], entry["status"], "", "", "", "", _codes(entry["errors"]))
        for one in entry["transactions"]:
            number = one["control_number"] or ""
            table.add_row(
                "", one["status"], one["type"], number, str(one["claims"]), str(one["lines"]), _codes(one["errors"])
            )
    console.stdout().print(table)


def _codes(errors: list[dict[str, Any]]) -> str:
    return ", ".join(dict.fromkeys(error["code"] for error in errors))
