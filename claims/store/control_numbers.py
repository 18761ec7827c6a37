"""Control numbers of the interchanges, groups and transaction sets that we write: a sequence without gaps.

Belongs here: giving out numbers, one sequence per sender, receiver and kind. Does not belong here: writing X12 (the
writer takes the numbers as parameters), the numbers of what others send (the ledger).

A receiver reads a gap as an interchange that was lost, and a number that comes twice as a replay. So numbers belong to
the transaction in which they are taken: they are given back when what is done with them fails.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from sqlalchemy import Connection, Engine, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from claims.store.exclusive import exclusive
from claims.store.models import ControlNumberRow

_numbers: Table = ControlNumberRow.__table__  # type: ignore[assignment]
_LOCK = 0x6E756D62  # "numb"
HIGHEST = 999_999_999  # ISA13 has nine digits, and so has the longest ST02


class Kind(StrEnum):
    """Which envelope a number is for: ISA13, GS06 or ST02."""

    INTERCHANGE = "ISA"
    GROUP = "GS"
    TRANSACTION = "ST"


class ExhaustedError(Exception):
    """A sequence has no number left; starting it again would look like a replay to the receiver."""


class NumberSource:
    """The sequences of one sender and receiver, inside the transaction that `ControlNumbers.taking` holds open."""

    def __init__(self, connection: Connection, sender_id: str, receiver_id: str) -> None:
        self._connection = connection
        self._key = {"sender_id": sender_id, "receiver_id": receiver_id}

    def next_numbers(self, kind: Kind, count: int = 1) -> range:
        """The next `count` numbers of a kind; the first ever given is 1.

        Raises:
            ExhaustedError: the sequence would go beyond nine digits.
        """
        if count < 1:
            raise ValueError("at least one number is taken")
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        taken = insert(_numbers).values(**self._key, kind=kind.value, last_number=count)
        taken = taken.on_conflict_do_update(
            index_elements=[_numbers.c.sender_id, _numbers.c.receiver_id, _numbers.c.kind],
            set_={"last_number": _numbers.c.last_number + count},
        )
        last = int(self._connection.execute(taken.returning(_numbers.c.last_number)).scalar_one())
        if last > HIGHEST:
            raise ExhaustedError(
                f"the {kind.value} control numbers of this sender and receiver are used up; agree with the receiver "
                "on another sender id"
            )
        return range(last - count + 1, last + 1)


class ControlNumbers:
    """The sequences of the store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def taking(self, sender_id: str, receiver_id: str) -> Iterator[NumberSource]:
        """Numbers that are given out when the block ends, and given back when it raises.

        Write the file inside the block. Who comes second waits: SQLite gives up after 30 s, so write, do not compute.
        """
        with exclusive(self._engine, _LOCK) as connection:
            yield NumberSource(connection, sender_id, receiver_id)

    def next_numbers(self, sender_id: str, receiver_id: str, kind: Kind, count: int = 1) -> range:
        """The next `count` numbers, given out at once. Where writing may fail, take them in `taking`."""
        with self.taking(sender_id, receiver_id) as source:
            return source.next_numbers(kind, count)

    def last_numbers(self, sender_id: str, receiver_id: str) -> dict[Kind, int]:
        """The last number given out of each kind; a kind without any is left out."""
        mine = (_numbers.c.sender_id == sender_id) & (_numbers.c.receiver_id == receiver_id)
        with self._engine.connect() as connection:
            rows = connection.execute(select(_numbers.c.kind, _numbers.c.last_number).where(mine))
            return {Kind(kind): int(last) for kind, last in rows}
