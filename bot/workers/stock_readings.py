"""Reads what Shopify counts of the products that it counts for the shop, beside everything else."""

from collections.abc import Mapping
from typing import Final

import structlog

from bot.context import Context
from bot.workers import mirror_notices
from bot.workers.rounds import Rounds
from payments.processing.notice import Notice
from payments.shop.catalogue import Shop
from payments.shopify.client import ShopifyClient
from payments.shopify.errors import ShopifyError

EVERY: Final = 60_000
"""Milliseconds from one reading to the next, and to the next try."""
DAY: Final = 86_400_000
_LOOK_SECONDS: Final = 1.0
"""Seconds between two looks whether a reading is due, or another product has to be read."""

log = structlog.get_logger()


class StockReadings:
    """Reads until closed. Each process has one, if the shop has a store; any number may read.

    Nothing waits for a reading: while none comes, what was left goes on being sold until it is sold.
    """

    def __init__(self, context: Context, client: ShopifyClient) -> None:
        self._context, self._client = context, client
        self._rounds = Rounds()
        self._asked: Mapping[str, str] = {}
        self._asked_at = 0
        self._failing_since: int | None = None
        self._lacking: set[str] = set()

    def close(self) -> None:
        """Begin no other reading; `run` ends after the one that is under way."""
        self._rounds.close()

    async def run(self) -> None:
        """Read whatever is due, until closed."""
        await self._rounds.run(self.read_due, _LOOK_SECONDS, "the stock at Shopify was not read")

    async def read_due(self) -> int:
        """Read, if it is time or other products are served. Return how many counts were set."""
        skus, now = _skus(self._context), self._context.clock.now()
        # A clock that was set back must not put the next reading off.
        if not skus or (skus == self._asked and 0 <= now - self._asked_at < EVERY):
            return 0
        self._asked, self._asked_at = skus, now
        try:
            available = await self._client.quantities(list(skus))
        except ShopifyError as error:
            await self._failed(error, now)
            return 0
        self._failing_since = None
        lacking = {sku for id, sku in skus.items() if id not in available}
        await self._tell([mirror_notices.not_counted(sku) for sku in sorted(lacking - self._lacking)])
        self._lacking = lacking
        said = {skus[id]: pieces for id, pieces in available.items() if id in skus}
        return await self._context.store.read_there(said, now, self._context.clock.now())

    async def _failed(self, error: ShopifyError, now: int) -> None:
        log.warning("the stock at Shopify was not read", error=str(error))
        if self._failing_since is None:
            self._failing_since = now
        if error.for_people:
            await self._tell([mirror_notices.no_access(error)])
        elif now - self._failing_since >= DAY:
            await self._tell([mirror_notices.not_read(error)])

    async def _tell(self, notices: list[Notice]) -> None:
        for notice in notices:
            log.error("notice", kind=notice.kind, subject=notice.subject, mend=notice.said)
        if notices:
            await self._context.store.tell(notices, self._context.clock.now())


def _skus(context: Context) -> Mapping[str, str]:
    """Return the sku of each article that Shopify counts, by its id there."""
    shop: Shop = context.flow.sections["shop"]
    counted = (one for one in shop.articles.values() if one.is_counted_there)
    return {one.shopify: one.sku for one in counted if one.shopify is not None}
