"""`claimworks scrub`: the rules on the claims of 837 files, before they go out.

Belongs here: arguments and how edits are shown. Does not belong here: rules and the kernel (`quality.scrub`), the lake;
what is read stays in this process.
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

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def scrub(
    files: Annotated[list[Path], typer.Argument(help="Files, folders, or - for stdin", metavar="FILE...")],
    rules: Annotated[list[Path] | None, typer.Option(help="Folder with rules of your own beside the project's")] = None,
    beside: Annotated[
        Path | None,
        typer.Option(help="Folder with what stands beside the claims: payer_policies.csv, eligibility.csv, 271, 835"),
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Whose rules and overrides of layer tenant hold")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the edits as JSON")] = False,
) -> None:
    """Scrub the claims of 837 files: what a payer would refuse, line by line, and what to do about it.

    \b
    Examples:
      claimworks scrub claims.837
      claimworks scrub claims.837 --json
      claimworks scrub outbox/ --rules our-rules/ --tenant alder
      claimworks scrub outbox/ --beside payers/
    """
    from claims.interchange import x12
    from claims.reference import open_reference
    from orchestration.settings import get_settings
    from quality.scrub import RuleError, Scrubber, load_rules
    from quality.scrub.beside import BesideError, gather

    for folder in (*(rules or ()), *([beside] if beside else [])):
        if not folder.is_dir():
            raise CommandError(f"{folder} is no folder", fix="check the path", code=ExitCode.USAGE)
    sources = {source.file_id: source for source in _sources(files)}
    try:
        scrubber = Scrubber(
            load_rules(rules or ()),
            reference=open_reference(get_settings().reference),
            beside=gather(beside) if beside else None,
            tenant=tenant,
        )
    except BesideError as error:
        raise CommandError(str(error), fix="correct the file there", code=ExitCode.USAGE) from error
    except RuleError as error:
        raise CommandError(f"{error.code}: {error}", fix="correct the rule there", code=ExitCode.USAGE) from error
    edits: list[dict[str, Any]] = []
    claims = 0
    put_aside = False
    for batch in x12.read_batches(sources.values(), details=True):
        claims += batch.tables["claims"].num_rows
        put_aside |= "quarantined" in batch.tables["transactions"]["status"].to_pylist()
        edits += _rows(scrubber.run(batch.tables))
    if as_json:
        console.print_json({"claims": claims, "edits": edits})
    else:
        _print(claims, edits)
    if put_aside:
        raise typer.Exit(ExitCode.QUARANTINED)


def _rows(edits: "pa.Table") -> list[dict[str, Any]]:
    named = {
        "claim_id": "claim_id", "line_number": "line", "rule_id": "rule", "severity": "severity", "layer": "layer",
        "message": "message", "fix": "fix", "carc": "carc",
    }  # fmt: skip
    rows: list[dict[str, Any]] = edits.select(list(named)).rename_columns(list(named.values())).to_pylist()
    return rows


def _sources(paths: list[Path]) -> "list[Source]":
    from claims.interchange.x12 import Source

    found = []
    for path in paths:
        if str(path) == "-":
            found.append(Source.drain(sys.stdin.buffer))
        elif not path.exists():
            raise CommandError(f"{path} does not exist", fix="check the path", code=ExitCode.USAGE)
        else:
            inside = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
            found.extend(Source.at(one) for one in inside)
    if not found:
        raise CommandError("no files found", code=ExitCode.USAGE)
    return found


def _print(claims: int, edits: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table("claim", "line", "rule", "severity", "message", "fix", "CARC")
    for column in table.columns:
        column.overflow = "fold"
    for edit in edits:
        line = str(edit["line"]) if edit["line"] is not None else ""
        carc = edit["carc"] or ""
        table.add_row(edit["claim_id"], line, edit["rule"], edit["severity"], edit["message"], edit["fix"], carc)
    console.stdout().print(table)
    touched = len({edit["claim_id"] for edit in edits if edit["severity"] == "error"})
    console.stderr().print(f"{claims} claims, {len(edits)} edits, {touched} claims with an error")
