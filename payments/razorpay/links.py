"""Payment links made and unmade at most once, though every answer may be lost.

Razorpay has no idempotency key for links. Its `reference_id` is unique for ever instead, so a try
whose outcome is unknown is looked up by it and adopted; another id is never minted here, since two
links are two orders that can both be paid.

Source: Razorpay docs, "Create a Payment Link", "Fetch all Payment Links", "Cancel a Payment Link".
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, Final

from payments.ledger.calls import CancelLink, CreateLink, FetchPayments
from payments.razorpay.entities import ORDER_NOTE, Entity
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.fetched import Reading, link_facts, payment_facts, refund_facts
from payments.razorpay.gateway import Gateway, Link
from payments.shop.orders import order_key_of

_LINK: Final = tuple(field.name for field in fields(Link))
_DONE: Final = frozenset({Reason.ALREADY_PAID, Reason.ALREADY_CANCELLED, Reason.ALREADY_EXPIRED})


async def ensure_link(gateway: Gateway, call: CreateLink, *, may_exist: bool) -> Link:
    """The one link with the call's reference id, made now or adopted in whatever status it is.

    `may_exist` says that an earlier try's outcome is unknown. Raises GatewayError; when that is
    `ambiguous`, come back with `may_exist`. REFUSED also stands for a link that has our reference
    id but not our order, amount or currency: it is not adopted. TAKEN stands for one that was there
    before the first try: other books made it, of which these are a copy or an older state, and
    somebody may have paid it.
    """
    if may_exist:
        earlier = await gateway.find_link(call.reference_id)
        if earlier is not None:
            return _ours(earlier, call)
    try:
        return _ours(await gateway.create_link(call), call)
    except GatewayError as error:
        if error.reason is not Reason.ALREADY_EXISTS:
            raise
        if not may_exist:
            raise GatewayError(
                Reason.TAKEN, f"a link has the reference id {call.reference_id}, and it was not made here"
            ) from error
        # None here: the look-up lags behind the create. The refusal is ambiguous, so we come back.
        existing = await gateway.find_link(call.reference_id)
        if existing is None:
            raise
    return _ours(existing, call)


async def withdraw_link(gateway: Gateway, call: CancelLink) -> Link | None:
    """The link, unpayable from now on; None if Razorpay has none with this reference id.

    Look at the status that comes back: a link that was paid first stays `paid`. Raises GatewayError.
    """
    link_id = call.link_id
    if link_id is None:
        found = await gateway.find_link(call.reference_id)
        if found is None:
            return None
        link_id = found.id
    try:
        return await gateway.cancel_link(link_id)
    except GatewayError as error:
        if error.reason not in _DONE:
            raise
    return await gateway.fetch_link(link_id)


def _ours(link: Link, call: CreateLink) -> Link:
    expected = {
        "reference id": (link.reference_id, call.reference_id),
        "order": (link.notes.get(ORDER_NOTE), call.order_key),
        "amount": (link.amount, call.amount),
        "currency": (link.currency, call.currency),
    }
    differing = [name for name, (theirs, ours) in expected.items() if theirs != ours]
    if differing:
        raise GatewayError(Reason.REFUSED, f"{link.id} is not the link we asked for: {', '.join(differing)}")
    return link


async def read_link(gateway: Gateway, call: FetchPayments) -> Reading:
    """How a link stands: facts of itself if it has ended, of its payments, and of their refunds.

    Also what could not be read. Nothing of a link that does not exist. Raises GatewayError.
    """
    if call.link_id is None:
        link = await gateway.find_link(call.reference_id)
    else:
        link = await gateway.fetch_link(call.link_id)
    if link is None:
        return (), ()
    order_key = order_key_of(call.reference_id)
    read = [link_facts({name: getattr(link, name) for name in _LINK}, order_key)]
    if link.order_id is not None:
        payments = await gateway.order_payments(link.order_id)
        read.append(payment_facts(payments, order_key, link.id))
        for payment in _refunded(payments, call.refunding):
            refunds = await gateway.payment_refunds(payment["id"])
            read.append(refund_facts(refunds, payment, order_key))
    return tuple(f for facts, _ in read for f in facts), tuple(p for _, problems in read for p in problems)


def _refunded(payments: Iterable[Any], refunding: Container[str]) -> Iterator[Entity]:
    for payment in payments:
        # A payment without an id is a problem among the payments' facts already.
        if not isinstance(payment, Mapping) or not isinstance(payment.get("id"), str):
            continue
        # What a refund took that failed afterwards may be back in the payment, as if there had been none.
        asked = payment["id"] in refunding
        if asked or payment.get("amount_refunded") or payment.get("status") == "refunded":
            yield payment
