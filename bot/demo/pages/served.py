"""Serves the console's pages, and with them the pocket world, in the process of the demo."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from bot.console.books import Books
from bot.console.context import Console
from bot.console.server_desk import ServerDesk
from bot.console.shop_now import ShopNow
from bot.console.site import serving
from bot.demo.pages import page
from bot.demo.stage import API_TOKEN, Stage
from bot.settings import load_settings

_HOST: Final = "127.0.0.1"


@asynccontextmanager
async def pages(stage: Stage, file: Path, port: int) -> AsyncIterator[str]:
    """Serve them at `port` of this machine (0: any free one), and yield the address of the first page.

    `file` is the flow file. Nobody logs in.
    """
    desk = ServerDesk(stage.url, API_TOKEN)
    # Those of the bot, not of a shop in whose folder the demo runs: the page Health asks providers by them.
    settings = partial(load_settings, _env_file=None, **stage.bot.settings)
    console = Console(Books(stage.books.url), desk, ShopNow(), file, None, stage.clock, settings)
    try:
        async with serving(console, _HOST, port, more=partial(page.add, stage)) as taken:
            yield f"http://{_HOST}:{taken}{page.PATH}"
    finally:
        await desk.close()
