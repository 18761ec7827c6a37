"""The door of the reports: asks the access rules and records, before a file with figures leaves the platform.

Belongs here: the order of these two for every export. Does not belong here: the rules (`compliance.access`), the chain
(`compliance.audit`), making the file (`claims.reports`).
"""

import os
from pathlib import Path

from claims.store import open_store
from compliance.access import Actor, Permission, RefusedError, require
from compliance.audit import AuditLog, Event
from compliance.keys import MASTER_VARIABLE

EXPORTED = "report.exported"
REFUSED = "report.refused"
MAX_REFERENCE = 256  # what the chain keeps of it


def can_record(keys: Path) -> bool:
    """Whether there is a master key, so that the chain of this installation can take an event.

    Without one an event would begin a chain of its own, which nobody would look for. A screen that sees published
    figures only is given no key, and exports nothing.
    """
    return MASTER_VARIABLE in os.environ or (keys / "master.key").is_file()


def ask_at(store_url: str, keys: Path, actor: Actor, tenant_id: str, reference: str, reason: str | None = None) -> None:
    """`ask` with the chain of the store at `store_url`, anchored in the folder `keys`. Raises what `ask` does."""
    with open_store(store_url) as store:
        ask(AuditLog(store.audit, keys), actor, tenant_id, reference, reason)


def ask(log: AuditLog, actor: Actor, tenant_id: str, reference: str, reason: str | None = None) -> None:
    """Ask whether the actor may export a report of the tenant, and record the answer, whatever it is.

    `reference` says which report with which filters, never a value of it; what is too long for the chain is cut.

    Raises:
        RefusedError: the rules say no.
        AuditError: the chain takes no event; then nothing may be exported.
    """
    about = reference if len(reference) <= MAX_REFERENCE else f"{reference[: MAX_REFERENCE - 3]}..."
    reason = (reason or "").strip() or None
    try:
        require(actor, Permission.REPORTS, tenant_id)
    except RefusedError:
        log.record(actor, Event(REFUSED, about, tenant_id, reason))
        raise
    log.record(actor, Event(EXPORTED, about, tenant_id, reason))
