"""What a receiver's status says counts, whatever becomes of the text that follows it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bot import hook_client
from bot.hook_client import GONE, Answer, HookClient


@asynccontextmanager
async def saying(raw: bytes, *, withholds: bool = False) -> AsyncIterator[str]:
    """A receiver that answers `raw`, and then hangs up or says no more."""
    over = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(raw)
        await writer.drain()
        if withholds:
            await over.wait()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}/"
        over.set()


async def asked(url: str) -> Answer:
    async with aiohttp.ClientSession() as session:
        return await HookClient(session, url, (b"k" * 24,)).post("key", {}, 0)


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 5\r\n\r\n",
        b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhe",
    ],
)
@pytest.mark.parametrize("status", [200, GONE])
async def test_the_status_counts_though_the_text_is_broken(status: int, rest: bytes) -> None:
    async with saying(b"HTTP/1.1 %d Well\r\n" % status + rest) as url:
        answer = await asked(url)
    assert (answer.status, answer.taken) == (status, status == 200)


async def test_a_text_that_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_client, "_PATIENCE", 0.05)
    async with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", withholds=True) as url:
        answer = await asked(url)
    assert answer.taken
    assert answer.text == "its text could not be read (TimeoutError)"


async def test_no_status_is_no_answer() -> None:
    async with saying(b"HTTP/1.1 ") as url:
        answer = await asked(url)
    assert (answer.status, answer.taken) == (None, False)
