"""Landing read naively, segment by segment: what the pipeline's answers are compared with.

Belongs here: counts, sums and identifiers straight from the simulator's bytes. Imports nothing of the platform, so a
mistake in its codec cannot hide here. Good for the simulator's files: one interchange each, delimiters from its ISA.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path


@dataclass
class Landed:
    """Counts and sums over the files of one tenant, or of all."""

    files: int = 0
    claims: int = 0
    charges: Decimal = Decimal(0)
    remittances: int = 0
    payments: Decimal = Decimal(0)
    account_numbers: set[str] = field(default_factory=set)
    member_numbers: set[str] = field(default_factory=set)
    last_names: set[str] = field(default_factory=set)


def segments(path: Path) -> Iterator[list[str]]:
    """Elements of each segment of a file."""
    text = path.read_text()
    element, end = text[3], text[105]
    for segment in text.split(end):
        yield segment.strip().split(element)


def read_landing(landing: Path, tenant: str = "*") -> Landed:
    """Everything that landed for a tenant."""
    out = Landed()
    for path in landing.glob(f"{tenant}/*/*/*"):
        out.files += 1
        if path.parts[-3] not in ("837", "835"):
            continue
        for elements in segments(path):
            match elements:
                case ["CLM", number, charge, *_]:
                    out.claims += 1
                    out.charges += Decimal(charge)
                    out.account_numbers.add(number)
                case ["CLP", number, _, _, payment, *_]:
                    out.remittances += 1
                    out.payments += Decimal(payment)
                    out.account_numbers.add(number)
                case ["NM1", "IL" | "QC", "1", last, _, _, _, _, "MI", member, *_]:
                    out.last_names.add(last)
                    out.member_numbers.add(member)
    return out
