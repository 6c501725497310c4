"""Play one world to its end, restart the bot after each crash, and check the result.

play(seed, directory, populate) -> History
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
from tests.simulation.weather import DAY, HOUR, MINUTE, Weather
from tests.simulation.world import World

ENDS: Final = (*(5 * HOUR,) * 6, 12 * HOUR, 2 * DAY)
"""Lengths of worlds in milliseconds; the seed chooses one."""

_STATES_BY_TEXT: Final = {
    "the earlier order was paid while a later one waited": "Your earlier order was paid after all",
    "the earlier link was kept while another waited": "because the one before could not be closed",
}
"""Rare state → words that only its message to the customer contains."""


@dataclass
class History:
    """The result of one seed."""

    seed: int
    violations: list[str]
    seen: Counter[str]
    """How often each rare state was reached."""
    chronicle: list[str]
    """Lines for people: time, who, what."""
    books: tuple[Book, ...]
    """The end of each order, in the sequence in which they were placed."""
    heard: list[str]
    """Texts that customers received."""

    @property
    def digest(self) -> str:
        """Hash of the chronicle: the same seed always gives the same digest."""
        return hashlib.sha256("\n".join(self.chronicle).encode()).hexdigest()


Populate: TypeAlias = Callable[[World], None]


def crowd(people: int) -> Populate:
    """Return a function that puts so many random customers into a world."""

    def populate(world: World) -> None:
        for n in range(people):
            person = Person(f"9198{n:08}", random.Random(f"{world.seed} {n}"), world)
            world.at(world.dice.randrange(5) * MINUTE, partial(world.play_person, person))

    return populate


def play(
    seed: int,
    directory: Path,
    populate: Populate,
    *,
    weather: Weather | None = None,
    hooks: Hooks | None = None,
    end: int | None = None,
    kind: type[World] = World,
) -> History:
    """Play the world of `seed` to its end and check it.

    `populate` schedules what people do. `hooks` are called around each database operation and may crash
    there. `end` is the length of the world in milliseconds; by default the seed chooses it. `kind` is the
    kind of world.
    """
    end = end or random.Random(f"{seed} end").choice(ENDS)
    url = new_database(directory)
    world = kind(seed, url, weather, hooks or Hooks(), end)
    populate(world)
    start = START
    while True:
        try:
            _run_process(world, partial(world.run_process, url), start)
            break
        except Crash:
            start = world.now() + world.dice.choice(world.downtimes)
            world.process_died()
            if world.backups.disk_lost:
                world.backups.restore_backup(start)
                _run_process(world, world.backups.settle, start)
    if world.backups.restored:
        _run_process(world, world.backups.settle, START + end)
    path = Path(url.removeprefix("sqlite://"))
    violations = world.violations(path) + world.shadow.wrongs
    world.seen["a step was compared with the store in memory"] = world.shadow.steps
    violations += [f"the sender of a webhook never got an answer: {what}" for what in world.waiting]
    books = checker.books(path, world.razorpay)
    world.seen["two conversations were joined"] += checker.joined(path)
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    heard = [message.text for message in world.meta.log]
    for state, words in _STATES_BY_TEXT.items():
        world.seen[state] += sum(words in text for text in heard)
    return History(seed, violations, world.seen, world.chronicle, books, heard)


def _run_process(world: World, main: Callable[[SimLoop], Coroutine[Any, Any, None]], start: int) -> None:
    """Run one process in this world; `start` is the first time of its clock."""
    with in_loop(world.hooks):
        run(world.seed, main, start=start)
