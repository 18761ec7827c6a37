"""Who may do what: roles as data, and the one question that everything asks before it opens something.

Belongs here: permissions, roles, actors, the refusal. Does not belong here: how an actor proves who he is (the command
line takes the name that it is told, the API will ask a session), opening, recording.

A role has the least that its work needs. Figures on dashboards carry tokens only and need no permission of this table;
what does is everything that comes out of the vault, and every report that leaves the platform as a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Permission(StrEnum):
    """What can be asked for. Each is about one tenant at a time."""

    SEGMENTS_MASKED = "segments_masked"  # the segments of a claim, with every identifier masked
    SEGMENTS_CLEAR = "segments_clear"  # the segments of a claim as they were received
    IDENTITY = "identity"  # whose token this is
    WORK_LISTS = "work_lists"  # change where the work on an underpaid line stands
    OVERRIDES = "overrides"  # say that a claim goes out although a rule fired
    REPORTS = "reports"  # finance reports as files: figures, and claim ids where a work list needs them


@dataclass(frozen=True)
class Role:
    """What a kind of user may do, and whether for tenants that he is not assigned to."""

    name: str
    description: str
    permissions: frozenset[Permission]
    is_of_all_tenants: bool = False


def _role(name: str, description: str, *permissions: Permission, is_of_all_tenants: bool = False) -> Role:
    return Role(name, description, frozenset(permissions), is_of_all_tenants)


_MASKED, _CLEAR, _IDENTITY = Permission.SEGMENTS_MASKED, Permission.SEGMENTS_CLEAR, Permission.IDENTITY
_REPORTS = Permission.REPORTS
_WORK = Permission.WORK_LISTS
_OVERRIDES = Permission.OVERRIDES

LEAST = "analyst"
ROLES: Mapping[str, Role] = MappingProxyType(
    {
        role.name: role
        for role in (
            _role(LEAST, "explores trends; sees where a figure comes from, never whose it is", _MASKED, _REPORTS),
            _role("finance", "downloads reports, asks payers for what they owe; needs no claim", _REPORTS, _WORK),
            _role("ml_engineer", "trains models on tokens; needs no claim"),
            _role("engineer", "runs the platform; reads segments of any tenant to find a fault",
                  _MASKED, is_of_all_tenants=True),
            _role("coder", "reviews codes; diagnoses and procedures are never masked", _MASKED, _OVERRIDES),
            _role("biller", "corrects and appeals claims of patients, and speaks with their payers",
                  _MASKED, _CLEAR, _IDENTITY, _REPORTS, _WORK, _OVERRIDES),
            _role("privacy_officer", "answers patients and authorities, looks into incidents",
                  _MASKED, _CLEAR, _IDENTITY, _REPORTS, is_of_all_tenants=True),
        )
    }
)  # fmt: skip


class UnknownRoleError(ValueError):
    """There is no such role."""


class RefusedError(Exception):
    """The access rules say no. The message names what was asked for, who asked, and which roles may."""


@dataclass(frozen=True)
class Actor:
    """Who asks, in which role, and for which tenants he is assigned (None: all that this installation has)."""

    name: str
    role: Role
    tenants: frozenset[str] | None = None

    @classmethod
    def of(cls, name: str, role: str, tenants: frozenset[str] | None = None) -> "Actor":
        """An actor in a role that is known by its name.

        Raises:
            UnknownRoleError: there is none of that name.
        """
        if role not in ROLES:
            raise UnknownRoleError(f"unknown role {role!r}: one of {', '.join(ROLES)}")
        return cls(name, ROLES[role], tenants)

    def may(self, permission: Permission, tenant_id: str) -> bool:
        """Whether the rules let the actor do this for the tenant."""
        return permission in self.role.permissions and self.is_assigned(tenant_id)

    def is_assigned(self, tenant_id: str) -> bool:
        """Whether the tenant is one of the actor's, by assignment or by role."""
        return self.role.is_of_all_tenants or self.tenants is None or tenant_id in self.tenants


def require(actor: Actor, permission: Permission, tenant_id: str) -> None:
    """Return when the actor may, else say why not.

    Raises:
        RefusedError: the role or the assignment to tenants does not allow it.
    """
    if not actor.is_assigned(tenant_id):
        raise RefusedError(f"{actor.name} is not assigned to tenant {tenant_id}")
    if permission not in actor.role.permissions:
        able = ", ".join(role.name for role in ROLES.values() if permission in role.permissions)
        raise RefusedError(f"role {actor.role.name} has no permission {permission.value}; {able} have it")
