"""The merchant's people at Shopify: they pack and send orders there, cancel some, and record refunds."""

from functools import partial
from typing import Final

from tests.simulation.day.shopify import Copy
from tests.simulation.day.world import DayWorld
from tests.simulation.loop import START
from tests.simulation.weather import MINUTE, SECOND
from tests.simulation.world import ACTIVE_TIME

_PAUSES: Final = (30 * SECOND, 2 * MINUTE, 5 * MINUTE)
"""Milliseconds between two acts; one is drawn."""


def keep_shop(world: DayWorld) -> None:
    """Do one thing at Shopify now, and plan the next."""
    dice, store = world.shopify_dice, world.shopify
    if store.copies:
        _act(world, dice.choice(store.copies[-10:]))
    pause = dice.choice(_PAUSES)
    if world.now() + pause < START + ACTIVE_TIME:
        world.later(pause, partial(keep_shop, world))


def _act(world: DayWorld, copy: Copy) -> None:
    draw, store = world.shopify_dice.random(), world.shopify
    if draw < 0.15:
        world.seen["the merchant cancelled an order at shopify"] += 1
        store.cancel(copy)
    elif draw < 0.25:
        store.refund(copy)
    elif draw < 0.65:
        world.seen["the merchant sent an order at shopify"] += 1
        store.fulfil(copy)
    else:
        store.fulfil(copy, world.shopify_dice.choice(("in_transit", "delivered")))
