"""Ingest: from pending files to lake and vault, again without change, and around what is broken."""

import shutil
from datetime import date
from pathlib import Path

import pyarrow.compute as pc
import pytest

from claims import schema
from claims.lake import Lake, LakeSchemaError
from claims.simulator import simulate
from claims.store import open_store
from claims.store.ledger import LedgerFile, Registered
from claims.store.models import FileState
from compliance.vault import Vault
from orchestration.commands.ingest import Choice, chosen_files
from orchestration.defs.bronze.ingest import REPLAY, IngestReport, ingest_pending, reader_version
from orchestration.exits import CommandError
from orchestration.settings import Settings

DAY = date(2025, 3, 4)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The landing of a small network."""
    home = tmp_path_factory.mktemp("network")
    simulate(home, claims=60, seed=3, months=2)
    return home / "landing"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def run(settings: Settings, **options: int) -> tuple[Registered, IngestReport]:
    with open_store(settings.store_url) as store:
        registered = store.ledger.register(store.ledger.scan_all(settings.landing))
    return registered, ingest_pending(settings, progress=lambda _: None, **options)


def history(settings: Settings, tenant: str = "alder") -> list[LedgerFile]:
    with open_store(settings.store_url) as store:
        return store.ledger.history(tenant)


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {str(p): (p.stat().st_mtime_ns, p.read_bytes()) for p in folder.rglob("*.parquet")}


def land(settings: Settings, data: bytes, name: str, feed: str = "837", day: date = DAY) -> None:
    path = settings.landing / "alder" / feed / f"{day}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def interchange(control: str = "000000001", account: str = "ACC1", sets: int = 1, broken: int = 0) -> bytes:
    """An 837P of `sets` claims; the SE01 of set number `broken` is wrong."""
    isa = f"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *250304*1200*^*00501*{control}*0*P*:~"
    out = [isa, "GS*HC*SENDER*RECEIVER*20250304*1200*1*X*005010X222A1~"]
    for n in range(1, sets + 1):
        body = [
            f"ST*837*{n:04d}*005010X222A1~", "BHT*0019*00*1*20250304*1200*CH~", "NM1*41*2*CLINIC*****46*S1~",
            "PER*IC*BOB*TE*5551234567~",
            "NM1*40*2*PAYER*****46*P1~", "HL*1**20*1~", "NM1*85*2*CLINIC*****XX*1234567893~", "N3*1 MAIN ST~",
            "N4*SEATTLE*WA*981010001~", "REF*EI*123456789~", "HL*2*1*22*0~", "SBR*P*18*******CI~",
            "NM1*IL*1*DOE*JANE****MI*MEM123~", "N3*2 ELM ST~", "N4*SEATTLE*WA*981010002~", "DMG*D8*19800517*F~",
            "NM1*PR*2*PAYER*****PI*P1~", f"CLM*{account}-{n}*100***11:B:1*Y*A*Y*Y~", "HI*ABK:J029~", "LX*1~",
            "SV1*HC:99213*100*UN*1***1~", "DTP*472*D8*20250301~",
        ]  # fmt: skip
        count = len(body) + (5 if n == broken else 1)
        out += [*body, f"SE*{count}*{n:04d}~"]
    return "".join([*out, f"GE*{sets}*1~", f"IEA*1*{control}~"]).encode()


def test_a_network_is_ingested_and_again_changes_nothing(network: Path, settings: Settings) -> None:
    shutil.copytree(network, settings.landing)
    registered, report = run(settings)
    assert sum(report.files.values()) == registered.new > 0
    assert report.files["failed"] == report.files["quarantined"] == 0
    lake = Lake(settings.lake)
    for table in schema.TABLES:
        if table.in_lake:
            rows = lake.read("bronze", table.name)
            assert rows.schema.equals(schema.bronze(table.name))
            assert rows.num_rows == report.rows[table.name]
    claims = lake.read("bronze", "claims")
    assert report.claims == claims.num_rows >= 60
    assert report.charge_amount == pc.sum(claims["total_charge_amount"]).as_py()
    assert set(claims["claim_key"].to_pylist()) & set(lake.read("bronze", "remittance_claims")["claim_key"].to_pylist())
    before = contents(settings.home)
    again, nothing = run(settings)
    assert (again.new, again.duplicates) == (0, 0)
    assert nothing.files == {}
    assert nothing.ledger == report.ledger
    assert contents(settings.home) == before


def test_batches_of_any_size_make_the_same_lake(network: Path, settings: Settings, tmp_path: Path) -> None:
    shutil.copytree(network, settings.landing)
    run(settings)
    other = Settings(home=tmp_path / "other")
    shutil.copytree(network, other.landing)
    shutil.copytree(settings.keys, other.keys)
    run(other, batch_bytes=60_000)
    for table in schema.TABLES:
        if table.in_lake:
            assert Lake(other.lake).read("bronze", table.name).equals(Lake(settings.lake).read("bronze", table.name))


def test_the_same_bytes_again_are_a_duplicate_that_is_not_read(settings: Settings) -> None:
    land(settings, interchange(), "a")
    run(settings)
    before = contents(settings.home)
    land(settings, interchange(), "again", day=date(2025, 3, 5))
    registered, report = run(settings)
    assert registered == Registered(known=1, duplicates=1)
    assert report.ledger == {"read": 1, "duplicate": 1}
    assert contents(settings.home) == before


def test_a_later_file_of_the_same_day_keeps_the_earlier_ones(settings: Settings) -> None:
    land(settings, interchange("000000001", "A"), "a")
    run(settings)
    land(settings, interchange("000000002", "B"), "b")
    _, report = run(settings)
    assert (dict(report.files), report.reread) == ({"read": 1}, 1)
    assert Lake(settings.lake).read("bronze", "claims").num_rows == 2


def test_a_broken_transaction_set_is_quarantined_while_its_neighbours_go_on(settings: Settings) -> None:
    data = interchange(sets=3, broken=2)
    land(settings, data, "a")
    _, report = run(settings)
    assert report.is_quarantined
    [outcome] = report.outcomes
    assert outcome.state == "quarantined"
    assert outcome.reason is not None
    assert outcome.reason.startswith("1 of 3 transaction sets quarantined: X12-SE-COUNT")
    lake = Lake(settings.lake)
    assert lake.read("bronze", "transactions")["status"].to_pylist() == ["accepted", "quarantined", "accepted"]
    assert lake.read("bronze", "claims")["transaction_ordinal"].to_pylist() == [1, 3]
    assert "X12-SE-COUNT" in lake.read("bronze", "findings")["code"].to_pylist()
    vault = Vault(settings.vault, settings.keys)
    block = vault.open_block(vault.keys("alder"), outcome.file_id, 2)
    assert block.startswith(b"ST*837*0002")
    assert block in data


def test_a_control_number_used_again_is_a_finding(settings: Settings) -> None:
    land(settings, interchange("000000009", "A"), "a")
    run(settings)
    land(settings, interchange("000000009", "B"), "b")
    _, report = run(settings)
    assert dict(report.files) == {"read_with_findings": 1}
    assert report.outcomes[0].reason == REPLAY
    findings = Lake(settings.lake).read("bronze", "findings").to_pylist()
    assert [(f["code"], f["segment_id"], f["element_position"]) for f in findings] == [(REPLAY, "ISA", 13)]


@pytest.mark.parametrize(
    ("feed", "data", "state", "reason"),
    [
        ("837", b"not an interchange", FileState.QUARANTINED, "not read: X12-FILE-NOT-X12"),
        ("837", b"", FileState.QUARANTINED, "not read: X12-FILE-EMPTY"),
        ("eligibility", b"", FileState.QUARANTINED, "not read: CSV-FILE-EMPTY"),
        ("eligibility", b"a,b\n", FileState.QUARANTINED, "not read: CSV-HEADER-MISSING"),
        ("other", b"\x00\xff", FileState.QUARANTINED, "not read: X12-FILE-NOT-X12"),
    ],
)
def test_what_cannot_be_read_has_an_outcome(
    settings: Settings, feed: str, data: bytes, state: FileState, reason: str
) -> None:
    land(settings, data, "a", feed)
    run(settings)
    [file] = history(settings)
    assert (file.state, file.reason) == (state, reason)
    vault = Vault(settings.vault, settings.keys)
    assert vault.open_block(vault.keys("alder"), file.file_id, 0) == data


def test_a_file_that_changed_or_went_after_it_was_registered_fails(settings: Settings) -> None:
    land(settings, interchange("000000001", "A"), "a")
    land(settings, interchange("000000002", "B"), "b")
    land(settings, interchange("000000003", "C"), "c")
    with open_store(settings.store_url) as store:
        store.ledger.register(store.ledger.scan_all(settings.landing))
    land(settings, interchange("000000001", "Z"), "a")
    (settings.landing / "alder" / "837" / f"{DAY}" / "b").unlink()
    report = ingest_pending(settings, progress=lambda _: None)
    assert dict(report.files) == {"failed": 2, "read": 1}
    assert [f.reason and f.reason.split()[2] for f in history(settings)] == ["was", "cannot", None]


def test_a_reader_that_breaks_on_one_file_costs_that_file_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from claims.interchange import x12

    read = x12.read

    def fragile(sources: list[x12.Source]) -> x12.ReadResult:
        if any(b"BOOM" in s.data for s in sources):
            raise KeyError("BOOM")
        return read(sources)

    monkeypatch.setattr(x12, "read", fragile)
    for n, account in enumerate(["A", "BOOM", "C"]):
        land(settings, interchange(f"{n + 1:09d}", account), account)
    _, report = run(settings)
    assert dict(report.files) == {"read": 2, "failed": 1}
    assert Lake(settings.lake).read("bronze", "claims").num_rows == 2
    assert [f.reason for f in history(settings) if f.reason] == [
        "the reader failed (KeyError); report it with the file's id"
    ]


def reopen(settings: Settings, **choice: object) -> int:
    with open_store(settings.store_url) as store:
        files = chosen_files(store, ["alder", "birch"], Choice(**choice))  # type: ignore[arg-type]
        return store.ledger.reopen([file.id for file in files])


def test_a_failed_file_is_read_again_after_the_fix_and_keeps_its_history(settings: Settings) -> None:
    data = interchange()
    land(settings, data, "a.837")
    land(settings, interchange("000000002", "ACC2"), "b.837")
    path = settings.landing / "alder" / "837" / f"{DAY}" / "a.837"
    with open_store(settings.store_url) as store:
        store.ledger.register(store.ledger.scan_all(settings.landing))
    path.write_bytes(b"")  # the disk lost it
    ingest_pending(settings, progress=lambda _: None)
    [a, b] = history(settings)
    assert (a.state, b.state) == (FileState.FAILED, FileState.READ)
    path.write_bytes(data)
    assert reopen(settings, failed=True) == 1
    report = ingest_pending(settings, progress=lambda _: None)
    [a, b] = history(settings)
    assert (a.state, a.claim_count, b.state) == (FileState.READ, 1, FileState.READ)
    assert Lake(settings.lake).read("bronze", "claims").num_rows == 2
    with open_store(settings.store_url) as store:
        [before] = store.ledger.earlier_outcomes(a.id)
        assert store.ledger.earlier_outcomes(b.id) == []
    assert before.state is FileState.FAILED
    assert "read" in str(before.reason) or "changed" in str(before.reason)
    assert report.files["read"] == 1


def test_reading_again_without_a_fix_changes_nothing(settings: Settings) -> None:
    land(settings, interchange(sets=2, broken=2), "a.837")
    land(settings, interchange("000000002", "ACC2"), "b.837", day=date(2025, 3, 5))
    run(settings)
    before, states = contents(settings.lake), [f.state for f in history(settings)]
    assert reopen(settings) == 1, "what read cleanly is left alone"
    run(settings)
    assert reopen(settings, every=True) == 2
    run(settings)
    assert contents(settings.lake) == before
    assert [f.state for f in history(settings)] == states == [FileState.QUARANTINED, FileState.READ]
    with open_store(settings.store_url) as store:
        assert [len(store.ledger.earlier_outcomes(f.id)) for f in history(settings)] == [2, 1]


def test_files_are_chosen_by_id_state_and_tenant(settings: Settings) -> None:
    land(settings, interchange(), "a.837")
    land(settings, interchange(), "again.837")  # a duplicate has nothing to read
    land(settings, interchange("000000002", broken=1), "b.837")
    run(settings)
    with open_store(settings.store_url) as store:
        tenants = ["alder", "birch"]
        names = {
            str(choice): [Path(f.path).name for f in chosen_files(store, tenants, choice)]
            for choice in (
                Choice(), Choice(failed=True), Choice(every=True), Choice("birch", every=True),
                Choice(file_ids=(history(settings)[0].file_id,)),
            )
        }  # fmt: skip
        assert list(names.values()) == [["b.837"], ["b.837"], ["a.837", "b.837"], [], ["a.837"]]
        store.ledger.reopen([history(settings)[0].id])  # and the run died
        assert [Path(f.path).name for f in chosen_files(store, tenants, Choice(failed=True))] == ["a.837", "b.837"]
        with pytest.raises(CommandError, match="no file"):
            chosen_files(store, tenants, Choice(file_ids=("f" * 32,)))


def test_a_changed_schema_is_taken_when_every_file_is_read_again(settings: Settings) -> None:
    land(settings, interchange(), "a.837")
    run(settings)
    lake = Lake(settings.lake)
    whole = lake.read("bronze", "claims")
    older = schema.bronze("claims").remove(3)
    lake.remove("bronze", "claims")
    lake.ensure("bronze", "claims", older)
    lake.write("bronze", "claims", whole.select(older.names), [("alder", DAY)])
    land(settings, interchange("000000002", "ACC2"), "b.837")
    with pytest.raises(LakeSchemaError, match="--reprocess --all"):
        run(settings)
    reopen(settings, every=True)
    run(settings)
    assert lake.read("bronze", "claims").schema.equals(schema.bronze("claims"))
    assert lake.read("bronze", "claims").num_rows == 2


def test_each_set_says_which_code_read_it(settings: Settings) -> None:
    land(settings, interchange(), "a.837")
    run(settings)
    assert Lake(settings.lake).read("bronze", "transactions")["reader_version"].to_pylist() == [reader_version()]
