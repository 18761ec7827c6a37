"""Fixtures that more than one folder of tests uses. What only one folder needs stays in its own conftest."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

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

# What takes seconds to make and is only looked at: modules that ask for it run in one worker, so that it is made once.
SHARED = ("demo_home", "warehouse", "model", "published_home")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Say which modules run in the same worker of pytest-xdist, the longest first: no worker ends with one alone.

    A wrapper, because pytest-xdist reads the groups in its own hook, which comes before any that is none.
    """
    modules: dict[str, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.nodeid.partition("::")[0], []).append(item)
    groups: dict[str, list[pytest.Item]] = {}
    for module, own in modules.items():
        asked = {name for item in own for name in getattr(item, "fixturenames", ())}
        group = next((name for name in SHARED if name in asked), module)
        groups.setdefault(group, []).extend(own)
    slow = [name for name, own in groups.items() if any(item.get_closest_marker("slow") for item in own)]
    order = sorted(groups, key=lambda name: (name not in SHARED, name not in slow))
    items[:] = [item for name in order for item in groups[name]]
    for name in order:
        for item in groups[name]:
            item.add_marker(pytest.mark.xdist_group(name))
    return (yield)


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
