"""Who looks at the dashboards.

Belongs here: the user of this server, his role and organizations, as `CLAIMWORKS_ACTOR`, `CLAIMWORKS_ROLE` and
`CLAIMWORKS_ACTOR_TENANTS` say, the same as on the command line. Does not belong here: what a role may do
(`compliance.access`).
"""

import getpass
import os

from compliance.access import LEAST, Actor


def assigned() -> frozenset[str] | None:
    """The organizations that the viewer is assigned to; None where all that are published here."""
    return frozenset(os.environ.get("CLAIMWORKS_ACTOR_TENANTS", "").split()) or None


def viewer() -> Actor:
    """Who looks: the least role where none is set.

    Raises:
        UnknownRoleError: there is no such role.
    """
    name = os.environ.get("CLAIMWORKS_ACTOR", "").strip() or getpass.getuser()
    return Actor.of(name, os.environ.get("CLAIMWORKS_ROLE") or LEAST, assigned())
