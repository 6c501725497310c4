"""The bot itself, on a database of its own in a directory on disk."""

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
    """Serves the bot, its workers started if `working`. Gives its port."""
    with TemporaryDirectory(prefix="munshi-bench-") as directory:
        of_bot = settings(Path(directory) / "bench.db", graph_url)
        await Store.migrate(of_bot.database_url)
        async with bot(of_bot) as (context, workers), serving(context) as url:
            if working:
                workers.start()
            tune_interpreter()
            port = urlsplit(url).port
            assert port is not None
            yield port
