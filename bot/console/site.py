"""Puts the console together and serves it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Final

import fontpkg
import uvicorn
from fastapi import FastAPI, Request
from nicegui import ui
from starlette.responses import FileResponse, RedirectResponse, Response

from bot.console import chats, flow, health, log_in_page, numbers, orders, people
from bot.console.context import Console
from bot.console.frame import base_of
from bot.console.guard import Guard
from bot.console.log_in import Doors
from bot.console.log_in_page import own_path
from bot.console.visit import LANGUAGE, THEME
from bot.console.words import LANGUAGES

_YEAR: Final = 31_536_000
_DEVANAGARI: Final = fontpkg.path("Noto Sans Devanagari")
_STYLE: Final = files("bot.console").joinpath("style.css")
_STOP_SECONDS: Final = 2


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
    config = uvicorn.Config(
        Guard(site, console),
        host=host,
        port=port,
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
    running = asyncio.create_task(server.serve())
    try:
        yield await _port(server, running)
    finally:
        server.should_exit = True
        watching.cancel()
        await asyncio.gather(running, watching, warming, return_exceptions=True)


class _Server(uvicorn.Server):
    """The signals belong to the command."""

    def install_signal_handlers(self) -> None:
        return None


async def _port(server: uvicorn.Server, running: asyncio.Task[None]) -> int:
    while not server.started:
        if running.done():
            await running
            raise OSError("the console could not be served")
        await asyncio.sleep(0.02)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


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
