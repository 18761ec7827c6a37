"""`claimworks trace`: every row leads to its bytes, no role sees more than it may, and every opening is recorded."""

import json
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from claims import schema
from claims.interchange import x12
from claims.schema import Split
from claims.store import open_store
from compliance.access import Actor, Permission
from compliance.audit import AuditLog
from compliance.opening import Openings
from compliance.vault import Vault
from orchestration import cli
from orchestration.defs.bronze.ingest import ingest_pending
from orchestration.settings import Settings
from orchestration.tracing import NotFoundError, Reference, Tracer
from tests.security.test_identity_line import FILES, PLANTED

VARIABLES = ("CLAIMWORKS_ACTOR", "CLAIMWORKS_ROLE", "CLAIMWORKS_ACTOR_TENANTS")


@dataclass
class Done:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Done]


@pytest.fixture(scope="module")
def home(
    demo_copy: Callable[[], Path], at_home: Callable[[Path], AbstractContextManager[Settings]]
) -> Iterator[Settings]:
    with at_home(demo_copy()) as settings:
        yield settings


@pytest.fixture
def run(home: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)

    def _run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["claimworks", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Done(int(ended.value.code or 0), out, err)

    return _run


def rows(home: Settings, query: str, tenant: str = "alder") -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.serving / f"{tenant}.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def events(home: Settings) -> list[tuple[Any, ...]]:
    with sqlite3.connect(home.store_url.removeprefix("sqlite:///")) as connection:
        return connection.execute(
            "SELECT actor, role, tenant_id, action, object_reference, reason FROM audit_events ORDER BY sequence"
        ).fetchall()


@pytest.fixture(scope="module")
def answered(home: Settings) -> str:
    """A claim whose life has all kinds of answers, a reversal among them."""
    [(claim_id,)] = rows(
        home,
        "select claim_id from marts.fct_claim_status_history group by claim_id "
        "order by count(distinct source) desc, count(*) desc, claim_id limit 1",
    )
    return str(claim_id)


def landed(home: Settings, file_id: str) -> bytes:
    with open_store(home.store_url) as store:
        for tenant in home.tenants:
            for file in store.ledger.history(tenant, file_id):
                return (home.landing / file.path).read_bytes()
    raise LookupError(file_id)


_tables: dict[str, dict[str, Any]] = {}


def identifiers(home: Settings, file_id: str, claim_ordinal: int) -> set[str]:
    """Every value of a claim's rows, of 837 or 835, that the schema calls an identifier, as it stands in the file."""
    if file_id not in _tables:
        _tables[file_id] = x12.read([x12.Source.of(landed(home, file_id))]).tables
    found: set[str] = set()
    for name, table in _tables[file_id].items():
        hidden = [c.name for c in schema.BY_NAME[name].columns if c.split is not Split.KEEP]
        if "claim_ordinal" not in table.column_names:
            continue
        for row in table.select(["claim_ordinal", *hidden]).to_pylist():
            if row["claim_ordinal"] == claim_ordinal:
                values = (row[column] for column in hidden)
                found |= {f"{v:%Y%m%d}" if isinstance(v, date) else str(v) for v in values if v is not None}
    return {value for value in found if len(value) > 1}


def test_a_claim_leads_to_its_segments_and_those_of_every_answer(home: Settings, run: Run, answered: str) -> None:
    done = run("trace", answered, "--role", "privacy_officer", "--as", "olga", "--reason", "complaint 7", "--json")
    assert done.code == 0, done.err
    found = done.json()
    assert found["is_masked"] is False
    assert found["tenant_id"] == "alder"
    kinds = [part["transaction_type"] for part in found["parts"]]
    assert kinds[0].startswith("837")
    assert {"999", "277CA", "835"} <= set(kinds)
    for part in found["parts"]:
        data = landed(home, part["file_id"])
        for one in part["segments"]:
            raw = data[one["byte_offset"] : one["byte_offset"] + one["byte_length"]]
            assert raw.decode() == one["text"], "the byte range is the segment"
        assert sum(one["is_row"] for one in part["segments"]) == 1
        assert part["sha256"].startswith(part["file_id"])
        assert part["isa_control_number"].encode() in data
    claim = {one["segment_id"] for one in found["parts"][0]["segments"]}
    assert {"CLM", "HI", "LX", "NM1", "HL", "SBR"} <= claim
    [account] = {one["text"][4:].partition("*")[0] for one in found["parts"][0]["segments"] if one["is_row"]}
    paid = [part for part in found["parts"] if part["transaction_type"] == "835"]
    assert paid
    assert all(any(f"CLP*{account}*" in one["text"] for one in part["segments"]) for part in paid)
    assert all(part["row_id"].startswith(part["file_id"]) for part in paid)


def test_a_claim_shows_no_other_patient(home: Settings, run: Run) -> None:
    """Of two claims in one set, each one's own subscriber stands above it, and not the other's."""
    [(file_id,)] = rows(home, "select file_id from marts.fct_claims group by file_id order by count(*) desc limit 1")
    for ordinal in (1, 2, 3):
        tables = x12.read([x12.Source.of(landed(home, file_id))]).tables
        [mine] = [r for r in tables["claims"].to_pylist() if r["claim_ordinal"] == ordinal]
        done = run("trace", f"{file_id}-{ordinal}", "--role", "biller", "--reason", "test", "--json")
        texts = "\n".join(one["text"] for one in done.json()["parts"][0]["segments"])
        assert mine["subscriber_member_id"] in texts
        others = {r["subscriber_member_id"] for r in tables["claims"].to_pylist()} - {mine["subscriber_member_id"]}
        assert not [member for member in others if member in texts]
        assert len(re.findall(r"^CLM", texts, re.MULTILINE)) == 1


def test_masked_output_holds_no_identifier_of_the_claim(home: Settings, run: Run) -> None:
    sample = rows(home, "select claim_id from marts.fct_claims order by hash(claim_id) limit 8")
    sought = 0
    for (claim_id,) in sample:
        done = run("trace", claim_id, "--json")
        assert done.code == 0, done.err
        found = done.json()
        assert found["is_masked"] is True
        values: set[str] = set()
        for part in found["parts"]:
            if part["row_id"]:
                values |= identifiers(home, part["file_id"], int(part["row_id"].rpartition("-")[2]))
        assert len(values) > 5
        sought += len(values)
        texts = [one["text"] for part in found["parts"] for one in part["segments"]]
        shown = {piece for text in texts for piece in re.split(r"[*:^|>]", text)}
        assert not values & shown
        plain = run("trace", claim_id).out
        for value in (v for v in values if len(v) > 5):
            assert value not in done.out
            assert value not in plain
        assert any("••••" in text for text in texts)
        assert any(text.startswith("HI") and "•" not in text for text in texts), "codes are never masked"
    assert sought > 60


def test_a_masked_opening_is_recorded_too(home: Settings, run: Run, answered: str) -> None:
    before = len(events(home))
    parts = run("trace", answered, "--as", "ann", "--json").json()["parts"]
    new = events(home)[before:]
    assert len(new) == len(parts), "one event for each row that is shown"
    assert {event[:4] for event in new} == {("ann", "analyst", "alder", "segments.opened_masked")}
    file_id = answered.partition("-")[0]
    assert new[0][4].startswith(f"{file_id}:")


def test_clear_text_is_recorded_with_its_reason(home: Settings, run: Run, answered: str) -> None:
    before = len(events(home))
    run("trace", answered, "--as", "jane", "--role", "biller", "--reason", "appeal of March")
    new = events(home)[before:]
    assert {(*event[:4], event[5]) for event in new} == {
        ("jane", "biller", "alder", "segments.opened_clear", "appeal of March")
    }


@pytest.mark.parametrize("role", ["biller", "privacy_officer"])
def test_without_a_reason_even_those_who_may_see_it_masked(run: Run, answered: str, role: str) -> None:
    done = run("trace", answered, "--role", role, "--json")
    assert done.code == 0
    assert done.json()["is_masked"] is True
    assert "--reason" in done.err


@pytest.mark.parametrize("role", ["analyst", "engineer", "coder"])
def test_a_reason_opens_nothing_to_those_who_may_not(run: Run, answered: str, role: str) -> None:
    assert run("trace", answered, "--role", role, "--reason", "curious", "--json").json()["is_masked"] is True


@pytest.mark.parametrize("role", ["finance", "ml_engineer"])
def test_a_role_without_permission_is_refused_and_recorded(home: Settings, run: Run, answered: str, role: str) -> None:
    done = run("trace", answered, "--role", role, "--as", "fred")
    assert (done.code, done.out) == (4, "")
    assert "no permission" in done.err
    assert events(home)[-1][:4] == ("fred", role, "alder", "vault.refused")


def test_another_tenants_user_is_refused_and_recorded(home: Settings, run: Run, answered: str) -> None:
    done = run("trace", answered, "--tenant", "birch", "--as", "bert", "--role", "biller", "--reason", "x")
    assert (done.code, done.out) == (4, "")
    assert events(home)[-1][:4] == ("bert", "biller", "alder", "vault.refused")


def test_role_and_actor_come_from_the_environment(
    home: Settings, run: Run, answered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAIMWORKS_ACTOR", "erin")
    monkeypatch.setenv("CLAIMWORKS_ROLE", "finance")
    assert run("trace", answered).code == 4
    assert events(home)[-1][:2] == ("erin", "finance")
    monkeypatch.setenv("CLAIMWORKS_ROLE", "biller")
    monkeypatch.setenv("CLAIMWORKS_ACTOR_TENANTS", "birch cedar")
    assert run("trace", answered).code == 4
    assert run("trace", answered, "--role", "biller", "--tenant", "alder").code == 0


def test_a_remittance_leads_to_its_segments_and_names_its_claim(home: Settings, run: Run) -> None:
    [(remittance, claim)] = rows(
        home, "select remittance_claim_id, claim_id from marts.fct_remittances where claim_id is not null limit 1"
    )
    found = run("trace", remittance, "--json").json()
    assert found["answers_claim_id"] == claim
    assert [part["transaction_type"] for part in found["parts"]] == ["835"]
    assert [one["segment_id"] for one in found["parts"][0]["segments"] if one["is_row"]] == ["CLP"]
    assert f"answers claim {claim}" in run("trace", remittance).out


@pytest.mark.parametrize("mart", ["fct_claim_lines", "fct_denials", "fct_remittances", "fct_claim_status_history"])
def test_any_row_with_provenance_is_found_by_its_place(home: Settings, run: Run, mart: str) -> None:
    for file_id, transaction, segment, offset in rows(
        home, f"select file_id, transaction_ordinal, segment_ordinal, byte_offset from marts.{mart} limit 3"
    ):
        done = run("trace", f"{file_id}:{transaction}:{segment}", "--json")
        assert done.code == 0, done.err
        [row] = [one for one in done.json()["parts"][0]["segments"] if one["is_row"]]
        assert (row["ordinal"], row["byte_offset"]) == (segment, offset)


def test_what_is_not_there_says_what_to_do(run: Run, answered: str) -> None:
    file_id = answered.partition("-")[0]
    for reference, code in (
        ("A10014577", 2),
        ("", 2),
        (f"{file_id}:1", 2),
        (f"{file_id[::-1]}-1", 1),
        (f"{file_id}-99999", 1),
        (f"{file_id}-0", 1),
        (f"{file_id}:9:1", 1),
        (f"{file_id}:1:99999", 1),
    ):
        done = run("trace", reference)
        assert (done.code, done.out) == (code, ""), reference
        assert "fix:" in done.err
    assert run("trace", answered, "--role", "king").code == 2
    assert run("trace", answered, "--reason", "x" * 501).code == 2


def test_the_audit_chain_is_verified_and_a_broken_one_opens_nothing(
    home: Settings, run: Run, answered: str, tmp_path: Path
) -> None:
    run("trace", answered)
    held = run("verify", "audit", "--json")
    assert held.code == 0, held.out
    evidence = held.json()
    assert (evidence["check"], evidence["holds"], evidence["first_broken_sequence"]) == ("audit", True, None)
    assert evidence["event_count"] == len(events(home))
    assert "holds" in run("verify", "audit").out
    database = home.store_url.removeprefix("sqlite:///")
    with sqlite3.connect(database) as connection:
        kept = tmp_path / "kept.db"
        with sqlite3.connect(kept) as backup:
            connection.backup(backup)
        connection.execute("DELETE FROM audit_events WHERE sequence = (SELECT max(sequence) FROM audit_events)")
    broken = run("verify", "audit", "--json")
    assert broken.code == 1
    assert broken.json()["first_broken_sequence"] == evidence["event_count"]
    assert "BROKEN" in run("verify", "audit").out
    refused = run("trace", answered)
    assert (refused.code, refused.out) == (1, "")
    assert "verify audit" in refused.err
    with sqlite3.connect(kept) as backup, sqlite3.connect(database) as connection:
        backup.backup(connection)
    assert run("verify", "audit").code == 0


def test_the_audit_chain_holds_no_identifier(home: Settings, run: Run, answered: str) -> None:
    file_id, _, ordinal = answered.partition("-")
    run("trace", answered, "--role", "biller", "--reason", "test")
    text = str(events(home))
    assert not [value for value in identifiers(home, file_id, int(ordinal)) if len(value) > 5 and value in text]


def test_no_planted_identifier_is_shown_masked_whatever_became_of_its_set(
    tmp_path: Path, at_home: Callable[[Path], AbstractContextManager[Settings]]
) -> None:
    """Every segment of the files of the identity line's own test: accepted, quarantined and unknown sets."""
    shown: list[str] = []
    with at_home(tmp_path) as settings, open_store(settings.store_url) as store:
        for (feed, name), data in FILES.items():
            path = settings.landing / "alder" / feed / "2025-03-04" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        store.ledger.register(store.ledger.scan_all(settings.landing))
        ingest_pending(settings, progress=lambda _: None)
        analyst = Actor.of("ann", "analyst")
        openings = Openings(Vault(settings.vault, settings.keys), AuditLog(store.audit, settings.keys), analyst)
        tracer = Tracer(settings, store, openings, Permission.SEGMENTS_MASKED, None)
        for file in store.ledger.history("alder"):
            for transaction in range(1, (file.transaction_count or 0) + 1):
                for ordinal in range(1, 200):
                    try:
                        found = tracer.trace(Reference(file.file_id, 0, transaction, ordinal))
                    except NotFoundError:
                        assert ordinal > 3
                        break
                    shown += [one.text for part in found.parts for one in part.segments if one.is_row]
    assert len(shown) > 150
    assert {text[:3] for text in shown} >= {"CLM", "NM1", "CLP", "PLB", "IK4", "NTE", "K3*"}
    for text in shown:
        assert not [what for what, value in PLANTED.items() if value in text], text
