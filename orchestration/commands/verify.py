"""`claimworks verify`: dated evidence that a promise of the platform holds.

Belongs here: one subcommand per promise, what it prints, its exit code. Does not belong here: the checks.
"""

from datetime import UTC, datetime
from typing import Annotated

import typer

from orchestration.exits import ExitCode
from orchestration.lib import console
from orchestration.settings import get_settings

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)


@app.callback()
def verify() -> None:
    """Check a promise of the platform and print dated evidence. Exit 0 only when it holds.

    \b
    Examples:
      claimworks verify audit
      claimworks verify audit --json
    """


@app.command()
def audit(as_json: Annotated[bool, typer.Option("--json", help="Print the evidence as JSON")] = False) -> None:
    """Walk the audit chain: no event was changed, removed, put in or moved, and none is gone from its end.

    Keep the number and hash that it prints outside of this machine: they prove that no later chain was made anew.

    \b
    Examples:
      claimworks verify audit --json
    """
    from claims.store import open_store
    from compliance.audit import AuditLog

    settings = get_settings()
    at = datetime.now(UTC).isoformat(timespec="seconds")
    with open_store(settings.store_url) as store:
        verdict = AuditLog(store.audit, settings.keys).verify()
    if as_json:
        console.print_json(
            {
                "check": "audit",
                "at": at,
                "holds": verdict.holds,
                "event_count": verdict.event_count,
                "head_hash": verdict.head_hash,
                "first_broken_sequence": verdict.first_broken_sequence,
                "why": verdict.why,
            }
        )
    elif verdict.holds:
        console.stdout().print(f"{at} audit chain holds: {verdict.event_count:,} events, head {verdict.head_hash}")
    else:
        console.stdout().print(
            f"{at} audit chain is BROKEN at event {verdict.first_broken_sequence}: {verdict.why}\n"
            "what to do: docs/runbooks/trace.md"
        )
    if not verdict.holds:
        raise typer.Exit(ExitCode.FAILED)
