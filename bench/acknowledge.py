"""Webhooks acknowledged per second: verified, parsed and durable before each 200.

The limit is an aiohttp handler that reads the body, checks the signature and answers.
"""

from contextlib import AbstractAsyncContextManager
from typing import Final

import uvloop

from bench.bare import acknowledging
from bench.figures import Figure, in_turn
from bench.live import serving_bot
from bench.outside import CUSTOMERS, Load, Outside, outside

_MESSAGES: Final = 8_000


def acknowledge() -> Figure:
    """Webhooks of one text message each, over kept-alive connections, from customers known before."""
    with outside() as world:
        measured, limit = in_turn(
            lambda: uvloop.run(_rate(world, serving_bot(world.graph_url, working=False))),
            lambda: uvloop.run(_rate(world, acknowledging())),
        )
    return Figure("webhooks acknowledged, durably", "/s", measured, limit, goal=0.5)


async def _rate(world: Outside, server: AbstractAsyncContextManager[int]) -> float:
    async with server as port:
        await world.post(Load(port, CUSTOMERS, replies=False))
        return _MESSAGES / await world.post(Load(port, _MESSAGES, replies=False))
