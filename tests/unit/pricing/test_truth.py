"""The published fees of one locality to the cent, and the worked examples of the modifiers, each by its name."""

import csv
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from claims.pricing import Pricer, price, replay
from tests.unit.pricing.tables import Tables, fee, lines

Small = Callable[..., Tables]
_SURGERY = {"multiple_procedure_indicator": "2"}
# Revised in the middle of 2025; the file of October has the later figure outside a facility.
_REVISED = {("0446T", "11")}


def amounts(table: object) -> list[Decimal]:
    return table["allowed_amount"].to_pylist()  # type: ignore[index]


def published(folder: Path) -> Iterator[tuple[str, str, Decimal]]:
    with (folder / "reference" / "truth" / "pfal25a_alabama_sample.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            yield row["hcpcs"], "11", Decimal(row["nonfacility_fee"])
            yield row["hcpcs"], "22", Decimal(row["facility_fee"])


def test_the_published_fees_of_alabama_to_the_cent(official: Tables, shared_dir: Path) -> None:
    wanted = list(published(shared_dir))
    given = lines(
        *(
            {"code": code, "place_of_service_code": place, "claim_ordinal": n}
            for n, (code, place, _) in enumerate(wanted)
        )
    )
    got = dict(zip([(code, place) for code, place, _ in wanted], amounts(price(given, official)), strict=True))
    wrong = {(code, place) for code, place, amount in wanted if got[code, place] != amount}
    assert wrong == _REVISED
    assert len(wanted) == 32


def test_a_release_holds_on_its_days(official: Tables) -> None:
    """2024 had two conversion factors and two releases; the trace says which were used."""
    days = ["2024-03-08", "2024-03-09", "2024-07-01", "2025-01-01"]
    given = lines(
        *({"code": "99213", "claim_ordinal": n, "service_date": date.fromisoformat(day)} for n, day in enumerate(days))
    )
    out = price(given, official).to_pylist()
    assert [row["conversion_factor"] for row in out] == [
        Decimal(v) for v in ("32.7442", "33.2875", "33.2875", "32.3465")
    ]
    assert [row["release"] for row in out] == ["rvu24a_jan", "rvu24a_jan", "rvu24c_jul", "rvu25d_oct"]


def test_ex01_multiple_surgery_100_50_50(small: Small) -> None:
    rows = {"35301": "1043.48", "35261": "1010.60", "35201": "922.90"}
    tables = small(fee_schedule=[fee(code, amount, **_SURGERY) for code, amount in rows.items()])
    got = amounts(price(lines(*({"code": code, "mods": "51"} for code in reversed(rows))), tables))
    assert got == [Decimal("461.45"), Decimal("505.30"), Decimal("1043.48")]


def _bilateral(small: Small, indicator: str = "1") -> Tables:
    return small(
        fee_schedule=[
            fee("29870", "365.31", bilateral_indicator=indicator, **_SURGERY),
            fee("29345", "115.04", bilateral_indicator=indicator, **_SURGERY),
        ]
    )


def test_ex02_bilateral_indicator_1_is_150_percent(small: Small) -> None:
    """The exact product is 547.965; the source cuts it to 547.96, half up gives 547.97."""
    assert amounts(price(lines({"code": "29870", "mods": "50"}), _bilateral(small))) == [Decimal("547.97")]


def test_ex03_bilateral_before_multiple(small: Small) -> None:
    got = amounts(price(lines({"code": "29870", "mods": "50"}, {"code": "29345", "mods": "50"}), _bilateral(small)))
    assert got == [Decimal("547.97"), Decimal("86.28")]


def test_ex04_endoscopy_family(small: Small) -> None:
    family = {"multiple_procedure_indicator": "3", "endoscopic_base_code": "29805"}
    tables = small(
        fee_schedule=[
            fee("29805", "200.00", **_SURGERY),
            fee("29807", "310.02", **family),
            fee("29819", "275.12", **family),
            fee("29820", "270.13", **family),
        ]
    )
    got = price(lines(*({"code": code} for code in ("29805", "29807", "29819", "29820"))), tables)
    assert amounts(got) == [Decimal("0.00"), Decimal("310.02"), Decimal("75.12"), Decimal("70.13")]
    assert sum(amounts(got)) == Decimal("455.27")
    assert got["reason"].to_pylist()[0] == "base_in_family"


def test_families_are_ranked_after_their_own_rule(small: Small) -> None:
    """A family worth 455.27 before a procedure of 400: the procedure is the second of the day."""
    family = {"multiple_procedure_indicator": "3", "endoscopic_base_code": "29805"}
    tables = small(
        fee_schedule=[
            fee("29805", "200.00", **_SURGERY),
            fee("29807", "310.02", **family),
            fee("29819", "345.25", **family),
            fee("11606", "400.00", **_SURGERY),
        ]
    )
    got = amounts(price(lines({"code": "11606"}, {"code": "29807"}, {"code": "29819"}), tables))
    assert got == [Decimal("200.00"), Decimal("110.02"), Decimal("345.25")]


def _imaging() -> list[dict[str, object]]:
    more = {"multiple_procedure_indicator": "4", "pctc_indicator": "1", "imaging_family": "88"}
    out = []
    for code, professional, technical in (("70001", 100, 500), ("70002", 80, 400)):
        out += [
            fee(code, str(professional + technical), **more),
            fee(code, str(professional), "26", **more),
            fee(code, str(technical), "TC", **more),
        ]
    return out


@pytest.mark.parametrize(("modifier", "total"), [("26", "176.00"), ("TC", "700.00"), ("", "876.00")],
                         ids=["EX05 professional", "EX06 technical", "EX07 global"])  # fmt: skip
def test_ex05_ex06_ex07_imaging(small: Small, modifier: str, total: str) -> None:
    got = price(
        lines(*({"code": code, "mods": modifier} for code in ("70002", "70001"))), small(fee_schedule=_imaging())
    )
    assert sum(amounts(got)) == Decimal(total)


@pytest.mark.parametrize(("modifier", "amount", "expected"), [("80", "1000", "160.00"), ("AS", "1000", "136.00"),
                                                              ("80", "785", "125.60"), ("62", "1000", "625.00")],
                         ids=["EX08", "EX09", "EX10", "EX11"])  # fmt: skip
def test_ex08_to_ex11_assistants_and_co_surgeons(small: Small, modifier: str, amount: str, expected: str) -> None:
    got = price(lines({"code": "22842", "mods": modifier}), small(fee_schedule=[fee("22842", amount)]))
    assert amounts(got) == [Decimal(expected)]


def test_ex12_sequestration(small: Small) -> None:
    row = price(
        lines({"code": "99213", "deductible_amount": 50}), small(fee_schedule=[fee("99213", "100")])
    ).to_pylist()[0]
    assert (row["payment_amount"], row["coinsurance_amount"], row["sequestration_amount"]) == (
        Decimal("39.20"),
        Decimal("10.00"),
        Decimal("0.80"),
    )


@pytest.mark.parametrize("indicator", ["0", "2"])
def test_ex13_bilateral_indicator_0_or_2(small: Small, indicator: str) -> None:
    tables = small(fee_schedule=[fee("20000", "125", bilateral_indicator=indicator)])
    got = price(
        lines(
            {"code": "20000", "mods": "LT", "charge_amount": 100}, {"code": "20000", "mods": "RT", "charge_amount": 100}
        ),
        tables,
    )
    assert sum(amounts(got)) == Decimal("125.00")
    assert amounts(got) == [Decimal("100.00"), Decimal("25.00")]


def test_ex14_therapy_pays_half_the_practice_expense(official: Tables) -> None:
    """The formula of the published column, worked out here apart from the kernel."""
    work, pe, mp, factor = (Decimal(v) for v in ("0.45", "0.43", "0.01", "32.3465"))
    full = (work + pe * Decimal("0.869") + mp * Decimal("0.575")) * factor
    half = (work + pe / 2 * Decimal("0.869") + mp * Decimal("0.575")) * factor
    got = amounts(price(lines({"code": "97110", "unit_count": 3}), official))
    assert got == [(full + 2 * half).quantize(Decimal("0.01"))]


def test_ex15_opps_cap_is_the_lower_of_two(official: Tables) -> None:
    fees = official.table("fee_schedule").to_pylist()
    capped = [
        row
        for row in fees
        if row["release"] == "rvu25d_oct"
        and row["opps_mp_rvu"]
        and row["status_code"] == "A"
        and row["work_rvu"] + row["mp_rvu"]
    ]
    given = lines(
        *({"code": row["hcpcs_code"], "mods": row["modifier"], "claim_ordinal": n} for n, row in enumerate(capped))
    )
    out = price(given, official)
    indices = (Decimal(1), Decimal("0.869"), Decimal("0.575"))
    factor = Decimal("32.3465")
    for row, got in zip(capped, amounts(out), strict=True):
        plain = _formula(row["work_rvu"], row["nonfacility_pe_rvu"], row["mp_rvu"], indices) * factor
        cap = _formula(row["work_rvu"], row["opps_nonfacility_pe_rvu"], row["opps_mp_rvu"], indices) * factor
        assert got == min(plain, cap).quantize(Decimal("0.01"), "ROUND_HALF_UP"), row["hcpcs_code"]
    assert any("opps_cap" in [step["rule"] for step in steps] for steps in out["steps"].to_pylist())


def _formula(work: Decimal, pe: Decimal, mp: Decimal, indices: tuple[Decimal, Decimal, Decimal]) -> Decimal:
    return work * indices[0] + pe * indices[1] + mp * indices[2]


@pytest.mark.parametrize(("place", "setting"), [("11", "nonfacility"), ("22", "facility")])
def test_every_payable_row_of_the_file_to_the_cent(official: Tables, place: str, setting: str) -> None:
    """All rows A, R and T of October 2025, worked out here in plain decimals, against the kernel and its own trace."""
    fees = [
        row
        for row in official.table("fee_schedule").to_pylist()
        if row["release"] == "rvu25d_oct" and row["status_code"] in "ART" and row["nonfacility_total_rvu"]
        if not (setting == "facility" and row["pctc_indicator"] == "5")
    ]
    given = lines(
        *(
            {"code": row["hcpcs_code"], "mods": row["modifier"], "claim_ordinal": n}
            | {"locality_code": "02102-01", "place_of_service_code": place}
            for n, row in enumerate(fees)
        )
    )
    out = Pricer(official).price(given)
    alaska = next(row for row in official.table("gpci").to_pylist() if row["mac"] == "02102")
    indices = (alaska["work_gpci"], alaska["pe_gpci"], alaska["mp_gpci"])
    factor, cent = Decimal("32.3465"), Decimal("0.01")
    for row, got, steps in zip(fees, amounts(out), out["steps"].to_pylist(), strict=True):
        exact = _formula(row["work_rvu"], row[f"{setting}_pe_rvu"], row["mp_rvu"], indices) * factor
        if row["opps_mp_rvu"] or row["opps_nonfacility_pe_rvu"] or row["opps_facility_pe_rvu"]:
            cap = _formula(row["work_rvu"], row[f"opps_{setting}_pe_rvu"], row["opps_mp_rvu"], indices) * factor
            exact = min(exact, cap)
        assert got == exact.quantize(cent, "ROUND_HALF_UP"), row["hcpcs_code"]
        assert replay(steps)[-1] == got
    assert len(fees) > 9_000
