"""Who runs a command, and in which role: options that every command which opens something shares.

Belongs here: `--as`, `--role`, `--tenant` and their variables, the actor made of them. Does not belong here: what a
role may do (`compliance.access`).

The command line believes what it is told: whoever can read the folder of keys can open the vault without it. It holds
those who work through it to their role, and records what each did.
"""

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.exits import CommandError, ExitCode

if TYPE_CHECKING:
    from compliance.access import Actor

AsOption = Annotated[
    str | None,
    typer.Option("--as", envvar="CLAIMWORKS_ACTOR", help="Who asks; the user of this process when not given"),
]
RoleOption = Annotated[
    str | None, typer.Option("--role", envvar="CLAIMWORKS_ROLE", help="In which role; the least, analyst, if not given")
]
TenantsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--tenant", envvar="CLAIMWORKS_ACTOR_TENANTS", help="Tenant that the user is assigned to; all when not given"
    ),
]


def actor(name: str | None, role: str | None, tenants: list[str] | None) -> "Actor":
    """The actor of a command. Raises `CommandError` for a role that there is not."""
    from compliance.access import LEAST, Actor, UnknownRoleError

    assigned = frozenset(tenants) if tenants else None
    try:
        return Actor.of((name or "").strip() or getpass.getuser(), role or LEAST, assigned)
    except UnknownRoleError as error:
        raise CommandError(str(error), fix="give another --role", code=ExitCode.USAGE) from error
