"""What an event names: the orders, and the message of ours, that a step is given with it."""

import re
from collections.abc import Mapping
from typing import Any, Final

from flows.messages.replies import ReplyId, decode
from payments.processing import conversation_join
from payments.processing.bodies import joined
from payments.processing.step_input import EventKind, InboxEvent
from payments.shop.business_day import Period
from payments.shop.orders import conversation_of, order_key_of

ORDERS: Final = "orders"
"""What a member of the staff asks for in their own chat: the orders to do."""
PRODUCTS: Final = "products"
"""What can be ordered: the words are a page, or a part of a name."""
SWITCH: Final = "product"
"""A product or variant off sale, or back: the words are its sku, and `off` or `on`."""
DAY: Final = "day"
"""The figures of a day: the words are its period."""


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
    elif event.kind is EventKind.CHAT:
        keys.update(_tapped(event))
    elif event.kind is EventKind.JOINED:
        keys.update(conversation_join.order_keys(joined(event.body).other))
    return {key for key in keys if isinstance(key, str) and key}


def _tapped(event: InboxEvent) -> set[str]:
    """Return the keys of orders in the value of a button: `<order key> 5` rates that order."""
    said = _fields(event, EventKind.CHAT).get("event")
    tapped = said.get("id") if isinstance(said, dict) else None
    reply = decode(tapped) if isinstance(tapped, str) else None
    words = reply.value.split() if isinstance(reply, ReplyId) else ()
    return {word for word in words if conversation_of(word) is not None}


def quote_in(event: InboxEvent) -> str | None:
    """Return the channel's id of the message that the customer quoted; None if they quoted none."""
    quote = _fields(event, EventKind.CHAT).get("quote")
    return quote if isinstance(quote, str) else None


def numbers_in(event: InboxEvent) -> set[str]:
    """Return the order numbers with which the text of `event` begins, if it is a command about an order.

    Also if the `#` before it was forgotten.
    """
    said = _fields(event, EventKind.CHAT).get("event")
    text = said.get("text") if isinstance(said, dict) else None
    number = order_number(text if "#" in text else f"#{text}") if isinstance(text, str) else None
    return set() if number is None else {number}


def order_number(text: str) -> str | None:
    """Return the number of the order that a command of the staff is about (`#10034 out`); None if none is."""
    match = _NUMBER.match(text)
    return str(int(match["number"])) if match else None


_NUMBER: Final = re.compile(r"\s*#\s*(?P<number>[0-9०-९]{1,18})(?!\w)")


def asks_for_to_do(event: InboxEvent) -> bool:
    """Return whether a member of the staff asks in `event` for the orders to do."""
    return _fields(event, EventKind.STAFF).get("verb") == ORDERS


def may_answer_a_customer(event: InboxEvent) -> bool:
    """Return whether somebody writes in `event`, and taps nothing: a member may mean a customer."""
    said = _fields(event, EventKind.CHAT).get("event")
    return isinstance(said, dict) and said.get("kind") != "tap"


def period_in(event: InboxEvent) -> Period | None:
    """Return the day for whose figures a member of the staff asks in `event`; None if for none."""
    body = _fields(event, EventKind.STAFF)
    return period_from(str(body.get("value"))) if body.get("verb") == DAY else None


def _fields(event: InboxEvent, kind: EventKind) -> Mapping[str, Any]:
    """Return the body of an event of this kind; nothing of another one, or if it has another shape."""
    return event.body if event.kind is kind and isinstance(event.body, dict) else {}


def period_from(value: str) -> Period | None:
    """Return the period that `period_to` wrote; None if it wrote none."""
    match = _PERIOD.fullmatch(value)
    return Period(int(match["start"]), int(match["end"])) if match else None


def period_to(period: Period) -> str:
    """Return `period` as the words of a command."""
    return f"{period.start} {period.end}"


_PERIOD: Final = re.compile(r"(?P<start>-?[0-9]{1,15}) (?P<end>-?[0-9]{1,15})", re.ASCII)
