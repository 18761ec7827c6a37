"""Values of Python with the meaning that DuckDB gives them: comparisons, arithmetic, casts, functions.

Belongs here: what a function of a rule's expression says of given values. Does not belong here: trees, tables, rules
(`rowwise`). Tests hold each function to what DuckDB says. A pair of types or a writing that is not known here raises
`UnsupportedError`, and DuckDB is asked.
"""

import operator
import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any


class UnsupportedError(Exception):
    """Something that only DuckDB evaluates; the text says what."""


@dataclass(frozen=True)
class Interval:
    """Months and days, as DuckDB keeps them apart."""

    months: int = 0
    days: int = 0


_NUMBERS = frozenset((int, float, Decimal))
_INTEGER = re.compile(r"[ \t\n\r]*[+-]?[0-9]+[ \t\n\r]*")
# A fraction, an exponent, groups of digits, another base: numbers to DuckDB too.
_ODD_NUMBER = re.compile(r"\s*[+-]?(0[xXbBoO][0-9a-fA-F_]+|(?=[.]?[0-9])[0-9_]*\.?[0-9_]*([eE][+-]?[0-9]+)?)\s*")


def _pair(a: Any, b: Any) -> tuple[Any, Any]:
    """Both values in a type that compares them as DuckDB does."""
    left, right = type(a), type(b)
    if left is right or (left in _NUMBERS and right in _NUMBERS):
        return a, b
    if left is date and right is str:
        return a, date.fromisoformat(b)
    if left is str and right is date:
        return date.fromisoformat(a), b
    raise UnsupportedError(f"{left.__name__} beside {right.__name__}")


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool | None]:
    def inner(a: Any, b: Any) -> bool | None:
        if a is None or b is None:
            return None
        if type(a) is not type(b):
            a, b = _pair(a, b)
        return compare(a, b)

    return inner


COMPARISONS = {
    "COMPARE_EQUAL": _comparison(operator.eq),
    "COMPARE_NOTEQUAL": _comparison(operator.ne),
    "COMPARE_LESSTHAN": _comparison(operator.lt),
    "COMPARE_LESSTHANOREQUALTO": _comparison(operator.le),
    "COMPARE_GREATERTHAN": _comparison(operator.gt),
    "COMPARE_GREATERTHANOREQUALTO": _comparison(operator.ge),
}
equal = COMPARISONS["COMPARE_EQUAL"]


def same(a: Any, b: Any) -> bool:
    """IS NOT DISTINCT FROM."""
    return b is None if a is None else b is not None and bool(equal(a, b))


def _shifted(day: date, interval: Interval, sign: int) -> date:
    month = day.year * 12 + day.month - 1 + sign * interval.months
    year, place = divmod(month, 12)
    moved = date(year, place + 1, min(day.day, monthrange(year, place + 1)[1]))
    return moved + timedelta(days=sign * interval.days)


def _numeric(a: Any, b: Any) -> tuple[Any, Any]:
    if type(a) not in _NUMBERS or type(b) not in _NUMBERS:
        raise UnsupportedError(f"arithmetic of {type(a).__name__} and {type(b).__name__}")
    return (float(a), float(b)) if float in (type(a), type(b)) else (a, b)


def _add(a: Any, b: Any = 0) -> Any:
    if isinstance(a, date) and isinstance(b, Interval):
        return _shifted(a, b, 1)
    if isinstance(a, date) and type(b) is int:
        return a + timedelta(days=b)
    a, b = _numeric(a, b)
    return a + b


def _subtract(a: Any, b: Any = None) -> Any:
    if b is None:
        return -_numeric(a, 0)[0]
    if isinstance(a, date):
        if isinstance(b, Interval):
            return _shifted(a, b, -1)
        if isinstance(b, date):
            return (a - b).days
        if type(b) is int:
            return a - timedelta(days=b)
    a, b = _numeric(a, b)
    return a - b


def _multiply(a: Any, b: Any) -> Any:
    a, b = _numeric(a, b)
    return a * b


def _divide(a: Any, b: Any) -> Any:
    a, b = _numeric(a, b)
    return float(a) / float(b) if b != 0 else _refuse("a division by zero")


def _whole(a: Any, b: Any) -> tuple[int, int] | None:
    if type(a) is not int or type(b) is not int:
        raise UnsupportedError("whole division of other than integers")
    if b == 0:
        return None
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return quotient, a - quotient * b


def _full_months(start: date, end: date) -> int:
    if start > end:
        return -_full_months(end, start)
    months = (end.year - start.year) * 12 + end.month - start.month
    last = monthrange(end.year, end.month)[1]
    # The last day of a shorter month ends a full month.
    return months - (start.day > end.day and not (end.day == last and start.day > last))


def _date_diff(part: str, a: date, b: date) -> int:
    match part:
        case "day":
            return (b - a).days
        case "month":
            return (b.year - a.year) * 12 + b.month - a.month
        case "year":
            return b.year - a.year
    raise UnsupportedError(f"date_diff of {part}")


def date_sub(part: str, a: date, b: date) -> int:
    if part == "day":
        return (b - a).days
    months = _full_months(a, b)
    if part == "month":
        return months
    if part == "year":
        return int(months / 12)
    raise UnsupportedError(f"date_sub of {part}")


def _date_part(part: str, a: date) -> int:
    if part in ("year", "month", "day"):
        return int(getattr(a, part))
    raise UnsupportedError(f"date_part of {part}")


def _ascii(change: Callable[[str], str]) -> Callable[[str], str]:
    def inner(text: str) -> str:
        if not text.isascii():
            raise UnsupportedError("upper and lower case beyond ASCII")
        return change(text)

    return inner


def _substring(text: str, start: int, length: int | None = None) -> str:
    if start < 1 or (length is not None and length < 0):
        raise UnsupportedError("a substring from before the start")
    return text[start - 1 :] if length is None else text[start - 1 : start - 1 + length]


def _left(text: str, count: int) -> str:
    if count < 0:
        raise UnsupportedError("left of a negative count")
    return text[:count]


def _right(text: str, count: int) -> str:
    if count < 0:
        raise UnsupportedError("right of a negative count")
    return text[max(len(text) - count, 0) :]


# Classes of RE2 within brackets, as Python writes them.
_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9", "lower": "a-z",
    "space": r" \t\n\r\f\v", "upper": "A-Z", "xdigit": "0-9A-Fa-f",
}  # fmt: skip


@cache
def _pattern(text: str, options: str) -> re.Pattern[str]:
    for name, members in _CLASSES.items():
        text = text.replace(f"[:{name}:]", members)
    if re.search(r"\(\?[^:i]|\\[^dswDSWx.+*?()\[\]{}|/^$tnrfv-]|\[\[", text):
        raise UnsupportedError(f"the pattern {text}")
    # `$` of RE2 is the end of the text; Python's would also stand before a last line break.
    return re.compile(re.sub(r"(?<!\\)\$", r"\\Z", text), re.ASCII | (re.IGNORECASE if options == "i" else 0))


def _matches(text: str, pattern: str, options: str = "c") -> bool:
    return _pattern(pattern, _known(options, text)).search(text) is not None


def _matches_whole(text: str, pattern: str, options: str = "c") -> bool:
    return _pattern(pattern, _known(options, text)).fullmatch(text) is not None


def _known(options: str, text: str) -> str:
    if options not in ("c", "i") or (options == "i" and not text.isascii()):
        raise UnsupportedError("such options of a pattern")
    return options


@cache
def _like_pattern(text: str) -> re.Pattern[str]:
    parts = (".*" if c == "%" else "." if c == "_" else re.escape(c) for c in text)
    return re.compile("".join(parts), re.DOTALL)


def _like(text: str, pattern: str) -> bool:
    return _like_pattern(pattern).fullmatch(text) is not None


def _trim(text: str, characters: str = " ") -> str:
    return text.strip(characters)


def _has(values: Sequence[Any], value: Any) -> bool:
    return any(one is not None and equal(one, value) for one in values)


def _extract(values: Any, place: int) -> Any:
    if not isinstance(values, list):
        raise UnsupportedError("an element of other than a list")
    at = place - 1 if place > 0 else len(values) + place
    return values[at] if place and 0 <= at < len(values) else None


def _slice(values: list[Any], first: int, last: int) -> list[Any]:
    if first < 1 or last < 0:
        raise UnsupportedError("a slice from the end")
    return values[first - 1 : last]


def _distinct(values: list[Any]) -> list[Any]:
    return list(dict.fromkeys(one for one in values if one is not None))


def _round(value: Any, places: int = 0) -> Any:
    if type(value) is int and places >= 0:
        return value
    if type(value) is not Decimal:
        raise UnsupportedError("rounding of other than decimals")
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


# Null where any argument is. Arguments that are lists have the elements that are null in them.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "//": lambda a, b: None if (parts := _whole(a, b)) is None else parts[0],
    "%": lambda a, b: None if (parts := _whole(a, b)) is None else parts[1],
    "||": lambda a, b: a + b,
    "~~": _like,
    "!~~": lambda a, b: not _like(a, b),
    "abs": abs,
    "round": _round,
    "contains": lambda a, b: b in a if isinstance(a, str) else _has(a, b),
    "date_diff": _date_diff,
    "date_sub": date_sub,
    "date_part": _date_part,
    "day": lambda a: a.day,
    "month": lambda a: a.month,
    "year": lambda a: a.year,
    "last_day": lambda a: a.replace(day=monthrange(a.year, a.month)[1]),
    "make_date": date,
    "to_days": lambda n: Interval(days=n),
    "to_months": lambda n: Interval(months=n),
    "to_years": lambda n: Interval(months=12 * n),
    "trunc": lambda a: a if isinstance(a, float) and a.is_integer() else _refuse("trunc"),
    "starts_with": lambda a, b: a.startswith(b),
    "prefix": lambda a, b: a.startswith(b),
    "ends_with": lambda a, b: a.endswith(b),
    "suffix": lambda a, b: a.endswith(b),
    "left": _left,
    "right": _right,
    "substr": _substring,
    "substring": _substring,
    "len": len,
    "length": len,
    "strlen": lambda a: len(a.encode()),
    "lower": _ascii(str.lower),
    "upper": _ascii(str.upper),
    "trim": _trim,
    "ltrim": lambda a: a.lstrip(" "),
    "rtrim": lambda a: a.rstrip(" "),
    "replace": lambda a, b, c: a.replace(b, c) if b else a,
    "regexp_full_match": _matches_whole,
    "regexp_matches": _matches,
    "lpad": lambda a, n, c: a[:n] if len(c) != 1 else a.rjust(n, c)[:n] if len(a) <= n else a[:n],
    "list_contains": _has,
    "list_has_any": lambda a, b: any(one is not None and _has(a, one) for one in b),
    "list_has_all": lambda a, b: all(_has(a, one) for one in b if one is not None),
    "list_distinct": _distinct,
    "list_count": lambda a: sum(one is not None for one in a),
    "list_any_value": lambda a: next((one for one in a if one is not None), None),
    "list_sum": lambda a: sum(known) if (known := [one for one in a if one is not None]) else None,
    "list_position": lambda a, b: next((n for n, one in enumerate(a, 1) if same(one, b)), None),
    "list_extract": _extract,
    "array_extract": _extract,
    "list_slice": _slice,
    "array_slice": _slice,
}


def _refuse(what: str) -> Any:
    raise UnsupportedError(what)


def cast(kind: str, arguments: list[int]) -> Callable[[Any], Any]:
    match kind.upper():
        case "VARCHAR" | "TEXT" | "STRING":
            return lambda v: v if type(v) is str else str(v) if type(v) in (int, date) else _refuse("a text of that")
        case "INTEGER" | "INT" | "BIGINT" | "SMALLINT" | "HUGEINT" as name:
            bits = {"SMALLINT": 15, "INTEGER": 31, "INT": 31, "BIGINT": 63, "HUGEINT": 127}[name]
            return lambda v: to_integer(v, bits)
        case "DATE":
            return lambda v: v if isinstance(v, date) else _to_date(v)
        case "DOUBLE":
            return lambda v: float(v) if type(v) in _NUMBERS else _refuse("a double of that")
        case "DECIMAL" if len(arguments) == 2:
            unit = Decimal(1).scaleb(-arguments[1])
            return lambda v: (
                Decimal(v).quantize(unit, ROUND_HALF_UP) if type(v) in (int, Decimal) else _refuse("a decimal of that")
            )
        case "BOOLEAN":
            return _to_boolean
    raise UnsupportedError(f"a cast to {kind}")


def to_integer(value: Any, bits: int) -> int | None:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is str:
        if _INTEGER.fullmatch(value):
            value = int(value)
        elif _ODD_NUMBER.fullmatch(value):
            raise UnsupportedError("a number written in another way")
        else:
            raise ValueError
    if type(value) is not int:
        raise UnsupportedError("a whole number of that")
    if not -(1 << bits) <= value < 1 << bits:
        raise ValueError
    return value


def _to_date(value: Any) -> date:
    if type(value) is str and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return date.fromisoformat(value)
    raise UnsupportedError("a date of that")


def _to_boolean(value: Any) -> bool:
    if value in ("t", "true", "f", "false") or isinstance(value, bool):
        return value if isinstance(value, bool) else value[0] == "t"
    raise UnsupportedError("a truth value of that")
