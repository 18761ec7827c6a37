"""The parameters of a simulated world: how much of a denial can be foreseen, and when the payers change their rules.

Belongs here: the numbers that make one world differ from another. Does not belong here: the size of a run (claims,
seed, months), which any world can have, and the policies themselves.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class World:
    """How the payers of a world behave.

    `clarity` scales every rule's probability of denial (1: nobody at a
    payer ever overlooks anything); `noise` the chance of a denial that
    no rule explains, on the odds scale; `spread` how far noise differs between payers and providers (0: not at all).
    `change_at` is the share of the period after which some payers extend their authorization lists and tighten rules
    (1 or more: never). `rejected` is the share of claims that the clearinghouse rejects before any payer sees them.
    """

    name: str = "clear"
    clarity: float = 0.78
    noise: float = 1.0
    spread: float = 1.0
    change_at: float = 0.75
    rejected: float = 0.012

    def __post_init__(self) -> None:
        if not 0 <= self.clarity <= 1 or self.noise < 0 or self.spread < 0 or not 0 <= self.rejected < 1:
            raise ValueError("clarity and rejected are shares, noise and spread are not negative")

    @classmethod
    def murky(cls) -> "World":
        """A world in which little can be foreseen: the best possible ROC AUC is about 0.61."""
        return cls(name="murky", clarity=0.06, noise=4.4, spread=0.28)
