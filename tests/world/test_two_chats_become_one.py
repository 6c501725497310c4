"""Two chats turn out to be one person's: what becomes of the links, answers and timers of both."""

from itertools import permutations
from pathlib import Path
from typing import Any, Final

import pytest

from bot.clock import ShiftedClock
from sandbox.faults import Fault
from sandbox.world import World
from tests.world.running_bot import CONFIRMED, Customer, Live, Start
from tests.world.test_customer_identity import PHONE, SECOND, living, order_for, sound

REMINDER: Final = "is waiting for its payment"


async def number_changed(first: Customer) -> None:
    """WhatsApp's notice that the first number changed to the second."""
    await first.send("system", {"wa_id": SECOND, "type": "user_changed_number", "body": "changed"})


async def ordered_twice(customer: Customer) -> str:
    """Two orders, the second of which waits for the end of the first one's link; that link."""
    await customer.order()
    link = customer.link
    await customer.write("menu")
    await customer.tap("Assam leaf 500 g")
    await customer.tap("Proceed to Checkout")
    await customer.tap("Confirm order")
    return link


@pytest.mark.parametrize(
    "paid", [None, 0, 1], ids=["neither is paid", "the first's is paid", "the second's is"]
)
async def test_earlier_links_of_both_end_before_a_new_one_is_made(live: Live, paid: int | None) -> None:
    razorpay = live.world.razorpay
    razorpay.faults.always("cancel_link", Fault.http(500))
    first, second = live.customer(PHONE), live.customer(SECOND)
    earlier = [await ordered_twice(first)]
    await live.seconds(5)
    earlier.append(await ordered_twice(second))
    await number_changed(first)
    assert len(await living(live)) == 1
    assert set(razorpay.links) == set(earlier), "while either can be paid, no third one is made"
    assert [razorpay.links[link].status for link in earlier] == ["created", "created"]
    if paid is not None:
        await razorpay.pay(earlier[paid])
        await live.settle()
        assert second.heard(CONFIRMED) == 1, "whichever it was, who paid hears it"
    razorpay.faults.always("cancel_link", None)
    await live.wait(3)
    if paid is not None:  # what else was ordered gets no link unasked
        await second.tap("Send the link")
        await live.wait(3)
    ends = [razorpay.links[link].status for link in earlier]
    assert ends == ["paid" if n == paid else "cancelled" for n in (0, 1)]
    [newest] = razorpay.links.keys() - set(earlier)
    assert razorpay.links[newest].status == "created"
    [still] = await live.rows("SELECT key FROM orders WHERE lifecycle = 'open'")
    assert razorpay.links[newest].notes["munshi_order"] == still["key"]
    await second.pay()
    assert second.heard(CONFIRMED) == (1 if paid is None else 2)
    await sound(live)


ASKING: Final = """
flow: asking
shop: {name: Asking, products: [{sku: tea, price: 30, name: Tea}]}
variables:
  street: {type: text, default: nowhere}
  pin: {type: pincode, default: none}
messages:
  street: Which street?
  pin: Which PIN code?
  where: "{{ street }}, {{ pin }}"
anywhere:
  at_street: {words: [street], to: street}
  at_pin: {words: [pin], to: pin}
  where: {words: [where], interrupts: true, say: where}
  order.requested: {ignore: not here}
  payment.captured: {ignore: not here}
otherwise: {say: where}
start: rest
states:
  rest: {}
  street: {ask: street, enter: {say: street}, on: {answered: {to: rest}}}
  pin: {ask: pin, enter: {say: pin}, on: {answered: {to: rest}}}
"""


@pytest.mark.parametrize("both", [False, True], ids=["each one thing", "both the same"])
async def test_what_both_were_asked_is_known_of_the_one(
    world: World, clock: ShiftedClock, start: Start, tmp_path: Path, both: bool
) -> None:
    flow = tmp_path / "flows.yaml"
    flow.write_text(ASKING, "utf-8")
    async with start(world, clock, flow) as live:
        first, second = live.customer(PHONE), live.customer(SECOND)
        await answers(first, street="Old Lane", **({"pin": "411001"} if both else {}))
        await live.seconds(5)
        await answers(second, pin="411004")
        await number_changed(first)
        [said] = await second.write("where")
        assert said.text == "Old Lane, 411004", "and of two answers, the one of who is left"
        await sound(live)


async def answers(customer: Customer, **given: str) -> None:
    for name, value in given.items():
        await customer.write(name)
        await customer.write(value)


async def test_only_the_timers_of_the_one_that_is_left_do_anything(live: Live) -> None:
    first, second = live.customer(PHONE), live.customer(SECOND)
    await first.order()
    await live.wait(2)
    await second.order()
    number = (await live.order(live.world.razorpay.links[second.link])).order.number
    await number_changed(first)
    before = [len(customer.texts) for customer in (first, second)]
    await live.wait(9)  # the first's reminder would be due
    assert [len(customer.texts) for customer in (first, second)] == before
    await live.wait(2)
    assert (first.heard(REMINDER), second.heard(REMINDER)) == (0, 1)
    assert f"#{number}" in second.texts[-1]
    await live.wait(30)
    assert second.heard("has expired") == 1, "one link ran out, not two"
    assert len(first.texts) == before[0]
    assert await live.rows("SELECT id FROM inbox WHERE kind = 'timer' AND state = 'pending'") == []
    await sound(live)


async def test_timers_that_were_due_when_they_became_one_are_dead_all_the_same(live: Live) -> None:
    """The server was down meanwhile: waiting events are stepped together with the notice."""
    first, second = live.customer(PHONE), live.customer(SECOND)
    await first.order()
    await live.wait(2)
    await second.order()
    live.clock.put_forward(9 * 60_000)
    await number_changed(first)
    assert (first.heard(REMINDER), second.heard(REMINDER)) == (0, 0)
    await live.wait(2)
    assert (first.heard(REMINDER), second.heard(REMINDER)) == (0, 1)
    await sound(live)


ORDERS: Final = [
    order
    for order in permutations(("buys", "pays", "writes", "told"))
    if order.index("buys") < order.index("pays")
]


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
async def test_a_number_that_changed_is_told_of_at_any_time_also_after_the_payment(
    live: Live, order: tuple[str, ...]
) -> None:
    first, second = live.customer(PHONE), live.customer(SECOND)
    made: dict[str, Any] = {}
    for act in order:
        match act:
            case "buys":
                made = await order_for(live, PHONE)
            case "pays":
                await live.world.razorpay.pay(made["razorpay_id"])
                await live.settle()
                assert first.heard(CONFIRMED) + second.heard(CONFIRMED) == 1, "to the address that was known"
            case "writes":
                await second.write("hi")
            case _:
                await number_changed(first)
        await sound(live)
        await live.seconds(5)
    if order.index("told") < order.index("pays"):
        assert second.heard(CONFIRMED) == 1, "the new number was known"
    left = len(first.texts)
    [said] = await second.write("paid")
    assert f"#{made['order_number']}" in said.text
    assert "is paid, and we are on it" in said.text
    await live.wait(24 * 60)
    assert len(await living(live)) == 1
    assert first.heard(CONFIRMED) + second.heard(CONFIRMED) == 1
    assert len(first.texts) == left, "nothing goes to the number that was left"
    assert len(live.world.razorpay.links) == 1
    await sound(live)
