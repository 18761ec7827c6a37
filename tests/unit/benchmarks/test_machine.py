"""The stop-watch measures what it says: wall time, memory of descendants too, and a failure is a failure."""

import sys

import pytest

from benchmarks.machine import ROOT, figure, machine, measure
from orchestration.commands.bench import BENCHMARKS

_HOLD = "x = bytearray(150_000_000); import time; time.sleep(0.4)"


def test_memory_of_descendants_counts() -> None:
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_HOLD!r}], check=True)"
    found = measure([sys.executable, "-c", nested])
    assert found.seconds >= 0.4
    assert 0.15 < found.peak_rss_gb < 0.5


def test_a_failed_command_is_no_figure() -> None:
    with pytest.raises(RuntimeError, match="nonsense"):
        measure([sys.executable, "-c", "raise SystemExit('nonsense')"])


def test_a_goal_is_the_most_a_figure_may_be() -> None:
    assert figure("f", 0.5, "s", 0.5)["meets"] is True
    assert figure("f", 0.51, "s", 0.5)["meets"] is False
    assert figure("f", 1.0, "s") == {"name": "f", "value": 1.0, "unit": "s", "goal": None, "meets": None}


def test_the_machine_is_named() -> None:
    assert {"processor", "cores", "memory_gb", "python", "libraries"} <= set(machine())


def test_every_benchmark_is_one_of_the_command() -> None:
    measuring = [path.stem for path in (ROOT / "benchmarks").glob("*.py") if "\ndef run(" in path.read_text()]
    assert sorted(measuring) == sorted(BENCHMARKS)
