"""The demo network: patients, visits, billing offices and payers that decide by their own policies, as files.

`simulate` writes what the outside world would send: 837 professional and institutional claims, 999 and 277CA answers,
835 remittances weeks later, eligibility and authorization extracts, by tenant, feed and day of receipt. The true
probability of each denial goes to a separate truth file that no pipeline code reads. The payers' contracts come along,
as a tenant would keep them.

This package is the outside world. It imports nothing of the codec (`claims.interchange`) nor of the platform's rules,
and composes its X12 from text: were both sides to share code, a mistake in it would cancel and no test could see it.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from claims.simulator.engine import Simulation, SimulationReport
from claims.simulator.world import World

__all__ = ["SimulationReport", "World", "simulate"]

DEFAULT_START = date(2024, 1, 1)


def simulate(
    out: Path,
    *,
    claims: int = 20_000,
    seed: int = 7,
    months: int = 24,
    start: date = DEFAULT_START,
    world: World | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> SimulationReport:
    """Write the files of a simulated network under `out/landing`, the truth under `out/truth/denials`, and the payers'
    contracts under `out/contracts/<tenant>`.

    `claims` counts first submissions; replacements, voids, duplicates and claims to second payers come on top, about a
    sixth. The same arguments give the same bytes. Files of earlier runs in `out` are overwritten where names are equal,
    never removed. Raises ValueError for a size that makes no network. `progress(done, total)` is called once a day.
    Cost: linear in `claims` (plus about ten files per tenant and day); memory holds the network, not the period.
    """
    if claims < 1 or months < 1:
        raise ValueError("a simulation needs at least one claim and one month")
    return Simulation(out, claims, seed, months, start, world or World()).run(progress)
