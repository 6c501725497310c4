"""Serves the bot on a new database in a directory on disk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from bench.shop import settings
from bot.app import bot, tune_interpreter
from bot.http.server import serving
from storage import Store


@asynccontextmanager
async def serving_bot(graph_url: str, *, working: bool) -> AsyncIterator[int]:
    """Serve the bot, with its workers if `working`. Yield its port."""
    with TemporaryDirectory(prefix="munshi-bench-") as directory:
        bot_settings = settings(Path(directory) / "bench.db", graph_url)
        await Store.migrate(bot_settings.database_url)
        async with bot(bot_settings) as (context, workers), serving(context) as url:
            if working:
                workers.start()
            tune_interpreter()
            port = urlsplit(url).port
            assert port is not None
            yield port
