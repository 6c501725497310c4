"""Makes one call to Razorpay and turns the answer into an event for the conversation."""

import re
from typing import Final

from payments.ledger.calls import (
    Call,
    CancelLink,
    CloseCard,
    CreateLink,
    FetchCard,
    FetchPayments,
    RefundPayment,
)
from payments.processing.notice import Notice, NoticeKind
from payments.processing.results import (
    CardPaidElsewhere,
    LinkCreated,
    LinkKept,
    LinkRefused,
    LinkWithdrawn,
    PaymentsFetched,
    RefundMade,
    RefundRefused,
    Result,
)
from payments.razorpay.cards import PaidElsewhere, read_card
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.gateway import Gateway
from payments.razorpay.links import ensure_link, read_link, withdraw_link
from payments.razorpay.refunds import ensure_refund
from payments.shop.orders import LINK_STATUSES, LinkStatus

FIRST: Final = 1
_EXPIRY_REFUSED: Final = re.compile(r"expire", re.IGNORECASE)
"""Refusals of the expiry time. Another try may succeed, because its link expires later."""
_NUMBERS: Final = re.compile(r"[\w.]*\d[\w.,]*")


async def make_call(gateway: Gateway, call: Call, tries: int) -> tuple[str | None, Result | None]:
    """Make the call. Return Razorpay's id of the object and the event for the conversation, if any.

    `tries` includes this try. Raises GatewayError.
    """
    match call:
        case CreateLink():
            return await _create(gateway, call, may_exist=tries > FIRST)
        case CancelLink():
            return await _cancel(gateway, call)
        case FetchPayments():
            return None, await _fetch(gateway, call)
        case FetchCard():
            return None, await _fetch_card(gateway, call)
        case CloseCard():
            raise AssertionError("a card is closed in its chat")
        case RefundPayment():
            refunds = await ensure_refund(gateway, call)
            return refunds[0].entity_id, RefundMade(call.order_key, tuple(refunds))


def event_for_refusal(call: Call, error: GatewayError) -> Result | None:
    """Return the event about a call that will never succeed; None if the conversation needs none."""
    match call:
        case CreateLink():
            retryable = (
                error.retryable
                or error.reason is Reason.TAKEN
                or bool(_EXPIRY_REFUSED.search(error.description))
            )
            return LinkRefused(call.reference_id, error.description, retryable)
        case RefundPayment():
            return RefundRefused(call.order_key, call.key)
        case CancelLink() if error.reason is Reason.NOT_FOUND:
            return LinkWithdrawn(call.reference_id, call.link_id, LinkStatus.CANCELLED)
        case CancelLink():
            return LinkKept(call.reference_id, error.description)
        case _:
            return None


def notice_for_refusal(call: Call, error: GatewayError) -> Notice | None:
    """Return the notice about a call that will never succeed; None if the conversation deals with it."""
    if error.retryable or not isinstance(call, (CreateLink, FetchPayments, FetchCard)):
        return None  # held money and a link that stays get their notice where they are decided
    if error.reason is Reason.TAKEN:
        return _copy_notice(call.reference_id)
    task = "to make a payment link" if isinstance(call, CreateLink) else "to say how a payment link stands"
    message = (
        f"Razorpay refuses {task}: {error.description}. Until that is mended, customers cannot pay so: see"
        " Razorpay Dashboard > Account & Settings (limits, activation, products), or ask Razorpay's support"
        " with these words."
    )
    # One notice for each reason: numbers and ids in the description are masked.
    return Notice(
        NoticeKind.REFUSED, f"{type(call).__name__}: {_NUMBERS.sub('#', error.description)}"[:200], message
    )


def _copy_notice(reference_id: str) -> Notice:
    message = (
        f"Razorpay has a payment link with the reference id {reference_id}, which this database was only"
        " about to make. Other books made it: a copy of this database, or what it was before a backup was"
        " restored. Nobody gets that link. See in Razorpay Dashboard > Payment Links whether it was paid, and"
        " for what; and make sure that only one server runs on these books."
    )
    return Notice(NoticeKind.COPY, reference_id, message)


async def _fetch(gateway: Gateway, call: FetchPayments) -> Result | None:
    """Read the link. Return no event if Razorpay reports nothing and no customer asked: most polls end so."""
    facts, problems = await read_link(gateway, call)
    if not (facts or problems or call.asked):
        return None
    return PaymentsFetched(call.reference_id, tuple(facts), tuple(problems), call.asked)


async def _fetch_card(gateway: Gateway, call: FetchCard) -> Result | None:
    """Read the card, as `_fetch` reads a link."""
    try:
        facts, problems = await read_card(gateway, call)
    except PaidElsewhere as elsewhere:
        return CardPaidElsewhere(call.reference_id, elsewhere.order_id)
    if not (facts or problems or call.asked):
        return None
    return PaymentsFetched(call.reference_id, facts, problems, call.asked)


async def _create(gateway: Gateway, call: CreateLink, *, may_exist: bool) -> tuple[str, Result]:
    """Make the link. With `may_exist`, look for it first, because an earlier try may have made it."""
    link = await ensure_link(gateway, call, may_exist=may_exist)
    return link.id, LinkCreated(link.reference_id, link.id, link.short_url, link.status, gateway.mode)


async def _cancel(gateway: Gateway, call: CancelLink) -> tuple[str | None, Result]:
    link = await withdraw_link(gateway, call)
    link_id = link.id if link else None
    status = link.status if link else LinkStatus.CANCELLED
    if status not in LINK_STATUSES:
        return link_id, LinkKept(call.reference_id)
    return link_id, LinkWithdrawn(call.reference_id, link_id, status)
