"""Reading X12: claims and payments per second, memory, and what it costs beside floors and peers in the same run.

Belongs here: the files that are read, which readers are measured, and their goals. Does not belong here: how a command
is measured (`machine`), correctness (`tests/unit/x12`).

Peers are never dependencies: set CLAIMWORKS_BENCH_PEERS to a Python of another virtual environment that has `oxedi`
and `pyx12` from PyPI, and those that import there are measured, the slow one on a smaller file.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.machine import figure, machine, measure

CLAIMS = 100_000
REPEATS = 3
SET_CLAIMS = 5_000

_READ = """
import json, os, sys, time
cores = int(sys.argv[2])
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
from pathlib import Path
from claims.interchange.x12 import Source, read
source = Source.of(Path(sys.argv[1]).read_bytes())
start = time.perf_counter()
tables = read([source]).tables
seconds = time.perf_counter() - start
rows = tables["claims"].num_rows + tables["remittance_claims"].num_rows
assert tables["findings"].num_rows == 0, tables["findings"]["code"].unique()
print(json.dumps({"seconds": seconds, "claims": rows}))
"""

_SPLIT = """
import json, sys, time
from pathlib import Path
text = Path(sys.argv[1]).read_text()
start = time.perf_counter()
for segment in text.split("~"):
    segment.split("*")
print(json.dumps({"seconds": time.perf_counter() - start, "claims": 0}))
"""

_BYTES = """
import json, sys, time
from pathlib import Path
start = time.perf_counter()
Path(sys.argv[1]).read_bytes()
print(json.dumps({"seconds": time.perf_counter() - start, "claims": 0}))
"""

_OXEDI = """
import json, sys, time
import oxedi
start = time.perf_counter()
result = oxedi.parse_file(sys.argv[1])
print(json.dumps({"seconds": time.perf_counter() - start, "claims": 0}))
"""

_PYX12 = """
import io, json, logging, sys, time
import pyx12.params, pyx12.x12n_document
logging.disable(logging.CRITICAL)
start = time.perf_counter()
pyx12.x12n_document.x12n_document(pyx12.params.params(), sys.argv[1], io.StringIO(), None)
print(json.dumps({"seconds": time.perf_counter() - start, "claims": 0}))
"""

_PEERS = (("pyx12", _PYX12, "claims", 500), ("oxedi", _OXEDI, "payments", 100_000))


def run(claims: int = CLAIMS) -> dict[str, Any]:
    """Measure in this run and return `{"machine": ..., "figures": [...]}`; medians of three. About a minute.

    Raises:
        RuntimeError: a reader of ours failed, or found something wrong in a file of ours.
    """
    with tempfile.TemporaryDirectory(prefix="claimworks-bench-") as name:
        folder = Path(name)
        sent = _write(folder / "claims.837", claim_file(claims, SET_CLAIMS))
        paid = _write(folder / "payments.835", remittance_file(claims, SET_CLAIMS))
        one = _write(folder / "one.837", claim_file(SET_CLAIMS, SET_CLAIMS))
        many = _write(folder / "many.837", claim_file(SET_CLAIMS, 1))
        megabytes = sent.stat().st_size / 1e6
        single, double, remits = _rate(_READ, sent, 1), _rate(_READ, sent, 2), _rate(_READ, paid, 1)
        peak = measure([sys.executable, "-c", _READ, str(sent), "1"]).peak_rss_gb * 1000
        ratio = _seconds(_READ, many, 1) / _seconds(_READ, one, 1)
        figures = [
            _at_least(f"837P, {claims:,} claims of {megabytes:.0f} MB, one core", single, 45_000),
            _at_least("837P, two cores", double, 80_000),
            figure("837P, peak memory of the process", peak, "MB", 700),
            figure(f"835, {claims:,} claims, one core", remits, "claims/s", None),
            figure(f"{SET_CLAIMS:,} sets of one claim beside one set of {SET_CLAIMS:,}", ratio, "times", 2),
            figure("floor: reading the bytes", megabytes / _seconds(_BYTES, sent, 1), "MB/s", None),
            figure(
                "floor: splitting in plain Python, nothing kept", megabytes / _seconds(_SPLIT, sent, 1), "MB/s", None
            ),
            *_peers(folder),
        ]
    return {"machine": machine(), "figures": figures}


def _peers(folder: Path) -> Iterator[dict[str, Any]]:
    python = os.environ.get("CLAIMWORKS_BENCH_PEERS")
    for name, script, what, count in _PEERS if python else ():
        make = claim_file if what == "claims" else remittance_file
        path = _write(folder / f"{name}.x12", make(count, SET_CLAIMS))
        try:
            rate = count / _seconds(script, path, 1, str(python))
        except RuntimeError:
            continue  # not installed there, or it does not take the file
        yield figure(f"peer {name}, {count:,} {what}", rate, "claims/s", None)


def _at_least(name: str, value: float, goal: float) -> dict[str, Any]:
    return figure(name, value, "claims/s") | {"goal": goal, "meets": value >= goal}


def _rate(script: str, path: Path, cores: int) -> float:
    runs = [_once(script, path, cores, sys.executable) for _ in range(REPEATS)]
    return float(median(one["claims"] / one["seconds"] for one in runs))


def _seconds(script: str, path: Path, cores: int, python: str = sys.executable) -> float:
    return float(median(_once(script, path, cores, python)["seconds"] for _ in range(REPEATS)))


def _once(script: str, path: Path, cores: int, python: str) -> dict[str, float]:
    done = subprocess.run([python, "-c", script, str(path), str(cores)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-500:])
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def _write(path: Path, segments: Iterator[str]) -> Path:
    with path.open("w", encoding="ascii") as file:
        file.writelines(segment + "~" for segment in segments)
    return path


_ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *240101*1200*^*00501*000000001*0*P*:"


def claim_file(claims: int, per_set: int) -> Iterator[str]:
    """The segments of an 837P of `claims` claims of two lines (about 560 bytes each), `per_set` in a set."""
    yield from (_ISA, "GS*HC*SENDER*RECEIVER*20240101*1200*1*X*005010X222A1")
    sets = 0
    for start in range(0, claims, per_set):
        sets += 1
        body = [
            "BHT*0019*00*1*20240101*1200*CH", "NM1*41*2*CLINIC*****46*123", "PER*IC*BOB*TE*5551234567",
            "NM1*40*2*PAYER*****46*999", "HL*1**20*1", "PRV*BI*PXC*207Q00000X",
            "NM1*85*2*ALDER CLINIC*****XX*1234567893", "N3*1 MAIN ST", "N4*BOSTON*MA*021010000", "REF*EI*123456789",
        ]  # fmt: skip
        for place, n in enumerate(range(start, min(start + per_set, claims)), 2):
            first, second = 50 + n % 250, 20 + n % 80
            body += [
                f"HL*{place}*1*22*0", "SBR*P*18*GRP1******CI", f"NM1*IL*1*DOE{n}*JANE*M***MI*W{n:09d}",
                f"N3*{n} ELM ST", "N4*BOSTON*MA*02118", "DMG*D8*19800101*F", "NM1*PR*2*BLUE SHIELD*****PI*12345",
                f"CLM*C{n}*{first + second}.50***11:B:1*Y*A*Y*Y", "DTP*431*D8*20240101", f"REF*EA*MRN{n}",
                f"REF*D9*T{n}", "HI*ABK:E119*ABF:I10*ABF:Z794", "NM1*DN*1*HOUSE*GREGORY****XX*1234567893",
                "NM1*82*1*WELBY*MARCUS****XX*1234567893", "PRV*PE*PXC*207Q00000X",
                "NM1*77*2*MAIN CAMPUS*****XX*1234567893",
                "LX*1", f"SV1*HC:99213:25*{first}*UN*1***1:2", "DTP*472*D8*20240115", f"REF*6R*L{n}-1",
                "LX*2", f"SV1*HC:36415*{second}.5*UN*1***1", "DTP*472*D8*20240115", f"REF*6R*L{n}-2",
            ]  # fmt: skip
        yield f"ST*837*{sets:04d}*005010X222A1"
        yield from body
        yield f"SE*{len(body) + 2}*{sets:04d}"
    yield from (f"GE*{sets}*1", "IEA*1*000000001")


def remittance_file(claims: int, per_set: int) -> Iterator[str]:
    """The segments of an 835 of `claims` claims of two lines, balanced, `per_set` in a payment."""
    yield from (_ISA, "GS*HP*SENDER*RECEIVER*20240101*1200*1*X*005010X221A1")
    sets = 0
    for start in range(0, claims, per_set):
        sets += 1
        body: list[str] = []
        total = 0
        for n in range(start, min(start + per_set, claims)):
            first, second = 50 + n % 250, 20 + n % 80
            paid = first + second - 30
            total += paid
            body += [
                f"CLP*C{n}*1*{first + second}*{paid}*20*CI*ICN{n}*11*1", f"NM1*QC*1*DOE{n}*JANE*M***MI*W{n:09d}",
                "NM1*82*1*WELBY*MARCUS****XX*1234567893", "DTM*232*20240115", "DTM*233*20240115", "DTM*050*20240120",
                f"SVC*HC:99213:25*{first}*{first - 30}**1", "DTM*472*20240115", "CAS*CO*45*10", "CAS*PR*2*20",
                f"REF*6R*L{n}-1", f"AMT*B6*{first - 10}", "LQ*HE*N130",
                f"SVC*HC:36415*{second}*{second}**1", "DTM*472*20240115", f"REF*6R*L{n}-2", f"AMT*B6*{second}",
            ]  # fmt: skip
        head = [
            f"BPR*I*{total}*C*ACH*CCP*01*1*DA*2*1512345678**01*3*DA*4*20240301", f"TRN*1*EFT{sets}*1512345678",
            "DTM*405*20240229", "N1*PR*BLUE SHIELD", "REF*2U*12345", "N1*PE*ALDER CLINIC*XX*1234567893", "LX*1",
        ]  # fmt: skip
        yield f"ST*835*{sets:04d}"
        yield from head
        yield from body
        yield f"SE*{len(head) + len(body) + 2}*{sets:04d}"
    yield from (f"GE*{sets}*1", "IEA*1*000000001")
