"""Webhooks acknowledged per second: verified, parsed and durable before each 200.

The limit is an aiohttp handler that reads the body, checks the signature and answers.
"""

from typing import Final

import uvloop

from bench.bare import acknowledging
from bench.figures import Figure
from bench.live import serving_bot
from bench.outside import CUSTOMERS, Load, Outside, outside

_MESSAGES: Final = 2_000
_ROUNDS: Final = 11


def acknowledge() -> Figure:
    """Measure webhooks of one text message each, over kept-alive connections, from known customers."""
    with outside() as world:
        rounds = uvloop.run(_rounds(world))
    return Figure("webhooks acknowledged, durably", "/s", rounds, goal=0.5)


async def _rounds(world: Outside) -> list[tuple[float, float]]:
    async with serving_bot(world.graph_url, working=False) as bot, acknowledging() as bare:
        for port in (bot, bare):
            await world.post(Load(port, CUSTOMERS, replies=False))
        return [(await _rate(world, bot), await _rate(world, bare)) for _ in range(_ROUNDS)]


async def _rate(world: Outside, port: int) -> float:
    return _MESSAGES / await world.post(Load(port, _MESSAGES, replies=False))
