"""Scripts of problems met outside with 0.1: people with two names, fees on top, messages that bounce."""

from typing import Final

from tests.simulation.checker import Book
from tests.simulation.scripts import CHAI, PRICE, Script
from tests.simulation.shopper import Shopper, Story
from tests.simulation.weather import HOUR, MINUTE, Weather
from tests.simulation.world import World

_SUCCESS: Final = "Payment Successful"
_FULFILLED: Final = (Book("fulfilled", PRICE),)


def _known_by_an_id_alone(world: World) -> Story:
    """The shop orders over the API for a customer who hides the number; a tap then shows both names."""
    asha = Shopper(world, 1)
    register = world.meta.register
    register.show_bsuid(asha.phone, "IN.1", hides=True)
    asha.says("hi")
    yield from asha.hears("Welcome")
    asha.orders("masala-250", 1)
    yield from asha.hears("Complete Payment")
    register.show_bsuid(asha.phone, "IN.1", hides=False)
    yield from asha.taps("Pay Now")
    yield from asha.hears("Click here")
    asha.pays()
    yield from asha.hears(_SUCCESS)


def _changes_the_number_while_paying(world: World) -> Story:
    """The system message about the new number and a message from it may arrive in either sequence."""
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    link = asha.link
    world.change_number(asha.phone, "919700000001")
    yield MINUTE
    asha.says("pay")
    yield from asha.hears("Click here")
    world.razorpay.pay(link, link.amount)
    yield from asha.hears(_SUCCESS)


def _buys_and_pays(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    asha.pays()
    yield from asha.hears(_SUCCESS)


def _is_authorised_and_never_captured(world: World) -> Story:
    """A payment is authorised, the shop's account captures nothing, and Razorpay refunds it."""
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    asha.pays()
    yield 3 * HOUR


def _orders_after_the_disk_was_lost(world: World) -> Story:
    """Asha pays an order that the restored books do not contain; Ravi then orders the same."""
    asha, ravi = Shopper(world, 1), Shopper(world, 2)
    world.backups.refunds, world.backups.deletion_chance = 0, 1
    world.plan(world.now(), world.backups.make)
    yield MINUTE
    yield from asha.buys(CHAI)
    asha.pays()
    yield from asha.hears(_SUCCESS)
    world.plan(world.now(), world.backups.lose)
    yield lambda: world.backups.restored
    yield MINUTE
    yield from ravi.chooses(CHAI)
    yield from ravi.taps("Confirm order")
    yield 3 * MINUTE
    if ravi.heard(_SUCCESS):
        world.meta.wrongs.append("Ravi was confirmed with Asha's money")
    yield from ravi.hears("Complete Payment")
    ravi.pays()
    yield from ravi.hears(_SUCCESS)


OUTSIDE: Final = {
    "orders after the disk was lost": Script(
        _orders_after_the_disk_was_lost, _FULFILLED, ("Complete Payment", _SUCCESS), 45
    ),
    "known by an id alone": Script(
        _known_by_an_id_alone, _FULFILLED, ("Complete Payment", "Click here", _SUCCESS)
    ),
    "changes the number while paying": Script(
        _changes_the_number_while_paying, _FULFILLED, ("Complete Payment", "Click here", _SUCCESS)
    ),
    "the payer bears the fee": Script(_buys_and_pays, _FULFILLED, (_SUCCESS,), weather=Weather(fees=True)),
    "each message bounces": Script(
        _buys_and_pays, _FULFILLED, ("Complete Payment", _SUCCESS), 45, Weather(bounced=1.0)
    ),
    "allowed and let go": Script(
        _is_authorised_and_never_captured,
        (Book("lapsed", 0),),
        ("Your bank has said yes", "never reached us"),
        240,
        Weather(uncaptured=1.0),
    ),
}
"""By name, as in `scripts.SCRIPTS`."""
