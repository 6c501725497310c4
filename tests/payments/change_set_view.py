"""A change set as the tests of processing read it: the changed values, without causes and keys."""

from typing import Any

from flows.engine.effects import Say
from payments.ledger.calls import Call
from payments.ledger.facts import Fact
from payments.ledger.refunds import Refund
from payments.ledger.state import OrderState
from payments.processing.changes import ChangeSet, values
from payments.shop.orders import Attempt


class ChangeSetView:
    """The fields of a change set as tuples of plain values."""

    def __init__(self, changes: ChangeSet) -> None:
        self.changes = changes
        self.messages: tuple[Say, ...] = tuple(values(changes.messages))
        self.calls: tuple[Call, ...] = tuple(values(changes.calls))
        self.facts: tuple[Fact, ...] = tuple(values(changes.facts))
        self.attempts: tuple[Attempt, ...] = tuple(changes.attempts.values())
        self.refunds: tuple[Refund, ...] = tuple(changes.refunds.values())
        self.changed: tuple[OrderState, ...] = tuple(changes.orders.values())

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.changes, name)
        return tuple(value) if isinstance(value, list) else value
