"""Scripts of hasty and malicious customers: each triggers one bug that the other scripts do not reach."""

import hmac
import json
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import Final

from aiohttp import web

from bot.http.webhooks import take_razorpay
from tests.simulation.checker import Book
from tests.simulation.razorpay import ACCOUNT
from tests.simulation.razorpay_books import Payment
from tests.simulation.scripts import CHAI, CUP, CUPS, PRICE, Script
from tests.simulation.setting import SECRETS
from tests.simulation.shopper import Shopper, Story
from tests.simulation.weather import MINUTE, Weather
from tests.simulation.world import World

_SUCCESS: Final = "Payment Successful"
_OURS: Final = SECRETS["razorpay_webhook_secret"]


def _adds_two_at_once(world: World) -> Story:
    asha = Shopper(world, 1)
    asha.says("hi")
    yield from asha.hears("Welcome")
    asha.sends(asha.tap(CHAI), asha.tap(CUPS))
    yield from asha.taps("Proceed to Checkout")
    yield from asha.taps("Confirm order")
    yield from asha.hears("Complete Payment")
    asha.pays()


def _adds_and_checks_out_at_once(world: World) -> Story:
    asha = Shopper(world, 1)
    asha.says("hi")
    yield from asha.hears("Welcome")
    asha.sends(asha.tap(CHAI), asha.text("checkout"))
    yield from asha.taps("Confirm order")
    yield from asha.hears("Complete Payment")
    asha.pays()


def _confirms_and_asks_for_help_at_once(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.chooses(CHAI)
    asha.sends(asha.tap("Confirm order"), asha.text("help"))
    yield from asha.hears("Complete Payment")
    asha.pays()


def _taps_an_old_confirm(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    asha.pays()
    yield from asha.hears(_SUCCESS)
    yield from asha.chooses(CUPS)
    asha.sends(asha.tap("Confirm order", which=0))


def _retries_while_the_link_ends(world: World) -> Story:
    """A second try begins while the first link can be paid for another minute and its timers still run."""
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    yield lambda: world.now() > asha.link.expires_at - MINUTE
    asha.says("retry")
    yield lambda: len(asha.links) == 2
    yield 10 * MINUTE
    if asha.link.status == "created":
        asha.pays()


def _changes_the_cart_of_a_stubborn_link(world: World) -> Story:
    """Razorpay refuses to cancel, so the first link can be paid until it expires."""
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    asha.says("cart")
    yield from asha.taps("Add more")
    yield from asha.taps(CUPS)
    yield from asha.taps("Proceed to Checkout")
    yield from asha.taps("Confirm order")
    yield from asha.hears("could not be closed")
    yield lambda: world.now() > asha.link.expires_at
    world.razorpay._expire()
    yield 2 * MINUTE
    asha.says("retry")
    yield from asha.hears("Complete Payment")
    asha.pays()


def _orders_more_while_paying(world: World) -> Story:
    """The first link is already paid when the bot cancels it, and its webhook is lost."""
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    asha.pays()
    asha.orders("kulhad-6", 1)
    yield from asha.taps("Send the link")
    yield from asha.hears("Complete Payment")
    asha.pays()


def _bank_says_yes_unheard(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    payment = asha.begins_payment()
    yield 26 * MINUTE
    world.razorpay.finish(payment)


def _pays_in_dollars(world: World) -> Story:
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    world.razorpay.pay(asha.link, asha.link.amount, "USD")


def _forges(secret: str | None, account: str, world: World, **changes: str) -> Story:
    """Asha's payment fails; then a forged webhook says that her link is paid.

    `secret` signs it, if given. `changes` replace fields of the forged payment.
    """
    asha = Shopper(world, 1)
    yield from asha.buys(CHAI)
    world.razorpay.fail(asha.begins_payment())
    yield from asha.hears("did not go through")
    yield 2 * MINUTE
    forged = Payment("pay_Forged00000001", asha.link, asha.link.amount, "INR", world.now(), "captured", True)
    entity = {**world.razorpay._entity(forged), **changes}
    envelope = world.razorpay.envelope("payment.captured", payment=entity)
    raw = json.dumps({**envelope, "account_id": account}).encode()
    header = None if secret is None else hmac.new(secret.encode(), raw, sha256).hexdigest()
    world.plan(world.now(), partial(_post, world, raw, header))


async def _post(world: World, raw: bytes, header: str | None) -> None:
    assert world.context is not None
    with suppress(web.HTTPForbidden):
        await take_razorpay(world.context, raw, header)


_FULFILLED: Final = (Book("fulfilled", PRICE),)
_BOTH: Final = (Book("fulfilled", PRICE + CUP),)
_UNPAID: Final = (Book("open", 0),)

PROVOCATIONS: Final = {
    "adds two at once": Script(_adds_two_at_once, _BOTH, (_SUCCESS,)),
    "adds and checks out at once": Script(_adds_and_checks_out_at_once, _FULFILLED, (_SUCCESS,)),
    "confirms and asks for help at once": Script(
        _confirms_and_asks_for_help_at_once, _FULFILLED, ("How it works", _SUCCESS)
    ),
    "taps an old confirm": Script(_taps_an_old_confirm, _FULFILLED, (_SUCCESS, "from an earlier message")),
    "retries while the link ends": Script(_retries_while_the_link_ends, _FULFILLED, (_SUCCESS,), 45),
    "changes the cart, the old link stays": Script(
        _changes_the_cart_of_a_stubborn_link,
        (Book("lapsed", 0), Book("fulfilled", PRICE + CUP)),
        ("could not be closed", "Complete Payment", _SUCCESS),
        45,
        Weather(stubborn=1.0),
    ),
    "orders more while paying": Script(
        _orders_more_while_paying,
        (Book("fulfilled", PRICE), Book("fulfilled", CUP)),
        ("Your earlier order was paid after all", "Complete Payment", _SUCCESS),
        45,
        Weather(lose=1.0),
    ),
    "bank says yes, unheard": Script(
        _bank_says_yes_unheard, _FULFILLED, ("has expired", _SUCCESS), 45, Weather(lose=1.0)
    ),
    "pays in dollars": Script(_pays_in_dollars, (Book("open", PRICE),), ("does not match it",)),
    "unsigned webhook": Script(partial(_forges, None, ACCOUNT), _UNPAID, ()),
    "webhook signed with nothing": Script(partial(_forges, "", ACCOUNT), _UNPAID, ()),
    "webhook of another account": Script(partial(_forges, _OURS, "acc_somebodyelse01"), _UNPAID, ()),
    "webhook of the other mode": Script(partial(_forges, _OURS, ACCOUNT, description="Tea"), _UNPAID, ()),
}
