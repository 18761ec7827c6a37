"""How many examples a property test draws: a fixed few in the suite, many new ones when somebody explores.

Belongs here: the two profiles of Hypothesis and the count of examples under each. `tests/conftest.py` loads them.
"""

from hypothesis import settings

SUITE, EXPLORE = "suite", "explore"

# `make explore` draws so many times the examples of the suite.
FACTOR = 20

_USUAL = 100


def register() -> None:
    """Register both profiles and load the suite's; `--hypothesis-profile explore` chooses the other one.

    The suite's examples follow from the test's own code: a run on a slow or busy machine draws the same ones, takes no
    deadline for a failure, and is green or red for everybody alike.
    """
    settings.register_profile(SUITE, derandomize=True, deadline=None, max_examples=_USUAL)
    settings.register_profile(EXPLORE, derandomize=False, deadline=None, max_examples=_USUAL * FACTOR)
    settings.load_profile(SUITE)


def examples(count: int) -> int:
    """`count` in the suite, twenty times as many when exploring: for `settings(max_examples=examples(30))`."""
    return count * FACTOR if settings.get_current_profile_name() == EXPLORE else count
