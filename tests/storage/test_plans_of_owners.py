"""The orders of some customers are found by their owners, whatever else is asked of them.

An owner has few orders; a payment status or a span of time has thousands.
"""

import pytest

from payments.ledger.state import PaymentStatus
from payments.shop.fulfilment import Stage
from storage import Store
from storage.reports.desk import OrderFilter
from storage.reports.order_queries import _statement
from storage.reports.place import Place
from tests.databases import made
from tests.storage.handwritten_rows import open_store


async def _indexes(store: Store, wanted: OrderFilter) -> set[str]:
    """The indexes of `orders` that SQLite goes by for the orders of two customers."""
    sql, values = _statement(wanted, [1, 2])
    rows = await store._units.read(lambda tx: tx._run(f"EXPLAIN QUERY PLAN {sql}", values))
    searches = [row["detail"] for row in rows if " orders" in row["detail"]]
    return {word for detail in searches for word in detail.split() if word.startswith("orders_")}


@pytest.mark.parametrize("payment", [None, PaymentStatus.PAID])
@pytest.mark.parametrize("stage", [None, Stage.DELIVERED])
@pytest.mark.parametrize("after", [None, Place(5, "k-1-1")])
async def test_orders_are_found_by_their_owner(
    sqlite_url: str, payment: PaymentStatus | None, stage: Stage | None, after: Place | None
) -> None:
    await made(sqlite_url)
    async with open_store(sqlite_url) as store:
        wanted = OrderFilter(limit=10, stage=stage, payment=payment, phones=("1", "2"), after=after)
        assert await _indexes(store, wanted) == {"orders_conversation"}
