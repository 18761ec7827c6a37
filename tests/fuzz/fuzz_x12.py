"""Atheris over the X12 reader: `python -m tests.fuzz.fuzz_x12 -max_total_time=600 -max_len=8192 -timeout=20`.

Atheris comes from PyPI and is no dependency of the suite. Arguments are libFuzzer's. Every input is read as it stands
and after mutations of a whole interchange that it chooses; each hundredth goes through `claimworks x12 read` too.

Belongs here: the driver. Does not belong here: what must hold (`promises`).
"""

import sys
import tempfile
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["claims.interchange.x12"]):
    from claims.interchange.x12 import progress, reader
    from tests.fuzz.mutations import mutate, seeds
    from tests.fuzz.promises import check_bytes

from typer.testing import CliRunner

from orchestration.commands.x12 import app

_SEEDS = seeds()
_runs = 0


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    global _runs
    _runs += 1
    # Small windows, so that small inputs are cut too.
    reader.WINDOW_BYTES, progress.MAX_SET_BYTES = (4 << 20, 64 << 20) if _runs % 3 else (500, 1500)
    if data[:1] < b"\x80":
        check_bytes(data)
    else:
        random = Random(data)
        text = mutate(random.choice(_SEEDS), random)
        check_bytes(text)
        if _runs % 100 == 0:
            _check_command(text)


def _check_command(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "in"
        path.write_bytes(data)
        result = CliRunner().invoke(app, ["read", str(path), "--json", "--out", str(Path(name) / "out")])
        if result.exit_code not in (0, 3):
            raise RuntimeError(f"exit {result.exit_code}") from result.exception


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
