"""Money to the cent: random histories of claims, one cent wrong in some of them, and amounts changed after the build.

Each history is a tenant of its own, so that one build holds hundreds and each is judged alone.
"""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from claims.warehouse.money import MARTS, MoneyError, MoneyReport, verify_money
from tests.dbt import story, tiny_lake
from tests.dbt.conftest import PROJECT, Warehouse
from tests.dbt.story import Answer, Claim, Line
from tests.examples import examples

DAY = date(2025, 3, 1)
CENT = Decimal("0.01")

# What one cent more breaks, and at which segment of the story's files (CLP 10, SVC 11, BPR 2, CLM 20).
CENTS: dict[tuple[str, str], set[tuple[str, int]]] = {
    ("remittances", "payment_amount"): {("transaction_payment", 2)},
    ("provider_adjustments", "amount"): {("transaction_payment", 2)},
    ("remittance_claims", "total_charge_amount"): {
        ("claim_payment", 10), ("claim_line_charges", 10), ("answered_charge", 10),
    },
    ("remittance_claims", "payment_amount"): {("claim_payment", 10), ("transaction_payment", 2)},
    ("remittance_claims", "patient_responsibility_amount"): {("claim_patient_responsibility", 10)},
    ("remittance_lines", "charge_amount"): {("line_payment", 11), ("claim_line_charges", 10)},
    ("remittance_lines", "payment_amount"): {("line_payment", 11)},
    ("remittance_adjustments", "amount"): {("line_payment", 11), ("claim_payment", 10)},
    ("claims", "total_charge_amount"): {("submitted_line_charges", 20), ("answered_charge", 10)},
    ("claim_lines", "charge_amount"): {("submitted_line_charges", 20)},
}  # fmt: skip


@dataclass
class History:
    """The files of one tenant, and the breaks that they must make: (identity, segment)."""

    claims: list[Claim]
    answers: list[Answer]
    breaks: set[tuple[str, int]] = field(default_factory=set)
    forward: bool = False
    cent: tuple[str, str] | None = None
    # What every row of `remittances` is given besides.
    payment: dict[str, Any] = field(default_factory=dict)


def dollars(cents: int) -> str:
    return str(Decimal(cents) / 100)


def line(charge: int, paid: int, patient: int, sign: int = 1) -> Line:
    """An answered line that balances: what is neither paid nor the patient's is contractual."""
    adjustments = [("CO", "45", charge - paid - patient), ("PR", "1", patient)]
    return Line(
        "99213",
        dollars(sign * charge),
        dollars(sign * paid),
        tuple((group, reason, dollars(sign * amount)) for group, reason, amount in adjustments if amount),
    )


KINDS = (
    "unanswered",
    "paid",
    "denied",
    "denied, then paid",
    "reversed",
    "reversed and corrected",
    "reversed in an earlier file",
    "without lines",
    "secondary",
    "of nobody",
    "recovered",
    "carried forward",
    "taken back, never carried",
    "reversal of nothing",
    "paid twice",
    "notice",
    "replaced",
    "told twice",
)


@st.composite
def histories(draw: st.DrawFn, kind: str, cent: tuple[str, str] | None = None) -> History:
    """A claim of up to three lines, some without a charge, and what became of it."""
    charges = [draw(st.integers(1_000, 90_000)), *draw(st.lists(st.sampled_from([0, 5, 12_345]), max_size=2))]
    paid = [draw(st.integers(1 if charge else 0, max(charge - 2, 0) or charge)) for charge in charges]
    patient = [draw(st.integers(0, charge - one)) for charge, one in zip(charges, paid, strict=True)]
    amounts = list(zip(charges, paid, patient, strict=True))
    sent = Claim("k1", DAY, tuple(Line("99213", dollars(charge)) for charge in charges))
    good = tuple(line(*amount) for amount in amounts)
    back = tuple(line(*amount, sign=-1) for amount in amounts)
    bad = tuple(Line("99213", dollars(c), "0", (("CO", "16", dollars(c)),) if c else ()) for c in charges)

    def answer(days: int, lines: tuple[Line, ...], status: str = "1", number: str = "n1", **more: Any) -> Answer:
        return Answer("k1", DAY + timedelta(days), lines, status, number, **more)

    paid_once = [answer(10, good)]
    reversed_once = [*paid_once, answer(20, back, "22")]
    whole = sum(charges)
    if kind == "unanswered":
        return History([sent], [])
    if kind == "denied":
        return History([sent], [answer(10, bad, "4")])
    if kind == "denied, then paid":
        return History([sent], [answer(10, bad, "4"), answer(30, good, "1", "n2")])
    if kind == "reversed":
        return History([sent], reversed_once)
    if kind == "reversed and corrected":
        return History([sent], [*reversed_once, answer(20, bad, "4", file="r9")])
    if kind == "reversed in an earlier file":
        return History([sent], [answer(5, back, "22"), *paid_once])
    if kind == "without lines":
        rest = dollars(whole - sum(paid))
        level = (("CO", "45", rest),) if Decimal(rest) else ()
        return History(
            [sent], [answer(10, (), charge=dollars(whole), paid=dollars(sum(paid)), claim_adjustments=level)]
        )
    if kind == "secondary":
        first = sum(paid)
        second = Claim("k1", DAY + timedelta(15), sent.lines, payer="PAY2", responsibility="S")
        level = (("OA", "23", dollars(first)),) if first else ()
        rest = answer(
            30, (), "2", "n2", payer="PAY2", charge=dollars(whole), paid=dollars(whole - first), claim_adjustments=level
        )
        return History([sent, second], [*paid_once, rest])
    if kind == "of nobody":
        return History([sent], [Answer("k0", DAY + timedelta(10), good, "1", "n0")])
    if kind == "recovered":
        return History([sent], [answer(10, good, provider_adjustment="-12.34")])
    if kind == "carried forward":
        again = answer(20, bad, "4", "n2", provider_adjustment="7.77")
        return History([sent], [answer(10, bad, "4", provider_adjustment="-7.77"), again], forward=True)
    if kind == "taken back, never carried":
        return History([sent], [answer(10, good, provider_adjustment="7.77")], {("forward_balance", 99)}, forward=True)
    if kind == "reversal of nothing":
        return History([sent], [answer(10, back, "22")], {("reversal_without_answer", 10)})
    if kind == "paid twice":
        # The first of two answers that both paid, with nothing that takes it back.
        return History([sent], [*paid_once, answer(20, good, "1", "n2")], {("answer_not_reversed", 10)})
    if kind == "notice":
        return History([sent], paid_once, {("deposit_without_payment", 2)}, payment={"payment_method_code": "NON"})
    if kind == "told twice":
        same = {"trace_number": "t1", "payer_trace_id": "1999999999", "payment_date": DAY}
        twice = [*paid_once, answer(25, good, "1", "n2")]
        return History([sent], twice, {("deposit_repeated", 2), ("answer_not_reversed", 10)}, payment=same)
    if kind == "replaced":
        fixed = Claim("k1", DAY + timedelta(20), sent.lines, frequency="7")
        return History([sent, fixed], [answer(10, bad, "4"), answer(30, good, "1", "n2", frequency="7")])
    if cent:
        one = answer(10, (line(charges[0] + 1, 1, 0),), provider_adjustment="1.00")
        alone = Claim("k1", DAY, (Line("99213", dollars(charges[0] + 1)),))
        return History([alone], [one], CENTS[cent], cent=cent)
    return History([sent], paid_once)


def lake_of(root: Path, told: dict[str, History]) -> Path:
    rows: dict[str, list[dict[str, Any]]] = {}
    for tenant, history in told.items():
        for table, found in story.rows(history.claims, history.answers).items():
            for row in found:
                row["tenant_id"] = tenant
                if table == "provider_adjustments" and history.forward:
                    row.update({"reason_code": "FB", "provider_id": "1999999984"})
                if table == "remittances":
                    row.update(history.payment)
            if history.cent and history.cent[0] == table:
                found[0][history.cent[1]] += CENT
            rows.setdefault(table, []).extend(found)
    return tiny_lake.write(root, rows)


def build(lake: Path, folder: Path) -> Path:
    made = Warehouse(PROJECT, lake, folder / "warehouse.duckdb")
    # The identities that are tests of their own; what a column may hold is other tests' matter.
    chosen = ["path:models/intermediate/int_changes__builds.sql", *(f"+{mart}" for mart in MARTS)]
    kinds = ["--exclude", "test_type:generic", "test_type:unit", "--indirect-selection", "cautious"]
    statuses = made.dbt("build", *kinds, "--select", *chosen)
    bad = {node: status for node, status in statuses.items() if status not in {"success", "pass", "warn"}}
    assert not bad, bad
    return made.path


@settings(
    max_examples=examples(2), deadline=None, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(st.tuples(*(histories(kind) for kind in KINDS * 3), *(histories("paid", cent) for cent in sorted(CENTS))))
def test_every_cent_of_any_history_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[History, ...]
) -> None:
    """Exactly the breaks that a history makes, each on its segment, and nothing unexplained anywhere."""
    folder = tmp_path_factory.mktemp("money")
    told = {f"t{number:03d}": history for number, history in enumerate(drawn)}
    report = verify_money(build(lake_of(folder / "lake", told), folder), folder / "lake")
    found: dict[str, Counter[tuple[str, int]]] = {tenant: Counter() for tenant in told}
    for one in report.breaks:
        found[one.tenant][one.identity, one.segment_ordinal] += 1
    assert {history.cent for history in drawn if history.cent} == set(CENTS)
    for tenant, history in told.items():
        assert found[tenant] == Counter(history.breaks), (tenant, history)
    assert report.holds, [check for check in report.checks if check.wrong]
    assert report.unexplained == 0


CLAIMS = [
    Claim("k1", DAY, (Line("99213", "100.00"), Line("93000", "0"))),
    Claim("k2", DAY, (Line("99214", "80.00"),)),
]
ANSWERS = [
    Answer("k1", DAY + timedelta(10), (line(10_000, 6_000, 1_000), Line("93000", "0")), "1", "n1",
           provider_adjustment="5.00"),
    Answer("k1", DAY + timedelta(20), (line(10_000, 6_000, 1_000, -1), Line("93000", "0")), "22", "n1"),
    Answer("k1", DAY + timedelta(20), (line(10_000, 7_000, 1_000), Line("93000", "0")), "1", "n2", file="r9"),
    Answer("k2", DAY + timedelta(10), (Line("99214", "80.00", "40.00", (("CO", "45", "35.00"),)),), "1", "n3"),
]  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a lake and its warehouse: two claims, a reversal, a recovery and 5.00 that do not come out."""
    folder = tmp_path_factory.mktemp("tampered")
    build(lake_of(folder / "lake", {"alder": History(CLAIMS, ANSWERS)}), folder)
    return folder


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "copy"))


def verify(folder: Path) -> MoneyReport:
    return verify_money(folder / "warehouse.duckdb", folder / "lake")


def test_a_listed_break_is_accounted_for(built: Path) -> None:
    report = verify(built)
    assert report.holds
    assert {(one.identity, one.difference) for one in report.breaks} == {
        ("line_payment", Decimal("5.00")),
        ("claim_payment", Decimal("5.00")),
    }
    payments = next(one for one in report.statements if one.level == "transaction")
    assert (payments.total, payments.rest) == (Decimal("110.00"), Decimal(0))
    assert payments.parts["payments"] == Decimal("105.00")
    assert payments.parts["overpayments_recovered"] == Decimal("5.00")


TAMPERED = [
    *(("fct_claims", f"{column}_amount") for column in ("charge", "paid", "contractual", "open_balance", "superseded")),
    *(("fct_claim_lines", f"{column}_amount") for column in ("charge", "paid", "contractual", "denied")),
    *(("fct_remittances", f"{column}_amount") for column in ("charge", "payment", "contractual", "denied")),
    *(("fct_remittance_lines", f"{column}_amount") for column in ("charge", "payment", "patient_responsibility")),
    *(("fct_payments", f"{column}_amount") for column in ("payment", "claim_payment", "provider_adjustment")),
    ("fct_provider_adjustments", "adjustment_amount"),
    ("fct_reconciliation_breaks", "difference_amount"),
]


@pytest.mark.parametrize(("mart", "column"), TAMPERED)
def test_one_cent_changed_in_the_warehouse_is_found(copy: Path, mart: str, column: str) -> None:
    with duckdb.connect(str(copy / "warehouse.duckdb")) as connection:
        connection.execute(
            f"update marts.{mart} set {column} = {column} + 0.01 where rowid = (select min(rowid) from marts.{mart})"
        )
    report = verify(copy)
    assert not report.holds
    assert report.unexplained >= CENT


@pytest.mark.parametrize("mart", MARTS)
def test_a_row_gone_from_the_warehouse_is_found(copy: Path, mart: str) -> None:
    with duckdb.connect(str(copy / "warehouse.duckdb")) as connection:
        connection.execute(f"delete from marts.{mart} where rowid = (select max(rowid) from marts.{mart})")
    assert not verify(copy).holds


def test_two_changes_that_cancel_are_found(copy: Path) -> None:
    with duckdb.connect(str(copy / "warehouse.duckdb")) as connection:
        connection.execute(
            "update marts.fct_payments set payment_amount = payment_amount + case file_id when 'r1' then 1 else -1 end "
            "where file_id in ('r1', 'r2')"
        )
    report = verify(copy)
    assert (report.wrong, report.unexplained) == (2, Decimal("2.00"))


@pytest.mark.parametrize(
    ("table", "column"),
    [*sorted(CENTS), ("remittances", "payment_amount")],
)
def test_one_cent_changed_in_the_lake_is_found(copy: Path, table: str, column: str) -> None:
    change(copy, table, lambda data: plus_a_cent(data, column))
    assert not verify(copy).holds


@pytest.mark.parametrize("table", sorted({table for table, _ in CENTS}))
def test_a_row_gone_from_the_lake_is_found(copy: Path, table: str) -> None:
    change(copy, table, lambda data: data.slice(1))
    assert not verify(copy).holds


def change(folder: Path, table: str, how: Callable[[pa.Table], pa.Table]) -> None:
    path = folder / "lake" / "bronze" / table / "alder" / "2025-01.parquet"
    pq.write_table(how(pq.ParquetFile(path).read()), path)


def plus_a_cent(data: pa.Table, column: str) -> pa.Table:
    first = pa.array([number == 0 for number in range(data.num_rows)])
    more = pc.add(data[column], pa.scalar(CENT, pa.decimal128(18, 2))).cast(data.schema.field(column).type)
    return data.set_column(
        data.schema.get_field_index(column), data.schema.field(column), pc.if_else(first, more, data[column])
    )


def test_no_warehouse_is_said(tmp_path: Path) -> None:
    with pytest.raises(MoneyError, match="no warehouse yet"):
        verify_money(tmp_path / "none.duckdb", tmp_path)


def test_a_warehouse_without_marts_is_said(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "w.duckdb")).close()
    with pytest.raises(MoneyError, match=r"lacks marts\.fct_claims"):
        verify_money(tmp_path / "w.duckdb", tmp_path)
