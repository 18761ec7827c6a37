"""Fixtures that more than one folder of tests uses. What only one folder needs stays in its own conftest."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.examples import register

if TYPE_CHECKING:
    from orchestration.settings import Settings

register()

ROOT = Path(__file__).resolve().parent.parent

# What a test server need not do: survive a loss of power.
_NOT_DURABLE = "alter system set fsync = off; alter system set full_page_writes = off; select pg_reload_conf();"

DEMO_CLAIMS = 600
DEMO_SEED = 7

# Fixtures that take half a minute to make, with the modules that ask for them: those run in one worker of pytest-xdist,
# so that each is made once, and first, so that no worker ends with them alone.
SHARED = {
    "demo_home": (
        "tests/parity/test_parity.py",
        "tests/pipeline/test_blocking.py",
        "tests/pipeline/test_main_job.py",
        "tests/pipeline/test_reruns.py",
        "tests/pipeline/test_verify_money.py",
        "tests/security/test_provenance.py",
        "tests/security/test_trace.py",
        "tests/unit/ml/test_submission.py",
        "tests/unit/reports/test_files.py",
    ),
    "warehouse": (
        "tests/dbt/test_conventions.py",
        "tests/dbt/test_generic_tests.py",
        "tests/dbt/test_kpis.py",
        "tests/dbt/test_story.py",
    ),
}
# Folders whose modules share something that takes seconds.
TOGETHER = ("tests/dashboards/", "tests/unit/ml/")


def group(nodeid: str) -> str:
    """What must run in the same worker has the same name: a module, unless it shares more."""
    module = nodeid.partition("::")[0]
    shared = next((name for name, modules in SHARED.items() if module in modules), None)
    return shared or next((folder for folder in TOGETHER if module.startswith(folder)), module)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is shared comes first; a module that asks for it and is not named is an error, before anything runs."""
    for item in items:
        asked = [name for name in SHARED if name in getattr(item, "fixturenames", ())]
        if asked and group(item.nodeid) not in SHARED and (asked != ["warehouse"] or "tests/dbt/" in item.nodeid):
            raise pytest.UsageError(
                f"{item.nodeid} asks for {asked[0]}: name its module in SHARED of tests/conftest.py"
            )
    order = {name: place for place, name in enumerate(SHARED)}
    items.sort(key=lambda item: order.get(group(item.nodeid), len(order)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The workers get whole groups. `--dist loadgroup` would, by marks, but does not know this version of pytest."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid)

    return Groups(config, log)


@contextmanager
def _at_home(home: Path) -> "Iterator[Settings]":
    """The settings of `home` for what runs inside; the environment is as before afterwards."""
    from orchestration.settings import get_settings

    before = dict(os.environ)
    os.environ |= {"CLAIMWORKS_HOME": str(home), "CLAIMWORKS_ENV": "test"}
    get_settings.cache_clear()
    try:
        yield get_settings()
    finally:
        os.environ.clear()
        os.environ |= before
        get_settings.cache_clear()


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real files and official tables beside the checkout; tests that need it skip where it is absent."""
    path = ROOT.parent / "shared"
    if not path.is_dir():
        pytest.skip("the folder of real sample files is not beside this checkout")
    return path


@pytest.fixture(scope="session")
def at_home() -> "Callable[[Path], AbstractContextManager[Settings]]":
    """`with at_home(home) as settings:` runs commands and jobs on another home and leaves the environment alone."""
    return _at_home


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> "Settings":
    """The settings of a finished main job on about 600 simulated claims. Read only: take `demo_copy` to change it."""
    from orchestration.commands.demo import run_main_job, simulate_once
    from orchestration.lib import console

    with _at_home(tmp_path_factory.mktemp("demo")) as settings:
        simulate_once(settings, DEMO_CLAIMS, DEMO_SEED, console.stderr())
        run_main_job(settings, console.stderr())
    return settings


@pytest.fixture(scope="session")
def demo_copy(demo_home: "Settings", tmp_path_factory: pytest.TempPathFactory) -> "Callable[[], Path]":
    """A function that makes a copy of the finished home that a test may change; use it inside `at_home`."""

    def copy() -> Path:
        home = tmp_path_factory.mktemp("copy") / "home"
        shutil.copytree(demo_home.home, home)
        return home

    return copy


@pytest.fixture(scope="session")
def new_database() -> Iterator[Callable[..., str]]:
    """A function that makes a database on a real PostgreSQL of this session and returns its address.

    Its text sorts as production's does (docs/decisions/0010-postgresql.md), unless `options` say otherwise.
    """
    with warnings.catch_warnings():
        # It says that it keeps its lock file in /tmp where there is no XDG_RUNTIME_DIR.
        warnings.simplefilter("ignore")
        import pgserver

    # Not under pytest's own folders: the path of a socket has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="claimworks-pg-"))
    server = pgserver.get_server(folder, cleanup_mode="delete")
    server.psql(_NOT_DURABLE)
    made = 0

    def make(options: str = "encoding 'UTF8' locale 'C'") -> str:
        nonlocal made
        made += 1
        server.psql(f"create database test_{made} template template0 {options};")
        return str(server.get_uri(database=f"test_{made}"))

    yield make
    server.cleanup()
