"""`claimworks reference`: published code and fee files into the reference folder, and what is there.

Belongs here: arguments, the report, exit codes. Does not belong here: formats, checks, releases (`claims.reference`).
"""

from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from orchestration.exits import CommandError, ExitCode
from orchestration.lib import console
from orchestration.settings import get_settings

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON")]


@app.command()
def load(
    folder: Annotated[
        Path, typer.Argument(help="Folder, archive or file as published", metavar="DIR", exists=True, readable=True)
    ],
    effective: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day of what is loaded, for files that do not say it"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Load the files that CMS and CDC publish; a second time changes nothing. docs/reference.md lists the formats.

    Exit 0: everything is loaded or was already. Exit 3: done, with files or rows put aside. Exit 1: nothing could be
    loaded.

    \b
    Examples:
      claimworks reference load downloads/
      claimworks reference load rvu25d.zip --json
      claimworks reference load place_of_service.csv --effective 2025-01-01
    """
    from claims.reference import Severity, Status
    from claims.reference import load as load_files

    day: date | None = effective.date() if effective else None
    reports = []
    for report in load_files(folder, get_settings().reference, effective=day):
        reports.append(report)
        if not as_json:
            console.stderr().print(f"{report.file}: {report.status}", markup=False)
    if not reports:
        raise CommandError(f"no file in {folder}", fix="name the folder that holds the published files")
    if as_json:
        console.print_json({"files": [asdict(report) for report in reports]})
    else:
        out = console.stdout()
        for report in reports:
            what = f"{report.table} {report.release}, {report.rows_read} rows" if report.release else ""
            out.print(f"{report.file}: {report.status} {what}".rstrip(), markup=False)
            for finding in report.findings:
                where = "".join(
                    f" {word} {value}" for word, value in (("line", finding.row), ("column", finding.column)) if value
                )
                out.print(f"  {finding.severity}{where}: {finding.message}", markup=False)
                if finding.severity != Severity.NOTE and finding.fix:
                    out.print(f"    fix: {finding.fix}", markup=False)
    statuses = {report.status for report in reports}
    if statuses <= {Status.REFUSED, Status.UNKNOWN}:
        raise CommandError("nothing could be loaded", fix="each file above says why")
    if statuses - {Status.LOADED, Status.UNCHANGED}:
        raise typer.Exit(ExitCode.QUARANTINED)


@app.command(name="list")
def list_releases(as_json: AsJson = False) -> None:
    """The releases that are loaded, with the days on which each holds, and the tables that come from the default.

    \b
    Examples:
      claimworks reference list
      claimworks reference list --json
    """
    from claims.reference import open_reference
    from claims.reference.schema import TABLES

    reference = open_reference(get_settings().reference)
    rows = []
    for name in TABLES:
        held = {release.name: (first, last) for release, first, last in reference.windows(name)}
        for release in (r for r in reference.releases if r.table == name):
            first, last = held.get(release.name, (None, None))
            rows.append(
                {
                    "table": name,
                    "release": release.name,
                    "holds": release.name in held,
                    "from": first,
                    "to": last,
                    "rows": release.rows,
                    "file": release.file,
                    "sha256": release.digest,
                }
            )
        if reference.source(name) == "default" and reference.table(name).num_rows:
            rows.append({"table": name, "release": "default", "holds": True, "from": None, "to": None,
                         "rows": reference.table(name).num_rows, "file": None, "sha256": None})  # fmt: skip
    if as_json:
        console.print_json({"releases": rows})
        return
    for row in rows:
        days = f"{row['from'] or '...'} to {row['to'] or '...'}" if row["holds"] else "replaced by a later release"
        console.stdout().print(f"{row['table']:24} {row['release']:32} {row['rows']:>9}  {days}", markup=False)
