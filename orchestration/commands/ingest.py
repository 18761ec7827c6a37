"""`claimworks ingest`: put files in landing and materialise what depends on them.

Belongs here: the order of the steps, each file's outcome in words, the exit code. Does not belong here: the steps.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.exits import CommandError, ExitCode
from orchestration.lib import console
from orchestration.settings import get_settings

if TYPE_CHECKING:
    from orchestration.landing import Landed
    from orchestration.settings import Settings

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)

_STYLES = {"read": "green", "read_with_findings": "yellow", "quarantined": "red", "failed": "red", "duplicate": "dim"}


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders of files", metavar="PATH...")],
    tenant: Annotated[str, typer.Option(help="Tenant that the files were received for")],
    received_date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of receipt (UTC); today when not given")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcomes as JSON")] = False,
) -> None:
    """Put files in landing and materialise what depends on them, through Dagster; say what became of each.

    The same bytes twice change nothing, and the second file is reported as a duplicate. A broken transaction set is
    quarantined while its neighbours go on. Exit 3: done, and something was quarantined.

    \b
    Examples:
      claimworks ingest remit.835 --tenant alder
      claimworks ingest inbox/ --tenant birch --received-date 2025-03-14
      claimworks ingest claims.837 --tenant alder --json
    """
    from orchestration.landing import files_below, land

    settings = get_settings()
    if tenant not in settings.tenants:
        raise CommandError(
            f"unknown tenant {tenant!r}", fix=f"one of {', '.join(settings.tenants)}", code=ExitCode.USAGE
        )
    today = datetime.now(UTC).date()
    received = received_date.date() if received_date else today
    if not settings.first_day <= received <= today:
        raise CommandError(
            f"received date {received} is not between {settings.first_day} and {today}",
            fix="give the day on which the file came, or set CLAIMWORKS_FIRST_DAY",
            code=ExitCode.USAGE,
        )
    sources = list(files_below(paths))
    if not sources:
        raise CommandError("no files in what was named", fix="check the path", code=ExitCode.USAGE)
    say = console.stderr()
    landed = [land(source, landing=settings.landing, tenant=tenant, received=received) for source in sources]
    copied = sum(not one.was_there for one in landed)
    say.print(f"landed {copied:,} of {len(landed):,} files ({len(landed) - copied:,} were there)")

    failure: CommandError | None = None
    try:
        materialise(settings, say.print)
    except CommandError as error:  # files that had been read by then were read, and each has its outcome
        failure = error

    outcomes = _outcomes(settings, tenant, landed)
    if as_json:
        console.print_json({"tenant": tenant, "received_date": received.isoformat(), "files": outcomes})
    else:
        _show(outcomes)
    if failure is not None:
        raise failure
    if any(one["status"] in ("quarantined", "failed") for one in outcomes):
        raise typer.Exit(ExitCode.QUARANTINED)


def materialise(settings: "Settings", progress: Any) -> None:
    """Land what is new, then build everything that hangs on it; without a champion, all but the scores."""
    from ml import registry
    from orchestration.lib.instance import open_instance
    from orchestration.lib.jobs import DAILY

    progress("loading the code location ...")
    with open_instance(settings) as instance:
        from orchestration.runs import keys_without_groups, land_new_files, run_job

        landed = land_new_files(instance, settings, progress=progress)
        if not landed.new:
            progress("nothing new: every file is known to the ledger")
            return
        selection = None
        known = registry.Registry(settings.mlflow_uri, settings.mlflow_artifacts)
        if registry.champion_version(known, "denial") is None:
            progress("no champion model yet: claims are not scored (claimworks train denial)")
            selection = keys_without_groups(DAILY, {"gold"})
        report = run_job(instance, DAILY, selection=selection, progress=progress)
    for words in report.warnings:
        progress(f"warning: {words}")
    if not report.success:
        raise CommandError(
            "materialising failed:\n  " + "\n  ".join([*report.failures, *report.failed_checks]),
            fix=f"`make dev` shows run {report.run_id}",
        )


def _outcomes(settings: "Settings", tenant: str, landed: "list[Landed]") -> list[dict[str, Any]]:
    """What the ledger says of each file that was given, in the order given."""
    from claims.store import open_store

    with open_store(settings.store_url) as store:
        history = store.ledger.history(tenant)
    by_path = {file.path: file for file in history}
    by_id = {file.id: file for file in history}
    out = []
    for one in landed:
        file = by_path.get(one.path.relative_to(settings.landing).as_posix())
        if file is None:  # the run failed before the ledger knew of it
            continue
        first = by_id.get(file.duplicate_of) if file.duplicate_of else None
        is_repeat = one.was_there or first is not None
        out.append(
            {
                "path": str(one.source),
                "feed": one.feed,
                "file_id": one.file_id,
                "status": "duplicate" if is_repeat else file.state.value,
                "reason": "the same bytes were received before; nothing changed" if is_repeat else file.reason,
                "first_status": (first or file).state.value if is_repeat else None,
                "first_received_date": (first or file).received_date.isoformat(),
                "transactions": file.transaction_count or 0,
                "transactions_quarantined": file.quarantined_count or 0,
                "claims": file.claim_count or 0,
                "findings": file.finding_count or 0,
            }
        )
    return out


def _show(outcomes: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table("file", "feed", "outcome", "sets", "claims", "findings", "why")
    for one in outcomes:
        style = _STYLES.get(one["status"], "")
        outcome = f"[{style}]{one['status']}[/{style}]" if style else one["status"]
        sets = f"{one['transactions']}"
        if one["transactions_quarantined"]:
            sets += f" ({one['transactions_quarantined']} quarantined)"
        table.add_row(
            Path(one["path"]).name,
            one["feed"],
            outcome,
            sets,
            str(one["claims"]),
            str(one["findings"]),
            one["reason"] or "",
        )
    console.stdout().print(table)
