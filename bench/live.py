"""Serves the bot on a database in a directory on disk: in this process, or in one of its own."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import uvloop

from bench.shop import settings
from bot import log
from bot.app import bot, tune_interpreter
from bot.http.connections import allow_files
from bot.http.server import serving
from storage import Store


@asynccontextmanager
async def serving_bot(graph_url: str, *, working: bool) -> AsyncIterator[int]:
    """Serve the bot on a new database, with its workers if `working`. Yield its port."""
    with TemporaryDirectory(prefix="munshi-bench-") as directory:
        async with _serving_on(Path(directory) / "bench.db", graph_url, working=working) as port:
            yield port


@asynccontextmanager
async def _serving_on(database: Path, graph_url: str, *, working: bool) -> AsyncIterator[int]:
    bot_settings = settings(database, graph_url)
    await Store.migrate(bot_settings.database_url)
    async with bot(bot_settings) as (context, workers), serving(context) as url:
        if working:
            workers.start()
        tune_interpreter()
        port = urlsplit(url).port
        assert port is not None
        yield port


@dataclass(frozen=True, slots=True)
class Server:
    """A bot in a process of its own."""

    port: int
    pid: int


@asynccontextmanager
async def server_apart(database: Path, graph_url: str, *, working: bool) -> AsyncIterator[Server]:
    """Serve the bot on `database` in another process, with its workers if `working`. Its log is beside it."""
    parent_end, child_end = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve, args=(child_end, database, graph_url, working))
    process.start()
    child_end.close()
    try:
        port = await asyncio.to_thread(parent_end.recv)
        yield Server(int(port), process.pid or 0)
        parent_end.send(None)
    finally:
        parent_end.close()
        await asyncio.to_thread(process.join)


def _serve(pipe: "Connection[int, None]", database: Path, graph_url: str, working: bool) -> None:
    sys.stderr = database.with_suffix(".log").open("a", encoding="utf-8")
    log.configure()
    allow_files()
    uvloop.run(_serving(pipe, database, graph_url, working))


async def _serving(pipe: "Connection[int, None]", database: Path, graph_url: str, working: bool) -> None:
    async with _serving_on(database, graph_url, working=working) as port:
        pipe.send(port)
        await asyncio.to_thread(pipe.recv)


def memory_of(pid: int) -> str:
    """Return what a process has in memory, and had at most."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    now, most = (int(lines[name].split()[0]) // 1024 for name in ("VmRSS", "VmHWM"))
    return f"{now} MiB, at most {most} MiB"
