"""The vault: sealed identities and sealed raw blocks, per tenant, in Parquet.

Belongs here: sealing, where sealed things lie, opening one of them. Does not belong here: keys (`compliance.keys`),
what is an identifier (`claims.schema`), who may open (the access rules ask before they call).

`<root>/<tenant>/identities/*.parquet`: kind, token, field_count, key_version, sealed (a JSON record). One seal per
distinct token; a fuller record of a token is added beside the older one, and the fullest is the one that opens.
`<root>/<tenant>/blocks/*.parquet`: file_id, transaction_ordinal, byte_offset, byte_length, key_version, sealed (zstd of
the raw bytes). One seal per transaction set; ordinal 0 is a whole file that has none. Files are only ever added.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from compliance.keys import KeyRing, SealError, TenantKeys, VaultError

__all__ = ["SealError", "TenantKeys", "Vault", "VaultError"]

_IDENTITY = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),
        pa.field("token", pa.string(), nullable=False),
        pa.field("field_count", pa.int16(), nullable=False),
        pa.field("key_version", pa.int32(), nullable=False),
        pa.field("sealed", pa.binary(), nullable=False),
    ]
)
_BLOCK = pa.schema(
    [
        pa.field("file_id", pa.string(), nullable=False),
        pa.field("transaction_ordinal", pa.int32(), nullable=False),
        pa.field("byte_offset", pa.int64(), nullable=False),
        pa.field("byte_length", pa.int64(), nullable=False),
        pa.field("key_version", pa.int32(), nullable=False),
        pa.field("sealed", pa.binary(), nullable=False),
    ]
)


class Readable(Protocol):
    """Bytes, or what reads them from a file as they are asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, place: slice, /) -> bytes: ...


class Vault:
    """The sealed side of the identity line below `root`, with its keys in `keys`."""

    def __init__(self, root: Path, keys: Path) -> None:
        self.root = root
        self.ring = KeyRing(keys)

    def keys(self, tenant_id: str) -> TenantKeys:
        """The tenant's keys, made on first use.

        Raises:
            MasterKeyError: the master key is unusable or not the one that wrapped them.
        """
        return self.ring.tenant(tenant_id)

    def seal_blocks(self, keys: TenantKeys, files: Mapping[str, Readable], transactions: pa.Table) -> int:
        """Seal the raw bytes of each transaction set of `files` by file_id; returns how many were new.

        `transactions` has file_id, transaction_ordinal, byte_offset and byte_length. A file without any transaction set
        is sealed whole as ordinal 0. Blocks that the vault has are left as they are. About 10 µs a block.
        """
        columns = ["file_id", "transaction_ordinal", "byte_offset", "byte_length"]
        wanted = transactions.select(columns).cast(pa.schema([_BLOCK.field(c) for c in columns]))
        bare = sorted(set(files) - set(wanted["file_id"].to_pylist()))
        whole = [{"file_id": f, "transaction_ordinal": 0, "byte_offset": 0, "byte_length": len(files[f])} for f in bare]
        wanted = pa.concat_tables([wanted, pa.Table.from_pylist(whole, schema=wanted.schema)])
        folder = self._folder(keys.tenant_id, "blocks")
        known = _known(folder, _BLOCK, ["file_id", "transaction_ordinal"], "file_id", wanted["file_id"])
        fresh = wanted.join(known, ["file_id", "transaction_ordinal"], join_type="left anti").sort_by(
            [("file_id", "ascending"), ("transaction_ordinal", "ascending")]
        )
        codec = pa.Codec("zstd", compression_level=3)
        sealed = keys.seal_all(
            (
                codec.compress(files[file_id][offset : offset + length], asbytes=True),
                _block_place(keys.tenant_id, file_id, ordinal),
            )
            for file_id, ordinal, offset, length in zip(*(fresh[c].to_pylist() for c in columns), strict=True)
        )
        return _add(folder, fresh, keys.version, sealed, _BLOCK)

    def open_block(self, keys: TenantKeys, file_id: str, transaction_ordinal: int) -> bytes:
        """The raw bytes of one transaction set.

        Raises:
            VaultError: the vault has no such block.
            SealError: the keys are another tenant's, or the block was altered or moved.
        """
        rows = _find(
            self._folder(keys.tenant_id, "blocks"),
            _BLOCK,
            (ds.field("file_id") == file_id) & (ds.field("transaction_ordinal") == transaction_ordinal),
        )
        if not rows:
            raise VaultError(f"no block {transaction_ordinal} of file {file_id} for tenant {keys.tenant_id}")
        place = _block_place(keys.tenant_id, file_id, transaction_ordinal)
        packed = keys.open(rows[0]["sealed"], rows[0]["key_version"], place)
        raw: bytes = pa.Codec("zstd").decompress(packed, decompressed_size=rows[0]["byte_length"], asbytes=True)
        return raw

    def seal_identities(self, keys: TenantKeys, identities: pa.Table) -> int:
        """Seal the identity records of a split; returns how many were new or fuller than what the vault has.

        `identities` is `compliance.identity.IDENTITIES`: kind, token, field_count, record. About 3 µs a record.
        """
        folder = self._folder(keys.tenant_id, "identities")
        known = _known(folder, _IDENTITY, ["kind", "token", "field_count"], "token", identities["token"])
        fresh = identities
        if known.num_rows:
            best = known.group_by(["kind", "token"]).aggregate([("field_count", "max")])
            joined = identities.join(best, ["kind", "token"], join_type="left outer")
            fresh = joined.filter(pc.greater(joined["field_count"], pc.fill_null(joined["field_count_max"], -1)))
        fresh = fresh.sort_by([("kind", "ascending"), ("token", "ascending")])
        places = pc.binary_join_element_wise(keys.tenant_id, fresh["kind"], fresh["token"], "|")
        sealed = keys.seal_all(
            zip(fresh["record"].cast(pa.binary()).to_pylist(), places.cast(pa.binary()).to_pylist(), strict=True)
        )
        return _add(folder, fresh, keys.version, sealed, _IDENTITY)

    def open_identity(self, keys: TenantKeys, kind: str, token: str) -> dict[str, str]:
        """The fullest identity record of a token: its `value`, and the fields of the person where it is one's.

        Raises:
            VaultError: the vault has no such identity.
            SealError: the keys are another tenant's, or the record was altered or moved.
        """
        rows = _find(
            self._folder(keys.tenant_id, "identities"),
            _IDENTITY,
            (ds.field("kind") == kind) & (ds.field("token") == token),
        )
        if not rows:
            raise VaultError(f"no {kind} with that token for tenant {keys.tenant_id}")
        best = max(rows, key=lambda row: int(row["field_count"]))
        plain = keys.open(best["sealed"], best["key_version"], _identity_place(keys.tenant_id, kind, token))
        return {name: value for name, value in json.loads(plain).items() if value is not None}

    def _folder(self, tenant_id: str, what: str) -> Path:
        return self.root / tenant_id / what


def _block_place(tenant_id: str, file_id: str, ordinal: int) -> bytes:
    return f"{tenant_id}|{file_id}|{ordinal}".encode()


def _identity_place(tenant_id: str, kind: str, token: str) -> bytes:
    return f"{tenant_id}|{kind}|{token}".encode()


def _dataset(folder: Path, schema: pa.Schema) -> ds.FileSystemDataset:
    paths = sorted(str(p) for p in folder.glob("*.parquet") if not p.name.startswith("."))
    return ds.dataset(paths, schema=schema, format="parquet")


def _known(folder: Path, schema: pa.Schema, columns: list[str], key: str, among: pa.ChunkedArray) -> pa.Table:
    there = _dataset(folder, schema)
    if not there.files:
        return pa.schema([schema.field(c) for c in columns]).empty_table()
    return there.to_table(columns=columns, filter=ds.field(key).isin(pc.unique(among)))


def _find(folder: Path, schema: pa.Schema, where: ds.Expression) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _dataset(folder, schema).to_table(filter=where).to_pylist()
    return rows


def _add(folder: Path, rows: pa.Table, version: int, sealed: list[bytes], schema: pa.Schema) -> int:
    if not rows.num_rows:
        return 0
    rows = rows.append_column("key_version", pa.array([version] * rows.num_rows, pa.int32()))
    rows = rows.append_column("sealed", pa.array(sealed, pa.binary()))
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{uuid4().hex}.parquet"
    temporary = folder / f".{name}"
    try:
        # Sealed bytes are random: dictionary and compression would only cost time.
        pq.write_table(rows.select(schema.names).cast(schema), temporary, compression={"sealed": "none"} | {
            n: "zstd" for n in schema.names if n != "sealed"
        }, use_dictionary=[n for n in schema.names if n != "sealed"])  # fmt: skip
        temporary.replace(folder / name)
    finally:
        temporary.unlink(missing_ok=True)
    return len(sealed)
