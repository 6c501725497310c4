"""How many connections the server holds at once: more are closed as they come, before they cost anything."""

import asyncio
from collections.abc import Callable
from typing import Final, cast

from aiohttp import web

MOST: Final = 1000
"""Connections held at once. Meta and Razorpay use a few dozen; a proxy in front keeps slow clients away."""


class _Refused(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def limited(server: web.Server, most: int = MOST) -> Callable[[], asyncio.Protocol]:
    """The protocol factory of `server`, which refuses connections while `most` are open."""

    def connect() -> asyncio.Protocol:
        if len(server.connections) >= most:
            return _Refused()
        return cast(asyncio.Protocol, server())

    return connect
