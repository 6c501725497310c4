"""Limits how many connections the server holds, and decides which are closed when more come.

The connection that keeps the server waiting longest is closed first: for the head of a request, for its
body, or for the next request. A whole request is never cut off. A crowd of slow senders so loses its places
one by one to senders who are quick, as providers are.
"""

import asyncio
import resource
from collections.abc import Callable, Iterable
from enum import Enum
from ipaddress import IPv6Address, ip_address
from typing import Final, cast

from aiohttp import web

MOST: Final = 1000
"""Connections held at once. Meta and Razorpay use a few dozen."""
MOST_OF_ONE: Final = 200
"""Connections of one address. A proxy on this machine stands for the clients that it names."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""Bytes of all bodies that are being received or handled."""
HEAD_SECONDS: Final = 10.0
"""How long a client may take to send the head of its request."""
IDLE_SECONDS: Final = 75.0
"""How long a connection is kept for the next request."""
HURRIED_SECONDS: Final = 5.0
"""How long it is kept while more than half of the places are taken."""
_SWEEP_SECONDS: Final = 1.0
_FILES: Final = 4096
"""Open files that a process needs: the connections of both sides, and the database."""


class Phase(Enum):
    """What a connection keeps the server waiting for, or that it waits for the server."""

    HEAD = "head"
    BODY = "body"
    OURS = "ours"
    """The request is whole: the client waits for our answer."""
    IDLE = "idle"


class Connections:
    """The open connections of one server."""

    def __init__(self, most: int = MOST, of_one: int = MOST_OF_ONE, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._of_one, self._most_bytes = most, of_one, most_bytes
        self._open: dict[object, _Connection] = {}
        """By aiohttp's own object for it, which each request knows."""
        self._waiting: dict[_Connection, None] = {}
        """Those that keep us waiting, the longest first."""
        self._of: dict[str, dict[_Connection, None]] = {}
        """The open ones of each address; none of an empty address, which is a proxy's."""
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
        """Take in a new connection. Return False if no other can be closed for it."""
        if not self._count(connection, _network(connection.peer())):
            return False
        if len(self._open) >= self._most and not self._one_gives_way(self._waiting):
            self.forget(connection)
            return False
        self._open[connection.handler] = connection
        self._enter(connection, Phase.HEAD)
        return True

    def begins(self, request: web.BaseRequest) -> bool:
        """Record that the head of `request` is here. Return False if its client has too many connections."""
        connection = self._open.get(request.protocol)
        if connection is None:
            return True
        self._enter(connection, Phase.BODY if request.body_exists else Phase.OURS)
        return bool(connection.address) or self._count(connection, _client(request))

    def grows(self, request: web.BaseRequest, size: int) -> bool:
        """Record `size` more bytes of a body. Return False if closing others makes no room for them."""
        connection = self._open.get(request.protocol)
        if connection is None:
            return True
        connection.bytes += size
        self._bytes += size
        while self._bytes > self._most_bytes:
            others = (one for one in self._waiting if one.bytes and one is not connection)
            if not self._one_gives_way(others):
                return False
        return True

    def whole(self, request: web.BaseRequest) -> None:
        """Record that the body of `request` is here, so that only our answer is missing."""
        if connection := self._open.get(request.protocol):
            self._enter(connection, Phase.OURS)

    def ends(self, request: web.BaseRequest) -> None:
        """Record that `request` is answered."""
        if connection := self._open.get(request.protocol):
            self._bytes -= connection.bytes
            connection.bytes = 0
            if connection.behind_proxy:  # its next request may be another client's
                self._uncount(connection)
            self._enter(connection, Phase.IDLE)

    def hears(self, connection: "_Connection") -> None:
        """Record that the first bytes of the next request have come."""
        self._enter(connection, Phase.HEAD)

    def forget(self, connection: "_Connection") -> None:
        """Record that `connection` is closed."""
        self._open.pop(connection.handler, None)
        self._waiting.pop(connection, None)
        self._uncount(connection)
        self._bytes -= connection.bytes
        connection.bytes = 0

    def sweep(self, now: float) -> None:
        """Close connections that kept us waiting too long at `now`, in seconds of the loop's clock."""
        idle = HURRIED_SECONDS if 2 * len(self._open) > self._most else IDLE_SECONDS
        longest = {Phase.HEAD: HEAD_SECONDS, Phase.BODY: IDLE_SECONDS, Phase.IDLE: idle}
        for connection in list(self._waiting):
            if now - connection.since > longest[connection.phase]:
                self._close(connection)

    async def sweeping(self) -> None:
        """Sweep every second, for ever."""
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
        own = self._of.get(address, {})
        if len(own) >= self._of_one and not self._one_gives_way(one for one in self._waiting if one in own):
            return False
        connection.address = address
        self._of.setdefault(address, {})[connection] = None
        return True

    def _uncount(self, connection: "_Connection") -> None:
        own = self._of.get(connection.address)
        if own is not None:
            own.pop(connection, None)
            if not own:
                del self._of[connection.address]
        connection.address = ""

    def _one_gives_way(self, candidates: Iterable["_Connection"]) -> bool:
        first = next(iter(candidates), None)
        if first is not None:
            self._close(first)
        return first is not None

    def _close(self, connection: "_Connection") -> None:
        self.gave_way += 1
        self.forget(connection)
        connection.hang_up()


class _Connection(asyncio.Protocol):
    """Passes everything on to aiohttp's own protocol, and tells `Connections` what happens."""

    __slots__ = ("_admitted", "_connections", "_transport", "address", "bytes", "handler", "phase", "since")

    def __init__(self, handler: asyncio.Protocol, connections: Connections) -> None:
        self.handler, self._connections = handler, connections
        self._transport: asyncio.Transport | None = None
        self._admitted = False
        self.address = ""
        """The address it counts for; empty for a proxy of ours that has named nobody."""
        self.phase = Phase.HEAD
        self.since = 0.0
        """When it began to keep us waiting, in seconds of the loop's clock."""
        self.bytes = 0
        """How much of the current request's body is here."""

    @property
    def behind_proxy(self) -> bool:
        """Whether the connection comes from this machine."""
        return not _network(self.peer())

    def peer(self) -> str:
        """The address of the other end; empty if it has none."""
        name = self._transport.get_extra_info("peername") if self._transport else None
        return str(name[0]) if isinstance(name, tuple) else ""

    def hang_up(self) -> None:
        """Close at once. An idle connection with its whole answer is shut down properly."""
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
            self._connections.hears(self)
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
    """Return the client that a proxy on this machine asks for: the last address it names, seen by itself."""
    named = request.headers.getall("X-Forwarded-For", [])
    return _network(named[-1].rpartition(",")[2].strip()) if named else ""


def _network(address: str) -> str:
    """Return one client: an IPv4 address or 64 bits of IPv6; empty for this machine or no address."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or found
    if found.is_loopback:
        return ""
    return found.packed[:8].hex() if isinstance(found, IPv6Address) else str(found)
