"""`claimworks trace`: from a row back to the file, the set, the segments and their bytes.

Belongs here: options, how what was found is printed, exit codes. Does not belong here: finding it
(`orchestration.tracing`), who may see what.
"""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.actor import AsOption, RoleOption, TenantsOption, actor
from orchestration.exits import CommandError, ExitCode
from orchestration.lib import console
from orchestration.settings import get_settings

if TYPE_CHECKING:
    from compliance.access import Actor
    from orchestration.settings import Settings
    from orchestration.tracing import Part, Reference, Trace

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)

_MAX_REASON = 500  # what an event of the audit chain takes


@app.command()
def trace(
    claim_id: Annotated[
        str, typer.Argument(help="claim_id, remittance_claim_id, or FILE:TRANSACTION:SEGMENT of any row")
    ],
    role: RoleOption = None,
    name: AsOption = None,
    tenants: TenantsOption = None,
    reason: Annotated[str | None, typer.Option(help="Why; without it segments are shown masked to every role")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON")] = False,
) -> None:
    """Show the segments that a claim, and every answer to it, was read from, with file and bytes.

    Identifiers are masked, unless the role may see them and a reason is given. Each opening is an event of the audit
    chain. A row of any mart with the columns file_id, transaction_ordinal and segment_ordinal is found by
    FILE:TRANSACTION:SEGMENT.

    \b
    Examples:
      claimworks trace 0f3c9f6f0d0f4f6e8a4f0d2b9d1c7e55-17
      claimworks trace 0f3c9f6f0d0f4f6e8a4f0d2b9d1c7e55:1:230 --json
      claimworks trace 0f3c9f6f0d0f4f6e8a4f0d2b9d1c7e55-17 --role biller --as jane --reason "appeal of 14 March"
    """
    from orchestration.tracing import MalformedError, Reference

    who = actor(name, role, tenants)
    if reason is not None and len(reason) > _MAX_REASON:
        raise CommandError(f"a reason has at most {_MAX_REASON} characters", fix="shorten it", code=ExitCode.USAGE)
    try:
        reference = Reference.of(claim_id)
    except MalformedError as error:
        raise CommandError(
            f"that is {error}",
            fix="give claim_id of fct_claims, remittance_claim_id of fct_remittances, or file_id:transaction_ordinal:"
            "segment_ordinal of any row",
            code=ExitCode.USAGE,
        ) from error
    settings = get_settings()
    found, is_clear = _trace(settings, reference, who, reason)
    if not is_clear and reason is None and _may_see(who, found.tenant_id):
        console.stderr().print("masked: give --reason to see the identifiers")
    if not found.is_published:
        console.stderr().print("the answers to the claim are not published yet: claimworks ingest or claimworks demo")
    if as_json:
        console.print_json(_document(claim_id, found, who, is_clear))
    else:
        sys.stdout.write("\n".join(_lines(found, who, is_clear)) + "\n")


def _may_see(who: "Actor", tenant_id: str) -> bool:
    from compliance.access import Permission

    return who.may(Permission.SEGMENTS_CLEAR, tenant_id)


def _trace(settings: "Settings", reference: "Reference", who: "Actor", reason: str | None) -> tuple["Trace", bool]:
    """What was found, and whether it is in clear. Every failure that can be expected ends as a `CommandError`."""
    from claims.store import open_store
    from compliance.access import Permission, RefusedError
    from compliance.audit import AuditError, AuditLog
    from compliance.opening import Openings
    from compliance.vault import Vault, VaultError
    from orchestration.tracing import NotFoundError, Tracer

    is_clear = bool((reason or "").strip()) and Permission.SEGMENTS_CLEAR in who.role.permissions
    permission = Permission.SEGMENTS_CLEAR if is_clear else Permission.SEGMENTS_MASKED
    try:
        with open_store(settings.store_url) as store:
            openings = Openings(Vault(settings.vault, settings.keys), AuditLog(store.audit, settings.keys), who)
            return Tracer(settings, store, openings, permission, reason).trace(reference), is_clear
    except NotFoundError as error:
        raise CommandError(
            str(error),
            fix="take the id from a mart of this home; what was quarantined has no claims, but its segments have "
            "FILE:TRANSACTION:SEGMENT in bronze/findings",
        ) from error
    except RefusedError as error:
        raise CommandError(
            f"refused: {error}", fix="ask someone who has the role; docs/runbooks/trace.md", code=ExitCode.REFUSED
        ) from error
    except AuditError as error:
        raise CommandError(
            f"nothing was opened, since it could not be recorded: {error}", fix="claimworks verify audit"
        ) from error
    except VaultError as error:
        raise CommandError(str(error), fix="restore vault and keys from the same backup") from error


def _document(reference: str, found: "Trace", who: "Actor", is_clear: bool) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "reference": reference,
        "tenant_id": found.tenant_id,
        "actor": who.name,
        "role": who.role.name,
        "is_masked": not is_clear,
        "is_published": found.is_published,
        "answers_claim_id": found.answers_claim_id,
        "parts": [asdict(part) for part in found.parts],
    }


def _lines(found: "Trace", who: "Actor", is_clear: bool) -> list[str]:
    how = "in clear" if is_clear else "identifiers masked"
    out = [f"tenant {found.tenant_id}, {how}, as {_printable(who.name)} ({who.role.name})"]
    if found.answers_claim_id:
        out.append(f"answers claim {found.answers_claim_id}")
    for part in found.parts:
        out += ["", *_part_lines(part)]
    return out


def _part_lines(part: "Part") -> list[str]:
    said = f" {part.status_code}" if part.status_code else ""
    row = f" {part.row_id}" if part.row_id else ""
    control = " ".join(
        f"{what} {number or '-'}"
        for what, number in (
            ("interchange", part.isa_control_number),
            ("group", part.gs_control_number),
            ("transaction", part.st_control_number),
        )
    )
    out = [
        f"{part.transaction_type}{said}{row}",
        f"  file         {_printable(part.path)}",
        f"  received     {part.received_date} ({part.feed}), SHA-256 {part.sha256[:12]}, file id {part.file_id}",
        f"  control      {control} (set {part.transaction_ordinal} of the file)",
        "    segment  bytes                  loop    ",
    ]
    for one in part.segments:
        mark = ">" if one.is_row else " "
        span = f"{one.byte_offset}-{one.byte_offset + one.byte_length}"
        out.append(f"  {mark} {one.ordinal:>7}  {span:<21}  {one.loop:<6}  {_printable(one.text)}")
    return out


def _printable(text: str) -> str:
    """What a terminal would act upon (a delimiter may be any control character) as an escape."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
