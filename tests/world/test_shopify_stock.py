"""What Shopify counts is what can be sold here: the last piece goes once, whichever door it goes through."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.clock import ShiftedClock
from bot.settings import Settings
from sandbox.world import World
from tests.world.copying_shop import copying
from tests.world.desk_shop import ADDRESS, PHONE, TEXT, change, ordered
from tests.world.running_bot import Live, Start
from tests.world.shopify_store import ShopifyStore

VARIANT = "gid://shopify/ProductVariant/44"
RAVI = "919812345602"
COUNTED = TEXT.replace("price: 120}", f"price: 120, stock: shopify, shopify: '{VARIANT}'}}")


@pytest.fixture
async def store(clock: ShiftedClock) -> AsyncIterator[ShopifyStore]:
    async with ShopifyStore(clock.now, quantities={VARIANT: 1}).serving() as store:
        yield store


@pytest.fixture
def settings_for(
    settings_for: Callable[[World], Settings], store: ShopifyStore
) -> Callable[[World], Settings]:
    return lambda world: copying(settings_for(world), store)


@pytest.fixture
async def live(world: World, clock: ShiftedClock, start: Start, tmp_path: Path) -> AsyncIterator[Live]:
    file = tmp_path / "tiffin.yaml"
    file.write_text(COUNTED, "utf-8")
    async with start(world, clock, file) as live:
        await live.settle()
        yield live


async def left(live: Live) -> int:
    [row] = await live.rows("SELECT declared - sold - reserved AS remaining FROM stock WHERE sku = 'thali'")
    return int(row["remaining"])


async def subjects(live: Live) -> set[str]:
    return {row["subject"] for row in await live.rows("SELECT subject FROM notice")}


async def sold_out(live: Live, phone: str = RAVI) -> bool:
    """Whether an order of one piece by somebody else is refused, because none is left."""
    wanted = [{"sku": "thali", "quantity": 1}]
    body = {"phone": phone, "items": wanted, "address": ADDRESS, "pays": "online"}
    status, answer = await live.until(live.api("POST", "/payments/create", body))
    assert status in (200, 409), answer
    return status != 200


async def test_the_last_piece_sold_at_shopify_is_sold_out_here_within_a_reading(
    live: Live, store: ShopifyStore
) -> None:
    assert await left(live) == 1
    store.quantities[VARIANT] = 0
    await live.seconds(61)
    assert await left(live) == 0
    assert await sold_out(live)
    store.quantities[VARIANT] = 5
    await live.seconds(61)
    assert await left(live) == 5
    assert not await sold_out(live)


async def test_the_last_piece_sold_here_is_not_sold_twice_while_its_copy_is_under_way(
    live: Live, store: ShopifyStore
) -> None:
    store.faults["orderCreate"] = ["refused"]
    await ordered(live, ("thali", 1))
    assert await left(live) == 0, "it is held for Asha"
    await live.seconds(61)
    assert await left(live) == 0, "Shopify counts a piece that is held here"
    await live.customer().pay()
    await live.seconds(61)
    assert (store.quantities[VARIANT], await left(live)) == (1, 0), "it is sold here, and not copied"
    assert await sold_out(live)
    await live.wait(61)
    assert (store.quantities[VARIANT], await left(live)) == (0, -1), "it may be counted there or not yet"
    await live.wait(4)
    assert await left(live) == 0
    store.quantities[VARIANT] = 1
    await live.seconds(61)
    assert await left(live) == 1


async def test_what_is_promised_and_copied_is_taken_off_once(live: Live, store: ShopifyStore) -> None:
    store.quantities[VARIANT] = 3
    await live.seconds(61)
    key = await ordered(live, ("thali", 1), pays="cash")
    await live.wait(5)
    assert (store.quantities[VARIANT], await left(live)) == (2, 2)
    assert (await change(live, key, "cancel", goods="restock"))[0] == 200
    assert await left(live) == 3, "it lies on the shelf again"
    await live.wait(5)
    assert (store.quantities[VARIANT], await left(live)) == (3, 3)


async def test_an_outage_leaves_the_last_reading(live: Live, store: ShopifyStore) -> None:
    store.down = True
    await live.wait(10)
    assert await left(live) == 1, "the last reading stands"
    assert not [
        row for row in await live.rows("SELECT subject FROM notice") if row["subject"] == "stock a day"
    ]
    await live.wait(25 * 60)
    assert "stock a day" in await subjects(live)
    assert not await sold_out(live)
    store.down = False
    await live.seconds(61)
    assert await left(live) == 0


async def test_what_shopify_does_not_count_is_told(live: Live, store: ShopifyStore) -> None:
    store.uncounted.add(VARIANT)
    store.quantities[VARIANT] = 70
    await live.seconds(61)
    assert await left(live) == 1, "the last reading stands"
    [notice] = await live.rows("SELECT subject, said FROM notice WHERE kind = 'shopify'")
    assert notice["subject"] == "stock thali"
    assert "Track quantity" in notice["said"]
    assert PHONE not in notice["said"]
