"""The key folder: made once, wrapped, versioned, and clear about what is wrong."""

import base64
import hashlib
import hmac
from pathlib import Path

import pytest

from compliance.keys import MASTER_VARIABLE, KeyRing, MasterKeyError, SealError, TenantKeys, VaultError


@pytest.fixture(autouse=True)
def _no_master_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MASTER_VARIABLE, raising=False)


def test_keys_are_made_on_first_use_and_read_after(tmp_path: Path) -> None:
    first = KeyRing(tmp_path / "keys").tenant("alder")
    assert KeyRing(tmp_path / "keys").tenant("alder") == first
    assert KeyRing(tmp_path / "keys").tenant("birch").token_key != first.token_key
    for path in (tmp_path / "keys").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        assert base64.b64encode(first.token_key).decode() not in path.read_text()


def test_the_environment_gives_the_master_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MASTER_VARIABLE, base64.b64encode(b"m" * 32).decode())
    first = KeyRing(tmp_path).tenant("alder")
    assert not (tmp_path / "master.key").exists()
    assert KeyRing(tmp_path).tenant("alder") == first


def test_another_master_key_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    KeyRing(tmp_path).tenant("alder")
    monkeypatch.setenv(MASTER_VARIABLE, base64.b64encode(b"m" * 32).decode())
    with pytest.raises(MasterKeyError, match="does not open the keys of tenant alder"):
        KeyRing(tmp_path).tenant("alder")


def test_a_lost_master_key_is_not_made_anew(tmp_path: Path) -> None:
    KeyRing(tmp_path).tenant("alder")
    (tmp_path / "master.key").unlink()
    with pytest.raises(MasterKeyError, match="restore it"):
        KeyRing(tmp_path).tenant("alder")


@pytest.mark.parametrize("text", ["", "not base64!", base64.b64encode(b"short").decode()])
def test_a_master_key_of_another_form_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(MASTER_VARIABLE, text)
    with pytest.raises(MasterKeyError, match="32 bytes in base64"):
        KeyRing(tmp_path).tenant("alder")


def test_a_master_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    KeyRing(tmp_path).tenant("alder")
    (tmp_path / "master.key").chmod(0o644)
    with pytest.raises(MasterKeyError, match="chmod 600"):
        KeyRing(tmp_path).tenant("alder")


@pytest.mark.parametrize("tenant", ["", "../alder", "Alder", "a/b", "-a"])
def test_a_tenant_id_that_is_no_file_name_is_refused(tmp_path: Path, tenant: str) -> None:
    with pytest.raises(VaultError, match="lower-case"):
        KeyRing(tmp_path).tenant(tenant)


def test_keys_swapped_between_tenants_do_not_open(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path)
    ring.tenant("alder")
    (tmp_path / "birch.json").write_bytes((tmp_path / "alder.json").read_bytes())
    with pytest.raises(MasterKeyError, match="birch"):
        ring.tenant("birch")


def test_an_older_version_goes_on_opening_what_it_sealed(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path)
    old = ring.tenant("alder")
    [sealed] = old.seal_all([(b"plain", b"place")])
    new = ring.rotate("alder")
    assert (old.version, new.version) == (1, 2)
    assert new.token_key == old.token_key
    assert ring.tenant("alder").open(sealed, 1, b"place") == b"plain"
    [resealed] = new.seal_all([(b"plain", b"place")])
    with pytest.raises(SealError, match="no data key of version 2"):
        old.open(resealed, 2, b"place")


def test_a_token_is_the_hmac_of_rfc_2104(alder: TenantKeys) -> None:
    expected = hmac.new(alder.token_key, b"claim|ABC 1", hashlib.sha256).hexdigest()[:32]
    assert alder.token("claim", "  abc 1 ") == expected
    long = TenantKeys("alder", bytes(range(64)), {})
    assert long.tokens("k", ["v"]) == [hmac.new(bytes(range(64)), b"k|v", hashlib.sha256).hexdigest()[:32]]


@pytest.mark.parametrize("blank", ["", "   ", "\t"])
def test_a_blank_value_has_no_token(alder: TenantKeys, blank: str) -> None:
    assert alder.token("claim", blank) is None


def test_keys_are_never_printed(alder: TenantKeys) -> None:
    assert "aaaa" not in repr(alder)
    assert "1111" not in repr(alder)
