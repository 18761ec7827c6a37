"""Control numbers: no number twice, none left out, whoever asks at once and whatever fails."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from claims.store import Store, open_store
from claims.store.control_numbers import HIGHEST, ControlNumbers, ExhaustedError, Kind

ALDER = ("ZZ:ALDER", "ZZ:CLAIMRELAY")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with open_store(store_url) as opened:
        yield opened


@pytest.fixture
def numbers(store: Store) -> ControlNumbers:
    return store.control_numbers


def test_a_sequence_starts_with_one_and_goes_on(numbers: ControlNumbers) -> None:
    assert numbers.last_numbers(*ALDER) == {}
    assert numbers.next_numbers(*ALDER, Kind.INTERCHANGE) == range(1, 2)
    assert numbers.next_numbers(*ALDER, Kind.INTERCHANGE, 3) == range(2, 5)
    assert numbers.last_numbers(*ALDER) == {Kind.INTERCHANGE: 4}


def test_every_kind_sender_and_receiver_has_its_own(numbers: ControlNumbers) -> None:
    numbers.next_numbers(*ALDER, Kind.INTERCHANGE, 7)
    assert numbers.next_numbers(*ALDER, Kind.GROUP) == range(1, 2)
    assert numbers.next_numbers(ALDER[0], "ZZ:OTHER", Kind.INTERCHANGE) == range(1, 2)
    assert numbers.next_numbers("ZZ:BIRCH", ALDER[1], Kind.INTERCHANGE) == range(1, 2)
    assert numbers.last_numbers(*ALDER) == {Kind.INTERCHANGE: 7, Kind.GROUP: 1}


def test_what_fails_gives_its_numbers_back(numbers: ControlNumbers, tmp_path: Path) -> None:
    numbers.next_numbers(*ALDER, Kind.INTERCHANGE)

    def write() -> None:
        with numbers.taking(*ALDER) as source:
            assert source.next_numbers(Kind.INTERCHANGE) == range(2, 3)
            assert source.next_numbers(Kind.TRANSACTION, 40) == range(1, 41)
            (tmp_path / "no" / "folder").write_bytes(b"")

    with pytest.raises(FileNotFoundError):
        write()
    assert numbers.last_numbers(*ALDER) == {Kind.INTERCHANGE: 1}
    assert numbers.next_numbers(*ALDER, Kind.INTERCHANGE) == range(2, 3)


def test_the_last_of_nine_digits_is_the_last(numbers: ControlNumbers) -> None:
    assert numbers.next_numbers(*ALDER, Kind.GROUP, HIGHEST - 1)[-1] == HIGHEST - 1
    with pytest.raises(ExhaustedError, match="GS"):
        numbers.next_numbers(*ALDER, Kind.GROUP, 2)
    assert numbers.next_numbers(*ALDER, Kind.GROUP) == range(HIGHEST, HIGHEST + 1)
    with pytest.raises(ExhaustedError, match="used up"):
        numbers.next_numbers(*ALDER, Kind.GROUP)


def test_fewer_than_one_is_refused(numbers: ControlNumbers) -> None:
    with pytest.raises(ValueError, match="at least one"):
        numbers.next_numbers(*ALDER, Kind.GROUP, 0)


def _take(address: str, rounds: int) -> list[int]:
    """Numbers as one writer gets them: every third round fails and gives back what it took."""
    got: list[int] = []
    with open_store(address) as store:
        for n in range(rounds):
            try:
                with store.control_numbers.taking(*ALDER) as source:
                    taken = source.next_numbers(Kind.INTERCHANGE, 1 + n % 3)
                    if n % 3 == 2:
                        raise OSError("the disk is full")
                got += taken
            except OSError:
                pass
    return got


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_two_writers_at_once_share_no_number_and_leave_none_out(store_url: str, kind: str) -> None:
    with open_store(store_url):
        pass
    pool = (
        ThreadPoolExecutor(2)
        if kind == "threads"
        else ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))
    )
    with pool:
        both = list(pool.map(_take, [store_url] * 2, [30, 30]))
    assert sorted(both[0] + both[1]) == list(range(1, 61))
    assert all(mine == sorted(mine) for mine in both)
