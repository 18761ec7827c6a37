"""Scrubbing the lake: the received days whose claims, rules or reference tables changed → edits and the day's record.

Belongs here: which days are scrubbed again, with which earlier claims, and where in a file an edit stands. Does not
belong here: rules and the kernel (`quality.scrub`), Dagster (`assets`), what users say of edits (`overrides`).

A rule of scope history looks at the patient's earlier claims, of whatever day. So the digest of a day covers these as
well, and a late file makes the later days of its patients be scrubbed again, no others: what is in the lake afterwards
does not depend on the order in which files came.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from claims import schema as contract
from claims.lake import Lake, LakeSchemaError
from claims.reference import Reference
from quality.scrub import Rulebook, Scrubber, views
from quality.scrub.digests import book_digest, reference_digest, rule_digests

EDITS, SCRUBS = "claim_edits", "claim_scrubs"
LAYER = "silver"
# What the kernel can read of bronze: all rows of a claim, and its transaction set.
SETS = "transactions"
OF_CLAIMS = tuple(name for name in views.TABLES if name != SETS and contract.BY_NAME[name].in_lake)
# The row of a part of a claim: reader's table and the column that numbers it.
_PARTS = {
    "code": ("claim_codes", "code_ordinal"),
    "payer": ("claim_other_payers", "other_payer_ordinal"),
    "adjustment": ("claim_adjustments", "adjustment_ordinal"),
}

_NO_EDITS = {"edit_count": 0, "edits_digest": "none"}

# (tenant, received day) -> digest of what users said of its edits.
Said = Mapping[tuple[str, date], str]


@dataclass
class ScrubReport:
    """What one scrub of the lake did: counts only."""

    claims: int = 0
    edits: int = 0
    partitions: list[tuple[str, date]] = field(default_factory=list)
    unchanged: int = 0
    month_files_written: int = 0
    left_out: dict[str, str] = field(default_factory=dict)


def scrub_lake(
    lake: Lake,
    tenants: Sequence[str],
    book: Rulebook,
    reference: Reference,
    said: Said,
    *,
    progress: Callable[[str], None],
) -> ScrubReport:
    """Bring `silver/claim_edits` and `silver/claim_scrubs` to what bronze, the rules and the reference tables say.

    Each call reads all claims of a tenant once, to know which days changed: that grows with what the lake holds. The
    scrub itself goes over the days that did change and the earlier claims of their patients.

    Raises:
        FileNotFoundError: nothing was ingested yet.
    """
    report = ScrubReport()
    _ensure(lake)
    scrubbers: dict[str, Scrubber] = {}
    for tenant in tenants:
        digest = book_digest(book, tenant)

        def scrubber(tenant: str = tenant, digest: str = digest) -> Scrubber:
            # Tenants for whom the same rules hold share what was compiled of them: half a second each.
            if digest not in scrubbers:
                scrubbers[digest] = Scrubber(book, reference=reference, tenant=tenant)
            return scrubbers[digest]

        _scrub_tenant(lake, tenant, book, digest, reference, said, scrubber, report, progress)
    return report


def _ensure(lake: Lake) -> None:
    """Both tables in today's schema; where one has another, both are made anew, from bronze."""
    try:
        for name in (EDITS, SCRUBS):
            lake.ensure(LAYER, name, contract.lake(name))
    except LakeSchemaError:
        for name in (EDITS, SCRUBS):
            lake.remove(LAYER, name)
            lake.ensure(LAYER, name, contract.lake(name))


def _scrub_tenant(
    lake: Lake,
    tenant: str,
    book: Rulebook,
    rules_digest: str,
    reference: Reference,
    said: Said,
    make_scrubber: Callable[[], Scrubber],
    report: ScrubReport,
    progress: Callable[[str], None],
) -> None:
    known = {row["received_date"]: row for row in lake.read(LAYER, SCRUBS, tenant_id=tenant).to_pylist()}
    versions = {"rules_digest": rules_digest, "reference_digest": reference_digest(reference)}
    with duckdb.connect() as engine:
        for name in (*OF_CLAIMS, SETS):
            engine.register(name, lake.read("bronze", name, tenant_id=tenant))
        digests = _digests(engine)
        wanted = {day: {"claims_digest": digest, **versions} for day, digest in digests.items()}
        changed = {
            day for day, row in wanted.items() if day not in known or any(known[day][k] != v for k, v in row.items())
        }
        gone = known.keys() - wanted.keys()
        report.unchanged += len(wanted) - len(changed)
        found = contract.lake(EDITS).empty_table()
        counts: dict[date, int] = {}
        if changed:
            progress(f"{tenant}: scrubbing {len(changed):,} of {len(wanted):,} days")
            scrubber = make_scrubber()
            found, counts = _scrub(engine, scrubber, tenant, changed, rule_digests(book, tenant))
            tables = {name: contract.lake(name).empty_table() for name in (*OF_CLAIMS, SETS)}
            report.left_out |= scrubber.left_out(tables, tables)
    if changed or gone:
        written = lake.write(LAYER, EDITS, found, [(tenant, day) for day in (*changed, *gone)])
        report.month_files_written += written.written
    fresh = _edit_digests(found)
    rows = []
    for day, row in sorted(wanted.items()):
        own = known[day] if day not in changed else {"claim_count": counts[day]} | fresh.get(day, _NO_EDITS)
        kept = {name: own[name] for name in ("claim_count", "edit_count", "edits_digest")}
        named = {"tenant_id": tenant, "received_date": day, "overrides_digest": said.get((tenant, day))}
        rows.append(named | kept | row)
    if rows != list(known.values()):
        scrubs = pa.Table.from_pylist(rows, schema=contract.lake(SCRUBS))
        lake.write(LAYER, SCRUBS, scrubs, [(tenant, day) for day in (*wanted, *gone)])
    report.claims += sum(counts.values())
    report.edits += found.num_rows
    report.partitions += sorted((tenant, day) for day in (*changed, *gone))


def _digests(engine: duckdb.DuckDBPyConnection) -> dict[date, str]:
    """A digest of each received day that has claims: its claims, and the earlier ones of their patients."""
    parts = []
    for name in OF_CLAIMS:
        columns = ", ".join(f'"{column}"' for column in engine.table(name).columns)
        parts.append(
            f"select file_id, claim_ordinal, hash({columns})::hugeint as one, hash(1, {columns})::hugeint as two"
            f" from {name}"
        )
    engine.execute(
        f"""
        create table digested as
        select
            claims.received_date, claims.patient_key, claims.file_id, claims.claim_ordinal,
            any_value(hash(sets.created_date, sets.created_time))::hugeint + sum(parts.one) as one,
            sum(parts.two) as two
        from claims
        inner join ({" union all ".join(parts)}) as parts using (file_id, claim_ordinal)
        left join transactions as sets
            on claims.file_id = sets.file_id and claims.transaction_ordinal = sets.transaction_ordinal
        group by all
        """
    )
    engine.execute(
        """
        create table earlier as
        select distinct later.received_date as needed_date, claims.file_id, claims.claim_ordinal, claims.one, claims.two
        from (select distinct received_date, patient_key from digested) as later
        inner join digested as claims
            on later.patient_key = claims.patient_key and claims.received_date < later.received_date
        """
    )
    rows = engine.execute(
        """
        select own.received_date, own.digest || coalesce('/' || past.digest, '')
        from (
            select received_date, sum(one)::varchar || '/' || sum(two)::varchar as digest
            from digested group by received_date
        ) as own
        left join (
            select needed_date, sum(one)::varchar || '/' || sum(two)::varchar as digest
            from earlier group by needed_date
        ) as past on own.received_date = past.needed_date
        """
    ).fetchall()
    return {day: hashlib.sha256(text.encode()).hexdigest()[:32] for day, text in rows}


def _scrub(
    engine: duckdb.DuckDBPyConnection,
    scrubber: Scrubber,
    tenant: str,
    days: set[date],
    versions: Mapping[str, str],
) -> tuple[pa.Table, dict[date, int]]:
    """The edits of the claims of some days as `silver/claim_edits`, and how many claims each day has."""
    engine.register("days", pa.table({"received_date": pa.array(sorted(days), contract.DATE)}))
    # Earlier claims of the same patients stand before the others: a history rule looks at what stands before.
    engine.execute(
        """
        create table chosen as
        select file_id, claim_ordinal from claims where received_date in (select received_date from days)
        union
        select file_id, claim_ordinal from earlier where needed_date in (select received_date from days)
        """
    )
    tables = {
        name: engine.sql(f"select * from {name} semi join chosen using (file_id, claim_ordinal)").to_arrow_table()
        for name in OF_CLAIMS
        if name != "claims"
    }
    tables[SETS] = engine.sql("select * from transactions semi join chosen using (file_id)").to_arrow_table()
    tables["claims"] = engine.sql(
        """
        select claims.*
        from claims
        semi join chosen using (file_id, claim_ordinal)
        left join transactions as sets
            on claims.file_id = sets.file_id and claims.transaction_ordinal = sets.transaction_ordinal
        order by claims.received_date, sets.created_date, sets.created_time, claims.file_id, claims.claim_ordinal
        """
    ).to_arrow_table()
    # Without a history of its own: earlier claims stand in the same tables.
    found = scrubber.run(tables, {name: table.slice(0, 0) for name, table in tables.items()})
    engine.register("found", found)
    engine.register("versions", pa.table({"rule_id": list(versions), "rule_digest": list(versions.values())}))
    joins = "\n".join(
        f"left join {table} as at_{part} on found.part = '{part}' and found.file_id = at_{part}.file_id"
        f" and found.claim_ordinal = at_{part}.claim_ordinal and found.part_ordinal = at_{part}.{ordinal}"
        for part, (table, ordinal) in _PARTS.items()
    )
    places = ", ".join((*(f"at_{part}.{{0}}" for part in _PARTS), "at_line.{0}", "claims.{0}"))
    columns = {
        "edit_id": "found.claim_id || ':' || found.rule_id::varchar || ':' || coalesce(found.line_number, 0) || ':'"
        " || coalesce(found.part_ordinal, 0)",
        "transaction_ordinal": "claims.transaction_ordinal",
        "segment_ordinal": f"coalesce({places.format('segment_ordinal')})",
        "byte_offset": f"coalesce({places.format('byte_offset')})",
        "rule_digest": "versions.rule_digest",
        "rule_layer": "found.layer",
        "prevented_reason_code": "found.carc",
        "tenant_id": f"'{tenant}'",
        "received_date": "claims.received_date",
    }
    selected = ", ".join(f"{columns.get(name, f'found.{name}')} as {name}" for name in contract.lake(EDITS).names)
    edits = engine.sql(
        f"""
        select {selected}
        from found
        inner join claims on found.file_id = claims.file_id and found.claim_ordinal = claims.claim_ordinal
        inner join days on claims.received_date = days.received_date
        inner join versions on found.rule_id::varchar = versions.rule_id
        left join claim_lines as at_line
            on found.file_id = at_line.file_id and found.claim_ordinal = at_line.claim_ordinal
            and found.line_number = at_line.line_number
        {joins}
        """
    ).to_arrow_table()
    counted = engine.execute(
        "select received_date, count(*) from claims semi join days using (received_date) group by received_date"
    ).fetchall()
    return edits.cast(contract.lake(EDITS)), {day: int(count) for day, count in counted}


def _edit_digests(edits: pa.Table) -> dict[date, dict[str, Any]]:
    """`edit_count` and `edits_digest` of each day that has edits."""
    with duckdb.connect() as engine:
        engine.register("edits", edits)
        columns = ", ".join(edits.column_names)
        rows = engine.execute(
            f"""
            select
                received_date, count(*),
                sum(hash({columns})::hugeint)::varchar, sum(hash(1, {columns})::hugeint)::varchar
            from edits group by received_date
            """
        ).fetchall()
    return {
        day: {"edit_count": int(count), "edits_digest": hashlib.sha256(f"{one}/{two}".encode()).hexdigest()[:32]}
        for day, count, one, two in rows
    }
