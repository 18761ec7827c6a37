"""X12 as senders write it: envelopes, delimiters, control numbers, for every transaction set of the simulator.

Belongs here: ISA/GS/ST and their trailers, delimiters. Does not belong here: any body (`billing`, `answers`,
`remittance`). Text is composed with `*`, `:` and `~`, which no name or code contains, and put into the
sender's own delimiters at the end.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delimiters:
    """What separates elements, components and repetitions, and what ends a segment."""

    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    terminator: str = "~"
    newline: str = "\n"


STANDARD = Delimiters()
ONE_LINE = Delimiters(newline="")
PIPES = Delimiters(element="|", component=">", repetition="^", terminator="~", newline="\r\n")
ANGLES = Delimiters(component=">", repetition="!", newline="\n")


class ControlNumbers:
    """Gapless control numbers: one sequence per sender, receiver and kind."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: defaultdict[tuple[str, ...], int] = defaultdict(int)

    def next(self, *key: str) -> int:
        """The next number of the sequence `key`, from 1."""
        self._last[key] += 1
        return self._last[key]


@dataclass(frozen=True, slots=True)
class Party:
    """Sender or receiver of an interchange."""

    id: str
    qualifier: str = "ZZ"


CLEARINGHOUSE = Party("CLAIMRELAY")


def transaction(kind: str, guide: str, number: int, body: str) -> str:
    """ST, `body` (segments that each end with `~`), SE with the count of segments from ST to SE."""
    control = f"{number:04d}"
    return f"ST*{kind}*{control}*{guide}~{body}SE*{body.count('~') + 2}*{control}~"


def interchange(
    sender: Party,
    receiver: Party,
    day: str,
    time: str,
    isa: int,
    gs: int,
    functional: str,
    guide: str,
    transactions: Sequence[str],
    delimiters: Delimiters,
) -> bytes:
    """One interchange of one functional group as bytes. `day` CCYYMMDD, `time` HHMM, `functional` GS01."""
    d = delimiters
    text = (
        f"ISA*00*          *00*          *{sender.qualifier}*{sender.id:<15}*{receiver.qualifier}*{receiver.id:<15}*"
        f"{day[2:]}*{time}*^*00501*{isa:09d}*0*P*:~"
        f"GS*{functional}*{sender.id}*{receiver.id}*{day}*{time}*{gs}*X*{guide}~"
        f"{''.join(transactions)}"
        f"GE*{len(transactions)}*{gs}~"
        f"IEA*1*{isa:09d}~"
    )
    if d != ONE_LINE:
        text = text.translate(
            {ord("*"): d.element, ord(":"): d.component, ord("^"): d.repetition, ord("~"): d.terminator + d.newline}
        )
    return text.encode("ascii")
