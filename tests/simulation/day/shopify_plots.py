"""Plots of a day about orders' copies at Shopify. See `tests.simulation.day.plots`."""

from collections.abc import Callable, Mapping
from typing import Final

from tests.simulation.database import Crash
from tests.simulation.day.plots import TEA, opened, orders
from tests.simulation.day.world import DayWorld
from tests.simulation.shopper import Shopper, Story
from tests.simulation.weather import MINUTE


def _an_answer_of_shopify_is_lost(world: DayWorld) -> Story:
    """Shopify made the order, nobody heard so, and it finds it only minutes later."""
    opened(world)
    asha, shopify = Shopper(world, 1), world.shopify
    shopify.lags, world.shopify_post.held = (4 * MINUTE,), True
    shopify.lose_answers["orderCreate"] = 1
    yield from _pays(world, asha)
    yield lambda: bool(shopify.copies)
    yield 7 * MINUTE


def _shopify_says_nothing_clear(world: DayWorld) -> Story:
    """Shopify made the order, and its answer sounds like a refusal. The customer is known there by then."""
    opened(world)
    asha, shopify = Shopper(world, 1), world.shopify
    shopify.lags, world.shopify_post.held = (4 * MINUTE,), True
    shopify.ways, shopify.lose_answers["orderCreate"] = ("408", "wrong"), 1
    yield from _pays(world, asha)
    yield lambda: bool(shopify.copies)
    yield 7 * MINUTE


def _it_dies_after_the_order_was_made(world: DayWorld) -> Story:
    """The process dies with Shopify's answer in its hands."""
    opened(world)
    asha, shopify = Shopper(world, 1), world.shopify
    shopify.lags, world.shopify_post.held = (4 * MINUTE,), True

    def die_once(_: int, where: str) -> None:
        if where == "after orderCreate" and not world.seen["crash"]:
            raise Crash(where)

    world.crash_hook = die_once
    yield from _pays(world, asha)
    yield lambda: bool(world.seen["crash"])
    yield 10 * MINUTE


def _shopify_is_too_slow(world: DayWorld) -> Story:
    """It finds the order only when a second one was made. Its news of the first comes late."""
    opened(world)
    asha, shopify = Shopper(world, 1), world.shopify
    shopify.lags, world.shopify_post.held = (20 * MINUTE,), True
    shopify.lose_answers["orderCreate"] = 1
    yield from _pays(world, asha)
    yield lambda: len(shopify.copies) > 1
    yield MINUTE
    world.shopify_post.release()
    yield 2 * MINUTE


def _books_without_the_payment(world: DayWorld) -> Story:
    """The restored books learn a second time that the order is paid. Its copy is made already."""
    opened(world)
    asha, shopify = Shopper(world, 1), world.shopify
    world.shopify_post.held = True
    yield from orders(world, asha, TEA)
    world.plan(world.now(), world.backups.make)
    yield lambda: world.backups.made
    asha.pays()
    yield lambda: bool(shopify.copies)
    world.plan(world.now(), world.backups.lose)
    yield lambda: world.backups.restored
    yield from asha.hears("Payment Successful")
    yield 10 * MINUTE


def _shopify_is_down(world: DayWorld) -> Story:
    """The customer hears at once, and calls off: nothing of it comes to Shopify. The other order does."""
    opened(world)
    asha, ravi, shopify = Shopper(world, 1), Shopper(world, 2), world.shopify
    shopify.down = True
    for who in (asha, ravi):
        yield from _pays(world, who)
    asha.says("cancel order")
    yield from asha.hears("as you wished")
    yield 10 * MINUTE
    assert not shopify.copies
    shopify.down = False
    yield lambda: bool(shopify.copies)
    yield MINUTE


def _a_merchant_at_shopify(world: DayWorld) -> Story:
    """What is sent there is out here. What is cancelled there is cancelled here only if nobody has paid."""
    opened(world)
    asha, ravi, lata = (Shopper(world, n) for n in (1, 2, 3))
    shopify = world.shopify
    yield from _pays(world, asha)
    yield lambda: len(shopify.copies) > 0
    yield from orders(world, ravi, TEA, pays="cash")
    yield lambda: len(shopify.copies) > 1
    yield from orders(world, lata, TEA, pays="cash")
    yield lambda: len(shopify.copies) > 2
    shopify.fulfil(shopify.copies[0])
    shopify.cancel(shopify.copies[1])
    yield 2 * MINUTE
    shopify.cancel(shopify.copies[0])
    shopify.refund(shopify.copies[2])
    shopify.fulfil(shopify.copies[2], "delivered")
    yield 2 * MINUTE


def _taken_off_there_too(world: DayWorld) -> Story:
    """A piece, a part of the price and the address change after the copy was made; an answer is lost."""
    meena, ramesh = opened(world)
    asha, shopify = Shopper(world, 1), world.shopify
    yield from orders(world, asha, TEA, 3, coupon="TEA20")
    asha.pays()
    yield lambda: bool(shopify.copies)
    shopify.lose_answers["refundCreate"] = 1
    yield from meena.types("#10001 less masala-250 1 sold out")
    yield from meena.types("#10001 allowance 12.50 late")
    yield from ramesh.types("#10001 address 7 Other Lane, Pune 411006")
    yield 5 * MINUTE


def _cash_after_an_allowance(world: DayWorld) -> Story:
    """Less is owed before the cash is taken, and Shopify notes as paid what the order cost."""
    meena, ramesh = opened(world)
    asha, shopify = Shopper(world, 1), world.shopify
    yield from orders(world, asha, TEA, 2, pays="cash")
    yield lambda: bool(shopify.copies)
    yield from meena.types("#10001 allowance 12.50 late")
    yield MINUTE
    yield from ramesh.types("#10001 delivered cash")
    yield lambda: shopify.copies[0].paid
    yield 5 * MINUTE


def _pays(world: DayWorld, who: Shopper) -> Story:
    """Order, pay, and hear that it is paid."""
    yield from orders(world, who, TEA)
    who.pays()
    yield from who.hears("Payment Successful")


SHOPIFY_PLOTS: Final[Mapping[str, Callable[[DayWorld], Story]]] = {
    "an answer of shopify is lost": _an_answer_of_shopify_is_lost,
    "shopify says nothing clear": _shopify_says_nothing_clear,
    "it dies after the order was made": _it_dies_after_the_order_was_made,
    "shopify is too slow": _shopify_is_too_slow,
    "books without the payment": _books_without_the_payment,
    "shopify is down": _shopify_is_down,
    "taken off there too": _taken_off_there_too,
    "cash after an allowance": _cash_after_an_allowance,
    "a merchant at shopify": _a_merchant_at_shopify,
}
