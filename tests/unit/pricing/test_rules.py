"""Each rule and each reason by hand: outpatient status, anesthesia, laboratory, split care, what is not paid."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from claims.pricing import PRICED, ContractError, LinesError, Pricer, lines_of, price, to_document, to_text
from claims.pricing.keys import PackError
from claims.pricing.rules import BY_NAME, NAMES, REASONS
from claims.schema import arrow
from tests.unit.pricing.tables import Tables, fee, lines

Small = Callable[..., Tables]
_HOSPITAL = {"claim_type": "institutional", "bill_type_code": "13", "place_of_service_code": None}
_SPLIT = {"preoperative_share": "0.10", "intraoperative_share": "0.69", "postoperative_share": "0.21"}


def _words(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def rows(tables: Tables, *given: dict[str, Any]) -> list[tuple[Any, ...]]:
    """(amount, reason) of each line."""
    out = price(lines(*given), tables).to_pylist()
    return [(_words(row["allowed_amount"]), row["reason"]) for row in out]


@pytest.mark.parametrize(
    ("row", "line", "expected"),
    [
        ({}, {"mods": "54"}, ("0.00", "no_global_package")),
        (_SPLIT, {"mods": "54"}, ("79.00", None)),
        (_SPLIT, {"mods": "55"}, ("21.00", None)),
        (_SPLIT, {"mods": "78"}, ("69.00", None)),
        ({}, {"mods": "78"}, ("100.00", None)),
        ({}, {"mods": "22"}, (None, "by_contractor")),
        ({}, {"mods": "52"}, (None, "by_contractor")),
        ({}, {"mods": "53"}, (None, "by_contractor")),
        ({}, {"mods": "66"}, (None, "team_surgery")),
        ({}, {"mods": "TC"}, ("0.00", "component_invalid")),
        ({"assistant_indicator": "1"}, {"mods": "80"}, ("0.00", "assistant_not_payable")),
        ({"assistant_indicator": "0"}, {"mods": "80"}, ("16.00", None)),
        ({"cosurgeon_indicator": "9"}, {"mods": "62"}, ("0.00", "co_surgeon_not_payable")),
        ({"bilateral_indicator": "3"}, {"mods": "50"}, ("200.00", None)),
        ({"bilateral_indicator": "9"}, {"mods": "50"}, ("100.00", None)),
        ({"bilateral_indicator": "1"}, {"unit_count": 2}, ("150.00", None)),
        ({"bilateral_indicator": "2"}, {"unit_count": 2}, ("100.00", None)),
        ({"status_code": "B"}, {}, ("0.00", "bundled_status")),
        ({"status_code": "N"}, {}, ("0.00", "not_covered")),
        ({"status_code": "C"}, {}, (None, "carrier_priced")),
        ({"status_code": "X"}, {}, (None, "no_schedule")),
        ({"pctc_indicator": "5"}, {"place_of_service_code": "22"}, ("0.00", "facility_incident_to")),
        ({}, {"place_of_service_code": "77"}, (None, "no_place")),
        ({}, {"locality_code": "99999-99"}, (None, "no_locality")),
        ({}, {"locality_code": None, "zip_code": "350041234"}, ("100.00", None)),
        ({}, {"unit_count": "1.5"}, (None, "bad_units")),
        ({}, {"unit_count": None}, (None, "bad_units")),
        ({}, {"service_date": None}, (None, "no_date")),
        ({}, {"rendering_provider_taxonomy_code": "363A00000X"}, ("85.00", None)),
        ({}, {"mods": "GP CQ"}, ("85.00", None)),
        ({}, {"is_participating": False}, ("95.00", None)),
        ({}, {"charge_amount": 40}, ("40.00", None)),
        ({}, {"mods": "AS", "rendering_provider_taxonomy_code": "363A00000X"}, ("13.60", None)),
    ],
)
def test_one_line(small: Small, row: dict[str, Any], line: dict[str, Any], expected: tuple[Any, ...]) -> None:
    tables = small(fee_schedule=[fee("10000", "100", **row)])
    assert rows(tables, {"code": "10000", **line}) == [expected]


def test_limiting_charge_is_109_25_percent_of_the_fee(small: Small) -> None:
    tables = small(fee_schedule=[fee("10000", "100")])
    given = lines({"code": "10000", "is_participating": False}, {"code": "10000"})
    assert price(given, tables)["limiting_charge_amount"].to_pylist() == [Decimal("109.25"), None]


def test_53_has_rows_of_its_own(small: Small) -> None:
    tables = small(fee_schedule=[fee("45378", "300"), fee("45378", "150", "53")])
    assert rows(tables, {"code": "45378", "mods": "53"}) == [("150.00", None)]


def test_an_injection_is_paid_alone_only(small: Small) -> None:
    tables = small(fee_schedule=[fee("96372", "15", status_code="T"), fee("99213", "100")])
    assert rows(tables, {"code": "96372"}) == [("15.00", None)]
    assert rows(tables, {"code": "96372"}, {"code": "99213"}) == [("0.00", "bundled_injection"), ("100.00", None)]


def test_the_sixth_procedure_is_by_report(small: Small) -> None:
    codes = [f"1000{n}" for n in range(6)]
    tables = small(fee_schedule=[fee(code, "100", multiple_procedure_indicator="2") for code in codes])
    got = rows(tables, *({"code": code} for code in codes))
    assert got == [("100.00", None)] + [("50.00", None)] * 4 + [(None, "beyond_fifth")]


@pytest.mark.parametrize(("indicator", "expected"), [("6", "175.00"), ("7", "180.00")])
def test_cardiology_and_ophthalmology_reduce_the_lower_technical_part(
    small: Small, indicator: str, expected: str
) -> None:
    more = {"multiple_procedure_indicator": indicator, "pctc_indicator": "1"}
    tables = small(fee_schedule=[fee(code, "100", "TC", **more) for code in ("93001", "93002")])
    got = price(lines({"code": "93001", "mods": "TC"}, {"code": "93002", "mods": "TC"}), tables)
    assert sum(got["allowed_amount"].to_pylist()) == Decimal(expected)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"unit_count": 60, "unit_code": "MJ", "anesthesia_base_units": 5}, ("173.79", None)),  # (5 + 4) * 19.31
        ({"unit_count": 4, "unit_code": "UN", "anesthesia_base_units": 5}, ("173.79", None)),
        ({"unit_count": 50, "unit_code": "MJ", "anesthesia_base_units": 5}, ("160.92", None)),  # 160.91666..
        ({"unit_count": 60, "unit_code": "MJ", "anesthesia_base_units": 5, "mods": "QK"}, ("86.90", None)),  # 86.895
        ({"unit_count": 60, "unit_code": "MJ", "mods": "AD"}, ("57.93", None)),  # three base units
        ({"unit_count": 60, "unit_code": "MJ"}, (None, "no_base_units")),
        ({"unit_count": 0, "unit_code": "MJ", "anesthesia_base_units": 5}, (None, "no_minutes")),
    ],
)
def test_anesthesia(small: Small, line: dict[str, Any], expected: tuple[Any, ...]) -> None:
    tables = small(fee_schedule=[fee("00100", "0", status_code="J")])
    assert rows(tables, {"code": "00100", **line}) == [expected]


def test_laboratory_has_no_coinsurance(small: Small) -> None:
    tables = small(
        fee_schedule=[fee("80053", "0", status_code="X")], clfs=[{"hcpcs_code": "80053", "rate_amount": "10.56"}]
    )
    [row] = price(lines({"code": "80053", "unit_count": 2, "deductible_amount": 5}), tables).to_pylist()
    assert (row["allowed_amount"], row["coinsurance_amount"], row["sequestration_amount"]) == (
        Decimal("21.12"),
        Decimal("0.00"),
        Decimal("0.42"),
    )


def _addendum() -> list[dict[str, Any]]:
    given = {"99281": ("V", "80"), "11042": ("T", "300"), "11043": ("T", "500"), "36415": ("N", None),
             "71046": ("Q1", "90"), "80053": ("Q4", None), "27447": ("J1", "12000"), "J1100": ("K", "1.23"),
             "99999": ("E1", None), "90001": ("A", None), "90002": ("F", None)}  # fmt: skip
    return [
        {
            "hcpcs_code": code,
            "status_indicator": status,
            "payment_amount": rate and Decimal(rate).quantize(Decimal("0.01")),
        }
        for code, (status, rate) in given.items()
    ]


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["99281", "36415"], [("80.00", None), ("0.00", "packaged")]),
        (["11042", "11043"], [("150.00", None), ("500.00", None)]),
        (["71046"], [("90.00", None)]),
        (["71046", "99281"], [("0.00", "packaged"), ("80.00", None)]),
        (["80053"], [("10.56", None)]),
        (["80053", "99281"], [("0.00", "packaged"), ("80.00", None)]),
        (["27447", "11042", "J1100"], [("12000.00", None), ("0.00", "packaged"), ("0.00", "packaged")]),
        (["J1100"], [("1.23", None)]),
        (["99999"], [("0.00", "not_outpatient")]),
        (["90001"], [("42.00", None)]),
        (["90002"], [(None, "by_cost")]),
    ],
)
def test_outpatient_status(small: Small, codes: list[str], expected: list[tuple[Any, ...]]) -> None:
    tables = small(
        opps_status=_addendum(),
        clfs=[{"hcpcs_code": "80053", "rate_amount": "10.56"}],
        fee_schedule=[fee("90001", "42")],
    )
    assert rows(tables, *({"code": code, **_HOSPITAL} for code in codes)) == expected
    if len(codes) > 1:
        assert rows(tables, *({"code": code, **_HOSPITAL} for code in reversed(codes))) == expected[::-1]


def test_units_beyond_any_line_are_refused_and_never_wrap(small: Small) -> None:
    tables = small(fee_schedule=[fee("10000", "900")], clfs=[{"hcpcs_code": "80053", "rate_amount": "900.00"}])
    given = [{"code": code, "unit_count": 999_999} for code in ("10000", "80053")]
    assert rows(tables, *given) == [(None, "bad_units")] * 2


def test_drugs_by_units_outside_a_hospital(small: Small) -> None:
    tables = small(opps_status=_addendum(), fee_schedule=[fee("J1100", "0", status_code="E")])
    assert rows(tables, {"code": "J1100", "unit_count": "2.5"}) == [("3.08", None)]  # 3.075


def test_a_day_without_release_takes_the_next_of_its_year(small: Small) -> None:
    tables = small(fee_schedule=[fee("99213", "100", effective_from=date(2025, 10, 1))])
    got = price(lines({"code": "99213"}, {"code": "99213", "service_date": date(2024, 6, 2)}), tables).to_pylist()
    assert [row["allowed_amount"] for row in got] == [Decimal("100.00"), None]
    assert "later_release" in [step["rule"] for step in got[0]["steps"]]


def test_a_code_that_a_release_left_out_is_not_taken_from_the_next(small: Small) -> None:
    tables = small(
        fee_schedule=[
            fee("99213", "100", effective_from=date(2025, 1, 1), effective_to=date(2025, 9, 30)),
            fee("99214", "100", effective_from=date(2025, 10, 1)),
        ]
    )
    assert rows(tables, {"code": "99214"}) == [(None, "no_schedule")]


def test_no_lines_no_tables_and_missing_columns(small: Small) -> None:
    empty = Pricer(Tables({}))
    assert empty.price(lines({"code": "99213"}))["status"].to_pylist() == ["unpriced"]
    for pricer in (empty, Pricer(small(fee_schedule=[fee("99213", "1")]))):
        none = pricer.price(lines({"code": "99213"}).slice(0, 0))
        assert none.num_rows == 0
        assert none.schema == PRICED
    with pytest.raises(LinesError, match="procedure_code"):
        empty.price(lines({"code": "99213"}).drop_columns(["procedure_code"]))


def test_a_figure_that_would_lose_digits_is_refused(small: Small) -> None:
    with pytest.raises(PackError, match="2 decimals"):
        Pricer(small(fee_schedule=[fee("99213", "1.005")]))


def test_lines_of_a_reader_get_what_their_claim_says() -> None:
    claims = pa.Table.from_pylist(
        [
            {"file_id": "f", "claim_ordinal": n, "claim_type": kind, "facility_type_code": place}
            | {"billing_provider_zip": "35004", "statement_from_date": date(2025, 6, n)}
            for n, kind, place in ((1, "professional", "11"), (2, "institutional", "13"))
        ],
        schema=arrow("claims"),
    )
    given = pa.Table.from_pylist(
        [
            {"file_id": "f", "claim_ordinal": 2, "line_number": 1, "procedure_code": "99281"},
            {"file_id": "f", "claim_ordinal": 1, "line_number": 1, "place_of_service_code": "22"},
            {"file_id": "f", "claim_ordinal": 1, "line_number": 2},
        ],
        schema=arrow("claim_lines"),
    )
    got = lines_of({"claims": claims, "claim_lines": given}).to_pylist()
    assert [row["place_of_service_code"] for row in got] == [None, "22", "11"]
    assert [row["bill_type_code"] for row in got] == ["13", "11", "11"]
    assert [row["service_date"].day for row in got] == [2, 1, 1]


def test_a_trace_in_words(small: Small) -> None:
    tables = small(fee_schedule=[fee("10000", "100.05", bilateral_indicator="1")])
    [row] = price(lines({"code": "10000", "mods": "50", "charge_amount": 900}), tables).to_pylist()
    text = to_text(row)
    assert "150.08" in text
    assert "row: small line 1" in text
    document = to_document(row)
    assert [step["rule"] for step in document["trace"]] == ["fee_schedule", "bilateral_150", "lower_of_charge", "round"]
    assert document["trace"][0]["source"]["locality"] == "10112-00"


def test_rules_and_reasons_are_stored_as_small_numbers() -> None:
    assert len(NAMES) == len(BY_NAME) < 128
    assert len(REASONS) < 128
    assert all(rule.words and rule.citation for rule in BY_NAME.values())


def test_every_error_and_reason_has_its_line_in_the_docs(root: Path) -> None:
    page = (root / "docs" / "errors.md").read_text(encoding="utf-8")
    assert not [error.code for error in (ContractError, LinesError) if f"| `{error.code}` |" not in page]
    assert not [reason for reason, words in REASONS.items() if f"| `{reason}` | {words} |" not in page]
