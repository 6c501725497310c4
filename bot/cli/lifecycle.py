"""Loads settings, runs and stops work for commands, and ends a command with the reason why it can't run."""

import asyncio
import errno
import os
import resource
import signal
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
from bot.settings import Settings, SettingsInvalid, load_settings
from flows.document.errors import FlowInvalid
from storage.database.errors import StorageError
from storage.inbox.step_inputs import Unreadable

T = TypeVar("T")

VARIABLE: Final = "MUNSHI_SANDBOX"
"""The environment variable that tells commands of a running sandbox: the address of its control API."""
_ENDED: Final = (
    f"{VARIABLE} is set: if that sandbox has ended, open another terminal, or paste the line of a new one"
)

_NO_FILE: Final = (
    "There is no file .env in this folder: go to your shop's folder, or make a new one with 'munshi init'."
)


def refuse(message: str) -> NoReturn:
    """End the command with a message for the operator and exit status 1."""
    typer.echo(printable(message, "\n"), err=True)
    raise typer.Exit(1)


def settings_or_refuse() -> Settings:
    """Load the settings. Ends the command with everything that is wrong with them."""
    try:
        return load_settings()
    except SettingsInvalid as invalid:
        refuse(f"This takes all settings (environment or .env), and some do not do:\n\n{in_words(invalid)}")


def in_words(invalid: SettingsInvalid) -> str:
    """Return what is wrong with the settings, and also that there is no `.env` if there is none."""
    return str(invalid) if os.access(".env", os.F_OK) else f"{invalid}\n\n{_NO_FILE}"


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
        _stop_writing()


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` to its end. An error that the operator can mend becomes a message and exit status 1."""
    try:
        uvloop.run(work)
    except FlowInvalid as invalid:
        refuse(f"Munshi can't start, because of the flow file:\n\n{invalid}")
    except SettingsInvalid as invalid:
        refuse(f"Munshi can't start, because of its settings (environment or .env):\n\n{invalid}")
    except StorageError as error:
        refuse(f"Munshi can't start, because of the database:\n\n{error}")
    except BrokenPipeError:
        _stop_writing()
    except OSError as error:
        hint = ": end what listens there, or set PORT" if error.errno == errno.EADDRINUSE else ""
        refuse(f"Munshi can't start: {error}{hint}")


def forbid_core_dumps() -> None:
    """Let a crash leave no copy of this process's memory, which holds secrets."""
    # A filter of system calls may forbid setting a limit, even to what it is.
    if resource.getrlimit(resource.RLIMIT_CORE) != (0, 0):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _stop_writing() -> NoReturn:
    """End the command because the reader of its output has closed it, as `head` does."""
    # Python writes what is left at its end, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(1)


async def until_told_to_stop() -> None:
    """Wait for SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
