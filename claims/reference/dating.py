"""From when a published file holds, by what it says of itself; by its name where it says nothing.

Belongs here: the words in which CMS and CDC date their files. Does not belong here: what a date does to other releases
(`claims.reference.windows`).
"""

import re
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from claims.reference.formats import Format

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_MONTH = "(" + "|".join(_MONTHS) + ")[a-z]*"


def effective_from(kind: Format, head_text: str, name: str, rows: pa.Table) -> tuple[date, str] | None:
    """The first day of a file and where it was read: its rows, its header, its name; null where none says.

    Raises ValueError where the rows of one file name more than one year, quarter or month.
    """
    stated = _from_rows(rows)
    if stated:
        return stated, "its rows"
    stated = _from_header(head_text)
    if stated:
        return stated, "its header"
    stated = _from_name(name.rsplit("/", 1)[-1].lower(), kind)
    return (stated, "its name") if stated else None


def _from_rows(rows: pa.Table) -> date | None:
    for column in ("__year", "__quarter", "__month"):
        if column in rows.column_names and rows.num_rows:
            values = [v for v in pc.unique(rows[column]).to_pylist() if v is not None]
            if len(values) > 1:
                raise ValueError(f"rows of {', '.join(str(v) for v in sorted(values)[:5])} in one file")
            if values and column == "__year":
                return date(values[0], 1, 1)
            if values and column == "__quarter":
                return _quarter(int(values[0][:4]), int(values[0][4]))
            if values:
                return date(int(values[0][:4]), int(values[0][5:7]), 1)
    return None


def _from_header(text: str) -> date | None:
    lowered = text.lower()
    release = re.search(rf"(20\d\d) national physician fee schedule relative value file {_MONTH} release", lowered)
    if release:
        return date(int(release[1]), _MONTHS[release[2]], 1)
    year = re.search(r"\bcy (20\d\d) geographic practice|counties included in (20\d\d) localities", lowered)
    if year:
        return date(int(year[1] or year[2]), 1, 1)
    tabular = re.search(r"<version>(20\d\d)</version>", lowered)
    return date(int(tabular[1]) - 1, 10, 1) if tabular else None


def _from_name(name: str, kind: Format) -> date | None:
    match = re.search(r"(20\d\d)[-_ ]?q([1-4])", name)
    if match:
        return _quarter(int(match[1]), int(match[2]))
    match = re.search(r"(?<!\d)(20\d\d)-(\d\d)(?:-(\d\d))?(?!\d)", name)
    if match:
        return _day(int(match[1]), int(match[2]), int(match[3] or 1))
    match = re.search(r"(?<!\d)(\d\d)-(\d\d)-(20\d\d)(?!\d)", name)
    if match:
        return _day(int(match[3]), int(match[1]), int(match[2]))
    # NCCI counts versions: 30 is 2024, its third digit the quarter (v302r0 = July 2024).
    match = re.search(r"cci(?:pra|oph).*?v(\d\d)([0-3])", name)
    if match:
        return _quarter(1994 + int(match[1]), int(match[2]) + 1)
    match = re.search(r"rvu(\d\d)([a-d])(?![a-z0-9])|rvu(\d\d)([a-d])_", name)
    if match:
        return _quarter(2000 + int(match[1] or match[3]), "abcd".index(match[2] or match[4]) + 1)
    match = re.search(rf"(20\d\d)[-_ ]?{_MONTH}|(?<![a-z]){_MONTH}[-_ ]?(20\d\d)", name)
    if match:
        return date(int(match[1] or match[4]), _MONTHS[match[2] or match[3]], 1)
    match = re.search(r"(?<!\d)(20\d\d)(?!\d)", name)
    if match:
        return date(int(match[1]) - 1, 10, 1) if kind.is_fiscal else date(int(match[1]), 1, 1)
    return None


def _quarter(year: int, quarter: int) -> date:
    return date(year, 3 * quarter - 2, 1)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
