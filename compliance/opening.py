"""The door of the vault: asks the access rules, records, and only then opens.

Belongs here: the order of these three for everything sealed. Does not belong here: the rules (`compliance.access`), the
chain (`compliance.audit`), sealing (`compliance.vault`), masking what was opened (`compliance.masking`).
"""

from compliance.access import Actor, Permission, RefusedError, require
from compliance.audit import AuditLog, Event
from compliance.vault import Vault

REFUSED = "vault.refused"
_ACTIONS = {
    Permission.SEGMENTS_MASKED: "segments.opened_masked",
    Permission.SEGMENTS_CLEAR: "segments.opened_clear",
    Permission.IDENTITY: "identity.opened",
}


class ReasonError(ValueError):
    """What shows who a person is is opened for a reason, and none was given."""


class Openings:
    """Opening blocks and identities on behalf of an actor."""

    def __init__(self, vault: Vault, log: AuditLog, actor: Actor) -> None:
        self._vault = vault
        self._log = log
        self.actor = actor

    def ask(self, permission: Permission, tenant_id: str, about: str, reason: str | None) -> None:
        """Ask the rules and record the answer, whatever it is. `about` names a place, never a value.

        Raises:
            RefusedError: the rules say no.
            ReasonError: clear text or an identity is asked for without a reason.
            AuditError: the chain takes no event; then nothing may be opened.
        """
        reason = (reason or "").strip() or None
        if reason is None and permission is not Permission.SEGMENTS_MASKED and self.actor.may(permission, tenant_id):
            raise ReasonError(f"{permission.value} needs a reason")
        try:
            require(self.actor, permission, tenant_id)
        except RefusedError:
            self._log.record(self.actor, Event(REFUSED, f"{permission.value} {about}", tenant_id, reason))
            raise
        self._log.record(self.actor, Event(_ACTIONS[permission], about, tenant_id, reason))

    def block(
        self,
        tenant_id: str,
        file_id: str,
        transaction_ordinal: int,
        segment_ordinal: int,
        *,
        permission: Permission,
        reason: str | None,
    ) -> bytes:
        """The raw bytes of one transaction set, for showing one of its rows masked or in clear as `permission` says.

        Raises:
            RefusedError, ReasonError, AuditError: as `ask`.
            VaultError: the vault has no such block, or it does not open.
        """
        place = f"{file_id}:{transaction_ordinal}:{segment_ordinal}"
        self.ask(permission, tenant_id, place, reason)
        return self._vault.open_block(self._vault.keys(tenant_id), file_id, transaction_ordinal)

    def identity(self, tenant_id: str, kind: str, token: str, *, reason: str | None) -> dict[str, str]:
        """The identity record of a token.

        Raises:
            RefusedError, ReasonError, AuditError: as `ask`.
            VaultError: the vault has no such identity, or it does not open.
        """
        self.ask(Permission.IDENTITY, tenant_id, f"{kind}:{token}", reason)
        return self._vault.open_identity(self._vault.keys(tenant_id), kind, token)
