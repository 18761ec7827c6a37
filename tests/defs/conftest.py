"""The definitions, loaded once for all tests of this folder."""

from typing import Any

import dagster as dg
import pytest


@pytest.fixture(scope="session")
def defs() -> dg.Definitions:
    """The code location as Dagster loads it."""
    from orchestration.definitions import defs as load

    return load()


@pytest.fixture(scope="session")
def graph(defs: dg.Definitions) -> Any:
    """The asset graph of the code location."""
    return defs.resolve_asset_graph()
