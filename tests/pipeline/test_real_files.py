"""Files as others sent them: each goes through ingest without a crash and comes out with a clear outcome."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from claims.lake import Lake
from claims.store import open_store
from claims.store.models import FileState
from claims.warehouse.money import verify_money
from orchestration.defs.bronze.ingest import ingest_pending
from orchestration.settings import Settings

KINDS = {"837P": "837", "837I": "837", "835": "835"}


def test_every_real_claim_and_remittance_file_has_a_clear_outcome(shared_dir: Path, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    sent = 0
    for kind, feed in KINDS.items():
        folder = settings.landing / "alder" / feed / "2026-01-05"
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted((shared_dir / "samples" / "x12" / kind).iterdir()):
            shutil.copy(path, folder / f"{kind}-{path.name}")
            sent += 1
    with open_store(settings.store_url) as store:
        registered = store.ledger.register(store.ledger.scan_all(settings.landing))
        assert registered.new + registered.duplicates == sent > 50
        report = ingest_pending(settings, progress=lambda _: None)
        files = store.ledger.history("alder")
    assert all(f.state not in (FileState.RECEIVED, FileState.FAILED) for f in files)
    for file in files:
        assert (file.state is FileState.READ) == (file.reason is None), "whatever is not simply read says why"
    read = [f for f in files if f.state in (FileState.READ, FileState.READ_WITH_FINDINGS)]
    assert len(read) >= 0.85 * sent
    assert all(f.transaction_count for f in read)
    lake = Lake(settings.lake)
    ordinals = lake.read("bronze", "transactions").select(["file_id", "transaction_ordinal", "status"]).to_pylist()
    status = {(r["file_id"], r["transaction_ordinal"]): r["status"] for r in ordinals}
    for table in ("claims", "remittance_claims"):
        rows = lake.read("bronze", table).select(["file_id", "transaction_ordinal"]).to_pylist()
        assert rows
        assert all(status[r["file_id"], r["transaction_ordinal"]] != "quarantined" for r in rows)
    assert report.claims == lake.read("bronze", "claims").num_rows


def test_the_command_takes_real_files_all_the_way_and_says_what_became_of_each(
    shared_dir: Path, root: Path, tmp_path: Path
) -> None:
    """Dates of thirty years, remittances without claims, replayed control numbers: the marts are built all the same."""
    folders = [str(shared_dir / "samples" / "x12" / kind) for kind in KINDS]
    sent = sum(len(list(Path(folder).iterdir())) for folder in folders)
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "ingest", *folders, "--tenant", "alder", "--json"],
        env={**os.environ, "CLAIMWORKS_HOME": str(tmp_path / "home")},
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, f"done, and some of it quarantined:\n{done.stderr[-3000:]}"
    assert "Traceback" not in done.stderr
    files = json.loads(done.stdout)["files"]
    assert len(files) == sent
    assert {f["status"] for f in files} <= {"read", "read_with_findings", "quarantined", "duplicate"}
    assert all(f["reason"] for f in files if f["status"] != "read")
    settings = Settings(home=tmp_path / "home")
    money = verify_money(settings.warehouse_location, settings.lake)
    assert money.holds, [check for check in money.checks if check.wrong]
    assert money.unexplained == 0
    assert {one.identity for one in money.breaks} >= {"line_payment", "claim_payment", "transaction_payment"}
    deposits = next(one for one in money.statements if one.level == "deposit")
    assert deposits.total, "the 835s are in it"
