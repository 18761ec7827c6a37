"""The second door to data: the history of checks in the operational store, read for one viewer.

Belongs here: where the store is, who looks, and that nobody is given more than his own. Does not belong here: SQL
(`claims.store.checks`), claims and their figures (`db`), drawing.

Only a role of all tenants (engineer, privacy officer) may look at counts over all of them; everyone else sees, of one
organization, what is its own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from claims.store import open_store
from claims.store.checks import CheckHistory, CheckRun, TableRun
from dashboards import db
from dashboards.viewer import viewer

_SQLITE = "sqlite:///"
_Row = TypeVar("_Row")


def may_see(tenant_id: str | None) -> bool:
    """Whether the viewer may look at the checks of a tenant, or of all (None)."""
    actor = viewer()
    return actor.role.is_of_all_tenants if tenant_id is None else actor.is_assigned(tenant_id)


def tables(tenant_id: str | None, since: datetime) -> list[TableRun]:
    """Every table of every run, the newest run first."""
    return _ask(tenant_id, lambda checks: checks.tables(tenant_id, since))


def failures(tenant_id: str | None, since: datetime, limit: int) -> list[CheckRun]:
    """The checks that failed, the newest first."""
    return _ask(tenant_id, lambda checks: checks.failures(tenant_id, since, limit))


def of_table(tenant_id: str | None, layer: str, table: str, since: datetime) -> list[CheckRun]:
    """Every check of one table in every run, the newest run first."""
    return _ask(tenant_id, lambda checks: checks.of_table(tenant_id, layer, table, since))


def _ask(tenant_id: str | None, question: Callable[[CheckHistory], list[_Row]]) -> list[_Row]:
    if not may_see(tenant_id):
        raise db.DataError("Your role may not see the checks of this organization.")
    try:
        with _checks() as checks:
            return [] if checks is None else question(checks)
    except SQLAlchemyError as error:
        raise db.DataError(f"The history of checks could not be read ({type(error).__name__}).") from error


@contextmanager
def _checks() -> Iterator[CheckHistory | None]:
    """The history; None where no store was ever made: a dashboard makes none."""
    url = db.store_url()
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
        yield None
        return
    with open_store(url) as store:
        yield store.checks
