"""What identifies a person is nowhere behind the identity line: lake, vault, store, logs, report, and errors.

Identifiers are planted in every place of a file that can hold one, in sets that are accepted, quarantined and unknown.
Afterwards every file of the platform's home but landing is searched: as bytes, and as values of Parquet and SQLite.
"""

import base64
import json
import logging
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from claims.lake import Lake
from claims.store import open_store
from compliance.keys import MASTER_VARIABLE, MasterKeyError, SealError
from compliance.vault import Vault
from orchestration.defs.bronze.ingest import IngestReport, ingest_pending
from orchestration.settings import Settings

PLANTED = {
    "account": "ZQACCT7781",
    "member": "ZQMEMB4410",
    "last name": "ZQLASTNAME",
    "first name": "ZQFIRSTNAM",
    "middle name": "ZQMIDDLE",
    "dependent": "ZQDEPENDNT",
    "street": "ZQSTREET",
    "city": "ZQCITYTOWN",
    "zip": "981770431",
    "birth date": "19380517",
    "birth date in a table": "1938-05-17",
    "ssn": "900457781",
    "record number": "ZQMRN5567",
    "authorization": "ZQAUTH3321",
    "referral": "ZQREFR9917",
    "payer control number": "ZQPCN22871",
    "trace": "ZQTRACE771",
    "line key": "ZQLINE4471",
    "note": "ZQFREETEXT",
    "line text": "ZQLINETEXT",
    "contact": "ZQCONTACT",
    "phone": "2065550147",
    "bad value": "ZQBADVALUE",
    "file name": "ZQFILENAME",
}
P = PLANTED
NOT_HIDDEN = "1234567893"  # the provider's NPI crosses the line


def _envelope(kind: str, guide: str, control: str, sets: list[list[str]], *, short: int | None = None) -> bytes:
    out = [
        f"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *250304*1200*^*00501*{control}*0*P*:",
        f"GS*{'HP' if kind == '835' else 'FA' if kind == '999' else 'HC'}*SENDER*RECEIVER*20250304*1200*1*X*{guide}",
    ]
    for n, body in enumerate(sets, 1):
        st = f"ST*{kind}*{n:04d}" + ("" if kind == "835" else f"*{guide}")
        out += [st, *body, f"SE*{len(body) + 2 + (n == short)}*{n:04d}"]
    return ("~".join([*out, f"GE*{len(sets)}*1", f"IEA*1*{control}"]) + "~").encode()


def _claim(procedure: str = "99213") -> list[str]:
    person = [
        f"N3*{P['street']} 1*{P['street']} 2",
        f"N4*{P['city']}*WA*{P['zip']}",
        f"DMG*D8*{P['birth date']}*F",
    ]
    return [
        "BHT*0019*00*1*20250304*1200*CH", "NM1*41*2*CLINIC*****46*S1", f"PER*IC*{P['contact']}*TE*{P['phone']}",
        "NM1*40*2*PAYER*****46*P1", "HL*1**20*1", "NM1*85*2*CLINIC*****XX*1234567893", "N3*1 MAIN ST",
        "N4*SEATTLE*WA*981010001", "REF*EI*123456789", "HL*2*1*22*1", "SBR*P********CI",
        f"NM1*IL*1*{P['last name']}*{P['first name']}*{P['middle name']}***MI*{P['member']}", *person,
        f"REF*SY*{P['ssn']}", "NM1*PR*2*PAYER*****PI*P1", "HL*3*2*23*0", "PAT*19",
        f"NM1*QC*1*{P['last name']}*{P['dependent']}", *person,
        f"CLM*{P['account']}*100***11:B:1*Y*A*Y*Y", f"DTP*431*D8*{P['bad value']}",
        f"REF*G1*{P['authorization']}", f"REF*9F*{P['referral']}",
        f"REF*F8*{P['payer control number']}", f"REF*EA*{P['record number']}", f"REF*D9*{P['trace']}",
        f"K3*{P['note']}", f"NTE*ADD*{P['note']}", "HI*ABK:J029",
        "SBR*S*18*******MB", "OI***Y***Y", f"NM1*IL*1*{P['last name']}*{P['first name']}****MI*{P['member']}",
        "NM1*PR*2*OTHER*****PI*P2", f"REF*F8*{P['payer control number']}", "LX*1",
        f"SV1*HC:{procedure}:::::{P['line text']}*100*UN*1***1", "DTP*472*D8*20250301", f"REF*6R*{P['line key']}",
        f"NTE*ADD*{P['note']}",
    ]  # fmt: skip


def _remittance() -> list[str]:
    return [
        "BPR*I*50*C*ACH*CCP*01*123456789*DA*12345*1512345678**01*987654321*DA*98765*20250304",
        "TRN*1*CHECK1*1512345678",
        "N1*PR*PAYER", f"PER*CX*{P['contact']}*TE*{P['phone']}", "N1*PE*CLINIC*XX*1234567893", "LX*1",
        f"CLP*{P['account']}*1*100*50*0*12*{P['payer control number']}*11*1", "CAS*CO*45*50",
        f"NM1*QC*1*{P['last name']}*{P['first name']}*{P['middle name']}***MI*{P['member']}",
        f"NM1*IL*1*{P['last name']}*{P['dependent']}****MI*{P['member']}", f"REF*EA*{P['record number']}",
        "SVC*HC:99213*100*50**1", "DTM*472*20250301", "CAS*CO*45*50", f"REF*6R*{P['line key']}",
        f"PLB*1234567893*20251231*WO:{P['payer control number']}*0",
    ]  # fmt: skip


FILES = {
    ("837", "claims"): _envelope("837", "005010X222A1", "000000001", [_claim(), _claim("99214")], short=2),
    ("837", "unknown"): _envelope("837", "005010X999", "000000002", [[f"NM1*IL*1*{P['last name']}"], _claim()]),
    ("835", "remittances"): _envelope("835", "005010X221A1", "000000003", [_remittance(), _remittance()], short=1),
    ("999", "answers"): _envelope(
        "999", "005010X231A1", "000000004",
        [["AK1*HC*1*005010X222A1", "AK2*837*0001", "IK3*NM1*8**8", f"IK4*3*1036*7*{P['bad value']}", "IK5*R*5",
          "AK9*R*1*1*0"]],
    ),
    ("837", "text"): f"{P['last name']} {P['account']}".encode(),
    ("eligibility", "rows"): (
        "member_id,payer_id,plan_code,coverage_from_date,coverage_through_date,checked_date\n"
        f"{P['member']},P1,PL,2025-01-01,,\n{P['member']},P1,PL,{P['bad value']},,\n"
    ).encode(),
    ("authorization", "rows"): (
        "authorization_number,member_id,payer_id,procedure_code,valid_from_date,valid_through_date,approved_units,"
        f"issued_date\n{P['authorization']},{P['member']},P1,99213,2025-01-01,2025-02-01,1,2025-01-01\n"
        f"{P['authorization']},{P['member']},P1,99213,2025-01-01,2025-02-01,{P['bad value']},2025-01-01\n"
    ).encode(),
}  # fmt: skip


@dataclass
class Ingested:
    settings: Settings
    report: IngestReport
    said: str


@pytest.fixture
def ingested(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Ingested:
    monkeypatch.delenv(MASTER_VARIABLE, raising=False)
    settings = Settings(home=tmp_path)
    for (feed, name), data in FILES.items():
        path = settings.landing / "alder" / feed / "2025-03-04" / f"{P['file name']}-{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    said: list[str] = []
    with caplog.at_level(logging.DEBUG), open_store(settings.store_url) as store:
        said.append(repr(store.ledger.register(found := store.ledger.scan_all(settings.landing))))
        said.append(repr(found))
        report = ingest_pending(settings, progress=said.append)
        said.append(repr(store.ledger.history("alder")))
    out, err = capfd.readouterr()
    return Ingested(settings, report, "\n".join([*said, repr(report), caplog.text, out, err]))


def _needles() -> dict[str, bytes]:
    return {what: value.encode() for what, value in PLANTED.items()}


def test_the_planted_files_are_read(ingested: Ingested) -> None:
    assert ingested.report.claims >= 1
    assert ingested.report.remittance_claims >= 1
    assert ingested.report.rows["eligibility"] == ingested.report.rows["authorizations"] == 1
    assert ingested.report.quarantined_transactions >= 2
    lake = Lake(ingested.settings.lake)
    assert lake.read("bronze", "acknowledgements").num_rows
    assert lake.read("bronze", "claim_other_payers").num_rows
    patient = lake.read("bronze", "claims").to_pylist()[0]
    assert patient["patient_key"]
    assert (patient["patient_zip3"], patient["patient_birth_year"], patient["patient_state"]) == ("981", 1938, "WA")


def test_no_identifier_is_in_lake_or_vault_as_bytes_or_value(ingested: Ingested) -> None:
    searched = seen = 0
    for root in (ingested.settings.lake, ingested.settings.vault):
        for path in root.rglob("*"):
            assert P["file name"] not in path.name
            if not path.is_file():
                continue
            raw = path.read_bytes().upper()
            values = str(pq.ParquetFile(path).read().to_pylist()).upper() if path.suffix == ".parquet" else ""
            searched += bool(values)
            seen += NOT_HIDDEN in values
            for what, needle in _needles().items():
                assert needle not in raw, f"{what} in {path.name}"
                assert needle.decode() not in values, f"{what} in a value of {path.parent.parent.name}"
    assert searched > 20
    assert seen > 1, "the search finds what is there"


def test_no_identifier_is_in_the_store_but_the_path_that_finds_the_file(ingested: Ingested) -> None:
    database = Path(ingested.settings.store_url.removeprefix("sqlite:///"))
    with sqlite3.connect(database) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = []
        for table in tables:
            cursor = connection.execute(f'SELECT * FROM "{table}"')
            names = [d[0] for d in cursor.description]
            rows += [{n: v for n, v in zip(names, r, strict=True) if n != "path"} for r in cursor]
    text = str(rows).upper()
    assert len(rows) >= len(FILES)
    raw = b"".join(p.read_bytes() for p in database.parent.iterdir()).upper()
    for what, needle in _needles().items():
        assert needle.decode() not in text, what
        assert needle not in raw or what == "file name", what


def test_no_identifier_is_logged_printed_or_reported(ingested: Ingested) -> None:
    text = ingested.said.upper()
    for what, value in PLANTED.items():
        assert value not in text, what


def test_whole_transaction_sets_open_from_the_vault_for_their_tenant_alone(ingested: Ingested) -> None:
    settings = ingested.settings
    vault = Vault(settings.vault, settings.keys)
    rows = Lake(settings.lake).read("bronze", "transactions").to_pylist()
    assert len(rows) >= 6
    wholes = {f"{data!r}" for data in FILES.values()}
    for row in rows:
        block = vault.open_block(vault.keys("alder"), row["file_id"], row["transaction_ordinal"])
        assert len(block) == row["byte_length"]
        assert any(repr(block)[2:-1] in whole for whole in wholes)
    shutil.copytree(settings.vault / "alder", settings.vault / "birch")
    with pytest.raises(SealError, match="birch"):
        vault.open_block(vault.keys("birch"), rows[0]["file_id"], rows[0]["transaction_ordinal"])


def test_an_identity_opens_for_its_tenant_alone(ingested: Ingested) -> None:
    settings = ingested.settings
    vault = Vault(settings.vault, settings.keys)
    token = Lake(settings.lake).read("bronze", "claims")["patient_key"][0].as_py()
    record = vault.open_identity(vault.keys("alder"), "patient", token)
    assert (record["last_name"], record["first_name"]) == (P["last name"], P["dependent"])
    shutil.copytree(settings.vault / "alder", settings.vault / "birch")
    with pytest.raises(SealError, match="birch"):
        vault.open_identity(vault.keys("birch"), "patient", token)


def test_a_wrong_master_key_stops_ingest_before_anything_is_written(
    ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ingested.settings
    late = settings.landing / "alder" / "837" / "2025-03-05" / "late"
    late.parent.mkdir()
    late.write_bytes(_envelope("837", "005010X222A1", "000000008", [_claim()]))
    before = {p: p.read_bytes() for root in (settings.lake, settings.vault) for p in root.rglob("*.parquet")}
    monkeypatch.setenv(MASTER_VARIABLE, base64.b64encode(b"w" * 32).decode())
    with open_store(settings.store_url) as store:
        store.ledger.register(store.ledger.scan_all(settings.landing))
        with pytest.raises(MasterKeyError, match="the master key does not open the keys of tenant alder"):
            ingest_pending(settings, progress=lambda _: None)
        assert len(store.ledger.pending()) == 1, "the file is still there to be read with the right key"
    assert {p: p.read_bytes() for root in (settings.lake, settings.vault) for p in root.rglob("*.parquet")} == before


def test_keys_lie_wrapped_and_private(ingested: Ingested) -> None:
    keys = Vault(ingested.settings.vault, ingested.settings.keys).keys("alder")
    clear = [keys.token_key, *keys.data_keys.values()]
    for path in ingested.settings.keys.iterdir():
        assert path.stat().st_mode & 0o077 == 0
        if path.suffix == ".json":
            wrapped = json.loads(path.read_text())
            stored = [base64.b64decode(w) for w in (wrapped["token"], *wrapped["data"].values())]
            assert not any(key in blob for key in clear for blob in stored)
