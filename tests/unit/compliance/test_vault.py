"""The vault: what is sealed opens for its own tenant and place, and for nothing else."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from compliance.identity import split
from compliance.keys import MASTER_VARIABLE
from compliance.vault import SealError, Vault, VaultError

Filled = Callable[..., pa.Table]
RAW = b"ISA*00*~ST*837*0001~NM1*IL*1*DOE*JANE~SE*3*0001~ST*837*0002~SE*2*0002~"
FIRST, SECOND = RAW[8:48], RAW[48:]


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    monkeypatch.delenv(MASTER_VARIABLE, raising=False)
    return Vault(tmp_path / "vault", tmp_path / "keys")


def transactions(filled: Filled) -> pa.Table:
    return filled(
        "transactions", 2, file_id=["f", "f"], transaction_ordinal=[1, 2], byte_offset=[8, 48],
        byte_length=[len(FIRST), len(SECOND)],
    )  # fmt: skip


def test_a_block_opens_to_the_bytes_of_its_transaction_set(vault: Vault, filled: Filled) -> None:
    keys = vault.keys("alder")
    assert vault.seal_blocks(keys, {"f": RAW, "csv": b"a,b"}, transactions(filled)) == 3
    assert vault.open_block(keys, "f", 1) == FIRST
    assert vault.open_block(keys, "f", 2) == SECOND
    assert vault.open_block(keys, "csv", 0) == b"a,b", "a file without a transaction set is sealed whole"
    with pytest.raises(VaultError, match="no block 3"):
        vault.open_block(keys, "f", 3)


def test_sealing_again_adds_nothing(vault: Vault, filled: Filled) -> None:
    keys = vault.keys("alder")
    vault.seal_blocks(keys, {"f": RAW}, transactions(filled))
    before = sorted(vault.root.rglob("*"))
    assert vault.seal_blocks(keys, {"f": RAW}, transactions(filled)) == 0
    assert sorted(vault.root.rglob("*")) == before
    assert vault.seal_blocks(keys, {"g": b"new"}, transactions(filled).slice(0, 0)) == 1


def test_an_empty_file_has_an_empty_block(vault: Vault, filled: Filled) -> None:
    keys = vault.keys("alder")
    vault.seal_blocks(keys, {"e": b""}, transactions(filled).slice(0, 0))
    assert vault.open_block(keys, "e", 0) == b""


def test_another_tenant_does_not_open_a_block(vault: Vault, filled: Filled) -> None:
    vault.seal_blocks(vault.keys("alder"), {"f": RAW}, transactions(filled))
    stolen = vault.root / "birch" / "blocks"
    stolen.mkdir(parents=True)
    for path in (vault.root / "alder" / "blocks").iterdir():
        (stolen / path.name).write_bytes(path.read_bytes())
    with pytest.raises(SealError, match="keys of tenant birch"):
        vault.open_block(vault.keys("birch"), "f", 1)


@pytest.mark.parametrize("change", ["ordinal", "file_id", "bytes"])
def test_a_block_that_was_moved_or_altered_does_not_open(vault: Vault, filled: Filled, change: str) -> None:
    keys = vault.keys("alder")
    vault.seal_blocks(keys, {"f": RAW}, transactions(filled).slice(0, 1))
    [path] = (vault.root / "alder" / "blocks").iterdir()
    [row] = pq.ParquetFile(path).read().to_pylist()
    match change:
        case "ordinal":
            row["transaction_ordinal"] = 2
        case "file_id":
            row["file_id"] = "g"
        case _:
            row["sealed"] = row["sealed"][:-1] + bytes([row["sealed"][-1] ^ 1])
    pq.write_table(pa.Table.from_pylist([row], schema=pq.read_schema(path)), path)
    with pytest.raises(SealError):
        vault.open_block(keys, row["file_id"], row["transaction_ordinal"])


def test_an_identity_opens_to_its_fullest_record(vault: Vault, filled: Filled) -> None:
    keys = vault.keys("alder")
    bare = split({"eligibility": filled("eligibility", 1, member_id=["M1"])}, keys).identities
    full = split(
        {"claims": filled("claims", 1, subscriber_member_id=["M1"], subscriber_last_name=["Doe"])}, keys
    ).identities
    token = str(keys.token("member", "M1"))
    assert vault.seal_identities(keys, bare) == 1
    assert vault.open_identity(keys, "member", token) == {"value": "M1"}
    vault.seal_identities(keys, full)
    assert vault.open_identity(keys, "member", token) == {"value": "M1", "last_name": "Doe"}
    assert vault.seal_identities(keys, bare) == vault.seal_identities(keys, full) == 0
    assert vault.open_identity(keys, "member", token) == {"value": "M1", "last_name": "Doe"}
    with pytest.raises(VaultError, match="no patient"):
        vault.open_identity(keys, "patient", token)


def test_an_identity_of_another_tenant_does_not_open(vault: Vault, filled: Filled) -> None:
    keys = vault.keys("alder")
    vault.seal_identities(keys, split({"eligibility": filled("eligibility", 1, member_id=["M1"])}, keys).identities)
    (vault.root / "birch").symlink_to(vault.root / "alder")
    with pytest.raises(SealError):
        vault.open_identity(vault.keys("birch"), "member", str(keys.token("member", "M1")))


def test_nothing_clear_is_in_the_files(vault: Vault, filled: Filled) -> None:
    keys = vault.keys("alder")
    vault.seal_blocks(keys, {"f": RAW}, transactions(filled))
    vault.seal_identities(
        keys, split({"eligibility": filled("eligibility", 1, member_id=["MEMBER77"])}, keys).identities
    )
    for path in vault.root.rglob("*.parquet"):
        values = str(pq.ParquetFile(path).read().to_pylist())
        assert "DOE" not in values
        assert "MEMBER77" not in values
