"""What an event names: the orders, and the message of ours, that a step is given with it."""

from typing import Any

from payments.processing import conversation_join
from payments.processing.bodies import joined
from payments.processing.step_input import EventKind, InboxEvent
from payments.shop.orders import order_key_of


def order_keys(event: InboxEvent) -> set[str]:
    """Return the keys of the orders that `event` names. A missing field names nothing.

    Raises KeyError, TypeError, ValueError or AttributeError on a body of another shape.
    """
    keys: set[Any] = set()
    if event.kind is EventKind.FACTS:
        keys.add(event.body.get("order_key"))
        keys.update(fact.get("order_key") for fact in event.body.get("facts", ()))
    elif event.kind in (EventKind.RESULT, EventKind.POLL):
        said = event.body.get("fields", {}) if event.kind is EventKind.RESULT else event.body
        reference = said.get("reference_id")
        keys.add(order_key_of(reference) if isinstance(reference, str) else said.get("order_key"))
    elif event.kind is EventKind.STAFF:
        keys.add(event.body.get("order_key"))
    elif event.kind is EventKind.JOINED:
        keys.update(conversation_join.order_keys(joined(event.body).other))
    return {key for key in keys if isinstance(key, str) and key}


def quote_in(event: InboxEvent) -> str | None:
    """Return the channel's id of the message that the customer quoted; None if they quoted none."""
    body = event.body if event.kind is EventKind.CHAT and isinstance(event.body, dict) else {}
    quote = body.get("quote")
    return quote if isinstance(quote, str) else None
