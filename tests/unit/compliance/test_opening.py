"""The door: nothing comes out that was not allowed and recorded first."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from claims.store import Store, open_store
from compliance.access import Actor, Permission, RefusedError
from compliance.audit import AuditError, AuditLog
from compliance.identity import IDENTITIES
from compliance.opening import Openings, ReasonError
from compliance.vault import Vault, VaultError

BLOCK = b"ST*837*0001~CLM*ACCOUNT7*10~SE*3*0001~"
TOKEN = "f" * 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/store/operational.db") as opened:
        yield opened


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    made = Vault(tmp_path / "vault", tmp_path / "keys")
    keys = made.keys("alder")
    place = {"file_id": "f1", "transaction_ordinal": 1, "byte_offset": 0, "byte_length": len(BLOCK)}
    made.seal_blocks(keys, {"f1": BLOCK}, pa.Table.from_pylist([place]))
    record = {"kind": "member", "token": TOKEN, "field_count": 1, "record": '{"value": "MEMBER7"}'}
    made.seal_identities(keys, pa.Table.from_pylist([record], schema=IDENTITIES))
    return made


def door(store: Store, vault: Vault, tmp_path: Path, role: str) -> Openings:
    return Openings(vault, AuditLog(store.audit, tmp_path / "keys"), Actor.of("jane", role))


def events(store: Store) -> list[tuple[str, str, str | None]]:
    return [(row.action, row.object_reference, row.reason) for row in store.audit.rows()]


def test_an_opening_is_recorded_with_its_place_and_reason(store: Store, vault: Vault, tmp_path: Path) -> None:
    jane = door(store, vault, tmp_path, "biller")
    assert jane.block("alder", "f1", 1, 2, permission=Permission.SEGMENTS_MASKED, reason=None) == BLOCK
    assert jane.block("alder", "f1", 1, 2, permission=Permission.SEGMENTS_CLEAR, reason=" appeal ") == BLOCK
    assert jane.identity("alder", "member", TOKEN, reason="call") == {"value": "MEMBER7"}
    assert events(store) == [
        ("segments.opened_masked", "f1:1:2", None),
        ("segments.opened_clear", "f1:1:2", "appeal"),
        ("identity.opened", f"member:{TOKEN}", "call"),
    ]


def test_a_refusal_is_recorded_and_nothing_opened(store: Store, vault: Vault, tmp_path: Path) -> None:
    jane = door(store, vault, tmp_path, "analyst")
    with pytest.raises(RefusedError):
        jane.block("alder", "f1", 1, 2, permission=Permission.SEGMENTS_CLEAR, reason="curious")
    with pytest.raises(RefusedError):
        jane.identity("alder", "member", TOKEN, reason=None)
    assert [action for action, _, _ in events(store)] == ["vault.refused"] * 2
    assert events(store)[0][1:] == ("segments_clear f1:1:2", "curious")


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_clear_text_needs_a_reason(store: Store, vault: Vault, tmp_path: Path, reason: str | None) -> None:
    jane = door(store, vault, tmp_path, "biller")
    with pytest.raises(ReasonError, match="needs a reason"):
        jane.block("alder", "f1", 1, 2, permission=Permission.SEGMENTS_CLEAR, reason=reason)
    with pytest.raises(ReasonError, match="needs a reason"):
        jane.identity("alder", "member", TOKEN, reason=reason)
    assert events(store) == []


def test_what_cannot_be_recorded_is_not_opened(
    store: Store, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jane = door(store, vault, tmp_path, "biller")
    jane.identity("alder", "member", TOKEN, reason="call")
    (tmp_path / "keys" / "audit.anchor").unlink()
    opened: list[object] = []
    monkeypatch.setattr(vault, "open_block", lambda *_: opened.append(1))
    with pytest.raises(AuditError):
        jane.block("alder", "f1", 1, 2, permission=Permission.SEGMENTS_CLEAR, reason="appeal")
    assert opened == []


def test_what_the_vault_does_not_have_says_so(store: Store, vault: Vault, tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="no block 2"):
        door(store, vault, tmp_path, "analyst").block(
            "alder", "f1", 2, 1, permission=Permission.SEGMENTS_MASKED, reason=None
        )
