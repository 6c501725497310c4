"""Money by hand that was recorded by mistake, and money that went back while goods are still to be paid."""

from functools import partial

import pytest

from bot.whatsapp.limits import LIMITS
from flows.language.load import load
from payments.ledger.audit import sums
from payments.ledger.state import PaymentStatus, Task
from payments.processing import hand_money
from payments.processing import order_changes as changes
from payments.processing.actions import SHOP
from payments.processing.order_changes import Settlement
from payments.shop.fulfilment import Stage
from payments.shop.money import money
from payments.shop.orders import CURRENCY, Lifecycle, hand_payment
from payments.simulator.simulator import Simulator
from tests.builders import refunded, webhook
from tests.payments.shops_with_staff import CUP, LINES, TOTAL, Change, StaffShop, back, staffed
from tests.payments.tiffin_shop import LUNCH, told
from tests.payments.tiffin_shop import TEXT as TIFFIN

GIVEN = partial(hand_money.give_back_by_hand, by="mina")
UPI = Settlement.UPI


@pytest.fixture
def shop(shop_text: str) -> StaffShop:
    return StaffShop(staffed(shop_text))


def takes(amount: int, settlement: Settlement = Settlement.CASH) -> Change:
    return partial(hand_money.take_money, amount=amount, settlement=settlement, by="ravi")


def undo(ordinal: int | None = None) -> Change:
    return partial(hand_money.undo_payment, ordinal=ordinal, by="mina")


def delivered(how: Settlement) -> Change:
    return partial(changes.move, to=Stage.DELIVERED, by="ravi", settlement=how)


def test_what_a_slip_paid_for_is_owed_again(shop: StaffShop) -> None:
    key = shop.promises()
    shop.change_order(delivered(Settlement.CASH), key)
    assert (shop.reserved[CUP], shop.orders[key].lifecycle) == (0, Lifecycle.FULFILLED)
    shop.change_order(undo(), key)
    state = shop.orders[key]
    assert (state.lifecycle, state.status, state.due) == (Lifecycle.PROMISED, PaymentStatus.CASH, TOTAL)
    assert (state.stage, state.tasks) == (Stage.DELIVERED, (Task.CASH,))
    assert (shop.reserved[CUP], shop.left[CUP]) == (LINES[0].quantity, 12 - LINES[0].quantity)
    assert (state.balance.payments, back(state)) == ((), 0)
    [slip] = state.undone
    assert (slip.entity_id, slip.amount, slip.detail.by) == (hand_payment(key, 1), TOTAL, "mina")
    shop.change_order(takes(TOTAL, UPI), key)
    state = shop.orders[key]
    assert (state.lifecycle, state.due, state.balance.payments[0].id) == (
        Lifecycle.FULFILLED, 0, hand_payment(key, 2),
    )  # fmt: skip


def test_an_undo_that_is_pressed_twice_acts_once(shop: StaffShop) -> None:
    key = shop.promises()
    shop.change_order(takes(5_000), key)
    shop.change_order(undo(), key)
    for again in (undo(), undo(1)):
        assert "was undone already (by mina)" in shop.refused(again, key)
    shop.change_order(takes(7_000), key)
    assert shop.refused(undo(), key).endswith("has 1 left to undo: say undo 2")
    shop.change_order(takes(8_000), key)
    assert shop.refused(undo(), key).endswith("has 2 left to undo: say undo 2 or undo 3")
    shop.change_order(undo(3), key)
    assert (shop.orders[key].due, len(shop.orders[key].undone)) == (TOTAL - 7_000, 2)


def test_the_customer_hears_that_what_they_were_told_was_a_slip(shop: StaffShop) -> None:
    key = shop.promises()
    shop.change_order(takes(TOTAL), key)
    shop.change_order(undo(), key)
    assert _told(shop) == ["payment.undone"]
    [said] = shop.last.messages
    assert said.message.words.startswith(f"A correction: {money(TOTAL)} was noted")
    shop.change_order(takes(TOTAL), key)
    assert _told(shop) == ["payment.captured"]


def test_what_was_promised_to_come_back_and_does_not_is_told(shop: StaffShop) -> None:
    key = shop.promises()
    for amount in (TOTAL, 5_000):
        shop.change_order(takes(amount), key)
    assert _told(shop) == ["payment.surplus"]
    shop.change_order(undo(2), key)
    assert _told(shop) == ["payment.undone"]
    [said] = shop.last.messages
    assert "So ₹50 does not come back to you after all." in said.message.words
    assert "is to be paid" not in said.message.words


def test_a_slip_of_which_nothing_was_told_is_undone_in_silence() -> None:
    text = TIFFIN.replace("  cash: {up_to: 2000}\n", "  cash: {up_to: 2000}\n  repairs: {surplus: hold}\n")
    simulator = Simulator(load(text, "flows.yaml", SHOP, limits=LIMITS))
    simulator.write("hi")
    for title in ("Thali", LUNCH, "Pay now"):
        simulator.tap(title)
    simulator.pay()
    for words in ("cash 50 surplus", "undo"):
        told(simulator, "Meena", f"#10001 {words}")
        events = [entry.get("event") for entry in simulator.results[-1].trace]
        assert [event for event in events if event != "staff"] == []


@pytest.mark.parametrize(("amount", "event"), [(TOTAL - 1, "payment.taken"), (TOTAL, "payment.captured")])
def test_a_part_of_the_cash_is_told_as_a_part(shop: StaffShop, amount: int, event: str) -> None:
    key = shop.promises()
    shop.change_order(takes(amount), key)
    assert _told(shop) == [event]


def _told(shop: StaffShop) -> list[object]:
    """The events that the last change told the flow."""
    return [entry.get("event") for result in shop.last.results for entry in result.trace]


@pytest.mark.parametrize("slip", [1, 2])
def test_cash_recorded_twice_is_not_given_back_whichever_is_undone(shop: StaffShop, slip: int) -> None:
    key = shop.promises()
    for _ in range(2):
        shop.change_order(takes(TOTAL), key)
    assert shop.orders[key].to_give_back == TOTAL
    shop.change_order(undo(slip), key)
    state = shop.orders[key]
    assert (state.to_give_back, state.due, state.fulfilled) == (0, 0, TOTAL)
    assert (state.lifecycle, back(state), state.held) == (Lifecycle.FULFILLED, 0, 0)
    assert "waits to be given back" in shop.refused(GIVEN, key)


def test_what_is_still_too_much_without_the_slip_is_asked_back_anew(shop: StaffShop) -> None:
    key = shop.promises()
    for amount in (TOTAL, 700, 300):
        shop.change_order(takes(amount), key)
    shop.change_order(undo(3), key)
    assert shop.orders[key].to_give_back == 700
    shop.change_order(GIVEN, key)
    assert (back(shop.orders[key]), shop.orders[key].to_give_back) == (700, 0)


def test_cash_recorded_on_an_order_that_was_paid_online(shop: StaffShop) -> None:
    key = shop.buys_and_pays()
    shop.change_order(takes(TOTAL), key)
    assert shop.asked_back() == [("pay_1", TOTAL)]
    shop.change_order(undo(), key)
    state = shop.orders[key]
    assert (state.lifecycle, state.due, shop.asked_back()) == (Lifecycle.PROMISED, TOTAL, [])
    shop.razorpay_refunds(key, "failed")
    state = shop.orders[key]
    assert (state.lifecycle, state.due, state.fulfilled) == (Lifecycle.FULFILLED, 0, TOTAL)


def test_a_surplus_that_is_held_goes_with_the_slip(shop_text: str) -> None:
    shop = StaffShop(staffed(shop_text.replace("surplus: refund ", "surplus: hold ")))
    key = shop.buys_and_pays()
    shop.change_order(takes(500), key)
    assert shop.orders[key].held == 500
    shop.change_order(undo(), key)
    state = shop.orders[key]
    assert (state.held, state.held_for, state.lifecycle) == (0, None, Lifecycle.FULFILLED)


def test_of_an_order_that_was_called_off_nothing_is_given_back(shop: StaffShop) -> None:
    key = shop.promises()
    shop.change_order(takes(TOTAL), key)
    shop.change_order(partial(changes.call_off, to=Stage.CANCELLED, by="ravi"), key)
    assert shop.orders[key].tasks == (Task.REFUND,)
    shop.change_order(undo(), key)
    state = shop.orders[key]
    assert (state.tasks, state.status) == ((), PaymentStatus.CANCELLED)


def test_what_was_given_back_was_no_slip(shop: StaffShop) -> None:
    key = shop.promises()
    shop.change_order(takes(TOTAL + 500), key)
    shop.change_order(GIVEN, key)
    assert "some of that payment of #10001 was given back" in shop.refused(undo(), key)


@pytest.mark.parametrize(("ordinal", "said"), [(None, "it has 0 of them"), (0, "it has 0"), (2, "it has 0")])
def test_a_payment_that_nobody_recorded(shop: StaffShop, ordinal: int | None, said: str) -> None:
    assert said in shop.refused(undo(ordinal), shop.buys_and_pays())


# What went back in Razorpay's dashboard


def test_the_rider_asks_for_what_the_dashboard_gave_back(shop: StaffShop) -> None:
    key = shop.promises()
    shop.pays(key, 30_000)
    shop.take(webhook(refunded("processed", 10_000, "rfnd_1", "pay_1", order_key=key)), now=shop.now)
    shop.prove()
    state = shop.orders[key]
    assert state.due == TOTAL - 20_000 == sums(state)[CURRENCY].owed
    shop.change_order(delivered(Settlement.CASH), key)
    state = shop.orders[key]
    assert (state.balance.payments[-1].amount, state.lifecycle) == (TOTAL - 20_000, Lifecycle.FULFILLED)
    assert (state.due, state.held, state.fulfilled, back(state)) == (0, 0, TOTAL, 10_000)


def test_a_promised_order_is_not_paid_by_what_went_back(shop: StaffShop) -> None:
    key = shop.promises()
    shop.pays(key, 30_000)
    shop.take(webhook(refunded("processed", 10_000, "rfnd_1", "pay_1", order_key=key)), now=shop.now)
    shop.pays(key, TOTAL - 30_000)
    state = shop.orders[key]
    assert (state.balance.paid_in_full, state.lifecycle, state.due) == (True, Lifecycle.PROMISED, 10_000)
    shop.take(webhook(refunded("failed", 10_000, "rfnd_1", "pay_1", order_key=key)), now=shop.now)
    shop.prove()
    assert (shop.orders[key].lifecycle, shop.orders[key].due) == (Lifecycle.FULFILLED, 0)


def test_what_the_dashboard_gives_back_of_a_paid_order_is_given(shop: StaffShop) -> None:
    key = shop.buys_and_pays()
    shop.take(webhook(refunded("processed", 10_000, "rfnd_1", "pay_1", order_key=key)), now=shop.now)
    shop.prove()
    money = sums(shop.orders[key])[CURRENCY]
    assert (money.given, money.owed, shop.orders[key].due) == (10_000, 0, 0)
