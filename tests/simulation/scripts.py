"""Scripts: plots of what customers, payers and banks do, each with the one end that it must have.

A plot is a generator. It acts, then yields what it waits for: milliseconds, or a condition. So it
goes on however late the bot answers, and ends the same under all schedules and all crashes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.simulation.checker import Book
from tests.simulation.history import History
from tests.simulation.shopper import Shopper, Story, schedule
from tests.simulation.weather import HOUR, MINUTE, Weather
from tests.simulation.world import World

CHAI, CUPS = "Masala chai 250 g", "Kulhad cups (6)"
PRICE: Final = 180_00
"""Price of one CHAI in paise."""
CUP: Final = 320_00
"""Price of one CUPS in paise. The simulated shop has seven in stock."""
FAIR: Final = Weather()


@dataclass(frozen=True)
class Script:
    """A plot and its expected end."""

    plot: Callable[[World], Story]
    books: tuple[Book, ...]
    """The end of each order, in any sequence."""
    heard: tuple[str, ...]
    """Texts that customers must have received, in this sequence."""
    minutes: int = 23
    """How long the world lasts: until nothing happens any more, even if all runs some minutes late."""
    weather: Weather = FAIR
    kind: type[World] = World

    def __call__(self, world: World) -> None:
        """Schedule the plot in `world`: a script is a `populate` of `play`."""
        schedule(world, self.plot(world))


def ended(history: History, script: Script) -> list[str]:
    """Return the violations of `history`, and how its end differs from that of `script`."""
    violations = list(history.violations)
    if sorted(map(repr, history.books)) != sorted(map(repr, script.books)):
        violations.append(f"the books say {history.books}")
    heard = iter(history.heard)
    violations += [
        f"nobody heard '{words}'" for words in script.heard if not any(words in text for text in heard)
    ]
    return violations


def _buys_and_pays(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    yield from asha.taps("Pay Now")
    yield from asha.hears("Click here")
    asha.pays()
    yield from asha.hears("Payment Successful")


def _fails_then_pays(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    world.razorpay.fail(asha.begins_payment())
    yield from asha.taps("Try again")
    yield from asha.hears("Complete Payment")
    asha.pays()


def _expires_retries_pays(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    yield 20 * MINUTE
    yield from asha.taps("Try again")
    yield from asha.hears("Complete Payment")
    asha.pays()


def _cancels_and_pays_in_flight(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CUPS)
    payment = asha.begins_payment()
    asha.says("cancel")
    yield lambda: asha.link.status == "cancelled"
    world.razorpay.finish(payment)


def _cancels_and_pays_sold_out(world: World) -> Story:
    asha, ravi = Shopper(world, 1), Shopper(world, 2)
    yield from asha.buys(CUPS)
    payment = asha.begins_payment()
    asha.says("cancel")
    yield lambda: asha.link.status == "cancelled"
    yield 2 * MINUTE  # the shop may have died, and learns of it only now: until then it keeps the goods
    yield from _buys_out(ravi, 7)
    world.razorpay.finish(payment)
    yield from asha.hears("does not go ahead")
    yield from _refunded(world, "processed")


def _buys_out(shopper: Shopper, quantity: int) -> Story:
    shopper.says("hi")
    yield from shopper.hears("Welcome")
    shopper.orders("kulhad-6", quantity)
    yield lambda: bool(shopper.links)
    shopper.pays()
    yield from shopper.hears("Payment Successful")


def _refunded(world: World, status: str) -> Story:
    """Wait for a refund, and let the bank give each refund this status."""
    yield lambda: bool(world.razorpay.refunds)
    for refund in list(world.razorpay.refunds.values()):
        world.razorpay.settle(refund, status)


def _pays_short_then_the_rest(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    asha.pays(-50_00)
    yield from asha.taps("Pay the rest")
    yield from asha.hears("Click here")
    asha.pays()


def _pays_short_never_the_rest(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    asha.pays(-50_00)
    yield from asha.hears("does not go ahead")


def _pays_too_much(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    asha.pays(50_00)
    yield from asha.hears("more than order")
    yield from _refunded(world, "processed")


def _pays_two_links(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    yield 19 * MINUTE
    first = asha.begins_payment()
    yield 2 * MINUTE
    asha.says("retry")
    yield lambda: len(asha.links) == 2
    yield from asha.hears("Complete Payment")
    second = asha.begins_payment()
    world.razorpay.finish(first)
    world.razorpay.finish(second)


def _bank_says_yes_late(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    payment = asha.begins_payment()
    yield 10 * MINUTE
    world.razorpay.fail(payment)
    yield from asha.hears("did not go through")
    yield 15 * MINUTE
    world.razorpay.finish(payment)


def _orders_over_the_api(world: World) -> Story:
    asha = Shopper(world, 1)
    asha.says("hi")
    yield from asha.hears("Welcome")
    asha.orders("masala-250", 2)
    yield from asha.taps("Pay Now")
    yield from asha.hears("Click here")
    asha.pays()


def _pays_unheard(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    asha.pays()


def _pays_unheard_and_says_so(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    asha.pays()
    asha.says("i have paid")


def _changes_the_cart(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    old = asha.begins_payment()
    asha.says("cart")
    yield from asha.taps("Add more")
    yield from asha.taps(CUPS)
    yield from asha.taps("Proceed to Checkout")
    yield from asha.taps("Confirm order")
    yield lambda: len(asha.links) == 2
    yield from asha.hears("Complete Payment")
    world.razorpay.fail(old)
    asha.pays()


def _refund_fails(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    asha.pays(50_00)
    yield from asha.hears("more than order")
    yield from _refunded(world, "failed")


def _two_want_the_last(world: World) -> Story:
    asha, ravi, meera = (Shopper(world, number) for number in (1, 2, 3))
    yield from _buys_out(meera, 6)
    yield from asha.chooses(CUPS)
    yield from ravi.chooses(CUPS)
    for shopper in (asha, ravi):
        shopper.sends(shopper.tap("Confirm order"))
    for shopper in (asha, ravi):
        yield partial(_has_answer, shopper)
        if shopper.links:
            shopper.pays()


def _has_answer(shopper: Shopper) -> bool:
    return shopper.heard("is sold out") or bool(shopper.links)


_PAID, _SUCCESS = Book("fulfilled", PRICE), "Payment Successful"
_ALL_LOST: Final = Weather(lose=1.0)

SCRIPTS: Final = {
    "buys and pays": Script(_buys_and_pays, (_PAID,), ("Complete Payment", "Click here", _SUCCESS)),
    "fails, then pays": Script(_fails_then_pays, (_PAID,), ("did not go through", _SUCCESS)),
    "link expires, retries, pays": Script(_expires_retries_pays, (_PAID,), ("has expired", _SUCCESS), 45),
    "cancels, pays in flight": Script(
        _cancels_and_pays_in_flight, (Book("fulfilled", CUP),), ("is cancelled", _SUCCESS)
    ),
    "cancels, pays in flight, sold out": Script(
        _cancels_and_pays_sold_out,
        (Book("returned", CUP, CUP), Book("fulfilled", 7 * CUP)),
        ("is cancelled", "does not go ahead", "went back"),
        24,
    ),
    "pays short, then the rest": Script(
        _pays_short_then_the_rest, (_PAID,), ("is still missing", "Click here", _SUCCESS)
    ),
    "pays short, never the rest": Script(
        _pays_short_never_the_rest,
        (Book("returned", PRICE - 50_00, PRICE - 50_00),),
        ("is still missing", "does not go ahead"),
        45,
    ),
    "pays too much": Script(
        _pays_too_much,
        (Book("fulfilled", PRICE + 50_00, 50_00),),
        (_SUCCESS, "more than order", "went back"),
    ),
    "pays two links": Script(
        _pays_two_links,
        (Book("fulfilled", 2 * PRICE, PRICE),),
        ("Complete Payment", _SUCCESS, "more than order"),
        45,
    ),
    "bank says yes late": Script(_bank_says_yes_late, (_PAID,), ("did not go through", _SUCCESS), 45),
    "orders over the API": Script(
        _orders_over_the_api, (Book("fulfilled", 2 * PRICE),), ("Complete Payment", "Click here", _SUCCESS)
    ),
    "every webhook lost": Script(_pays_unheard, (_PAID,), (_SUCCESS,), weather=_ALL_LOST),
    "every webhook lost, and says so": Script(
        _pays_unheard_and_says_so, (_PAID,), (_SUCCESS,), weather=_ALL_LOST
    ),
    "changes the cart": Script(
        _changes_the_cart, (Book("lapsed", 0), Book("fulfilled", PRICE + CUP)), (_SUCCESS,)
    ),
    "refund fails": Script(
        _refund_fails, (Book("fulfilled", PRICE + 50_00, 0),), ("more than order", "could not give you back")
    ),
    "two want the last": Script(
        _two_want_the_last,
        (Book("fulfilled", 6 * CUP), Book("fulfilled", CUP)),
        (_SUCCESS, "is sold out"),
        20,
    ),
}
"""By name. There is one for each kind of end."""
assert all(script.minutes * MINUTE < HOUR for script in SCRIPTS.values()), (
    "else the hourly bank acts by chance"
)
