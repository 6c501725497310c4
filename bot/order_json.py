"""An order as JSON, for the API and `munshi order --json`. Money is paise, times are milliseconds. Pure."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from payments.ledger.facts import Fact
from payments.ledger.hints import for_held
from payments.ledger.holds import in_words
from payments.ledger.order_sums import sums
from payments.ledger.refunds import Refund
from payments.ledger.state import OrderState
from payments.shop import amendments
from payments.shop.amendments import Amendment
from payments.shop.invoice import NumberedInvoice
from payments.shop.order_terms import destination_to_json
from payments.shop.orders import Attempt, Line
from storage.reports.desk import DeskOrder, OrderPage, StaffMove, UnreadableOrder


def page_to_json(page: OrderPage) -> dict[str, Any]:
    """Return a page of a list. `next` is what the next page comes `after`; None on the last page."""
    return {
        "orders": [_unreadable(o) if isinstance(o, UnreadableOrder) else to_json(o) for o in page.orders],
        "next": None if page.next is None else str(page.next),
    }


def _unreadable(order: UnreadableOrder) -> dict[str, Any]:
    """Return what is known of an order that cannot be read."""
    return {
        "key": order.key,
        "number": order.number,
        "placed_at": order.placed_at,
        "unreadable": order.why,
    }


def detailed_to_json(order: DeskOrder) -> dict[str, Any]:
    """Return an order with its documents and the moves of the staff."""
    documents = [_document(one) for one in order.documents]
    return {**to_json(order), "documents": documents, "moves": [_move(move) for move in order.moves]}


def to_json(order: DeskOrder) -> dict[str, Any]:
    """Return an order."""
    state = order.state
    placed, terms = state.order, state.order.terms
    gone = amendments.missing(state.amendments)
    return {
        "key": state.key,
        "number": placed.number,
        "placed_at": placed.placed_at,
        "paid_at": order.paid_at,
        "stage": _text(state.stage),
        "stage_by": state.stage_by or None,
        "stage_at": state.stage_at or None,
        "todo": [str(task) for task in state.tasks],
        "payment": str(state.status),
        "currency": placed.currency,
        "lines": [_line(line, gone[line.sku]) for line in placed.lines],
        **sums(state),
        "held": _held(state),
        "coupon": terms.coupon or None,
        "kept": dict(terms.kept),
        "to": destination_to_json(state.to),
        "customer": {
            "conversation": placed.conversation,
            "name": order.name or None,
            "phone": f"+{order.phone}" if order.phone else None,
        },
        "amendments": [_amendment(amendment) for amendment in state.amendments],
        "payments": _payments(state),
        "undone": [_undone(slip) for slip in state.undone],
        "refunds": [_refund(refund) for refund in state.refunds],
        "attempts": [_attempt(attempt) for attempt in state.attempts],
    }


def _held(state: OrderState) -> dict[str, Any] | None:
    hold = state.held_for
    if hold is None:
        return None
    return {"amount": state.held, "reason": in_words(hold), "remedy": for_held(hold)}


def _line(line: Line, gone: int) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "gone": gone,
        "price": line.price,
        "total": line.total,
        "discount": line.discount,
    }


def _amendment(amendment: Amendment) -> dict[str, Any]:
    to = None if amendment.to is None else destination_to_json(amendment.to)
    fields = asdict(amendment) | {"to": to, "kind": str(amendment.kind)}
    del fields["order_key"]
    return fields


def _payments(state: OrderState) -> list[dict[str, Any]]:
    return [
        {
            "id": payment.id,
            "amount": payment.amount,
            "currency": payment.currency,
            "method": payment.method or None,
            "by": payment.by or None,
            "at": payment.at * 1000,
            "fits": payment.mismatch is None,
        }
        for payment in state.balance.payments
    ]


def _undone(slip: Fact) -> dict[str, Any]:
    """Return a payment that was recorded by mistake, with who said so and when."""
    return {"id": slip.entity_id, "amount": slip.amount, "by": slip.detail.by, "at": slip.at * 1000}


def _refund(refund: Refund) -> dict[str, Any]:
    return {
        "key": refund.key,
        "payment_id": refund.payment_id,
        "amount": refund.amount,
        "reason": refund.reason,
        "status": str(refund.status),
        "by_hand": refund.by_hand,
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "reference_id": attempt.reference_id,
        "amount": attempt.amount,
        "status": str(attempt.status),
        "razorpay_id": None if attempt.is_card else attempt.link_id,
        "razorpay_short_url": attempt.short_url,
        "expires_at": attempt.expires_at,
    }


def _document(one: NumberedInvoice) -> dict[str, Any]:
    """Return what events out tell of it too: see `storage.inbox.hook_events`."""
    document = one.invoice
    kind = str(document.kind)
    return {"number": one.number, "kind": kind, "total": document.total, "issued_at": document.issued_at}


def _move(move: StaffMove) -> Mapping[str, Any]:
    return {**asdict(move), "stage": move.stage or None, "refused": move.refused or None}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
