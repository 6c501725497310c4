"""The shop's vocabulary in the flow language: its section, actions, events, filter and views.

Actions are pure: each takes a `ShopState` and returns the next one.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from flows.engine.model import Flow
from flows.engine.vocabulary import Vocabulary
from flows.messages.fault import Fault
from payments.ledger.unfinished import Unfinished
from payments.processing import (
    flow_demands,
    flow_types,
    sale_faults,
    sale_roads,
    staff_faults,
    staff_replies,
    views,
)
from payments.processing.cart_actions import CART
from payments.processing.checkout_actions import CHECKOUT
from payments.processing.customer_actions import CUSTOMER, keeps_offers
from payments.processing.order_actions import ORDER
from payments.processing.payment_actions import PAYMENT
from payments.processing.verbs import VERBS
from payments.shop import catalogue_view
from payments.shop.catalogue import Shop
from payments.shop.money import money

EVENTS: Final[Mapping[str, str]] = {
    "checkout.refused": "what the customer said about delivery or coupon cannot be used: `event.field` is"
    " address, slot, coupon, note, pickup, name or phone, `event.reason` says why, `event.limit` is in paise",
    "order.stage": "the goods came to the stage `event.stage`, moved by `event.by` (the member's name, or"
    " `customer`); `event.refund` paise go back, `event.by_hand` of them by a person; `event.invoice` is"
    " the invoice if the goods leave with this event, `event.credit_note` the credit note if it takes them"
    " back, both as documents of a message. An order that is called off is told by this alone",
    "order.amended": "the staff changed the order: `event.items` are missing or came back (empty for an"
    " allowance), `event.amount` is no longer owed, `event.refund` of it goes back, `event.by_hand` of that"
    " by a person, `event.why` is what they said; `event.address` is the new address, empty if it stays;"
    " `event.credit_note` is the credit note of what is taken back, as a document of a message, empty if the"
    " goods have not left yet. A note of the staff is not told",
    "order.requested": "an order was asked for over the API; `event.items` has sku and quantity, `event.pays`"
    " is online or cash",
    "payment_link.created": "Razorpay made the payment link: `order.link` can be sent",
    "payment_link.refused": "there is no payment link; `event.reason` says why, in Razorpay's words or as"
    " `earlier order paid` (ask again, and there is one) or `earlier link open` (Razorpay would not cancel"
    " the one before); `event.again` if another try may bring a link",
    "payment_link.expired": "the payment link ran out unpaid",
    "payment_link.cancelled": "the payment link was cancelled unpaid",
    "payment.authorized": "the bank authorised the payment ten minutes ago, and it is not captured: the money"
    " may still come or go back; comes once",
    "payment.released": "an authorised payment was never captured and goes back, and nobody waits for it any"
    " more: nothing is paid. Not told of an order that is called off",
    "payment.captured": "all that is owed for the order has been paid; comes once; `event.late` if the order"
    " had ended before, `event.by` if a person took the money",
    "payment.taken": "`event.amount` came for an order for which cash is promised, and `event.due` of it is"
    " still to be paid; `event.by` if a person took it. When all has come, `payment.captured` comes"
    " instead",
    "payment.undone": "a person had recorded `event.amount`, of which the customer was told, by mistake:"
    " `event.not_back` of what was to go back does not, `event.due` is to be paid now",
    "payment.short": "`event.amount` was captured, `event.due` is missing: a link for it is being made",
    "payment.held": "`event.amount` was captured that doesn't fit the order (another currency, account, mode"
    " or link); it waits for a person",
    "payment.surplus": "more than the total was captured; `event.amount` goes back, `event.by_hand` of it by"
    " a person, who took it in cash or by UPI",
    "payment.returned": "money came that the order can't be fulfilled for, also one that was called off"
    " before; `event.amount` goes back, `event.by_hand` of it by a person",
    "payment.failed": "one try to pay failed, `event.reason` and `event.description` say why; the link can"
    " still be paid",
    "payment.not_found": "answers `payment.check`: Razorpay knows of no payment",
    "payment.asked_lately": "answers `payment.check`: Razorpay was asked only moments ago",
    "customer.refused": "the customer can't be forgotten yet: `event.reason` says why"
    f" ({', '.join(f'`{reason}`' for reason in Unfinished)}; the shop tells its staff of"
    " orders), `event.number` of which order, empty where none is known",
    "handover.opened": "one of the staff has taken the chat over (*I write to them*), and has not written"
    " yet",
    "handover.ended": "the bot has the chat again; `event.because` says why: `done`, `asked`, `quiet`, or"
    " `nobody` if there is nobody who would read it",
    "refund.created": "`event.amount` is going back, started in Razorpay's dashboard",
    "refund.processed": "`event.amount` went back; `event.by_hand` is the same if a person gave it, else 0",
    "refund.failed": "`event.amount` could not be given back; a person must see to it",
}
FIRED: Final[Mapping[str, str]] = {
    "cart.emptied": "the last line of the cart went",
    "cart.incomplete": "`cart.repeat` found less than the order held: `event.gone` names what there is none"
    " of, `event.less` what there is less of",
    "cart.refused": "the cart could not take that: `event.reason` says why (`no order`: there is none to"
    " repeat), `event.limit` how many it takes",
    "order.refused": "an action about the order could not do its work: `event.reason` says why,"
    " `event.limit` is in paise; after `too many`, `event.again` is the time of day from which on it is"
    " possible again, and `event.wait` the seconds until then",
}
"""Events that only actions bring."""
REQUIRED: Final = frozenset({"payment.captured", "order.requested"})
AWAITED: Final = frozenset(name for name in EVENTS if name.startswith(("payment.", "payment_link.")))


def _faults(flow: Flow) -> Iterator[Fault]:
    yield from staff_faults.faults(flow)
    yield from sale_faults.faults(flow)
    yield from sale_roads.faults(flow)


SHOP: Final = Vocabulary(
    sections={"shop": Shop},
    actions={**CART, **CHECKOUT, **ORDER, **PAYMENT, **CUSTOMER},
    events=EVENTS,
    required=REQUIRED,
    programs=frozenset({"order.requested"}),
    awaited=AWAITED,
    filters={"money": money},
    statics=lambda sections, language, fallback, words: {
        "language": language,
        "shop": catalogue_view.view(sections["shop"], language, fallback, words),
    },
    refreshed=views.refreshed,
    view_names=("cart", "checkout", "order"),
    views=views.of,
    customer=views.customer,
    staff_place=staff_replies.place,
    staff_verbs=frozenset(VERBS),
    keeps_offers=keeps_offers,
    faults=_faults,
    sample=views.sample,
    trials=views.trials,
    types=flow_types.of,
    to_answer=flow_demands.to_answer,
    late=flow_demands.late,
    kept=flow_demands.kept,
    keeping={"order": ("shop", "keeps")},
)
"""The vocabulary of a shop."""
