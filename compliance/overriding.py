"""The door of the overrides: asks the access rules and records, before a rule that fired is set aside for a claim.

Belongs here: the order of these for every override. Does not belong here: the rules (`compliance.access`), the chain
(`compliance.audit`), what the override is of (`quality.scrub`, the lake).
"""

from pathlib import Path

from claims.store import Store, open_store
from claims.store.overrides import Edit, EditOverride, OverriddenError
from compliance.access import Actor, Permission, RefusedError, require
from compliance.audit import MAX_REASON, AuditError, AuditLog, Event

OVERRIDDEN = "edit.overridden"
REFUSED = "edit.override_refused"


class NoReasonError(ValueError):
    """An override has a reason, and none that can be kept was given."""


class NotRecordedError(Exception):
    """The audit chain takes no event, so nothing was overridden."""


def override_at(store_url: str, keys: Path, actor: Actor, edit: Edit, reason: str) -> EditOverride:
    """`override` in the store at `store_url`, its chain anchored in the folder `keys`. Raises what `override` does."""
    with open_store(store_url) as store:
        return override(store, keys, actor, edit, reason)


def override(store: Store, keys: Path, actor: Actor, edit: Edit, reason: str) -> EditOverride:
    """Ask whether the actor may override the edit, record the answer, and enter the override.

    Raises:
        NoReasonError: the reason is empty or longer than the chain takes.
        OverriddenError: the edit was overridden before; nothing is recorded.
        RefusedError: the rules say no.
        NotRecordedError: the chain takes no event; then nothing is overridden.
    """
    words = reason.strip()
    if not words or len(words) > MAX_REASON:
        raise NoReasonError(f"an override needs a reason of 1 to {MAX_REASON} characters")
    log = AuditLog(store.audit, keys)
    try:
        require(actor, Permission.OVERRIDES, edit.tenant_id)
    except RefusedError:
        log.record(actor, Event(REFUSED, edit.edit_id, edit.tenant_id, words))
        raise
    if store.overrides.of(edit.tenant_id, edit.edit_id) is not None:
        raise OverriddenError(f"{edit.edit_id} was overridden before")
    try:
        log.record(actor, Event(OVERRIDDEN, edit.edit_id, edit.tenant_id, words))
    except AuditError as error:
        raise NotRecordedError(f"nothing was overridden, since it could not be recorded: {error}") from error
    return store.overrides.add(edit, actor=actor.name, role=actor.role.name, reason=words)
