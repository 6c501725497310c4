"""Webhooks while a crowd holds the doors.

`python -m bench.doors [--caddy] [slow bodies] [idle connections] [seconds]`. With `--caddy` all of them come
through the proxy that is shipped.

The crowd comes within ten seconds, and each client comes again 15 to 45 seconds after its connection was
closed. Slow ones send a byte of their body each second; idle ones ask once and keep the connection. All come
from this machine, where no address has a limit of its own: the hardest case. Signed webhooks come meanwhile,
each on a new connection, and a refused one comes again at once, as a part of the same wait.
"""

import asyncio
import resource
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from random import random
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final, TypeAlias, cast

import uvloop

from bench.caddy import caddy
from bench.live import memory_of, server_apart
from bench.shop import webhook

_SLOW: Final = (
    b"POST /whatsapp/webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Hub-Signature-256: sha256=" + b"0" * 64
    + b"\r\nContent-Length: 100000\r\n\r\n{"
)  # fmt: skip
_IDLE: Final = b"GET /payments/return HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
"""A page that the proxy passes on."""
_AGAIN_SECONDS: Final = 30.0
_COME_SECONDS: Final = 10.0
_A_SECOND: Final = 20
"""Webhooks sent in a second."""
_NOWHERE: Final = "http://127.0.0.1:9"
"""The Graph API, which nobody calls: no worker runs."""


class Crowd:
    """Clients that hold connections. They come again when they are closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[object]] = set()
        self.open: dict[str, set[_Client]] = {"slow": set(), "idle": set()}
        self.closed = 0

    def come(self, kind: str, said: bytes) -> None:
        """Have one more client come, of a kind."""
        task = self._loop.create_task(self._connect(kind, said))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, kind: str, said: bytes) -> None:
        try:
            await self._loop.create_connection(lambda: _Client(self, kind, said), "127.0.0.1", self._port)
        except OSError:
            self.again(kind, said)

    def again(self, kind: str, said: bytes) -> None:
        """Have a client that was closed come again later."""
        self.closed += 1
        self._loop.call_later(_AGAIN_SECONDS * (0.5 + random()), self.come, kind, said)

    async def drip(self) -> None:
        """Send a byte of each slow body every second, until cancelled."""
        while True:
            for client in list(self.open["slow"]):
                client.transport.write(b"x")
            await asyncio.sleep(1)


class _Client(asyncio.Protocol):
    def __init__(self, crowd: Crowd, kind: str, said: bytes) -> None:
        self._crowd, self._kind, self._said = crowd, kind, said

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._crowd.open[self._kind].add(self)
        self.transport.write(self._said)

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.open[self._kind].discard(self)
        self._crowd.again(self._kind, self._said)


async def _answered(port: int, request: bytes) -> tuple[float, int]:
    """Send one webhook until it is answered 200. Return the seconds, and how often it was refused."""
    start, refused = perf_counter(), 0
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request)
                status = (await reader.readuntil(b"\r\n"))[9:12]
            finally:
                writer.close()
            if status == b"200":
                return perf_counter() - start, refused
        refused += 1


async def _webhooks(port: int, name: str, seconds: int) -> tuple[list[float], int]:
    """Send webhooks at a steady rate. Return the wait of each, sorted, and the number of refusals."""
    begun, sent = perf_counter(), []
    for number in range(seconds * _A_SECOND):
        await asyncio.sleep(max(0, begun + number / _A_SECOND - perf_counter()))
        request = webhook("hi", number, f"wamid.{name}{number}")
        sent.append(asyncio.create_task(_answered(port, request)))
    results = await asyncio.gather(*sent)
    return sorted(wait for wait, _ in results), sum(refused for _, refused in results)


def _show(name: str, waits: list[float], refused: int, memory: str) -> None:
    middle, late = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
    print(
        f"{name}: {len(waits)} webhooks, all answered 200; p50 {middle * 1000:.0f} ms,"
        f" p99 {late * 1000:.0f} ms, longest {waits[-1] * 1000:.0f} ms; {refused} sent again; {memory}"
    )


async def _measure(doors: "_Doors", slow: int, idle: int, seconds: int) -> None:
    async with doors() as (port, memory):
        await _webhooks(port, "warm", 2)
        _show("nobody else", *await _webhooks(port, "alone", seconds), memory())
        crowd = Crowd(port)
        drip = asyncio.create_task(crowd.drip())
        loop = asyncio.get_running_loop()
        for kind, said, count in (("slow", _SLOW, slow), ("idle", _IDLE, idle)):
            for number in range(count):
                loop.call_later(_COME_SECONDS * number / count, crowd.come, kind, said)
        _show("while they come", *await _webhooks(port, "come", seconds), memory())
        _show("while they hold", *await _webhooks(port, "hold", seconds), memory())
        drip.cancel()
        still = ", ".join(f"{len(clients)} {kind}" for kind, clients in crowd.open.items())
        print(f"of {slow} slow and {idle} idle ones {still} are connected; {crowd.closed} were closed")


@asynccontextmanager
async def _server() -> AsyncIterator[tuple[int, "_Memory"]]:
    with TemporaryDirectory(prefix="munshi-bench-") as directory:
        async with server_apart(Path(directory) / "bench.db", _NOWHERE, working=False) as server:
            yield server.port, _Memory({"server": server.pid})


@asynccontextmanager
async def _behind_caddy() -> AsyncIterator[tuple[int, "_Memory"]]:
    async with _server() as (behind, memory), caddy(behind) as (port, proxy):
        yield port, _Memory({**memory.processes, "Caddy": proxy})


class _Memory:
    def __init__(self, processes: Mapping[str, int]) -> None:
        self.processes = processes
        """Process ids by name."""

    def __call__(self) -> str:
        return ", ".join(f"{name} {memory_of(pid)}" for name, pid in self.processes.items())


_Doors: TypeAlias = Callable[[], AbstractAsyncContextManager[tuple[int, _Memory]]]


def main() -> None:
    """Measure and print. As many clients come as this machine lets one process open files for."""
    through = sys.argv[1:2] == ["--caddy"]
    given = [int(text) for text in sys.argv[2 if through else 1 :]]
    slow, idle, seconds = [*given, *(2_000, 5_000, 20)[len(given) :]]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and slow + idle + 500 > hard:
        sys.exit(
            f"this machine lets a process open {hard} files: ask for fewer clients, or raise `ulimit -n`"
        )
    uvloop.run(_measure(_behind_caddy if through else _server, slow, idle, seconds))


if __name__ == "__main__":
    main()
