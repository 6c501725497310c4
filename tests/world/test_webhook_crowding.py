"""Slow senders, idle ones and forged bodies on real sockets keep no webhook out."""

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.http import bodies, server
from bot.http.connections import CONNECTIONS, Connections
from tests.world.running_bot import Live, Start
from tests.world.test_bad_requests import BOTH, HEADER, PREFIX, WHATSAPP, signed, text_message, webhook

MOST = 40
POST = f"POST {WHATSAPP} HTTP/1.1\r\nHost: x\r\n".encode()
FORGED = b"X-Hub-Signature-256: sha256=" + b"0" * 64 + b"\r\n"
SLOW: dict[str, bytes] = {
    "bodies": POST + FORGED + b"Content-Length: 100000\r\n\r\n{",
    "chunks": POST + FORGED + b"Transfer-Encoding: chunked\r\n\r\n1",
    "unsigned bodies": POST + b"Content-Length: 100000\r\n\r\n{",
    "bodies to nowhere": b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{",
    "orders": b"POST /payments/create HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
    "heads": b"GET /healthz HTTP/1.1\r\nHost",
    "silence": b"",
    "idle": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Callable[[], web.Application]:
    """The served application, with room for `MOST` connections and 1 MiB of bodies."""
    made: list[web.Application] = []
    application = server.application

    def small(context: Any) -> web.Application:
        app = application(context)
        app[CONNECTIONS] = Connections(most=MOST, most_bytes=1024 * 1024)
        made.append(app)
        return app

    monkeypatch.setattr(server, "application", small)
    return lambda: made[-1]


@pytest.fixture
async def crowded(app: Any, world: Any, clock: Any, start: Start) -> AsyncIterator[Live]:
    async with start(world, clock) as live:
        yield live


class Crowd:
    """Clients that send a little and then nothing."""

    def __init__(self, live: Live) -> None:
        host, port = live.url.removeprefix("http://").split(":")
        self._host, self._port = host, int(port)
        self.streams: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def come(self, count: int, said: bytes, *, answered: bool = False) -> None:
        for _ in range(count):
            reader, writer = await asyncio.open_connection(self._host, self._port)
            self.streams.append((reader, writer))
            writer.write(said)
            if answered:
                await reader.readuntil(b"\r\n\r\n")

    async def __aenter__(self) -> "Crowd":
        return self

    async def __aexit__(self, *error: object) -> None:
        for _, writer in self.streams:
            writer.close()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


async def post_anew(live: Live, number: int) -> int:
    """Post a webhook over a connection of its own. Return the status."""
    async with aiohttp.ClientSession() as http:
        return await Live(live.world, live.context, live.workers, live.url, live.clock, http).whatsapp(
            webhook(text_message(live, f"wamid.{number}"))
        )


@pytest.mark.parametrize("kind", SLOW)
async def test_a_crowd_of_slow_ones_gives_way_to_each_webhook(crowded: Live, app: Any, kind: str) -> None:
    connections: Connections = app()[CONNECTIONS]
    async with Crowd(crowded) as crowd:
        await crowd.come(3 * MOST, SLOW[kind], answered=kind == "idle")
        for number in range(10):
            assert await post_anew(crowded, number) == 200
            await crowd.come(5, SLOW[kind])
        assert connections.count <= MOST
    assert len(await crowded.rows("SELECT id FROM inbox WHERE kind = 'chat'")) == 10


async def test_whole_requests_are_answered_whoever_comes(
    crowded: Live, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, asked = asyncio.Event(), 0
    arrive = crowded.context.store.arrive

    async def slowly(*args: Any) -> Any:
        nonlocal asked
        asked += 1
        await gate.wait()
        return await arrive(*args)

    monkeypatch.setattr(crowded.context.store, "arrive", slowly)
    async with Crowd(crowded) as crowd:
        posts = [asyncio.create_task(post_anew(crowded, number)) for number in range(MOST // 2)]
        await until(lambda: app()[CONNECTIONS].count == len(posts) and asked > 0)
        await crowd.come(2 * MOST, SLOW["bodies"])
        await crowd.come(MOST, SLOW["silence"])
        gate.set()
        assert await asyncio.gather(*posts) == [200] * len(posts)


async def test_large_bodies_wait_for_their_turn_and_small_ones_do_not(crowded: Live, app: Any) -> None:
    large = webhook(text_message(crowded, "wamid.large", "x" * (bodies.LARGE + 1)))
    async with app()[bodies.TURN]:
        first = asyncio.create_task(crowded.whatsapp(large))
        await asyncio.sleep(0.05)
        assert await post_anew(crowded, 1) == 200
        assert not first.done()
    assert await first == 200


async def test_slow_large_bodies_take_up_no_more_than_agreed(crowded: Live, app: Any) -> None:
    connections: Connections = app()[CONNECTIONS]
    head = POST + FORGED + b"Content-Length: 4000000\r\n\r\n"
    async with Crowd(crowded) as crowd:
        for number in range(8):
            await crowd.come(1, head + b"x" * 300_000)
            await until(lambda: connections._bytes > 0)
            assert connections._bytes <= 1024 * 1024, number
        large = webhook(text_message(crowded, "wamid.large", "x" * 900_000))
        assert await crowded.whatsapp(large) == 200
        assert connections.gave_way >= 3
    await until(lambda: connections.count <= 2)  # this test's own two are kept alive
    assert connections._bytes == 0


@BOTH
@pytest.mark.parametrize("signature", [None, "", "0" * 63, "g" * 64])
async def test_who_cannot_have_signed_is_refused_before_the_body(
    live: Live, path: str, signature: str | None
) -> None:
    header = "" if signature is None else f"{HEADER[path]}: {PREFIX[path]}{signature}\r\n"
    async with Crowd(live) as crowd:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{header}Content-Length: 200000\r\n\r\n"
        await crowd.come(1, head.encode())
        async with asyncio.timeout(5):
            assert b" 403 " in await crowd.streams[0][0].readline()


async def grown(posting: Callable[[], Any], times: int) -> int:
    """Bytes still allocated after `times` of `posting`, with the cycle collector off."""
    await posting()
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(times):
            await posting()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
        gc.enable()


SIZE = 400_000
REFUSALS: dict[str, tuple[int, dict[str, str]]] = {
    "forged": (403, {HEADER[WHATSAPP]: PREFIX[WHATSAPP] + "0" * 64}),
    "unsigned": (403, {}),
    "compressed": (415, {"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refused_body_is_forgotten_at_once(live: Live, name: str) -> None:
    status, headers = REFUSALS[name]
    body = b"x" * SIZE
    if name == "compressed":
        headers = {**signed(live, WHATSAPP, body), **headers}

    async def posting() -> None:
        assert (await live.post(WHATSAPP, body, headers))[0] == status

    with capture_logs():
        assert await grown(posting, 20) < 5 * SIZE


async def test_a_body_that_cannot_be_stored_is_forgotten_too(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(live.context.store, "arrive", full)
    body = webhook(text_message(live, "wamid.1", "x" * SIZE))

    async def posting() -> None:
        assert await live.whatsapp(body) == 500

    with capture_logs() as logs:

        async def alone() -> None:
            await posting()
            logs.clear()

        assert await grown(alone, 20) < 5 * SIZE


async def test_an_order_over_the_api_that_is_refused_is_forgotten_too(live: Live) -> None:
    body = b'{"a":"' + b"x" * 60_000 + b'"}'

    async def posting() -> None:
        assert (await live.api("POST", "/payments/create", body))[0] == 422

    assert await grown(posting, 60) < 20 * len(body)
