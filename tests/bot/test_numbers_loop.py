"""The running bot counts the shop's numbers: all that changed, with the shop that is served."""

from types import SimpleNamespace
from typing import Any, cast

from bot.context import Context
from bot.workers.numbers import BATCH, Numbers
from payments.shop.catalogue import Shop

NOW = 1_790_000_000_000
SHOP = cast(Shop, object())


class Waiting:
    """A store in which so many orders, customers and tallies wait, by batch."""

    def __init__(self, *batches: int) -> None:
        self.numbers = self
        self.batches = list(batches)

    async def count(self, shop: Shop, now: int, limit: int) -> int:
        assert (shop, now, limit) == (SHOP, NOW, BATCH)
        return self.batches.pop(0)


def numbers(waiting: Waiting) -> Numbers:
    clock, flow = SimpleNamespace(now=lambda: NOW), SimpleNamespace(sections={"shop": SHOP})
    context = SimpleNamespace(store=waiting, clock=clock, flow=flow)
    return Numbers(cast(Context, cast(Any, context)), share=1)


async def test_it_goes_on_until_a_batch_is_not_full() -> None:
    waiting = Waiting(3 * BATCH, BATCH, 7, 1)
    assert await numbers(waiting).count() == 4 * BATCH + 7
    assert waiting.batches == [1]


async def test_closed_it_counts_no_further_batch() -> None:
    closed = numbers(Waiting(BATCH))
    closed.close()
    assert await closed.count() == 0
