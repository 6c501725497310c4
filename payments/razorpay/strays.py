"""Payment links at Razorpay that the books lack: found, and settled as a person says.

They were made by books that are lost: after a backup was restored, nobody here would tell of them.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from payments.ledger.calls import RefundPayment
from payments.ledger.facts import Fact
from payments.ledger.fees import on_top
from payments.ledger.refunds import SMALLEST
from payments.razorpay.entities import ORDER_NOTE
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.fetched import Reading, payment_facts, refund_facts
from payments.razorpay.gateway import Gateway, Link
from payments.razorpay.refunds import ensure_refund
from payments.shop.orders import CURRENCY

_PAYABLE: Final = frozenset({"created", "partially_paid"})
_UNDECIDED: Final = frozenset({"authorized", "created"})

Lacking = Callable[[Collection[str]], Awaitable[Mapping[str, frozenset[str] | None]]]
"""Which reference ids the books lack: with the ids of the payments that a person decided of, or None.

None says that the books have the order, of which a person need not be asked.
"""


@dataclass(frozen=True, slots=True)
class Paid:
    """A captured payment of a stray link, with no refund under way."""

    payment_id: str
    left: int
    """What has not gone back, without a fee that the payer bore; in paise, or what `currency` counts in."""
    back: int
    """What has gone back, in the same."""
    currency: str
    refunds: int
    """How many there were of it, whatever became of them."""


@dataclass(frozen=True, slots=True)
class Stray:
    """A link that the books lack."""

    link: Link
    paid: tuple[Paid, ...]
    """Payments of which a person must decide."""
    returned: tuple[Paid, ...]
    """Payments that have gone back, all but less than can be refunded."""
    under_way: bool
    """Whether a payment is neither captured nor failed, or a refund neither processed nor failed."""
    settled: frozenset[str]
    """Ids of the payments of which a person has decided: they are in none of the above."""

    @property
    def order_key(self) -> str:
        """The order that its notes name."""
        return str(self.link.notes[ORDER_NOTE])

    @property
    def payable(self) -> bool:
        """Whether somebody can still pay it."""
        return self.link.status in _PAYABLE

    @property
    def open(self) -> bool:
        """Whether something can come of it, or has come that is not settled."""
        return bool(self.payable or self.paid or self.returned or self.under_way)

    @property
    def captured(self) -> int:
        """Paise that are ours and not gone back."""
        return sum(paid.left for paid in self.paid if paid.currency == CURRENCY)

    @property
    def gone_back(self) -> int:
        """Paise of the returned payments."""
        return sum(paid.back for paid in self.returned if paid.currency == CURRENCY)


async def lacked_links(
    gateway: Gateway, installation: str, lacking: Lacking
) -> AsyncIterator[tuple[Link, frozenset[str] | None]]:
    """The links of `installation` whose reference ids are `lacking`, newest first, with what that says.

    Raises GatewayError.
    """
    async for page in gateway.links_of(installation):
        unknown = await lacking({link.reference_id for link in page})
        for link in page:
            if link.reference_id in unknown:
                yield link, unknown[link.reference_id]


async def cancel(gateway: Gateway, stray: Stray) -> Stray:
    """The link as it stands once it can't be paid any more: it may have been paid meanwhile."""
    try:
        link = await gateway.cancel_link(stray.link.id)
    except GatewayError as error:
        if error.reason not in (Reason.ALREADY_PAID, Reason.ALREADY_CANCELLED, Reason.ALREADY_EXPIRED):
            raise
        link = await gateway.fetch_link(stray.link.id)
    return await read(gateway, link, stray.settled)


async def give_back(gateway: Gateway, stray: Stray) -> Stray:
    """Refund all that is captured of the link; how it stands then.

    A refund whose answer was lost is not made twice; one that failed is made again. Raises GatewayError.
    """
    for paid in stray.paid:
        key = f"{paid.payment_id}-stray-{paid.refunds}"
        await ensure_refund(gateway, RefundPayment(key, paid.payment_id, stray.order_key, paid.left))
    return await read(gateway, stray.link, stray.settled)


async def read(gateway: Gateway, link: Link, settled: frozenset[str]) -> Stray:
    """How the money of a link stands, without the payments that are `settled`.

    Raises GatewayError, also if something could not be read: nothing is decided of a part.
    """
    key = str(link.notes[ORDER_NOTE])
    payments = await gateway.order_payments(link.order_id) if link.order_id else []
    found = [fact for fact in _facts(payment_facts(payments, key, link.id)) if fact.entity_id not in settled]
    captured = [fact for fact in found if fact.state == "captured"]
    refunds: list[Fact] = []
    for fact in captured:
        listed = await gateway.payment_refunds(fact.entity_id)
        refunds += _facts(refund_facts(listed, {"id": fact.entity_id}, key))
    going = {refund.detail["payment_id"] for refund in refunds if refund.state == "created"}
    still = [_paid(fact, refunds, link.amount) for fact in captured if fact.entity_id not in going]
    return Stray(
        link,
        paid=tuple(paid for paid in still if paid.left >= SMALLEST),
        returned=tuple(paid for paid in still if paid.left < SMALLEST),
        under_way=bool(going) or any(p.get("status") in _UNDECIDED for p in payments),
        settled=settled,
    )


def _facts(reading: Reading) -> tuple[Fact, ...]:
    facts, problems = reading
    if problems:
        raise GatewayError(Reason.UNINTELLIGIBLE, "; ".join(problems))
    return facts


def _paid(payment: Fact, refunds: Iterable[Fact], asked: int) -> Paid:
    """How a captured payment of a link that asked for `asked` paise stands."""
    own = [refund for refund in refunds if refund.detail["payment_id"] == payment.entity_id]
    ours = payment.amount - on_top(payment, [asked] if payment.currency == CURRENCY else [])
    back = sum(refund.amount for refund in own if refund.state == "processed")
    return Paid(payment.entity_id, ours - back, back, payment.currency, len(own))
