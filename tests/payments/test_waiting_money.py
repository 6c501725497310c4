"""Money that waits for a person: the staff hear of it, see it, and can give it back by hand."""

from functools import partial

import pytest

from payments.ledger.audit import discrepancies
from payments.ledger.facts import Detail, EntityType, Fact, FactState
from payments.ledger.holds import Hold, HoldReason, reason_of
from payments.ledger.refunds import Refund, RefundStatus, asked_for, not_made, replaced
from payments.ledger.state import OrderState, PaymentStatus, Task
from payments.processing.notice import NoticeKind
from payments.shop.orders import CURRENCY
from payments.simulator.simulated_gateway import Razorpay
from payments.simulator.simulator import Simulator
from tests.builders import TOTAL, order_state
from tests.payments.tiffin_shop import LUNCH, bought, told

PAID = partial(bought, "Thali", LUNCH, "Pay now")


def _state(simulator: Simulator) -> OrderState:
    [state] = simulator.orders.values()
    paid_at = 1 if state.balance.paid_in_full else None
    assert discrepancies(state, paid_at) == ()
    return state


def _refused() -> Simulator:
    """A paid order that was cancelled, and whose refund Razorpay refused."""
    simulator = PAID()
    simulator.pay()
    simulator.razorpay(Razorpay.REFUSES_REFUNDS)
    told(simulator, "Meena", "#10001 cancel")
    return simulator


def test_a_refund_that_razorpay_refuses_is_a_task_that_the_staff_see() -> None:
    simulator = _refused()
    assert _state(simulator).tasks == (Task.HELD,)
    [listed] = told(simulator, "Meena", "#orders")
    assert listed.splitlines()[0].startswith("#10001 cancelled, ")
    assert "₹160 waits for you (refund refused" in listed
    [shown] = told(simulator, "Meena", "#10001")
    assert "₹160 waits for you" in shown
    assert "What to do: see why in Razorpay's dashboard" in shown


def test_a_person_gives_in_place_of_razorpay() -> None:
    simulator = _refused()
    before = len(simulator.said)
    [answer] = told(simulator, "Lata", "#10001 refunded")
    assert "waits" not in answer
    state = _state(simulator)
    assert (state.status, state.held, state.held_for, state.tasks) == (PaymentStatus.REFUNDED, 0, None, ())
    by_hand = [refund for refund in state.refunds if refund.replaces]
    assert [(one.amount, one.status, one.by_hand) for one in by_hand] == [
        (16_000, RefundStatus.PROCESSED, True)
    ]
    assert len(simulator.said) == before, "the tiffin shop says nothing of it"
    [entry] = [e for e in simulator.results[-1].trace if e.get("event") == "refund.processed"]
    assert entry
    [again] = told(simulator, "Lata", "#10001 refunded")
    assert again == "Not done: nothing of #10001 waits to be given back by hand."
    assert told(simulator, "Meena", "#orders") == ["Nothing is to do."]


def test_only_who_sees_to_money_may_say_so() -> None:
    simulator = _refused()
    [answer] = told(simulator, "Ramesh", "#10001 refunded")
    assert answer.startswith("Not done: that needs the right 'money'")


def test_a_refund_that_failed_is_given_by_hand_too() -> None:
    simulator = PAID()
    simulator.pay()
    told(simulator, "Meena", "#10001 allowance 30 late")
    simulator.refund(FactState.FAILED)
    state = _state(simulator)
    assert (state.held, reason_of(state.held_for)) == (3_000, HoldReason.REFUND_FAILED)
    assert state.tasks == (Task.GOODS, Task.HELD)
    [answer] = told(simulator, "Meena", "#10001")
    assert "₹30 waits for you (refund failed" in answer
    told(simulator, "Meena", "#10001 refunded")
    state = _state(simulator)
    assert (state.status, state.fulfilled, state.held) == (PaymentStatus.PAID, 13_000, 0)
    assert state.tasks == (Task.GOODS,)
    told(simulator, "Meena", "#10001 allowance 10 cold")
    assert sorted(refund.amount for refund in _state(simulator).refunds) == [1_000, 3_000, 3_000]
    assert (_state(simulator).fulfilled, _state(simulator).held) == (12_000, 0)


def test_what_was_taken_by_hand_is_given_back_first() -> None:
    simulator = PAID()
    simulator.pay()
    told(simulator, "Meena", "#10001 cash 50 surplus")
    simulator.razorpay(Razorpay.REFUSES_REFUNDS)
    told(simulator, "Meena", "#10001 cancel")
    asked = {refund.payment_id: refund.status for refund in _state(simulator).refunds}
    assert RefundStatus.REFUSED in asked.values()
    [first] = told(simulator, "Meena", "#10001 refunded")
    assert "waits for you (refund refused" in first
    assert not any(refund.replaces for refund in _state(simulator).refunds)
    told(simulator, "Meena", "#10001 refunded")
    assert (_state(simulator).held, _state(simulator).tasks) == (0, ())


def test_what_was_refunded_in_the_dashboard_is_not_given_by_hand_too() -> None:
    simulator = _refused()
    simulator.razorpay(Razorpay.ANSWERS)
    simulator.refund_in_dashboard()
    assert _state(simulator).held == 0
    assert told(simulator, "Meena", "#10001 refunded") == [
        "Not done: nothing of #10001 waits to be given back by hand."
    ]


def test_a_refund_that_succeeds_after_all_is_not_given_twice_unseen() -> None:
    simulator = PAID()
    simulator.pay()
    simulator.razorpay(Razorpay.REFUSES_REFUNDS)
    told(simulator, "Meena", "#10001 allowance 30 late")
    [asked] = _state(simulator).refunds
    told(simulator, "Meena", "#10001 refunded")
    assert _state(simulator).fulfilled == 13_000
    assert not [one for one in simulator.notices if one.kind is NoticeKind.GIVEN_TWICE]
    detail = Detail(payment_id=asked.payment_id, key=asked.key)
    made = (EntityType.REFUND, "rfnd_1", FactState.PROCESSED, 3_000, CURRENCY, simulator.now // 1000, detail)
    simulator._tell(asked.order_key, Fact(asked.order_key, *made))
    assert _state(simulator).fulfilled == 10_000
    [notice] = [one for one in simulator.notices if one.kind is NoticeKind.GIVEN_TWICE]
    assert notice.subject == asked.key
    assert "₹30 of order #10001 was made after all" in notice.said


@pytest.mark.parametrize("status", [RefundStatus.FAILED, RefundStatus.REFUSED])
def test_what_is_given_in_place_of_a_refund_is_asked_for_once(status: RefundStatus) -> None:
    asked = Refund("pay_1-1", "c-1-1", "pay_1", TOTAL, "surplus", status)
    given = Refund("hand-pay_1-1", "c-1-1", "pay_1", TOTAL, "given by hand", RefundStatus.PROCESSED)
    assert asked_for((asked, given)) == asked_for((asked,)) == TOTAL
    assert replaced((asked, given)) == {"pay_1-1"}
    assert (not_made((asked,)), not_made((asked, given))) == ((asked,), ())


@pytest.mark.parametrize("reason", HoldReason)
def test_which_held_money_is_a_task(reason: HoldReason) -> None:
    state = order_state(held=5_000, held_for=Hold(reason))
    nobody = {HoldReason.WAITING, HoldReason.REMAINDER, HoldReason.DELIVERY_KEPT, HoldReason.DISPUTE_LOST}
    elsewhere = {HoldReason.DELIVERY}
    assert (Task.HELD in state.tasks) == (reason not in nobody | elsewhere)
