"""A paid order is refused at the door: its goods' price goes back, its delivery waits for a person."""

from functools import partial

import pytest

from payments.ledger.holds import HoldReason, needs_person, reason_of
from payments.ledger.state import PaymentStatus, Task
from payments.ledger.unfinished import Unfinished, unfinished
from payments.processing import hand_money, refused_delivery
from payments.processing import order_changes as changes
from payments.processing.order_changes import Settlement
from payments.shop.fulfilment import Stage
from payments.shop.money import money
from payments.shop.orders import Lifecycle, Line
from tests.builders import refunded, webhook
from tests.payments.shops_with_staff import CUP, LINES, TOTAL, StaffShop, back, staffed

FEE = sum(line.delivery for line in LINES)
REFUSED = partial(refused_delivery.refuse_keeping_delivery, by="ravi")
KEEP = partial(refused_delivery.keep_delivery, by="mina")
BACK = partial(refused_delivery.give_delivery_back, by="mina")
OUT = partial(changes.move, to=Stage.OUT, by="ravi")
GOODS, BANKS = money(TOTAL - FEE), "banks take 5 to 7 working days"


@pytest.fixture
def shop(shop_text: str) -> StaffShop:
    return StaffShop(staffed(shop_text))


@pytest.fixture
def key(shop: StaffShop) -> str:
    """An order that was paid, brought and refused."""
    key = shop.buys_and_pays()
    shop.change_order(OUT, key)
    shop.change_order(REFUSED, key)
    assert shop.asked_back() == [("pay_1", TOTAL - FEE)]
    return key


def _told(shop: StaffShop) -> list[object]:
    """The events that the last change told the flow."""
    return [entry.get("event") for result in shop.last.results for entry in result.trace]


def _said(shop: StaffShop) -> list[str]:
    return [message.message.words for message in shop.last.messages]


def test_the_goods_go_back_and_the_delivery_is_held(shop: StaffShop, key: str) -> None:
    state = shop.orders[key]
    assert (state.stage, state.lifecycle, state.held) == (Stage.REFUSED, Lifecycle.RETURNED, FEE)
    assert (reason_of(state.held_for), state.tasks) == (HoldReason.DELIVERY, (Task.DELIVERY,))
    assert state.held_for
    assert needs_person(state.held_for)
    assert shop.left[CUP] == 12
    assert _told(shop) == ["order.stage"], "it is told once"
    assert _said(shop) == [f"Sorry, order #10001 does not go ahead. We are giving you back {GOODS}: {BANKS}."]


@pytest.mark.parametrize("processed", [True, False])
def test_the_shop_keeps_it(shop: StaffShop, key: str, processed: bool) -> None:
    if processed:
        shop.razorpay_refunds(key)
    assert unfinished(shop.orders[key]) is Unfinished.HELD
    shop.change_order(KEEP, key)
    assert _told(shop) == []
    if not processed:
        assert shop.orders[key].status is PaymentStatus.REFUNDING
        shop.razorpay_refunds(key)
    state = shop.orders[key]
    assert (state.held, state.tasks, state.status) == (FEE, (), PaymentStatus.REFUNDED)
    assert state.held_for
    assert not needs_person(state.held_for)
    assert unfinished(state) is None
    assert "is decided already" in shop.refused(KEEP, key)
    shop.change_order(BACK, key)
    assert (shop.asked_back(), shop.orders[key].held) == ([("pay_1", FEE)], 0)


def test_it_goes_back_after_all(shop: StaffShop, key: str) -> None:
    shop.change_order(BACK, key)
    state = shop.orders[key]
    assert (shop.asked_back(), state.held, state.tasks) == ([("pay_1", FEE)], 0, ())
    assert _told(shop) == ["order.amended"]
    fee = money(FEE)
    assert _said(shop) == [f"Order #10001 has changed. It costs {fee} less, and {fee} goes back to you."]
    shop.razorpay_refunds(key)
    assert (back(shop.orders[key]), shop.orders[key].status) == (TOTAL, PaymentStatus.REFUNDED)
    for again in (BACK, KEEP):
        assert "nothing is held for the delivery of #10001" in shop.refused(again, key)


def test_a_refund_in_the_dashboard_decides_too(shop: StaffShop, key: str) -> None:
    shop.razorpay_refunds(key)
    shop.take(webhook(refunded("processed", FEE, "rfnd_9", "pay_1", order_key=key)), now=shop.now)
    shop.prove()
    state = shop.orders[key]
    assert (state.held, state.tasks, state.status) == (0, (), PaymentStatus.REFUNDED)
    assert "nothing is held" in shop.refused(KEEP, key)


def test_goods_whose_refund_fails_are_held_beside_the_delivery(shop: StaffShop, key: str) -> None:
    shop.razorpay_refunds(key, "failed")
    state = shop.orders[key]
    assert (state.held, state.delivery_held) == (TOTAL, FEE)
    assert state.tasks == (Task.DELIVERY, Task.HELD)
    assert reason_of(state.held_for) is HoldReason.REFUND_FAILED
    shop.take(webhook(refunded("processed", TOTAL - FEE, "rfnd_9", "pay_1", order_key=key)), now=shop.now)
    state = shop.orders[key]
    assert (state.held, reason_of(state.held_for)) == (FEE, HoldReason.DELIVERY)


def test_what_comes_later_goes_back_whole(shop: StaffShop, key: str) -> None:
    shop.pays(key, 5_000)
    assert (shop.asked_back(), shop.orders[key].held) == ([("pay_2", 5_000)], FEE)


def test_cash_that_was_paid_before_the_door_is_given_back_by_hand(shop: StaffShop) -> None:
    key = shop.promises()
    shop.change_order(
        partial(hand_money.take_money, amount=TOTAL, settlement=Settlement.CASH, by="ravi"), key
    )
    shop.change_order(OUT, key)
    shop.change_order(REFUSED, key)
    state = shop.orders[key]
    assert (state.to_give_back, state.held) == (TOTAL - FEE, FEE)
    assert state.tasks == (Task.REFUND, Task.DELIVERY)


@pytest.mark.parametrize(("paid", "out", "said"), [
    (False, True, "is not paid, so no fee can be kept: say refuse alone"),
    (True, False, "is not on its way"),
])  # fmt: skip
def test_what_cannot_be_refused_so(shop: StaffShop, paid: bool, out: bool, said: str) -> None:
    key = shop.buys_and_pays() if paid else shop.promises()
    if out:
        shop.change_order(OUT, key)
    assert said in shop.refused(REFUSED, key)


def test_an_order_without_a_delivery_fee(shop: StaffShop) -> None:
    key = shop.buys((Line(CUP, "Cups", 1, 32_000),))
    shop.pays(key)
    shop.change_order(OUT, key)
    assert "nothing was paid for the delivery" in shop.refused(REFUSED, key)


def test_nothing_is_decided_about_an_order_that_was_not_refused(shop: StaffShop) -> None:
    key = shop.buys_and_pays()
    for change in (KEEP, BACK):
        assert "nothing is held for the delivery" in shop.refused(change, key)
