"""Another conversation turned out to be this customer's too: what becomes of its order, cart and words. Pure.

A customer has one open order and at most one link that can be paid. So of two open orders the older ends, as
if the customer had placed the newer one after it in one chat.
"""

from dataclasses import replace
from typing import Any

from flows.engine.conversation import Conversation
from payments.processing.bodies import Joined
from payments.processing.shop_state import of_conversation, order_key_in
from payments.processing.turn import Trace, Turn
from payments.shop.orders import order_key_of


def order_keys(other: Conversation) -> set[str]:
    """The orders that joining with `other` needs: its current one, and those of earlier links of it."""
    current = order_key_in(other.data)
    earlier = {order_key_of(reference) for reference in other.data.get("earlier_links", ())}
    return {*earlier, *([current] if current else ())}


def join(turn: Turn, body: Joined) -> tuple[Trace, bool]:
    """Take over what the other conversation had: the trace, and that it had an effect."""
    other, mine = body.other, turn.conversation
    theirs = of_conversation(other, turn.shop.at, turn.shop.orders, turn.shop.left)
    entry: dict[str, Any] = {"event": "joined", "with": other.id, "state": mine.state}
    heard_last = body.heard_last and other.language
    turn.conversation = replace(
        mine,
        language=other.language if heard_last or not mine.language else mine.language,
        customer={**other.customer, **mine.customer},
        variables={**other.variables, **mine.variables},
    )
    if theirs.cart and not turn.shop.cart:
        turn.shop = turn.shop.with_cart(theirs.cart)
        entry["took"] = "cart"
    turn.shop = turn.shop.waiting_for((*theirs.earlier_links, *turn.shop.earlier_links))
    if not turn.shop.current and theirs.current:
        turn.shop = replace(turn.shop.about(theirs.current), asked_at=theirs.asked_at)
    elif left := theirs.order:
        turn.shop = turn.shop.displace(left)
        if turn.shop.known(left.key).lifecycle is not left.lifecycle:
            entry["ended"] = left.order.number
    return (entry,), True
