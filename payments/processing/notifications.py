"""The events that tell a conversation what changed about an order. Pure.

Each change is told once: events come from the difference to the stored order. So a fact whose event failed
is told with the next one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flows.engine.events import Happened
from payments.ledger.facts import EntityType, Fact, FactState
from payments.ledger.holds import HoldReason, Mismatch, reason_of
from payments.ledger.refunds import BY_HAND, OUTSIDE, Refund, RefundStatus
from payments.ledger.state import PAYABLE, OrderState, PaymentStatus
from payments.processing.results import Refusal
from payments.shop.amendments import AmendmentKind
from payments.shop.fulfilment import Stage
from payments.shop.orders import Attempt, AttemptStatus, Lifecycle

NOT_FOUND: Final = "payment.not_found"
"""Event: the customer asked for their payment, and Razorpay knows of none."""
SETBACKS: Final = frozenset(
    {
        (EntityType.PAYMENT, FactState.FAILED),
        (EntityType.PAYMENT_LINK, FactState.EXPIRED),
        (EntityType.PAYMENT_LINK, FactState.CANCELLED),
    }
)
"""(entity, state) of facts that are told once and are not about money."""


@dataclass(frozen=True, slots=True)
class Issued:
    """The document that a change of an order issues, as the link of a message. At most one is not empty."""

    invoice: str = ""
    credit_note: str = ""


_NOTHING: Final = Issued()


def events_for(
    before: OrderState,
    after: OrderState,
    new: tuple[Fact, ...],
    now: int,
    *,
    refusal: Refusal | None = None,
    current: bool = True,
    issued: Issued = _NOTHING,
) -> list[Happened]:
    """Return the events that tell the customer of the change from `before` to `after` by the facts `new`.

    `refusal`: why there is no link. `current`: whether the chat is about this order. Failed payments and the
    end of links are not told about any other order. `issued`: the document that the change
    issues.
    """
    link = before.link if current else None
    events = [*_link_events(before, after, link, now, refusal), *_changes_by_people(before, after, issued)]
    events += _money_events(before, after)
    if after.status in PAYABLE:
        # While a part is paid, the end of an earlier link is not told: there is a link for the rest.
        unpaid = after.status is PaymentStatus.UNPAID
        facts = (fact for fact in new if unpaid or fact.entity is EntityType.PAYMENT)
        events += (event for fact in facts if (event := _setback(after, fact, link)))
    return events if current else [event for event in events if event.name != "payment.failed"]


def _link_events(
    before: OrderState, after: OrderState, link: Attempt | None, now: int, refusal: Refusal | None
) -> Iterator[Happened]:
    """Yield an event if the link that the customer waits for was made or refused.

    Yield none if they need no link any more because they have paid, if the link's time was over when it
    was made, or if a link comes in place of a card.
    """
    new = after.attempt(link.reference_id) if link else None
    if link is None or new is None or link.status is new.status:
        return
    if new.status is AttemptStatus.CREATED and after.status in PAYABLE and new.expires_at > now:
        yield Happened("payment_link.created", {"short_url": new.short_url or ""})
    replaced = link.is_card and after.link is not None
    if new.status is AttemptStatus.REFUSED and {before.status, after.status} & PAYABLE and not replaced:
        why = refusal or Refusal("")
        yield Happened("payment_link.refused", {"reason": why.reason, "again": why.again})


def _changes_by_people(before: OrderState, after: OrderState, issued: Issued) -> Iterator[Happened]:
    """Yield the events for a new stage and for amendments. No person puts an order into its first stage.

    A credit note is named once: by the amendment if one is told, else by the stage.
    """
    back = _intents(before, after)
    refund = {"refund": sum(one.amount for one in back), "by_hand": _by_hand(back)}
    amended = _amended(before, after)
    if after.stage is not before.stage and after.stage not in (None, Stage.PLACED):
        document = {"invoice": issued.invoice, "credit_note": "" if amended else issued.credit_note}
        fields = {"stage": str(after.stage), "by": after.stage_by, **refund, **document}
        yield Happened("order.stage", fields)
    if amended:
        yield Happened("order.amended", {**amended, **refund, "credit_note": issued.credit_note})


def _amended(before: OrderState, after: OrderState) -> Mapping[str, Any]:
    """Return what the new amendments change for the customer; nothing if they change nothing."""
    new = [one for one in after.amendments[len(before.amendments) :] if one.kind not in _TOLD_OTHERWISE]
    names = {line.sku: line.name for line in after.order.lines}
    items = ", ".join(f"{one.pieces} × {names.get(one.sku, one.sku)}" for one in new if one.pieces)
    less = before.owed - after.owed
    address = after.to.address if after.to.address != before.to.address else ""
    if not new or not (items or less or address):
        return {}
    # A note of the staff is for the staff.
    return {"items": items, "amount": less, "why": new[-1].why, "address": address}


_CALLED_OFF: Final = frozenset({Stage.CANCELLED, Stage.REFUSED})
_TOLD_OTHERWISE: Final = frozenset({AmendmentKind.REFUSED, AmendmentKind.KEPT})
"""Amendments that change nothing for the customer beyond what the stage told them."""


def _intents(before: OrderState, after: OrderState) -> list[Refund]:
    """Return the refunds that were decided on meanwhile."""
    known = {refund.key for refund in before.refunds}
    return [r for r in after.refunds if r.key not in known and r.reason not in (OUTSIDE, BY_HAND)]


def _by_hand(refunds: Iterable[Refund]) -> int:
    """Return the paise that a person gives back: no bank has a part in it."""
    return sum(refund.amount for refund in refunds if refund.by_hand)


def _money_events(before: OrderState, after: OrderState) -> Iterator[Happened]:
    fulfilled = after.lifecycle is not before.lifecycle and after.lifecycle is Lifecycle.FULFILLED
    if fulfilled and after.balance.payments:
        late = before.lifecycle is Lifecycle.LAPSED
        yield Happened("payment.captured", {**_paid(after), "late": late})
    yield from _taken(before, after)
    yield from _undone(before, after)
    gone = before.balance.authorised and not (after.balance.authorised or after.balance.payments)
    if gone and after.lifecycle is not Lifecycle.RETURNED:
        yield Happened("payment.released")
    yield from _held(before, after)
    yield from _refunds(before, after)


def _paid(state: OrderState) -> dict[str, Any]:
    balance = state.balance
    method = next((payment.method for payment in balance.payments if payment.method), "")
    by = next((payment.by for payment in balance.payments if payment.by), "")
    return {"amount": balance.paid, "method": method, "by": by}


def _taken(before: OrderState, after: OrderState) -> Iterator[Happened]:
    """Yield an event if a part of the cash came that is promised. All of it is told as a capture."""
    known = {payment.id for payment in before.balance.payments}
    new = [payment for payment in after.balance.fitting if payment.id not in known]
    if new and after.lifecycle is Lifecycle.PROMISED:
        fields = {"amount": sum(one.amount for one in new), "due": after.due}
        yield Happened("payment.taken", {**fields, "method": new[-1].method, "by": new[-1].by})


def _undone(before: OrderState, after: OrderState) -> Iterator[Happened]:
    """Yield an event if a payment by hand was undone, and something that was told of it is not true any more.

    Nothing was told of a slip that neither paid for anything nor had to be given back.
    """
    slips = after.undone[len(before.undone) :]
    withdrawn = {refund.key for refund in before.refunds if refund.status is RefundStatus.WITHDRAWN}
    not_back = sum(
        refund.amount
        for refund in after.refunds
        if refund.status is RefundStatus.WITHDRAWN and refund.key not in withdrawn
    )
    due = after.due if after.goods_due else 0
    if slips and (not_back or after.due > before.due):
        amount = sum(slip.amount for slip in slips)
        yield Happened("payment.undone", {"amount": amount, "not_back": not_back, "due": due})


def _held(before: OrderState, after: OrderState) -> Iterator[Happened]:
    """Yield an event if money arrived that neither settles the order nor goes back.

    Nothing is told of a payment that our own keys have not verified yet: a look-up is under way that will
    find it, or it is not ours.
    """
    if (
        after.held_for is None
        or after.lifecycle is Lifecycle.RETURNED
        or after.balance.mismatch is Mismatch.UNVERIFIED
    ):
        return
    if after.held_for.reason is HoldReason.UNCAPTURED:
        if reason_of(before.held_for) is not HoldReason.UNCAPTURED:
            yield Happened("payment.authorized")
        return
    known_held = 0 if before.balance.mismatch is Mismatch.UNVERIFIED else before.held
    changed = after.held > known_held or after.held_for != before.held_for
    if after.waits_for_rest and after.held > known_held:
        yield Happened("payment.short", {"amount": after.held, "due": after.due})
    elif after.lifecycle is not Lifecycle.FULFILLED and changed and not after.waits_for_rest:
        amount = sum(payment.amount for payment in after.balance.payments)
        yield Happened("payment.held", {"amount": amount})


def _refunds(before: OrderState, after: OrderState) -> Iterator[Happened]:
    known = {refund.key: refund for refund in before.refunds}
    intents = _intents(before, after)
    called_off = after.stage is not before.stage and after.stage in _CALLED_OFF
    if intents and after.owed == before.owed and not called_off:
        # What an amendment gives back is told as the amendment, what a call-off gives back with its stage.
        name = "payment.returned" if after.lifecycle is Lifecycle.RETURNED else "payment.surplus"
        amount = sum(refund.amount for refund in intents)
        yield Happened(name, {"amount": amount, "by_hand": _by_hand(intents)})
    for refund in after.refunds:
        event = _refund_event(known.get(refund.key), refund)
        if event:
            yield Happened(event, {"amount": refund.amount, "by_hand": _by_hand([refund])})


def _refund_event(before: Refund | None, after: Refund) -> str | None:
    if before is not None and before.status is after.status:
        return None
    if after.status is RefundStatus.PROCESSED:
        return "refund.processed"
    if after.status in (RefundStatus.FAILED, RefundStatus.REFUSED):
        return "refund.failed"
    outside = before is None and after.reason == OUTSIDE and after.status is RefundStatus.CREATED
    return "refund.created" if outside else None


def _setback(state: OrderState, fact: Fact, link: Attempt | None) -> Happened | None:
    """Return the event for a failed payment, or for the end of the customer's link; None for other facts."""
    if fact.reports(EntityType.PAYMENT, FactState.FAILED):
        if _was_given_up(state, fact.detail.link):
            return None
        why = {"reason": fact.detail.error_reason, "description": fact.detail.error_description}
        return Happened("payment.failed", why)
    if fact.entity is not EntityType.PAYMENT_LINK or (fact.entity, fact.state) not in SETBACKS:
        return None
    current = link and state.attempt(link.reference_id)
    if not current or current.link_id != fact.entity_id:
        return None
    return Happened(f"payment_link.{fact.state}")


def _was_given_up(state: OrderState, link_id: str) -> bool:
    """Return whether it is a card that was withdrawn, or that a link replaced, so that failures are no news.

    They are seen by a look-up, minutes late. A webhook tells at once what failed on a link.
    """
    card = next((one for one in state.attempts if one.is_card and one.link_id == link_id), None)
    if card is None:
        return False
    newer = state.link is not None and state.link.ordinal > card.ordinal
    return newer or card.status in _GIVEN_UP


_GIVEN_UP: Final = frozenset({AttemptStatus.WITHDRAWING, AttemptStatus.REFUSED, AttemptStatus.CANCELLED})
