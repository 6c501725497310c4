"""A step that places one order, for the tests of how storage keeps orders."""

from typing import Any

from payments.ledger.calls import CreateLink
from payments.processing.changes import ChangeSet
from payments.processing.step_input import StepInput
from payments.shop.orders import Line
from tests.builders import TOTAL, change_set, order, unmade_attempt

LINES = (Line("masala-250", "Masala chai", 2, 18_000), Line("cup", "Cup", 1, 14_000))
"""What the order holds: ₹500 in all."""


def place_order(given: StepInput, **changes: Any) -> ChangeSet:
    """Place the conversation's first order and ask for its link. `changes`: as for `change_set`."""
    key = f"{given.conversation.id}-1"
    number = str(given.next_number)
    placed = order(key, lines=LINES, number=number, placed_at=1000, placed_by=given.events[0].number)
    attempt = unmade_attempt(order_key=key, expires_at=900_000)
    call = CreateLink(attempt.reference_id, key, TOTAL, "INR", "Order 12345", 900_000)
    return change_set(given, placed=[placed], attempts=[attempt], calls=[call], **changes)
