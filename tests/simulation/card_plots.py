"""Scripts of orders that are paid in the chat: the card is paid, closed, left alone, or said to be paid."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from tests.simulation.cards import CardMeta, CardRazorpay, CardWorld
from tests.simulation.checker import Book
from tests.simulation.scripts import CHAI, CUP, CUPS, PRICE, Script
from tests.simulation.shopper import Shopper, Story
from tests.simulation.weather import MINUTE, Weather
from tests.simulation.world import World

_OFFER, _SUCCESS, _NOT_CLOSED = "Complete Payment", "Payment Successful", "could not be closed"


def another(asha: Shopper) -> Story:
    """Wait for what can be paid in place of a card that is being closed.

    Of some messages no receipt says that they arrived. If it is the one that closes the card, then only the
    end of the card's time makes way, and who wants to pay must say so again.
    """
    yield lambda: any(map(asha.heard, (_OFFER, "has expired", _NOT_CLOSED)))
    while not asha.heard(_OFFER):
        yield 10 * MINUTE
        asha.says("retry")
        yield lambda: asha.heard(_OFFER) or asha.heard(_NOT_CLOSED)


def _pays(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    asha.pays()
    yield from asha.hears(_SUCCESS)


def _wants_another_way(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    asha.says("retry")
    yield from another(asha)
    asha.pays()


def _pays_while_it_is_to_be_closed(world: World) -> Story:
    """The payment has begun, so Meta closes no card; a link beside it would be a second thing to pay."""
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    payment = asha.begins_payment()
    asha.says("retry")
    yield from asha.hears(_NOT_CLOSED)
    world.razorpay.finish(payment)


def _cancels(world: World) -> Story:
    """Who cancels finds a card in the chat that cannot be paid."""
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    asha.says("cancel")
    yield from asha.hears("is cancelled")
    yield 2 * MINUTE
    if world.razorpay.is_open(asha.link):
        asha.pays()


def _changes_the_cart(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    asha.says("cart")
    yield from asha.taps("Add more")
    yield from asha.taps(CUPS)
    yield from asha.taps("Proceed to Checkout")
    yield from asha.taps("Confirm order")
    yield from another(asha)
    asha.pays()


def _lets_it_expire(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    yield from asha.hears("has expired")
    yield 10 * MINUTE
    asha.says("retry")
    yield from asha.hears(_OFFER)
    asha.pays()


def _unheard(plot: Callable[[World], Story], world: World) -> Story:
    """Play `plot` while Meta tells nothing of any message: neither that it arrived, nor that it failed."""
    _meta(world).receipts = False
    yield from plot(world)


def _is_said_to_be_paid(world: World) -> Story:
    """Meta says that the card is paid; at Razorpay the payment is under way, and then fails."""
    asha, meta = Shopper(world, 1), _meta(world)
    yield from asha.buys(CHAI)
    payment = asha.begins_payment()
    meta.tell(asha.link, replace(payment, status="captured", captured=True))
    yield 5 * MINUTE
    world.razorpay.fail(payment)


def _is_said_to_be_paid_elsewhere(world: World) -> Story:
    """Meta says that the card is paid, on an order of an account that our keys do not see."""
    asha, meta = Shopper(world, 1), _meta(world)
    yield from asha.buys(CHAI)
    payment = asha.begins_payment()
    del world.razorpay.payments[payment.id]
    meta.tell(replace(asha.link, order="order_Elsewhere001"), replace(payment, status="captured"))


def _is_said_to_have_failed_and_arrives(world: World) -> Story:
    """The customer has the card and gets a link; whichever of them is open some minutes later is paid."""
    asha, meta = Shopper(world, 1), _meta(world)
    meta.receipts = False
    yield from asha.buys(CHAI)
    card = asha.link
    meta.receipts = True
    meta.disown(card)
    yield lambda: asha.link is not card
    meta.deliver(card)
    yield 5 * MINUTE
    if world.razorpay.is_open(card):
        world.razorpay.pay(card, card.amount)
    asha.pays()


def _pays_and_nobody_says_so(world: World) -> Story:
    """Neither webhook comes: Razorpay's are lost, and Meta says nothing."""
    assert isinstance(world.razorpay, CardRazorpay)
    world.razorpay.meta = None
    yield from _pays(world)


def _meta(world: World) -> CardMeta:
    assert isinstance(world.meta, CardMeta)
    return world.meta


_on_cards = partial(Script, kind=CardWorld)
_FULFILLED: Final = (Book("fulfilled", PRICE),)
_UNPAID: Final = (Book("lapsed", 0),)

CARDS: Final = {
    "pays a card": _on_cards(_pays, _FULFILLED, (_OFFER, _SUCCESS)),
    "pays a card, and nobody says so": _on_cards(
        _pays_and_nobody_says_so, _FULFILLED, (_OFFER, _SUCCESS), weather=Weather(lose=1.0)
    ),
    "a card is refused": _on_cards(_pays, _FULFILLED, (_OFFER, _SUCCESS), weather=Weather(stubborn=1.0)),
    "wants another way than the card": _on_cards(
        _wants_another_way, _FULFILLED, (_OFFER, _OFFER, _SUCCESS), 50
    ),
    "pays a card that is to be closed": _on_cards(
        _pays_while_it_is_to_be_closed, _FULFILLED, (_NOT_CLOSED, _SUCCESS)
    ),
    "cancels an order with a card": _on_cards(_cancels, _UNPAID, ("is cancelled",), 45),
    "changes the cart of a card": _on_cards(
        _changes_the_cart, (*_UNPAID, Book("fulfilled", PRICE + CUP)), (_OFFER, _OFFER, _SUCCESS), 50
    ),
    "lets a card expire": _on_cards(
        _lets_it_expire, _FULFILLED, (_OFFER, "has expired", _OFFER, _SUCCESS), 50
    ),
    "no receipt of a card comes": _on_cards(
        partial(_unheard, _lets_it_expire), _FULFILLED, (_OFFER, "has expired", _OFFER, _SUCCESS), 80
    ),
    "no receipt of a closing comes": _on_cards(partial(_unheard, _cancels), _UNPAID, ("is cancelled",), 45),
    "a card is said to have failed, and arrives": _on_cards(
        _is_said_to_have_failed_and_arrives, _FULFILLED, (_OFFER, _OFFER, _SUCCESS)
    ),
    "a card is said to be paid": _on_cards(_is_said_to_be_paid, _UNPAID, (_OFFER, "has expired"), 45),
    "a card is said to be paid elsewhere": _on_cards(
        _is_said_to_be_paid_elsewhere, (Book("open", 0),), (_OFFER,), 45
    ),
}
"""By name, as in `scripts.SCRIPTS`."""
