"""Every test of the store runs on both engines that it may stand in."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store that nobody has opened yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/deep/er/operational.db"
    new_database: Callable[..., str] = request.getfixturevalue("new_database")
    return new_database()
