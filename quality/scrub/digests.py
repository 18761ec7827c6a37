"""The version of a rule and of a rulebook: digests of what they say, so that an edit names the very rule that made it.

Belongs here: what counts as a change. Does not belong here: what follows from one (the pipeline scrubs again).

Examples, and where a rule stands in its file, are no part of it; overrides of lower layers are. The digest of the
whole book covers the code of the kernel as well, since the columns that rules see are defined there.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from claims.reference import Reference, default
from quality.scrub.rulebook import BUILT_IN, Override, Rule, Rulebook

LENGTH = 12
_NOT_SAID = {"where", "fires", "passes"}


def rule_digests(book: Rulebook, tenant: str | None) -> dict[str, str]:
    """Rule -> first 12 hex digits of the SHA-256 of what it says for a tenant, overrides with it."""
    overrides: dict[str, list[Override]] = {}
    for one in book.overrides:
        if one.reach.holds_for(tenant):
            overrides.setdefault(one.rule, []).append(one)
    return {rule.id: _digest([_said(rule), *map(_said, overrides.get(rule.id, []))]) for rule in book.rules}


def book_digest(book: Rulebook, tenant: str | None) -> str:
    """Digest of the rules as they hold for a tenant and of the code that runs them."""
    held = {rule.id for rule in book.rules if rule.reach.holds_for(tenant)}
    digests = rule_digests(book, tenant)
    return _digest([*(f"{id_}={digest}" for id_, digest in digests.items() if id_ in held), _code()])


def reference_digest(reference: Reference) -> str:
    """Digest of every release that is loaded, and of the project's own default for the tables that have none."""
    releases = reference.releases
    loaded = {release.table for release in releases}
    parts = [f"{r.table}/{r.part}/{r.piece}/{r.name}/{r.revision}={r.digest}" for r in releases]
    return _digest([*parts, *(digest for name, digest in _default() if name not in loaded)])


@cache
def _default() -> tuple[tuple[str, str], ...]:
    folder = Path(default.__file__).parent
    return tuple((one.stem, hashlib.sha256(one.read_bytes()).hexdigest()) for one in sorted(folder.glob("*.csv")))


@cache
def _code() -> str:
    # With the code the lists that stand beside the rules: what the project says of payers by law.
    paths = [*sorted(Path(__file__).parent.glob("*.py")), *sorted(BUILT_IN.glob("*.csv"))]
    return _digest(path.read_text(encoding="utf-8") for path in paths)


def _said(one: Rule | Override) -> str:
    return repr(
        [(field.name, _plain(getattr(one, field.name))) for field in fields(one) if field.name not in _NOT_SAID]
    )


def _plain(value: Any) -> Any:
    """What does not depend on the order of a set."""
    if hasattr(value, "has_aggregate"):
        return value.text
    return tuple(_plain(part) for part in value) if isinstance(value, tuple) else value


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:LENGTH]
