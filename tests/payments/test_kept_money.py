"""Money that waits for a person, of which they decide that the shop keeps it."""

import pytest

from bot.whatsapp.limits import LIMITS
from flows.language.load import load
from payments.ledger.audit import discrepancies
from payments.ledger.facts import Detail, EntityType, Fact, FactState
from payments.ledger.holds import Hold, HoldReason, Mismatch, may_be_kept, reason_of
from payments.ledger.state import OrderState, Task
from payments.processing.actions import SHOP
from payments.shop.fulfilment import Stage
from payments.shop.orders import CURRENCY, Lifecycle
from payments.simulator.simulated_gateway import Razorpay
from payments.simulator.simulator import Simulator
from tests.payments.tiffin_shop import LUNCH, TEXT, bought, told

HOLDS = "  repairs: {short: hold, late: hold, surplus: hold}\n"
HOUR = 3_600_000


def holding() -> Simulator:
    """A shop that leaves all money to a person, with an order that is to be paid: ₹160."""
    text = TEXT.replace("  cash: {up_to: 2000}\n", HOLDS)
    simulator = Simulator(load(text, "flows.yaml", SHOP, limits=LIMITS))
    simulator.write("hi")
    for title in ("Thali", LUNCH, "Pay now"):
        simulator.tap(title)
    return simulator


def state_of(simulator: Simulator) -> OrderState:
    [state] = simulator.orders.values()
    assert discrepancies(state, 1 if state.balance.paid_in_full else None) == ()
    return state


def keeps(simulator: Simulator, why: str = "settled on the phone") -> str:
    [answer] = told(simulator, "Meena", f"#10001 keep {why}")
    return answer


def test_money_that_razorpay_would_not_give_back_is_kept_with_a_reason() -> None:
    simulator = bought("Thali", LUNCH, "Pay now")
    simulator.pay()
    simulator.razorpay(Razorpay.REFUSES_REFUNDS)
    told(simulator, "Meena", "#10001 cancel")
    before = len(simulator.said)
    assert "waits" not in keeps(simulator)
    state = state_of(simulator)
    assert (state.held, reason_of(state.held_for), state.tasks) == (16_000, HoldReason.KEPT, ())
    assert [(one.amount, one.by, one.why) for one in state.amendments] == [
        (16_000, "Meena", "settled on the phone")
    ]
    assert (state.owed, len(simulator.said)) == (16_000, before), "the customer hears nothing"
    assert told(simulator, "Meena", "#orders") == ["Nothing is to do."]
    assert keeps(simulator) == "Not done: no money of #10001 waits that the shop could keep."


def test_the_goods_are_sent_for_what_was_paid() -> None:
    simulator = holding()
    simulator.pay(10_000)
    assert state_of(simulator).tasks == (Task.HELD,)
    assert keeps(simulator) == "#10001: placed, ₹100 paid."
    state = state_of(simulator)
    assert (state.lifecycle, state.owed, state.fulfilled, state.held) == (
        Lifecycle.FULFILLED, 10_000, 10_000, 0,
    )  # fmt: skip
    assert (state.stage, state.tasks, state.link) == (Stage.PLACED, (Task.GOODS,), None)
    assert "#10001 paid" in [say.message.words for say in simulator.said]


def test_late_money_pays_for_the_goods_while_there_are_any() -> None:
    simulator = holding()
    simulator.fail()
    simulator.wait(HOUR)
    simulator.settle_late()
    assert reason_of(state_of(simulator).held_for) is HoldReason.LATE
    keeps(simulator)
    state = state_of(simulator)
    assert (state.lifecycle, state.fulfilled, state.held, state.tasks) == (
        Lifecycle.FULFILLED, 16_000, 0, (Task.GOODS,),
    )  # fmt: skip


def test_more_money_waits_again() -> None:
    simulator = holding()
    simulator.pay(20_000)
    assert reason_of(state_of(simulator).held_for) is HoldReason.SURPLUS
    keeps(simulator, "a tip")
    state = state_of(simulator)
    assert (state.held, reason_of(state.held_for), state.tasks) == (4_000, HoldReason.KEPT, (Task.GOODS,))
    known = state.facts[0]
    more = Detail(method="upi", link=known.detail.link)
    paid = (EntityType.PAYMENT, "pay_more", FactState.CAPTURED, 500, CURRENCY, known.at, more)
    simulator._tell(state.key, Fact(state.key, *paid))
    assert (state_of(simulator).held, Task.HELD in state_of(simulator).tasks) == (4_500, True)
    keeps(simulator, "another tip")
    assert Task.HELD not in state_of(simulator).tasks


def test_money_of_another_currency_keeps_no_order_waiting() -> None:
    simulator = holding()
    simulator.pay(16_000, "USD")
    assert state_of(simulator).tasks == (Task.HELD,)
    keeps(simulator)
    told_of = [entry.get("event") for result in simulator.results[-2:] for entry in result.trace]
    assert "payment.held" not in told_of, "the customer has heard of it"
    simulator.wait(24 * HOUR)
    state = state_of(simulator)
    assert (state.lifecycle, state.tasks, reason_of(state.held_for)) == (
        Lifecycle.LAPSED, (), HoldReason.KEPT,
    )  # fmt: skip


def test_a_reason_and_the_right_are_needed() -> None:
    simulator = holding()
    simulator.pay(10_000)
    assert keeps(simulator, "") == "Not done: say why the shop keeps it: keep <why>."
    assert told(simulator, "Ramesh", "#10001 keep it")[0].startswith("Not done: that needs the right 'money'")
    assert state_of(simulator).tasks == (Task.HELD,)


@pytest.mark.parametrize("reason", HoldReason)
def test_what_a_bank_decides_about_cannot_be_kept(reason: HoldReason) -> None:
    kept = {
        HoldReason.SHORT, HoldReason.MISMATCH, HoldReason.REFUND_REFUSED, HoldReason.REFUND_FAILED,
        HoldReason.LATE, HoldReason.SURPLUS, HoldReason.PAID_AGAIN, HoldReason.UNEXPLAINED,
    }  # fmt: skip
    assert may_be_kept(Hold(reason)) == (reason in kept)
    assert not may_be_kept(Hold(HoldReason.MISMATCH, mismatch=Mismatch.UNVERIFIED))
