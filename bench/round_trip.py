"""Whole round trips per second: a customer's webhook in, the reply accepted by the Graph API.

One process does it all: verify, store, step, build, send, record. The limit is an aiohttp process
that makes the same call with the same bytes for every webhook, and stores and decides nothing. There
are no status webhooks on either side.
"""

from typing import Final

import uvloop

from bench.bare import echoing
from bench.figures import Figure
from bench.live import serving_bot
from bench.outside import CUSTOMERS, Load, Outside, outside

_MESSAGES: Final = 2_000
_ROUNDS: Final = 11


def round_trip() -> Figure:
    """Measure from the first webhook to the last reply, with a bounded number of messages unanswered."""
    with outside() as world:
        rounds = uvloop.run(_rounds(world))
    return Figure("whole round trips, webhook to reply", "/s", rounds, goal=0.25)


async def _rounds(world: Outside) -> list[tuple[float, float]]:
    async with serving_bot(world.graph_url, working=True) as bot, echoing(world.graph_url) as bare:
        for port in (bot, bare):
            await world.post(Load(port, CUSTOMERS, replies=True))
        return [(await _rate(world, bot), await _rate(world, bare)) for _ in range(_ROUNDS)]


async def _rate(world: Outside, port: int) -> float:
    return _MESSAGES / await world.post(Load(port, _MESSAGES, replies=True))
