"""The door of the reports: asks the access rules and records, before a file with figures leaves the platform.

Belongs here: the order of these two for every export. Does not belong here: the rules (`compliance.access`), the chain
(`compliance.audit`), making the file (`claims.reports`).
"""

from compliance.access import Actor, Permission, RefusedError, require
from compliance.audit import AuditLog, Event

EXPORTED = "report.exported"
REFUSED = "report.refused"
MAX_REFERENCE = 256  # what the chain keeps of it


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
