"""`claimworks report`: a finance report of one tenant as a CSV, XLSX or PDF file.

Belongs here: options, the order ask - record - write, exit codes. Does not belong here: the reports and their files
(`claims.reports`), who may export (`compliance.exporting`).
"""

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.actor import AsOption, RoleOption, actor
from orchestration.exits import CommandError, ExitCode
from orchestration.lib import console
from orchestration.settings import get_settings

if TYPE_CHECKING:
    from claims.reports import Filters, Report
    from compliance.access import Actor
    from orchestration.settings import Settings

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)

_MAX_REASON = 500  # what an event of the audit chain takes
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@app.command()
def report(
    name: Annotated[str | None, typer.Argument(help="Which report; --list names them")] = None,
    tenant: Annotated[str | None, typer.Option(help="Whose figures")] = None,
    file_format: Annotated[str, typer.Option("--format", help="csv, xlsx or pdf")] = "xlsx",
    out: Annotated[Path | None, typer.Option(help="File to write; it appears whole or not at all")] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM", help="First month of the report")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM", help="Last month")] = None,
    payers: Annotated[list[str] | None, typer.Option("--payer", help="Payer ID; repeat for several")] = None,
    table: Annotated[str | None, typer.Option(help="One table of the report; a CSV has the first if not given")] = None,
    with_mark: Annotated[bool, typer.Option("--bom", help="CSV with a byte order mark, for Excel")] = False,
    role: RoleOption = None,
    who: AsOption = None,
    assigned: Annotated[
        list[str] | None,
        typer.Option(
            "--assigned",
            envvar="CLAIMWORKS_ACTOR_TENANTS",
            help="Tenant that the user is assigned to; all when not given",
        ),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why; recorded with the export")] = None,
    list_reports: Annotated[bool, typer.Option("--list", help="Name the reports and their tables, and end")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written, or the list, as JSON")] = False,
) -> None:
    """Write a finance report of a tenant's published figures; docs/reports.md has their definitions.

    Each export is an event of the audit chain. Exit 4: the role or the assignment does not allow it.

    \b
    Examples:
      claimworks report --list
      claimworks report revenue --tenant alder --format xlsx --out revenue.xlsx --from 2025-01 --to 2025-06
      claimworks report ar_aging --tenant alder --format pdf --out aging.pdf --payer MCR01 --payer COM02
      claimworks report ar_aging --tenant alder --format csv --table claims --out open_claims.csv
    """
    from claims.reports import FORMATS, REPORTS, Filters, reference_of

    if list_reports:
        _list(as_json)
        return
    if name is None or tenant is None or out is None:
        missing = [word for word, given in (("NAME", name), ("--tenant", tenant), ("--out", out)) if given is None]
        raise _usage(f"missing: {', '.join(missing)}", "claimworks report --help")
    if name not in REPORTS:
        raise _usage(f"no report {name!r}", f"one of {', '.join(REPORTS)}; claimworks report --list")
    if file_format not in FORMATS:
        raise _usage(f"no format {file_format!r}", f"one of {', '.join(FORMATS)}")
    if with_mark and file_format != "csv":
        raise _usage("only a CSV can have a byte order mark", "leave --bom out")
    chosen = REPORTS[name]
    if table is not None and table not in (names := [one.name for one in chosen.tables]):
        raise _usage(f"{name} has no table {table!r}", f"one of {', '.join(names)}")
    if chosen.months is None and (start or end):
        raise _usage(f"{name} is as of the data cut-off and takes no months", "leave --from and --to out")
    if reason is not None and len(reason) > _MAX_REASON:
        raise _usage(f"a reason has at most {_MAX_REASON} characters", "shorten it")
    filters = Filters(_month(start, "--from"), _month(end, "--to"), tuple(dict.fromkeys(payers or ())))
    if filters.start and filters.end and filters.start > filters.end:
        raise _usage("--to is before --from", "swap them")
    settings = get_settings()
    source = settings.serving / f"{tenant}.duckdb"
    # Never a path that was put together from what somebody typed: the name must be that of a published file.
    if tenant not in (published := sorted(path.stem for path in settings.serving.glob("[!.]*.duckdb"))):
        raise CommandError(
            f"nothing is published for {tenant!r}",
            fix=f"one of {', '.join(published)}" if published else "publish first: claimworks demo, or the assets",
        )
    reference = reference_of(chosen, filters, file_format, table)
    _ask(settings, actor(who, role, assigned), tenant, reference, reason)
    _write(settings, source, tenant, chosen, filters, file_format, out, table, with_mark, as_json)


def _usage(message: str, fix: str) -> CommandError:
    return CommandError(message, fix=fix, code=ExitCode.USAGE)


def _month(value: str | None, option: str) -> date | None:
    if value is None:
        return None
    if not (match := _MONTH.fullmatch(value)) or match[1] == "0000":
        raise _usage(f"{option} {value!r} is no month", "give it as YYYY-MM")
    return date(int(match[1]), int(match[2]), 1)


def _ask(settings: "Settings", who: "Actor", tenant: str, reference: str, reason: str | None) -> None:
    from compliance.access import RefusedError
    from compliance.audit import AuditError
    from compliance.exporting import ask_at

    try:
        ask_at(settings.store_url, settings.keys, who, tenant, reference, reason)
    except RefusedError as error:
        raise CommandError(
            f"refused: {error}", fix="ask someone who has the role; docs/reports.md", code=ExitCode.REFUSED
        ) from error
    except AuditError as error:
        raise CommandError(
            f"nothing was exported, since it could not be recorded: {error}", fix="claimworks verify audit"
        ) from error


def _write(
    settings: "Settings",
    source: Path,
    tenant: str,
    chosen: "Report",
    filters: "Filters",
    file_format: str,
    out: Path,
    table: str | None,
    with_mark: bool,
    as_json: bool,
) -> None:
    from claims.reports import MissingError, ReportError, work_of, write

    work = work_of(settings.store_url, tenant) if chosen.name == "underpayments" else None
    try:
        written = write(
            source, tenant, chosen, filters, file_format, out, table_name=table, with_mark=with_mark, work=work
        )
    except MissingError as error:
        raise CommandError(str(error), fix="build the marts and publish them again: claimworks demo") from error
    except ReportError as error:
        raise CommandError(str(error), fix="claimworks report --help; docs/reports.md") from error
    except OSError as error:
        raise CommandError(f"{out} could not be written: {error.strerror}", fix="give another --out") from error
    if as_json:
        console.print_json(
            {
                "report": chosen.name,
                "tenant_id": tenant,
                "format": file_format,
                "path": str(out),
                "row_count": written.row_count,
                "byte_count": written.byte_count,
            }
        )
    else:
        console.stderr().print(f"{out}: {chosen.title} of {tenant}, {written.row_count:,} rows", markup=False)


def _list(as_json: bool) -> None:
    from claims.reports import REPORTS

    if as_json:
        console.print_json(
            [
                {
                    "name": one.name,
                    "title": one.title,
                    "description": one.description,
                    "months": one.months,
                    "tables": [{"name": table.name, "title": table.title} for table in one.tables],
                }
                for one in REPORTS.values()
            ]
        )
        return
    out = console.stdout()
    for one in REPORTS.values():
        out.print(f"{one.name:<17}{one.description}", markup=False)
        out.print(f"{'':<17}tables: {', '.join(table.name for table in one.tables)}", markup=False)
