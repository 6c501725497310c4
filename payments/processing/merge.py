"""Another conversation turned out to be this customer's too: what becomes of its order, cart and words. Pure.

A customer has one open order and at most one link that can be paid. So of two open orders the older ends, as
if the customer had placed the newer one after it in one chat.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flows.engine import conversation as conversations
from flows.engine.conversation import Conversation
from payments.processing.draft import Draft, Trace
from payments.processing.notifications import earlier_links, order_of, with_earlier_links
from payments.shop import cart
from payments.shop.orders import order_key_of


def order_keys(other: Conversation) -> set[str]:
    """The orders that joining with `other` needs: its current one, and those of earlier links of it."""
    current = order_of(other).get("key")
    return {*(order_key_of(reference) for reference in earlier_links(other)), *([current] if current else ())}


def read(body: Mapping[str, Any]) -> Conversation:
    """The other conversation, from the body of a `Kind.JOINED`. Raises ValueError or KeyError."""
    return conversations.from_json(body["conversation"], json.loads(body["snapshot"]))


def joined(draft: Draft, body: Mapping[str, Any]) -> tuple[Trace, bool]:
    """Take over what the other conversation had: the trace, and that it had an effect."""
    other, mine = read(body), draft.conversation
    entry: dict[str, Any] = {"event": "joined", "with": other.id, "state": mine.state}
    heard_last = body["heard_last"] and other.language
    data = dict(mine.data)
    if cart.of(other.data) and not cart.of(mine.data):
        data = dict(cart.into(data, cart.of(other.data)))
        entry["took"] = "cart"
    left = draft.orders.get(order_of(other).get("key", ""))
    if not order_of(mine) and order_of(other):
        data["order"], left = order_of(other), None
    draft.conversation = replace(
        mine,
        language=other.language if heard_last or not mine.language else mine.language,
        customer={**other.customer, **mine.customer},
        variables={**other.variables, **mine.variables},
        data=data,
    )
    waiting = (*earlier_links(other), *earlier_links(mine))
    if waiting:
        draft.conversation = with_earlier_links(draft.conversation, waiting)
    if left is not None:
        draft.displace(left)
        if draft.orders[left.order.key].standing is not left.standing:
            entry["ended"] = left.order.number
    return (entry,), True
