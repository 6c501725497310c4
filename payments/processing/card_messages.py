"""Cards in what is said: a payment gets its bill, and news of goods change the card that paid for them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from flows.engine.effects import Say
from flows.engine.events import Event, Happened
from flows.messages.kinds import CardUpdate, Payment, Text
from payments.ledger.calls import Call, CloseCard
from payments.ledger.state import OrderState
from payments.processing import cards
from payments.processing.shop_state import ShopState
from payments.shop.catalogue import Shop
from payments.shop.fulfilment import Stage
from payments.shop.orders import Attempt, AttemptStatus, order_key_of, shown

_STATUSES: Final[Mapping[Stage, str]] = {
    Stage.ACCEPTED: "processing",
    Stage.PREPARING: "processing",
    Stage.READY: "processing",
    Stage.OUT: "shipped",
    Stage.DELIVERED: "completed",
}
"""What a card shows of each stage. Nothing of the others: the channel cancels no card that was paid."""


@dataclass(frozen=True, slots=True)
class Said:
    """Messages as they are sent, the shop after them, and the card that they show."""

    says: tuple[Say, ...]
    shop: ShopState
    shown: Attempt | None = None


def with_bill(says: tuple[Say, ...], shop: ShopState, *, reminding: bool) -> Said:
    """Return the messages, of which the first that offers a new card shows it.

    Any later one is its text alone: the channel takes a card once. No reminder shows a card, because it may
    be dropped before it is sent.
    """
    offers = next((say for say in says if isinstance(say.message, Payment)), None)
    if offers is None:
        return Said(says, shop)
    assert isinstance(offers.message, Payment)
    card = None if reminding else _unshown(shop, offers.message.card)
    state = shop.known(card.order_key) if card else None
    bill = cards.bill(state.order, card, shop.at.shop) if state and card else None
    said = tuple(
        replace(
            say, message=replace(say.message, bill=bill) if bill and say is offers else say.message.plain()
        )
        if isinstance(say.message, Payment)
        else say
        for say in says
    )
    if bill is None or card is None or state is None:
        return Said(said, shop)
    return Said(said, shop.with_order(state.with_attempt(shown(card))), shown(card))


def _unshown(shop: ShopState, reference: str) -> Attempt | None:
    attempt = shop.known(order_key_of(reference)).attempt(reference)
    return attempt if attempt.status is AttemptStatus.CREATING else None


def unshown_cards(shop: ShopState) -> list[tuple[OrderState, Attempt]]:
    """Return the cards that this event has asked for, and no message has shown."""
    return [
        (state, attempt)
        for state in shop.orders.values()
        for attempt in state.attempts
        if attempt.is_card and attempt.status is AttemptStatus.CREATING
    ]


def on_card(says: tuple[Say, ...], state: OrderState | None, event: Event) -> tuple[Say, ...]:
    """Return the messages. The first text about a new stage also changes the card that paid for the order."""
    if state is None or state.stage is None or not isinstance(event, Happened):
        return says
    card, status = _paid_card(state), _STATUSES.get(state.stage)
    if event.name != "order.stage" or card is None or status is None:
        return says
    first = next((say for say in says if isinstance(say.message, Text)), None)
    return tuple(_as_update(say, card, status) if say is first else say for say in says)


def _as_update(say: Say, card: Attempt, status: str) -> Say:
    message = say.message
    return replace(
        say, message=CardUpdate(message.words, card.reference_id, status, fallback=message.fallback)
    )


def _paid_card(state: OrderState) -> Attempt | None:
    paid = {payment.link for payment in state.balance.fitting}
    return next((one for one in state.attempts if one.is_card and one.link_id in paid), None)


def worded(call: Call, shop: Shop, language: str) -> Call:
    """Return the call. What closes a card says so in the customer's language."""
    if not isinstance(call, CloseCard):
        return call
    return replace(call, words=cards.closing_words(shop, language))
