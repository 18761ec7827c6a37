"""What must hold of any claim: units, order of modifiers and lines, parts and wholes, and traces that come out."""

import random
from collections.abc import Callable, Mapping, MutableSequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from claims.pricing import Pricer, replay
from tests.examples import examples
from tests.unit.pricing.tables import Tables, fee, lines

_FAMILY = {"multiple_procedure_indicator": "3", "endoscopic_base_code": "31000"}
_TEST = {"pctc_indicator": "1", "imaging_family": "88"}
_ROWS = [
    fee("10001", "123.45", bilateral_indicator="1", multiple_procedure_indicator="2", intraoperative_share="0.69",
        preoperative_share="0.10", postoperative_share="0.21"),
    fee("10002", "77.77", bilateral_indicator="2", multiple_procedure_indicator="2"),
    fee("10003", "301.09", bilateral_indicator="3"),
    fee("31000", "88.13", multiple_procedure_indicator="2"),
    fee("31001", "140.31", **_FAMILY),
    fee("31002", "133.07", **_FAMILY),
    fee("97001", "0", nonfacility_pe_rvu="31.17", mp_rvu="1.01", multiple_procedure_indicator="5"),
    fee("97002", "11.11", nonfacility_pe_rvu="29.43", multiple_procedure_indicator="5"),
    fee("99001", "55.55", assistant_indicator="1", cosurgeon_indicator="0"),
]  # fmt: skip
for _code, _indicator, _professional, _technical in (
    ("70001", "4", "31.31", "99.97"), ("70002", "4", "28.09", "120.21"), ("93001", "6", "10.01", "55.53"),
    ("93002", "6", "12.03", "41.47"), ("92001", "7", "5.05", "33.33"), ("92002", "7", "6.07", "22.21"),
):  # fmt: skip
    _more = {**_TEST, "multiple_procedure_indicator": _indicator, "bilateral_indicator": "3"}
    _ROWS += [
        fee(_code, str(Decimal(_professional) + Decimal(_technical)), **_more),
        fee(_code, _professional, "26", **_more),
        fee(_code, _technical, "TC", **_more),
    ]
_CODES = sorted({row["hcpcs_code"] for row in _ROWS})
_MODIFIERS = ["", "25", "26", "TC", "50", "51", "54", "55", "59", "62", "78", "80", "AS", "LT", "RT", "CQ", "GP"]

_line = st.fixed_dictionaries(
    {
        "code": st.sampled_from(_CODES),
        "mods": st.lists(st.sampled_from(_MODIFIERS), max_size=4, unique=True).map(" ".join),
        "unit_count": st.integers(1, 4),
        "charge_amount": st.one_of(st.none(), st.decimals(0, 500, places=2)),
        "is_participating": st.booleans(),
        "rendering_provider_taxonomy_code": st.sampled_from([None, "363LF0000X", "207Q00000X"]),
    }
)
_claim = st.lists(_line, min_size=1, max_size=8)
_SETTINGS = settings(
    max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def pricer(small: Callable[..., Tables]) -> Pricer:
    """A pricer of one code for every rule."""
    return Pricer(small(fee_schedule=_ROWS))


def amounts(pricer: Pricer, *rows: Mapping[str, Any]) -> list[Decimal | None]:
    out: list[Decimal | None] = pricer.price(lines(*rows))["allowed_amount"].to_pylist()
    return out


@given(_claim)
@_SETTINGS
def test_every_trace_comes_out(pricer: Pricer, claim: list[dict[str, Any]]) -> None:
    """The trace alone, worked out again in decimals by other code, ends with the amount; no amount, no trace of one."""
    for row in pricer.price(lines(*claim)).to_pylist():
        if row["allowed_amount"] is None:
            assert row["status"] in {"by_report", "unpriced"}
            assert row["reason"] is not None
        else:
            assert replay(row["steps"])[-1] == row["allowed_amount"]
            assert row["allowed_amount"] >= 0


@given(_claim, st.randoms(use_true_random=False))
@_SETTINGS
def test_the_order_of_modifiers_does_not_matter(pricer: Pricer, claim: list[dict[str, Any]], by: random.Random) -> None:
    shuffled = []
    for line in claim:
        words = line["mods"].split()
        by.shuffle(words)
        shuffled.append({**line, "mods": " ".join(words)})
    assert amounts(pricer, *claim) == amounts(pricer, *shuffled)


class _Backwards(random.Random):
    """Turns a list round, so that an example says its order itself."""

    def shuffle(self, x: MutableSequence[Any]) -> None:
        x.reverse()


def _plain(code: str, units: int) -> dict[str, Any]:
    """A line that says nothing but its code and units."""
    return {
        "code": code,
        "mods": "",
        "unit_count": units,
        "charge_amount": None,
        "is_participating": False,
        "rendering_provider_taxonomy_code": None,
    }


# Two lines that differ in nothing but their units: one of them goes beyond the fifth procedure.
@example(
    [_plain("10001", 1)] * 3 + [_plain("31000", 1), _plain("31000", 2)],
    _Backwards(),
)
@given(_claim, st.randoms(use_true_random=False))
@_SETTINGS
def test_the_order_of_lines_does_not_matter(pricer: Pricer, claim: list[dict[str, Any]], by: random.Random) -> None:
    """Lines that say the same may change places, so amounts are compared as a set with what their lines say."""
    order = list(range(len(claim)))
    by.shuffle(order)

    def key(line: dict[str, Any], amount: Decimal | None) -> str:
        return repr((
            line["code"], sorted(line["mods"].split()), line["unit_count"], line["charge_amount"],
            line["is_participating"], line["rendering_provider_taxonomy_code"] == "363LF0000X", amount,
        ))  # fmt: skip

    there = sorted(map(key, claim, amounts(pricer, *claim)))
    moved = [claim[place] for place in order]
    assert there == sorted(map(key, moved, amounts(pricer, *moved)))


@given(_line, st.integers(1, 6))
@_SETTINGS
def test_more_units_are_never_paid_less(pricer: Pricer, line: dict[str, Any], more: int) -> None:
    line = {**line, "charge_amount": None}
    one, other = (
        amounts(pricer, {**line, "unit_count": count})[0] for count in (line["unit_count"], line["unit_count"] + more)
    )
    if one is not None and other is not None:
        assert one <= other


@given(st.sampled_from(["70001", "70002", "93001", "93002", "92001", "92002"]), st.integers(1, 3))
@_SETTINGS
def test_parts_add_up_to_the_whole(pricer: Pricer, code: str, units: int) -> None:
    """26 and TC on two lines are paid what the global service is, but for the cent of the second rounding."""
    whole = amounts(pricer, {"code": code, "unit_count": units})[0]
    parts = amounts(
        pricer, {"code": code, "mods": "26", "unit_count": units}, {"code": code, "mods": "TC", "unit_count": units}
    )
    assert whole is not None
    assert abs(sum(part or Decimal(0) for part in parts) - whole) <= Decimal("0.01")


@given(_claim)
@_SETTINGS
def test_claims_do_not_see_each_other(pricer: Pricer, claim: list[dict[str, Any]]) -> None:
    alone = amounts(pricer, *claim)
    beside = amounts(pricer, *claim, *({**line, "claim_ordinal": 2} for line in claim))
    assert beside == alone + alone


@given(_claim)
@_SETTINGS
def test_what_is_allowed_is_never_above_the_charge(pricer: Pricer, claim: list[dict[str, Any]]) -> None:
    for line, amount in zip(claim, amounts(pricer, *claim), strict=True):
        if amount is not None and line["charge_amount"] is not None:
            others = [one for one in claim if one["code"] == line["code"] and one is not line]
            assert amount <= line["charge_amount"] or others  # LT and RT are compared together
