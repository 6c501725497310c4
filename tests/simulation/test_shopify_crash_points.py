"""The process is killed around each call to Shopify, and each change of what is known of a copy.

One story has every such call. It is played once for each: the process dies just before or just after it, or
the commit, and is restarted. Each order ends with exactly one copy, which says what the order is.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.simulation.database import Crash, Hooks
from tests.simulation.day.plots import TEA, opened, orders
from tests.simulation.day.world import DayWorld
from tests.simulation.history import History, play
from tests.simulation.shopper import Shopper, Story, schedule
from tests.simulation.weather import MINUTE, SECOND, Weather
from tests.simulation.world import World

pytestmark = pytest.mark.usefixtures("quiet")

CALLS: Final = (
    *("token", "customer", "orderCreate", "orders", "order", "orderMarkAsPaid", "orderCancel"),
    *("parts", "refundCreate", "orderUpdate"),
)
CHANGES: Final = ("INSERT INTO mirror", "UPDATE mirror")
COMMIT: Final = "COMMIT"


def _sells_and_calls_off(world: DayWorld) -> Story:
    """One order is paid, found after a lost answer, and called off; one is amended, and paid in cash."""
    meena, ramesh = opened(world)
    asha, ravi, shopify = Shopper(world, 1), Shopper(world, 2), world.shopify
    shopify.lags, world.shopify_post.held = (4 * MINUTE,), True
    shopify.lose_answers["orderCreate"] = 1
    yield from orders(world, asha, TEA)
    asha.pays()
    yield lambda: bool(shopify.copies)
    yield 8 * MINUTE
    world.shopify_post.release()
    yield from orders(world, ravi, TEA, 2, pays="cash")
    yield lambda: len({copy.source for copy in shopify.copies}) == 2
    asha.says("cancel order")
    yield from asha.hears("as you wished")
    yield from meena.types("#10002 less masala-250 1 sold out")
    yield from ramesh.types("#10002 address 7 Other Lane, Pune 411006")
    yield 2 * MINUTE
    yield from ramesh.types("#10002 delivered cash")


def played(directory: Path, point: Callable[[int, str], None]) -> tuple[History, DayWorld]:
    """Play the story, calling `point` at each crash point."""
    worlds: list[DayWorld] = []

    def populate(world: World) -> None:
        assert isinstance(world, DayWorld)
        worlds.append(world)
        world.crash_hook, world.downtimes = point, (5 * SECOND,)
        schedule(world, _sells_and_calls_off(world))

    hooks = Hooks(before=point, after=point)
    history = play(1, directory, populate, weather=Weather(), hooks=hooks, end=45 * MINUTE, kind=DayWorld)
    return history, worlds[0]


def points_of(names: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the first point of each call, and those of the first commit of each change; with its name."""
    seen: set[str] = set()
    changes: list[str] = []
    for number, name in enumerate(names):
        changes += [change for change in (" ".join(name.split())[:70],) if change.startswith(CHANGES)]
        if name == "ROLLBACK":
            changes.clear()
        called = name.removeprefix("before ").removeprefix("after ") in CALLS
        if called and name not in seen:
            yield number, name
        if name == COMMIT and changes:
            if not seen.issuperset(changes):
                yield from ((number, f"before {changes[-1]}"), (number + 1, f"after {changes[-1]}"))
            seen.update(changes)
            changes.clear()
        seen.add(name)


def test_each_order_has_one_copy_wherever_the_process_dies(directory: Path) -> None:
    names: list[str] = []
    history, world = played(directory, lambda _, name: names.append(name))
    assert not history.violations
    assert [bool(copy.cancelled_by) for copy in world.shopify.copies] == [True, False]
    chosen = dict(points_of(names))
    called = {name for name in chosen.values() if name.partition(" ")[2] in CALLS}
    assert called == {f"{when} {call}" for when in ("before", "after") for call in CALLS}
    assert len(chosen) > len(called) + 8, "else a change of a copy is not committed"
    for number, name in chosen.items():
        assert_survives(directory, number, name)


def assert_survives(directory: Path, number: int, name: str) -> None:
    """Assert that the story has its end though the process dies at this point."""
    count = iter(range(10**9))

    def die(_: int, what: str) -> None:
        if next(count) == number:
            raise Crash(what)

    history, world = played(directory, die)
    assert history.seen["crash"] == 1
    assert not history.violations, f"killed at {number}, {name}: {history.violations}"
    ends = [(bool(copy.cancelled_by), copy.paid) for copy in world.shopify.copies]
    assert ends == [(True, True), (False, True)], f"killed at {number}, {name}: {ends}"
