"""Text columns of a published file to typed rows, and findings for what does not fit.

Belongs here: types, ranges, required values, totals, duplicate rows; everything set-wise, one pass for all columns.
Does not belong here: which columns a format has, releases, storing.
"""

import re
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from claims.reference import schema
from claims.reference.findings import Finding, Severity
from claims.reference.formats import Field, Format
from claims.reference.sources import LINE

_LISTED = 20
# Published totals are sums of figures printed to two places.
_TOTALS = {
    "nonfacility_total_rvu": "work_rvu + nonfacility_pe_rvu + mp_rvu",
    "facility_total_rvu": "work_rvu + facility_pe_rvu + mp_rvu",
}


@dataclass(frozen=True)
class Checked:
    """Typed rows (columns of the table that the file has, helpers of the format, `__line`) and how lines were used."""

    rows: pa.Table
    blank_lines: int
    rows_refused: int
    findings: list[Finding]


def check(raw: pa.Table, places: dict[str, str], kind: Format, file: str, published: list[str]) -> Checked:
    """Type and check the text columns of a file.

    `places` maps each field of the format to its column in `raw`; `published` are all columns of `raw` in order, by
    which a line is blank or a footer (at most one cell filled). A row with an error is left out whole, with a finding
    that names file, line and column. Cost: one pass, and one more for each column that has errors.
    """
    fields = [item for item in kind.fields if item.column in places]
    with duckdb.connect() as connection:
        connection.register("raw_", raw)
        filled = " + ".join(f"(trim(coalesce({name}, '')) <> '')::int" for name in published) or "2"
        texts = ", ".join(f'nullif(trim("{places[item.column]}"), \'\') as "x_{item.column}"' for item in fields)
        least = min(2, len(published) or 2)
        connection.execute(f"create temp table text_ as select {LINE}, {texts} from raw_ where ({filled}) >= {least}")
        types = ", ".join(f'({_value(item)}) as "{item.column}"' for item in fields)
        connection.execute(f"create temp table typed_ as select *, {types} from text_")
        bad = {item.column: _fails(item, kind) for item in fields}
        [counts] = connection.sql(
            "select count(*), "
            + ", ".join(f"count(*) filter ({condition})" for condition in bad.values())
            + " from typed_"
        ).fetchall()
        findings: list[Finding] = []
        for item, count in zip(fields, counts[1:], strict=True):
            if count:
                findings += _listed(connection, item, bad[item.column], count, file)
        any_bad = " or ".join(f"coalesce({condition}, false)" for condition in bad.values())
        columns = ", ".join(f'"{item.column}"' for item in fields)
        connection.execute(f"create temp table good_ as select {LINE}, {columns} from typed_ where not ({any_bad})")
        findings += _totals(connection, {item.column for item in fields}, file)
        rows = connection.sql(f"from good_ order by {LINE}").to_arrow_table()
    return Checked(rows, raw.num_rows - counts[0], counts[0] - rows.num_rows, findings)


def _value(item: Field) -> str:
    # `x` stands alone as a word in an expression; no column of ours is called so.
    return re.sub(r"\bx\b", f'"x_{item.column}"', item.sql)


def _is_required(item: Field, kind: Format) -> bool:
    try:
        return schema.table(kind.table).column(item.column).required
    except KeyError:
        return False


def _fails(item: Field, kind: Format) -> str:
    column, text = f'"{item.column}"', f'"x_{item.column}"'
    conditions = []
    if _is_required(item, kind):
        conditions.append(f"{column} is null")
    elif item.sql.startswith("try_cast") or "try_strptime" in item.sql:
        # A date that stands for "none" is null, and no finding.
        empty = f"({text} in ('*', '99991231', '9999-12-31', '0'))" if "try_strptime" in item.sql else "false"
        conditions.append(f"({column} is null and {text} is not null and not {empty})")
    if item.holds:
        conditions.append("not coalesce(" + re.sub(r"\bt\b", column, item.holds) + ", true)")
    return " or ".join(conditions) or "false"


def _listed(connection: duckdb.DuckDBPyConnection, item: Field, condition: str, count: int, file: str) -> list[Finding]:
    lines = connection.sql(
        f'select {LINE}, "x_{item.column}" from typed_ where {condition} order by {LINE} limit {_LISTED}'
    ).fetchall()
    expects = item.expects or "a value of its type"
    found = [
        Finding(
            file,
            Severity.ERROR,
            f"{'empty' if text is None else repr(text[:40])} is not {expects}",
            "correct the cell, or load the file as published; the row is left out",
            row=line,
            column=item.column,
        )
        for line, text in lines
    ]
    if count > _LISTED:
        found.append(
            Finding(
                file,
                Severity.ERROR,
                f"{count - _LISTED} more cells of this column are not {expects}",
                "load the file as published",
                column=item.column,
                count=count - _LISTED,
            )
        )
    return found


def _totals(connection: duckdb.DuckDBPyConnection, columns: set[str], file: str) -> list[Finding]:
    found = []
    for total, parts in _TOTALS.items():
        if total not in columns:
            continue
        # One cent of an RVU: each of three addends was rounded by itself before it was printed.
        lines = connection.sql(
            f'select {LINE}, "{total}", {parts} from good_ where abs("{total}" - ({parts})) > 0.01 order by {LINE}'
        ).fetchall()
        found += [
            Finding(
                file,
                Severity.WARNING,
                f"printed {printed}, its parts add up to {added}",
                "compare with the published file; the row is kept and prices come from its parts",
                row=line,
                column=total,
            )
            for line, printed, added in lines[:_LISTED]
        ]
        if len(lines) > _LISTED:
            more = len(lines) - _LISTED
            found.append(
                Finding(
                    file, Severity.WARNING, f"{more} more totals differ from their parts", "", column=total, count=more
                )
            )
    return found


def without_duplicates(rows: pa.Table, key: tuple[str, ...], file: str) -> tuple[pa.Table, list[Finding]]:
    """Rows of which no two have the same key; the first line stays, each later one is a finding.

    Two equal lines and two lines that contradict each other are told apart in the words of the finding.
    """
    with duckdb.connect() as connection:
        connection.register("rows_", rows)
        keys = ", ".join(f'"{name}"' for name in key)
        others = ", ".join(f'"{name}"' for name in rows.column_names if name not in {*key, LINE})
        same = f"row({others}) is not distinct from first(row({others})) over w_" if others else "true"
        ranked = (
            f"select {LINE}, row_number() over w_ as rank_, first({LINE}) over w_ as first_, {same} as same_ from rows_"
            f" window w_ as (partition by {keys} order by {LINE})"
        )
        duplicates = connection.sql(
            f"select {LINE}, first_, same_ from ({ranked}) where rank_ > 1 order by {LINE}"
        ).fetchall()
        if not duplicates:
            return rows, []
        connection.register("drop_", pa.table({LINE: pa.array([line for line, _, _ in duplicates], pa.int32())}))
        kept = connection.sql(f"select * from rows_ anti join drop_ using ({LINE}) order by {LINE}").to_arrow_table()
    findings = [
        Finding(
            file,
            Severity.NOTE if same else Severity.ERROR,
            f"the same row as line {first}" if same else f"the same key as line {first}, with other values",
            "nothing to do: one of them is kept" if same else f"decide which holds; line {first} is kept",
            row=line,
            column=key[0],
        )
        for line, first, same in duplicates[:_LISTED]
    ]
    more = duplicates[_LISTED:]
    if more:
        contradict = sum(1 for _, _, same in more if not same)
        findings.append(
            Finding(
                file,
                Severity.ERROR if contradict else Severity.NOTE,
                f"{len(more)} more rows have a key that came before, {contradict} of them with other values",
                "load the file as published",
                column=key[0],
                count=len(more),
            )
        )
    return kept.select(rows.column_names), findings
