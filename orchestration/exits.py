"""Exit codes of the command line, and the one exception that a command raises to end with a message.

Belongs here: what every command module needs to end well. Does not belong here: parsing, printing, Dagster.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a `claimworks` process ends with; other programs read it, so the numbers never change."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    QUARANTINED = 3
    REFUSED = 4


class CommandError(Exception):
    """A failure that the user can do something about: printed as two lines on stderr, never as a traceback.

    `message` says what is wrong (no value of a claim in it), `fix` what to do about it.
    """

    def __init__(self, message: str, *, fix: str = "", code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.fix = fix
        self.code = code
