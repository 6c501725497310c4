"""Strays: links and cards at Razorpay that the books lack. Find them, settle them as a person decides.

Books that are lost made them. After a backup was restored, nothing in these books names them. A card is found
once somebody has begun to pay it: by the orders that were made for it, each of which stands here as a link.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from payments.ledger.calls import FetchCard, FetchPayments, RefundPayment
from payments.ledger.facts import Fact, FactState
from payments.ledger.fees import on_top
from payments.ledger.refunds import SMALLEST
from payments.razorpay import links
from payments.razorpay.cards import read_card
from payments.razorpay.entities import ORDER_NOTE
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.fetched import Reading, payment_facts, refund_facts
from payments.razorpay.gateway import Gateway, Link
from payments.razorpay.refunds import ensure_refund
from payments.shop.orders import CURRENCY, LinkStatus, is_card

_PAYABLE: Final = frozenset({LinkStatus.CREATED, LinkStatus.PARTIALLY_PAID})
_UNDECIDED: Final = frozenset({"authorized", "created"})

Lacking = Callable[[Collection[str]], Awaitable[Mapping[str, frozenset[str] | None]]]
"""Returns the reference ids that the books lack, each with the ids of the payments a person has decided.

The value is None if the books have the order: then no person need decide.
"""


@dataclass(frozen=True, slots=True)
class Paid:
    """A captured payment of a stray link, without a refund under way."""

    payment_id: str
    left: int
    """Amount not refunded, without a fee that the payer bore, in the smallest unit of `currency` (paise)."""
    back: int
    """Amount refunded, in the same unit."""
    currency: str
    refunds: int
    """Number of its refunds, in any state."""


@dataclass(frozen=True, slots=True)
class Stray:
    """A link that the books lack."""

    link: Link
    paid: tuple[Paid, ...]
    """Payments that a person must decide about."""
    returned: tuple[Paid, ...]
    """Payments that were refunded, except for a rest that is too small for a refund."""
    under_way: bool
    """Whether a payment is neither captured nor failed, or a refund neither processed nor failed."""
    settled: frozenset[str]
    """Ids of the payments that a person has decided about. They are in none of the above."""

    @property
    def order_key(self) -> str:
        """Key of the order that its notes name."""
        return str(self.link.notes[ORDER_NOTE])

    @property
    def payable(self) -> bool:
        """Whether somebody can still pay the link, until it is cancelled.

        A card ends by itself. Before that it is closed in its chat alone, and no book names that chat.
        """
        return self.link.status in _PAYABLE and not is_card(self.link.reference_id)

    @property
    def open(self) -> bool:
        """Whether the link can be paid, or has money that is not settled."""
        return bool(self.payable or self.paid or self.returned or self.under_way)

    @property
    def captured(self) -> int:
        """Captured paise that are ours and not refunded."""
        return sum(paid.left for paid in self.paid if paid.currency == CURRENCY)

    @property
    def gone_back(self) -> int:
        """Refunded paise of the returned payments."""
        return sum(paid.back for paid in self.returned if paid.currency == CURRENCY)


async def lacked_links(
    gateway: Gateway, installation: str, lacking: Lacking
) -> AsyncIterator[tuple[Link, frozenset[str] | None]]:
    """Yield the links of `installation` that the books lack, then its cards, with the value from `lacking`.

    Of each, the newest come first. Raises GatewayError.
    """
    for pages in (gateway.links_of(installation), gateway.card_orders(installation)):
        async for page in pages:
            unknown = await lacking({link.reference_id for link in page})
            for link in page:
                if link.reference_id in unknown:
                    yield link, unknown[link.reference_id]


async def taken_over(gateway: Gateway, link: Link) -> tuple[Link, Reading]:
    """Return a link of an order that the books have, named as they name it, and what there is to know of it.

    Raises GatewayError.
    """
    if not is_card(link.reference_id):
        return link, await links.read_link(gateway, FetchPayments(link.reference_id, link.id))
    reading = await read_card(gateway, FetchCard(link.reference_id))
    return replace(link, id=link.reference_id), reading


async def cancel(gateway: Gateway, stray: Stray) -> Stray:
    """Cancel the link and return its new state: it may have been paid meanwhile. Raises GatewayError."""
    return await read(gateway, await links.cancel(gateway, stray.link.id), stray.settled)


async def give_back(gateway: Gateway, stray: Stray) -> Stray:
    """Refund all captured payments of the link and return its new state.

    A refund whose answer was lost is not made twice. One that failed is made again. Raises GatewayError.
    """
    for paid in stray.paid:
        key = f"{paid.payment_id}-stray-{paid.refunds}"
        await ensure_refund(gateway, RefundPayment(key, paid.payment_id, stray.order_key, paid.left))
    return await read(gateway, stray.link, stray.settled)


async def read(gateway: Gateway, link: Link, settled: frozenset[str]) -> Stray:
    """Return the state of a link's money, without the payments that are `settled`.

    Raises GatewayError, also if a part could not be read: nobody should decide on half of the money.
    """
    key = str(link.notes[ORDER_NOTE])
    payments = await gateway.order_payments(link.order_id) if link.order_id else []
    facts = [fact for fact in _facts(payment_facts(payments, key, link.id)) if fact.entity_id not in settled]
    captured = [fact for fact in facts if fact.state is FactState.CAPTURED]
    refunds: list[Fact] = []
    for fact in captured:
        listed = await gateway.payment_refunds(fact.entity_id)
        refunds += _facts(refund_facts(listed, {"id": fact.entity_id}, key))
    refunding = {refund.detail.payment_id for refund in refunds if refund.state is FactState.CREATED}
    captures = [_paid(fact, refunds, link.amount) for fact in captured if fact.entity_id not in refunding]
    return Stray(
        link,
        paid=tuple(paid for paid in captures if paid.left >= SMALLEST),
        returned=tuple(paid for paid in captures if paid.left < SMALLEST),
        under_way=bool(refunding) or any(p.get("status") in _UNDECIDED for p in payments),
        settled=settled,
    )


def _facts(reading: Reading) -> tuple[Fact, ...]:
    facts, problems = reading
    if problems:
        raise GatewayError(Reason.UNINTELLIGIBLE, "; ".join(problems))
    return facts


def _paid(payment: Fact, refunds: Iterable[Fact], link_amount: int) -> Paid:
    """Return the state of a captured payment. Its link asked for `link_amount` paise."""
    own_refunds = [refund for refund in refunds if refund.detail.payment_id == payment.entity_id]
    ours = payment.amount - on_top(payment, [link_amount] if payment.currency == CURRENCY else [])
    refunded = sum(refund.amount for refund in own_refunds if refund.state is FactState.PROCESSED)
    return Paid(payment.entity_id, ours - refunded, refunded, payment.currency, len(own_refunds))
