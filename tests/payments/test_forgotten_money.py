"""Money that comes for an order after its customer was forgotten: it goes back, and the shop hears of it."""

from dataclasses import replace

import pytest

from bot.whatsapp.limits import LIMITS
from flows.language.load import load
from payments.ledger.facts import FactState
from payments.ledger.holds import HoldReason, reason_of
from payments.ledger.state import OrderState
from payments.processing.actions import SHOP
from payments.processing.notice import NoticeKind
from payments.processing.step_input import EventKind
from payments.shop.orders import Lifecycle
from payments.simulator.simulated_gateway import Razorpay
from payments.simulator.simulator import Simulator
from tests.payments.tiffin_shop import LUNCH, TEXT

_HOUR = 3_600_000


def _forgotten(repairs: str = "") -> tuple[Simulator, str]:
    """A shop whose customer's link ran out after a payment failed, and who was then forgotten."""
    text = TEXT.replace("  cash: {up_to: 2000}\n", f"  cash: {{up_to: 2000}}\n{repairs}")
    simulator = Simulator(load(text, "flows.yaml", SHOP, limits=LIMITS))
    simulator.write("hi")
    for title in ("Thali", LUNCH, "Pay now"):
        simulator.tap(title)
    simulator.fail()
    simulator.wait(_HOUR)
    [key] = simulator.orders
    assert simulator.orders[key].lapsed
    simulator._take(EventKind.FORGET, {"by": "operator"})
    return simulator, key


def _notices(simulator: Simulator) -> list[str]:
    return [one.said for one in simulator.notices if one.kind is NoticeKind.FORGOTTEN]


def _back(state: OrderState) -> int:
    return sum(refund.amount for refund in state.refunds if refund.goes_back)


@pytest.mark.parametrize("repairs", ["", "  repairs: {late: refund, short: refund}\n"])
def test_a_late_payment_of_who_was_forgotten_goes_back(repairs: str) -> None:
    simulator, key = _forgotten(repairs)
    assert simulator.settle_late() == []
    after = simulator.orders[key]
    assert (after.lifecycle, after.stage, after.tasks) == (Lifecycle.RETURNED, None, ())
    assert (_back(after), after.fulfilled, after.held) == (after.order.total, 0, 0)
    [said] = _notices(simulator)
    assert f"#{after.order.number}" in said
    assert "₹160" in said


@pytest.mark.parametrize("repairs", ["", "  repairs: {late: refund, short: refund}\n"])
def test_so_does_a_part_payment(repairs: str) -> None:
    simulator, key = _forgotten(repairs)
    [payment] = [fact for fact in simulator._made if fact.state is FactState.FAILED]
    part = replace(payment, state=FactState.CAPTURED, amount=5_000)
    assert simulator._facts(key, part) == []
    after = simulator.orders[key]
    assert (after.lifecycle, after.stage, after.payable) == (Lifecycle.RETURNED, None, ())
    assert (_back(after), after.held) == (5_000, 0)
    assert len(_notices(simulator)) == 1


def test_a_shop_that_holds_late_money_holds_it_and_hears_of_it() -> None:
    simulator, key = _forgotten("  repairs: {late: hold}\n")
    assert simulator.settle_late() == []
    after = simulator.orders[key]
    assert (after.held, reason_of(after.held_for)) == (after.order.total, HoldReason.LATE)
    assert after.stage is None
    [said] = _notices(simulator)
    assert "₹160 waits for you" in said


def test_the_shop_hears_that_razorpay_would_not_give_it_back() -> None:
    simulator, key = _forgotten()
    simulator.razorpay(Razorpay.REFUSES_REFUNDS)
    assert simulator.settle_late() == []
    after = simulator.orders[key]
    assert (after.held, reason_of(after.held_for)) == (after.order.total, HoldReason.REFUND_REFUSED)
    _, said = _notices(simulator)
    assert "₹160 waits for you" in said


def test_nothing_is_told_of_what_brings_no_money() -> None:
    simulator, _ = _forgotten()
    simulator.poll()
    assert _notices(simulator) == []
