"""Scrubbing, pricing and preparing claims: seconds, claims per second and memory, beside the goals.

Belongs here: the claims that are measured, which figures, their goals. Does not belong here: how a command is measured
(`machine`), correctness (`tests/unit/scrub`, `tests/unit/pricing`).

The official tables are those that `claimworks reference load` has put into CLAIMWORKS_HOME; without them the bundled
default of about 300 codes is measured, and the figures say so. The model is that of CLAIMWORKS_HOME; without one a
small network is simulated and one is trained on it, outside of what is measured.
"""

import json
import math
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.machine import figure, machine, measure

CLAIMS = 100_000
PER_FILE = 2_500
REPEATS = 3
GROWTH = (10_000, 100_000, 1_000_000)
DEMO_CLAIMS = 1_500

_KERNELS = """
import json, sys, time
from pathlib import Path
from claims.interchange import x12
from claims.pricing import Pricer, lines_of
from claims.reference import open_reference
from quality.scrub import Scrubber, load_rules

def timed(call, times):
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        found.append(time.perf_counter() - begun)
    return sorted(found)

begun = time.perf_counter()
root = Path(sys.argv[2]) if sys.argv[2] else None
reference = open_reference(root)
book = load_rules()
scrubber, pricer = Scrubber(book, reference=reference), Pricer(reference)
ready = time.perf_counter() - begun
sources = [x12.Source.at(path) for path in sorted(Path(sys.argv[1]).iterdir())]
tables = x12.read(sources, details=True).tables
lines = lines_of(tables)
scrubs = timed(lambda: scrubber.run(tables), int(sys.argv[3]))
prices = timed(lambda: pricer.price(lines), int(sys.argv[3]))
edits = scrubber.run(tables)

singles = []
for path in sorted(Path(sys.argv[4]).iterdir()):
    singles.append(x12.read([x12.Source.at(path)], details=True).tables)
for one in singles[:50]:
    scrubber.run(one), pricer.price(lines_of(one))
def single(one):
    scrubber.run(one)
    pricer.price(lines_of(one))
each = sorted(second for one in singles for second in timed(lambda: single(one), 1))
print(json.dumps({
    "ready": ready, "rules": len(book.rules), "pairs": reference.table("ncci_pairs").num_rows,
    "claims": tables["claims"].num_rows, "lines": lines.num_rows, "edits": edits.num_rows,
    "left_out": len(scrubber.left_out(tables)),
    "rowwise_unsupported": len(scrubber.rowwise(singles[0]).unsupported),
    "scrubs": scrubs, "prices": prices,
    "p50": each[len(each) // 2], "p99": each[int(len(each) * 0.99)], "singles": len(each),
}))
"""


def run(claims: int = CLAIMS, growth: tuple[int, ...] = GROWTH) -> dict[str, Any]:
    """Measure in this run and return `{"machine": ..., "figures": [...]}`. Several minutes.

    Raises:
        RuntimeError: a command failed.
    """
    home = Path(os.environ.get("CLAIMWORKS_HOME") or ".claimworks").resolve()
    with tempfile.TemporaryDirectory(prefix="claimworks-bench-") as name:
        folder = Path(name)
        figures = [*_kernels(folder, home / "reference", claims), *_job(folder, home, claims, growth)]
    return {"machine": machine(), "figures": figures}


def _kernels(folder: Path, reference: Path, claims: int) -> Iterator[dict[str, Any]]:
    sent, ones = folder / "sent", folder / "ones"
    write_files(sent, claims, PER_FILE)
    write_files(ones, 1_000, 1)
    root = str(reference) if reference.is_dir() else ""
    done = measure([sys.executable, "-c", _KERNELS, str(sent), root, str(REPEATS), str(ones)])
    said = json.loads(done.stdout.splitlines()[-1])
    what = f"{said['claims']:,} claims, {said['lines']:,} lines"
    yield figure(
        f"scrub: {what}, {said['rules']} rules, {said['pairs']:,} NCCI pairs", median(said["scrubs"]), "s", 2.0
    )
    yield figure(f"price: {what}", median(said["prices"]), "s", 1.0)
    yield figure(f"one claim, scrub and price, warm, median of {said['singles']}", said["p50"] * 1000, "ms", None)
    yield figure("one claim, scrub and price, warm, 99th percentile", said["p99"] * 1000, "ms", 20)
    yield figure("rules that one claim asks the engine for", said["rowwise_unsupported"], "rules", 0)
    yield figure("kernels made ready (rules, tables, prices)", said["ready"], "s", None)
    yield figure("kernels, peak memory of the process", done.peak_rss_gb * 1000, "MB", None)


def _job(folder: Path, home: Path, claims: int, growth: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    bench_home = _home(folder, home)
    seconds: dict[int, float] = {}
    for count in sorted({claims, *growth}):
        sent = folder / f"sent-{count}"
        write_files(sent, count, PER_FILE)
        runs = [_prepare(folder, bench_home, sent) for _ in range(REPEATS if count <= claims else 1)]
        runs.sort(key=lambda one: float(one["seconds"]))
        chosen = runs[len(runs) // 2]
        seconds[count] = chosen["seconds"]
        if count == claims:
            yield figure(f"files to Parquet: {count:,} claims", chosen["seconds"], "s", 5)
            yield _at_least("files to Parquet", count / chosen["seconds"], 20_000)
            yield figure("files to Parquet, peak memory of the process", chosen["peak"], "MB", 2_000)
            yield figure("files to Parquet: made ready before", chosen["ready_seconds"], "s", None)
            for stage, spent in chosen["stages"].items():
                yield figure(f"files to Parquet: {stage}, summed over two batches at once", spent, "s", None)
        else:
            yield figure(f"files to Parquet: {count:,} claims", chosen["seconds"], "s", None)
            yield figure(f"files to Parquet: {count:,} claims, peak memory", chosen["peak"], "MB", None)
        shutil.rmtree(sent)
    least, most = min(seconds), max(seconds)
    if most > least:
        exponent = math.log(seconds[most] / seconds[least]) / math.log(most / least)
        yield figure(f"growth from {least:,} to {most:,} claims, exponent", exponent, "", 1.05)


def _prepare(folder: Path, home: Path, sent: Path) -> dict[str, Any]:
    out = folder / "ready"
    shutil.rmtree(out, ignore_errors=True)
    shutil.rmtree(home / "vault", ignore_errors=True)
    command = ["prepare", str(sent), "--tenant", "alder", "--out", str(out), "--json"]
    done = measure([sys.executable, "-m", "orchestration.cli", *command], {"CLAIMWORKS_HOME": str(home)})
    said: dict[str, Any] = json.loads(done.stdout)
    return said | {"peak": done.peak_rss_gb * 1000}


def _home(folder: Path, home: Path) -> Path:
    """A home with the reference tables and the model of `home`, or a model of a small network, and nothing else."""
    made = folder / "home"
    if (home / "mlflow").is_dir():
        made.mkdir()
        shutil.copytree(home / "mlflow", made / "mlflow")
    else:
        demo = [sys.executable, "-m", "orchestration.cli", "demo", "--claims", str(DEMO_CLAIMS)]
        measure(demo, {"CLAIMWORKS_HOME": str(made)})
        shutil.rmtree(made / "contracts", ignore_errors=True)
    if (home / "reference").is_dir():
        shutil.rmtree(made / "reference", ignore_errors=True)
        (made / "reference").symlink_to(home / "reference", target_is_directory=True)
    return made


def _at_least(name: str, value: float, goal: float) -> dict[str, Any]:
    return figure(name, value, "claims/s") | {"goal": goal, "meets": value >= goal}


# Code numbers with a charge in dollars: visits, laboratory, imaging, medicine, surgery, therapy, drugs.
_VISITS = {"99212": 90, "99213": 130, "99214": 190, "99215": 260, "99203": 170, "99204": 250, "99396": 210}
_SERVICES = {
    "36415": 12, "80053": 40, "85025": 30, "83036": 35, "80061": 45, "84443": 60, "81001": 15, "87086": 30,
    "71046": 110, "73030": 95, "77067": 320, "70450": 480, "76700": 350, "93000": 60, "93306": 900, "94010": 100,
    "96372": 45, "20610": 180, "17000": 130, "11102": 190, "10060": 220, "69210": 95, "45378": 1200, "43239": 1100,
    "97110": 60, "97140": 55, "97530": 65, "90471": 40, "90686": 35, "J3420": 20, "J1100": 15, "36591": 40,
}  # fmt: skip
_DIAGNOSES = (
    "E119", "I10", "Z794", "E785", "M545", "J449", "F329", "K219", "N183", "R079", "J069", "Z0000", "M25511", "E039",
    "I2510", "G4733", "R0602", "L570", "Z1231", "R1013",
)  # fmt: skip
_PAYERS = (("MB", "MEDICARE", "04412"), ("CI", "BLUE SHIELD", "12345"), ("HM", "VALLEY HEALTH", "33100"),
           ("MC", "STATE MEDICAID", "77034"), ("MB", "MEDICARE", "04412"))  # fmt: skip
_LAST = ("DOE", "GARCIA", "NGUYEN", "SMITH", "OKAFOR", "ROSSI", "KIM", "JOHNSON", "HADDAD", "LARSEN")
_FIRST = ("JANE", "OMAR", "LUCIA", "PETER", "AMINA", "WEI", "SARA", "TOMAS", "GRACE", "IVAN")
_HEAD = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *240801*1200*^*00501*{:09d}*0*P*:"


def write_files(folder: Path, claims: int, per_file: int) -> None:
    """837 files of `per_file` claims with two or three lines each (2.5 on average), the same for the same arguments.

    Nine in ten are professional, one in ten from an outpatient hospital; two in five are Medicare's; patients, ids and
    charges differ from claim to claim, codes come from some 60.
    """
    folder.mkdir(parents=True)
    chance = random.Random(11)
    providers = [_npi(chance) for _ in range(120)]
    for number, start in enumerate(range(0, claims, per_file), start=1):
        count = min(per_file, claims - start)
        kind = number % 10 == 0 and per_file > 1
        text = "~\n".join(_segments(chance, number, start, count, providers, is_hospital=kind))
        (folder / f"{number:06d}.837").write_text(text + "~\n", encoding="ascii")


def _segments(
    chance: random.Random, number: int, start: int, count: int, providers: list[str], *, is_hospital: bool
) -> Iterator[str]:
    guide = "005010X223A2" if is_hospital else "005010X222A1"
    body = [
        f"BHT*0019*00*{number}*20250602*1200*CH", "NM1*41*2*CLINIC*****46*123", "PER*IC*BOB*TE*5551234567",
        "NM1*40*2*PAYER*****46*999", "HL*1**20*1", "PRV*BI*PXC*282N00000X" if is_hospital else "PRV*BI*PXC*207Q00000X",
        f"NM1*85*2*ALDER CLINIC*****XX*{providers[number % 40]}", "N3*1 MAIN ST", "N4*BOSTON*MA*021010001",
        "REF*EI*123456789",
    ]  # fmt: skip
    for place in range(count):
        body += _claim(chance, start + place, place + 2, providers, is_hospital=is_hospital)
    yield _HEAD.format(number)
    yield f"GS*HC*SENDER*RECEIVER*20250602*1200*{number}*X*{guide}"
    yield f"ST*837*0001*{guide}"
    yield from body
    yield f"SE*{len(body) + 2}*0001"
    yield f"GE*1*{number}"
    yield f"IEA*1*{number:09d}"


def _claim(chance: random.Random, n: int, level: int, providers: list[str], *, is_hospital: bool) -> list[str]:
    filing, payer, payer_id = _PAYERS[chance.randrange(5)]
    day = date(2024, 7, 1) + timedelta(days=chance.randrange(300))
    service = f"{day:%Y%m%d}"
    born = f"{1935 + chance.randrange(70)}{1 + chance.randrange(12):02d}{1 + chance.randrange(28):02d}"
    sex = "FM"[chance.randrange(2)]
    visit = chance.choice(list(_VISITS))
    codes = [visit, *chance.sample(list(_SERVICES), 1 + n % 2)]
    charges = [(_VISITS.get(code) or _SERVICES[code]) + chance.randrange(9) for code in codes]
    diagnoses = chance.sample(_DIAGNOSES, 1 + chance.randrange(4))
    member = f"1EG4TE5MK{n % 90 + 10}" if filing == "MB" else f"W{n:09d}"
    last, first = chance.choice(_LAST), chance.choice(_FIRST)
    claim = "13:A:1**A*Y*Y" if is_hospital else "11:B:1*Y*A*Y*Y"
    out = [
        f"HL*{level}*1*22*0", f"SBR*P*18*GRP{n % 500}******{filing}",
        f"NM1*IL*1*{last}*{first}****MI*{member}", f"N3*{n} ELM ST", "N4*BOSTON*MA*02118", f"DMG*D8*{born}*{sex}",
        f"NM1*PR*2*{payer}*****PI*{payer_id}", f"CLM*C{n}*{sum(charges)}***{claim}",
    ]  # fmt: skip
    if is_hospital:
        out += [f"DTP*434*RD8*{service}-{service}", "CL1*3*1*01"]
    out += [f"REF*D9*T{n}"]
    kinds = ("ABK", *("ABF",) * 3)
    if is_hospital:
        out += [f"HI*ABK:{diagnoses[0]}"]
        out += ["HI*" + "*".join(f"ABF:{code}" for code in diagnoses[1:])] if diagnoses[1:] else []
        out += [f"NM1*71*1*WELBY*MARCUS****XX*{chance.choice(providers)}"]
    else:
        out += ["HI*" + "*".join(f"{kind}:{code}" for kind, code in zip(kinds, diagnoses, strict=False))]
        out += [f"NM1*82*1*WELBY*MARCUS****XX*{chance.choice(providers)}", "PRV*PE*PXC*207Q00000X"]
    for line, (code, charge) in enumerate(zip(codes, charges, strict=True), start=1):
        modifier = ":25" if line == 1 and len(codes) > 2 else ":59" if chance.randrange(12) == 0 else ""
        units = 2 if chance.randrange(15) == 0 else 1
        out += [f"LX*{line}"]
        if is_hospital:
            out += [f"SV2*0510*HC:{code}{modifier}*{charge}*UN*{units}"]
        else:
            pointer = 1 + chance.randrange(len(diagnoses))
            out += [f"SV1*HC:{code}{modifier}*{charge}*UN*{units}***{pointer}"]
        out += [f"DTP*472*D8*{service}", f"REF*6R*L{n}-{line}"]
    return out


def _npi(chance: random.Random) -> str:
    """A number of nine digits that begins with 1, with its check digit (80840 before it)."""
    digits = [1, *(chance.randrange(10) for _ in range(8))]
    total = 24 + sum(sum(divmod(2 * digit, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits))
    return "".join(map(str, digits)) + str(-total % 10)
