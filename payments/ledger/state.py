"""An order with what is known of its money. Values only; all money in paise."""

from dataclasses import dataclass
from functools import cached_property

from payments.ledger import balance
from payments.ledger.balance import Balance, Verdict
from payments.ledger.facts import Fact
from payments.ledger.refunds import Refund
from payments.shop.orders import Attempt, Order, Standing


@dataclass(frozen=True)
class OrderState:
    """An order with what is known of its money."""

    order: Order
    facts: tuple[Fact, ...]
    verdict: Verdict
    """As last told: it moves only together with the conversation."""
    attempts: tuple[Attempt, ...]
    standing: Standing = Standing.OPEN
    refunds: tuple[Refund, ...] = ()
    fulfilled: int = 0
    """Paise of what was captured that stand for goods."""
    held: int = 0
    """Paise of what was captured that neither stand for goods nor go back."""
    held_for: str | None = None
    """What the order waits for, if it does."""

    @cached_property
    def balance(self) -> Balance:
        """What the facts say of the money."""
        return balance.balance(self.order.total, self.order.currency, self.facts)
