"""The machine a figure was measured on, and a stop-watch for commands.

Belongs here: facts of the machine, running a command with its time and its memory. Does not belong here: which
commands, and their goals.
"""

import os
import platform
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
_LIBRARIES = ("dagster", "dbt-core", "duckdb", "pyarrow", "polars", "lightgbm", "great_expectations")
_SAMPLE_SECONDS = 0.1


def machine() -> dict[str, Any]:
    """What a reader needs to compare figures: processor, cores this process may use, memory, versions."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@dataclass(frozen=True)
class Measured:
    """A finished command: wall seconds, the peak of resident memory over it and all its descendants, its stdout."""

    seconds: float
    peak_rss_gb: float
    stdout: str


def measure(command: Sequence[str], env: Mapping[str, str] | None = None) -> Measured:
    """Run `command` in the repository's root and measure it from outside.

    Memory is the sum over the process tree, sampled ten times a second; shared pages count once per process, so the
    figure is never too low by them.

    Raises:
        RuntimeError: the command failed; the message ends with the end of its stderr.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(
        list(command),
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(process, peak), daemon=True)
    watcher.start()
    stdout, stderr = process.communicate()
    seconds = time.perf_counter() - begun
    watcher.join()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {stderr[-2000:]}")
    return Measured(seconds, peak[0] / 1e9, stdout)


def _watch(process: "subprocess.Popen[str]", peak: list[int]) -> None:
    """Keep the highest sum of resident memory of the tree in `peak[0]` until the process ends."""
    try:
        root = psutil.Process(process.pid)
    except psutil.NoSuchProcess:
        return
    while process.poll() is None:
        total = 0
        try:
            tree = [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for one in tree:
            try:
                total += one.memory_info().rss
            except psutil.Error:
                continue
        peak[0] = max(peak[0], total)
        time.sleep(_SAMPLE_SECONDS)


def figure(name: str, value: float, unit: str, goal: float | None = None) -> dict[str, Any]:
    """One measured figure; a goal is the most that it may be, None where it stands for comparison only."""
    rounded = round(value, 3)
    return {
        "name": name,
        "value": rounded,
        "unit": unit,
        "goal": goal,
        "meets": None if goal is None else rounded <= goal,
    }
