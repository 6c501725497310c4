"""The world's side of a place, as values: what is true at the payment provider, and what is on its way."""

from enum import Enum
from typing import Final, NamedTuple

from payments.ledger.calls import Call
from payments.ledger.facts import Detail, EntityType, Fact, FactState
from payments.prover.clock import NOW
from payments.prover.munshi import Event
from payments.shop.orders import CURRENCY, LinkStatus

Budget = tuple[tuple[str, int], ...]
"""How often each misfortune may still come, by its name."""

REFUSED: Final = "refused by the provider"


class Link(NamedTuple):
    """A payment link at the provider."""

    reference: str
    id: str
    amount: int
    expires: int
    """Milliseconds from now; 0 once it is over."""
    status: LinkStatus


class Payment(NamedTuple):
    """A payment at the provider, whether or not Munshi knows of it."""

    id: str
    link: str
    order_key: str
    amount: int
    currency: str
    state: FactState


class Refund(NamedTuple):
    """A refund at the provider."""

    id: str
    key: str
    payment: str
    order_key: str
    amount: int


class World(NamedTuple):
    """The world's side of one place of the search."""

    budget: Budget
    calls: tuple[Call, ...] = ()
    """What the provider was asked and has not answered, oldest first. It answers in this order."""
    links: tuple[Link, ...] = ()
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    """Those whose end is still to come."""
    news: tuple[tuple[str, Fact], ...] = ()
    """Webhooks on their way, each with its name. They may come in any order, or never."""
    silent: bool = False
    """Whether the customer has not written for so long that only templates reach them."""


class Kind(Enum):
    """Kinds of moves: some come before all others, where a slice is not about delays."""

    ANSWER = "an answer to what Munshi asked"
    NEWS = "a webhook that comes"
    DEED = "what happens at the provider, or in the shop"


class Move(NamedTuple):
    """One thing that the world may do."""

    label: str
    """What it is called in a chat: its action and value."""
    event: Event | None
    """What Munshi hears of it at once."""
    after: World
    urgent: bool = False
    """Whether it must happen before any time passes."""
    kind: Kind = Kind.DEED


def payment_fact(payment: Payment) -> Fact:
    """Return what a webhook tells of a payment."""
    failed = payment.state is FactState.FAILED
    detail = Detail(link=payment.link, error_reason="payment_failed", error_description="The bank said no")
    fits = Detail(link=payment.link, method="upi")
    return Fact(
        payment.order_key, EntityType.PAYMENT, payment.id, payment.state, payment.amount, payment.currency,
        NOW // 1000, detail if failed else fits,
    )  # fmt: skip


def refund_fact(refund: Refund, state: FactState) -> Fact:
    """Return what a webhook tells of a refund in this state."""
    detail = Detail(payment_id=refund.payment, key=refund.key)
    return Fact(
        refund.order_key, EntityType.REFUND, refund.id, state, refund.amount, CURRENCY, NOW // 1000, detail
    )
