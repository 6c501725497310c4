"""Puts the console together and serves it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from importlib.resources import files
from typing import Final

import fontpkg
import structlog
import uvicorn
from fastapi import FastAPI, Request
from nicegui import core, ui
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response

from bot.console import chats, flow, health, log_in_page, numbers, orders, people
from bot.console.context import Console
from bot.console.frame import base_of
from bot.console.guard import Guard
from bot.console.log_in import Doors
from bot.console.log_in_page import own_path
from bot.console.visit import LANGUAGE, THEME
from bot.console.words import LANGUAGES
from storage.database.errors import StorageError

_YEAR: Final = 31_536_000
_DEVANAGARI: Final = fontpkg.path("Noto Sans Devanagari")
_STYLE: Final = files("bot.console").joinpath("style.css")
_STOP_SECONDS: Final = 2

log = structlog.get_logger()


@asynccontextmanager
async def serving(
    console: Console,
    host: str,
    port: int,
    path: str = "",
    doors: Doors | None = None,
    more: Callable[[Console], None] | None = None,
) -> AsyncIterator[int]:
    """Serve the pages at `host` and `port` (0: any free one), and yield the port.

    Without `doors` nobody logs in: all may do everything. `path` is the one under which a proxy offers the
    pages, as `/console`; `more` adds pages to those of the console. Raises OSError if the port is taken. A
    process can do this once: the pages belong to it.
    """
    with _listening(host, port) as bound:
        guard = Guard(_site(console, doors, more), console)
        async with _served(console, guard, path, bound):
            yield bound.getsockname()[1]


def _site(console: Console, doors: Doors | None, more: Callable[[Console], None] | None) -> FastAPI:
    """Return all pages, without their door."""
    site = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    _add_plain(site)
    if doors is not None:
        log_in_page.add(site, console, doors)
    orders.add_pages(console)
    chats.add_pages(console)
    flow.add_pages(console)
    numbers.add_pages(site, console)
    health.add_pages(console)
    people.add_pages(console)
    if more is not None:
        more(console)
    ui.run_with(site, title="Munshi", show_welcome_message=False, tailwind=False, reconnect_timeout=10.0)
    for one in (site, core.app):
        one.add_exception_handler(StorageError, _cannot_be_used)
    core.sio.eio.cors_allowed_origins = []  # the door knows which are ours; no answer invites another
    return site


@asynccontextmanager
async def _served(console: Console, guard: Guard, path: str, bound: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(
        guard,
        root_path=path,
        log_level="warning",
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips="127.0.0.1",
        lifespan="on",
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    server = _Server(config)
    watching = asyncio.create_task(console.books.watch())
    warming = asyncio.create_task(console.warm())
    running = asyncio.create_task(server.serve([bound]))
    try:
        await _until_started(server, running)
        yield
    finally:
        server.should_exit = True
        watching.cancel()
        await asyncio.gather(running, watching, warming, return_exceptions=True)


class _Server(uvicorn.Server):
    """The signals belong to the command."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave them alone."""
        yield


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises OSError if the port is taken, where the server would end us."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


async def _until_started(server: uvicorn.Server, running: asyncio.Task[None]) -> None:
    while not server.started:
        if running.done():
            await running
            raise OSError("the console could not be served")
        await asyncio.sleep(0.02)


async def _cannot_be_used(_: Request, error: Exception) -> Response:
    """Answer where the shop's books or the console's own file cannot be used."""
    log.warning("a page could not be shown", why=str(error))
    return PlainTextResponse(f"{error}\n", 503)


def _add_plain(site: FastAPI) -> None:
    @site.get("/style.css")
    async def style() -> Response:
        return Response(_STYLE.read_bytes(), media_type="text/css", headers={"cache-control": "no-cache"})

    @site.get("/devanagari.ttf")
    async def devanagari() -> Response:
        return FileResponse(_DEVANAGARI, media_type="font/ttf", headers={"cache-control": "max-age=604800"})

    @site.get("/preferences")
    async def prefer(request: Request, to: str = "/", language: str = "", theme: str = "") -> Response:
        answer = RedirectResponse(base_of(request) + own_path(to), 303)
        if language in LANGUAGES:
            answer.set_cookie(LANGUAGE, language, max_age=_YEAR, httponly=True, samesite="lax")
        if theme in ("dark", "light"):
            answer.set_cookie(THEME, theme, max_age=_YEAR, httponly=True, samesite="lax")
        return answer
