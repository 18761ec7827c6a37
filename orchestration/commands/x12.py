"""`claimworks x12`: the codec on files, folders and stdin.

Belongs here: arguments, the summary, exit codes. Does not belong here: reading and writing (`claims.interchange.x12`),
the lake, the identity split; what `read --out` writes is in clear, where the user says.
"""

import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from orchestration.exits import CommandError, ExitCode
from orchestration.lib import console

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from claims.interchange.x12 import Marks, Numbers, Outgoing, Source
    from claims.interchange.x12.write837 import Party
    from claims.store import Store

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)

_BATCH_BYTES = 8 << 20
_HELD_BYTES = 64 << 10
_MAX_LISTED = 10_000
_ORDER = ("accepted", "accepted_with_errors", "quarantined")
Files = Annotated[list[Path], typer.Argument(help="Files, folders, or - for stdin", metavar="FILE...")]
File = Annotated[Path, typer.Argument(help="A file, or - for stdin", metavar="FILE")]
Control = Annotated[
    int | None, typer.Option(min=1, max=999_999_999, help="First control number, instead of the store's next")
]


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
            del batch  # or it would stay while the next one is read
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
    from claims.interchange.x12.roundtrip import DiffersError, round_trip

    [(_, source)] = _sources([file])
    try:
        count = round_trip(source)
    except DiffersError as error:
        raise CommandError(str(error)) from error
    if not count:
        raise CommandError("the file holds no interchange", fix="claimworks x12 read FILE says why")
    console.stdout().print(f"identical: {count} segments")


@app.command()
def ack(
    file: File,
    out: Annotated[Path, typer.Option(help="File for the answer, - for stdout")],
    control_number: Control = None,
) -> None:
    """Write the 999 and TA1 for what was received. Exit 3 when something was rejected.

    Control numbers come from the sequence that the operational store under CLAIMWORKS_HOME keeps for each sender and
    receiver, without gaps; with --control-number the store is left alone.

    \b
    Examples:
      claimworks x12 ack claims.837 --out claims.999
      claimworks x12 ack claims.837 --out - --control-number 17
    """
    from claims.interchange import x12

    [(_, source)] = _sources([file])
    tables = x12.read([source]).tables
    answers = x12.answers_to(tables)
    if not answers:
        raise CommandError("nothing to answer: the file holds no interchange, or only answers")
    _send(answers, out, control_number, None)
    if "quarantined" in tables["transactions"]["status"].to_pylist():
        raise typer.Exit(ExitCode.QUARANTINED)


@app.command()
def write(
    folder: Annotated[Path, typer.Argument(help="Folder of tables, as `x12 read --out` writes them", metavar="DIR")],
    out: Annotated[Path, typer.Option(help="File for the interchanges, - for stdout")],
    typed: Annotated[
        bool, typer.Option("--typed", help="Write 837s from the typed tables though segments.parquet is there")
    ] = False,
    control_number: Control = None,
    sender: Annotated[str | None, typer.Option(help="ISA06 and GS02, where not as in interchanges.parquet")] = None,
    sender_qualifier: Annotated[str | None, typer.Option(help="ISA05")] = None,
    receiver: Annotated[str | None, typer.Option(help="ISA08 and GS03, where not as in interchanges.parquet")] = None,
    receiver_qualifier: Annotated[str | None, typer.Option(help="ISA07")] = None,
    usage: Annotated[str | None, typer.Option(help="ISA15: P production, T test")] = None,
    submitter_name: Annotated[str | None, typer.Option(help="Loop 1000A, where not as in the tables")] = None,
    submitter_id: Annotated[str | None, typer.Option(help="ETIN of the submitter; the sender where not said")] = None,
    submitter_contact: Annotated[str | None, typer.Option(help="Whom to ask at the submitter")] = None,
    submitter_phone: Annotated[str | None, typer.Option(help="Telephone of the contact")] = None,
    receiver_name: Annotated[str | None, typer.Option(help="Loop 1000B, where not as in the tables")] = None,
    receiver_id: Annotated[str | None, typer.Option(help="ETIN of the receiver; the receiver where not said")] = None,
    element: Annotated[str, typer.Option(help="Element separator")] = "*",
    component: Annotated[str, typer.Option(help="Component separator")] = ":",
    repetition: Annotated[str, typer.Option(help="Repetition separator")] = "^",
    terminator: Annotated[str, typer.Option(help="Segment terminator")] = "~",
) -> None:
    """Write interchanges from tables, with the delimiters you say. Refuses data that holds one of them.

    A folder with segments.parquet is written as it was read, envelopes and control numbers included. Without it, or
    with --typed, 837s are written from claims.parquet and the tables beside it: one interchange for each sender and
    receiver, with new control numbers as in `x12 ack`.

    \b
    Examples:
      claimworks x12 write tables/ --out claims.837
      claimworks x12 write tables/ --out claims.837 --element '|'
      claimworks x12 write tables/ --out claims.837 --typed
      claimworks x12 write mine/ --out - --sender ALDER --receiver BLUE --submitter-name 'ALDER CLINIC' \\
        --submitter-contact 'ANN LEE' --submitter-phone 5551234567 --receiver-name 'BLUE PLAN'
    """
    from claims.interchange import x12

    if not folder.is_dir():
        raise CommandError(f"{folder} is no folder", fix="check the path", code=ExitCode.USAGE)
    if usage not in (None, "P", "T"):
        raise CommandError("--usage is P or T", fix="claimworks x12 write --help", code=ExitCode.USAGE)
    address = {
        "sender_id": sender, "sender_qualifier": sender_qualifier, "receiver_id": receiver,
        "receiver_qualifier": receiver_qualifier, "usage_code": usage,
    }  # fmt: skip
    known = {name: value for name, value in address.items() if value is not None}
    parties = (
        _PartyOptions("submitter", submitter_name, submitter_id, submitter_contact, submitter_phone),
        _PartyOptions("receiver", receiver_name, receiver_id),
    )
    try:
        marks = x12.Marks(element, component, repetition, terminator)
    except x12.WriteError as error:
        raise CommandError(f"{error.code}: {error}", fix="choose other delimiters", code=ExitCode.USAGE) from error
    if typed or not (folder / "segments.parquet").is_file():
        _write_typed(folder, out, known, parties, control_number, marks)
        return
    if known or control_number is not None or any(party.is_said for party in parties):
        raise CommandError(
            "segments.parquet is there, so the envelopes are written as they were read",
            fix="leave out the options of sender, receiver and control number, or say --typed",
            code=ExitCode.USAGE,
        )
    tables = {name: _table(folder, name) for name in ("interchanges", "segments")}
    with _refusals():
        written = x12.rewrite(tables, marks)
    _write_bytes(out, b"".join(written.values()))


def _write_typed(
    folder: Path,
    out: Path,
    known: dict[str, str],
    parties: tuple["_PartyOptions", "_PartyOptions"],
    control_number: int | None,
    marks: "Marks",
) -> None:
    """837s from the typed tables of `folder`."""
    from claims import schema
    from claims.interchange import x12
    from claims.interchange.x12.write837 import by_address, write_claims

    optional = ["interchanges", "transactions", "claim_codes", "claim_other_payers", "claim_adjustments"]
    optional += ["claim_line_adjudications", *(table.name for table in schema.DETAIL_TABLES)]
    tables = {name: _table(folder, name) for name in ("claims", "claim_lines")}
    tables |= {name: _table(folder, name) for name in optional if (folder / f"{name}.parquet").is_file()}
    if not tables["claims"].num_rows:
        raise CommandError(f"{folder / 'claims.parquet'} holds no claim", fix="claimworks x12 read FILE says why")
    ready = []
    with _refusals():
        for address, mine in by_address(tables, known):
            submitter = parties[0].party(address.sender_id)
            receiver = parties[1].party(address.receiver_id)
            groups = write_claims(mine, at=_now(), submitter=submitter, receiver=receiver, marks=marks)
            ready.append(x12.Outgoing(address, groups))
    _send(ready, out, control_number, marks)


@dataclass(frozen=True)
class _PartyOptions:
    """What the command line says of the submitter or the receiver."""

    role: str
    name: str | None
    identifier: str | None
    contact: str | None = None
    phone: str | None = None

    @property
    def is_said(self) -> bool:
        """Whether any option of this party was given."""
        return any((self.name, self.identifier, self.contact, self.phone))

    def party(self, default_id: str) -> "Party | None":
        """The party, or None where the tables are to name it."""
        from claims.interchange.x12.write837 import Party

        if not self.is_said:
            return None
        if not self.name:
            raise CommandError(
                f"--{self.role}-name is needed with the other options of the {self.role}",
                fix=f"add --{self.role}-name",
                code=ExitCode.USAGE,
            )
        return Party(self.name, self.identifier or default_id, self.contact, self.phone)


_WAYS_OUT = {
    "X12-WRITE": "claimworks x12 write --help says how to name what is missing",
    "X12-WRITE-MARK": "choose other delimiters, or correct the value",
    "X12-WRITE-LENGTH": "shorten it: sender and receiver to 15 characters, control numbers to nine digits",
    "X12-WRITE-ADDRESS": "add --sender and --receiver",
}


@contextmanager
def _refusals() -> "Iterator[None]":
    """What the writer refuses, as an error of the command."""
    from claims.interchange.x12 import WriteError

    try:
        yield
    except WriteError as error:
        raise CommandError(f"{error.code}: {error}", fix=_WAYS_OUT.get(error.code, "")) from error


def _now() -> datetime:
    # Envelopes carry local wall-clock time by custom.
    return datetime.now().astimezone()


def _send(ready: "Sequence[Outgoing]", out: Path, control_number: int | None, marks: "Marks | None") -> None:
    """Number and write the interchanges of `ready`, one after the other.

    An interchange is in the file before its numbers are given out for good, so none is given out that was not written.
    """
    from claims.interchange.x12 import Numbers, write_interchange

    at = _now()
    chosen = None if control_number is None else Numbers(control_number, control_number)
    with ExitStack() as stack:
        target = stack.enter_context(_opened(out))
        store = None if chosen else stack.enter_context(_store())
        for one in ready:
            with _refusals(), _numbers(store, chosen, one) as numbers:
                data = write_interchange(
                    one.address, one.groups, numbers=numbers, at=at, marks=marks, answers=one.answers
                )
                target.write(data)
                target.flush()


@contextmanager
def _numbers(store: "Store | None", chosen: "Numbers | None", one: "Outgoing") -> "Iterator[Numbers]":
    """The numbers of one interchange; those of the store go back when what is inside raises."""
    from claims.interchange.x12 import Numbers
    from claims.store.control_numbers import ExhaustedError, Kind

    if store is None:
        yield chosen or Numbers()
        return
    try:
        with store.control_numbers.taking(one.address.sender_id, one.address.receiver_id) as source:
            [interchange] = source.next_numbers(Kind.INTERCHANGE)
            groups = source.next_numbers(Kind.GROUP, len(one.groups)) if one.groups else range(1)
            yield Numbers(interchange, groups[0])
    except ExhaustedError as error:
        raise CommandError(str(error), fix="agree on another sender id, or say --control-number") from error


@contextmanager
def _store() -> "Iterator[Store]":
    """The operational store of CLAIMWORKS_HOME."""
    from sqlalchemy.exc import SQLAlchemyError

    from claims.store import open_store
    from orchestration.settings import get_settings

    try:
        store = open_store(get_settings().store_url)
    except (SQLAlchemyError, OSError) as error:
        raise CommandError(
            f"the operational store that keeps the control numbers cannot be opened ({type(error).__name__})",
            fix="set CLAIMWORKS_HOME to a folder that can be written, or say --control-number",
        ) from error
    with store:
        yield store


@contextmanager
def _opened(out: Path) -> "Iterator[BinaryIO]":
    """`out` for writing, `-` for stdout."""
    if str(out) == "-":
        yield sys.stdout.buffer
        return
    try:
        target = out.open("wb")
    except OSError as error:
        raise CommandError(f"{out} cannot be written: {error.strerror}", fix="choose another --out") from error
    with target:
        yield target


def _table(folder: Path, name: str) -> "pa.Table":
    """Table `name` of a folder, in the types of the schema; columns that may be null may be missing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from claims import schema

    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise CommandError(f"{folder} holds no {path.name}", fix="claimworks x12 read FILE --out DIR")
    fields = schema.arrow(name)
    try:
        found = pq.read_table(path, partitioning=None)
        missing = [f.name for f in fields if f.name not in found.column_names and not f.nullable]
        if missing:
            raise CommandError(f"{path} has no column {', '.join(missing)}", fix="claims/schema.py lists the columns")
        blank = pa.nulls(found.num_rows)
        columns = [found[f.name] if f.name in found.column_names else blank for f in fields]
        return pa.table(columns, names=fields.names).cast(fields)
    except (pa.ArrowException, OSError) as error:
        what = "is no Parquet file" if isinstance(error, OSError) else "has not the columns of the schema"
        fix = "claims/schema.py lists the columns with their types; claimworks x12 read FILE --out DIR writes them"
        raise CommandError(f"{path} cannot be read: it {what}, or is damaged", fix=fix) from error


def _sources(paths: list[Path]) -> list[tuple[Path, "Source"]]:
    from claims.interchange.x12 import Source

    found: list[tuple[Path, Source]] = []
    for path in paths:
        if str(path) == "-":
            found.append((path, Source.drain(sys.stdin.buffer)))
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
    with _opened(out) as target:
        target.write(data)


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
