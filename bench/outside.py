"""The outside world in a separate process: customers who write, and a Graph API that accepts everything.

Both speak raw HTTP/1.1 over asyncio's protocols, so that the generator is never what is measured: it writes
requests made beforehand and reads only the status and length of an answer.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Final, cast

import uvloop

from bench.shop import webhook

CUSTOMERS: Final = 2_000
"""Customers, who write in turn, so that one of them rarely has two messages in progress."""
CONNECTIONS: Final = 64
"""Kept-alive connections, each with one webhook in flight."""
UNANSWERED: Final = 1_000
"""Maximum messages without a reply, if replies are awaited, at which a customer may still write."""
_PATIENCE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Load:
    """A load: `messages` webhooks to post to `port` on this machine."""

    port: int
    messages: int
    replies: bool
    """Whether the clock stops at the last reply that reaches the Graph API, not at the last 200."""


class Outside:
    """Handle on the other process."""

    def __init__(self, pipe: "Connection[Load | None, str | float]") -> None:
        self._pipe = pipe
        self.graph_url = str(pipe.recv())

    async def post(self, load: Load) -> float:
        """Return the seconds that `load` took. Raises EOFError if it failed; the other process prints why."""
        self._pipe.send(load)
        return float(await asyncio.get_running_loop().run_in_executor(None, self._pipe.recv))


@contextmanager
def outside() -> Iterator[Outside]:
    """Start the process, and end it with the block."""
    parent_end, child_end = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_main, args=(child_end,))
    process.start()
    child_end.close()
    try:
        yield Outside(parent_end)
        parent_end.send(None)
    finally:
        parent_end.close()
        process.join()


def _main(pipe: "Connection[str | float, Load | None]") -> None:
    uvloop.run(_serve(pipe))


async def _serve(pipe: "Connection[str | float, Load | None]") -> None:
    loop = asyncio.get_running_loop()
    world = _World()
    server = await loop.create_server(lambda: _Graph(world), "127.0.0.1", 0)
    pipe.send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    while load := await loop.run_in_executor(None, pipe.recv):
        pipe.send(await world.post(load))


class _World:
    """Runs one load at a time and counts what comes back."""

    def __init__(self) -> None:
        self._wamids = count(1)
        self._requests: list[bytes] = []
        self._idle: list[_Customer] = []
        self._load = Load(0, 0, replies=False)
        self._acknowledged = self._replied = 0
        self._done: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def post(self, load: Load) -> float:
        loop = asyncio.get_running_loop()
        self._requests = [
            webhook("hi", n % CUSTOMERS, f"wamid.bench{next(self._wamids)}") for n in range(load.messages)
        ]
        self._requests.reverse()
        self._load, self._acknowledged, self._replied = load, 0, 0
        self._done = loop.create_future()
        customers = [
            (await loop.create_connection(lambda: _Customer(self), "127.0.0.1", load.port))[1]
            for _ in range(CONNECTIONS)
        ]
        self._idle = list(customers)
        start = perf_counter()
        self._write()
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self._done - start
        finally:
            for customer in customers:
                customer.transport.close()

    def acknowledged(self, customer: "_Customer") -> None:
        self._acknowledged += 1
        self._idle.append(customer)
        self._proceed()

    def replied(self) -> int:
        self._replied += 1
        self._proceed()
        return self._replied

    def fail(self, why: str) -> None:
        if not self._done.done():
            self._done.set_exception(RuntimeError(why))

    def _proceed(self) -> None:
        self._write()
        finished = self._replied if self._load.replies else self._acknowledged
        if finished == self._load.messages and not self._done.done():
            self._done.set_result(perf_counter())

    def _write(self) -> None:
        """Write requests on idle connections, while not too many messages lack a reply."""
        while self._idle and self._requests:
            written = self._load.messages - len(self._requests)
            if self._load.replies and written - self._replied >= UNANSWERED:
                return
            self._idle.pop().transport.write(self._requests.pop())


class _Http(asyncio.Protocol):
    """Cuts a stream into whole messages, of which one at a time is in flight."""

    def __init__(self, world: _World) -> None:
        self.world = world
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not asyncio's classes.
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, _, body = self._received.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if length and len(body) >= int(length):
            self._received = b""
            self.whole(head)

    def whole(self, head: bytes) -> None:
        raise NotImplementedError


class _Customer(_Http):
    """A connection from Meta to the shop."""

    def whole(self, head: bytes) -> None:
        if head.startswith(b"HTTP/1.1 200 "):
            self.world.acknowledged(self)
        else:
            self.world.fail(f"a webhook was answered with {head[:40]!r}")


class _Graph(_Http):
    """A connection from the shop to Meta."""

    def whole(self, head: bytes) -> None:
        body = b'{"messaging_product":"whatsapp","messages":[{"id":"wamid.reply%d"}]}' % self.world.replied()
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (len(body), body)
        )
