"""What people change about placed orders: each function, each refusal, and the books after each change."""

import pytest

from payments.ledger.polling import Poll, to_json
from payments.ledger.state import PaymentStatus
from payments.processing.bodies import StaffAction, staff_action_to_json
from payments.processing.order_changes import Overtaken, Settlement
from payments.processing.step_input import EventKind
from payments.shop.fulfilment import LADDER, Stage
from payments.shop.money import money as money_of
from payments.shop.orders import AttemptStatus, Lifecycle
from tests.builders import chat, payment_of, webhook
from tests.payments.changes_of_orders import (
    ELSEWHERE,
    GIVEN,
    allowance,
    call_off,
    less,
    money,
    move,
    reasons,
    taken_back,
)
from tests.payments.shops_with_staff import CUP, LINES, TEA, TOTAL, Change, StaffShop, back, staffed

CUPS = LINES[0]


@pytest.fixture
def shop(shop_text: str) -> StaffShop:
    return StaffShop(staffed(shop_text))


def test_two_phones_press_accept(shop: StaffShop) -> None:
    key = shop.buys_and_pays()
    shop.change_order(move(Stage.ACCEPTED, "ravi", expected=Stage.PLACED), key)
    with pytest.raises(Overtaken, match=r"#10001 is accepted \(by ravi\) already"):
        shop.change_order(move(Stage.ACCEPTED, "mina", expected=Stage.PLACED), key)
    assert shop.orders[key].stage_by == "ravi"
    assert "accepted (by ravi) already" in shop.refused(move(Stage.ACCEPTED, "mina"), key)


def test_stage_of_an_unpaid_order(shop: StaffShop) -> None:
    key = shop.buys()
    assert "is unpaid: its goods are not due" in shop.refused(move(Stage.ACCEPTED), key)
    shop.change_order(call_off(), key)
    assert "is cancelled: its goods are not due" in shop.refused(move(Stage.ACCEPTED), key)


def test_delivered_before_out(shop: StaffShop) -> None:
    key = shop.buys_and_pays()
    shop.change_order(move(Stage.DELIVERED), key)
    assert (shop.orders[key].stage, shop.orders[key].stage_at) == (Stage.DELIVERED, shop.now)
    assert "delivered (by ravi) already" in shop.refused(move(Stage.OUT), key)


@pytest.mark.parametrize("to", LADDER[1:])
def test_an_order_moves_forward_only(shop: StaffShop, to: Stage) -> None:
    key = shop.buys_and_pays()
    shop.change_order(move(to), key)
    for earlier in LADDER[: LADDER.index(to) + 1]:
        assert "already" in shop.refused(move(earlier), key) or earlier is Stage.PLACED


def test_a_stage_that_the_shop_has_not(shop_text: str) -> None:
    shop = StaffShop(staffed(shop_text, "  stages: [accepted]\n"))
    key = shop.buys_and_pays()
    assert "no stage 'out': it has accepted, delivered" in shop.refused(move(Stage.OUT), key)
    shop.change_order(move(Stage.DELIVERED), key)


def test_goods_that_are_not_paid_are_not_handed_over_unasked(shop: StaffShop) -> None:
    key = shop.promises()
    assert "say whether by cash, by upi, or owed" in shop.refused(move(Stage.DELIVERED), key)


def test_paid_item_out_of_stock(shop: StaffShop) -> None:
    key = shop.buys_and_pays()
    shop.change_order(less(CUP, 1, shelf=False), key)
    state = shop.orders[key]
    share = CUPS.charged - CUPS.charged * 2 // 3
    assert (state.owed, shop.asked_back()) == (TOTAL - share, [("pay_1", share)])
    assert (shop.left[CUP], state.lines[0].quantity) == (12 - CUPS.quantity, 2)
    [told] = _events(shop, "order.amended")
    assert told["event"] == "order.amended"


def _events(shop: StaffShop, name: str) -> list[dict[str, object]]:
    trace = [entry for result in shop.last.results for entry in result.trace]
    return [dict(entry) for entry in trace if entry.get("event") == name]


def test_what_an_amendment_makes_too_much_goes_back_whatever_becomes_of_surplus(shop_text: str) -> None:
    shop = StaffShop(staffed(shop_text.replace("surplus: refund ", "surplus: hold ")))
    key = shop.buys()
    shop.pays(key, TOTAL + 7_000)
    assert (shop.asked_back(), shop.orders[key].held) == ([], 7_000)
    shop.change_order(allowance(5_000), key)
    assert (shop.asked_back(), shop.orders[key].held) == ([("pay_1", 5_000)], 7_000)
    shop.change_order(allowance(500), key)
    assert (shop.asked_back(), shop.orders[key].held) == ([("pay_1", 500)], 7_000)


@pytest.mark.parametrize("paid", [True, False])
def test_all_items_less(shop: StaffShop, paid: bool) -> None:
    key = shop.buys_and_pays() if paid else shop.promises()
    shop.change_order(less(CUP, 3), key)
    shop.change_order(less(TEA, 2), key)
    state = shop.orders[key]
    assert (state.stage, state.lifecycle) == (Stage.CANCELLED, Lifecycle.RETURNED)
    assert (back(state), shop.left[CUP]) == (TOTAL if paid else 0, 12)
    assert "order.stage" in [entry.get("event") for r in shop.last.results for entry in r.trace]


def test_less_of_a_promised_order_is_less_for_the_rider(shop: StaffShop) -> None:
    key = shop.promises()
    shop.change_order(less(CUP, 1), key)
    assert (shop.left[CUP], shop.reserved[CUP]) == (12 - 2, 2)
    assert shop.orders[key].due == shop.orders[key].owed < TOTAL


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (less("tea", 1), "has no 'tea': it has kulhad-6 (Kulhad cups (6)), masala-250 (Masala chai 250 g)"),
        (less(CUP, 4), "has 3 of 'kulhad-6', not 4"),
        (less(CUP, 0), "has 3 of 'kulhad-6', not 0"),
        (less(CUP, -1), "has 3 of 'kulhad-6', not -1"),
        (taken_back(CUP, 1), "is placed: only delivered goods come back"),
        (allowance(0), f"at most what it costs, {money_of(TOTAL)}"),
        (allowance(TOTAL + 1), f"at most what it costs, {money_of(TOTAL)}"),
        (money(0), "say what was taken"),
        (money(-5), "say what was taken"),
        (money(5, Settlement.OWED), "say what was taken"),
        (call_off(to=Stage.REFUSED), "is not on its way"),
        (call_off(expected=Stage.OUT), "is placed already"),
        (GIVEN, "waits to be given back by hand"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(shop: StaffShop, change: Change, said: str) -> None:
    assert said in shop.refused(change, shop.buys_and_pays())


@pytest.mark.parametrize(
    "change", [move(Stage.OUT), less(CUP, 1), taken_back(CUP, 1), allowance(5), ELSEWHERE, money(5), GIVEN]
)
@pytest.mark.parametrize("ended", [False, True])
def test_what_is_not_due_is_not_changed(shop: StaffShop, change: Change, ended: bool) -> None:
    key = shop.buys()
    if ended:
        shop.change_order(call_off(), key)
    assert shop.refused(change, key)


@pytest.mark.parametrize("change", [less(CUP, 1), ELSEWHERE, call_off(), call_off(to=Stage.REFUSED)])
def test_what_is_delivered_is_not_changed(shop: StaffShop, change: Change) -> None:
    key = shop.buys_and_pays()
    shop.change_order(move(Stage.DELIVERED), key)
    assert "deliver" in shop.refused(change, key)


def test_an_address_changes_until_the_goods_leave(shop: StaffShop) -> None:
    key = shop.promises()
    shop.change_order(ELSEWHERE, key)
    assert (shop.orders[key].to.address, shop.orders[key].owed) == ("9 Road", TOTAL)
    assert shop.orders[key].order.to.address == ""
    shop.change_order(move(Stage.OUT), key)
    assert "it cannot be sent elsewhere now" in shop.refused(ELSEWHERE, key)


def test_goods_come_back_piece_by_piece_and_the_delivery_is_kept(shop: StaffShop) -> None:
    key = shop.buys_and_pays()
    shop.change_order(move(Stage.DELIVERED), key)
    for sku, pieces in ((CUP, 1), (TEA, 2), (CUP, 1)):
        shop.change_order(taken_back(sku, pieces), key)
        assert shop.orders[key].stage is Stage.DELIVERED
    shop.change_order(taken_back(CUP, 1, shelf=False), key)
    state = shop.orders[key]
    assert (state.stage, state.owed, back(state)) == (
        Stage.RETURNED, LINES[0].delivery + LINES[1].delivery, sum(line.charged for line in LINES),
    )  # fmt: skip
    assert shop.left[CUP] == 11
    assert "only delivered goods come back" in shop.refused(taken_back(CUP, 1), key)


@pytest.mark.parametrize(("stage", "on_shelf"), [(Stage.ACCEPTED, True), (Stage.PREPARING, False)])
@pytest.mark.parametrize("paid", [True, False])
def test_what_was_not_begun_goes_back_on_the_shelf(
    shop: StaffShop, stage: Stage, on_shelf: bool, paid: bool
) -> None:
    key = shop.buys_and_pays() if paid else shop.promises()
    shop.change_order(move(stage), key)
    shop.change_order(call_off(), key)
    assert shop.left[CUP] == (12 if on_shelf else 9)
    assert back(shop.orders[key]) == (TOTAL if paid else 0)
    assert "is cancelled" in shop.refused(call_off(), key)


@pytest.mark.parametrize("captured_first", [True, False])
def test_cancel_races_capture(shop: StaffShop, captured_first: bool) -> None:
    key = shop.buys()
    if captured_first:
        shop.pays(key)
        shop.change_order(call_off(), key)
    else:
        shop.change_order(call_off(), key)
        shop.pays(key, TOTAL)
    assert shop.asked_back() == [("pay_1", TOTAL)]
    shop.razorpay_refunds(key)
    state = shop.orders[key]
    assert (state.lifecycle, state.status, back(state)) == (
        Lifecycle.RETURNED, PaymentStatus.REFUNDED, TOTAL,
    )  # fmt: skip
    assert len(state.refunds) == 1


@pytest.mark.parametrize("by_customer", [True, False])
@pytest.mark.parametrize("captured", [True, False])
def test_an_authorised_order_is_called_off(shop: StaffShop, by_customer: bool, captured: bool) -> None:
    key = shop.buys()
    shop.take(webhook(payment_of(key, "authorized", TOTAL, "pay_1")), now=shop.now)
    assert shop.orders[key].status is PaymentStatus.AUTHORISED
    if by_customer:
        shop.take(chat("call off"))
    else:
        shop.change_order(call_off(), key)
    assert (shop.orders[key].stage, shop.orders[key].status) == (Stage.CANCELLED, PaymentStatus.REFUNDING)
    assert (shop.left[CUP], shop.orders[key].attempts[0].status) == (12, AttemptStatus.WITHDRAWING)
    if captured:
        shop.take(webhook(payment_of(key, "captured", TOTAL, "pay_1")), now=shop.now)
        assert shop.asked_back() == [("pay_1", TOTAL)]
        shop.razorpay_refunds(key)
        assert shop.orders[key].status is PaymentStatus.REFUNDED
    else:
        gone = Poll(shop.orders[key].attempts[0].reference_id, shop.now, 99)
        shop.take((EventKind.POLL, to_json(gone)), now=10**16)
        assert shop.orders[key].status is PaymentStatus.CANCELLED
    shop.prove()


def test_a_captured_payment_is_not_called_off_by_who_may_give_nothing_back(shop: StaffShop) -> None:
    """Nor is one that the bank has authorised: its capture would go back."""
    key = shop.buys()
    shop.take(webhook(payment_of(key, "authorized", TOTAL, "pay_1")), now=shop.now)
    action = StaffAction(key, "ravi", "cancel", money=False)
    shop.take((EventKind.STAFF, staff_action_to_json(action)), now=shop.now)
    [entry] = shop.last.results[0].trace
    assert "you may not give money back" in entry["refused"]
    assert shop.orders[key].lifecycle is Lifecycle.OPEN


@pytest.mark.parametrize("customer_first", [True, False])
def test_customer_cancels_as_owner_starts(shop: StaffShop, customer_first: bool) -> None:
    key = shop.buys_and_pays()
    start = move(Stage.PREPARING, expected=Stage.PLACED)
    if customer_first:
        shop.take(chat("call off"))
        assert "is cancelled (by customer) already" in shop.refused(start, key)
        assert shop.orders[key].lifecycle is Lifecycle.RETURNED
        assert shop.asked_back() == [("pay_1", TOTAL)]
    else:
        shop.change_order(start, key)
        shop.take(chat("call off"))
        assert reasons(shop) == ["too late"]
        assert shop.orders[key].lifecycle is Lifecycle.FULFILLED
    shop.prove()


def test_who_saw_an_order_that_was_due_does_not_cancel_one_that_is_not(shop: StaffShop) -> None:
    key = shop.buys()
    assert "is unpaid already" in shop.refused(call_off(expected=Stage.PLACED), key)
    shop.change_order(call_off(), key)
