"""The connections of a server: their limit, and which one is closed when it is reached."""

import asyncio
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from aiohttp import web
from multidict import CIMultiDict

from bot.http.connections import HEAD_SECONDS, HURRIED_SECONDS, IDLE_SECONDS, Connections


class Wire(asyncio.Transport):
    """A connection from `address`, as its protocol sees it."""

    def __init__(self, connections: Connections, address: str = "127.0.0.1") -> None:
        super().__init__({"peername": (address, 40_000)})
        self.closed = ""
        self.handler = asyncio.Protocol()
        factory: Any = connections.serving(cast(web.Server, lambda: self.handler))
        self.protocol = factory()
        self.protocol.connection_made(self)

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None:
        self.closed = "closed"

    def abort(self) -> None:
        self.closed = "aborted"

    def asks(self, *clients: str, body: bool = True) -> web.BaseRequest:
        """A request, whose proxy names `clients`."""
        request = _Request(self.handler, body)
        for client in clients:
            request.headers.add("X-Forwarded-For", client)
        return cast(web.BaseRequest, request)


@dataclass
class _Request:
    protocol: asyncio.Protocol
    body_exists: bool
    headers: CIMultiDict[str] = field(default_factory=CIMultiDict)


@pytest.fixture(autouse=True)
async def loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def closed(wires: list[Wire]) -> str:
    """`x` for each closed connection, `.` for each open one."""
    return "".join("x" if wire.closed else "." for wire in wires)


async def test_the_longest_waited_for_gives_way_whatever_it_is_waited_for() -> None:
    connections = Connections(most=4)
    body, kept, head, ours = wires = [Wire(connections) for _ in range(4)]
    connections.on_head(body.asks())
    done = kept.asks(body=False)
    connections.on_head(done)
    connections.on_answered(done)
    asked = ours.asks()
    connections.on_head(asked)
    connections.on_body_complete(asked)
    for expected in ("..x.", "x.x.", "xxx."):
        wires.append(Wire(connections))
        assert closed(wires[:4]) == expected
        assert not wires[-1].closed
    assert connections.count == 4
    assert (head.closed, body.closed, kept.closed) == ("aborted", "aborted", "closed")
    assert connections.gave_way == 3


async def test_a_request_that_is_whole_is_never_cut_off() -> None:
    connections = Connections(most=3)
    wires = [Wire(connections) for _ in range(3)]
    asked = [wire.asks() for wire in wires]
    for request in asked:
        connections.on_head(request)
        connections.on_body_complete(request)
    refused = Wire(connections)
    connections.sweep(1e12)
    assert (closed(wires), refused.closed) == ("...", "aborted")
    connections.on_answered(asked[1])
    assert not Wire(connections).closed
    assert closed(wires) == ".x."


async def test_one_that_goes_makes_room() -> None:
    connections = Connections(most=1)
    first = Wire(connections)
    first.protocol.connection_lost(None)
    assert connections.count == 0
    second = Wire(connections)
    assert (first.closed, second.closed, connections.count) == ("", "", 1)


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.8"),
        ("203.0.113.7", "::ffff:203.0.113.7", "::ffff:203.0.113.8"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"),
    ],
)
async def test_who_holds_too_many_makes_room_for_itself(one: str, same: str, other: str) -> None:
    connections = Connections(most=100, of_one=3)
    others = [Wire(connections, other) for _ in range(3)]
    own = [Wire(connections, address) for address in (one, same, one, same, one)]
    assert (closed(own), closed(others)) == ("xx...", "...")
    assert connections.count == 6


@pytest.mark.parametrize("proxy", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "127.8.8.8"])
async def test_a_proxy_counts_for_whom_it_names_last(proxy: str) -> None:
    """Earlier entries of the header were sent by the client itself, and may be anything."""
    connections = Connections(most=100, of_one=2)
    own = [Wire(connections, proxy) for _ in range(4)]
    others = [Wire(connections, proxy) for _ in range(4)]
    for number, (mine, theirs) in enumerate(zip(own, others, strict=True)):
        assert connections.on_head(mine.asks(f"198.51.100.{number}, 203.0.113.7"))
        assert connections.on_head(theirs.asks("203.0.113.7", f"198.51.100.{number}"))
    assert (closed(own), closed(others)) == ("xx..", "....")
    assert all(not Wire(connections, proxy).closed for _ in range(9)), "one that names nobody is not counted"


async def test_who_is_no_proxy_names_nobody() -> None:
    connections = Connections(most=100, of_one=2)
    own = [Wire(connections, "203.0.113.7") for _ in range(3)]
    for number, wire in enumerate(own[1:]):
        assert connections.on_head(wire.asks(f"198.51.100.{number}"))
    assert closed([*own, Wire(connections, "203.0.113.7")]) == "xx.."


async def test_a_proxied_client_with_as_many_whole_requests_as_it_may_have_waits() -> None:
    connections = Connections(most=100, of_one=2)
    wires = [Wire(connections) for _ in range(3)]
    asked = [wire.asks("203.0.113.7") for wire in wires]
    for request in asked[:2]:
        assert connections.on_head(request)
        connections.on_body_complete(request)
    assert not connections.on_head(asked[2])
    connections.on_answered(asked[0])
    assert connections.on_head(wires[0].asks("203.0.113.7"))
    assert closed(wires) == "..."


async def test_bodies_in_memory_have_a_limit_and_the_slowest_gives_way() -> None:
    connections = Connections(most=100, most_bytes=1000)
    wires = [Wire(connections) for _ in range(4)]
    asked = [wire.asks() for wire in wires]
    for request in asked:
        connections.on_head(request)
    assert all(connections.on_body_bytes(request, 300) for request in asked[:3])
    assert closed(wires) == "...."
    assert connections.on_body_bytes(asked[3], 300)
    assert closed(wires) == "x..."
    for request in asked[1:3]:
        connections.on_body_complete(request)
    assert not connections.on_body_bytes(asked[3], 200), "bodies that are being handled are not thrown away"
    assert closed(wires) == "x..."
    connections.on_answered(asked[3])
    connections.on_answered(asked[1])
    late = wires[1].asks()
    connections.on_head(late)
    assert connections.on_body_bytes(late, 700)
    assert closed(wires) == "x..."


async def test_who_waits_too_long_is_closed(loop: asyncio.AbstractEventLoop) -> None:
    connections = Connections(most=6)
    silent, body, kept = wires = [Wire(connections) for _ in range(3)]
    connections.on_head(body.asks())
    done = kept.asks(body=False)
    connections.on_head(done)
    connections.on_answered(done)
    now = loop.time()
    for seconds, expected in (
        (HEAD_SECONDS - 1, "..."),
        (HEAD_SECONDS + 1, "x.."),
        (IDLE_SECONDS + 1, "xxx"),
    ):
        connections.sweep(now + seconds)
        assert closed(wires) == expected
    assert (silent.closed, kept.closed) == ("aborted", "closed")


async def test_a_head_that_drips_has_one_deadline_and_an_idle_one_less_under_pressure(
    loop: asyncio.AbstractEventLoop,
) -> None:
    connections = Connections(most=3)
    kept, drips = wires = [Wire(connections) for _ in range(2)]
    for wire in wires:
        done = wire.asks(body=False)
        connections.on_head(done)
        connections.on_answered(done)
    now = loop.time()
    for byte in b"GET / HT":
        drips.protocol.data_received(bytes([byte]))
    connections.sweep(now + HURRIED_SECONDS + 1)
    assert closed(wires) == "x."
    drips.protocol.data_received(b"T")
    connections.sweep(now + HEAD_SECONDS + 1)
    assert closed(wires) == "xx"
    assert kept.closed == "closed"


ALLOWED = """
import resource
from bot.http.connections import MOST, allow_files
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
allow_files()
print(resource.getrlimit(resource.RLIMIT_NOFILE) == (min(4096, hard), hard), MOST < 4096)
resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))
allow_files()
print(resource.getrlimit(resource.RLIMIT_NOFILE) == (300, 300))
"""


def test_a_process_may_open_as_many_files_as_its_connections_need_where_the_system_allows_it() -> None:
    done = subprocess.run([sys.executable, "-c", ALLOWED], capture_output=True, text=True, check=True)
    assert done.stdout == "True True\nTrue\n"
