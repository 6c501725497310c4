"""One world from its first customer to the last echo: the shop's own code in it, dying and living again.

play(seed, directory, cast) -> History
"""

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from tests.simulation import checker
from tests.simulation.checker import Book
from tests.simulation.database import Crash, Hooks, in_loop, new_database
from tests.simulation.loop import START, SimLoop, run
from tests.simulation.people import Person
from tests.simulation.setting import shop
from tests.simulation.weather import DAY, HOUR, MINUTE, Weather
from tests.simulation.world import World

ENDS: Final = (*(5 * HOUR,) * 6, 12 * HOUR, 2 * DAY)
"""Milliseconds after which a world is looked at: one of these, by its seed."""


_HEARD: Final = {
    "the earlier order was paid while a later one waited": "Your earlier order was paid after all",
    "the earlier link was kept while another waited": "because the one before could not be closed",
}
"""Rare states that customers are told of, by words that nothing else says."""


@dataclass
class History:
    """What came of one seed."""

    seed: int
    violations: list[str]
    seen: Counter[str]
    """How often each rare state was reached."""
    chronicle: list[str]
    """What happened, for people: time, who, what."""
    books: tuple[Book, ...]
    """What became of each order, in the order in which they were placed."""
    heard: list[str]
    """What customers were told."""

    @property
    def digest(self) -> str:
        """The same for the same seed, always."""
        return hashlib.sha256("\n".join(self.chronicle).encode()).hexdigest()


Populate: TypeAlias = Callable[[World], None]


def crowd(people: int) -> Populate:
    """So many customers, each with whims of their own."""

    def cast(world: World) -> None:
        for n in range(people):
            person = Person(f"9198{n:08}", random.Random(f"{world.seed} {n}"), world)
            world.at(world.dice.randrange(5) * MINUTE, partial(world.play_person, person))

    return cast


def play(
    seed: int,
    directory: Path,
    cast: Populate,
    *,
    weather: Weather | None = None,
    hooks: Hooks | None = None,
    end: int | None = None,
) -> History:
    """The world of `seed`, played to its end and checked.

    `cast` writes into the agenda what people do. `hooks` see the database's operations, and may crash
    at one. `end` is how many milliseconds the world lasts, if not the seed is to say.
    """
    end = end or random.Random(f"{seed} end").choice(ENDS)
    url = new_database(directory)
    world = World(seed, url, weather, hooks or Hooks(), end)
    cast(world)
    start = START
    while True:
        try:
            _live(world, partial(world.run_process, url), start)
            break
        except Crash:
            start = world.now() + world.dice.choice(world.downtimes)
            world.process_died()
            if world.backups.due:
                world.backups.restore_backup(start)
                _live(world, world.backups.settle, start)
    if world.backups.restored:
        _live(world, world.backups.settle, START + end)
    path = Path(url.removeprefix("sqlite://"))
    wrong = checker.violations(
        path, world.razorpay, world.meta, world.acknowledged, shop().sections["shop"].counted
    )
    wrong += world.shadow.wrongs
    world.seen["a step was compared with the store in memory"] = world.shadow.steps
    wrong += [f"nobody ever answered the {what} that somebody brought" for what in world.waiting]
    books = checker.books(path, world.razorpay)
    world.seen["two conversations were joined"] += checker.joined(path)
    for name in path.parent.glob(f"{path.name}*"):
        name.unlink()
    heard = [message.text for message in world.meta.log]
    for state, words in _HEARD.items():
        world.seen[state] += sum(words in text for text in heard)
    return History(seed, wrong, world.seen, world.chronicle, books, heard)


def _live(world: World, main: Callable[[SimLoop], Coroutine[Any, Any, None]], start: int) -> None:
    """One process of this world, from `start` on."""
    with in_loop(world.hooks):
        run(world.seed, main, start=start)
