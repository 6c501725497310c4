"""Payment links at Razorpay that the books lack: found, and settled as a person says.

They were made by books that are lost: after a backup was restored, nobody here would tell of them.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from payments.calls import RefundPayment
from payments.orders import CURRENCY
from payments.razorpay.entities import ORDER_NOTE
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.gateway import Gateway, Link
from payments.refunds import SMALLEST

_PAYABLE: Final = frozenset({"created", "partially_paid"})
_UNDER_WAY: Final = frozenset({"authorized", "created"})
_CAPTURED: Final = frozenset({"captured", "refunded"})

Lacking = Callable[[Collection[str]], Awaitable[Mapping[str, frozenset[str]]]]
"""Which of the reference ids the books lack, each with the ids of its payments that a person decided of."""


@dataclass(frozen=True, slots=True)
class Paid:
    """A captured payment of a stray link."""

    payment_id: str
    left: int
    """What has not gone back, without a fee that the payer bore; in paise, or what `currency` counts in."""
    currency: str


@dataclass(frozen=True, slots=True)
class Stray:
    """A link that the books lack."""

    link: Link
    paid: tuple[Paid, ...]
    under_way: bool
    """Whether a payment is neither captured nor failed."""
    captures: frozenset[str]
    """Ids of all that was captured, gone back or not: what a person's word is about."""
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
    def captured(self) -> int:
        """Paise that are ours and not gone back."""
        return sum(paid.left for paid in self.paid if paid.currency == CURRENCY)


async def strays(gateway: Gateway, installation: str, lacking: Lacking) -> list[Stray]:
    """The links of `installation` whose reference ids are `lacking`, newest first.

    Those that nothing can or did come of are left out: ended, and never paid, or decided of by a person.
    Raises GatewayError.
    """
    found: dict[str, Stray] = {}
    async for page in gateway.links_of(installation):
        unknown = await lacking({link.reference_id for link in page})
        for link in page:
            if link.reference_id in unknown and link.id not in found:
                stray = await _read(gateway, link, unknown[link.reference_id])
                if stray.payable or stray.paid or stray.under_way:
                    found[link.id] = stray
    return list(found.values())


async def cancel(gateway: Gateway, stray: Stray) -> Stray:
    """The link as it stands once it can't be paid any more: it may have been paid meanwhile."""
    try:
        link = await gateway.cancel_link(stray.link.id)
    except GatewayError as error:
        if error.reason not in (Reason.ALREADY_PAID, Reason.ALREADY_CANCELLED, Reason.ALREADY_EXPIRED):
            raise
        link = await gateway.fetch_link(stray.link.id)
    return await _read(gateway, link, stray.settled)


async def give_back(gateway: Gateway, stray: Stray) -> int:
    """Refund all that is captured of the link; paise. The same however often it is tried."""
    for paid in stray.paid:
        if paid.left >= SMALLEST:
            key = f"{paid.payment_id}-stray"
            await gateway.refund(RefundPayment(key, paid.payment_id, stray.order_key, paid.left))
    return stray.captured


async def _read(gateway: Gateway, link: Link, settled: frozenset[str]) -> Stray:
    payments = await gateway.order_payments(link.order_id) if link.order_id else []
    entities = [p for p in payments if isinstance(p, Mapping) and p.get("id") not in settled]
    paid = tuple(
        Paid(payment["id"], left, str(payment.get("currency")))
        for payment in entities
        if (left := _left(payment, link.amount)) > 0
    )
    under_way = any(payment.get("status") in _UNDER_WAY for payment in entities)
    captures = frozenset(str(p["id"]) for p in entities if p.get("status") in _CAPTURED)
    return Stray(link, paid, under_way, captures, settled)


def _left(payment: Mapping[str, Any], asked: int) -> int:
    """What of a captured payment did not go back; what is over `asked` is a fee that the payer bore."""
    amount, back = payment.get("amount"), payment.get("amount_refunded") or 0
    if payment.get("status") != "captured" or type(amount) is not int or type(back) is not int:
        return 0
    return (min(amount, asked) if payment.get("currency") == CURRENCY else amount) - back
