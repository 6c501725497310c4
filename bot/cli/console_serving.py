"""Serves the console until it is told to stop: what `munshi console` does without a word after it."""

import errno
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import typer

from bot import log
from bot.cli.lifecycle import refuse
from bot.cli.starting import in_words, run, until_told_to_stop
from bot.clock import SystemClock
from bot.console.books import Books
from bot.console.context import Console
from bot.console.log_in import Doors
from bot.console.passwords import Passwords
from bot.console.server_desk import ServerDesk
from bot.console.settings import ConsoleSettings, load_console_settings
from bot.console.shop_now import ShopNow
from bot.console.site import serving
from bot.settings import SettingsInvalid
from storage.accounts.accounts import Accounts


def serve_console() -> None:
    """Serve the pages. Ends the command with what is wrong with the settings."""
    try:
        settings = load_console_settings()
        token, secrets = settings.operator_token, settings.secrets
    except SettingsInvalid as invalid:
        refuse(f"The console asks the running server, which needs settings:\n\n{in_words(invalid)}")
    log.configure(secrets, least=logging.WARNING)
    run(_serve(settings, token))


async def _serve(settings: ConsoleSettings, token: str) -> None:
    clock = SystemClock()
    desk = ServerDesk(settings.url, token)
    accounts = await Accounts.open(settings.munshi_console_database)
    passwords = Passwords()
    try:
        books, flow = Books(settings.database_url), settings.munshi_flow
        console = Console(books, desk, ShopNow(), flow, accounts, clock)
        doors = Doors(accounts, passwords, clock)
        where = settings.munshi_console_host, settings.munshi_console_port, settings.munshi_console_path
        async with _at_free_port(serving(console, *where, doors)) as port:
            path = settings.munshi_console_path
            typer.echo(f"The console is at http://{settings.munshi_console_host}:{port}{path}/")
            await until_told_to_stop()
    finally:
        passwords.close()
        await accounts.close()
        await desk.close()


@asynccontextmanager
async def _at_free_port(pages: AbstractAsyncContextManager[int]) -> AsyncIterator[int]:
    """Serve the pages. Ends the command if their port is taken, which is not that of the server."""
    async with AsyncExitStack() as stack:
        try:
            port = await stack.enter_async_context(pages)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            refuse(f"The console can't start: {error}: end what listens there, or set MUNSHI_CONSOLE_PORT")
        yield port
