"""The payment statuses in which each message of the shipped flow is true."""

from collections.abc import Iterator, Mapping
from typing import Final

from flows.engine.conversation import Conversation
from payments.ledger.state import OrderState
from payments.processing.changes import ChangeSet
from payments.processing.conversation_data import order_key_in

ALWAYS: Final = frozenset(
    {"", "unpaid", "authorised", "short", "held", "cash", "paid", "refunding", "refunded", "cancelled"}
)
"""Every payment status, and the empty text where there is no order."""
_ANY: Final = ALWAYS - {""}
_BACK: Final = frozenset({"refunding", "refunded"})
_DUE: Final = frozenset({"paid", "cash"})
"""The customer is to get the goods, or has got them."""
_OFF: Final = frozenset({"cancelled"}) | _BACK
_UNPAID: Final = frozenset({"unpaid"})
_SHORT: Final = frozenset({"short"})
_OF_THE_CHAT: Final = (
    *("products", "cart", "cart_limit", "cart_empty", "change_what", "change_how", "how_many", "summary"),
    *("sold_out", "all_sold_out", "not_ordered", "stale_button", "help", "apology"),
    *("how_it_stands", "asked_lately", "too_many"),
    *(
        "sizes",
        "not_there",
        "not_all_there",
        "no_earlier_order",
        "where",
        "when",
        "no_such_time",
        "no_address",
        "not_at_summary",
        "which_time",
    ),
    *("what_code", "address_refused", "slot_gone"),
    *("coupon_refused", "price_changed"),
    *(
        "a_person_comes",
        "no_person",
        "bot_is_back",
        "asks_for_person",
        "quiet_now",
        "offers_on",
        "something_new",
        "below_minimum",
        "closed",
        "not_understood",
        "shelf",
        "which",
        "named",
        "what_note",
    ),
    *("privacy", "forgotten", "not_forgotten"),
)

WHEN: Final = {
    # of the cart and the chat: they claim nothing of an order
    **dict.fromkeys(_OF_THE_CHAT, ALWAYS),
    "not_while_paying": _UNPAID | _SHORT,
    # nothing is paid
    "complete_payment": _UNPAID,
    "card_is_above": _UNPAID,
    "link_slow": _UNPAID,
    "link_refused": _UNPAID,
    "link_impossible": _UNPAID,
    "earlier_order_paid": _UNPAID,
    "earlier_link_open": _UNPAID,
    "payment_failed": _UNPAID,
    "payment_released": _UNPAID,
    "link_expired": _UNPAID,
    "not_paid_yet": _UNPAID,
    "payment_reminder": _UNPAID,
    "order_cancelled": _UNPAID,
    "order_sold_out": _UNPAID,
    "payment_not_found": _UNPAID,
    "cash_instead": _UNPAID,
    "online_only": _UNPAID,
    "cancelled": frozenset({"", "unpaid", "cancelled"}),
    # there is something to pay
    "payment_url": _UNPAID | _SHORT,
    "checking_payment": _UNPAID | _SHORT,
    # a part is paid
    "pay_the_rest": _SHORT,
    "part_received": _SHORT,
    "part_cancelled": _SHORT | _BACK,
    "rest_failed": _SHORT,
    "rest_refused": _SHORT | _BACK | {"held"},
    # the bank said yes
    "bank_said_yes": frozenset({"authorised"}),
    # money came
    "payment_held": frozenset({"held", "short"}),
    "payment_successful": frozenset({"paid"}),
    "order_is_paid": frozenset({"paid"}),
    "nothing_open": _DUE,
    "receipt": frozenset({"paid"}),
    "part_receipt": frozenset({"cash"}),
    "payment_undone": _ANY,
    "payment_surplus": frozenset({"paid"}) | _BACK,
    "payment_returned": _BACK,
    "paid_order_off": _BACK,
    # of the goods
    "cash_order": frozenset({"cash"}),
    "new_order": _DUE,
    **dict.fromkeys(("accepted", "on_its_way", "bill", "delivered", "thanks", "sorry_for_it"), _DUE | _BACK),
    "too_late": _DUE | _BACK | {"held", "authorised"},
    **dict.fromkeys(("called_off", "order_is_off", "order_off"), _OFF),
    "amended": _DUE | _BACK,
    "refund_started": _ANY,
    "refund_done": _ANY,
    "refund_stuck": _ANY,
    "money_waits": _ANY,
}
"""By message: the statuses that the chat's order may have when it is sent."""

SHOWN: Final = frozenset({"complete_payment", "payment_url", "payment_reminder", "pay_the_rest"})
"""Messages that ask for money over the current link."""


def untruths(conversation: Conversation, orders: Mapping[str, OrderState], done: ChangeSet) -> Iterator[str]:
    """Messages in `done` that are not true of the chat's order. Messages aside are about another order.

    `conversation` and `orders` are those after `done`.
    """
    key = order_key_in(conversation.data)
    now = orders[key].status if key else ""
    entries = [entry for handled in done.results for entry in handled.trace if not entry.get("aside")]
    for entry in entries:
        for name in (*entry.get("said", ()), *entry.get("told", ())):
            if now not in WHEN[name]:
                yield f"'{name}' is said while the order is {now or 'none'}: {entry}"
