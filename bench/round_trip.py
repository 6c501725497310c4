"""Whole round trips per second: a customer's webhook in, the reply accepted by the Graph API.

One process does it all: verify, store, step, build, send, record. The limit is an aiohttp process
that makes the same call with the same bytes for every webhook, and stores and decides nothing. There
are no status webhooks on either side.
"""

from contextlib import AbstractAsyncContextManager
from typing import Final

import uvloop

from bench.bare import echoing
from bench.figures import Figure, in_turn
from bench.live import serving_bot
from bench.outside import CUSTOMERS, Load, Outside, outside

_MESSAGES: Final = 6_000


def round_trip() -> Figure:
    """From the first webhook to the last reply, with a bounded number of messages unanswered."""
    with outside() as world:
        measured, limit = in_turn(
            lambda: uvloop.run(_rate(world, serving_bot(world.graph_url, working=True))),
            lambda: uvloop.run(_rate(world, echoing(world.graph_url))),
        )
    return Figure("whole round trips, webhook to reply", "/s", measured, limit, goal=0.25)


async def _rate(world: Outside, server: AbstractAsyncContextManager[int]) -> float:
    async with server as port:
        await world.post(Load(port, CUSTOMERS, replies=True))
        return _MESSAGES / await world.post(Load(port, _MESSAGES, replies=True))
