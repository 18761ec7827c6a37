"""The main job on 20,000 claims in a fresh home, and what a person waits for around it.

Belongs here: which commands are measured, and their goals (docs/architecture.md, section 6). Does not belong here: how.
"""

import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.machine import figure, machine, measure

CLAIMS = 20_000
SEED = 7
REPEATS = 3

_CLAIMWORKS = (sys.executable, "-m", "orchestration.cli")
_LOAD = "from orchestration.definitions import defs; (defs() if callable(defs) else defs).get_repository_def()"


def run(claims: int = CLAIMS) -> dict[str, Any]:
    """Measure everything in this run and return `{"machine": ..., "figures": [...]}`.

    `claims`: first submissions to simulate; the goals are meant for 20,000. Takes about four minutes on two cores.

    Raises:
        RuntimeError: one of the commands failed.
    """
    small = [str(claims), "--seed", str(SEED)]
    with tempfile.TemporaryDirectory(prefix="claimworks-bench-") as folder:
        home = {"CLAIMWORKS_HOME": str(Path(folder, "home"))}
        simulate = measure([*_CLAIMWORKS, "simulate", "--out", str(Path(folder, "files")), "--claims", *small])
        first = measure([*_CLAIMWORKS, "demo", "--claims", *small], home)
        second = measure([*_CLAIMWORKS, "demo", "--claims", *small], home)
        load = [measure([sys.executable, "-c", _LOAD], home).seconds for _ in range(REPEATS)]
        help_ = [measure([*_CLAIMWORKS, "--help"], home).seconds for _ in range(REPEATS)]
    return {
        "machine": machine(),
        "figures": [
            figure(f"main job, {claims:,} claims, fresh home", first.seconds, "s", 120),
            figure("main job, peak memory of all its processes", first.peak_rss_gb, "GB", 3),
            figure("main job, second run, nothing changed", second.seconds, "s", 15),
            figure(f"simulate, {claims:,} claims over 24 months", simulate.seconds, "s", 20),
            figure("code location load, process start included", median(load), "s", 4),
            figure("claimworks --help", median(help_), "s", 0.5),
        ],
    }
