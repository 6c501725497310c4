"""What is done at Shopify comes here: a lost answer is settled, goods move, and money is left to people."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from hmac import new as hmac
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.clock import ShiftedClock
from bot.settings import Settings
from sandbox.world import World
from tests.world import test_shopify
from tests.world.desk_shop import TEXT, change, ordered
from tests.world.running_bot import Live, Start
from tests.world.shopify_store import CLIENT_SECRET, ShopifyStore
from tests.world.test_shopify import less, mirror, notices, only, paid

store = test_shopify.store
settings_for = test_shopify.settings_for
live = test_shopify.live
GONE: dict[str, Any] = {"cancelled_at": "2026-11-30T12:00:00+05:30"}
BACK: dict[str, Any] = {"transactions": [{"kind": "refund", "amount": "10.00"}]}
OWNER = "919812345671"
OLD = "the-secret-before-this-one"


async def post(
    live: Live, topic: str, body: dict[str, Any], *, id: str = "1", secret: str = CLIENT_SECRET
) -> int:
    """Post a webhook as Shopify would. Return the status."""
    raw = json.dumps(body).encode()
    signature = b64encode(hmac(secret.encode(), raw, sha256).digest()).decode()
    headers = {
        "X-Shopify-Topic": topic, "X-Shopify-Hmac-Sha256": signature, "X-Shopify-Webhook-Id": id
    }  # fmt: skip
    status, _ = await live.until(live.post("/webhooks/shopify", raw, headers))
    await live.settle()
    return status


async def test_news_of_a_new_order_settles_a_lost_answer_at_once(live: Live, store: ShopifyStore) -> None:
    store.faults["orderCreate"] = ["answer lost"]
    key = await paid(live)
    assert await post(live, "orders/create", {"id": 1, "source_identifier": key}) == 200
    assert (await mirror(live, key))["copy_id"] == only(store).id
    assert "orders" not in store.asked


async def test_news_of_what_is_not_there_is_not_believed(live: Live, store: ShopifyStore) -> None:
    store.faults["orderCreate"] = ["unsent"]
    key = await paid(live)
    await post(live, "orders/create", {"id": 77, "source_identifier": key})
    assert (await mirror(live, key))["state"] == "asked"
    await live.seconds(301)
    await live.seconds(301)
    assert (await mirror(live, key))["copy_id"] == only(store).id


async def test_the_usual_news_of_our_own_order_costs_nothing(live: Live, store: ShopifyStore) -> None:
    key = await paid(live)
    await post(live, "orders/create", {"id": 1, "source_identifier": key})
    await live.seconds(20)
    assert store.asked == ["customer", "orderCreate"]


async def test_a_refund_that_was_recorded_from_here_is_no_news(live: Live, store: ShopifyStore) -> None:
    key = await paid(live)
    await less(live, key)
    [given] = only(store).refunds.values()
    await post(live, "refunds/create", {"id": 7, "order_id": 1, "note": given["note"], **BACK})
    assert await notices(live) == {}


async def test_news_of_a_second_copy_is_told(live: Live, store: ShopifyStore) -> None:
    key = await paid(live)
    await post(live, "orders/create", {"id": 9, "source_identifier": key})
    assert "Cancel gid://shopify/Order/9 there" in (await notices(live))[f"two {key}"]


async def test_cash_to_come_is_called_off_as_it_was_at_shopify(live: Live, store: ShopifyStore) -> None:
    key = await ordered(live, ("thali", 1), pays="cash")
    await live.settle()
    only(store).cancelled = {"by": "the staff of Shopify"}
    assert await post(live, "orders/cancelled", {"id": 1, **GONE}) == 200
    _, order = await live.api("GET", f"/orders/{key}")
    assert (order["stage"], order["stage_by"]) == ("cancelled", "Shopify")
    await live.seconds(20)
    assert await notices(live) == {}
    assert (await mirror(live, key))["told"] == "cancelled"
    assert "orderCancel" not in store.asked


@pytest.mark.parametrize("why", ["it is paid", "its goods are out"])
async def test_money_and_goods_that_are_out_are_for_a_person(
    live: Live, store: ShopifyStore, why: str
) -> None:
    if why == "it is paid":
        key = await paid(live)
    else:
        key = await ordered(live, ("thali", 1), pays="cash")
        await change(live, key, "stage", to="out", by="Ravi")
    await live.settle()
    only(store).cancelled = {"by": "the staff of Shopify"}
    await post(live, "orders/cancelled", {"id": 1, **GONE})
    _, order = await live.api("GET", f"/orders/{key}")
    assert order["stage"] in ("placed", "out")
    await live.seconds(20)
    assert "cancel the order here, so that the money goes back" in (await notices(live))[f"gone {key}"]


async def test_a_shipment_moves_the_goods_and_its_customer_hears(live: Live, store: ShopifyStore) -> None:
    key = await paid(live)
    await post(live, "fulfillments/create", {"order_id": 1, "status": "pending"})
    _, order = await live.api("GET", f"/orders/{key}")
    assert order["stage"] == "placed"
    await post(live, "fulfillments/create", {"order_id": 1, "status": "success"}, id="2")
    await post(live, "fulfillments/create", {"order_id": 1, "status": "success"}, id="2")
    _, order = await live.api("GET", f"/orders/{key}")
    assert (order["stage"], order["stage_by"]) == ("out", "Shopify")
    delivered = {"order_id": 1, "status": "success", "shipment_status": "delivered"}
    await post(live, "fulfillments/update", delivered, id="3")
    _, order = await live.api("GET", f"/orders/{key}")
    assert order["stage"] == "delivered"
    assert live.customer().heard("Your order is out") == 1
    rows = await live.rows("SELECT key FROM inbox WHERE key LIKE 'shopify:%'")
    assert len(rows) == 2, "what came twice is stored once"


async def test_goods_that_were_sent_before_the_copy_was_known_are_out(
    live: Live, store: ShopifyStore
) -> None:
    """The news of the shipment names an order that is none of ours, as far as is known."""
    store.faults["orderCreate"] = ["answer lost"]
    key = await paid(live)
    only(store).sent = True
    await post(live, "fulfillments/create", {"order_id": 1, "status": "success"})
    _, order = await live.api("GET", f"/orders/{key}")
    assert order["stage"] == "placed"
    await live.seconds(61)
    await live.settle()
    _, order = await live.api("GET", f"/orders/{key}")
    assert (order["stage"], order["stage_by"]) == ("out", "Shopify")
    assert live.customer().heard("Your order is out") == 1


async def test_an_old_body_under_another_topic_and_id_does_nothing(live: Live, store: ShopifyStore) -> None:
    """The signature is that of the body alone."""
    key = await ordered(live, ("thali", 1), pays="cash")
    await live.settle()
    made = {"id": 1, "source_identifier": key, "cancelled_at": None}
    await post(live, "orders/create", made)
    sent = {"id": 3, "order_id": 1, "status": "success"}
    for topic, body in (("orders/cancelled", made), ("orders/cancelled", sent), ("refunds/create", sent)):
        assert await post(live, topic, body, id=f"another of {topic}") == 200
    await live.seconds(20)
    _, order = await live.api("GET", f"/orders/{key}")
    assert (order["stage"], only(store).cancelled, await notices(live)) == ("placed", None, {})


async def test_a_refund_there_is_told_and_moves_nothing(live: Live, store: ShopifyStore) -> None:
    key = await paid(live)
    await post(live, "refunds/create", {"id": 5, "order_id": 1, **BACK})
    assert "It moves no money" in (await notices(live))[f"refund {key}"]
    _, order = await live.api("GET", f"/orders/{key}")
    assert (order["refunded"], order["stage"]) == (0, "placed")


async def test_pieces_put_back_there_are_no_refund(live: Live, store: ShopifyStore) -> None:
    key = await paid(live)
    await post(live, "refunds/create", {"id": 5, "order_id": 1, "transactions": []})
    assert (await notices(live), key) == ({}, key)


@pytest.mark.parametrize("first", ["out", "delivered"])
async def test_delivered_with_cash_to_come_is_out_and_the_cash_is_asked_for(
    live: Live, store: ShopifyStore, first: str
) -> None:
    key = await ordered(live, ("thali", 1), pays="cash")
    await live.settle()
    if first == "out":
        await post(live, "fulfillments/create", {"order_id": 1, "status": "success"})
    delivered = {"order_id": 1, "status": "success", "shipment_status": "delivered"}
    await post(live, "fulfillments/update", delivered)
    _, order = await live.api("GET", f"/orders/{key}")
    assert order["stage"] == "out"
    [said] = (await notices(live)).values()
    assert "was to be taken for it" in said
    assert "by cash, upi, or owed" in said.replace("by cash, by upi", "by cash, upi")


@pytest.fixture
async def staffed(world: World, clock: ShiftedClock, start: Start, tmp_path: Path) -> AsyncIterator[Live]:
    """A bot whose owner reads it."""
    file = tmp_path / "staffed.yaml"
    file.write_text(
        TEXT.replace("  cash: {", f'  staff: [{{name: Meena, phone: "+{OWNER}"}}]\n  cash: {{'), "utf-8"
    )
    async with start(world, clock, file) as live:
        yield live


async def test_the_staff_hear_what_was_done_there(staffed: Live, store: ShopifyStore) -> None:
    owner = staffed.customer(OWNER, "Meena")
    await owner.write("hello")
    await ordered(staffed, ("thali", 1), pays="cash")
    await ordered(staffed, ("thali", 1), pays="cash")
    await staffed.settle()
    for id in ("1", "of an old body that somebody sends again"):
        await post(staffed, "refunds/create", {"id": 5, "order_id": 1, **BACK}, id=id)
    await post(staffed, "fulfillments/create", {"order_id": 1, "status": "success"})
    await post(staffed, "orders/cancelled", {"id": 1, **GONE})
    await post(staffed, "orders/cancelled", {"id": 2, **GONE})
    for said in (
        "A refund of order #10001 was recorded at Shopify",
        "Order #10001 is out now, by Shopify.",
        "Order #10001 was cancelled at Shopify, and goes on here",
        "Order #10002 is cancelled now, by Shopify.",
    ):
        assert owner.heard(said) == 1, owner.texts


async def test_orders_of_the_store_itself_leave_no_row(live: Live, store: ShopifyStore) -> None:
    before = await live.stored()
    for topic, body in (
        ("orders/create", {"id": 900, "source_identifier": None}),
        ("orders/cancelled", {"id": 900, **GONE}),
        ("refunds/create", {"order_id": 900, **BACK}),
        ("fulfillments/create", {"order_id": 900, "status": "success"}),
    ):
        assert await post(live, topic, body) == 200
    assert await live.stored() == before


async def test_what_was_done_from_here_is_no_news_in_any_order(live: Live, store: ShopifyStore) -> None:
    """Shopify tells of our own order, refunds and cancellation too: each twice, late, and in any order."""
    key = await ordered(live, ("thali", 2), ("kaju", 1))
    await live.customer().pay()
    await less(live, key)
    await change(live, key, "cancel", by="Meena")
    await live.seconds(61)
    notes = [one["note"] for one in only(store).refunds.values()]
    assert len(notes) == 2
    echoes: list[tuple[str, dict[str, Any]]] = [
        ("orders/create", {"id": 1, "source_identifier": key}),
        *(
            ("refunds/create", {"id": n, "order_id": 1, "note": note, **BACK})
            for n, note in enumerate(notes, 5)
        ),
        ("orders/cancelled", {"id": 1, "source_identifier": key, **GONE}),
    ]
    before = await standing(live, key), len(store.asked), await live.stored()
    for turn in range(len(echoes)):
        for topic, body in [*echoes[turn:], *echoes[:turn], *reversed(echoes)]:
            assert await post(live, topic, body, id=f"{topic}-{body['id']}") == 200
    await live.seconds(20)
    assert await standing(live, key) == before[0]
    assert set(store.asked[before[1] :]) == {"order"}, "the copy is read, and left as it is"
    assert await live.stored() == before[2]


async def standing(live: Live, key: str) -> tuple[Any, ...]:
    """What is known of an order, of its copy, and what people were told."""
    row = await mirror(live, key)
    _, order = await live.api("GET", f"/orders/{key}")
    return order, {**row, "revision": 0, "tries": 0}, await notices(live)


WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "made": ("orders/create", {}),
    "waits": ("fulfillments/create", {"status": "pending"}),
    "out": ("fulfillments/create", {"status": "success"}),
    "transit": ("fulfillments/update", {"status": "success", "shipment_status": "in_transit"}),
    "delivered": ("fulfillments/update", {"status": "success", "shipment_status": "delivered"}),
    "refund": ("refunds/create", BACK),
    "cancelled": ("orders/cancelled", GONE),
    "another": ("orders/cancelled", {"id": 900_000, "order_id": 900_000, **GONE}),
}
"""News of a paid order, by what the merchant did at Shopify; and of an order that is none of ours."""


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(["waits", "made", "waits"])
@example(["refund", "delivered", "out", "refund"])
@example(["cancelled", "transit", "cancelled", "another"])
@given(st.lists(st.sampled_from([*WAYS]), min_size=2, max_size=9))
async def test_news_lead_to_the_same_in_any_order_and_however_often(
    live: Live, store: ShopifyStore, came: list[str]
) -> None:
    key = await paid(live)
    copy = store.orders[-1]
    number = int(copy.id.rpartition("/")[2])
    copy.cancelled = {"by": "the merchant"} if "cancelled" in came else None
    for one in came:
        topic, body = WAYS[one]
        about = {"id": number, "order_id": number, "source_identifier": key}
        assert await post(live, topic, {**about, **body}, id=f"{key}-{one}") == 200
    await live.seconds(20)
    _, order = await live.api("GET", f"/orders/{key}")
    sent = {"out", "transit"}.intersection(came)
    stage = "delivered" if "delivered" in came else "out" if sent else "placed"
    assert (order["stage"], order["refunded"]) == (stage, 0)
    told = {subject.partition(" ")[0] for subject in await notices(live) if subject.endswith(key)}
    assert told == {name for name, news in (("gone", "cancelled"), ("refund", "refund")) if news in came}
    rows = await live.rows(f"SELECT body FROM inbox WHERE key LIKE 'shopify:%' AND order_key = '{key}'")
    bodies = [row["body"] for row in rows]
    assert len(bodies) == len(set(bodies)), "what happened is stored once"


@pytest.mark.parametrize(
    ("topic", "why"), [("orders/cancelled", "names no time"), ("products/update", "nothing of this topic")]
)
async def test_what_cannot_be_used_is_kept(live: Live, topic: str, why: str) -> None:
    assert await post(live, topic, {"id": "x"}, id="9") == 200
    [row] = await live.rows("SELECT body, state FROM inbox WHERE key LIKE 'shopify:unused:%'")
    assert row["state"] == "kept"
    assert why in row["body"]


@pytest.mark.parametrize("secret", ["another-secret-of-somebody", OLD])
async def test_a_signature_of_another_key_is_refused(live: Live, secret: str) -> None:
    assert await post(live, "orders/cancelled", {"id": 1}, secret=secret) == 403


async def test_a_signature_that_is_none_is_refused(live: Live) -> None:
    for signed in ("", "x", "é", "A" * 44):
        headers = {"X-Shopify-Hmac-Sha256": signed}
        status, _ = await live.until(live.post("/webhooks/shopify", b"{}", headers))
        assert status == 403, signed
    status, _ = await live.until(live.post("/webhooks/shopify", b"{}"))
    assert status == 403


@pytest.fixture
async def rotating(
    world: World,
    clock: ShiftedClock,
    start: Start,
    settings_for: Callable[[World], Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Live]:
    """A bot whose secret is being changed."""
    monkeypatch.setenv("SHOPIFY_WEBHOOK_SECRET", f"{CLIENT_SECRET},{OLD}")
    file = tmp_path / "rotating.yaml"
    file.write_text(TEXT, "utf-8")
    async with start(world, clock, file) as live:
        yield live


async def test_both_keys_are_taken_while_the_secret_is_changed(rotating: Live) -> None:
    for secret, status in ((CLIENT_SECRET, 200), (OLD, 200), ("another-secret-of-somebody", 403)):
        assert await post(rotating, "products/update", {"id": 1}, secret=secret) == status
