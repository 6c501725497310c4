"""Paid orders are copied to Shopify, once each, whatever goes wrong there; and nobody here waits for it."""

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.clock import ShiftedClock
from bot.settings import Settings
from sandbox.world import World
from tests.bot.command_line import run_munshi
from tests.world.copying_shop import copying
from tests.world.desk_shop import PHONE, TEXT, change, ordered
from tests.world.running_bot import Live, Start
from tests.world.shopify_store import ShopifyStore, StoredOrder

VARIANT = "gid://shopify/ProductVariant/44"


@pytest.fixture
async def store(clock: ShiftedClock) -> AsyncIterator[ShopifyStore]:
    async with ShopifyStore(clock.now).serving() as store:
        yield store


@pytest.fixture
def settings_for(
    settings_for: Callable[[World], Settings], store: ShopifyStore
) -> Callable[[World], Settings]:
    return lambda world: copying(settings_for(world), store)


@pytest.fixture
async def live(world: World, clock: ShiftedClock, start: Start, tmp_path: Path) -> AsyncIterator[Live]:
    file = tmp_path / "tiffin.yaml"
    file.write_text(TEXT.replace("price: 120}", f"price: 120, shopify: '{VARIANT}'}}"), "utf-8")
    async with start(world, clock, file) as live:
        yield live


async def paid(live: Live) -> str:
    """An order of ₹420.50 that was paid, which its customer heard; its key."""
    key = await ordered(live, ("thali", 1), ("kaju", 1))
    asha = live.customer()
    await asha.pay()
    assert "Paid ₹420.50" in asha.texts
    return key


async def mirror(live: Live, key: str) -> dict[str, Any]:
    [row] = await live.rows(f"SELECT * FROM mirror WHERE order_key = '{key}'")
    return row


async def notices(live: Live) -> dict[str, str]:
    rows = await live.rows("SELECT kind, subject, said FROM notice")
    return {row["subject"]: row["said"] for row in rows if row["kind"] == "shopify"}


def only(store: ShopifyStore) -> StoredOrder:
    [order] = store.orders
    return order


async def test_a_paid_order_is_there_with_what_was_paid(live: Live, store: ShopifyStore) -> None:
    key = await ordered(live, ("thali", 1), ("kaju", 1))
    assert store.asked == [], "it is not paid"
    await live.customer().pay()
    order = only(store)
    thali, kaju = order.wanted["lineItems"]
    assert (thali["variantId"], thali["quantity"]) == (VARIANT, 1)
    assert (kaju["title"], kaju["sku"]) == ("Kaju katli", "kaju")
    assert (order.wanted["sourceIdentifier"], order.paid, str(order.total)) == (key, True, "420.50")
    assert order.options["inventoryBehaviour"] == "DECREMENT_IGNORING_POLICY"
    assert order.wanted["customer"]["toUpsert"]["phone"] == f"+{PHONE}"
    assert order.wanted["shippingAddress"]["zip"] == "411005"
    row = await mirror(live, key)
    assert (row["state"], row["copy_id"], row["told"], row["due_at"]) == ("made", order.id, "paid", None)
    assert await notices(live) == {}
    assert store.asked == ["customer", "orderCreate"]


async def test_a_second_order_is_of_the_same_customer(live: Live, store: ShopifyStore) -> None:
    await paid(live)
    await paid(live)
    assert store.orders[1].wanted["customer"] == {"toAssociate": {"id": "gid://shopify/Customer/1"}}


async def test_a_lost_answer_makes_one_order(live: Live, store: ShopifyStore) -> None:
    """`shopify_answer_lost`"""
    store.faults["orderCreate"] = ["answer lost"]
    key = await paid(live)
    assert (await mirror(live, key))["state"] == "asked"
    await live.seconds(59)
    assert "orders" not in store.asked
    await live.seconds(2)
    assert (await mirror(live, key))["copy_id"] == only(store).id


@pytest.mark.parametrize("fault", ["408 after the act", "wrong after the act"])
async def test_an_answer_that_sounds_like_a_refusal_makes_one_order(
    live: Live, store: ShopifyStore, fault: str
) -> None:
    """`shopify_answer_unclear`: the call made the order and its customer, whom a look would find."""
    store.faults["orderCreate"] = [fault]
    key = await paid(live)
    assert (len(store.orders), (await mirror(live, key))["state"]) == (1, "asked")
    await live.seconds(61)
    assert (await mirror(live, key))["copy_id"] == only(store).id
    assert store.asked.count("orderCreate") == 1
    assert await notices(live) == {}


async def test_orders_that_shopify_never_makes_are_told_though_looks_are_answered(
    live: Live, store: ShopifyStore
) -> None:
    store.faults["orderCreate"] = ["unsent"] * 1000
    await paid(live)
    for _ in range(26):
        await live.wait(60)
    assert list(await notices(live)) == ["a day"]


async def test_a_slow_index_is_looked_at_twice(live: Live, store: ShopifyStore) -> None:
    store.lag = 200_000
    store.faults["orderCreate"] = ["answer lost"]
    key = await paid(live)
    await live.seconds(61)
    assert (await mirror(live, key))["looks"] == 1
    await live.seconds(240)
    assert (await mirror(live, key))["copy_id"] == only(store).id
    assert store.asked.count("orderCreate") == 1


async def test_what_never_arrived_is_made_after_two_looks(live: Live, store: ShopifyStore) -> None:
    store.faults["orderCreate"] = ["unsent"]
    key = await paid(live)
    await live.seconds(61)
    assert store.orders == []
    await live.seconds(240)
    assert (await mirror(live, key))["copy_id"] == only(store).id


async def test_a_crash_after_the_call_makes_no_second_order(
    live: Live, store: ShopifyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked is stored before: whoever takes over after the lease looks first."""
    with monkeypatch.context() as dying:
        dying.setattr(live.context.store.mirrors, "record", _nowhere)
        key = await paid(live)
    assert (await mirror(live, key))["state"] == "asked"
    await live.wait(10)
    assert (await mirror(live, key))["copy_id"] == only(store).id


async def _nowhere(*args: object) -> None:
    raise ConnectionError("the process is gone")


async def test_what_lost_books_had_made_is_found(live: Live, store: ShopifyStore) -> None:
    """A database that was restored does not know that it had the copy made."""
    store.down = True
    key = await paid(live)
    wanted = {"sourceIdentifier": key, "currency": "INR", "lineItems": [], "transactions": [{}]}
    store.orders.append(StoredOrder("gid://shopify/Order/9", "#1009", 0, wanted, {}, True))
    await live.seconds(61)
    store.down = False
    await live.wait(10)
    assert (await mirror(live, key))["copy_id"] == only(store).id
    assert "orderCreate" not in store.asked


async def test_what_is_made_after_a_restore_is_looked_for_once_more(live: Live, store: ShopifyStore) -> None:
    store.down, store.lag = True, 1_000_000
    key = await paid(live)
    wanted = {"sourceIdentifier": key, "currency": "INR", "lineItems": [], "transactions": [{}]}
    store.orders.append(StoredOrder("gid://shopify/Order/9", "#1009", live.clock.now(), wanted, {}, True))
    restored = f"UPDATE installation SET restored_at = {live.clock.now()}"
    await live.context.store._units.run(lambda tx: tx.fetch(restored))
    store.down = False
    await live.wait(10)
    assert len(store.orders) == 2, "what the lost books had made is not found yet"
    await live.wait(61)
    assert (
        "more than once: #1002 is the one that Munshi follows. Cancel #1009"
        in (await notices(live))[f"two {key}"]
    )


async def test_two_that_are_found_are_told(live: Live, store: ShopifyStore) -> None:
    store.faults["orderCreate"] = ["answer lost"]
    key = await paid(live)
    store.orders.append(StoredOrder("gid://shopify/Order/2", "#10002", 0, *_made(store)))
    await live.seconds(61)
    assert (await mirror(live, key))["copy_id"] == "gid://shopify/Order/1"
    assert "#1001 is the one that Munshi follows. Cancel #10002" in (await notices(live))[f"two {key}"]


def _made(store: ShopifyStore) -> tuple[dict[str, Any], dict[str, Any], bool]:
    return only(store).wanted, only(store).options, True


async def test_throttled_in_a_200_waits_as_long_as_it_must(live: Live, store: ShopifyStore) -> None:
    store.faults["orderCreate"] = ["throttled"]
    key = await paid(live)
    assert (await mirror(live, key))["state"] == "wanted"
    await live.seconds(9)
    assert store.orders == []
    await live.seconds(4)
    assert (await mirror(live, key))["copy_id"] == only(store).id
    assert "orders" not in store.asked, "it was surely not made"


async def test_a_token_that_is_not_taken_any_more_is_replaced(live: Live, store: ShopifyStore) -> None:
    await paid(live)
    store.forget_tokens()
    await paid(live)
    assert len(store.orders) == 2


async def test_a_refused_order_is_a_task_and_goes_when_it_is_mended(live: Live, store: ShopifyStore) -> None:
    store.faults["orderCreate"] = ["refused"]
    key = await paid(live)
    row = await mirror(live, key)
    assert (row["state"], row["copy_id"]) == ("failed", None)
    assert "order: Variant does not exist" in (await notices(live))[f"refused {key}"]
    await live.wait(59)
    assert store.orders == []
    await live.wait(20)
    assert (await mirror(live, key))["copy_id"] == only(store).id


async def test_what_is_refused_is_listed_and_tried_again_when_one_says_so(
    live: Live, store: ShopifyStore, database_url: str
) -> None:
    store.faults["orderCreate"] = ["refused"]
    key = await paid(live)
    [order] = await live.rows("SELECT number FROM orders")
    number = order["number"]
    listed = await run_munshi(database_url, "shopify")
    assert f"#{number}: refused; 1 failure, the last: Shopify: refused: order: Variant" in listed.output
    assert "munshi shopify retry" in listed.output
    shown = await run_munshi(database_url, "order", number)
    assert "at Shopify: refused; 1 failure" in shown.output
    _, none = await live.api("POST", "/operator/shopify/retry", {"order": "another"})
    assert (none["copies"], none["changed"]) == (0, False)
    _, again = await live.api("POST", "/operator/shopify/retry", {"order": key})
    assert (again["copies"], again["changed"]) == (1, True)
    await live.settle()
    assert (await mirror(live, key))["copy_id"] == only(store).id
    assert "no copy waits" in (await run_munshi(database_url, "shopify")).output
    shown = await run_munshi(database_url, "order", number)
    assert f"at Shopify: there, paid ({only(store).id})" in shown.output


async def test_another_total_is_told(live: Live, store: ShopifyStore) -> None:
    """`shopify_total_differs`"""
    store.faults["orderCreate"] = ["total differs"]
    key = await paid(live)
    said = (await notices(live))[f"total {key}"]
    assert "costs ₹420.50 here and ₹433 at Shopify (#1001)" in said
    assert (await mirror(live, key))["state"] == "made"


async def test_a_day_without_shopify_is_one_notice_and_orders_are_confirmed(
    live: Live, store: ShopifyStore
) -> None:
    """`shopify_down_a_day`"""
    store.down = True
    for _ in range(2):
        await paid(live)
    for _ in range(26):
        await live.wait(60)
    assert list(await notices(live)) == ["a day"]
    store.down = False
    await live.wait(10)
    assert len(store.orders) == 2
    assert [order.paid for order in store.orders] == [True, True]


async def test_promised_cash_is_pending_and_paid_when_it_is_taken(live: Live, store: ShopifyStore) -> None:
    key = await ordered(live, ("thali", 1), pays="cash")
    await live.settle()
    assert only(store).paid is False
    await change(live, key, "stage", to="out", by="Ravi")
    await live.settle()
    assert only(store).paid is False
    status, answer = await change(live, key, "stage", to="delivered", by="Ravi", paid="cash")
    assert status == 200, answer
    await live.settle()
    assert only(store).paid is True
    assert (await mirror(live, key))["told"] == "paid"


async def test_an_order_that_is_cancelled_here_is_cancelled_there(live: Live, store: ShopifyStore) -> None:
    key = await paid(live)
    store.faults["orderCancel"] = ["answer lost"]
    status, answer = await change(live, key, "cancel", by="Meena")
    assert status == 200, answer
    await live.wait(10)
    cancelled = only(store).cancelled
    assert cancelled is not None
    assert (cancelled["restock"], cancelled["notifyCustomer"]) == (True, False)
    assert "refund" not in str(cancelled).lower()
    assert (str(only(store).net), list(only(store).refunds)) == ("0.00", [f"{key}-back-0"])
    row = await mirror(live, key)
    assert (row["told"], row["recheck"], row["due_at"]) == ("cancelled", 0, None)
    assert await notices(live) == {}
    assert store.asked.count("orderCancel") == 1, "the copy was read before another try"


async def test_prepared_goods_do_not_go_back_on_the_shelf(live: Live, store: ShopifyStore) -> None:
    key = await paid(live)
    for what, body in (("stage", {"to": "out"}), ("cancel", {})):
        status, answer = await change(live, key, what, by="Meena", **body)
        assert status == 200, answer
    await live.settle()
    assert (only(store).cancelled or {})["restock"] is False


async def test_an_order_cancelled_before_it_was_copied_is_not_made(live: Live, store: ShopifyStore) -> None:
    store.down = True
    key = await paid(live)
    await change(live, key, "cancel", by="Meena")
    store.down = False
    await live.wait(10)
    assert store.orders == []
    assert (await mirror(live, key))["due_at"] is None


async def less(live: Live, key: str) -> None:
    """A piece is missing, and its price goes back."""
    status, answer = await change(live, key, "less", sku="kaju", quantity=1, by="Meena")
    assert status == 200, answer
    await live.settle()


async def test_pieces_less_are_taken_off_there_with_their_price(live: Live, store: ShopifyStore) -> None:
    key = await paid(live)
    await less(live, key)
    status, answer = await change(live, key, "allowance", amount=1050, why="late", by="Meena")
    assert status == 200, answer
    await live.settle()
    order = only(store)
    assert list(order.refunds) == [f"{key}-a1", f"{key}-a2"]
    one, two = order.refunds.values()
    assert one["refundLineItems"] == [
        {"lineItemId": "gid://shopify/LineItem/2", "quantity": 1, "restockType": "NO_RESTOCK"}
    ], "it counts no stock of it"
    assert one["transactions"][0]["parentId"] == "gid://shopify/OrderTransaction/1"
    assert (one["transactions"][0]["gateway"], one["notify"]) == ("Razorpay", False)
    assert ("refundLineItems" in two, two["transactions"][0]["amount"]) == (False, "10.50")
    _, now = await live.api("GET", f"/orders/{key}")
    assert (order.total - order.refunded) * 100 == now["owed"]
    assert await notices(live) == {}
    assert (await mirror(live, key))["amendments"] == 2


PLACE = "gid://shopify/Location/1"


@pytest.mark.parametrize(
    ("sent", "waste", "how"),
    [
        (False, False, {"restockType": "CANCEL", "locationId": PLACE}),
        (True, False, {"restockType": "RETURN", "locationId": PLACE}),
        (False, True, {"restockType": "NO_RESTOCK"}),
    ],
)
async def test_pieces_that_can_be_sold_again_lie_on_the_shelf_there(
    live: Live, store: ShopifyStore, sent: bool, waste: bool, how: dict[str, str]
) -> None:
    key = await ordered(live, ("thali", 2))
    await live.customer().pay()
    only(store).sent = sent
    await change(live, key, "less", sku="thali", quantity=1, by="Meena", waste=waste)
    await live.settle()
    [one] = only(store).refunds.values()
    assert one["refundLineItems"] == [{"lineItemId": "gid://shopify/LineItem/1", "quantity": 1, **how}]
    assert await notices(live) == {}


@pytest.mark.parametrize("fault", ["no location", "denied"])
async def test_pieces_without_a_location_are_counted_by_hand(
    live: Live, store: ShopifyStore, fault: str
) -> None:
    key = await ordered(live, ("thali", 2))
    await live.customer().pay()
    store.shelf, store.faults["shelf"] = None, [fault]
    await change(live, key, "less", sku="thali", quantity=1, by="Meena")
    await live.settle()
    [one] = only(store).refunds.values()
    assert one["refundLineItems"][0]["restockType"] == "NO_RESTOCK"
    assert "1 × thali of order #10001 (#1001) can be sold again" in (await notices(live))[f"shelf {key}-a1"]


@pytest.mark.parametrize(
    ("stage", "verb", "goods", "restock"),
    [
        ("out", "refuse", None, True),
        ("out", "refuse", "waste", False),
        ("out", "cancel", "restock", True),
        ("accepted", "cancel", "waste", False),
    ],
)
async def test_goods_of_an_ended_order_lie_there_where_they_lie_here(
    live: Live, store: ShopifyStore, stage: str, verb: str, goods: str | None, restock: bool
) -> None:
    key = await paid(live)
    for what, body in (("stage", {"to": stage}), (verb, {"goods": goods} if goods else {})):
        status, answer = await change(live, key, what, by="Meena", **body)
        assert status == 200, answer
    await live.settle()
    assert (only(store).cancelled or {})["restock"] is restock


async def test_a_delivery_fee_that_is_kept_stays_paid_there(live: Live, store: ShopifyStore) -> None:
    key = await paid(live)
    fee = only(store).wanted["shippingLines"][0]["priceSet"]["shopMoney"]["amount"]
    for what, body in (("stage", {"to": "out"}), ("refuse", {"keep_delivery": True})):
        status, answer = await change(live, key, what, by="Meena", **body)
        assert status == 200, answer
    await live.settle()
    assert (str(only(store).net), bool(only(store).cancelled)) == (fee, True)
    status, answer = await change(live, key, "delivery", decision="refund", by="Meena")
    assert status == 200, answer
    await live.settle()
    assert only(store).net == 0
    assert await notices(live) == {}


async def test_money_that_shopify_does_not_record_is_told_and_the_copy_is_cancelled(
    live: Live, store: ShopifyStore
) -> None:
    key = await paid(live)
    store.faults["refundCreate"] = ["refused"]
    await change(live, key, "cancel", by="Meena")
    await live.settle()
    assert only(store).cancelled
    assert "does not record that ₹420.50 of order #10001" in (await notices(live))[f"back {key}"]


async def test_a_copy_that_shopify_did_not_cancel_is_told_and_tried_again(
    live: Live, store: ShopifyStore
) -> None:
    """Shopify says yes, and does not do it: a shipment of its own is under way."""
    key = await paid(live)
    store.faults["orderCancel"] = ["not done", "not done"]
    await change(live, key, "cancel", by="Meena")
    await live.settle()
    assert await notices(live) == {}
    await live.seconds(61)
    assert "its copy #1001 is not cancelled though" in (await notices(live))[f"standing {key}"]
    await live.wait(59)
    assert (store.asked.count("orderCancel"), only(store).cancelled) == (2, None)
    await live.wait(3)
    assert only(store).cancelled
    await live.wait(61)
    assert store.asked.count("orderCancel") == 3
    assert (await mirror(live, key))["due_at"] is None


async def test_a_copy_that_shopify_never_cancels_is_left_after_a_day(live: Live, store: ShopifyStore) -> None:
    key = await paid(live)
    store.faults["orderCancel"] = ["not done"] * 100
    await change(live, key, "cancel", by="Meena")
    for _ in range(27):
        await live.wait(60)
    assert 20 <= store.asked.count("orderCancel") <= 26
    assert (await mirror(live, key))["due_at"] is None


async def test_a_copy_that_shopify_hears_of_late_is_looked_at_too(live: Live, store: ShopifyStore) -> None:
    """Shopify was down for longer than a day: its first yes is no proof, either."""
    key = await paid(live)
    store.down, store.faults["orderCancel"] = True, ["not done"]
    await change(live, key, "cancel", by="Meena")
    await live.wait(26 * 60)
    store.down = False
    await live.seconds(400)
    assert (store.asked.count("orderCancel"), only(store).cancelled) == (1, None)
    assert f"standing {key}" not in await notices(live)
    await live.seconds(61)
    assert "its copy #1001 is not cancelled though" in (await notices(live))[f"standing {key}"]
    assert only(store).cancelled
    assert (await mirror(live, key))["due_at"] is None


async def test_a_copy_that_shopify_refuses_to_cancel_is_told_and_left_after_a_day(
    live: Live, store: ShopifyStore
) -> None:
    key = await paid(live)
    store.faults["orderCancel"] = ["refused to cancel"] * 100
    await change(live, key, "cancel", by="Meena")
    await live.settle()
    told = await notices(live)
    assert set(told) == {f"standing {key}"}
    assert (
        "though Shopify was asked to (orderId: Cannot cancel a fulfilled order)." in told[f"standing {key}"]
    )
    for _ in range(27):
        await live.wait(60)
    assert 20 <= store.asked.count("orderCancel") <= 26
    assert (await mirror(live, key))["due_at"] is None


async def test_an_allowance_while_cash_was_to_come_is_recorded_once_it_is_taken(
    live: Live, store: ShopifyStore
) -> None:
    key = await ordered(live, ("thali", 1), ("kaju", 1), pays="cash")
    status, answer = await change(live, key, "allowance", amount=1000, why="late", by="Meena")
    assert status == 200, answer
    await live.settle()
    assert list(await notices(live)) == [f"less {key}-a1"]
    store.faults["orderMarkAsPaid"] = ["answer lost"]
    await change(live, key, "stage", to="delivered", by="Ravi", paid="cash")
    await live.seconds(10)
    assert str(only(store).net) == "410.50"
    assert list(await notices(live)) == [f"less {key}-a1"]
    assert (await mirror(live, key))["told"] == "paid"


async def test_cash_that_is_noted_there_as_too_little_is_told(live: Live, store: ShopifyStore) -> None:
    """Its people gave a discount there."""
    key = await ordered(live, ("thali", 1), ("kaju", 1), pays="cash")
    await live.settle()
    only(store).extra = Decimal(-20)
    await change(live, key, "stage", to="delivered", by="Ravi", paid="cash")
    await live.settle()
    assert "costs ₹420.50 here and ₹400.50 at Shopify (#1001)" in (await notices(live))[f"total {key}"]


async def test_an_older_copy_that_is_found_an_hour_later_is_told(live: Live, store: ShopifyStore) -> None:
    """Shopify's index was slower than both looks, and no webhook came."""
    store.lag = 400_000
    store.faults["orderCreate"] = ["answer lost"]
    key = await paid(live)
    await live.seconds(301)
    await live.settle()
    assert len(store.orders) == 2
    assert await notices(live) == {}
    await live.wait(61)
    said = (await notices(live))[f"two {key}"]
    assert "#1002 is the one that Munshi follows. Cancel #1001 there" in said
    row = await mirror(live, key)
    assert (row["doubted_at"], row["due_at"]) == (0, None)


@pytest.mark.parametrize("fault", ["answer lost", "throttled", "unsent"])
async def test_a_refund_is_recorded_once(live: Live, store: ShopifyStore, fault: str) -> None:
    key = await paid(live)
    store.faults["refundCreate"] = [fault]
    await less(live, key)
    await live.seconds(60)
    assert list(only(store).refunds) == [f"{key}-a1"]
    assert store.asked.count("refundCreate") == (1 if fault == "answer lost" else 2)
    assert await notices(live) == {}
    assert (await mirror(live, key))["due_at"] is None


async def test_a_refused_refund_is_for_a_person(live: Live, store: ShopifyStore) -> None:
    key = await paid(live)
    store.faults["refundCreate"] = ["refused"]
    await less(live, key)
    said = (await notices(live))[f"changed {key}-a1"]
    assert "1 × kaju less" in said
    assert "Variant does not exist" in said
    assert (await mirror(live, key))["due_at"] is None


async def test_another_rest_after_a_refund_is_told(live: Live, store: ShopifyStore) -> None:
    key = await paid(live)
    store.faults["refundCreate"] = ["total differs"]
    await less(live, key)
    assert "Total differs" in (await notices(live))[f"total {key}"]


async def test_pieces_less_of_cash_to_come_move_no_money(live: Live, store: ShopifyStore) -> None:
    key = await ordered(live, ("thali", 1), ("kaju", 1), pays="cash")
    await less(live, key)
    [one] = only(store).refunds.values()
    assert "transactions" not in one
    assert await notices(live) == {}
    status, answer = await change(live, key, "allowance", amount=1000, why="late", by="Meena")
    assert status == 200, answer
    await live.settle()
    told = await notices(live)
    assert list(told) == [f"less {key}-a2"]
    assert "₹150 is to be taken for order #10001" in told[f"less {key}-a2"]


@pytest.mark.parametrize("refused", [False, True])
async def test_another_address_is_changed_there(live: Live, store: ShopifyStore, refused: bool) -> None:
    key = await paid(live)
    store.faults["orderUpdate"] = ["refused"] if refused else ["answer lost"]
    await change(live, key, "address", address="Flat 5, Lake Road, Pune 411006", by="Meena")
    await live.settle()
    await live.seconds(10)
    if refused:
        assert "goes to another address" in (await notices(live))[f"changed {key}-a1"]
    else:
        assert only(store).address["zip"] == "411006"
        assert await notices(live) == {}


async def test_cash_that_was_recorded_by_mistake_is_told(live: Live, store: ShopifyStore) -> None:
    key = await ordered(live, ("thali", 1), pays="cash")
    for what, body in (("stage", {"to": "delivered", "paid": "cash"}), ("undo", {})):
        status, answer = await change(live, key, what, by="Meena", **body)
        assert status == 200, answer
        await live.settle()
    assert "is paid at Shopify, and its cash is to come" in (await notices(live))[f"owed {key}"]


async def test_one_that_the_staff_of_shopify_cancelled_is_told_once(live: Live, store: ShopifyStore) -> None:
    key = await ordered(live, ("thali", 1), pays="cash")
    await live.settle()
    only(store).cancelled = {"by": "somebody"}
    await change(live, key, "stage", to="delivered", by="Ravi", paid="cash")
    await live.settle()
    assert "is cancelled at Shopify, and its goods are due here" in (await notices(live))[f"gone {key}"]
    assert (await mirror(live, key))["told"] == "gone"
    assert only(store).paid is False


async def test_who_is_forgotten_here_is_known_there_and_that_is_told(live: Live, store: ShopifyStore) -> None:
    key = await paid(live)
    for what, body in (("stage", {"to": "out"}), ("stage", {"to": "delivered"})):
        assert (await change(live, key, what, by="Ravi", **body))[0] == 200
    newest = await ordered(live, ("thali", 1), pays="cash")
    await change(live, newest, "stage", to="delivered", by="Ravi", paid="cash")
    await live.settle()
    status, said = await live.until(live.api("POST", f"/customers/{PHONE}/forget"))
    assert (status, said["state"]) == (200, "forgotten")
    told = (await notices(live))[f"forgotten {newest}"]
    assert f"{store.orders[1].id} and 1 more of their orders names them" in told
    assert PHONE not in told


async def test_what_was_due_before_a_store_was_set_is_never_copied(
    live: Live, store: ShopifyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as unset:
        unset.setattr(live.workers, "_mirrors", None)
        key = await paid(live)
    await change(live, key, "stage", to="out", by="Ravi")
    await live.settle()
    assert await live.rows("SELECT * FROM mirror") == []
    await paid(live)
    assert only(store).wanted["sourceIdentifier"] != key
