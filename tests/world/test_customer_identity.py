"""One person under several names, given in any order: one chat, one order; and two persons stay two."""

import re
from itertools import permutations
from typing import Any

import orjson
import pytest

from sandbox import meta_webhooks
from sandbox.people import Person
from tests.world.running_bot import CONFIRMED, Customer, Live
from tests.world.test_operators import munshi

PHONE = "919812345601"
SECOND = "919812345699"
ITEMS = [{"sku": "masala-250", "quantity": 2}, {"sku": "ginger-250"}]


async def order_for(live: Live, phone: str) -> dict[str, Any]:
    """An order over the shop's own API."""
    body = {"phone": phone, "items": ITEMS}
    status, made = await live.until(live.api("POST", "/payments/create", body))
    assert (status, made["status"]) == (200, "created")
    answer: dict[str, Any] = made
    return answer


async def living(live: Live) -> list[int]:
    """All conversations."""
    rows = await live.rows("SELECT id FROM conversation WHERE merged_into IS NULL ORDER BY id")
    return [row["id"] for row in rows]


async def sound(live: Live) -> None:
    """Assert: an open order has an address, and no customer has two links or two open orders."""
    open_orders = await live.rows("SELECT key, conversation_id FROM orders WHERE lifecycle = 'open'")
    owners = [row["conversation_id"] for row in open_orders]
    assert len(set(owners)) == len(owners)
    for owner in owners:
        names = await live.rows(f"SELECT value FROM alias WHERE conversation_id = {owner}")
        assert names, "nobody could be told"
    dead = "SELECT id FROM conversation WHERE merged_into IS NOT NULL"
    for table in ("inbox", "alias", "orders", "attempt", "fact", "refund"):
        assert await live.rows(f"SELECT * FROM {table} WHERE conversation_id IN ({dead})") == [], table
    waiting = f"SELECT id FROM outbox WHERE state IN ('pending', 'sending') AND conversation_id IN ({dead})"
    assert await live.rows(waiting) == []
    assert await live.parked() == []


async def test_a_customer_known_by_id_taps_the_button_of_an_order_for_their_number(live: Live) -> None:
    """WhatsApp gives no id for a number before its first tap."""
    live.world.meta._statuses = ()
    asha = live.customer(PHONE)
    asha.person.hides_phone = True
    await asha.write("hi")
    await asha.tap("Masala chai 250 g")
    made = await order_for(live, PHONE)
    assert len(await living(live)) == 2, "nothing has said yet that they are one"
    asha.person.hides_phone = False
    [url] = await asha.tap("Pay Now")
    assert made["razorpay_short_url"] in url.text
    assert len(await living(live)) == 1
    await asha.pay()
    assert asha.heard(CONFIRMED) == 1
    assert asha.heard("earlier message") == 0
    await sound(live)


async def test_the_status_of_a_message_says_who_a_number_is(live: Live) -> None:
    asha = live.customer(PHONE)
    asha.person.hides_phone = True
    await asha.write("hi")
    asha.person.hides_phone = False
    made = await order_for(live, PHONE)
    await live.settle()
    assert len(await living(live)) == 1, "joined before anybody tapped"
    asha.person.hides_phone = True
    [url] = await asha.tap("Pay Now")
    assert made["razorpay_short_url"] in url.text
    await asha.pay()
    assert asha.heard(CONFIRMED) == 1
    await sound(live)


@pytest.mark.parametrize("order", list(permutations(["buys", "writes", "told"])))
async def test_a_number_that_changed_while_an_order_is_open(live: Live, order: tuple[str, ...]) -> None:
    """An order on the first number, a message from the second, and WhatsApp's notice of the change."""
    first, second = live.customer(PHONE), live.customer(SECOND)
    system = {"wa_id": SECOND, "type": "user_changed_number", "body": "Asha changed number"}
    for act in order:
        match act:
            case "buys":
                await order_for(live, PHONE)
            case "writes":
                await second.write("hi")
            case _:
                await first.send("system", system)
        await sound(live)
        await live.seconds(5)
    await second.write("hello")
    assert len(await living(live)) == 1
    [url] = await second.write("pay")
    [link] = [link for link in live.world.razorpay.links.values() if link.status == "created"]
    assert link.short_url in url.text
    heard = first.heard("")
    await second.pay()
    assert second.heard(CONFIRMED) == 1
    assert first.heard("") == heard, "nothing more goes to the number that was left"
    await sound(live)


async def test_the_button_of_the_order_works_from_the_new_number(live: Live) -> None:
    first, second = live.customer(PHONE), live.customer(SECOND)
    await first.order()
    await live.seconds(5)
    await second.write("hi")
    await first.send("system", {"wa_id": SECOND, "type": "user_changed_number", "body": "changed"})
    payment = next(m for m in reversed(first.person.messages) if "Complete Payment" in m.text)
    [url] = await second.tap("Pay Now", payment)
    assert "Click here to complete payment" in url.text
    await live.wait(11)
    assert second.heard("is waiting for its payment") == 1, "the order's timers go on"
    assert first.heard("is waiting for its payment") == 0
    await second.pay()
    assert second.heard(CONFIRMED) == 1
    await sound(live)


async def test_of_two_open_orders_the_older_ends(live: Live) -> None:
    first, second = live.customer(PHONE), live.customer(SECOND)
    await first.order()
    older = first.link
    await live.seconds(5)
    await second.order()
    newer = second.link
    await first.send("system", {"wa_id": SECOND, "type": "user_changed_number", "body": "changed"})
    links = live.world.razorpay.links
    assert (links[older].status, links[newer].status) == ("cancelled", "created")
    assert (await live.order(links[older])).lifecycle == "lapsed"
    await sound(live)
    await second.pay()
    assert second.heard(CONFIRMED) == 1
    key = (await live.order(links[older])).order.key
    told = await munshi(live, "why", key.rpartition("-")[0])
    assert "this customer turned out to be" in told.output
    assert "ended its order #" in told.output


async def test_a_tap_of_the_other_chat_in_the_same_visit_orders_nothing(live: Live) -> None:
    first, second = live.customer(PHONE), live.customer(SECOND)
    await first.checkout()
    await live.seconds(5)
    await second.checkout()
    summary = first.person.messages[-1]
    assert [c.title for c in summary.choices] == [c.title for c in second.person.messages[-1].choices]
    await first.send("system", {"wa_id": SECOND, "type": "user_changed_number", "body": "changed"})
    stale, *_ = await second.tap("Confirm order", summary)
    assert "earlier message" in stale.text
    assert live.world.razorpay.links == {}
    await second.tap("Confirm order", second.person.messages[-1])
    assert len(live.world.razorpay.links) == 1


async def test_a_number_that_whatsapp_answers_to_under_another_name(live: Live) -> None:
    """The order comes before the customer has ever written."""
    lupe = live.customer("5215512345679", "Lupe")
    made = await order_for(live, "+52 55 1234 5679")
    [url] = await lupe.tap("Pay Now")
    assert made["razorpay_short_url"] in url.text
    assert len(await living(live)) == 1
    for name in ("+52 55 1234 5679", "5215512345679"):
        assert made["order_number"] in (await munshi(live, "why", name)).output, name
    await lupe.pay()
    assert lupe.heard(CONFIRMED) == 1


@pytest.mark.parametrize(
    ("written", "wa_id"),
    [("+52 55 1234 5679", "5215512345679"), ("+44 20 7946 0958", "4491234567890")],
    ids=["Mexico", "a country whose way we do not know"],
)
async def test_what_meta_s_answer_calls_a_number_is_learned_from_it_alone(
    silent: Live, written: str, wa_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no receipt of the message yet, and the customer has not written."""
    live = silent
    monkeypatch.setattr("sandbox.meta.wa_id", lambda number, known: wa_id)
    lupe = live.customer(wa_id, "Lupe")
    made = await order_for(live, written)
    digits = re.sub("[^0-9]", "", written)
    rows = await live.rows("SELECT kind, value, conversation_id FROM alias WHERE kind = 'phone'")
    assert {row["value"] for row in rows} == {digits, wa_id}
    assert len({row["conversation_id"] for row in rows}) == 1
    for name in (written, digits, wa_id, f"+{wa_id}"):
        assert made["order_number"] in (await munshi(live, "why", name)).output, name
    again = await order_for(live, wa_id)
    assert len(await living(live)) == 1, "the API knows the name that it learned"
    [url] = await lupe.tap("Pay Now")
    assert again["razorpay_short_url"] in url.text
    await lupe.pay()
    assert lupe.heard(CONFIRMED) == 1
    await sound(live)


async def test_two_persons_are_never_joined(live: Live) -> None:
    """A number that was given to somebody else, a receipt that shows it, and an older message."""
    asha = live.customer(PHONE)
    await asha.order()
    payment = asha.person.messages[-1]
    stranger = Person(PHONE, "Ravi", "IN.99999999999", asha.person.business, asha.person.network)
    live.world.meta.status(stranger, payment, "read")
    await live.settle()
    assert len(await living(live)) == 1, "a status makes no customer, and joins nobody with a stranger"
    old_wamid = wrote_before(live, asha)
    await live.seconds(5)
    live.world.meta.people[PHONE] = stranger
    live.world.meta._by_user_id[stranger.user_id] = stranger
    ravi = Customer(live, stranger)
    [empty, *_] = await ravi.write("cart")
    assert empty.text == "Your cart is empty."
    assert len(await living(live)) == 2
    assert await live.whatsapp(old_wamid) == 200
    await live.settle()
    [again, *_] = await ravi.write("cart")
    assert again.text == "Your cart is empty.", "what came late took nothing back"
    assert again.payload["to"] == "+" + PHONE
    before = len(stranger.messages)
    await asha.pay()
    assert asha.person.messages[-1].payload["recipient"] == asha.person.user_id
    assert asha.heard(CONFIRMED) == 1
    assert len(stranger.messages) == before
    await sound(live)


def wrote_before(live: Live, asha: Customer) -> bytes:
    """A message of Asha's, from before the number was given away, that will be delivered late."""
    now = live.clock.now()
    message = {"type": "text", "text": {"body": "anybody there?"}}
    value = {
        "metadata": {"phone_number_id": live.world.secrets.phone_number_id},
        "contacts": [meta_webhooks.contact(asha.person)],
        "messages": [meta_webhooks.inbound(asha.person, "wamid.late", now, message)],
    }
    return orjson.dumps(meta_webhooks.envelope("1", value))
