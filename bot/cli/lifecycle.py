"""Looks up what commands print, with the few settings that this takes; ends a command with its reason."""

import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import typer
import uvloop
from dotenv import dotenv_values

from bot.cli.flow_file import DEFAULT
from bot.printable import printable
from bot.setting_text import tidy
from storage.database.errors import StorageError
from storage.inbox.order_rows import Unreadable

T = TypeVar("T")

VARIABLE: Final = "MUNSHI_SANDBOX"
"""The environment variable that tells commands of a running sandbox: the address of its control API."""
_ENDED: Final = (
    f"{VARIABLE} is set: if that sandbox has ended, open another terminal, or paste the line of a new one"
)


def refuse(message: str) -> NoReturn:
    """End the command with a message for the operator and exit status 1."""
    typer.echo(printable(message, "\n"), err=True)
    raise typer.Exit(1)


def database_url() -> str:
    """Return DATABASE_URL without loading the other settings, which reading the database does not need."""
    url = setting("DATABASE_URL") or "sqlite://munshi.db"
    try:
        return tidy("DATABASE_URL", url)
    except ValueError as error:
        refuse(f"DATABASE_URL {error}")


def flow_path() -> Path:
    """Return MUNSHI_FLOW without loading the other settings."""
    return Path(setting("MUNSHI_FLOW") or DEFAULT)


def setting(name: str) -> str | None:
    """Return a setting as it is written in the environment, or else in `.env`."""
    if written := os.environ.get(name):
        return written
    try:
        return dotenv_values(".env").get(name)
    except UnicodeDecodeError:
        refuse("the file .env is not UTF-8 text: save it again as UTF-8")
    except OSError as error:
        refuse(f"the file .env can't be read: {error.strerror}")


def looked_up(work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` finds in the database. Ends the command with the reason if it can't be read."""
    try:
        return uvloop.run(work)
    except StorageError as error:
        refuse(f"{error}\n{_ENDED}" if os.environ.get(VARIABLE) else str(error))
    except Unreadable as error:
        refuse(str(error))
    except BrokenPipeError:
        stop_writing()


def stop_writing() -> NoReturn:
    """End the command because the reader of its output has closed it, as `head` does."""
    # Python writes what is left at its end, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(1)
