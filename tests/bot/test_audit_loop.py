"""The hourly audit of the running bot: it audits everything that changed, and tells of wrong books."""

from types import SimpleNamespace
from typing import Any, cast

from structlog.testing import capture_logs

from bot.context import Context
from bot.workers.audits import BATCH, Audits
from payments.ledger.audit import Check, Discrepancy
from payments.processing.notice import Notice, NoticeKind
from storage.audits.batches import Batch

NOW = 1_790_000_000_000
WRONG = Discrepancy("k-1-2", Check.BALANCE, "it must add up", 5, 4)


class Orders:
    """A store with batches of orders to audit."""

    def __init__(self, *batches: Batch) -> None:
        self.audits = self
        self.batches = list(batches)
        self.asked: list[str] = []
        self.told: list[Notice] = []

    async def audit(self, after: str, now: int, limit: int) -> Batch | None:
        assert (now, limit) == (NOW, BATCH)
        self.asked.append(after)
        return self.batches.pop(0) if self.batches else None

    async def tell(self, notices: list[Notice], now: int) -> None:
        self.told += notices


def audits(orders: Orders) -> Audits:
    context = SimpleNamespace(store=orders, clock=SimpleNamespace(now=lambda: NOW))
    return Audits(cast(Context, cast(Any, context)), share=1)


async def test_it_goes_on_until_nothing_is_left() -> None:
    orders = Orders(Batch("k-1-3", 50, 50, ()), Batch("k-2-1", 7, 7, ()))
    with capture_logs() as logs:
        assert await audits(orders).audit() == 57
    assert orders.asked == ["", "k-1-3", "k-2-1"]
    assert orders.told == []
    assert [(entry["event"], entry["orders"]) for entry in logs] == [("audited", 57)]


async def test_wrong_books_are_told_with_what_to_do() -> None:
    orders = Orders(Batch("k-1-3", 3, 2, (WRONG,)))
    assert await audits(orders).audit() == 2
    [notice] = orders.told
    assert (notice.kind, notice.subject) == (NoticeKind.BOOKS, "k-1-2")
    assert notice.said == (
        "The books are wrong: it must add up (expected 5, found 4). To mend it: compare the order's payments"
        " and refunds with Razorpay's dashboard."
    )


async def test_many_wrong_orders_are_not_all_told() -> None:
    orders = Orders(Batch("k-1-3", 50, 0, (WRONG,) * 8), Batch("k-1-9", 50, 0, (WRONG,) * 8))
    await audits(orders).audit()
    assert len(orders.told) == 10


async def test_a_closed_one_begins_nothing() -> None:
    orders = Orders(Batch("k-1-3", 50, 50, ()))
    closed = audits(orders)
    closed.close()
    assert await closed.audit() == 0
    assert orders.asked == []
