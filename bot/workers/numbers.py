"""Keeps the shop's numbers up to date: counts what changed, once a minute."""

import asyncio
from typing import Final

import structlog

from bot.context import Context
from bot.workers.rounds import Rounds
from payments.shop.catalogue import Shop

EVERY_SECONDS: Final = 60.0
"""Seconds between two runs."""
BATCH: Final = 50
"""Orders, customers and tallies of one transaction, each."""
SHARE: Final = 0.2
"""The share of the time that a run may take from the database."""

log = structlog.get_logger()


class Numbers:
    """Counts what changed, until closed. Each process has one; what one has counted, another finds done."""

    def __init__(self, context: Context, *, share: float = SHARE) -> None:
        """`share` is the share of the time for which a run may work; 1 makes no pauses."""
        self._context = context
        self._share = share
        self._rounds = Rounds()

    def close(self) -> None:
        """End a run after its batch; the next process goes on with it."""
        self._rounds.close()

    async def run(self) -> None:
        """Count every minute, until closed. A failed run is logged and tried again."""
        await self._rounds.run(self.count, EVERY_SECONDS, "the shop's numbers were not counted")

    async def count(self) -> int:
        """Count all that changed. Return how many orders, customers and tallies that were."""
        counted, time = 0, asyncio.get_running_loop().time
        while not self._rounds.closed:
            start = time()
            shop: Shop = self._context.flow.sections["shop"]
            found = await self._context.store.numbers.count(shop, self._context.clock.now(), BATCH)
            counted += found
            if found < BATCH:
                return counted
            await self._rounds.rest(time() - start, self._share)
        return counted
