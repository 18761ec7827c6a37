"""Which errors are worth another try, and which are not.

Belongs here: the classification, the retry policy, the wrapper that assets put around their work. Does not belong
here: any particular asset's errors.

Why: an orchestrator that retries everything tried one permanent refusal 5,363 times (mitodl/ol-data-platform). So an
error is permanent unless it is one of the few that pass by themselves: a locked database file, an interrupted or
timed-out call. Permanent errors end the step at once with `Failure(allow_retries=False)`.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

# Seconds between tries double from 2, with jitter, so that two processes do not meet again.
RETRY_TRANSIENT = dg.RetryPolicy(max_retries=3, delay=2, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)

_TRANSIENT_ERRNO = frozenset({
    errno.EAGAIN, errno.EBUSY, errno.ECONNABORTED, errno.ECONNREFUSED, errno.ECONNRESET, errno.EINTR, errno.ETIMEDOUT,
})  # fmt: skip
_LOCKED = ("database is locked", "could not set lock on file", "conflicting lock is held", "deadlock detected")
_AWAY = ("connection refused", "server closed the connection", "the database system is", "could not serialize access")


def is_transient(error: BaseException) -> bool:
    """True when the same call may well succeed in a moment. Looks through the chain of causes."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, TimeoutError | ConnectionError):
            return True
        if isinstance(current, OSError) and current.errno in _TRANSIENT_ERRNO:
            return True
        if any(words in str(current).lower() for words in (*_LOCKED, *_AWAY)):
            return True
        current = current.__cause__ or current.__context__
    return False


@contextmanager
def permanent_unless_transient(what: str) -> Iterator[None]:
    """Let a transient error through to the retry policy; end the step for any other, saying `what` failed and why."""
    try:
        yield
    except dg.Failure as failure:
        # dagster-dbt's errors are Failures too, and would be retried.
        if not failure.allow_retries or is_transient(failure):
            raise
        raise dg.Failure(f"{what}: {failure.description or failure}", allow_retries=False) from failure
    except Exception as error:
        if is_transient(error):
            raise
        raise dg.Failure(f"{what}: {type(error).__name__}: {error}", allow_retries=False) from error
