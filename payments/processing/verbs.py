"""All that the staff can do: one value for each verb. Pure.

A new verb is an entry here and the function that it names. What the API takes for it stands in
`bot.http.desk_changes`, and how the shell reads it in `bot.cli.order`; a test holds them to these entries.
"""

from collections.abc import Collection, Mapping
from typing import Final

from flows.document.errors import close
from payments.processing import (
    handover,
    order_destination,
    order_verbs,
    shown_to_others,
    staff_consent,
    staff_lists,
    staff_products,
)
from payments.processing import verb_phrases as phrases
from payments.processing.named_orders import DAY, ORDERS, PRODUCTS, SWITCH
from payments.processing.order_answers import STAGE
from payments.processing.verb import ChatVerb, OrderVerb, Verb
from payments.shop.fulfilment import LADDER, Stage
from payments.shop.staff import Right

REPLY: Final = "reply"
"""Say the action's value to the customer."""
LAST_REPLY: Final = "last_reply"
"""Say the action's value to the customer, and give the chat back to the bot."""
DONE: Final = "done"
"""Give the chat back to the bot."""
HANDOVER: Final = "handover"
"""Take the chat over, to write to the customer."""
WROTE: Final = "wrote"
"""Leave the chat to a person who has written to the customer by another program."""
HEARS: Final = "hears"
"""Keep what the customer wants to hear."""
NEWS: Final = "news"
"""Show the staff the action's value: what was done in the shop's other system, and changes nothing here."""
SHOW: Final = "show"
"""Show the order, and change nothing."""

_ORDERS: Final = (Right.ORDERS,)
_MONEY: Final = (Right.MONEY,)
_CHAT: Final = (Right.CHAT,)

_LISTS: Final = (
    ChatVerb(
        name=ORDERS,
        does=staff_lists.orders,
        rights=_ORDERS,
        told=phrases.always("asked what is to do"),
        help="#orders shows what is to do.",
    ),
    ChatVerb(
        name=DAY,
        does=staff_lists.day,
        rights=(Right.ORDERS, Right.MONEY),
        told=phrases.always("asked for the figures of a day"),
        help="#day shows today's figures; #day yesterday, #day 2026-11-08.",
    ),
    ChatVerb(
        name=PRODUCTS,
        does=staff_products.products,
        rights=(Right.ORDERS, Right.MONEY),
        told=phrases.always("asked what can be ordered"),
        help="#products shows all skus, with names and what is off; #products kaju those called so.",
    ),
    ChatVerb(
        name=SWITCH,
        does=staff_products.switch,
        rights=_ORDERS,
        told=phrases.switched,
        help="#product <sku> off takes it off sale; #product <sku> on puts it back.",
    ),
)
_OF_ORDERS: Final = (
    OrderVerb(
        name=SHOW,
        does=order_verbs.show,
        rights=_ORDERS,
        told=phrases.always("looked at it"),
        help="#10034 shows an order, with buttons.",
    ),
    OrderVerb(
        name=STAGE,
        does=order_verbs.move,
        rights=_ORDERS,
        told=phrases.moved,
        help="#10034 accepted, preparing, ready, out; #10034 delivered cash, upi or owed.",
        posted="stage",
        shape="<stage>",
        goods_after=1,
    ),
    OrderVerb(
        name="cancel",
        does=order_verbs.cancel,
        rights=_ORDERS,
        told=phrases.ended("cancelled it"),
        help="#10034 cancel.",
        posted="cancel",
        goods_after=0,
        options=("goods",),
    ),
    OrderVerb(
        name="refuse",
        does=order_verbs.refuse,
        rights=_ORDERS,
        told=phrases.ended("said that it was refused at the door"),
        help="#10034 refuse; #10034 refuse keep-delivery.",
        posted="refuse",
        goods_after=0,
        options=("goods", "keep"),
    ),
    OrderVerb(
        name="less",
        does=order_verbs.take_less,
        rights=_MONEY,
        told=phrases.of_pieces("took {} out of it"),
        help="#10034 less <sku> <pieces> <why>; #10034 less shows its skus.",
        posted="less",
        shape="<sku> <pieces>",
        goods_after=2,
        options=("why", "goods"),
    ),
    OrderVerb(
        name="return",
        does=order_verbs.take_back,
        rights=_MONEY,
        told=phrases.of_pieces("took {} back"),
        help="#10034 return <sku> <pieces> <why>; #10034 return shows its skus.",
        posted="return",
        shape="<sku> <pieces>",
        goods_after=2,
        options=("why", "goods"),
    ),
    OrderVerb(
        name="allowance",
        does=order_verbs.allow,
        rights=_MONEY,
        told=phrases.allowed,
        help="#10034 allowance <rupees> <why>.",
        posted="allowance",
        shape="<rupees>",
        options=("why",),
    ),
    OrderVerb(
        name="cash",
        does=order_verbs.take_cash,
        rights=_ORDERS,
        told=phrases.taken("in cash"),
        help="#10034 cash <rupees>.",
        posted="hand",
        shape="[rupees] [surplus]",
    ),
    OrderVerb(
        name="upi",
        does=order_verbs.take_upi,
        rights=_ORDERS,
        told=phrases.taken("by UPI"),
        help="#10034 upi <rupees>.",
        posted="hand",
        shape="[rupees] [surplus]",
    ),
    OrderVerb(
        name="undo",
        does=order_verbs.undo,
        rights=_MONEY,
        told=phrases.undone,
        help="#10034 undo, if that cash or upi was recorded by mistake; undo 2, if there are several.",
        posted="undo",
        shape="[payment]",
    ),
    OrderVerb(
        name="refunded",
        does=order_verbs.give_back,
        rights=_MONEY,
        told=phrases.always("gave back by hand what had to go back"),
        help="#10034 refunded, once what was to be given back by hand was.",
        posted="refunded",
    ),
    OrderVerb(
        name="delivery",
        does=order_verbs.decide_delivery,
        rights=_MONEY,
        told=phrases.delivery_decided,
        help="#10034 delivery keep, or delivery refund, after a refuse keep-delivery.",
        posted="delivery",
        shape="keep|refund",
    ),
    OrderVerb(
        name="address",
        does=order_destination.change_address,
        rights=_ORDERS,
        told=phrases.with_text("changed the address to"),
        help="#10034 address <new address>.",
        posted="address",
        shape="<text>",
    ),
    OrderVerb(
        name="note",
        does=order_destination.change_note,
        rights=_ORDERS,
        told=phrases.with_text("changed the note to"),
        help="#10034 note <text>.",
        posted="note",
        shape="<text>",
    ),
)
_OF_CHATS: Final = (
    ChatVerb(
        name=DONE,
        does=handover.give_back,
        rights=_CHAT,
        told=phrases.always("gave the chat back to the bot"),
        help="#done, in reply to a customer's message, gives their chat back to the bot.",
    ),
    ChatVerb(name=REPLY, does=handover.reply, rights=_CHAT, told=phrases.with_text("wrote")),
    ChatVerb(
        name=LAST_REPLY,
        does=handover.last_reply,
        rights=_CHAT,
        told=phrases.with_text("gave the chat back and wrote"),
    ),
    ChatVerb(name=HANDOVER, does=handover.take_over, rights=_CHAT, told=phrases.always("took the chat over")),
    ChatVerb(name=NEWS, does=shown_to_others.pass_news, rights=_ORDERS),
    ChatVerb(name=WROTE, does=handover.leave_to_person, rights=_CHAT),
    ChatVerb(
        name=HEARS,
        does=staff_consent.keep_hears,
        rights=_CHAT,
        told=phrases.with_text("set what the customer hears to"),
    ),
)

ORDER_VERBS: Final[Mapping[str, OrderVerb]] = {verb.name: verb for verb in _OF_ORDERS}
"""By name: what can be done about an order."""
VERBS: Final[Mapping[str, Verb]] = {verb.name: verb for verb in (*_LISTS, *_OF_ORDERS, *_OF_CHATS)}
"""By name: all that the staff can do, in the order of `#help`."""


def right_for(name: str) -> Right:
    """Return the right that is named to who may not do the verb."""
    return _rights(name)[0]


def may_do(name: str, rights: Collection[Right]) -> bool:
    """Return whether who has `rights` may do the verb."""
    return any(right in rights for right in _rights(name))


def _rights(name: str) -> tuple[Right, ...]:
    verb = VERBS.get(name)
    return verb.rights if verb else _ORDERS


def normal(name: str, value: str) -> tuple[str, str]:
    """Return verb and words as typed: a stage alone stands for a move to it."""
    return (STAGE, f"{name} {value}".strip()) if name in frozenset(Stage) else (name, value)


def meant(name: str, *unsaid: str) -> str:
    """Return a sentence about what `name`, which is no verb of an order, may mean; empty if nothing is near.

    `unsaid` are verbs that have no word there.
    """
    if name.lower() in _GIVES_BACK:
        return "money goes back by return, less or allowance."
    if name.lower() in _SENT_OUT:
        return f"did you mean '{Stage.OUT}'?"
    known = [word for word in (*LADDER[1:], *ORDER_VERBS) if word not in (STAGE, *unsaid)]
    return close(name, map(str, known))


_SENT_OUT: Final = frozenset({"dispatch", "dispatched", "despatched", "sent", "ship", "shipped", "on"})
"""Words for what is one stage."""
_GIVES_BACK: Final = frozenset({"refund", "money-back", "moneyback"})
"""Words for what three verbs do, each for another reason."""
