"""The door of the work list: asks the access rules and records, before the status of an underpaid line changes.

Belongs here: the order of these for every change. Does not belong here: the rules (`compliance.access`), the chain
(`compliance.audit`), the changes themselves (`claims.store.work`), which lines are short (the marts).
"""

from pathlib import Path

from claims.store import Store, open_store
from claims.store.work import WorkEvent, WorkStatus
from compliance.access import Actor, Permission, RefusedError, require
from compliance.audit import MAX_REASON, AuditError, AuditLog, Event

CHANGED = "underpayment.status_changed"
REFUSED = "underpayment.change_refused"
NEEDS_REASON = frozenset({WorkStatus.RECOVERED, WorkStatus.REJECTED})


class ChangeError(ValueError):
    """The change cannot be made as it was asked for."""


class NotRecordedError(ChangeError):
    """The chain takes no event, so nothing is changed."""


def change_at(
    store_url: str,
    keys: Path,
    actor: Actor,
    tenant_id: str,
    claim_id: str,
    line_number: int,
    status: WorkStatus,
    reason: str | None = None,
) -> WorkEvent:
    """`change` in the store at `store_url`, its chain anchored in the folder `keys`. Raises what `change` does."""
    with open_store(store_url) as store:
        return change(store, keys, actor, tenant_id, claim_id, line_number, status, reason)


def change(
    store: Store,
    keys: Path,
    actor: Actor,
    tenant_id: str,
    claim_id: str,
    line_number: int,
    status: WorkStatus,
    reason: str | None = None,
) -> WorkEvent:
    """Ask whether the actor may set the status of an underpaid line, record the answer, and enter the change.

    Raises:
        ChangeError: a status that ends the work without a reason, a reason that is too long, or the status it has.
        NotRecordedError: the chain takes no event; then nothing is changed.
        RefusedError: the rules say no.
    """
    words = (reason or "").strip() or None
    if words is None and status in NEEDS_REASON:
        raise ChangeError(f"{status} ends the work and needs a reason")
    if words is not None and len(words) > MAX_REASON:
        raise ChangeError(f"a reason has at most {MAX_REASON} characters")
    log = AuditLog(store.audit, keys)
    about = f"underpayment:{claim_id}:{line_number}:{status}"
    try:
        require(actor, Permission.WORK_LISTS, tenant_id)
    except RefusedError:
        _record(log, actor, Event(REFUSED, about, tenant_id, words))
        raise
    before = store.underpayments.history(tenant_id, claim_id, line_number)
    if status is (before[-1].status if before else WorkStatus.OPEN):
        raise ChangeError(f"the line is {status} already")
    _record(log, actor, Event(CHANGED, about, tenant_id, words))
    return store.underpayments.add(
        tenant_id, claim_id, line_number, status, actor=actor.name, role=actor.role.name, reason=words
    )


def _record(log: AuditLog, actor: Actor, event: Event) -> None:
    try:
        log.record(actor, event)
    except AuditError as error:
        raise NotRecordedError(f"it could not be recorded: {error}") from error
