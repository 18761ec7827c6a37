"""Putting files into landing: which feed a file belongs to, and where it lies.

Belongs here: `landing/<tenant>/<feed>/<received date>/<name>`. Does not belong here: the ledger, reading claims.
Landing is immutable: a file that is there is never overwritten.
"""

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestration.exits import CommandError, ExitCode

# GS01 of the first functional group -> feed. Anything else X12 goes to `837`, whose reader says what it is.
_FEED_BY_GROUP = {b"HC": "837", b"HP": "835", b"FA": "999", b"HN": "277ca"}
_UNKNOWN = "837"
# Bytes of a file that are looked at to tell its feed: the ISA is 106, the first GS follows.
_HEAD = 4096
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Landed:
    """One file given by the user: where it came from, where it lies, and whether it lay there before."""

    source: Path
    path: Path
    feed: str
    file_id: str
    was_there: bool


def feed_of(head: bytes) -> str:
    """The feed of a file by its first bytes: the functional group of an interchange, else the header of an extract."""
    from claims.interchange.x12 import is_x12

    if is_x12(head):
        separator = head.lstrip()[3:4]
        group = re.search(rb"GS" + re.escape(separator) + rb"([A-Z]{2})" + re.escape(separator), head)
        return _FEED_BY_GROUP.get(group.group(1), _UNKNOWN) if group else _UNKNOWN
    header = head.split(b"\n", 1)[0].decode("utf-8", "replace").lower()
    if "authorization_number" in header:
        return "authorization"
    if "coverage_from_date" in header:
        return "eligibility"
    return _UNKNOWN


def files_below(paths: Iterable[Path]) -> Iterator[Path]:
    """Files named, and files below folders named, in order; hidden ones are left out."""
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        elif path.is_file():
            yield path
        else:
            raise CommandError(f"no such file or folder: {path}", fix="check the path", code=ExitCode.USAGE)


def land(source: Path, *, landing: Path, tenant: str, received: date) -> Landed:
    """Copy one file into landing. The same bytes under the same name stay as they are; other bytes get another name."""
    digest = hashlib.sha256()
    with source.open("rb") as handle:
        head = handle.read(_HEAD)
        digest.update(head)
        while block := handle.read(1 << 20):
            digest.update(block)
    file_id = digest.hexdigest()[:32]
    feed = feed_of(head)
    folder = landing / tenant / feed / received.isoformat()
    # A name may not lead out of the folder, nor hide.
    name = _UNSAFE.sub("_", source.name).lstrip(".") or "file"
    path = folder / name
    if path.exists() and _digest(path) != file_id:
        path = folder / f"{Path(name).stem}-{file_id[:8]}{Path(name).suffix}"
    if path.exists():
        return Landed(source, path, feed, file_id, was_there=True)
    folder.mkdir(parents=True, exist_ok=True)
    # Written beside and renamed, so that the sensor never sees half a file.
    partial = folder / f".{file_id}.partial"
    shutil.copyfile(source, partial)
    partial.rename(path)
    return Landed(source, path, feed, file_id, was_there=False)


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()[:32]
