"""From any row of any mart back to file, transaction set, segment and bytes.

A mart has the columns of provenance, or a key that leads to rows of a mart that has them, or it is a code list. The
bytes are then read from landing with a splitter of this test's own, and must be the segment that the row says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

import duckdb
import pytest

from claims.store import open_store
from claims.warehouse.publishing import SHARED_MARTS
from orchestration.settings import Settings

PROVENANCE = {"file_id", "transaction_ordinal", "segment_ordinal", "byte_offset"}

_MONTH = "date_trunc('month', f.submitted_date)"
_PAYER = "coalesce(f.payer_id, 'unknown') = a.payer_id"
_PROVIDER = "coalesce(f.rendering_provider_npi, 'unknown') = a.rendering_provider_npi"
_PROCEDURE = "coalesce(f.procedure_code, 'unknown') = a.procedure_code"
# The sums of a KPI: tests/dbt/test_kpis.py finds the very rows of each by the register.
_KPI = (("fct_claims", f"{_PAYER} and {_PROVIDER}"), ("fct_remittances", _PAYER))
_KPIS = (
    "aged_ar", "cash_collection_rate", "charge_lag", "clean_claim_rate", "cost_to_collect", "denial_to_appeal",
    "denial_to_resolution", "denial_write_off_rate", "denials_overturned", "denied_line", "first_pass_resolution",
    "first_pass_yield", "initial_denial_rate", "net_collection_rate", "net_days_in_ar", "payer_lag", "posting_lag",
    "primary_denial_rate", "underpayment_variance",
)  # fmt: skip
# Entered by hand: no file says it.
ENTERED = {"fct_revenue_cycle_costs"}
# mart without provenance -> marts with it, and how the key of a row `a` finds rows `f` there.
KEYS: dict[str, tuple[tuple[str, str], ...]] = {
    **{f"agg_{name}": _KPI for name in _KPIS},
    "agg_kpi_comparison": (("fct_claims", "true"), ("fct_remittances", "true")),
    "agg_denials_monthly": (
        ("fct_claims", f"f.is_primary and f.is_first_pass and {_MONTH} = a.month_date and {_PAYER} and {_PROVIDER}"),
    ),
    "agg_denied_lines_monthly": (
        (
            "fct_claim_lines",
            f"{_MONTH} = a.month_date and {_PAYER} and {_PROVIDER} and {_PROCEDURE}",
        ),
    ),
    "agg_rule_performance": (("fct_claim_edits", f"{_MONTH} = a.month_date and {_PAYER} and f.rule_id = a.rule_id"),),
    # A month without movement still has the receivables of the months before it.
    "agg_revenue_monthly": (
        ("fct_claims", f"{_MONTH} <= a.month_date and {_PAYER}"),
        ("fct_remittances", f"date_trunc('month', f.adjudicated_date) <= a.month_date and {_PAYER}"),
    ),
    "dim_facility": (("fct_claims", "f.facility_id = a.facility_id"),),
    "dim_patient": (("fct_claims", "f.patient_key = a.patient_key"),),
    "dim_payer_history": (("fct_claims", "f.payer_id = a.payer_id"), ("fct_remittances", "f.payer_id = a.payer_id")),
    "dim_provider_history": (
        ("fct_claims", "a.provider_npi in (f.billing_provider_npi, f.rendering_provider_npi)"),
        ("fct_remittances", "f.payee_npi = a.provider_npi"),
    ),
    "dim_tenant": (("fct_claims", "f.tenant_id = a.tenant_id"),),
    "dim_payer": (("fct_claims", "f.payer_id = a.payer_id"), ("fct_remittances", "f.payer_id = a.payer_id")),
    "dim_provider": (
        ("fct_claims", "a.provider_npi in (f.billing_provider_npi, f.rendering_provider_npi)"),
        ("fct_remittances", "f.payee_npi = a.provider_npi"),
    ),
}


@pytest.fixture(scope="module")
def warehouse(demo_home: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(demo_home.warehouse_path), read_only=True) as connection:
        yield connection


def marts(warehouse: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    columns: dict[str, set[str]] = {}
    for table, column in warehouse.execute(
        "select table_name, column_name from information_schema.columns where table_schema = 'marts'"
    ).fetchall():
        columns.setdefault(table, set()).add(column)
    return columns


def test_every_mart_has_provenance_or_a_key_that_leads_to_it(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = marts(warehouse)
    lost = sorted(
        name
        for name, columns in found.items()
        if not (columns >= PROVENANCE or name in KEYS or name in SHARED_MARTS | ENTERED)
    )
    assert not lost, f"no way back from {lost}: add the columns of provenance, or a key to KEYS"
    assert set(KEYS) <= set(found)
    assert all(found[name] >= PROVENANCE for sources in KEYS.values() for name, _ in sources)


def test_rows_with_provenance_have_it_whole(warehouse: duckdb.DuckDBPyConnection) -> None:
    for name, columns in marts(warehouse).items():
        if columns >= PROVENANCE:
            missing = " or ".join(f"{column} is null" for column in sorted(PROVENANCE))
            [(count,)] = warehouse.execute(f"select count(*) from marts.{name} where {missing}").fetchall()
            assert count == 0, name


@pytest.mark.parametrize("name", sorted(KEYS))
def test_the_key_of_every_row_leads_to_rows_with_provenance(warehouse: duckdb.DuckDBPyConnection, name: str) -> None:
    found = " or ".join(
        f"exists (select 1 from marts.{source} as f where f.tenant_id = a.tenant_id and {condition})"
        for source, condition in KEYS[name]
    )
    [(total, led)] = warehouse.execute(
        f"select count(*), count(*) filter (where {found}) from marts.{name} as a"
    ).fetchall()
    assert total > 0
    assert led == total, f"{total - led} rows of {name} lead nowhere"


@dataclass(frozen=True)
class _File:
    """A file split without the codec: the segments of each ST, with their offsets."""

    sets: tuple[tuple[tuple[int, bytes], ...], ...]
    element: bytes


@cache
def _split(path: Path) -> _File:
    data = path.read_bytes()
    element, terminator = data[3:4], data[105:106]
    sets: list[list[tuple[int, bytes]]] = []
    at = 0
    while at < len(data):
        end = data.find(terminator, at)
        end = len(data) if end < 0 else end
        raw = data[at:end]
        begin = at + len(raw) - len(raw.lstrip())
        if raw.strip().startswith(b"ST" + element):
            sets.append([])
        if sets and raw.strip():
            sets[-1].append((begin, raw.strip()))
        at = end + 1
    return _File(tuple(tuple(one) for one in sets), element)


@pytest.fixture(scope="module")
def paths(demo_home: Settings) -> dict[str, Path]:
    with open_store(demo_home.store_url) as store:
        return {f.file_id: demo_home.landing / f.path for t in demo_home.tenants for f in store.ledger.history(t)}


def rows(
    warehouse: duckdb.DuckDBPyConnection, paths: dict[str, Path], mart: str, *columns: str
) -> Iterator[tuple[list[bytes], list[bytes], tuple[object, ...]]]:
    """Elements of the row's own segment, those of the one behind it, and `columns`, of 200 rows of a mart."""
    wanted = ", ".join(["file_id", "transaction_ordinal", "segment_ordinal", "byte_offset", *columns])
    query = f"select {wanted} from marts.{mart} order by hash(file_id || byte_offset) limit 200"
    for file_id, transaction, segment, offset, *values in warehouse.execute(query).fetchall():
        file = _split(paths[file_id])
        own = file.sets[transaction - 1]
        at, raw = own[segment - 1]
        assert at == offset, "ordinal and offset are of one segment"
        data = paths[file_id].read_bytes()
        assert data[offset : offset + len(raw)] == raw
        yield raw.split(file.element), own[segment][1].split(file.element), tuple(values)


def test_every_mart_with_provenance_leads_to_the_bytes_of_a_segment(
    warehouse: duckdb.DuckDBPyConnection, paths: dict[str, Path]
) -> None:
    led = set()
    for name, columns in marts(warehouse).items():
        if not columns >= PROVENANCE:
            continue
        for own, behind, _ in rows(warehouse, paths, name):
            assert own[0].isalnum(), name
            assert behind[0].isalnum(), name
            led.add(name)
    # A day on which everything adds up has no breaks; every other mart must have had rows to follow.
    expected = {name for name, columns in marts(warehouse).items() if columns >= PROVENANCE}
    # A small network may have neither a sum that does not come out nor a payer short of his price.
    assert led >= expected - {"fct_reconciliation_breaks", "fct_underpayments"}


def test_a_claim_is_its_clm(warehouse: duckdb.DuckDBPyConnection, paths: dict[str, Path]) -> None:
    seen = 0
    for own, _, (charge, claim_id, file_id) in rows(
        warehouse, paths, "fct_claims", "charge_amount", "claim_id", "file_id"
    ):
        assert own[0] == b"CLM"
        assert Decimal(own[2].decode()) == charge
        assert str(claim_id).startswith(f"{file_id}-")
        seen += 1
    assert seen == 200


def test_a_claim_line_is_its_lx_with_its_service(warehouse: duckdb.DuckDBPyConnection, paths: dict[str, Path]) -> None:
    for own, behind, (charge, procedure) in rows(
        warehouse, paths, "fct_claim_lines", "charge_amount", "procedure_code"
    ):
        assert own[0] == b"LX"
        assert behind[0] in (b"SV1", b"SV2", b"SV3")
        is_institutional = behind[0] == b"SV2"
        assert Decimal(behind[3 if is_institutional else 2].decode()) == charge
        # An institutional line without a procedure has its revenue code in its place.
        assert any(str(procedure).encode() in code for code in behind[1 : 3 if is_institutional else 2])


def test_a_remittance_is_its_clp(warehouse: duckdb.DuckDBPyConnection, paths: dict[str, Path]) -> None:
    for own, _, (charge, paid, status) in rows(
        warehouse, paths, "fct_remittances", "charge_amount", "payment_amount", "claim_status_code"
    ):
        assert own[0] == b"CLP"
        assert (Decimal(own[3].decode()), Decimal(own[4].decode())) == (charge, paid)
        assert own[2].decode() == status


def test_a_denial_is_its_cas(warehouse: duckdb.DuckDBPyConnection, paths: dict[str, Path]) -> None:
    for own, _, (group, reason) in rows(warehouse, paths, "fct_denials", "group_code", "reason_code"):
        assert own[0] == b"CAS"
        assert own[1].decode() == group
        assert str(reason).encode() in own[2::3]


def test_a_step_of_a_claims_life_is_the_segment_that_says_so(
    warehouse: duckdb.DuckDBPyConnection, paths: dict[str, Path]
) -> None:
    says = {"837": {b"CLM"}, "835": {b"CLP"}, "277CA": {b"STC"}, "277": {b"STC"}, "999": {b"IK5", b"AK9"}}
    for own, _, (source,) in rows(warehouse, paths, "fct_claim_status_history", "source"):
        assert own[0] in says[str(source)]
