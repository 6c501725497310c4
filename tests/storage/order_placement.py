"""Steps that place an order, for the tests of what storage does with one."""

from typing import Any

from payments.ledger.calls import CreateLink
from payments.processing.changes import ChangeSet
from payments.processing.step_input import StepInput
from payments.shop.orders import Attempt, Line, Order
from tests.change_sets import answered

__all__ = ["LINES", "answered", "order_for", "place_order"]

LINES = (Line("masala-250", "Masala chai", 2, 18_000), Line("cup", "Cup", 1, 14_000))


def order_for(case: StepInput) -> tuple[Order, Attempt]:
    key = f"{case.conversation.id}-1"
    number = case.events[0].number
    order = Order(key, "12345", case.conversation.id, LINES, 50_000, "INR", 1000, number)
    return order, Attempt(f"{key}.1", key, 1, 50_000, "INR", expires_at=900_000)


def place_order(case: StepInput, **changes: Any) -> ChangeSet:
    order, attempt = order_for(case)
    call = CreateLink(attempt.reference_id, order.key, 50_000, "INR", "Order 12345", 900_000)
    return answered(case, placed=[order], attempts=[attempt], calls=[call], **changes)
