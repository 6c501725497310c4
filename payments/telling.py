"""From what the ledger learned to what the conversation is told. Pure.

A change of verdict moves the conversation, once. The conversation knows one order: its current one,
or the one that money last came in for.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from flows.conversation import Conversation
from flows.events import Happened
from payments import ledger
from payments.calls import Call, CancelLink, FetchPayments
from payments.case import OrderState
from payments.facts import Fact
from payments.ledger import Verdict
from payments.orders import LINK_STATUSES, Attempt, AttemptStatus, lines_to_json, moved

CREATED: Final = "payment_link.created"
REFUSED: Final = "payment_link.refused"
WITHDRAWN: Final = "payment_link.withdrawn"
"""A link was cancelled, or had ended by itself; `status` says how."""

_VERDICT_EVENTS: Final[Mapping[Verdict, str]] = {
    Verdict.PAID: "payment.captured",
    Verdict.OVERPAID: "payment.captured",
    Verdict.SHORT: "payment.short",
    Verdict.UNKNOWN: "payment.held",
}


FETCHED: Final = "payments.fetched"
"""The payments that were asked for; `facts` holds them."""

_ENDED: Final = frozenset({AttemptStatus.EXPIRED, AttemptStatus.CANCELLED})


def after_facts(
    conversation: Conversation, state: OrderState, verdict: Verdict, new: tuple[Fact, ...]
) -> tuple[Conversation, tuple[Happened, ...]]:
    """The conversation as it knows the order now, and what it is told. `state` holds the verdict before."""
    before = state.verdict
    if verdict is not before and verdict in _VERDICT_EVENTS and not (before.settled and verdict.settled):
        conversation = _about(conversation, state, "paid" if verdict.settled else "held")
        return conversation, (Happened(_VERDICT_EVENTS[verdict], _captured(state)),)
    if verdict in _VERDICT_EVENTS or _order_of(conversation).get("key") != state.order.key:
        return conversation, ()
    if verdict is Verdict.AUTHORISED:
        return _about(conversation, state, "authorised"), ()
    if any(_says_paid(fact) for fact in new):
        return _about(conversation, state, "held"), ()
    told = tuple(happened for fact in new if (happened := _setback(conversation, state, fact)))
    if any(happened.name in ("payment_link.expired", "payment_link.cancelled") for happened in told):
        conversation = _with_link(conversation, None)
    return conversation, told


def unexplained(state: OrderState, verdict: Verdict, new: tuple[Fact, ...]) -> tuple[FetchPayments, ...]:
    """Asks for the payments of a link or order that is said to be paid while no capture is known."""
    if verdict.settled or not any(_says_paid(fact) for fact in new):
        return ()
    attempts = sorted(state.attempts, key=lambda attempt: attempt.ordinal)
    named = [a for a in attempts if any(fact.entity_id == a.link_id for fact in new)] or attempts
    return tuple(FetchPayments(a.reference_id, a.link_id) for a in named[-1:])


def _says_paid(fact: Fact) -> bool:
    return fact.entity in ("payment_link", "order") and fact.state == "paid"


def _setback(conversation: Conversation, state: OrderState, fact: Fact) -> Happened | None:
    """What a customer with an unpaid order hears about a failed payment or an ended link."""
    if fact.entity == "payment" and fact.state == "failed":
        detail = {key: fact.detail.get(key) or "" for key in ("error_reason", "error_description")}
        return Happened(
            "payment.failed", {"reason": detail["error_reason"], "description": detail["error_description"]}
        )
    if fact.entity != "payment_link" or fact.state not in ("expired", "cancelled"):
        return None
    link = _order_of(conversation).get("link") or {}
    current = next((a for a in state.attempts if a.reference_id == link.get("reference")), None)
    if current is None or current.link_id != fact.entity_id:
        return None
    return Happened(f"payment_link.{fact.state}", {})


def after_result(
    conversation: Conversation,
    attempt: Attempt,
    name: str,
    fields: Mapping[str, Any],
    *,
    settled: bool = False,
) -> tuple[Attempt, Conversation, tuple[Happened, ...], tuple[Call, ...]]:
    """What a call's answer changes: the attempt, the conversation, what it is told, what to call next.

    `settled`: the order's total is known to be captured. Raises KeyError if `name` is not an answer
    that a call gives.
    """
    order = _order_of(conversation)
    link = order.get("link") or {}
    current = link.get("reference") == attempt.reference_id
    if name == CREATED:
        attempt = replace(attempt, link_id=fields["link_id"], short_url=fields["short_url"])
        attempt = moved(attempt, LINK_STATUSES.get(fields["status"], AttemptStatus.CREATED))
        if attempt.status is not AttemptStatus.CREATED:
            return _over(conversation, attempt, current, settled)
        if not current or order["status"] != "unpaid":
            return attempt, conversation, (), (CancelLink(attempt.reference_id, attempt.link_id),)
        known = {**link, "id": attempt.link_id, "url": attempt.short_url}
        told = Happened(CREATED, {"short_url": attempt.short_url})
        return attempt, _with_link(conversation, known), (told,), ()
    if name == REFUSED:
        refused = moved(attempt, AttemptStatus.REFUSED)
        if not current:
            return refused, conversation, (), ()
        return refused, _with_link(conversation, None), (Happened(REFUSED, {"reason": fields["reason"]}),), ()
    if name == WITHDRAWN:
        withdrawn = moved(attempt, LINK_STATUSES.get(fields["status"], attempt.status))
        if withdrawn.status is AttemptStatus.PAID:
            return _over(conversation, withdrawn, _is_of(attempt, order), settled)
        return withdrawn, conversation, (), ()
    raise KeyError(f"unknown answer {name!r}")


def _over(
    conversation: Conversation, attempt: Attempt, current: bool, settled: bool
) -> tuple[Attempt, Conversation, tuple[Happened, ...], tuple[Call, ...]]:
    """A link turned out to be paid, or to have ended. A paid one is held until its payments are known."""
    if attempt.status in _ENDED:
        unpaid = current and _order_of(conversation)["status"] == "unpaid"
        told = (Happened(f"payment_link.{attempt.status}"),) if unpaid else ()
        return attempt, _with_link(conversation, None) if unpaid else conversation, told, ()
    if settled or attempt.status is not AttemptStatus.PAID:
        return attempt, conversation, (), ()
    if current:
        held = {**_order_of(conversation), "status": "held"}
        conversation = replace(conversation, data={**conversation.data, "order": held})
    return attempt, conversation, (), (FetchPayments(attempt.reference_id, attempt.link_id),)


def _is_of(attempt: Attempt, order: Mapping[str, Any]) -> bool:
    """Whether the conversation's order is the attempt's, and waits for its money."""
    return bool(order.get("key") == attempt.order_key and order.get("status") == "unpaid")


def displaced(before: Conversation, after: Conversation) -> tuple[CancelLink, ...]:
    """Cancels the link of an unpaid order whose place another order has taken: no one could ask for it."""
    order = _order_of(before)
    link = order.get("link")
    if not link or order["status"] != "unpaid" or order["key"] == _order_of(after).get("key"):
        return ()
    return (CancelLink(link["reference"], link.get("id")),)


def known_to_conversation(state: OrderState, status: str) -> dict[str, Any]:
    """An order as a conversation's data holds it."""
    order = state.order
    return {
        "key": order.key,
        "number": order.number,
        "lines": lines_to_json(order.lines),
        "total": order.total,
        "currency": order.currency,
        "attempts": max((attempt.ordinal for attempt in state.attempts), default=0),
        "status": status,
    }


def _about(conversation: Conversation, state: OrderState, status: str) -> Conversation:
    """The conversation with this order as its current one."""
    order = _order_of(conversation)
    if order.get("key") != state.order.key:
        order = known_to_conversation(state, status)
    return replace(conversation, data={**conversation.data, "order": {**order, "status": status}})


def _captured(state: OrderState) -> dict[str, Any]:
    payments = [fact for fact in state.facts if fact.entity == "payment" and fact.state == "captured"]
    method = next((fact.detail.get("method") for fact in payments if fact.detail.get("method")), "")
    return {"amount": ledger.captured(state.facts, state.order.currency), "method": method}


def _with_link(conversation: Conversation, link: Mapping[str, Any] | None) -> Conversation:
    order = {**_order_of(conversation), "link": link}
    return replace(conversation, data={**conversation.data, "order": order})


def _order_of(conversation: Conversation) -> Mapping[str, Any]:
    order: Mapping[str, Any] = conversation.data.get("order") or {}
    return order
