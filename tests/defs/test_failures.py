"""Which errors are tried again: those that pass by themselves, and no other."""

import errno

import dagster as dg
import pytest

from orchestration.lib.failures import RETRY_TRANSIENT, is_transient, permanent_unless_transient


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("no answer"),
        ConnectionResetError("peer"),
        OSError(errno.EAGAIN, "try again"),
        RuntimeError("IO Error: Could not set lock on file"),
        RuntimeError("(sqlite3.OperationalError) database is locked"),
        RuntimeError('connection to server at "db", port 5432 failed: Connection refused'),
    ],
)
def test_what_passes_by_itself_is_tried_again(error: Exception) -> None:
    assert is_transient(error)
    with pytest.raises(type(error)), permanent_unless_transient("work"):
        raise error


@pytest.mark.parametrize("error", [ValueError("bad file"), FileNotFoundError(errno.ENOENT, "gone"), KeyError("column")])
def test_anything_else_ends_the_step_at_once(error: Exception) -> None:
    assert not is_transient(error)
    with pytest.raises(dg.Failure) as raised, permanent_unless_transient("reading"):
        raise error
    assert raised.value.allow_retries is False
    assert str(raised.value.description).startswith("reading: ")
    assert raised.value.__cause__ is error


def test_a_transient_cause_counts() -> None:
    outer = RuntimeError("could not publish")
    outer.__cause__ = TimeoutError()
    assert is_transient(outer)


def test_a_failure_of_a_library_is_not_retried_because_it_says_nothing_of_it() -> None:
    """dagster-dbt raises a Failure that allows retries for a broken model; it was built four times over."""
    with pytest.raises(dg.Failure) as raised, permanent_unless_transient("dbt build"):
        raise dg.Failure("model x: binder error")
    assert raised.value.allow_retries is False


def test_a_permanent_error_makes_one_try_and_a_transient_one_four() -> None:
    tries: list[str] = []

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=RETRY_TRANSIENT.max_retries))
    def permanent() -> None:
        tries.append("permanent")
        with permanent_unless_transient("work"):
            raise ValueError

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=RETRY_TRANSIENT.max_retries))
    def transient() -> None:
        tries.append("transient")
        with permanent_unless_transient("work"):
            raise TimeoutError

    @dg.job
    def both() -> None:
        permanent()
        transient()

    assert not both.execute_in_process(raise_on_error=False).success
    assert tries.count("permanent") == 1
    assert tries.count("transient") == 4
