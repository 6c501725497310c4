"""Which messages newer ones supersede while they wait to be sent, and how many stay. Pure.

WhatsApp takes one message in six seconds for each customer after a burst. A customer who writes faster would
build a queue of hours, with the news of their own payment behind it. So of the answers that still wait only
those to their last few texts, taps and pictures are sent, and to what a program asked for in vain. Whatever
else is said to a customer is always sent: news of money and orders, an answer that goes with a change of an
order, what a person wrote. So is the last answer that shows a payment link.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flows.engine.effects import Say
from flows.messages.kinds import to_json
from payments.ledger.state import OrderState
from payments.processing.notice import Notice, NoticeKind
from payments.processing.step_input import EventKind
from payments.shop.budgets import TOO_MANY

KEPT: Final = 5
"""Events of a customer whose waiting answers stay; of those that show the same link, only the last."""
ANY: Final = "answer"
"""The topic of an answer that shows no payment link."""


def topic(say: Say, kind: EventKind, orders: Iterable[OrderState], *, about_order: bool) -> str | None:
    """Return the topic of a message to a customer that an event of `kind` led to; None if it is always sent.

    `orders` are theirs. `about_order`: the event changed one of them.
    """
    if kind not in (EventKind.CHAT, EventKind.REQUEST) or about_order or say.offer:
        return None
    said = str(to_json(say.message))
    shown = (attempt.short_url for state in orders for attempt in state.attempts if attempt.short_url)
    return next((f"link {url}" for url in shown if url in said), ANY)


def flood_notice(conversation: str) -> Notice:
    """Return the notice that answers to the customer of a conversation were superseded."""
    said = (
        f"The customer of conversation {conversation} wrote faster than WhatsApp takes answers, or WhatsApp"
        f" took none for a while: of the answers that waited, those to their last {KEPT} messages were kept."
        f" What is said of orders and money is always sent. 'munshi why {conversation}' shows both. If they"
        " go on and mean harm, block them in WhatsApp."
    )
    return Notice(NoticeKind.LIMITED, f"answers {conversation}", said)


def is_limited(trace: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether `trace` says that the customer was refused an order or a link as one too many."""
    return any(entry.get("reason") == TOO_MANY for entry in trace)


def limit_notice(conversation: str) -> Notice:
    """Return the notice that the customer of a conversation was refused an order or a link."""
    said = (
        f"The customer of conversation {conversation} asked for more orders or payment links than"
        " 'budgets' of the shop allows within an hour, and was refused. 'munshi why"
        f" {conversation}' shows what they did. If they mean it, raise 'budgets' in the flow file."
    )
    return Notice(NoticeKind.LIMITED, f"orders {conversation}", said)
