"""Payments that are short, foreign, late, doubled or disputed, and Razorpay's webhooks about them."""

import pytest

from sandbox.razorpay_ledger import NotPayableError
from sandbox.razorpay_rules import Refused
from sandbox.world import World
from tests.sandbox.webhook_listener import Bot, Clock, call, new_link

CAPTURED = ["payment.authorized", "payment.captured"]
PAID = [*CAPTURED, "order.paid", "payment_link.paid"]
GIVEN_BACK = ["payment.authorized", "refund.created", "refund.processed"]


async def test_a_short_payment_leaves_the_link_payable(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    link = await new_link(world)
    short = await world.razorpay.pay(link, amount=50000)
    await world.quiet()
    assert bot.names == CAPTURED
    assert (bot.entity("payment")["amount"], bot.entity("payment")["captured"]) == (50000, True)
    _, told = await call(world, "GET", f"payment_links/{link}")
    assert (told["status"], told["amount_paid"]) == ("created", 50000)
    _, order = await call(world, "GET", f"orders/{told['order_id']}")
    assert (order["status"], order["amount_paid"], order["amount_due"]) == ("attempted", 50000, 129800)
    await world.razorpay.pay(link)
    await world.quiet()
    assert bot.names == CAPTURED + PAID
    assert world.razorpay.payments[short].order_id == order["id"]
    _, order = await call(world, "GET", f"orders/{order['id']}")
    assert (order["status"], order["amount_paid"], order["amount_due"]) == ("paid", 229800, 0)


async def test_too_much_pays_the_link(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    link = await new_link(world)
    await world.razorpay.pay(link, amount=200000)
    await world.quiet()
    assert bot.names == PAID
    assert bot.entity("payment")["amount"] == 200000
    assert world.razorpay.links[link].status == "paid"


async def test_another_currency_pays_nothing(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    link = await new_link(world)
    await world.razorpay.pay(link, currency="USD")
    await world.quiet()
    assert bot.names == CAPTURED
    assert (bot.entity("payment")["currency"], bot.entity("payment")["amount"]) == ("USD", 179800)
    assert (world.razorpay.links[link].status, world.razorpay.links[link].amount_paid) == ("created", 0)


@pytest.mark.parametrize(
    ("amount", "currency", "method", "message"),
    [
        (0, None, "upi", "at least 1 paisa"),
        (None, "rupees", "upi", "three capital letters"),
        (None, None, "cowries", "no method 'cowries'"),
    ],
)
async def test_what_nobody_can_pay(
    world: World, amount: int | None, currency: str | None, method: str, message: str
) -> None:
    link = await new_link(world)
    with pytest.raises(ValueError, match=message):
        await world.razorpay.pay(link, amount=amount, currency=currency, method=method)
    assert world.razorpay.payments == {}


async def test_authorised_first_and_captured_later(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    link = await new_link(world)
    payment = await world.razorpay.authorize(link, method="card")
    await world.quiet()
    assert bot.names == ["payment.authorized"]
    assert (bot.entity("payment")["captured"], bot.entity("payment")["fee"]) == (False, None)
    with pytest.raises(NotPayableError, match="authorised"):
        await world.razorpay.pay(link)
    with pytest.raises(NotPayableError, match="authorised"):
        await world.razorpay.fail(link)
    await world.razorpay.capture(payment)
    await world.quiet()
    assert bot.names == PAID
    with pytest.raises(NotPayableError, match="captured"):
        await world.razorpay.capture(payment)
    with pytest.raises(LookupError):
        await world.razorpay.capture("pay_x")


async def test_a_capture_does_not_revive_a_link(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    link = await new_link(world)
    payment = await world.razorpay.authorize(link)
    await world.razorpay.expire(link)
    await world.quiet()
    await world.razorpay.capture(payment)
    await world.quiet()
    assert bot.names[2:] == ["payment.captured", "order.paid"]
    assert world.razorpay.links[link].status == "expired"


async def test_one_payment_too_many_is_given_back_at_once(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    link = await new_link(world)
    await world.razorpay.pay(link)
    await world.quiet()
    bot.got.clear()
    payment = await world.razorpay.authorize(link)
    await world.quiet()
    assert bot.names == GIVEN_BACK
    for index in (1, 2):
        told = bot.entity("payment", index)
        assert (told["id"], told["captured"], told["fee"]) == (payment, False, None)
        assert (told["status"], told["amount_refunded"], told["refund_status"]) == (
            "refunded",
            179800,
            "full",
        )
    assert (bot.entity("refund")["notes"], bot.entity("refund")["status"]) == ([], "processed")
    with pytest.raises(NotPayableError):
        await world.razorpay.capture(payment)
    assert [p.captured for p in world.razorpay.payments.values()] == [True, False]


async def test_of_two_authorised_payments_one_is_captured(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    link = await new_link(world)
    first, second = await world.razorpay.authorize(link), await world.razorpay.authorize(link)
    await world.razorpay.capture(second)
    await world.quiet()
    assert sorted(bot.names) == sorted(["payment.authorized", *PAID, "refund.created", "refund.processed"])
    statuses = {payment.id: payment.status for payment in world.razorpay.payments.values()}
    assert statuses == {first: "refunded", second: "captured"}


async def test_a_late_yes_to_a_paid_order_is_given_back(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    link = await new_link(world)
    late = await world.razorpay.fail(link, reason="payment_timed_out")
    await world.razorpay.pay(link)
    await world.quiet()
    bot.got.clear()
    await world.razorpay.settle_late(late)
    await world.quiet()
    assert bot.names == GIVEN_BACK
    assert bot.entity("payment")["captured"] is False


@pytest.mark.parametrize("end", ["expired", "cancelled"])
async def test_a_late_yes_to_a_link_that_is_over(world: World, bot: Bot, clock: Clock, end: str) -> None:
    await world.connect(bot.url)
    link = await new_link(world)
    late = await world.razorpay.fail(link, reason="payment_timed_out")
    await (world.razorpay.expire(link) if end == "expired" else world.razorpay.cancel(link))
    await world.quiet()
    bot.got.clear()
    clock.now += 24 * 3600 * 1000
    await world.razorpay.settle_late(late)
    await world.quiet()
    assert bot.names == [*CAPTURED, "order.paid"]
    assert bot.entity("order")["status"] == "paid"
    assert world.razorpay.links[link].status == end
    assert await world.razorpay.refund(late)


async def test_two_links_of_one_order_can_both_be_paid(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    first, second = await new_link(world, "c1-1.1"), await new_link(world, "c1-1.2")
    for link in (first, second):
        await world.razorpay.pay(link)
    await world.quiet()
    assert sorted(bot.names) == sorted(PAID * 2)
    assert len(world.razorpay.orders) == 2
    assert {payment.status for payment in world.razorpay.payments.values()} == {"captured"}


async def test_a_link_can_be_made_to_expire(world: World, bot: Bot, clock: Clock) -> None:
    await world.connect(bot.url)
    link = await new_link(world)
    await world.razorpay.expire(link)
    clock.now += 3600 * 1000
    await world.tick()
    assert bot.names == ["payment_link.expired"]
    with pytest.raises(Refused, match="expired"):
        await world.razorpay.expire(link)


async def test_a_dispute_goes_from_state_to_state(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    payment = await world.razorpay.pay(await new_link(world))
    await world.quiet()
    bot.got.clear()
    states = ["created", "under_review", "action_required", "won", "lost", "closed"]
    ids = set()
    for state in states:
        ids.add(await world.razorpay.dispute(payment, state))
        await world.quiet()
    assert len(ids) == 1
    assert bot.names == [f"payment.dispute.{state}" for state in states]
    told = [bot.entity("dispute", index) for index in range(len(states))]
    assert [entity["status"] for entity in told] == ["open", "under_review", "open", "won", "lost", "closed"]
    assert [entity["amount_deducted"] for entity in told] == [0, 0, 0, 0, 179800, 0]
    assert bot.events[0]["contains"] == ["payment", "dispute"]
    assert bot.entity("payment")["id"] == told[0]["payment_id"] == payment


async def test_a_dispute_of_nothing(world: World) -> None:
    link = await new_link(world)
    failed = await world.razorpay.fail(link)
    with pytest.raises(ValueError, match="never captured"):
        await world.razorpay.dispute(failed, "created")
    with pytest.raises(ValueError, match="no dispute state"):
        await world.razorpay.dispute(await world.razorpay.pay(link), "opened")
    with pytest.raises(LookupError):
        await world.razorpay.dispute("pay_x", "created")
