"""Days on which rows and releases hold: at most one row of a key on a day, re-instated pairs, releases of one table."""

from datetime import date, timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from claims.reference.schema import Following
from claims.reference.windows import ALWAYS, release_windows, resolve

FIRST = date(2024, 1, 1)
DAYS = st.integers(0, 30)
ROWS = st.lists(st.tuples(st.sampled_from("AB"), DAYS, st.none() | DAYS), max_size=12)


def _table(rows: list[tuple[str, int, int | None]]) -> pa.Table:
    return pa.table(
        {
            "key": pa.array([k for k, _, _ in rows], pa.string()),
            "line": pa.array(range(len(rows)), pa.int32()),
            "effective_from": pa.array([FIRST + timedelta(f) for _, f, _ in rows], pa.date32()),
            "effective_to": pa.array([None if t is None else FIRST + timedelta(t) for _, _, t in rows], pa.date32()),
        }
    )


def _held(rows: list[dict], key: str, day: date) -> list[int]:
    return [
        r["line"]
        for r in rows
        if r["key"] == key and r["effective_from"] <= day and (r["effective_to"] is None or day <= r["effective_to"])
    ]


@given(ROWS)
def test_at_most_one_row_of_a_key_holds_on_a_day_and_it_is_the_one_that_began_last(rows):
    table = _table(rows)
    resolved, none = resolve(table, ("key",), "line")
    assert resolved.num_rows + none.num_rows == table.num_rows
    for key in "AB":
        for offset in range(32):
            day = FIRST + timedelta(offset)
            begun = [i for i, (k, f, _) in enumerate(rows) if k == key and f <= offset]
            last = max(begun, key=lambda i: (rows[i][1], i), default=None)
            expected = [] if last is None or (rows[last][2] is not None and rows[last][2] < offset) else [last]
            assert _held(resolved.to_pylist(), key, day) == expected


def test_a_pair_that_was_deleted_and_reinstated_keeps_both_windows():
    rows = [("A", 0, 9), ("A", 20, None)]
    resolved, none = resolve(_table(rows), ("key",), "line")
    held = [_held(resolved.to_pylist(), "A", FIRST + timedelta(d)) for d in (0, 9, 10, 19, 20, 30)]
    assert held == [[0], [0], [], [], [1], [1]]
    assert none.num_rows == 0


@given(
    st.lists(st.tuples(st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.integers(1, 3)), unique=True, max_size=8),
    st.sampled_from(list(Following)),
)
def test_at_most_one_release_holds_on_a_day(starts, following):
    windows = release_windows(starts, following)
    days = {start for start, _ in starts} | {start + timedelta(days=40) for start, _ in starts} | {date(2027, 1, 1)}
    for day in days:
        held = [w for w in windows if w and w[0] <= day and (w[1] is None or day <= w[1])]
        assert len(held) <= 1


def test_releases_follow_each_other_by_year_openly_or_as_history():
    starts = [(date(2024, 1, 1), 1), (date(2024, 7, 1), 1), (date(2024, 7, 1), 2), (date(2025, 10, 1), 1)]
    assert release_windows(starts, Following.YEAR) == [
        (date(2024, 1, 1), date(2024, 6, 30)), None, (date(2024, 7, 1), date(2024, 12, 31)),
        (date(2025, 10, 1), date(2025, 12, 31)),
    ]  # fmt: skip
    assert release_windows(starts, Following.OPEN)[2:] == [
        (date(2024, 7, 1), date(2025, 9, 30)),
        (date(2025, 10, 1), None),
    ]
    assert release_windows(starts, Following.HISTORY) == [None, None, None, (ALWAYS, None)]
