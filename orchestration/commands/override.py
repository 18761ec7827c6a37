"""`claimworks override`: a rule fired, and the claim goes out nevertheless, for a reason.

Belongs here: options, finding the edit, exit codes. Does not belong here: who may and what is recorded
(`compliance.overriding`), what became of the claim (`fct_claim_edits`).
"""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.actor import AsOption, RoleOption, TenantsOption, actor
from orchestration.exits import CommandError, ExitCode
from orchestration.lib import console
from orchestration.settings import get_settings

if TYPE_CHECKING:
    from claims.store import Store
    from claims.store.overrides import Edit
    from orchestration.settings import Settings

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)

_EDIT = re.compile(r"([0-9a-f]{32})-[0-9]{1,9}:[A-Za-z0-9_-]+:[0-9]+:[0-9]+")


@app.command()
def override(
    edit_id: Annotated[str, typer.Argument(help="edit_id of fct_claim_edits, of a rule")],
    reason: Annotated[str, typer.Option(help="Why the claim goes out as it is; no name of a person")],
    role: RoleOption = None,
    name: AsOption = None,
    tenants: TenantsOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the override as JSON")] = False,
) -> None:
    """Override an edit: say that a claim goes out although a rule fired on it.

    Who said so, in which role and why is an event of the audit chain. Billers and coders may. An edit is overridden
    once; the warehouse has it with the next run, beside what the payer made of the claim.

    \b
    Examples:
      claimworks override 0f3c9f6f0d0f4f6e8a4f0d2b9d1c7e55-17:DUP-001:1:1 --role biller --reason "two visits that day"
    """
    from claims.store import open_store
    from claims.store.overrides import OverriddenError
    from compliance.access import RefusedError
    from compliance.overriding import NoReasonError, NotRecordedError
    from compliance.overriding import override as set_aside

    who = actor(name, role, tenants)
    settings = get_settings()
    try:
        with open_store(settings.store_url) as store:
            made = set_aside(store, settings.keys, who, _edit(settings, store, edit_id.strip()), reason)
    except (NoReasonError, OverriddenError) as error:
        raise CommandError(str(error), code=ExitCode.USAGE) from error
    except RefusedError as error:
        raise CommandError(
            f"refused: {error}", fix="ask someone who has the role; docs/runbooks/edits.md", code=ExitCode.REFUSED
        ) from error
    except NotRecordedError as error:
        raise CommandError(str(error), fix="claimworks verify audit") from error
    if as_json:
        console.print_json(
            {
                "edit_id": made.edit_id, "claim_id": made.claim_id, "rule_id": made.rule_id,
                "tenant_id": made.tenant_id, "actor": made.actor, "role": made.role, "reason": made.reason,
                "at": made.at.isoformat(),
            }
        )  # fmt: skip
    else:
        console.stdout().print(f"{made.rule_id} is overridden on claim {made.claim_id}, as {made.actor} ({made.role})")


def _edit(settings: "Settings", store: "Store", edit_id: str) -> "Edit":
    """The edit as it stands in the lake: it lies in the month file of the day on which the claim's file came."""
    import pyarrow.parquet as pq

    from claims.lake import Lake
    from claims.store.overrides import Edit

    if not (match := _EDIT.fullmatch(edit_id)):
        raise CommandError(
            "that is no edit of a rule",
            fix="give edit_id of fct_claim_edits where source is rule; what the reader found is mended in the file",
            code=ExitCode.USAGE,
        )
    for tenant in settings.tenants:
        for file in store.ledger.history(tenant, match[1]):
            path = Lake(settings.lake).month_file("silver", "claim_edits", tenant, file.received_date)
            if not path.exists():
                continue
            columns = ["claim_id", "rule_id", "received_date"]
            for row in pq.read_table(path, columns=columns, filters=[("edit_id", "==", edit_id)]).to_pylist():
                return Edit(tenant, row["received_date"], edit_id, row["claim_id"], row["rule_id"])
    raise CommandError(
        "there is no such edit", fix="take it from fct_claim_edits; a rule that changed has others", code=ExitCode.USAGE
    )
