"""Limits the number of open connections, and decides which are closed when more come.

The connection that has kept the server waiting longest (for the head of a request, its body, or the next
request) is closed first. A complete request is never cut off. So many slow clients lose their places one by
one to quick clients, as providers are.
"""

import asyncio
import resource
from collections.abc import Callable, Iterable
from enum import Enum
from ipaddress import IPv6Address, ip_address
from typing import Final, cast

from aiohttp import web

MOST: Final = 1000
"""Maximum open connections. Meta and Razorpay use a few dozen."""
MOST_OF_ONE: Final = 200
"""Maximum open connections of one address. For a proxy on this machine, the client that it names."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""Maximum bytes of all bodies that are being received or handled."""
HEAD_SECONDS: Final = 10.0
"""Seconds that a client may take to send the head of its request."""
IDLE_SECONDS: Final = 75.0
"""Seconds that a connection is kept open for the next request."""
HURRIED_SECONDS: Final = 5.0
"""The same, while more than half of the connections are in use."""
_SWEEP_SECONDS: Final = 1.0
_FILES: Final = 4096
"""Open files that a process needs: connections in both directions, and the database."""


class Phase(Enum):
    """What the server waits for on a connection; `OURS` if the client waits for the server."""

    HEAD = "head"
    BODY = "body"
    OURS = "ours"
    """The request is complete: the client waits for our answer."""
    IDLE = "idle"


class Connections:
    """The open connections of one server."""

    def __init__(self, most: int = MOST, of_one: int = MOST_OF_ONE, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._of_one, self._most_bytes = most, of_one, most_bytes
        self._open: dict[object, _Connection] = {}
        """By aiohttp's protocol object, which each request refers to."""
        self._waiting: dict[_Connection, None] = {}
        """Connections that keep the server waiting, the longest first."""
        self._by_address: dict[str, dict[_Connection, None]] = {}
        """Open connections by client address. An empty address, which is a proxy's, is not counted."""
        self._bytes = 0
        self.gave_way = 0
        """Connections that were closed for others, or because they took too long."""

    @property
    def count(self) -> int:
        """The number of open connections."""
        return len(self._open)

    def serving(self, server: web.Server) -> Callable[[], asyncio.Protocol]:
        """Return the protocol factory of `server` under these limits."""
        return lambda: _Connection(cast(asyncio.Protocol, server()), self)

    def admit(self, connection: "_Connection") -> bool:
        """Register a new connection. Return False if there is no place and no other can be closed for it."""
        if not self._count(connection, network_of(connection.peer())):
            return False
        if len(self._open) >= self._most and not self._close_first(self._waiting):
            self.forget(connection)
            return False
        self._open[connection.handler] = connection
        self._enter(connection, Phase.HEAD)
        return True

    def on_head(self, request: web.BaseRequest) -> bool:
        """Record that a request's head has arrived. Return False if its client has too many connections."""
        connection = self._open.get(request.protocol)
        if connection is None:
            return True
        self._enter(connection, Phase.BODY if request.body_exists else Phase.OURS)
        return bool(connection.address) or self._count(connection, _client(request))

    def on_body_bytes(self, request: web.BaseRequest, size: int) -> bool:
        """Record `size` more bytes of a body. Return False if closing others makes no room for them."""
        connection = self._open.get(request.protocol)
        if connection is None:
            return True
        connection.bytes += size
        self._bytes += size
        while self._bytes > self._most_bytes:
            others = (other for other in self._waiting if other.bytes and other is not connection)
            if not self._close_first(others):
                return False
        return True

    def on_body_complete(self, request: web.BaseRequest) -> None:
        """Record that the body of `request` is complete: the client now waits for our answer."""
        if connection := self._open.get(request.protocol):
            self._enter(connection, Phase.OURS)

    def on_answered(self, request: web.BaseRequest) -> None:
        """Record that `request` is answered."""
        if connection := self._open.get(request.protocol):
            self._bytes -= connection.bytes
            connection.bytes = 0
            if connection.behind_proxy:  # its next request may be another client's
                self._uncount(connection)
            self._enter(connection, Phase.IDLE)

    def on_data(self, connection: "_Connection") -> None:
        """Record that the first bytes of the next request have arrived."""
        self._enter(connection, Phase.HEAD)

    def forget(self, connection: "_Connection") -> None:
        """Record that `connection` is closed."""
        self._open.pop(connection.handler, None)
        self._waiting.pop(connection, None)
        self._uncount(connection)
        self._bytes -= connection.bytes
        connection.bytes = 0

    def sweep(self, now: float) -> None:
        """Close connections that kept the server waiting too long. `now`: seconds of the loop's clock."""
        idle = HURRIED_SECONDS if 2 * len(self._open) > self._most else IDLE_SECONDS
        longest = {Phase.HEAD: HEAD_SECONDS, Phase.BODY: IDLE_SECONDS, Phase.IDLE: idle}
        for connection in list(self._waiting):
            if now - connection.since > longest[connection.phase]:
                self._close(connection)

    async def sweeping(self) -> None:
        """Sweep every second until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            self.sweep(loop.time())

    def _enter(self, connection: "_Connection", phase: Phase) -> None:
        self._waiting.pop(connection, None)
        connection.phase = phase
        if phase is not Phase.OURS:
            connection.since = asyncio.get_running_loop().time()
            self._waiting[connection] = None

    def _count(self, connection: "_Connection", address: str) -> bool:
        """Count `connection` for `address`. Return False if it has too many and none can be closed."""
        if not address:
            return True
        siblings = self._by_address.get(address, {})
        waiting = (other for other in self._waiting if other in siblings)
        if len(siblings) >= self._of_one and not self._close_first(waiting):
            return False
        connection.address = address
        self._by_address.setdefault(address, {})[connection] = None
        return True

    def _uncount(self, connection: "_Connection") -> None:
        siblings = self._by_address.get(connection.address)
        if siblings is not None:
            siblings.pop(connection, None)
            if not siblings:
                del self._by_address[connection.address]
        connection.address = ""

    def _close_first(self, candidates: Iterable["_Connection"]) -> bool:
        """Close the first of `candidates`. Return False if there is none."""
        first = next(iter(candidates), None)
        if first is not None:
            self._close(first)
        return first is not None

    def _close(self, connection: "_Connection") -> None:
        self.gave_way += 1
        self.forget(connection)
        connection.hang_up()


class _Connection(asyncio.Protocol):
    """Forwards everything to aiohttp's protocol, and reports it to `Connections`."""

    __slots__ = ("_admitted", "_connections", "_transport", "address", "bytes", "handler", "phase", "since")

    def __init__(self, handler: asyncio.Protocol, connections: Connections) -> None:
        self.handler, self._connections = handler, connections
        self._transport: asyncio.Transport | None = None
        self._admitted = False
        self.address = ""
        """Client address it is counted for; empty for a proxy on this machine that has named no client."""
        self.phase = Phase.HEAD
        self.since = 0.0
        """Time since which the server waits for it, in seconds of the loop's clock."""
        self.bytes = 0
        """Received bytes of the current request's body."""

    @property
    def behind_proxy(self) -> bool:
        """Whether the connection comes from this machine."""
        return not network_of(self.peer())

    def peer(self) -> str:
        """The address of the other end; empty if it has none."""
        name = self._transport.get_extra_info("peername") if self._transport else None
        return str(name[0]) if isinstance(name, tuple) else ""

    def hang_up(self) -> None:
        """Close the connection: properly if it is idle and its answer is sent, else at once."""
        assert self._transport is not None
        if self.phase is Phase.IDLE and not self._transport.get_write_buffer_size():
            self._transport.close()
        else:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._admitted = self._connections.admit(self)
        if self._admitted:
            self.handler.connection_made(transport)
        else:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self.phase is Phase.IDLE:
            self._connections.on_data(self)
        self.handler.data_received(data)

    def eof_received(self) -> bool | None:
        return self.handler.eof_received()

    def pause_writing(self) -> None:
        self.handler.pause_writing()

    def resume_writing(self) -> None:
        self.handler.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.forget(self)
        if self._admitted:
            self.handler.connection_lost(exc)


CONNECTIONS: Final = web.AppKey("connections", Connections)


def allow_files() -> None:
    """Let this process open as many files as `MOST` connections need, if the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _client(request: web.BaseRequest) -> str:
    """Return the client of a proxy on this machine: the last address it names, which it saw itself."""
    named = request.headers.getall("X-Forwarded-For", [])
    return network_of(named[-1].rpartition(",")[2].strip()) if named else ""


def client_of(request: web.BaseRequest) -> str:
    """Return the key under which a request's client is counted; empty for this machine without a proxy."""
    return network_of(request.remote or "") or _client(request)


def network_of(address: str) -> str:
    """Return a client's key: an IPv4 address or 64 bits of IPv6; empty for this machine or no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address):
        parsed = parsed.ipv4_mapped or parsed
    if parsed.is_loopback:
        return ""
    return parsed.packed[:8].hex() if isinstance(parsed, IPv6Address) else str(parsed)
