"""The process is killed at each crash point and restarted; nothing is lost or done twice.

A crash point is before or after a database operation, a send or a call. A killed process leaves its
files and the outside. Points between which neither changed have the same future, so each future is
played once for all its points. Of a wait, in which only time passes, the first and the last are played.
A run of all tests plays one future in `MUNSHI_CRASHES`, drawn by its number; `make crashes` plays all.
"""

import os
import zlib
from collections.abc import Callable, Iterator
from itertools import groupby, pairwise
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
ONE_IN = int(os.environ.get("MUNSHI_CRASHES", "16"))
DOWNTIME = 5 * SECOND
"""Milliseconds between a crash and the next start."""


def play_script(script: Script, directory: Path, point: Point, worlds: list[World] | None = None) -> History:
    """Play `script`, calling `point` at each crash point."""

    def populate(world: World) -> None:
        if worlds is not None:
            worlds.append(world)
        world.crash_hook, world.downtimes = point, (DOWNTIME,)
        script(world)

    hooks = Hooks(before=point, after=point)
    end = script.minutes * MINUTE
    return play(1, directory, populate, weather=script.weather, hooks=hooks, end=end, kind=script.kind)


def killing(*points: int) -> Point:
    """Return a hook that kills the process at these points, numbered from 0 over all processes."""
    count = iter(range(10**9))

    def point(_: int, what: str) -> None:
        if next(count) in points:
            raise Crash(what)

    return point


def futures(script: Script, directory: Path, first: int = -1) -> tuple[int, list[range]]:
    """Return the number of crash points of a run, and their ranges that leave the same behind.

    The run is one without a crash; with `first`, it is the rest of a run that dies at that point. Of ranges
    that differ only in when it is, the first and the last are returned.
    """
    worlds: list[World] = []
    moments: list[object] = []
    things: list[object] = []
    kill = killing(first)

    def point(n: int, what: str) -> None:
        moments.append(moment(worlds[0]))
        things.append(remains(worlds[0], directory))
        kill(n, what)

    play_script(script, directory, point, worlds)
    start, states = first + 1, list(zip(moments, things, strict=True))
    changes = [i for i in range(start, len(states)) if i == start or states[i] != states[i - 1]]
    distinct = [range(*pair) for pair in pairwise([*changes, len(states)])]
    waits = [list(wait) for _, wait in groupby(distinct, key=lambda same: things[same.start])]
    return len(states) - start, [same for wait in waits for same in dict.fromkeys((wait[0], wait[-1]))]


def moment(world: World) -> object:
    """Return when it is, and what is still to come by itself."""
    return (
        world.now(),
        world.dice.getstate(),
        tuple(sorted(entry[:2] for entry in world._agenda._actions)),
    )


def remains(world: World, directory: Path) -> object:
    """Return what else a crash here leaves. The log's index file is left out: SQLite rebuilds it."""
    files = [
        path for path in sorted(directory.iterdir()) if path.suffix != ".lock" and path.suffix != ".db-shm"
    ]
    return (
        tuple((path.name, zlib.crc32(path.read_bytes())) for path in files),
        [(id, hook.first_at) for id, hook in world.post.in_flight.items()],
        [id(action) for action in world._unfinished],
        len(world.chronicle),
        len(world.acknowledged),
        len(world.meta.log),
        sum(world.meta.ambiguous.values()),
        [link.status for link in world.razorpay.links.values()],
        [payment.status for payment in world.razorpay.payments.values()],
        [refund.status for refund in world.razorpay.refunds.values()],
    )


def chosen(name: str, distinct: list[range]) -> Iterator[int]:
    """Yield the first point of one future in ONE_IN of those of `name`."""
    for number, same in enumerate(distinct):
        if zlib.crc32(f"{name} {number}".encode()) % ONE_IN == 0:
            yield same[0]


def assert_survives(script: Script, directory: Path, *points: int) -> None:
    history = play_script(script, directory, killing(*points))
    assert history.seen["crash"] == len(points)
    assert not ended(history, script), f"killed at {points}: {ended(history, script)}"


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_crash_at_every_point_changes_no_end(name: str, directory: Path) -> None:
    points, distinct = futures(SCRIPTS[name], directory)
    starts = list(chosen(name, distinct))
    print(f"{name}: {points} points, {len(distinct)} futures, {len(starts)} played")
    assert points > 500
    for start in starts:
        assert_survives(SCRIPTS[name], directory, start)


def test_points_that_leave_the_same_behind_have_the_same_future(directory: Path) -> None:
    script = SCRIPTS["every webhook lost"]
    _, distinct = futures(script, directory)
    longest = sorted(distinct, key=len)[-20:]
    for same in longest:
        first, last = (play_script(script, directory, killing(at)) for at in (same[0], same[-1]))
        assert first.digest == last.digest
        assert first.heard == last.heard


def first_points(script: Script, directory: Path, *names: str) -> Iterator[int]:
    """Yield the number of the first point with each of these names."""
    seen: list[str] = []
    play_script(script, directory, lambda _, what: seen.append(what))
    return (seen.index(name) for name in names)


@pytest.mark.parametrize("where", ["after create", "after send", "before refund", "after refund"])
def test_a_crash_at_every_point_of_the_recovery_changes_no_end(where: str, directory: Path) -> None:
    script = SCRIPTS["pays too much"]
    [first] = first_points(script, directory, where)
    points, distinct = futures(script, directory, first)
    starts = list(chosen(where, distinct))
    print(f"after a death {where}: {points} points, {len(distinct)} futures, {len(starts)} played")
    for start in starts:
        assert_survives(script, directory, first, start)
