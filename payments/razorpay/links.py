"""Payment links made and unmade at most once, though every answer may be lost.

Razorpay has no idempotency key for links. Its `reference_id` is unique for ever instead, so a try
whose outcome is unknown is looked up by it and adopted; another id is never minted here, since two
links are two orders that can both be paid.

Source: Razorpay docs, "Create a Payment Link", "Fetch all Payment Links", "Cancel a Payment Link".
"""

from typing import Final

from payments.calls import CancelLink, CreateLink, FetchPayments
from payments.facts import Fact
from payments.orders import order_key_of
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.gateway import Gateway, Link
from payments.razorpay.webhook import ORDER_NOTE, payment_facts

_DONE: Final = frozenset({Reason.ALREADY_PAID, Reason.ALREADY_CANCELLED, Reason.ALREADY_EXPIRED})


async def ensure_link(gateway: Gateway, call: CreateLink, *, may_exist: bool) -> Link:
    """The one link with the call's reference id, made now or adopted in whatever status it is.

    `may_exist` says that an earlier try's outcome is unknown. Raises GatewayError; when that is
    `ambiguous`, come back with `may_exist`. REFUSED also stands for a link that has our reference
    id but not our order, amount or currency: it is not adopted.
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


async def payments_of(gateway: Gateway, call: FetchPayments) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """The facts of every payment made on a link, and what could not be read; none if it was never opened.

    Raises GatewayError.
    """
    if call.link_id is None:
        link = await gateway.find_link(call.reference_id)
    else:
        link = await gateway.fetch_link(call.link_id)
    if link is None or link.order_id is None:
        return (), ()
    return payment_facts(await gateway.order_payments(link.order_id), order_key_of(call.reference_id))
