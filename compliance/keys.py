"""Keys: the master key, and the keys of each tenant that it wraps.

Belongs here: making, wrapping, unwrapping and versioning keys; tokens and seals, which are what keys do. Does not
belong here: where sealed things lie (`compliance.vault`), which columns are identifiers (`claims.schema`).

Envelope: one master key (32 bytes, `<keys>/master.key` with mode 0600, or base64 in CLAIMWORKS_MASTER_KEY) wraps, with
AES-256-GCM, the keys of each tenant in `<keys>/<tenant>.json`. A tenant has one token key, for as long as its tokens
shall stay joinable, and data keys in versions: the newest seals, each opens what it sealed.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MASTER_VARIABLE = "CLAIMWORKS_MASTER_KEY"
TOKEN_LENGTH = 32  # hex digits kept of the HMAC: 128 bits
KEY_BYTES = 32
NONCE_BYTES = 12
_SHA256_BLOCK = 64
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class VaultError(Exception):
    """Something of the vault or its keys cannot be used; the message says what to do, and never holds a value."""


class MasterKeyError(VaultError):
    """The master key is missing its form, is readable by others, or is not the one that wrapped a tenant's keys."""


class SealError(VaultError):
    """A seal does not open: other tenant, other place, other key version, or altered bytes."""


@dataclass(frozen=True)
class TenantKeys:
    """The unwrapped keys of one tenant. Hold it no longer than the work lasts; it never prints its keys."""

    tenant_id: str
    token_key: bytes = field(repr=False)
    data_keys: Mapping[int, bytes] = field(repr=False)

    @property
    def version(self) -> int:
        """The data key version that seals now."""
        return max(self.data_keys)

    def tokens(self, kind: str, values: Iterable[str]) -> list[str]:
        """HMAC-SHA256(token key, kind|value) of each normalised value, its first 32 hex digits (RFC 2104).

        About 0.9 µs a value: the two keyed blocks of the HMAC are hashed once and copied.
        """
        key = self.token_key.ljust(_SHA256_BLOCK, b"\0")
        inner = hashlib.sha256(bytes(b ^ 0x36 for b in key) + kind.encode() + b"|")
        outer = hashlib.sha256(bytes(b ^ 0x5C for b in key))
        out = []
        for value in values:
            message, digest = inner.copy(), outer.copy()
            message.update(value.encode())
            digest.update(message.digest())
            out.append(digest.hexdigest()[:TOKEN_LENGTH])
        return out

    def token(self, kind: str, value: str) -> str | None:
        """The token of one value, normalised as the identity split does; None for a blank value."""
        clean: str | None = normalise(pa.array([value], pa.string()))[0].as_py()
        return None if clean is None else self.tokens(kind, [clean])[0]

    def seal_all(self, items: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
        """Seal (plain bytes, associated data) pairs with the newest data key: nonce, then ciphertext with its tag."""
        encrypt = AESGCM(self.data_keys[self.version]).encrypt
        pairs = list(items)
        # One call to the system's generator for all nonces: 96 random bits each, for far fewer than 2^32 seals a key.
        nonces = secrets.token_bytes(NONCE_BYTES * len(pairs))
        out = []
        for n, (plain, associated) in enumerate(pairs):
            nonce = nonces[NONCE_BYTES * n : NONCE_BYTES * (n + 1)]
            out.append(nonce + encrypt(nonce, plain, associated))
        return out

    def open(self, sealed: bytes, version: int, associated: bytes) -> bytes:
        """The plain bytes of one seal.

        Raises:
            SealError: wrong keys, wrong associated data, or altered bytes (which of them cannot be known).
        """
        key = self.data_keys.get(version)
        if key is None:
            raise SealError(f"tenant {self.tenant_id} has no data key of version {version}; restore its key file")
        try:
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], associated)
        except InvalidTag:
            raise SealError(
                f"a seal does not open with the keys of tenant {self.tenant_id}: it belongs to another tenant or "
                "place, or its bytes were altered"
            ) from None


def normalise(values: pa.Array) -> pa.Array:
    """Values as they are hashed: without surrounding white space, in upper case, null where nothing is left."""
    clean = pc.utf8_upper(pc.utf8_trim_whitespace(values))
    return pc.if_else(pc.equal(clean, ""), pa.scalar(None, pa.string()), clean)


class KeyRing:
    """The key folder `root`: the master key, and one file of wrapped keys per tenant, each made on first use."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def tenant(self, tenant_id: str) -> TenantKeys:
        """The keys of a tenant, made and wrapped on first use.

        Raises:
            MasterKeyError: the master key is unusable or is not the one that wrapped them.
        """
        path = self._path(tenant_id)
        master = self._master()
        if not path.exists():
            wrapped = {
                "tenant_id": tenant_id,
                "token": _wrap(master, tenant_id, "token", 1),
                "data": {"1": _wrap(master, tenant_id, "data", 1)},
            }
            _create(path, json.dumps(wrapped, indent=1))
        return self._unwrap(tenant_id, master)

    def rotate(self, tenant_id: str) -> TenantKeys:
        """Add a data key version, which seals from now on; the older ones go on opening what they sealed."""
        version = self.tenant(tenant_id).version + 1
        path = self._path(tenant_id)
        wrapped = json.loads(path.read_text())
        master = self._master()
        wrapped["data"][str(version)] = _wrap(master, tenant_id, "data", version)
        _overwrite(path, json.dumps(wrapped, indent=1))
        return self._unwrap(tenant_id, master)

    def derived(self, purpose: str) -> bytes:
        """A key of the platform itself, which no tenant has: HMAC-SHA256(master key, purpose).

        Raises:
            MasterKeyError: the master key is unusable.
        """
        return hmac.digest(self._master(), f"claimworks|{purpose}".encode(), "sha256")

    def _path(self, tenant_id: str) -> Path:
        if not _TENANT.fullmatch(tenant_id):
            raise VaultError(
                "a tenant id is of lower-case letters, digits, '-', '_', and starts with a letter or digit"
            )
        return self.root / f"{tenant_id}.json"

    def _unwrap(self, tenant_id: str, master: bytes) -> TenantKeys:
        wrapped = json.loads(self._path(tenant_id).read_text())
        return TenantKeys(
            tenant_id,
            _open(master, tenant_id, "token", 1, wrapped["token"]),
            {int(v): _open(master, tenant_id, "data", int(v), text) for v, text in wrapped["data"].items()},
        )

    def _master(self) -> bytes:
        given = os.environ.get(MASTER_VARIABLE)
        if given is not None:
            return _decode(given, MASTER_VARIABLE)
        path = self.root / "master.key"
        if not path.exists():
            if any(self.root.glob("*.json")):
                raise MasterKeyError(
                    f"{path.name} is gone, while keys that it wrapped are there: restore it from its backup, "
                    f"or give it in {MASTER_VARIABLE}"
                )
            _create(path, base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())
        if path.stat().st_mode & 0o077:
            raise MasterKeyError(f"{path.name} can be read by others than its owner: chmod 600 it")
        return _decode(path.read_text(), path.name)


def _decode(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise MasterKeyError(f"{where} does not hold {KEY_BYTES} bytes in base64 (openssl rand -base64 {KEY_BYTES})")
    return key


def _wrap(master: bytes, tenant_id: str, use: str, version: int) -> str:
    nonce = secrets.token_bytes(NONCE_BYTES)
    associated = f"{tenant_id}|{use}|{version}".encode()
    return base64.b64encode(nonce + AESGCM(master).encrypt(nonce, secrets.token_bytes(KEY_BYTES), associated)).decode()


def _open(master: bytes, tenant_id: str, use: str, version: int, wrapped: str) -> bytes:
    raw = base64.b64decode(wrapped)
    try:
        return AESGCM(master).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], f"{tenant_id}|{use}|{version}".encode())
    except InvalidTag:
        raise MasterKeyError(
            f"the master key does not open the keys of tenant {tenant_id}: it is not the one that wrapped them. "
            f"Give the right one in {MASTER_VARIABLE} or in the key folder"
        ) from None


def _create(path: Path, text: str) -> None:
    """Write a file of mode 0600 unless it exists: of two processes that try, one wins and both then read the same."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = _private(path, text)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def _overwrite(path: Path, text: str) -> None:
    _private(path, text).replace(path)


def _private(path: Path, text: str) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return temporary
