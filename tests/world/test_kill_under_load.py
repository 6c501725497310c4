"""`kill -9` while forty customers buy at once: what was acknowledged is stored, and done once."""

import asyncio
from pathlib import Path

from tests.world.market import market

CUSTOMERS = 40
KILLS = 5


async def test_killed_again_and_again_while_a_crowd_buys(database_url: str, tmp_path: Path) -> None:
    async with market(database_url, tmp_path, seed=11) as street:
        bot = await street.serve()
        await street.world.connect(street.url)
        crowd = asyncio.create_task(street.crowd(CUSTOMERS))
        for _ in range(KILLS):
            await asyncio.sleep(street.dice.uniform(0.05, 0.9))
            assert not crowd.done(), "the load was over before the last kill"
            await street.kill(bot)
            bot = await street.serve()
        await crowd
        await street.settled()
        await street.stop(bot)
        await street.check()
