"""`claimworks verify`: dated evidence that a promise of the platform holds.

Belongs here: one subcommand per promise, what it prints, its exit code. Does not belong here: the checks.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.exits import CommandError, ExitCode
from orchestration.lib import console
from orchestration.settings import get_settings

if TYPE_CHECKING:
    from claims.warehouse.money import MoneyReport

# Breaks listed on a screen; the JSON has all of them.
_BREAKS_SHOWN = 20

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)


@app.callback()
def verify() -> None:
    """Check a promise of the platform and print dated evidence. Exit 0 only when it holds.

    \b
    Examples:
      claimworks verify audit
      claimworks verify audit --json
      claimworks verify money
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


@app.command()
def money(as_json: Annotated[bool, typer.Option("--json", help="Print the evidence as JSON")] = False) -> None:
    """Add up what the files said a second time, from the lake, and hold it against the warehouse, row by row.

    Exit 0 only when every cent is accounted for: by an identity, or by a break that is listed with its segment.

    \b
    Examples:
      claimworks verify money
      claimworks verify money --json > money.json
    """
    from claims.warehouse.money import MoneyError, verify_money

    settings = get_settings()
    at = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        report = verify_money(settings.warehouse_location, settings.lake)
    except MoneyError as error:
        raise CommandError(str(error), fix="docs/runbooks/money.md") from error
    if as_json:
        console.print_json(_money_evidence(report, at))
    else:
        _say_money(report, at)
    if not report.holds:
        raise typer.Exit(ExitCode.FAILED)


def _money_evidence(report: "MoneyReport", at: str) -> dict[str, Any]:
    return {
        "check": "money",
        "at": at,
        "holds": report.holds,
        "unexplained_amount": report.unexplained,
        "wrong_row_count": report.wrong,
        "break_count": len(report.breaks),
        "tenants": [
            {
                "tenant": tenant,
                "data_cut_off": report.cut_off.get(tenant),
                "quarantined_charge_amount": quarantined,
                "statements": [
                    {
                        "level": statement.level,
                        statement.total_name.replace(" ", "_"): statement.total,
                        **statement.parts,
                        "unexplained": statement.rest,
                    }
                    for statement in report.statements
                    if statement.tenant == tenant
                ],
                "checks": [
                    {
                        "level": check.level,
                        "check": check.name,
                        "row_count": check.rows,
                        "wrong_row_count": check.wrong,
                        "unexplained": check.unexplained,
                        "places": check.samples,
                    }
                    for check in report.checks
                    if check.tenant == tenant
                ],
                "breaks": [
                    {
                        "level": one.level,
                        "identity": one.identity,
                        "file_id": one.file_id,
                        "transaction_ordinal": one.transaction_ordinal,
                        "segment_ordinal": one.segment_ordinal,
                        "expected_amount": one.expected,
                        "actual_amount": one.actual,
                        "difference_amount": one.difference,
                    }
                    for one in report.breaks
                    if one.tenant == tenant
                ],
            }
            for tenant, quarantined in report.quarantined.items()
        ],
    }


def _say_money(report: "MoneyReport", at: str) -> None:
    out = console.stdout()
    for tenant, quarantined in report.quarantined.items():
        out.print(f"{tenant}, files received until {report.cut_off.get(tenant, 'never')}")
        for statement in (one for one in report.statements if one.tenant == tenant):
            parts = [f"{name.replace('_', ' ')} {amount:,.2f}" for name, amount in statement.parts.items() if amount]
            out.print(
                f"  {statement.level}: {statement.total_name} {statement.total:,.2f} = {' + '.join(parts) or '0.00'}; "
                f"unexplained {statement.rest:,.2f}"
            )
        if quarantined:
            out.print(f"  not in these figures: charges of quarantined transaction sets {quarantined:,.2f}")
        checks = [one for one in report.checks if one.tenant == tenant]
        out.print(f"  {len(checks)} comparisons with the lake, {sum(one.rows for one in checks):,} rows")
        for check in (one for one in checks if one.wrong):
            out.print(
                f"    WRONG {check.level}: {check.name}: {check.wrong:,} of {check.rows:,} rows, "
                f"{check.unexplained:,.2f}; {', '.join(check.samples)}"
            )
        breaks = [one for one in report.breaks if one.tenant == tenant]
        out.print(f"  breaks: {len(breaks):,}")
        for one in breaks[:_BREAKS_SHOWN]:
            out.print(
                f"    {one.level} {one.identity} {one.difference:,.2f} (expected {one.expected:,.2f}, the file says "
                f"{one.actual:,.2f}): file {one.file_id} set {one.transaction_ordinal} segment {one.segment_ordinal}"
            )
        if len(breaks) > _BREAKS_SHOWN:
            out.print(f"    and {len(breaks) - _BREAKS_SHOWN:,} more in fct_reconciliation_breaks, and with --json")
    if report.holds:
        out.print(f"{at} every cent is accounted for; unexplained 0.00")
    else:
        out.print(
            f"{at} NOT every cent is accounted for: unexplained {report.unexplained:,.2f} in {report.wrong:,} rows\n"
            "what to do: docs/runbooks/money.md"
        )
