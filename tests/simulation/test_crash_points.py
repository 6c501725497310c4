"""The process is killed at every point where it could be, restarts, and nothing is lost or done twice.

A point is before or after each database operation and each send or call. What a killed process
leaves behind are its files and the outside: points between which neither changed have one and the
same future, so that each future is played once and stands for all its points.
"""

import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.simulation.database import Crash, Hooks
from tests.simulation.history import History, play
from tests.simulation.scripts import SCRIPTS, Script, ended
from tests.simulation.weather import MINUTE, SECOND
from tests.simulation.world import World

pytestmark = pytest.mark.usefixtures("quiet")

Point: TypeAlias = Callable[[int, str], None]
DOWNTIME = 5 * SECOND
"""Milliseconds between a death and the next life."""


def lived(script: Script, directory: Path, point: Point, worlds: list[World] | None = None) -> History:
    """`script` played with `point` told of each point where the process may die."""

    def cast(world: World) -> None:
        if worlds is not None:
            worlds.append(world)
        world.crash_hook, world.downtimes = point, (DOWNTIME,)
        script(world)

    hooks = Hooks(before=point, after=point)
    return play(1, directory, cast, weather=script.weather, hooks=hooks, end=script.minutes * MINUTE)


def killing(*moments: int) -> Point:
    """Dies at the points with these numbers, counted from 0 over all lives."""
    count = iter(range(10**9))

    def point(_: int, what: str) -> None:
        if next(count) in moments:
            raise Crash(what)

    return point


def futures(script: Script, directory: Path, first: int = -1) -> tuple[int, list[range]]:
    """How many points a run has, and those that leave the same behind, together.

    It is the run that dies at the point `first`, from there on; without it, the whole of an undisturbed one.
    """
    worlds: list[World] = []
    left: list[object] = []
    kill = killing(first)

    def point(n: int, what: str) -> None:
        left.append(remains(worlds[0], directory))
        kill(n, what)

    lived(script, directory, point, worlds)
    changes = [i for i in range(first + 1, len(left)) if i == first + 1 or left[i] != left[i - 1]]
    return len(left) - first - 1, [range(*pair) for pair in pairwise([*changes, len(left)])]


def remains(world: World, directory: Path) -> object:
    """All that is left of the world if the process dies now; the index beside the log is made anew."""
    files = [
        path for path in sorted(directory.iterdir()) if path.suffix != ".lock" and path.suffix != ".db-shm"
    ]
    return (
        tuple((path.name, zlib.crc32(path.read_bytes())) for path in files),
        world.now(),
        world.dice.getstate(),
        tuple(sorted(entry[:2] for entry in world._agenda._actions)),
        [(id, hook.first_at) for id, hook in world._in_flight.items()],
        [id(action) for action in world._unfinished],
        len(world.chronicle),
        len(world.acknowledged),
        len(world.meta.log),
        sum(world.meta.ambiguous.values()),
        [link.status for link in world.razorpay.links.values()],
        [payment.status for payment in world.razorpay.payments.values()],
        [refund.status for refund in world.razorpay.refunds.values()],
    )


def assert_survives(script: Script, directory: Path, *moments: int) -> None:
    history = lived(script, directory, killing(*moments))
    assert history.seen["crash"] == len(moments)
    assert not ended(history, script), f"killed at {moments}: {ended(history, script)}"


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_crash_at_every_point_changes_no_end(name: str, directory: Path) -> None:
    points, distinct = futures(SCRIPTS[name], directory)
    print(f"{name}: {points} points, {len(distinct)} futures")
    assert points > 500
    for same in distinct:
        assert_survives(SCRIPTS[name], directory, same[0])


def test_points_that_leave_the_same_behind_have_the_same_future(directory: Path) -> None:
    script = SCRIPTS["every webhook lost"]
    _, distinct = futures(script, directory)
    longest = sorted(distinct, key=len)[-20:]
    for same in longest:
        first, last = (lived(script, directory, killing(at)) for at in (same[0], same[-1]))
        assert first.digest == last.digest
        assert first.heard == last.heard


def moments_of(script: Script, directory: Path, *names: str) -> Iterator[int]:
    """The first points with these names."""
    seen: list[str] = []
    lived(script, directory, lambda _, what: seen.append(what))
    return (seen.index(name) for name in names)


@pytest.mark.parametrize("where", ["after create", "after send", "before refund", "after refund"])
def test_a_crash_at_every_point_of_the_recovery_changes_no_end(where: str, directory: Path) -> None:
    script = SCRIPTS["pays too much"]
    [first] = moments_of(script, directory, where)
    points, distinct = futures(script, directory, first)
    print(f"after a death {where}: {points} points, {len(distinct)} futures")
    for same in distinct:
        assert_survives(script, directory, first, same[0])
