"""Days on which rows and releases hold: at most one row of a key on a day.

Belongs here: the one rule of resolution, over Arrow tables. Does not belong here: where dates come from.

A row of a key ends the day before the next row of that key begins: an edit that was deleted and re-instated keeps both
windows, two rows that overlap are cut where the later one begins, and of two that begin on the same day the last line
of the file holds. Releases follow each other in the same way.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from claims.reference.schema import Following

ALWAYS = date(1900, 1, 1)


def resolve(table: pa.Table, key: Sequence[str], order: str) -> tuple[pa.Table, pa.Table]:
    """Rows with windows cut so that at most one row of a key holds on a day, and the rows that hold on no day.

    `table` has `effective_from` (never null) and `effective_to` (null = open); of rows that begin on the same day the
    one with the highest `order` holds. The second table has the same columns. Cost: one sort of the keys.
    """
    names = ", ".join(f'"{name}"' for name in table.column_names if name != "effective_to")
    keys = ", ".join(f'"{name}"' for name in key)
    with duckdb.connect() as connection:
        connection.register("rows_", table)
        windows = (
            f'select *, lead(effective_from) over (partition by {keys} order by effective_from, "{order}") as next_'
            " from rows_"
        )
        end = "date '9999-12-31'"
        last = f"least(coalesce(effective_to, {end}), coalesce(next_ - 1, {end}))::date"
        cut = f"select {names}, {last} as last_ from ({windows})"
        resolved = connection.sql(
            f"select {names}, case when last_ = date '9999-12-31' then null else last_ end as effective_to,"
            f' last_ >= effective_from as holds_ from ({cut}) order by {keys}, effective_from, "{order}"'
        ).to_arrow_table()
    holds = resolved["holds_"]
    shaped = resolved.select(table.column_names).cast(table.schema)
    return shaped.filter(holds), shaped.filter(pc.invert(holds))


def release_windows(starts: Sequence[tuple[date, int]], following: Following) -> list[tuple[date, date | None] | None]:
    """From when to when each release of one part holds, in the order given; null for one that holds on no day.

    `starts` are (effective_from, revision). Of two releases of the same day the higher revision holds.
    """
    newest = {start: max(r for s, r in starts if s == start) for start, _ in starts}
    days = sorted(newest)
    windows: list[tuple[date, date | None] | None] = []
    for start, revision in starts:
        if revision < newest[start]:
            windows.append(None)
            continue
        later = next((day for day in days if day > start), None)
        if following is Following.HISTORY:
            windows.append(None if later else (ALWAYS, None))
            continue
        last = later - timedelta(days=1) if later else None
        if following is Following.YEAR:
            end = date(start.year, 12, 31)
            last = min(last, end) if last else end
        windows.append((start, last))
    return windows
