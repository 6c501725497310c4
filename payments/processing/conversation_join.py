"""Merge another conversation of the same customer: its order, its cart and what is known from it. Pure.

A customer has one open order and at most one link that can be paid. So of two open orders the older ends, as
if the customer had placed the newer one after it in one chat.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

from flows.engine.conversation import Conversation
from payments.processing.bodies import Joined
from payments.processing.conversation_data import of_conversation, order_keys_in
from payments.processing.turn import Trace, Turn
from payments.shop.checkout import NOTHING_SAID
from payments.shop.consent import stricter
from payments.shop.orders import order_key_of


def order_keys(other: Conversation) -> set[str]:
    """Return the keys of the orders that joining `other` needs: those that its steps need, and those of
    earlier links."""
    earlier = {order_key_of(reference) for reference in other.data.get("earlier_links", ())}
    return earlier | order_keys_in(other.data)


def join(turn: Turn, body: Joined) -> tuple[Trace, bool]:
    """Take over what the other conversation has. Return the trace, and True: the event had an effect."""
    other, own = body.other, turn.conversation
    shop = turn.shop
    merged = of_conversation(other, shop.at, shop.orders, shop.left, shop.taken, shop.next_number)
    entry: dict[str, Any] = {"event": "joined", "with": other.id, "state": own.state}
    heard_last = body.heard_last and other.language
    turn.conversation = replace(
        own,
        language=other.language if heard_last or not own.language else own.language,
        customer={**other.customer, **own.customer},
        variables={**other.variables, **own.variables},
        paged=tuple(dict.fromkeys((*own.paged, *other.paged))),
    )
    if merged.cart and not turn.shop.cart:
        turn.shop = turn.shop.with_cart(merged.cart)
        entry["took"] = "cart"
    turn.shop = turn.shop._replace(
        checkout=merged.checkout if turn.shop.checkout == NOTHING_SAID else turn.shop.checkout,
        used=dict(Counter(turn.shop.used) + Counter(merged.used)),
        refusals=turn.shop.refusals + merged.refusals,
        spent=turn.shop.spent.joined(merged.spent),
        hears=stricter(turn.shop.hears, merged.hears),
        handover=turn.shop.handover or merged.handover,
    )
    turn.shop = turn.shop.waiting_for((*merged.earlier_links, *turn.shop.earlier_links))
    if not turn.shop.current and merged.current:
        turn.shop = turn.shop.about(merged.current)._replace(asked_at=merged.asked_at)
    elif displaced := merged.order:
        turn.shop = turn.shop.displace(displaced)
        if turn.shop.known(displaced.key).lifecycle is not displaced.lifecycle:
            entry["ended"] = displaced.order.number
    return (entry,), True
