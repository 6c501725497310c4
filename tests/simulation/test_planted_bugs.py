"""Negative controls: each planted bug is caught, and without it the same histories have no violations."""

from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from tests.simulation.card_bugs import CARD_ROWS
from tests.simulation.card_plots import CARDS
from tests.simulation.database import Crash, Hook, Hooks
from tests.simulation.history import play
from tests.simulation.outside_plots import OUTSIDE
from tests.simulation.planted import GUARDS, ROWS, Guard, Row
from tests.simulation.provocations import PROVOCATIONS
from tests.simulation.scripts import SCRIPTS, Script, ended
from tests.simulation.weather import MINUTE, SECOND
from tests.simulation.world import World

pytestmark = pytest.mark.usefixtures("quiet")

MAX_PLACES = 40
"""How many places of a kill are tried to show one bug."""


def killing(row: Row, nth: int) -> Hook:
    """Return a hook that kills the process at the `nth` place that `row` names."""
    passed = count(1)

    def hook(_: int, name: str) -> None:
        if row.kill_at and name.split()[-1:] == [row.kill_at] and next(passed) == nth:
            raise Crash(name)

    return hook


def violations(script: Script, directory: Path, hook: Hook) -> list[str]:
    """Play `script` with `hook` and return what is wrong with its history."""

    def populate(world: World) -> None:
        world.crash_hook, world.downtimes = hook, (5 * SECOND,)
        script(world)

    hooks = Hooks(before=hook, after=hook)
    try:
        end = script.minutes * MINUTE
        history = play(1, directory, populate, weather=script.weather, hooks=hooks, end=end, kind=script.kind)
    except Exception as error:  # noqa: BLE001 - an exception is a violation too
        return [f"{type(error).__name__}: {error}"]
    return ended(history, script)


def places(row: Row) -> range:
    return range(1, MAX_PLACES) if row.kill_at else range(1, 2)


@pytest.mark.parametrize("row", [*ROWS, *CARD_ROWS], ids=lambda row: f"{row.id} {row.bug}")
def test_the_bug_is_caught(row: Row, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (SCRIPTS | PROVOCATIONS | OUTSIDE | CARDS)[row.caught_in]
    script = replace(script, weather=row.weather or script.weather)
    with monkeypatch.context() as patch:
        row.plant(patch)
        found = ((n, violations(script, directory, killing(row, n))) for n in places(row))
        place = next((n for n, texts in found if row.message in "\n".join(texts)), None)
    assert place is not None, "nothing caught the bug"
    assert not violations(script, directory, killing(row, place))


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: f"{guard.id} {guard.bug}")
def test_the_guarding_test_fails(guard: Guard, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard.test(directory)
    (directory / "munshi.db").unlink(missing_ok=True)
    with monkeypatch.context() as patch:
        guard.plant(patch)
        with pytest.raises((Exception, pytest.fail.Exception)):
            guard.test(directory)
