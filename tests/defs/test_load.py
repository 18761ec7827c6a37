"""The code location and the command line start quickly: nobody waits for a library that a step may never use."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

LOAD = "from orchestration.definitions import defs; defs().get_repository_def()"


def cpu_seconds(arguments: list[str], root: Path) -> float:
    """CPU of a fresh process, which a busy machine does not lengthen as it does the clock."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], cwd=root, check=True, capture_output=True, env=os.environ | {})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize(
    ("arguments", "most"),
    [(["-W", "ignore", "-c", LOAD], 4.0), (["-m", "orchestration.cli", "--help"], 0.5)],
    ids=["code location", "help"],
)
def test_loads_within(arguments: list[str], most: float, root: Path, defs: object) -> None:
    # `defs` has prepared the dbt manifest: parsing is set-up, not loading.
    assert min(cpu_seconds(arguments, root) for _ in range(3)) <= most
