"""`claimworks underpayments`: the work list of lines that payers allowed too little for, and its statuses.

Belongs here: options, what is printed, exit codes. Does not belong here: which lines are short (the marts), who may
change a status (`compliance.working`).
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.actor import AsOption, RoleOption, actor
from orchestration.exits import CommandError, ExitCode
from orchestration.lib import console
from orchestration.settings import get_settings

if TYPE_CHECKING:
    from claims.store.work import WorkStatus
    from orchestration.settings import Settings

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)

TenantOption = Annotated[str, typer.Option("--tenant", help="Whose lines")]
ClaimOption = Annotated[str, typer.Option("--claim", help="Claim ID, as the list has it")]
LineOption = Annotated[int, typer.Option("--line", min=1, help="Line of the claim")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print as JSON")]
AssignedOption = Annotated[
    list[str] | None,
    typer.Option(
        "--assigned", envvar="CLAIMWORKS_ACTOR_TENANTS", help="Tenant that the user is assigned to; all when not given"
    ),
]


@app.command("list")
def list_lines(
    tenant: TenantOption,
    status: Annotated[
        list[str] | None, typer.Option("--status", help="Status of the work; repeat for several; all when not given")
    ] = None,
    payers: Annotated[list[str] | None, typer.Option("--payer", help="Payer ID; repeat for several")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many lines, those with the most open first")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the lines of a tenant's published figures that a payer allowed less for than expected.

    \b
    Examples:
      claimworks underpayments list --tenant alder --status open --status sent
      claimworks underpayments list --tenant alder --payer COM04 --json
    """
    from claims.store.work import WorkStatus

    known = [*(one.value for one in WorkStatus), "invalid"]
    if unknown := sorted(set(status or ()) - set(known)):
        raise _usage(f"no status {', '.join(unknown)}", f"one of {', '.join(known)}")
    rows = [row for row in _lines(get_settings(), tenant, payers) if not status or row["work_status"] in status]
    rows.sort(key=lambda row: (-row["open_variance_amount"], row["claim_id"], row["line_number"]))
    shown = rows[:limit]
    if as_json:
        console.print_json({"tenant_id": tenant, "line_count": len(rows), "lines": [_plain(row) for row in shown]})
        return
    # Lines of text, not a grid: what is copied from here into the next command stays whole on a narrow screen.
    out = console.stdout()
    layout = "{:<38} {:>4}  {:<8} {:<9} {:>10} {:>10} {:>10}  {:<14} {}"
    heads = ("claim", "line", "payer", "procedure", "expected", "allowed", "still open", "by", "work")
    out.print(layout.format(*heads), markup=False, highlight=False, soft_wrap=True)
    for row in shown:
        amounts = [f"{row[name]:,.2f}" for name in ("expected_amount", "allowed_amount", "open_variance_amount")]
        by = row["contract_id"] or row["expected_method"]
        cells = (row["claim_id"], row["line_number"], row["payer_id"], row["procedure_code"] or "", *amounts, by)
        out.print(layout.format(*cells, row["work_status"]), markup=False, highlight=False, soft_wrap=True)
    open_amount = sum(row["open_variance_amount"] for row in rows)
    console.stderr().print(f"{len(shown):,} of {len(rows):,} lines, {open_amount:,.2f} still open", markup=False)


@app.command("set")
def set_status(
    tenant: TenantOption,
    claim: ClaimOption,
    line: LineOption,
    status: Annotated[str, typer.Argument(help="open, sent, reviewed, recovered or rejected")],
    reason: Annotated[
        str | None, typer.Option(help="Why, kept with the change; recovered and rejected need one")
    ] = None,
    role: RoleOption = None,
    who: AsOption = None,
    assigned: AssignedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set where the work on a line stands. Each change is kept, and is an event of the audit chain.

    Exit 4: the role or the assignment does not allow it.

    \b
    Examples:
      claimworks underpayments set sent --tenant alder --claim 0f3a...-12 --line 1 --role biller
      claimworks underpayments set rejected --tenant alder --claim 0f3a...-12 --line 1 --reason agreed --role biller
    """
    from compliance.access import RefusedError
    from compliance.working import ChangeError, NotRecordedError, change_at

    settings = get_settings()
    wanted = _status(status)
    asks = actor(who, role, assigned)
    if not any((row["claim_id"], row["line_number"]) == (claim, line) for row in _lines(settings, tenant, None)):
        raise CommandError(
            "no underpaid line of that claim is published", fix=f"claimworks underpayments list --tenant {tenant}"
        )
    try:
        made = change_at(settings.store_url, settings.keys, asks, tenant, claim, line, wanted, reason)
    except NotRecordedError as error:
        raise CommandError(f"nothing was changed: {error}", fix="claimworks verify audit") from error
    except ChangeError as error:
        raise _usage(str(error), "claimworks underpayments set --help") from error
    except RefusedError as error:
        raise CommandError(f"refused: {error}", fix="ask someone who has the role", code=ExitCode.REFUSED) from error
    if as_json:
        console.print_json({"claim_id": claim, "line_number": line, "status": made.status.value})
    else:
        console.stderr().print(f"{claim} line {line}: {made.status}", markup=False)


@app.command()
def history(tenant: TenantOption, claim: ClaimOption, line: LineOption, as_json: JsonOption = False) -> None:
    """Show every change of the status of a line, the first first.

    \b
    Example:
      claimworks underpayments history --tenant alder --claim 0f3a...-12 --line 1
    """
    from claims.store import open_store

    with open_store(get_settings().store_url) as store:
        events = store.underpayments.history(tenant, claim, line)
    told = [
        {
            "at": one.at.isoformat(),
            "status": one.status.value,
            "actor": one.actor,
            "role": one.role,
            "reason": one.reason,
        }
        for one in events
    ]
    if as_json:
        console.print_json({"claim_id": claim, "line_number": line, "changes": told})
        return
    for one in told:
        console.stdout().print(
            f"{one['at']}  {one['status']:<10} {one['actor']} ({one['role']})  {one['reason'] or ''}".rstrip(),
            markup=False,
        )
    if not told:
        console.stderr().print("nobody has worked this line", markup=False)


def _lines(settings: "Settings", tenant: str, payers: list[str] | None) -> list[dict[str, Any]]:
    """The lines of the report, with where the work stands."""
    from claims.reports import REPORTS, Filters, ReportError, open_report, work_of

    if tenant not in settings.tenants:
        raise _usage(f"unknown tenant {tenant!r}", f"one of {', '.join(settings.tenants)}")
    report = REPORTS["underpayments"]
    filters = Filters(payers=tuple(dict.fromkeys(payers or ())))
    path = settings.serving / f"{tenant}.duckdb"
    try:
        with open_report(path, tenant, report, filters, work_of(settings.store_url, tenant)) as opened:
            return [row for batch in opened.batches(report.table("lines")) for row in batch.to_pylist()]
    except ReportError as error:
        raise CommandError(str(error), fix="publish first: claimworks demo, or the assets") from error


def _status(word: str) -> "WorkStatus":
    from claims.store.work import WorkStatus

    try:
        return WorkStatus(word)
    except ValueError:
        raise _usage(f"no status {word!r}", f"one of {', '.join(WorkStatus)}") from None


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value if value is None or isinstance(value, int | str) else str(value) for name, value in row.items()}


def _usage(message: str, fix: str) -> CommandError:
    return CommandError(message, fix=fix, code=ExitCode.USAGE)
