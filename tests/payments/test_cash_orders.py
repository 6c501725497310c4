"""Orders for which cash is promised: the rider, the door, and what goes back by hand."""

import pytest

from payments.ledger.state import PaymentStatus
from payments.processing.order_changes import Settlement
from payments.shop.fulfilment import Stage
from payments.shop.orders import AttemptStatus, Lifecycle, hand_payment
from tests.builders import chat, link_created, link_withdrawn
from tests.payments.changes_of_orders import GIVEN, allowance, call_off, money, move, reasons, taken_back
from tests.payments.shops_with_staff import CUP, LINES, TOTAL, StaffShop, back, promise, staffed

CUPS = LINES[0]


@pytest.fixture
def shop(shop_text: str) -> StaffShop:
    return StaffShop(staffed(shop_text))


def test_next_order_while_cash_is_due(shop: StaffShop) -> None:
    first = shop.promises()
    second = shop.buys()
    assert shop.orders[first].lifecycle is Lifecycle.PROMISED
    assert shop.orders[second].lifecycle is Lifecycle.OPEN
    shop.pays(second)
    shop.change_order(move(Stage.DELIVERED, settlement=Settlement.CASH), first)
    assert [shop.orders[key].lifecycle for key in (first, second)] == [Lifecycle.FULFILLED] * 2


def test_a_link_is_withdrawn_when_cash_is_promised(shop: StaffShop) -> None:
    key = shop.order_with_link()
    shop.take(chat("pay the rider"))
    state = shop.orders[key]
    assert (state.status, state.stage, state.stage_by) == (PaymentStatus.CASH, Stage.PLACED, "")
    assert state.attempts[0].status is AttemptStatus.WITHDRAWING
    shop.take(link_withdrawn(f"{key}.1"))
    assert shop.orders[key].status is PaymentStatus.CASH
    shop.prove()


def test_cash_order_paid_online(shop: StaffShop) -> None:
    key = shop.promises()
    shop.pays(key)
    state = shop.orders[key]
    assert (state.lifecycle, state.due, state.fulfilled) == (Lifecycle.FULFILLED, 0, TOTAL)
    shop.change_order(move(Stage.DELIVERED), key)
    assert back(shop.orders[key]) == 0


def test_a_part_paid_online_leaves_the_rest_to_the_rider(shop: StaffShop) -> None:
    key = shop.promises()
    shop.pays(key, 30_000)
    assert (shop.orders[key].due, shop.orders[key].lifecycle) == (TOTAL - 30_000, Lifecycle.PROMISED)
    shop.change_order(move(Stage.DELIVERED, settlement=Settlement.UPI), key)
    state = shop.orders[key]
    assert state.balance.payments[-1].amount == TOTAL - 30_000
    assert (state.balance.payments[-1].method, state.balance.payments[-1].by) == ("upi", "ravi")


@pytest.mark.parametrize("online_first", [True, False])
def test_paid_online_and_cash_taken(shop: StaffShop, online_first: bool) -> None:
    key = shop.promises()
    if online_first:
        shop.pays(key)
        shop.change_order(money(TOTAL), key)
        assert shop.asked_back() == [("pay_1", TOTAL)]
    else:
        shop.change_order(money(TOTAL), key)
        shop.pays(key, TOTAL)
        assert shop.asked_back() == [("pay_1", TOTAL)]
    assert (shop.orders[key].fulfilled, shop.orders[key].lifecycle) == (TOTAL, Lifecycle.FULFILLED)
    shop.razorpay_refunds(key)
    assert "waits to be given back" in shop.refused(GIVEN, key)


def test_rider_brings_less(shop: StaffShop) -> None:
    key = shop.promises()
    shop.change_order(money(TOTAL - 5_000), key)
    shop.change_order(move(Stage.DELIVERED, settlement=Settlement.OWED), key)
    state = shop.orders[key]
    assert (state.stage, state.lifecycle, state.due) == (Stage.DELIVERED, Lifecycle.PROMISED, 5_000)
    shop.change_order(allowance(5_000), key)
    state = shop.orders[key]
    assert (state.lifecycle, state.due, state.stage) == (Lifecycle.FULFILLED, 0, Stage.DELIVERED)
    assert back(state) == 0


def test_cash_pressed_twice(shop: StaffShop) -> None:
    key = shop.promises()
    press = move(Stage.DELIVERED, expected=Stage.PLACED, settlement=Settlement.CASH)
    shop.change_order(press, key)
    assert "delivered (by ravi) already" in shop.refused(press, key)
    assert [payment.id for payment in shop.orders[key].balance.payments] == [hand_payment(key, 1)]
    assert shop.orders[key].balance.paid == TOTAL


def test_the_customer_promises_cash_twice(shop: StaffShop) -> None:
    key = shop.promises()
    left = dict(shop.left)
    shop.change_order(promise, key)
    assert shop.left == left


def test_refused_at_the_door(shop: StaffShop) -> None:
    left = dict(shop.left)
    key = shop.promises()
    shop.change_order(move(Stage.OUT), key)
    shop.change_order(call_off(to=Stage.REFUSED), key)
    state = shop.orders[key]
    assert (state.stage, state.lifecycle, state.status) == (
        Stage.REFUSED, Lifecycle.RETURNED, PaymentStatus.CANCELLED,
    )  # fmt: skip
    assert (shop.left, shop.conversation.data["refusals"]) == (left, 1)


def test_refused_goods_that_nobody_can_use_are_gone(shop: StaffShop) -> None:
    key = shop.promises()
    shop.change_order(move(Stage.OUT), key)
    shop.change_order(call_off(to=Stage.REFUSED, shelf=False), key)
    assert (shop.left[CUP], shop.reserved[CUP]) == (12 - CUPS.quantity, 0)


def test_a_paid_order_refused_at_the_door_is_refunded_and_not_counted(shop: StaffShop) -> None:
    key = shop.buys_and_pays()
    shop.change_order(move(Stage.OUT), key)
    shop.change_order(call_off(to=Stage.REFUSED), key)
    assert shop.asked_back() == [("pay_1", TOTAL)]
    assert (shop.orders[key].lifecycle, shop.left[CUP]) == (Lifecycle.RETURNED, 12)
    assert "refusals" not in shop.conversation.data


def test_third_order_of_a_refuser(shop: StaffShop) -> None:
    for _ in range(2):
        shop.order_with_link_again() if shop.orders else shop.order_with_link()
        shop.take(chat("pay the rider"))
        key = shop.current
        shop.take(link_withdrawn(shop.orders[key].attempts[-1].reference_id))
        shop.change_order(move(Stage.OUT), key)
        shop.change_order(call_off(to=Stage.REFUSED), key)
    third = shop.order()
    shop.take(link_created(shop.orders[third].attempts[-1].reference_id))
    shop.take(chat("pay the rider"))
    assert shop.orders[third].lifecycle is Lifecycle.OPEN
    assert reasons(shop) == ["no cash"]


def test_cash_refund_not_given(shop: StaffShop) -> None:
    key = shop.promises()
    shop.change_order(move(Stage.DELIVERED, settlement=Settlement.CASH), key)
    shop.change_order(taken_back(CUP, 1), key)
    [refund] = shop.orders[key].refunds
    assert (refund.open, refund.payment_id, shop.asked_back()) == (True, hand_payment(key, 1), [])
    shop.now += 40 * 86_400_000
    shop.change_order(allowance(100), key)
    assert all(refund.open for refund in shop.orders[key].refunds), "only a person ends it"
    shop.change_order(GIVEN, key)
    assert [refund.status for refund in shop.orders[key].refunds] == ["processed"] * 2
    assert "waits to be given back" in shop.refused(GIVEN, key)


def test_money_that_is_taken_again_after_some_went_back_has_the_next_number(shop: StaffShop) -> None:
    key = shop.promises()
    shop.change_order(money(TOTAL + 500), key)
    shop.change_order(GIVEN, key)
    shop.change_order(money(700), key)
    assert [one.id for one in shop.orders[key].balance.payments] == [hand_payment(key, n) for n in (1, 2)]


def test_what_was_taken_too_much_goes_back_over_razorpay_before_by_hand(shop: StaffShop) -> None:
    key = shop.buys_and_pays()
    shop.change_order(money(10_000), key)
    assert shop.asked_back() == [("pay_1", 10_000)]
    shop.razorpay_refunds(key)
    shop.change_order(call_off(), key)
    shop.razorpay_refunds(key)
    assert [r.payment_id for r in shop.orders[key].refunds if r.open] == [hand_payment(key, 1)]
    shop.change_order(GIVEN, key)
    assert shop.orders[key].status is PaymentStatus.REFUNDED
