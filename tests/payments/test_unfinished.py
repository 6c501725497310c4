"""Which orders keep their customer from being forgotten, and what forgetting leaves."""

from pathlib import Path
from typing import Any

import pytest

from payments.ledger.holds import Hold, HoldReason
from payments.ledger.refunds import Refund, RefundStatus
from payments.ledger.state import OrderState
from payments.ledger.unfinished import Unfinished, unfinished
from payments.processing.changes import Outcome
from payments.processing.step_input import EventKind
from payments.shop.fulfilment import LADDER, Stage
from payments.shop.orders import AttemptStatus, Lifecycle
from payments.shop.staff import Staff
from tests.builders import TOTAL, InboxBody, attempt, chat, order_state, payment_of, webhook
from tests.payments.memory_shop import MemoryShop, success_webhooks

FORGET: InboxBody = (EventKind.FORGET, {"by": "operator"})
WISH: InboxBody = (EventKind.FORGET, {"by": "customer"})


def _refund(status: RefundStatus) -> Refund:
    return Refund("pay_1-1", "c-1-1", "pay_1", TOTAL, "surplus", status)


def _lapsed(status: AttemptStatus) -> OrderState:
    return order_state(attempts=(attempt(status=status),), lifecycle=Lifecycle.LAPSED)


def _returned(status: RefundStatus) -> OrderState:
    return order_state(refunds=(_refund(status),), lifecycle=Lifecycle.RETURNED)


def _paid(stage: Stage) -> OrderState:
    return order_state(lifecycle=Lifecycle.FULFILLED, stage=stage, fulfilled=TOTAL)


def _delivered(lifecycle: Lifecycle = Lifecycle.FULFILLED, **rest: Any) -> OrderState:
    return order_state(lifecycle=lifecycle, stage=Stage.DELIVERED, **rest)


_LIVE = (AttemptStatus.PLANNED, AttemptStatus.CREATING, AttemptStatus.CREATED, AttemptStatus.WITHDRAWING)
_SURPLUS = Hold(HoldReason.SURPLUS)
STATES: dict[str, tuple[OrderState, Unfinished | None]] = {
    "open": (order_state(), Unfinished.OPEN),
    **{f"paid and {stage}": (_paid(stage), Unfinished.GOODS) for stage in LADDER[:-1]},
    "cash to come": (order_state(lifecycle=Lifecycle.PROMISED), Unfinished.GOODS),
    "delivered and owed": (_delivered(Lifecycle.PROMISED), Unfinished.OWED),
    "delivered and paid": (_delivered(fulfilled=TOTAL), None),
    "given back": (_paid(Stage.RETURNED), None),
    "held": (_delivered(held=5, held_for=_SURPLUS), Unfinished.HELD),
    **{
        f"held, {hold.reason}": (_delivered(held=5, held_for=hold), Unfinished.HELD)
        for hold in (Hold(HoldReason.WAITING), Hold(HoldReason.DISPUTED), Hold(HoldReason.REFUND_FAILED))
    },
    **{
        f"nobody can do anything, {reason}": (_delivered(held=5, held_for=Hold(reason)), None)
        for reason in (HoldReason.REMAINDER, HoldReason.DISPUTE_LOST, HoldReason.DELIVERY_KEPT)
    },
    "refunding": (_returned(RefundStatus.CREATED), Unfinished.REFUNDING),
    "refunded": (_returned(RefundStatus.PROCESSED), None),
    "lapsed": (_lapsed(AttemptStatus.EXPIRED), None),
    "reported paid": (_lapsed(AttemptStatus.PAID), Unfinished.CAPTURE),
    **{f"link {status}": (_lapsed(status), Unfinished.LINK) for status in _LIVE},
}


@pytest.mark.parametrize("name", STATES)
def test_why_an_order_is_under_way(name: str) -> None:
    state, reason = STATES[name]
    assert unfinished(state) == reason


def test_forget_with_order_under_way(store: MemoryShop) -> None:
    store.order_with_link()
    before = store.conversation
    said = len(store.said)
    store.take(FORGET)
    assert store.outcomes == [Outcome.IGNORED]
    entry = {**store.results[store._number].trace[0], "number": ""}
    said_why = {"refused": "open order", "reason": "open order"}
    assert entry == {"event": "forget", **said_why, "number": ""}
    assert store.conversation == before
    assert (len(store.said), store.forgotten) == (said, set())


def test_one_of_the_staff_is_not_forgotten(store: MemoryShop) -> None:
    store.staff = {"c-1": Staff("Meena", "+919812345671")}
    store.take(FORGET)
    assert store.outcomes == [Outcome.IGNORED]
    assert store.results[store._number].trace[0]["reason"] == "one of the staff"
    store.staff = {}
    store.take(FORGET)
    assert store.forgotten == {"c-1"}


def test_each_reason_is_written_down() -> None:
    text = (Path(__file__).parents[2] / "docs" / "flow-language.md").read_text()
    [row] = [line for line in text.splitlines() if line.startswith("| `customer.refused` |")]
    assert [reason for reason in Unfinished if f"`{reason}`" not in row] == []


def test_forget_after_the_order_is_paid_and_delivered(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(*success_webhooks(key))
    store.take(FORGET)
    assert store.outcomes == [Outcome.IGNORED]
    store.change(key, stage=Stage.DELIVERED)
    store.take(FORGET)
    assert store.outcomes == [Outcome.APPLIED]
    assert store.forgotten == {"c-1"}
    assert (store.conversation.customer, store.conversation.variables, store.conversation.state) == (
        {},
        {},
        "",
    )
    assert store.conversation.data == {"orders": 1}
    assert store.orders[key].fulfilled


def test_nothing_is_said_to_a_forgotten_customer_and_the_money_is_booked(store: MemoryShop) -> None:
    key = store.order_with_link()
    store.take(*success_webhooks(key))
    store.change(key, stage=Stage.DELIVERED)
    store.take(FORGET)
    said, orders = len(store.said), store.orders[key]
    store.take(webhook(payment_of(key, "captured", id="pay_2")), chat("hi"))
    assert store.outcomes == [Outcome.APPLIED, Outcome.IGNORED]
    assert len(store.orders[key].facts) > len(orders.facts)
    assert store.orders[key].refunds, "what came too much goes back"
    assert len(store.said) == said
    assert store.conversation.customer == {}
    store.take(FORGET)
    assert store.outcomes == [Outcome.IGNORED]
