"""The warehouse from ten thousand claims to a million: whole builds, one more day, and what a page asks of the copy.

Belongs here: which lakes are built, what is measured, and the goals. Does not belong here: how a command is measured
(`benchmarks.machine`) and what a page asks (`dashboards/queries.py`, run in a process of its own).

Lakes of other sizes are the simulated one several times over, each time under other files, keys and numbers but with
the same payers, providers and days: simulating and reading a million claims costs twenty minutes and measures neither.
"""

import json
import math
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.machine import ROOT, Measured, figure, machine, measure

CLAIMS = 10_000
FACTORS = (1, 10, 100)
DAY_CLAIMS = 5_000
SEED = 7

_CLAIMWORKS = (sys.executable, "-m", "orchestration.cli")
_INGEST = """
from claims.lake import Lake
from claims.reference import open_reference
from claims.store import open_store
from orchestration.defs.bronze.ingest import ingest_pending
from orchestration.defs.silver.overrides import export
from orchestration.defs.silver.prices import price_stale
from orchestration.defs.silver.scrubbing import scrub_lake
from orchestration.settings import get_settings
from quality.scrub import load_rules
settings = get_settings()
with open_store(settings.store_url) as store:
    store.ledger.register(store.ledger.scan_all(settings.landing))
ingest_pending(settings, progress=lambda words: None)
price_stale(settings, progress=lambda words: None)
lake = Lake(settings.lake)
with open_store(settings.store_url) as store:
    _, said = export(lake, settings.tenants, store)
scrub_lake(
    lake, settings.tenants, load_rules(), open_reference(settings.reference), said, progress=lambda words: None
)
"""
_PUBLISH = """
import sys
from pathlib import Path
from claims.warehouse import publish
publish(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
"""
# Every monthly question of the denial and the overview pages, over all months; the slowest counts.
_ASK = """
import json, sys, time
from dashboards import db, queries
slowest = {}
for tenant in db.tenants():
    copy = db.current(tenant)
    filters = queries.Filters(queries.month_span(copy))
    asked = [queries.totals, queries.by_month, queries.by_payer, queries.denial_rate_by_month,
             queries.denial_totals, queries.denials_by_month_and_category]
    for question in asked:
        db._read.clear()
        begun = time.perf_counter()
        question(copy, filters)
        seconds = time.perf_counter() - begun
        slowest[question.__name__] = max(slowest.get(question.__name__, 0), seconds)
print(json.dumps(slowest))
"""


def run(claims: int = CLAIMS, factors: Sequence[int] = FACTORS, day_claims: int = DAY_CLAIMS) -> dict[str, Any]:
    """Measure everything in this run and return `{"machine": ..., "figures": [...]}`.

    `claims`: first submissions to simulate; `factors`: how many times over each lake holds them, ascending, the last
    one takes the day and the questions; `day_claims`: how many submissions the added day has at least. The goals are
    meant for 10,000 claims, 1, 10 and 100 times over: about fifteen minutes and 10 GB of disk.

    Raises:
        RuntimeError: one of the commands failed, a test of dbt among them.
    """
    figures: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="claimworks-bench-") as folder:
        home = Path(folder, "home")
        simulate = [*_CLAIMWORKS, "simulate", "--out", str(home), "--claims", str(claims), "--seed", str(SEED)]
        measure(simulate)
        measure([sys.executable, "-c", _INGEST], {"CLAIMWORKS_HOME": str(home)})
        sizes: list[float] = []
        seconds: list[float] = []
        for factor in factors:
            lake, warehouse = Path(folder, f"lake-{factor}"), Path(folder, f"warehouse-{factor}")
            first, end = _last_days(home / "lake", math.ceil(day_claims / factor))
            last = factor == factors[-1]
            multiply(home / "lake", lake, factor, before=first if last else None)
            parsed = parse(lake, warehouse)
            built = build(lake, warehouse)
            sizes.append(claims * factor)
            seconds.append(built.seconds)
            goal, memory = {100_000: (30, None), 1_000_000: (180, 8)}.get(claims * factor, (None, None))
            figures.append(figure(f"dbt build, {claims * factor:,} claims", built.seconds, "s", goal))
            figures.append(figure("the same, peak memory of all its processes", built.peak_rss_gb, "GB", memory))
            if last:
                multiply(home / "lake", lake, factor, before=end)
                day = build(lake, warehouse)
                figures.append(figure(f"one day of {day_claims:,} claims more", day.seconds, "s", 30))
                figures += _questions(warehouse / "claimworks.duckdb", lake, Path(folder, "serving-home"))
    figures.append(figure("parsing the project before its first build", parsed.seconds, "s"))
    figures.append(figure("exponent of the cost of a build", exponent(sizes, seconds), "", 1.1))
    return {"machine": machine(), "figures": figures}


def parse(lake: Path, folder: Path) -> Measured:
    """`dbt parse` from nothing: what a deployment does once, so that its builds find the project parsed."""
    folder.mkdir(exist_ok=True)
    return _dbt(lake, folder, "parse")


def build(lake: Path, folder: Path) -> Measured:
    """`dbt build` of everything but unit tests into `folder`, which is parsed; a second call builds on the first.

    From the start of the process to its end, so with what dbt loads and with the last write of the database file.
    """
    return _dbt(lake, folder, "build", "--exclude-resource-type", "unit_test")


def _dbt(lake: Path, folder: Path, *words: str) -> Measured:
    project = str(ROOT / "dbt_project")
    command = [
        sys.executable, "-m", "dbt.cli.main", "--quiet", *words, "--project-dir", project, "--profiles-dir", project,
        "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"),
    ]  # fmt: skip
    env = {"CLAIMWORKS_LAKE": str(lake), "CLAIMWORKS_WAREHOUSE_PATH": str(folder / "claimworks.duckdb")}
    return measure(command, {**env, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"})


def multiply(source: Path, target: Path, factor: int, before: date | None = None) -> None:
    """Write layers bronze and silver of `source` to `target`, `factor` times over, rows received `before` a day alone.

    A copy differs in its file ids, keyed tokens and control numbers, so that nothing of one matches another's.
    """
    with duckdb.connect() as connection:
        for file in [*(source / "bronze").rglob("*.parquet"), *(source / "silver").rglob("*.parquet")]:
            out = target / file.relative_to(source)
            out.parent.mkdir(parents=True, exist_ok=True)
            described = connection.execute("describe select * from read_parquet(?)", [str(file)]).fetchall()
            copied = [_copied(name, kind) for name, kind, *_ in described]
            columns = ", ".join(copied)
            # What says nothing of a file or a key, as the scrub of a day, is there once.
            times = factor if copied != [name for name, *_ in described] else 1
            where = f"where received_date < date '{before}'" if before else ""
            connection.execute(
                f"copy (select {columns} from read_parquet('{file}'), range({times}) as copies (copy) {where})"
                f" to '{out}' (format parquet, compression zstd)"
            )


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The slope of log(seconds) over log(sizes), by least squares."""
    x = [math.log(size) for size in sizes]
    y = [math.log(second) for second in seconds]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sum((a - mean_x) ** 2 for a in x)


def _copied(name: str, kind: str) -> str:
    if name == "claim_id":
        # The file's id, a hyphen, the claim's ordinal: the copy is another file.
        return "case when copy = 0 then claim_id else replace(claim_id, '-', 'x' || copy || '-') end as claim_id"
    own = name in {"file_id", "edit_id", "reference_id", "batch_reference_id"} or name.endswith(
        ("_key", "_control_number")
    )
    return (
        f"case when copy = 0 then {name} else {name} || 'x' || copy end as {name}"
        if own and kind == "VARCHAR"
        else name
    )


def _last_days(lake: Path, claims: int) -> tuple[date, date]:
    """The last received days that hold `claims` submissions together: the first of them, and the day after the last."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select received_date, count(*) from read_parquet(?) group by 1 order by 1 desc",
            [str(lake / "bronze" / "claims" / "**" / "*.parquet")],
        ).fetchall()
    found = 0
    for day, count in rows:
        found += count
        if found >= claims:
            return day, date.fromordinal(rows[0][0].toordinal() + 1)
    raise RuntimeError(f"the lake has fewer than {claims} submissions")


def _questions(warehouse: Path, lake: Path, home: Path) -> list[dict[str, Any]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tenants = [
            str(row[0]) for row in connection.execute("select distinct tenant_id from marts.fct_claims").fetchall()
        ]
    serving = home / "serving"
    serving.mkdir(parents=True)
    published = measure([sys.executable, "-c", _PUBLISH, str(warehouse), str(lake), str(serving), *tenants])
    answered = measure([sys.executable, "-c", _ASK], {"CLAIMWORKS_HOME": str(home)})
    slowest: dict[str, float] = json.loads(answered.stdout)
    return [
        figure("publishing it for all tenants", published.seconds, "s"),
        *(figure(f"a page asks {name}, slowest tenant", 1000 * s, "ms", 100) for name, s in slowest.items()),
    ]
