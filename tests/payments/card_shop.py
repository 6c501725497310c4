"""The shipped shop, whose customers may pay in the chat."""

import re

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from flows.messages.kinds import Payment
from payments.ledger.facts import Fact
from payments.processing.actions import SHOP
from payments.processing.results import CardArrived, LinkKept, LinkRefused, LinkWithdrawn
from payments.processing.results import to_json as result_to_json
from payments.processing.step_input import EventKind
from payments.shop.orders import LinkStatus
from tests.builders import PACKET, InboxBody, fact, payment, webhook
from tests.payments.memory_shop import MemoryShop

ASHA = "919800000001"


def with_cards(shop_text: str, terms: str = '{configuration: razorpay-main, catalogue: "3001"}') -> str:
    """The shipped file, with cards under these `whatsapp_pay:` terms. Its lines have the same numbers."""
    text = shop_text
    for pattern, put in (
        (r"^  # (whatsapp_pay: ){.*?}", rf"  \1{terms}"),
        (r"^    # (link: .*pay: true)", r"    \1"),
        (r"^    buttons:\n.*\n.*\n(?=    template: {name: complete_payment)", "#\n" * 3),
    ):
        text, count = re.subn("(?m)" + pattern, put, text)
        assert count == 1, pattern
    return text


def card_flow(text: str) -> Flow:
    return load(text, "flows.yaml", SHOP, limits=LIMITS)


def indian(flow: Flow) -> MemoryShop:
    """A customer with a number in India."""
    store = MemoryShop(flow)
    store.phones["c-1"] = ASHA
    return store


def cards_of(store: MemoryShop) -> list[Payment]:
    """The cards that the last step showed."""
    return [say.message for say in store.last.messages if isinstance(say.message, Payment)]


def answer(result: CardArrived | LinkKept | LinkRefused | LinkWithdrawn) -> InboxBody:
    return EventKind.RESULT, result_to_json(result)


def refused(card: str, *, certain: bool = True) -> InboxBody:
    """Word that the message with a card was not taken."""
    return answer(LinkRefused(card, "131009", certain=certain))


def closed(card: str) -> InboxBody:
    """Word that a card was closed."""
    return answer(LinkWithdrawn(card, card, LinkStatus.CANCELLED))


def hint(card: str, order: str, amount: int) -> InboxBody:
    """What the messenger says: a card was paid on this order of Razorpay's."""
    key = card.rsplit(".", 1)[0]
    return webhook(fact("order", "paid", order, amount, order_key=key, link=card))


def card_of(store: MemoryShop) -> str:
    """Buy one packet, and return the reference of the card that is shown."""
    store.order()
    [shown] = cards_of(store)
    return shown.card


def captured_on(card: str, id: str = "pay_1") -> Fact:
    """What our own keys see of a payment of that card."""
    return payment("captured", PACKET, id, order_key=card.rsplit(".", 1)[0], link=card, method="upi")
