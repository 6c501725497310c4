"""How every command that runs the bot starts it, stops it, and says why it can't."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, NoReturn

import typer
import uvloop

from bot.settings import Settings, SettingsInvalid, load_settings
from flows.errors import FlowInvalid
from storage.errors import StorageError


def refuse(message: str) -> NoReturn:
    """End the command with a message for the operator and exit status 1."""
    typer.echo(message, err=True)
    raise typer.Exit(1)


def settings_or_refuse() -> Settings:
    """The settings, or the end of the command with everything that is wrong with them."""
    try:
        return load_settings()
    except SettingsInvalid as invalid:
        refuse(f"Munshi can't start, because of its settings (environment or .env):\n\n{invalid}")


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` to its end. What the operator can mend becomes a message and exit status 1."""
    try:
        uvloop.run(work)
    except FlowInvalid as invalid:
        refuse(f"Munshi can't start, because of the flow file:\n\n{invalid}")
    except StorageError as error:
        refuse(f"Munshi can't start, because of the database:\n\n{error}")
    except BrokenPipeError:  # whoever read the output has gone
        raise typer.Exit(1) from None
    except OSError as error:  # a port in use
        refuse(f"Munshi can't start: {error}")


async def until_told_to_stop() -> None:
    """Wait for SIGINT or SIGTERM."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    await told.wait()
