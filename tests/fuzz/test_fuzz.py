"""A short run of the fuzzers' promises: any bytes, and interchanges broken in the ways that files break."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claims.interchange.x12 import progress, reader
from tests.examples import examples
from tests.fuzz.mutations import mutate, seeds
from tests.fuzz.promises import check_bytes

_QUICK = settings(max_examples=examples(40), deadline=5000, suppress_health_check=list(HealthCheck))
_SEEDS = seeds()


@_QUICK
@given(st.binary(max_size=600))
def test_any_bytes(data: bytes) -> None:
    check_bytes(data)
    check_bytes(_SEEDS[0][:106] + data)
    check_bytes(_SEEDS[0][:200] + data + _SEEDS[0][200:])


@_QUICK
@given(st.integers(0, 2**64))
def test_broken_interchanges(seed: int) -> None:
    random = Random(seed)
    check_bytes(mutate(random.choice(_SEEDS), random))


def test_broken_interchanges_in_small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "WINDOW_BYTES", 500)
    monkeypatch.setattr(progress, "MAX_SET_BYTES", 1500)
    for seed in range(60):
        random = Random(seed)
        check_bytes(mutate(random.choice(_SEEDS), random))


@pytest.mark.parametrize("mark", ["\n", "\x1d", "\r"])
def test_odd_terminators_read_clean(mark: str) -> None:
    check_bytes(_SEEDS[0].replace(b"~", mark.encode()))


def test_a_status_before_any_level() -> None:
    """Found by fuzzing: an STC in a 277 without HL."""
    check_bytes(_SEEDS[3].replace(b"HL*1", b"HL1"))


def test_layout_bytes_that_delimit() -> None:
    """Found by fuzzing: what stands between two interchanges was taken for layout and hid the second ISA."""
    odd = _SEEDS[0].replace(b"*", b"\n")
    check_bytes(odd + b"\n" + odd)
