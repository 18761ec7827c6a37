"""Amounts, dates and NPIs: the vectorised parsers agree with plain Python on anything that can stand in an element."""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from claims.interchange.x12 import Source, read
from tests.examples import examples
from tests.unit.x12.interchanges import interchange, remittance

AMOUNT = st.one_of(
    st.decimals(-(10**15), 10**15, places=2).map(str),
    st.integers(-(10**16), 10**16).map(str),
    st.text("0123456789.-+ ,eE", min_size=1, max_size=20),
)
DAY = st.one_of(
    st.dates(date(1, 1, 1), date(9999, 12, 31)).map(lambda d: f"{d.year:04d}{d.month:02d}{d.day:02d}"),
    st.text("0123456789", min_size=8, max_size=8),
    st.text("0123456789-/", min_size=1, max_size=17),
)


def _money(text: str) -> Decimal | None:
    """An X12 number (R): digits, at most one point, a leading sign; no more than two places that matter."""
    body = text[1:] if text[:1] in "-+" else text
    if not body or body.count(".") > 1 or not body.replace(".", "").isdigit():
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    digits = len(body.partition(".")[0]) + min(2, len(body.partition(".")[2]))
    if value != value.quantize(Decimal("0.01")) or digits > 17 or len(text) > 20 or not digits:
        return None
    return value


def _claim(**elements: str) -> list[dict[str, Any]]:
    amount, day = elements.get("amount", "1"), elements.get("day", "20240101")
    data = interchange(remittance(f"CLP*C1*1*0*0*{amount}*CI*I", f"DTM*232*{day}", total="0"), functional="HP")
    return read([Source.of(data)]).tables["remittance_claims"].to_pylist()


@settings(max_examples=examples(150), deadline=None)
@given(AMOUNT)
@example("12.340")
@example("-.5")
@example("12.345")
@example(".")
@example("00000000000000001")
def test_amounts_are_those_of_decimal(text: str) -> None:
    [claim] = _claim(amount=text)
    assert claim["patient_responsibility_amount"] == _money(text)


@settings(max_examples=examples(150), deadline=None)
@given(DAY)
@example("20000229")
@example("19000229")
@example("20241301")
@example("00000101")
def test_days_are_those_of_the_calendar(text: str) -> None:
    [claim] = _claim(day=text)
    found = claim["statement_from_date"]
    if len(text) == 8:
        try:
            expected = datetime.strptime(text, "%Y%m%d").date() if text.isdigit() else None  # noqa: DTZ007 - a day
        except ValueError:
            expected = None
        assert found == expected
    elif len(text) not in (6, 12, 14, 17):
        assert found is None
