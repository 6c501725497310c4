"""Create and cancel payment links at most once, even if answers are lost.

Razorpay has no idempotency key for links. Its `reference_id` is unique for ever instead. So after a try
whose outcome is unknown, the link is looked up by it and adopted. No second reference id is ever used for a
call, because two links could both be paid.

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

_LINK_FIELDS: Final = tuple(field.name for field in fields(Link))
_OVER: Final = frozenset({Reason.ALREADY_PAID, Reason.ALREADY_CANCELLED, Reason.ALREADY_EXPIRED})


async def ensure_link(gateway: Gateway, call: CreateLink, *, may_exist: bool) -> Link:
    """Return the one link with the call's reference id, created now or adopted in any status.

    `may_exist` says that an earlier try's outcome is unknown. Raises GatewayError; if that is `ambiguous`,
    call again with `may_exist`. REFUSED is also raised for a link that has our reference id but not our
    order, amount or currency: it is not adopted. TAKEN is raised for a link that existed before the first
    try: other books made it, of which these are a copy or an older state, and somebody may have paid it.
    """
    if may_exist:
        earlier = await gateway.find_link(call.reference_id)
        if earlier is not None:
            return _checked(earlier, call)
    try:
        return _checked(await gateway.create_link(call), call)
    except GatewayError as error:
        if error.reason is not Reason.ALREADY_EXISTS:
            raise
        if not may_exist:
            raise GatewayError(
                Reason.TAKEN, f"a link has the reference id {call.reference_id}, and it was not made here"
            ) from error
        # None if the look-up lags behind the creation. The error is ambiguous, so the caller tries again.
        existing = await gateway.find_link(call.reference_id)
        if existing is None:
            raise
    return _checked(existing, call)


async def withdraw_link(gateway: Gateway, call: CancelLink) -> Link | None:
    """Cancel the link and return it, or None if Razorpay has none with this reference id.

    Check its status: a link that was paid before the cancellation stays `paid`. Raises GatewayError.
    """
    link_id = call.link_id
    if link_id is None:
        link = await gateway.find_link(call.reference_id)
        if link is None:
            return None
        link_id = link.id
    return await cancel(gateway, link_id)


async def cancel(gateway: Gateway, link_id: str) -> Link:
    """Cancel the link, or leave it as it is if it is over, and return it. Raises GatewayError."""
    try:
        return await gateway.cancel_link(link_id)
    except GatewayError as error:
        if error.reason not in _OVER:
            raise
    return await gateway.fetch_link(link_id)


def _checked(link: Link, call: CreateLink) -> Link:
    """Return `link` if it is the one that `call` asked for. Raises GatewayError if it differs."""
    expected = {
        "reference id": (link.reference_id, call.reference_id),
        "order": (link.notes.get(ORDER_NOTE), call.order_key),
        "amount": (link.amount, call.amount),
        "currency": (link.currency, call.currency),
    }
    differing = [name for name, (actual, wanted) in expected.items() if actual != wanted]
    if differing:
        raise GatewayError(Reason.REFUSED, f"{link.id} is not the link we asked for: {', '.join(differing)}")
    return link


async def read_link(gateway: Gateway, call: FetchPayments) -> Reading:
    """Return the facts of a link if it has ended, of its payments, and of their refunds.

    The second tuple says what could not be read. Both are empty if the link does not exist. Raises
    GatewayError.
    """
    if call.link_id is None:
        link = await gateway.find_link(call.reference_id)
    else:
        link = await gateway.fetch_link(call.link_id)
    if link is None:
        return (), ()
    order_key = order_key_of(call.reference_id)
    parts = [link_facts({name: getattr(link, name) for name in _LINK_FIELDS}, order_key)]
    if link.order_id is not None:
        payments = await gateway.order_payments(link.order_id)
        parts.append(payment_facts(payments, order_key, link.id))
        for payment in refunded(payments, call.refunding):
            refunds = await gateway.payment_refunds(payment["id"])
            parts.append(refund_facts(refunds, payment, order_key))
    return tuple(f for facts, _ in parts for f in facts), tuple(p for _, problems in parts for p in problems)


def refunded(payments: Iterable[Any], refunding: Container[str]) -> Iterator[Entity]:
    """Yield the payments that were refunded, or that `refunding` names."""
    for payment in payments:
        # The reading of the payments already reports one without an id.
        if not isinstance(payment, Mapping) or not isinstance(payment.get("id"), str):
            continue
        # After a refund failed, its payment may look as if there had been none: so it is asked about too.
        in_progress = payment["id"] in refunding
        if in_progress or payment.get("amount_refunded") or payment.get("status") == "refunded":
            yield payment
