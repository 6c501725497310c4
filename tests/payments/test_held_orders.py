"""The staff call off orders whose money is held and whose goods are not due."""

import pytest

from bot.whatsapp.limits import LIMITS
from flows.language.load import load
from payments.ledger.audit import discrepancies
from payments.ledger.calls import RefundPayment
from payments.ledger.facts import FactState
from payments.ledger.holds import HoldReason, reason_of
from payments.ledger.state import OrderState, PaymentStatus, Task
from payments.processing.actions import SHOP
from payments.shop.fulfilment import Stage
from payments.shop.orders import Lifecycle
from payments.simulator.simulator import Simulator
from tests.payments.tiffin_shop import LUNCH, TEXT, told

HOLDS = "  repairs: {short: hold, late: hold, surplus: hold}\n"
HOUR = 3_600_000
GOES_BACK = {"short": 10_000, "late": 16_000}


def holding(why: str) -> Simulator:
    """A shop that leaves all money to a person, with an order of ₹160 whose money it holds."""
    text = TEXT.replace("  cash: {up_to: 2000}\n", HOLDS)
    simulator = Simulator(load(text, "flows.yaml", SHOP, limits=LIMITS))
    simulator.write("hi")
    for title in ("Thali", LUNCH, "Pay now"):
        simulator.tap(title)
    if why == "short":
        simulator.pay(10_000)
    elif why == "dollars":
        simulator.pay(16_000, "USD")
    else:
        simulator.fail()
        simulator.wait(HOUR)
        simulator.settle_late()
    return simulator


def state_of(simulator: Simulator) -> OrderState:
    [state] = simulator.orders.values()
    assert discrepancies(state, 1 if state.balance.paid_in_full else None) == ()
    return state


@pytest.mark.parametrize("why", ["short", "late"])
def test_what_is_held_for_an_order_that_is_called_off_goes_back(why: str) -> None:
    simulator = holding(why)
    before = state_of(simulator)
    assert (before.status, before.stage, before.tasks) == (PaymentStatus.HELD, None, (Task.HELD,))
    said = len(simulator.said)
    [answer] = told(simulator, "Meena", "#10001 cancel")
    back = GOES_BACK[why]
    rupees = f"₹{back // 100}"
    assert answer == f"#10001: cancelled, {rupees} paid, {rupees} goes back."
    state = state_of(simulator)
    assert (state.lifecycle, state.stage, state.held, state.tasks) == (
        Lifecycle.RETURNED, Stage.CANCELLED, 0, (),
    )  # fmt: skip
    asked = [one.value for one in simulator.store.calls if isinstance(one.value, RefundPayment)]
    assert [refund.amount for refund in asked] == [back]
    assert [say.message.words for say in simulator.said[said:]] == ["cancelled"], "once"
    assert told(simulator, "Meena", "#10001 cancel")[0].startswith("Not done: ")


def test_money_that_cannot_be_refunded_stays_held_with_its_reason() -> None:
    simulator = holding("dollars")
    said = len(simulator.said)
    [answer] = told(simulator, "Meena", "#10001 cancel")
    assert answer.startswith("#10001: cancelled, nothing paid, a payment waits for you (")
    state = state_of(simulator)
    assert (state.lifecycle, state.stage, reason_of(state.held_for), state.tasks) == (
        Lifecycle.RETURNED, Stage.CANCELLED, HoldReason.MISMATCH, (Task.HELD,),
    )  # fmt: skip
    assert state.status is PaymentStatus.REFUNDING, "it has not gone back"
    assert [say.message.words for say in simulator.said[said:]] == ["cancelled"]
    simulator.refund_in_dashboard()
    simulator.refund(FactState.PROCESSED)
    assert (state_of(simulator).status, state_of(simulator).tasks) == (PaymentStatus.REFUNDED, ())


@pytest.mark.parametrize("why", ["short", "late", "dollars"])
def test_only_who_may_give_money_back_calls_it_off(why: str) -> None:
    simulator = holding(why)
    [answer] = told(simulator, "Ramesh", "#10001 cancel")
    assert "you may not give money back" in answer
    assert state_of(simulator).stage is None
