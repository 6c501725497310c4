"""From what changed about an order to what the conversation is told. Pure.

A change moves the conversation once. What was told is what the stored order says, so that a fact
whose telling failed is told with the next one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from flows.engine.conversation import Conversation
from flows.engine.events import Happened
from payments.ledger.facts import Fact
from payments.ledger.matching import UNSEEN
from payments.ledger.refunds import OUTSIDE, Refund, RefundStatus
from payments.ledger.resolution import UNCAPTURED, WAITING, due, lacks_capture
from payments.ledger.state import OrderState
from payments.shop.orders import Attempt, AttemptStatus, Standing, lines_to_json

NOT_FOUND: Final = "payment.not_found"
"""The customer asked for their payment, and Razorpay knows of none."""
SETBACKS: Final = frozenset(
    {("payment", "failed"), ("payment_link", "expired"), ("payment_link", "cancelled")}
)
"""(entity, state) of facts that customers hear of once, and that are no money."""
_EARLIER: Final = "earlier_links"
"""Name, in a conversation's data, of links that the customer may still pay for orders they have left."""
PAYABLE: Final = frozenset({"unpaid", "short"})
"""Statuses in which a customer may be told of a setback, and pay."""


def status(state: OrderState) -> str:
    """How the order stands, for flows: `unpaid authorised short held paid refunding refunded`."""
    balance = state.balance
    if state.standing is Standing.FULFILLED and (state.fulfilled or not state.refunds):
        return "paid"
    if state.standing in (Standing.FULFILLED, Standing.RETURNED):
        return "refunding" if state.held or any(r.open for r in state.refunds) else "refunded"
    if balance.paid:
        return "short" if waits_for_rest(state) else "held"
    if balance.misfit or balance.disputes or lacks_capture(state, balance):
        return "held"
    return "authorised" if balance.authorised else "unpaid"


def waits_for_rest(state: OrderState) -> bool:
    """Whether too little was paid and the customer may pay the rest."""
    return state.held_for == WAITING


def happened(
    before: OrderState, after: OrderState, new: tuple[Fact, ...], link: Mapping[str, Any]
) -> Iterator[Happened]:
    """What the customer is told. `link` is the one that the conversation knows of this order."""
    if after.standing is not before.standing and after.standing is Standing.FULFILLED:
        late = before.standing is Standing.LAPSED
        yield Happened("payment.captured", {**_paid(after), "late": late})
    if before.balance.authorised and not (after.balance.authorised or after.balance.payments):
        yield Happened("payment.released")
    yield from _held(before, after)
    yield from _refunds(before, after)
    if (now := status(after)) in PAYABLE:
        # While a part is paid, the end of an earlier link is no news: there is one for the rest.
        facts = (fact for fact in new if now == "unpaid" or fact.entity == "payment")
        yield from (told for fact in facts if (told := _setback(after, fact, link)))


def _paid(state: OrderState) -> dict[str, Any]:
    balance = state.balance
    method = next((payment.method for payment in balance.payments if payment.method), "")
    return {"amount": balance.paid, "method": method}


def _held(before: OrderState, after: OrderState) -> Iterator[Happened]:
    """Money came that neither settles the order nor goes back.

    Of a payment that our own keys have not seen yet, nothing is said: they see it in a moment, or it is none.
    """
    if after.held_for is None or after.standing is Standing.RETURNED or after.balance.misfit == UNSEEN:
        return
    if after.held_for == UNCAPTURED:
        if before.held_for != UNCAPTURED:
            yield Happened("payment.authorized")
        return
    known = 0 if before.balance.misfit == UNSEEN else before.held
    more = after.held > known or after.held_for != before.held_for
    if waits_for_rest(after) and after.held > known:
        yield Happened("payment.short", {"amount": after.held, "due": due(after)})
    elif after.standing is not Standing.FULFILLED and more and not waits_for_rest(after):
        amount = sum(payment.amount for payment in after.balance.payments)
        yield Happened("payment.held", {"amount": amount})


def _refunds(before: OrderState, after: OrderState) -> Iterator[Happened]:
    known = {refund.key: refund for refund in before.refunds}
    asked = [r for r in after.refunds if r.key not in known and r.reason != OUTSIDE]
    if asked:
        name = "payment.returned" if after.standing is Standing.RETURNED else "payment.surplus"
        yield Happened(name, {"amount": sum(refund.amount for refund in asked)})
    for refund in after.refunds:
        told = _refund_event(known.get(refund.key), refund)
        if told:
            yield Happened(told, {"amount": refund.amount})


def _refund_event(before: Refund | None, after: Refund) -> str | None:
    if before is not None and before.status is after.status:
        return None
    if after.status is RefundStatus.PROCESSED:
        return "refund.processed"
    if after.status in (RefundStatus.FAILED, RefundStatus.REFUSED):
        return "refund.failed"
    outside = before is None and after.reason == OUTSIDE and after.status is RefundStatus.CREATED
    return "refund.created" if outside else None


def _setback(state: OrderState, fact: Fact, link: Mapping[str, Any]) -> Happened | None:
    """What a customer hears about a failed payment or the end of the link they have."""
    if fact.entity == "payment" and fact.state == "failed":
        said = {key: fact.detail.get(key) or "" for key in ("error_reason", "error_description")}
        return Happened(
            "payment.failed", {"reason": said["error_reason"], "description": said["error_description"]}
        )
    if fact.entity != "payment_link" or (fact.entity, fact.state) not in SETBACKS:
        return None
    current = next((a for a in state.attempts if a.reference_id == link.get("reference")), None)
    if current is None or current.link_id != fact.entity_id:
        return None
    return Happened(f"payment_link.{fact.state}")


def order_of(conversation: Conversation) -> Mapping[str, Any]:
    """The conversation's current order, as its templates see it; empty if there is none."""
    order: Mapping[str, Any] = conversation.data.get("order") or {}
    return order


def about(conversation: Conversation, state: OrderState) -> Conversation:
    """The conversation with this order as its current one, as it stands now."""
    order = order_of(conversation)
    if order.get("key") != state.order.key:
        order = _known(state)
    newest = max((attempt.ordinal for attempt in state.attempts), default=0)
    changed = {
        **order,
        "attempts": max(order["attempts"], newest),
        "status": status(state),
        "due": due(state),
        "lapsed": state.standing is Standing.LAPSED,
        "link": _live(order.get("link"), state),
    }
    return replace(conversation, data={**conversation.data, "order": changed})


def _live(link: Mapping[str, Any] | None, state: OrderState) -> Mapping[str, Any] | None:
    """The link as it is known now; None once it can't be paid any more."""
    attempt = next((a for a in state.attempts if link and a.reference_id == link["reference"]), None)
    if link is None or attempt is None:
        return link
    if attempt.status in (AttemptStatus.PLANNED, AttemptStatus.CREATING):
        return {**link, "expires_at": attempt.expires_at}
    if attempt.status is not AttemptStatus.CREATED:
        return None
    return {**link, "id": attempt.link_id, "url": attempt.short_url}


def with_link_as_of(conversation: Conversation, now: int) -> Conversation:
    """The conversation, knowing whether its link has run out by `now` (milliseconds since 1970, UTC)."""
    order = order_of(conversation)
    link = order.get("link")
    if not link or (over := link["expires_at"] <= now) == link.get("over", False):
        return conversation
    known = {**order, "link": {**link, "over": over}}
    return replace(conversation, data={**conversation.data, "order": known})


def with_link(conversation: Conversation, attempt: Attempt) -> Conversation:
    """The conversation waiting for this attempt's link."""
    link = {"reference": attempt.reference_id, "expires_at": attempt.expires_at, "url": ""}
    order = {**order_of(conversation), "link": link, "attempts": attempt.ordinal}
    return replace(conversation, data={**conversation.data, "order": order})


def earlier_links(conversation: Conversation) -> tuple[str, ...]:
    """Reference ids of links, of orders that the chat has left, not yet known to be over; the newest last.

    More than one only of a customer who turned out to have several conversations.
    """
    return tuple(conversation.data.get(_EARLIER, ()))


def with_earlier_links(conversation: Conversation, references: Iterable[str]) -> Conversation:
    """The conversation waiting for the end of these links of earlier orders, and of no other."""
    return replace(conversation, data={**conversation.data, _EARLIER: list(dict.fromkeys(references))})


def _known(state: OrderState) -> dict[str, Any]:
    order = state.order
    return {
        "key": order.key,
        "number": order.number,
        "lines": lines_to_json(order.lines),
        "total": order.total,
        "currency": order.currency,
        "attempts": max((attempt.ordinal for attempt in state.attempts), default=0),
    }
