"""Reading X12: claims and payments per second, memory, and what it costs beside floors and peers in the same run.

Belongs here: the files that are read, which readers are measured, and their goals. Does not belong here: how a command
is measured (`machine`), correctness (`tests/unit/x12`).

Peers are never dependencies: they are installed from PyPI into a virtual environment of their own under the user's
cache folder (CLAIMWORKS_BENCH_PEERS names another Python that has them), and measured in the same run, the slow ones on
smaller files. A peer that cannot be installed, or does not take a file of ours, stands in the figures with the reason.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from itertools import count as numbers
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.machine import figure, machine, measure

CLAIMS = 100_000
REPEATS = 3
SET_CLAIMS = 5_000
BIG_BYTES = 1_000_000_000

_PIN = """
import os, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(sys.argv[2])])
"""

_READ = (
    _PIN
    + """
import json, time
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
)

_SPLIT = (
    _PIN
    + """
import json, sys, time
from pathlib import Path
text = Path(sys.argv[1]).read_text()
start = time.perf_counter()
for segment in text.split("~"):
    segment.split("*")
print(json.dumps({"seconds": time.perf_counter() - start, "claims": 0}))
"""
)

_BYTES = (
    _PIN
    + """
import json, sys, time
from pathlib import Path
start = time.perf_counter()
Path(sys.argv[1]).read_bytes()
print(json.dumps({"seconds": time.perf_counter() - start, "claims": 0}))
"""
)

_OXEDI = (
    _PIN
    + """
import json, sys, time
import oxedi
start = time.perf_counter()
result = oxedi.parse_file(sys.argv[1])
print(json.dumps({"seconds": time.perf_counter() - start, "claims": 0}))
"""
)

_PYX12 = (
    _PIN
    + """
import io, json, logging, sys, time
import pyx12.params, pyx12.x12n_document
logging.disable(logging.CRITICAL)
start = time.perf_counter()
pyx12.x12n_document.x12n_document(pyx12.params.params(), sys.argv[1], io.StringIO(), None)
print(json.dumps({"seconds": time.perf_counter() - start, "claims": 0}))
"""
)

_X12SDK = (
    _PIN
    + """
import json, sys, time
from x12sdk.io import X12ModelReader
start = time.perf_counter()
with X12ModelReader(sys.argv[1]) as reader:
    for model in reader.models():
        pass
print(json.dumps({"seconds": time.perf_counter() - start, "claims": 0}))
"""
)

# Distribution, script, what it reads, how many claims, how many claims in a set.
_PEERS = (
    ("oxedi", _OXEDI, "payments", CLAIMS, SET_CLAIMS),
    ("pyx12", _PYX12, "claims", 500, 500),
    ("x12sdk", _X12SDK, "claims", 1_000, 1_000),
)


_WRITE = """
import json, sys, time
from datetime import datetime
from pathlib import Path
from claims.interchange.x12 import Address, Numbers, Source, read, write_interchange
from claims.interchange.x12.write837 import Party, write_claims
tables = read([Source.of(Path(sys.argv[1]).read_bytes())]).tables
at = datetime(2024, 1, 1)
start = time.perf_counter()
groups = write_claims(tables, at=at, submitter=Party("CLINIC", "123"), receiver=Party("PAYER", "999"))
data = write_interchange(Address("SENDER", "RECEIVER"), groups, numbers=Numbers(), at=at)
print(json.dumps({"seconds": time.perf_counter() - start, "claims": tables["claims"].num_rows}))
"""


def run(claims: int = CLAIMS) -> dict[str, Any]:
    """Measure in this run and return `{"machine": ..., "figures": [...]}`; medians of three. About ten minutes.

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
        single, double = _rate(_READ, sent, 1), _rate(_READ, sent, 2)
        remits, remits_double = _rate(_READ, paid, 1), _rate(_READ, paid, 2)
        peaks = [measure([sys.executable, "-c", _READ, str(sent), str(cores)]).peak_rss_gb * 1000 for cores in (1, 2)]
        ratio = _seconds(_READ, many, 1) / _seconds(_READ, one, 1)
        peers = list(_peers(folder))
        oxedi = next((one["value"] for one in peers if one["name"].startswith("peer oxedi") and one["value"]), None)
        figures = [
            _at_least(f"837P, {claims:,} claims of {megabytes:.0f} MB, one core", single, 45_000),
            _at_least("837P, two cores", double, 80_000),
            figure("837P, peak memory of the process, the file in it", max(peaks), "MB", 700),
            _at_least(f"835, {claims:,} claims, one core", remits, oxedi),
            _at_least("835, two cores", remits_double, oxedi),
            figure(f"{SET_CLAIMS:,} sets of one claim beside one set of {SET_CLAIMS:,}", ratio, "times", 2),
            figure(f"837P, {claims:,} claims written from their tables", _seconds(_WRITE, sent, 2), "s", 4),
            figure("floor: reading the bytes", megabytes / _seconds(_BYTES, sent, 1), "MB/s", None),
            figure(
                "floor: splitting in plain Python, nothing kept", megabytes / _seconds(_SPLIT, sent, 1), "MB/s", None
            ),
            *peers,
            *_big(folder),
        ]
    return {"machine": machine(), "figures": figures}


def _big(folder: Path) -> Iterator[dict[str, Any]]:
    """`claimworks x12` on a gigabyte: in sets, as one set, and without any terminator after the ISA. Once each."""
    path = folder / "big.837"
    out = str(folder / "tables")
    for name, write, ways in (
        (
            "in sets of 5,000 claims",
            _write_big,
            (
                ("read", ["read", str(path), "--json"]),
                ("read --out", ["read", str(path), "--out", out, "--json"]),
                ("read of stdin", ["read", "-", "--json"]),
                ("roundtrip", ["roundtrip", str(path)]),
            ),
        ),
        ("in one set", _write_one, (("read", ["read", str(path), "--json"]),)),
        ("without a terminator", _write_endless, (("read", ["read", str(path), "--json"]),)),
    ):
        write(path)
        for way, arguments in ways:
            done = measure([sys.executable, "-c", _COMMAND, str(path), *arguments])
            yield figure(f"x12 {way}, 1 GB {name}, peak memory", done.peak_rss_gb * 1000, "MB", 1000)
            yield figure(f"x12 {way}, 1 GB {name}", BIG_BYTES / 1e6 / done.seconds, "MB/s", None)
        path.unlink()


_COMMAND = """
import os, sys
if "-" in sys.argv:
    os.dup2(os.open(sys.argv[1], os.O_RDONLY), 0)
from orchestration.commands.x12 import app
try:
    app(sys.argv[2:])
except SystemExit as end:
    assert end.code in (0, 3), end.code
"""


def _write_big(path: Path) -> None:
    isa, gs, _, *body, _, _, _ = claim_file(SET_CLAIMS, SET_CLAIMS)
    text = "~".join(body) + "~"
    with path.open("w", encoding="ascii") as file:
        file.write(f"{isa}~{gs}~")
        sets = 0
        while file.tell() < BIG_BYTES:
            sets += 1
            file.write(f"ST*837*{sets:06d}*005010X222A1~{text}SE*{len(body) + 2}*{sets:06d}~")
        file.write(f"GE*{sets}*1~IEA*1*000000001~")


def _write_one(path: Path) -> None:
    """One set whose HL count on, with the claims of the same 5,000 patients again and again."""
    isa, gs, st, *body, _, _, _ = claim_file(SET_CLAIMS, SET_CLAIMS)
    head, claims = body[:10], "~".join(body[10:]) + "~"
    levels = re.compile(r"HL\*\d+\*1\*22")
    number = numbers(2)
    with path.open("w", encoding="ascii") as file:
        file.write("~".join([isa, gs, st, *head]) + "~")
        segments = len(head) + 2
        while file.tell() < BIG_BYTES:
            file.write(levels.sub(lambda _: f"HL*{next(number)}*1*22", claims))
            segments += len(body) - len(head)
        file.write(f"SE*{segments}*0001~GE*1*1~IEA*1*000000001~")


def _write_endless(path: Path) -> None:
    with path.open("wb") as file:
        file.write(_ISA.encode() + b"~")
        for _ in range(BIG_BYTES // 16_000_000):
            file.write(b"NM1*85*2*CLINIC*" * 1_000_000)


def _peers(folder: Path) -> Iterator[dict[str, Any]]:
    for name, script, what, count, per_set in _PEERS:
        make = claim_file if what == "claims" else remittance_file
        path = _write(folder / f"{name}.x12", make(count, per_set))
        label = f"peer {name}, {count:,} {what}, one core"
        try:
            rate = count / _seconds(script, path, 1, str(_peer_python(name)))
        except (RuntimeError, OSError) as error:
            reason = (str(error).strip().splitlines() or ["no reason given"])[-1]
            yield {"name": f"{label}: {reason[:200]}", "value": None, "unit": "claims/s", "goal": None, "meets": None}
        else:
            yield figure(label, rate, "claims/s", None)


def _peer_python(name: str) -> Path:
    """A Python that has the peer.

    Raises:
        RuntimeError: it cannot be installed.
        OSError: there is no place for its environment.
    """
    named = os.environ.get("CLAIMWORKS_BENCH_PEERS")
    if named:
        return Path(named)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "claimworks" / "peers" / name
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(home, with_pip=True)
    if subprocess.run([python, "-c", f"import {name}"], capture_output=True, check=False).returncode:
        done = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", name],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"not installed: {done.stderr.strip()[-150:]}")
    return python


def _at_least(name: str, value: float, goal: float | None) -> dict[str, Any]:
    return figure(name, value, "claims/s") | {"goal": goal, "meets": None if goal is None else value >= goal}


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
    """The segments of an 837P of `claims` claims of two lines (about 590 bytes each), `per_set` in a set."""
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
                "NM1*77*2*MAIN CAMPUS*****XX*1234567893", "N3*1 MAIN ST", "N4*BOSTON*MA*02118",
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
            "DTM*405*20240229", "N1*PR*BLUE SHIELD", "N3*1 PAYER ST", "N4*BOSTON*MA*02118", "REF*2U*12345",
            "PER*BL*HELP*TE*5551234567", "N1*PE*ALDER CLINIC*XX*1234567893", "LX*1",
        ]  # fmt: skip
        yield f"ST*835*{sets:04d}"
        yield from head
        yield from body
        yield f"SE*{len(head) + len(body) + 2}*{sets:04d}"
    yield from (f"GE*{sets}*1", "IEA*1*000000001")
