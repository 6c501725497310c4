"""Loads all settings, and runs and stops the work of commands that take them; says why it can't run."""

import asyncio
import errno
import os
import resource
import signal
from collections.abc import Coroutine
from typing import Any, Final

import uvloop

from bot.cli.lifecycle import refuse, stop_writing
from bot.settings import Settings, SettingsInvalid, load_settings
from flows.document.errors import FlowInvalid
from storage.database.errors import StorageError

_NO_FILE: Final = (
    "There is no file .env in this folder: go to your shop's folder, or make a new one with 'munshi init'."
)


def settings_or_refuse() -> Settings:
    """Load the settings. Ends the command with everything that is wrong with them."""
    try:
        return load_settings()
    except SettingsInvalid as invalid:
        refuse(f"This takes all settings (environment or .env), and some do not do:\n\n{in_words(invalid)}")


def in_words(invalid: SettingsInvalid) -> str:
    """Return what is wrong with the settings, and also that there is no `.env` if there is none."""
    return str(invalid) if os.access(".env", os.F_OK) else f"{invalid}\n\n{_NO_FILE}"


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
        stop_writing()
    except OSError as error:
        hint = ": end what listens there, or set PORT" if error.errno == errno.EADDRINUSE else ""
        refuse(f"Munshi can't start: {error}{hint}")


def forbid_core_dumps() -> None:
    """Let a crash leave no copy of this process's memory, which holds secrets."""
    # A filter of system calls may forbid setting a limit, even to what it is.
    if resource.getrlimit(resource.RLIMIT_CORE) != (0, 0):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


async def until_told_to_stop() -> None:
    """Wait for SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
