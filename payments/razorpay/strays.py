"""Payment links at Razorpay that the books lack: found, and settled as a person says.

They were made by books that are lost: after a backup was restored, nobody here would tell of them.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from payments.calls import RefundPayment
from payments.facts import Fact
from payments.fees import on_top
from payments.orders import CURRENCY
from payments.razorpay.entities import ORDER_NOTE
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.fetched import Reading, payment_facts, refund_facts
from payments.razorpay.gateway import Gateway, Link
from payments.refunds import SMALLEST

_PAYABLE: Final = frozenset({"created", "partially_paid"})
_UNDECIDED: Final = frozenset({"authorized", "created"})

Lacking = Callable[[Collection[str]], Awaitable[Mapping[str, frozenset[str]]]]
"""Which of the reference ids the books lack, each with the ids of its payments that a person decided of."""


@dataclass(frozen=True, slots=True)
class Paid:
    """A captured payment of a stray link, with no refund under way."""

    payment_id: str
    left: int
    """What has not gone back, without a fee that the payer bore; in paise, or what `currency` counts in."""
    back: int
    """What has gone back, in the same."""
    currency: str
    failed: int
    """How many of its refunds failed."""


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


async def strays(gateway: Gateway, installation: str, lacking: Lacking) -> list[Stray]:
    """The links of `installation` whose reference ids are `lacking`, newest first.

    Those that are not open are left out: ended, and never paid, or settled.
    Raises GatewayError.
    """
    found: dict[str, Stray] = {}
    async for page in gateway.links_of(installation):
        unknown = await lacking({link.reference_id for link in page})
        for link in page:
            if link.reference_id in unknown and link.id not in found:
                stray = await _read(gateway, link, unknown[link.reference_id])
                if stray.open:
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


async def give_back(gateway: Gateway, stray: Stray) -> Stray:
    """Refund all that is captured of the link; how it stands then.

    The same refunds however often it is tried; others only for those that failed. Raises GatewayError.
    """
    for paid in stray.paid:
        key = f"{paid.payment_id}-stray-{paid.failed}"
        await gateway.refund(RefundPayment(key, paid.payment_id, stray.order_key, paid.left))
    return await _read(gateway, stray.link, stray.settled)


async def _read(gateway: Gateway, link: Link, settled: frozenset[str]) -> Stray:
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
    """What was read. Raises GatewayError if something could not be: nothing is decided of a part."""
    facts, problems = reading
    if problems:
        raise GatewayError(Reason.UNINTELLIGIBLE, "; ".join(problems))
    return facts


def _paid(payment: Fact, refunds: Iterable[Fact], asked: int) -> Paid:
    """How a captured payment of a link that asked for `asked` paise stands."""
    own = [refund for refund in refunds if refund.detail["payment_id"] == payment.entity_id]
    ours = payment.amount - on_top(payment, [asked] if payment.currency == CURRENCY else [])
    back = sum(refund.amount for refund in own if refund.state == "processed")
    failed = sum(refund.state == "failed" for refund in own)
    return Paid(payment.entity_id, ours - back, back, payment.currency, failed)
