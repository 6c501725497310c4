"""A store of one customer's rows in memory: a step's changes are saved and become the next step's input.

The simulator and the tests of processing use it. `storage` does the same on a database.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from flows.engine.conversation import Conversation
from flows.engine.effects import Say, StartTimer
from payments.ledger.polling import Poll
from payments.ledger.state import OrderState
from payments.processing.changes import ChangeSet, EventResult, values
from payments.processing.notice import Notice
from payments.processing.step_input import InboxEvent, StepInput
from payments.shop import stock


@dataclass
class MemoryStore:
    """The stored state of one conversation and of its shop."""

    conversation: Conversation
    left: Mapping[str, int] = field(default_factory=dict)
    """Pieces left of each product that is counted."""
    orders: dict[str, OrderState] = field(default_factory=dict)
    """By key."""
    account: str | None = None
    results: list[EventResult] = field(default_factory=list)
    messages: list[Say] = field(default_factory=list)
    """Every message of the shop, oldest first."""
    timers: list[StartTimer] = field(default_factory=list)
    polls: list[Poll] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def given(
        self, events: Iterable[InboxEvent], nonce: str = "", keys: Iterable[str] | None = None
    ) -> StepInput:
        """Return the input of a step of `events`, with the orders that have these `keys`, or all orders."""
        named = self.orders.keys() if keys is None else set(keys) & self.orders.keys()
        orders = {key: state for key, state in self.orders.items() if key in named}
        return StepInput(self.conversation, tuple(events), nonce, orders, self.left, self.account)

    def save(self, changes: ChangeSet) -> None:
        """Store what a step changed."""
        self.conversation = changes.conversation
        self.account = changes.account or self.account
        self.left = stock.after(self.left, changes.moves)
        self.results += changes.results
        self.messages += values(changes.messages)
        self.timers += changes.timers
        self.polls += changes.polls
        self.notices += changes.notices
        for order in changes.placed:
            self.orders[order.key] = OrderState(order)
        for fact in values(changes.facts):
            self.orders[fact.order_key] = self.orders[fact.order_key].with_facts([fact])
        for attempt in changes.attempts.values():
            self.orders[attempt.order_key] = self.orders[attempt.order_key].with_attempt(attempt)
        for refund in changes.refunds.values():
            state = self.orders[refund.order_key]
            refunds = {known.key: known for known in state.refunds} | {refund.key: refund}
            in_order = tuple(refunds[key] for key in sorted(refunds))
            self.orders[refund.order_key] = replace(state, refunds=in_order)
        for changed in changes.orders.values():
            self.orders[changed.key] = replace(
                self.orders[changed.key],
                lifecycle=changed.lifecycle,
                fulfilled=changed.fulfilled,
                held=changed.held,
                held_for=changed.held_for,
            )
