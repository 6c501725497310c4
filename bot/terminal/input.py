"""Reads lines from the person at the terminal, or from a pipe."""

import io
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.terminal.commands import COMMANDS
from bot.terminal.drawing import plain

PROMPT = "you: "


def lines(console: Console) -> Iterator[str]:
    """Yield each line that isn't blank, until the end of input, Ctrl-C or Ctrl-D.

    Piped lines are printed after the prompt, so that the output reads like a chat.
    """
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    source = _typed(console) if sys.stdin.isatty() else _piped(console)
    yield from (line for line in source if line.strip())


def _typed(console: Console) -> Iterator[str]:
    while True:
        try:
            yield console.input(Text(PROMPT, "bold"))
        except (EOFError, KeyboardInterrupt):
            console.print()
            return


def _piped(console: Console) -> Iterator[str]:
    for line in sys.stdin:
        if line.strip():
            console.print(plain(f"{PROMPT}{line.strip()}"))
        yield line


def help_table(form: str) -> Table:
    """Return a table of every command. `form` says how an address form is filled in."""
    table = Table.grid(padding=(0, 2))
    for name, does in COMMANDS.items():
        table.add_row(Text(name, "bold"), Text(f"{does} {form}" if name == "/address" else does))
    return table
