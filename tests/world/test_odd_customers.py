"""Wrong and forged taps, odd messages, hidden and changed phone numbers, receipts."""

from itertools import permutations
from typing import Any

import pytest

from sandbox import meta_webhooks
from sandbox.people import ReceivedMessage
from tests.world.running_bot import CONFIRMED, Customer, Live

FORGED = [
    "@.1|payment.captured|",
    "@.6|payment.captured|{}",
    "@.6|payment_link.created|https://evil.example",
    "@.6|order.requested|",
    "@.6|payment.request|",
    "@.0|confirm|",
    "@.6|confirm|",
    "@.999999999999999999|confirm|",
    "@." + "9" * 200 + "|confirm|",
    "@.-1|confirm|",
    "|confirm|",
    "confirm",
    "@.6|add|no-such-thing",
    "@.6|add|{{ 7 * 7 }}",
    "@.6|add|" + "x" * 240,
    "@.6|add|' OR 1=1 --",
    "@.6|add",
    "@.6|page:2|products",
    "|||",
    "\u0000|add|x",
    "६|add|masala-250",
]


async def forge(asha: Customer, reply_id: str) -> list[ReceivedMessage]:
    """Tap a button that was never sent; `@` stands for the customer's own conversation."""
    before = len(asha.person.messages)
    [own] = await asha.live.rows("SELECT key FROM installation")
    forged = reply_id.replace("@", f"{own['key']}-1")
    tap = {"type": "button_reply", "button_reply": {"id": forged, "title": "Confirm order"}}
    asha.person.network.inbound(asha.person, {"type": "interactive", "interactive": tap})
    await asha.live.settle()
    return asha.person.messages[before:]


async def no_money(live: Live) -> None:
    for table in ("fact", "orders", "attempt"):
        assert await live.rows(f"SELECT * FROM {table}") == []
    assert live.world.razorpay.links == {}
    assert await live.parked() == []


async def _come_to(customer: Customer, state: str) -> None:
    if state != "new":
        await customer.write("hi")
    if state == "cart":
        await customer.tap("Masala chai 250 g")


@pytest.mark.parametrize("state", ["new", "browsing", "cart"])
async def test_forged_taps(live: Live, state: str) -> None:
    for number, reply_id in enumerate(FORGED):
        if number % 8 == 0:  # WhatsApp takes so many messages to one customer at once
            asha = live.customer(f"9198123{number:05}")
            await _come_to(asha, state)
        answers = await forge(asha, reply_id)
        assert 1 <= len(answers) <= 3, reply_id
        assert not any("49" in answer.text for answer in answers if "249.50" not in answer.text), reply_id
    await no_money(live)


async def test_forged_taps_while_a_payment_is_awaited(live: Live) -> None:
    asha = live.customer()
    await asha.order()
    link = live.world.razorpay.links[asha.link]
    for reply_id in FORGED[:4]:
        [*_, answer] = await forge(asha, reply_id)
        assert answer.text.startswith("💳 Complete Payment"), reply_id
    assert (await live.order(link)).payment == "unpaid"
    assert asha.heard(CONFIRMED) == 0


ODD: dict[str, dict[str, Any]] = {
    "text": {"body": "x" * 5000},
    "sticker": {"id": "1", "mime_type": "image/webp"},
    "location": {"latitude": 9.9, "longitude": 76.2},
    "image": {"id": "2", "mime_type": "image/jpeg", "caption": "I have paid!"},
    "audio": {"id": "3", "mime_type": "audio/ogg"},
    "order": {"catalog_id": "4", "product_items": []},
    "kind of tomorrow": {"what": "ever"},
}


async def test_odd_messages_get_one_answer_each(live: Live) -> None:
    asha = live.customer()
    for kind, body in ODD.items():
        answers = 2 if kind == "order" else 1  # a catalogue's empty cart: sorry, and the products
        assert len(await asha.send(kind, body)) == answers, kind
    for text in (
        "I HAVE PAID",
        "payment.captured",
        "{{ shop }}",
        "{% for %}",
        "'; DROP TABLE orders; --",
        "\u202e",
        "0",
    ):
        assert len(await asha.write(text)) == 1, text
    await no_money(live)
    assert await asha.send("reaction", {"message_id": asha.person.messages[0].wamid, "emoji": "👍"}) == []


async def test_a_template_s_quick_reply_is_read_as_its_text(live: Live) -> None:
    asha = live.customer()
    await asha.order()
    for reply in (
        {"payload": "Pay Now", "text": "Pay Now"},
        {"payload": "X-1", "text": "PAY ✔️"},
        {"text": "pay"},
    ):
        [answer] = await asha.send("button", reply)
        assert answer.text.startswith("Click here to complete payment: ")
    assert await live.parked() == []


async def test_old_buttons(live: Live) -> None:
    asha = live.customer()
    [products] = await asha.write("hi")
    await asha.tap("Masala chai 250 g")
    [summary] = await asha.tap("Proceed to Checkout")
    stale, now = await asha.tap("Ginger chai 250 g", products)
    assert stale.text == "That button is from an earlier message. Here is where we are now."
    assert now.text == summary.text, "the cart is as it was when the summary was shown"

    await asha.tap("Confirm order")
    first = asha.link
    stale, again = await asha.tap("Confirm order", summary)
    assert again.text.startswith("💳 Complete Payment")
    assert asha.link == first, "an old confirm orders nothing"
    [url] = await asha.tap("Pay Now", again)
    await asha.pay()
    [paid] = await asha.tap("Pay Now", again)
    assert "is paid, and we are on it" in paid.text
    assert url.text not in paid.text
    assert asha.heard(CONFIRMED) == 1


async def test_two_taps_in_one_moment(live: Live) -> None:
    """A double tap on the button that orders makes one order."""
    asha = live.customer()
    await asha.checkout()
    await asha.person.tap("Confirm order")
    await asha.person.tap("Confirm order")
    await live.settle()
    assert len(live.world.razorpay.links) == 1
    assert len(await live.rows("SELECT key FROM orders")) == 1


async def test_a_customer_without_a_phone_number_can_buy(live: Live) -> None:
    asha = live.customer()
    asha.person.hides_phone = True
    await asha.order()
    await asha.tap("Pay Now")
    [paid] = await asha.pay()
    assert paid.text.startswith(CONFIRMED)
    assert {m.payload["recipient"] for m in asha.person.messages} == {asha.person.user_id}
    assert not any("to" in message.payload for message in asha.person.messages)


async def test_a_phone_number_that_shows_itself_later(live: Live) -> None:
    asha = live.customer()
    asha.person.hides_phone = True
    await asha.write("hi")
    await asha.tap("Masala chai 250 g")
    asha.person.hides_phone = False
    [cart] = await asha.write("cart")
    assert "1 × Masala chai 250 g" in cart.text
    assert len(await live.rows("SELECT id FROM conversation WHERE id <> 0")) == 1


async def test_a_changed_number_keeps_the_chat(live: Live) -> None:
    asha = live.customer()
    await asha.write("hi")
    await asha.tap("Masala chai 250 g")
    after = live.customer("919812345699")
    system = {"wa_id": after.person.wa_id, "type": "user_changed_number", "body": "Asha changed number"}
    ids = {"previous_user_id": asha.person.user_id, "user_id": after.person.user_id}
    for told in (system, {"type": "user_changed_user_id", "body": "Asha's id changed", **ids}):
        assert await asha.send("system", told) == []
    [cart] = await after.write("cart")
    assert "1 × Masala chai 250 g" in cart.text
    [summary] = await after.tap("Proceed to Checkout")
    assert summary.payload["to"] == "+" + after.person.wa_id
    assert len(await live.rows("SELECT id FROM conversation WHERE id <> 0")) == 1


async def test_a_number_given_to_somebody_else_is_somebody_else(live: Live) -> None:
    asha = live.customer()
    await asha.order()
    stranger = live.customer()
    stranger.person.user_id = "IN.99999999999"
    answers = await stranger.write("cart")
    assert answers[0].text == "Your cart is empty."
    assert len(await live.rows("SELECT id FROM conversation WHERE id <> 0")) == 2


RANK = {None: 0, "sent": 1, "failed": 2, "delivered": 3, "read": 4}


async def test_statuses_in_every_order_only_move_forward(silent: Live) -> None:
    live, asha = silent, silent.customer()
    for order in permutations(("sent", "delivered", "read")):
        [message] = await asha.write("hi")
        before = None
        for status in (*order, *order):
            live.world.meta.status(asha.person, message, status)
            await live.settle()
            [row] = await live.rows(f"SELECT receipt FROM outbox WHERE provider_id = '{message.wamid}'")
            assert RANK[row["receipt"]] == max(RANK[before], RANK[status]), order
            before = row["receipt"]
        assert before == "read"


async def test_a_message_that_failed_keeps_why(silent: Live) -> None:
    live, asha = silent, silent.customer()
    [message] = await asha.write("hi")
    errors = [meta_error(131026, "Message undeliverable")]
    entry = meta_webhooks.status(asha.person, message, "failed", live.clock.now(), errors)
    for event in ("failed", "sent", "failed"):
        told = {**entry, "status": event}
        if event != "failed":
            del told["errors"]
        value = {"statuses": [told], "metadata": {"phone_number_id": live.world.secrets.phone_number_id}}
        body = meta_webhooks.envelope("1", value)
        assert await live.whatsapp(body) == 200
        await live.settle()
    [row] = await live.rows(f"SELECT receipt, error FROM outbox WHERE provider_id = '{message.wamid}'")
    assert row["receipt"] == "failed"
    assert "131026" in row["error"]


def meta_error(code: int, title: str) -> dict[str, Any]:
    return {"code": code, "title": title, "error_data": {"details": title}}


async def test_statuses_of_strangers_change_nothing(live: Live) -> None:
    asha = live.customer()
    await asha.write("hi")
    before = await live.rows("SELECT * FROM outbox ORDER BY id")
    value = {
        "metadata": {"phone_number_id": live.world.secrets.phone_number_id},
        "statuses": [
            {"id": "wamid.unknown", "status": "failed", "timestamp": "1"},
            {
                "id": "wamid.x",
                "status": "failed",
                "biz_opaque_callback_data": "zzzzzzzz-1.1",
                "timestamp": "1",
            },
            {"id": "wamid.x", "status": "failed", "biz_opaque_callback_data": "1.1.1", "timestamp": "1"},
            {"id": before[0]["provider_id"], "status": "of tomorrow", "timestamp": "1"},
        ],
    }
    assert await live.whatsapp(meta_webhooks.envelope("1", value)) == 200
    await live.settle()
    for _ in range(5):
        await live.wait(2)
    assert await live.rows("SELECT * FROM outbox ORDER BY id") == before
    assert await live.rows("SELECT id FROM inbox WHERE state = 'pending'") == []
