"""`claimworks ingest`: put files in landing and materialise what depends on them.

Belongs here: the order of the steps, each file's outcome in words, the exit code. Does not belong here: the steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.exits import CommandError, ExitCode
from orchestration.lib import console
from orchestration.settings import get_settings

if TYPE_CHECKING:
    from claims.store import Store
    from claims.store.ledger import LedgerFile
    from orchestration.landing import Landed
    from orchestration.settings import Settings

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)

_STYLES = {"read": "green", "read_with_findings": "yellow", "quarantined": "red", "failed": "red", "duplicate": "dim"}


@app.command()
def ingest(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files, or folders of files", metavar="PATH...")] = None,
    tenant: Annotated[str | None, typer.Option(help="Tenant that the files were received for")] = None,
    received_date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of receipt (UTC); today when not given")
    ] = None,
    reprocess: Annotated[
        bool, typer.Option("--reprocess", help="Read files of landing again that did not read cleanly, after a fix")
    ] = False,
    file_ids: Annotated[
        list[str] | None, typer.Option("--file-id", help="With --reprocess: this file, whatever became of it")
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="With --reprocess: failed and quarantined files, not those with findings")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="With --reprocess: every file")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcomes as JSON")] = False,
) -> None:
    """Put files in landing and materialise what depends on them, through Dagster; say what became of each.

    The same bytes twice change nothing, and the second file is reported as a duplicate. A broken transaction set is
    quarantined while its neighbours go on. Exit 3: done, and something was quarantined.

    --reprocess reads files again that are in landing: failed, quarantined, or read with findings. What had become of
    them stays in the ledger. Their days are replaced, and what depends on them follows.

    \b
    Examples:
      claimworks ingest remit.835 --tenant alder
      claimworks ingest inbox/ --tenant birch --received-date 2025-03-14
      claimworks ingest claims.837 --tenant alder --json
      claimworks ingest --reprocess --failed --tenant alder
      claimworks ingest --reprocess --file-id 0f3c9f6f0d0f4f6e8a4f0d2b9d1c7e55
      claimworks ingest --reprocess --all
    """
    from orchestration.landing import files_below, land

    settings = get_settings()
    if reprocess:
        if paths or received_date:
            raise CommandError("--reprocess reads what is in landing", fix="give no PATH", code=ExitCode.USAGE)
        if tenant is not None and tenant not in settings.tenants:
            raise CommandError(
                f"unknown tenant {tenant!r}", fix=f"one of {', '.join(settings.tenants)}", code=ExitCode.USAGE
            )
        _reprocess(settings, Choice(tenant, tuple(file_ids or ()), failed, every), as_json)
        return
    if file_ids or failed or every:
        raise CommandError("--file-id, --failed and --all go with --reprocess", code=ExitCode.USAGE)
    if not paths or tenant is None:
        raise CommandError(
            "files and the tenant that they were received for are needed",
            fix="claimworks ingest PATH --tenant NAME",
            code=ExitCode.USAGE,
        )
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


@dataclass(frozen=True)
class Choice:
    """Which files are read again: of one tenant or all; named, or failed and quarantined, or every one, or (nothing
    said) all that did not read cleanly."""

    tenant: str | None = None
    file_ids: tuple[str, ...] = ()
    failed: bool = False
    every: bool = False


def chosen_files(store: "Store", tenants: Sequence[str], choice: Choice) -> "list[LedgerFile]":
    """The files of the ledger that a choice is of, duplicates never; with them those that are pending, which a run that
    died has left behind.

    Raises:
        CommandError: a file that is named is not there.
    """
    from claims.store.models import FileState

    unclean = {FileState.FAILED, FileState.QUARANTINED, FileState.READ_WITH_FINDINGS}
    states = set(FileState) if choice.every or choice.file_ids else unclean
    if choice.failed:
        states -= {FileState.READ, FileState.READ_WITH_FINDINGS}
    files = [
        file
        for name in ([choice.tenant] if choice.tenant else tenants)
        for file in store.ledger.history(name)
        if file.state in (states | {FileState.RECEIVED}) - {FileState.DUPLICATE}
        and (not choice.file_ids or file.file_id in choice.file_ids)
    ]
    if missing := set(choice.file_ids) - {file.file_id for file in files}:
        raise CommandError(
            f"the ledger has no file {min(missing)} that could be read again",
            fix="take file_id of a mart, or of an earlier ingest's --json",
            code=ExitCode.USAGE,
        )
    return files


def _reprocess(settings: "Settings", choice: Choice, as_json: bool) -> None:
    """Make the chosen files pending, materialise, and say what became of each before and now."""
    from claims.store import open_store

    with open_store(settings.store_url) as store:
        files = chosen_files(store, settings.tenants, choice)
        store.ledger.reopen([file.id for file in files])
    say = console.stderr()
    say.print(f"{len(files):,} files are read again")
    failure: CommandError | None = None
    if files:
        try:
            materialise(settings, say.print)
        except CommandError as error:
            failure = error
    with open_store(settings.store_url) as store:
        now = {file.id: file for name in settings.tenants for file in store.ledger.history(name)}
    outcomes = [_again(before, now[before.id]) for before in files]
    if as_json:
        console.print_json({"files": outcomes})
    else:
        _show(outcomes)
    if failure is not None:
        raise failure
    if any(one["status"] in ("quarantined", "failed") for one in outcomes):
        raise typer.Exit(ExitCode.QUARANTINED)


def _again(before: "LedgerFile", file: "LedgerFile") -> dict[str, Any]:
    return {
        "path": file.path,
        "tenant": file.tenant_id,
        "feed": file.feed,
        "file_id": file.file_id,
        "status": file.state.value,
        "reason": file.reason,
        "earlier_status": before.state.value,
        "earlier_reason": before.reason,
        "first_received_date": file.received_date.isoformat(),
        "transactions": file.transaction_count or 0,
        "transactions_quarantined": file.quarantined_count or 0,
        "claims": file.claim_count or 0,
        "findings": file.finding_count or 0,
    }


def materialise(settings: "Settings", progress: Any) -> None:
    """Land what is new, then build everything that hangs on what is pending; without a champion, all but the scores."""
    from claims.store import open_store
    from ml import registry
    from orchestration.lib.instance import open_instance
    from orchestration.lib.jobs import DAILY

    progress("loading the code location ...")
    with open_instance(settings) as instance:
        from orchestration.runs import keys_without_groups, land_new_files, run_job

        landed = land_new_files(instance, settings, progress=progress)
        with open_store(settings.store_url) as store:
            is_pending = bool(store.ledger.pending())
        if not landed.new and not is_pending:
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
        if one.get("earlier_status", one["status"]) != one["status"]:
            outcome += f" (was {one['earlier_status']})"
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
