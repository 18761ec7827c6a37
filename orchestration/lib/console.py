"""The two voices of a command: data on stdout, what it is doing on stderr.

Belongs here: rich consoles and JSON output, shared by every command. Does not belong here: what is said.
`NO_COLOR` is respected by rich; a progress bar is drawn only on a terminal.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def stderr() -> "Console":
    """Console for progress and messages."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def stdout() -> "Console":
    """Console for data that a person reads."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def print_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """Write one JSON document to stdout; dates and decimals as text."""
    import json

    json.dump(value, sys.stdout, indent=2, default=str)
    sys.stdout.write("\n")
