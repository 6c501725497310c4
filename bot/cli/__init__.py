"""The command `munshi`. Each subcommand is a module here. Each imports what it needs when it runs."""

import gc
import io
import re
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand

COMMANDS: Final = (
    *("init", "demo", "serve", "work", "sandbox", "chat", "check", "prove", "test", "diagram", "schema"),
    *("plan", "reload", "history", "rollback"),
    *("orders", "order", "product", "customers", "chats", "reply", "broadcast", "day", "export", "hooks"),
    *("why", "ledger", "replay", "doctor", "migrate"),
    *("backup", "restore", "settle", "import"),
)
"""Modules of this package, in the order of the help. Each has a function `command`."""


_ABOUT_PEOPLE: Final = frozenset({"customers", "chats", "reply", "why"})
"""Commands that take a phone number."""
_PART: Final = re.compile(r"\+?[0-9]{2,6}")
_DIGITS: Final = range(10, 14)
"""Digits of a phone number, with its country code or without."""


class _AboutPeople(TyperCommand):
    """A command whose phone number may be written with blanks and without quotes: `98000 00002`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _with_whole_number(args))


def _with_whole_number(words: Sequence[str]) -> list[str]:
    """Return `words` with the first of them that make up a phone number in one."""
    for first in range(len(words)):
        for end in range(first + 2, len(words) + 1):
            parts = words[first:end]
            if not all(map(_PART.fullmatch, parts)):
                break
            if len("".join(parts).lstrip("+")) in _DIGITS:
                return [*words[:first], " ".join(parts), *words[end:]]
    return list(words)


def app(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Build the command line with the commands `names`."""
    munshi = typer.Typer(
        name="munshi",
        help="A conversational state-machine engine for selling on WhatsApp.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
    )
    munshi.callback()(_munshi)
    for name in names:
        kind = _AboutPeople if name in _ABOUT_PEOPLE else TyperCommand
        munshi.command(name, cls=kind)(import_module(f"bot.cli.{name}").command)
    return munshi


def main() -> None:
    """Entry point of the console script."""
    # What is imported and loaded stays. Looking through it again and again took a tenth of the start.
    gc.set_threshold(100_000, 20, 50)
    for stream in (sys.stdout, sys.stderr):
        # ₹ and हिन्दी must not crash a command on a terminal that can't show them.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # Import only the command that runs: `check` must not wait for the web server and the database.
    requested = [name for name in sys.argv[1:2] if name in COMMANDS]
    try:
        app(requested or COMMANDS)()
    except KeyboardInterrupt:
        sys.exit(130)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"munshi {version('munshi')}")
        raise typer.Exit


def _munshi(
    asked: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say which version this is."),
    ] = False,
) -> None:
    """A conversational state-machine engine for selling on WhatsApp."""
