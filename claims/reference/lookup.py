"""Reference tables as kernels read them: every release with the days on which its rows hold, opened when asked for.

Belongs here: opening, windows of releases, the look-up of a day. Does not belong here: loading published files.
"""

from datetime import date
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from claims.reference import schema
from claims.reference.default import default_table
from claims.reference.loading import Release, releases
from claims.reference.schema import Following
from claims.reference.windows import release_windows, resolve

DEFAULT = "default"


class Reference:
    """The reference tables of one folder; a table of which it has no release comes from the bundled default.

    Opening reads footers only; a table is read when it is asked for, and kept.
    """

    def __init__(self, root: Path | None) -> None:
        self.root = root
        self._tables: dict[str, pa.Table] = {}

    @cached_property
    def releases(self) -> list[Release]:
        """The stored releases; none where the folder is absent or empty."""
        return releases(self.root) if self.root is not None and self.root.is_dir() else []

    def source(self, name: str) -> str:
        """Where a table comes from: `loaded` releases or the bundled `default`. Raises KeyError."""
        declared = schema.table(name)
        return "loaded" if any(r.table == declared.name for r in self.releases) else DEFAULT

    def table(self, name: str, columns: list[str] | None = None, where: pc.Expression | None = None) -> pa.Table:
        """All rows of all releases that hold on some day, `effective_from` to `effective_to` (null = open).

        Of a key at most one row holds on a day. `where` is an Arrow expression over the table's own columns (not over
        the days) and `columns` a choice of them; both are pushed down to the files. Without `where` the answer is kept.
        Raises KeyError for a table that does not exist.
        """
        declared = schema.table(name)
        if where is None:
            if name not in self._tables:
                self._tables[name] = self._read(declared, None, None)
            whole = self._tables[name]
            return whole if columns is None else whole.select(columns)
        return self._read(declared, columns, where)

    def as_of(self, name: str, day: date) -> pa.Table:
        """The rows that hold on a day."""
        whole = self.table(name)
        scalar = pa.scalar(day, pa.date32())
        ends = pc.fill_null(pc.greater_equal(whole["effective_to"], scalar), True)
        return whole.filter(pc.and_(pc.less_equal(whole["effective_from"], scalar), ends))

    def release_of(self, name: str, day: date, part: str = "") -> str | None:
        """The release of a table (of one part of it, as `practitioner`) that holds on a day; null where none does.

        Where a release comes in several pieces, the first of them.
        """
        declared = schema.table(name)
        if self.source(name) == DEFAULT:
            held = self.as_of(name, day)
            if declared.part and part:
                held = held.filter(pc.equal(held[declared.part], part))
            names = sorted(pc.unique(held["release"]).to_pylist())
            return names[0] if names else None
        for release, first, last in self._windows(declared):
            if release.part == part and first <= day and (last is None or day <= last):
                return release.name
        return None

    def windows(self, name: str) -> list[tuple[Release, date, date | None]]:
        """The stored releases of a table that hold on some day, with their first and last day."""
        return self._windows(schema.table(name))

    def _windows(self, declared: schema.ReferenceTable) -> list[tuple[Release, date, date | None]]:
        found: list[tuple[Release, date, date | None]] = []
        mine = [r for r in self.releases if r.table == declared.name]
        # A history whose newest day comes in pieces is held by all of them, and by none of an older day.
        by_piece = declared.following is not Following.HISTORY
        for group in sorted({(r.part, r.piece if by_piece else "") for r in mine}):
            members = [r for r in mine if (r.part, r.piece if by_piece else "") == group]
            if by_piece:
                spans = release_windows([(r.effective_from, r.revision) for r in members], declared.following)
            else:
                newest = max(r.effective_from for r in members)
                latest: dict[str, int] = {}
                for r in members:
                    if r.effective_from == newest:
                        latest[r.piece] = max(latest.get(r.piece, 0), r.revision)
                [always] = release_windows([(newest, 1)], declared.following)
                spans = [
                    always if r.effective_from == newest and r.revision == latest[r.piece] else None for r in members
                ]
            found += [(r, *span) for r, span in zip(members, spans, strict=True) if span]
        return found

    def _read(
        self, declared: schema.ReferenceTable, columns: list[str] | None, where: pc.Expression | None
    ) -> pa.Table:
        target = schema.arrow(declared.name)
        names = target.names if columns is None else columns
        if self.source(declared.name) == DEFAULT:
            rows = default_table(declared.name)
            return (rows if where is None else rows.filter(where)).select(names)
        windows = self._windows(declared)
        pieces = []
        for release, _, last in windows:
            rows = ds.dataset(release.path, schema=target).to_table(columns=list(target.names), filter=where)
            if declared.following is not Following.HISTORY:
                ends = pa.array([last], pa.date32()).take(pa.array([0] * rows.num_rows, pa.int64()))
                rows = rows.set_column(target.get_field_index("effective_to"), target.field("effective_to"), ends)
            pieces.append(rows)
        whole = pa.concat_tables(pieces)
        if declared.following is Following.HISTORY and len({r.part for r, _, _ in windows}) < len(windows):
            whole, _ = resolve(whole, declared.key, "source_row")
        return whole.select(names)


def open_reference(root: Path | None) -> Reference:
    """The reference tables under `root` (CLAIMWORKS_HOME/reference); the bundled default where it is null or empty."""
    return Reference(root)
