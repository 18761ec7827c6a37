"""What the tests of the whole pipeline share: the finished home, and questions to its published copies."""

import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

sys.path.insert(0, str(Path(__file__).parent))

Ask = Callable[[Path, str], list[tuple]]


@pytest.fixture(scope="session")
def ask() -> Ask:
    """Rows of a query on a DuckDB file, opened read-only."""

    def run(path: Path, sql: str) -> list[tuple]:
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return run
