"""Puts the people of a day into a world."""

import random
from functools import partial
from typing import Final

from tests.simulation.day.customers import Customer
from tests.simulation.day.merchant import keep_shop
from tests.simulation.day.news import OFFER
from tests.simulation.day.setting import STAFF
from tests.simulation.day.staff import WORKING_TIME, Clerk
from tests.simulation.day.world import DayWorld
from tests.simulation.history import Populate
from tests.simulation.loop import START
from tests.simulation.weather import HOUR, MINUTE
from tests.simulation.world import World

TERM: Final = 4 * HOUR
"""Milliseconds for which chats are kept: longer than a webhook may come late."""


def day_crowd(people: int) -> Populate:
    """Return a function that puts so many random customers, and the staff, into a world."""

    def populate(world: World) -> None:
        assert isinstance(world, DayWorld)
        for n in range(people):
            customer = Customer(f"9198{n:08}", random.Random(f"{world.seed} {n}"), world)
            world.at(world.dice.randrange(20) * MINUTE, partial(world.play_person, customer))
        world.at(MINUTE, partial(keep_shop, world))
        world.at(40 * MINUTE, partial(world.broadcast, OFFER))
        for hour in range(TERM // HOUR, world.end // HOUR):
            world.at(hour * HOUR, partial(world.prune, TERM))
        for phone in STAFF:
            clerk = Clerk(phone, random.Random(f"{world.seed} {phone}"), world)
            world.at(0, partial(_work, world, clerk))

    return populate


def _work(world: DayWorld, clerk: Clerk) -> None:
    """Let `clerk` do one thing now, and schedule their next."""
    pause = clerk.act()
    if world.now() + pause < START + WORKING_TIME:
        world.later(pause, partial(_work, world, clerk))
