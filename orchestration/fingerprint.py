"""What the main job's result depends on, as one digest: files of the ledger, contracts, reference releases, code.

Belongs here: deciding that there is nothing to do. Does not belong here: doing it. When the newest successful run of
a job carries the present digest, running the job again would change nothing, so a command may skip it; the Dagster UI,
schedules and sensors never skip.
"""

import hashlib
from pathlib import Path

import dagster as dg

from orchestration.settings import ROOT, Settings

TAG = "claimworks/inputs"

# Everything whose change may change a result.
_SOURCES = ("claims", "compliance", "quality", "ml", "orchestration", "dbt_project")
_SUFFIXES = frozenset({".py", ".sql", ".yml", ".yaml", ".csv", ".toml", ".txt"})


def fingerprint(settings: Settings) -> str:
    """Digest of the ledger's files, contracts, reference releases and every source file. About 0.2 s."""
    from claims.store import open_store

    digest = hashlib.sha256()
    with open_store(settings.store_url) as store:
        for tenant in settings.tenants:
            for file in store.ledger.history(tenant):
                digest.update(f"{tenant} {file.path} {file.sha256}\n".encode())
    for path in sorted(settings.contracts.rglob("*.*")):
        digest.update(f"{path.relative_to(settings.contracts)} ".encode() + path.read_bytes())
    for path in sorted(settings.reference.rglob("*.parquet")):
        # A release is written once and never changed.
        digest.update(f"{path.relative_to(settings.reference)} {path.stat().st_size}\n".encode())
    for path in _sources(ROOT):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    digest.update((ROOT / "constraints.txt").read_bytes())
    return digest.hexdigest()[:32]


def is_current(instance: dg.DagsterInstance, job: str, digest: str) -> bool:
    """Whether the newest finished run of `job` succeeded on these very inputs."""
    runs = instance.get_runs(filters=dg.RunsFilter(job_name=job), limit=1)
    return bool(runs) and runs[0].is_success and runs[0].tags.get(TAG) == digest


def _sources(root: Path) -> list[Path]:
    return sorted(
        path
        for folder in _SOURCES
        for path in (root / folder).rglob("*")
        if path.suffix in _SUFFIXES and not {"target", "logs", "__pycache__"} & set(path.relative_to(root).parts)
    )
