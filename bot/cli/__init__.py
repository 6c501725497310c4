"""The command `munshi`. Each subcommand is a module here, which is imported when it is the one that runs."""

import ast
import gc
import io
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from bot.cli.phone_argument import ABOUT_PEOPLE, CommandAboutPeople

COMMANDS: Final = (
    *("init", "demo", "serve", "work", "sandbox", "chat", "check", "prove", "test", "diagram", "schema"),
    *("plan", "reload", "history", "rollback"),
    *("orders", "order", "product", "customers", "chats", "reply", "broadcast", "day", "export"),
    *("hooks", "shopify"),
    *("why", "ledger", "replay", "doctor", "migrate"),
    *("backup", "restore", "settle", "import"),
    "console",
)
"""Modules of this package, in the order of the help. Each has a function `command`."""
_GROUPS: Final = frozenset({"console"})
"""Those with commands of their own: each also has a `group`, of which `command` is the callback."""


def app(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Build the command line with the commands `names`."""
    munshi = _without_commands()
    for name in names:
        module = import_module(f"bot.cli.{name}")
        if name in _GROUPS:
            munshi.add_typer(module.group, name=name)
            continue
        kind = CommandAboutPeople if name in ABOUT_PEOPLE else None
        munshi.command(name, cls=kind)(module.command)
    return munshi


def overview() -> typer.Typer:
    """Build the command line that knows what each command does, and runs none: for `munshi --help`."""
    munshi = _without_commands()
    for name in COMMANDS:
        if name in _GROUPS:
            munshi.add_typer(typer.Typer(), name=name, help=_help(name))
        else:
            munshi.command(name, help=_help(name))(_run_none)
    return munshi


def _help(name: str) -> str | None:
    """Return what command `name` does, as its module says it. Importing all of them takes over a second."""
    module = ast.parse(Path(__file__).with_name(f"{name}.py").read_bytes())
    [command] = (one for one in module.body if isinstance(one, ast.FunctionDef) and one.name == "command")
    return ast.get_docstring(command)


def _run_none() -> NoReturn:
    raise NotImplementedError("the overview runs no command")


def _without_commands() -> typer.Typer:
    munshi = typer.Typer(
        name="munshi",
        help="A conversational state-machine engine for selling on WhatsApp.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
    )
    munshi.callback()(_munshi)
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
    requested = [word for word in sys.argv[1:] if word != "--"][:1]
    try:
        (app(requested) if {*requested} & {*COMMANDS} else overview())()
    except KeyboardInterrupt:
        sys.exit(130)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # nothing else here needs it

        typer.echo(f"munshi {version('munshi')}")
        raise typer.Exit


def _munshi(
    asked: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say which version this is."),
    ] = False,
) -> None:
    """A conversational state-machine engine for selling on WhatsApp."""
