"""`munshi doctor` lists orders that are promised for a day on which the shop is closed by now."""

from collections.abc import Mapping
from typing import Final

from bot.checks.closed_days import SHOWN, on_closed_days
from payments.shop.catalogue import Shop
from storage.database.records import reading
from storage.reports.backlog import Promised, promised
from tests.databases import made
from tests.storage.handwritten_rows import insert, open_store

HOURS: Final[Mapping[str, object]] = {"mon-sat": "9:00-21:00", "closed": ["2026-11-08", "2026-12-25"]}
OPEN, HOLIDAY, SUNDAY = "2026-12-24.lunch", "2026-12-25.lunch", "2026-12-27.dinner"


def shop(hours: Mapping[str, object] | None = HOURS) -> Shop:
    products = [{"sku": "thali", "name": "Thali", "price": 120}]
    given = {} if hours is None else {"hours": hours}
    return Shop.model_validate({"name": "Annapurna", "products": products, **given})


def order(slot: str, number: int = 10_001) -> Promised:
    return Promised(str(number), slot, "Lunch")


def test_orders_on_a_day_that_is_closed_by_now() -> None:
    orders = [order(OPEN, 10_001), order(HOLIDAY, 10_002), order(SUNDAY, 10_003), order("no slot", 10_004)]
    found = on_closed_days(orders, shop())
    assert found is not None
    assert found.well is False
    assert found.said == (
        "2 orders promised for a day on which the shop is closed:"
        " #10002 (2026-12-25.lunch), #10003 (2026-12-27.dinner)"
    )
    assert "munshi order <number> cancel" in found.mend


def test_all_is_well() -> None:
    assert on_closed_days([order(OPEN)], shop()) is None
    assert on_closed_days([order(HOLIDAY)], shop(None)) is None
    assert on_closed_days([], shop()) is None


def test_many_are_counted_and_ten_are_named() -> None:
    found = on_closed_days([order(HOLIDAY, n) for n in range(10_001, 10_101)], shop())
    assert found is not None
    assert found.said.startswith("100 orders ")
    assert found.said.count("#") == SHOWN
    assert found.said.endswith("#10010 (2026-12-25.lunch) and 90 more")


async def test_only_what_is_still_to_be_brought(sqlite_url: str) -> None:
    url = sqlite_url
    await made(url)
    async with open_store(url) as store:
        await insert(store, "conversation", id=1)
        stages = ("placed", "out", "delivered", None, "ready")
        for n, stage in enumerate(stages):
            to = {"slot": HOLIDAY, "slot_name": "Lunch"} if n < 4 else {}
            todo = None if stage is None else "goods" if stage != "delivered" else "cash"
            await insert(
                store, "orders", key=f"k-1-{n}", number=str(n), stage=stage, todo=todo, placed_at=9 - n,
                placed_by=n, destination=to, lifecycle="open" if stage is None else "promised",
            )  # fmt: skip
    async with reading(url) as records:
        assert await promised(records) == [Promised("1", HOLIDAY, "Lunch"), Promised("0", HOLIDAY, "Lunch")]
