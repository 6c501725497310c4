"""The Caddyfile in a real Caddy: it is read, and it does to requests what it says."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.world.processes import free_port, process, until

DEPLOY = Path(__file__).parents[2] / "deploy"
CADDY = Path(sys.executable).with_name("caddy")
MIB = 1024**2


class Bot:
    """Stands where Munshi stands: it keeps what it was asked, and answers 200."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, str]] = []
        """Path, bytes of the body, and the client that the proxy names."""
        self.begun = 0
        """Requests of which the head came."""

    async def answer(self, request: web.Request) -> web.Response:
        self.begun += 1
        body = await request.read()
        self.asked.append((request.path, len(body), request.headers["X-Forwarded-For"]))
        return web.Response(headers={"Server": "what is behind"})


@pytest.fixture
def bot() -> Bot:
    return Bot()


@pytest.fixture
async def url(bot: Bot, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a Caddy with our Caddyfile, before `bot`."""
    app = web.Application(client_max_size=8 * MIB)
    app.router.add_route("*", "/{path:.*}", bot.answer)
    url = f"http://127.0.0.1:{free_port()}"
    async with TestServer(app) as behind:
        text = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
        file = tmp_path / "Caddyfile"
        file.write_text(text.replace("127.0.0.1:8080", f"127.0.0.1:{behind.port}"), encoding="utf-8")
        env = {"MUNSHI_DOMAIN": url, "CADDY_ADMIN": f"unix/{tmp_path}/admin", "HOME": str(tmp_path)}
        arguments = ("run", "--config", str(file), "--adapter", "caddyfile")
        async with (
            process(str(CADDY), *arguments, env=env, cwd=tmp_path),
            aiohttp.ClientSession() as http,
        ):

            async def up() -> bool:
                try:
                    async with http.get(url) as answer:
                        return answer.status == 404
                except aiohttp.ClientConnectionError:
                    return False

            await until(up, "Caddy")
            yield url


async def test_what_is_passed_on_what_is_not_and_how_much(url: str, bot: Bot) -> None:
    async with aiohttp.ClientSession() as http:
        forged = {"X-Forwarded-For": "203.0.113.9"}
        async with http.post(f"{url}/whatsapp/webhook", data=BytesIO(b"x" * MIB), headers=forged) as answer:
            assert answer.status == 200
            assert not {"Server", "Via"} & answer.headers.keys()
        assert bot.asked.pop() == ("/whatsapp/webhook", MIB, "127.0.0.1")
        # The rest may still be on its way: the sender reads the answer, or is cut off first.
        last = {"Connection": "close"}
        large = BytesIO(b"x" * (5 * MIB))
        with suppress(aiohttp.ClientOSError):
            async with http.post(f"{url}/whatsapp/webhook", data=large, headers=last) as answer:
                assert answer.status == 413
        for path in ("/metrics", "/readyz", "/operator/notices/1/seen", "/whatsapp/webhok", "/"):
            async with http.post(url + path) as answer:
                assert answer.status == 404
        async with http.get(f"{url}/healthz", headers={"A-Long-One": "x" * 30_000}) as answer:
            assert answer.status == 431
    assert bot.asked == []


async def test_a_large_body_is_not_kept_by_the_proxy(url: str, bot: Bot) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    head = b"POST /payments/webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 200000\r\n\r\n"
    writer.write(head + b"x" * 199_999)

    async def begun() -> bool:
        return bot.begun == 1

    await until(begun, "the head of a body that is not whole")
    writer.close()
    await writer.wait_closed()


async def test_a_slow_small_body_takes_no_connection_of_munshi(url: str, bot: Bot) -> None:
    port = int(url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = b"POST /payments/webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 8\r\n\r\n"
    writer.write(head + b"half")
    await writer.drain()
    async with aiohttp.ClientSession() as http, http.post(f"{url}/payments/webhook", data=b"whole") as answer:
        assert answer.status == 200
    assert bot.begun == 1
    writer.write(b"half")
    assert (await reader.readline()).split()[1] == b"200"
    assert [size for _, size, _ in bot.asked] == [5, 8]
    writer.close()


def test_it_is_written_as_caddy_writes_it() -> None:
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    command = [str(CADDY), "fmt", str(DEPLOY / "Caddyfile")]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.stdout == (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
