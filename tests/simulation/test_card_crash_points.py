"""The process is killed around each call about a card, and after each commit of what is known of one.

One story has every such call. It is played once for each: the process dies just before or just after it, or
after the commit, and is restarted. The story has the same end each time, and nobody had two things to pay.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from bot.ingest import from_desk
from payments.processing.bodies import StaffAction
from tests.simulation.card_plots import CARDS, another
from tests.simulation.cards import CardWorld
from tests.simulation.checker import Book
from tests.simulation.history import History
from tests.simulation.scripts import CHAI, PRICE, Script, ended
from tests.simulation.shopper import Shopper, Story
from tests.simulation.test_crash_points import first_points, killing, play_script
from tests.simulation.world import World

pytestmark = pytest.mark.usefixtures("quiet")

CALLS: Final = ("card", "canceled", "shipped", "orders", "payments")
"""What is sent about a card, and what Razorpay is asked about it."""
CHANGES: Final = ("INSERT INTO attempt", "INSERT INTO fact")
COMMIT: Final = "COMMIT"


def _sells_three_times(world: World) -> Story:
    """One card is closed with its order; one is paid, and its goods leave; one makes way for a link."""
    asha, ravi, meera = (Shopper(world, number) for number in (1, 2, 3))
    yield from meera.buys(CHAI)
    meera.says("cancel")
    yield from meera.hears("is cancelled")
    yield from asha.buys(CHAI)
    asha.pays()
    yield from asha.hears("Payment Successful")
    sent = from_desk(StaffAction(asha.link.order_key, "desk", "stage", "out"), "out")
    world.plan(world.now(), partial(world.request, sent, "desk"))
    yield from ravi.buys(CHAI)
    ravi.says("retry")
    yield from another(ravi)
    ravi.pays()
    yield from ravi.hears("Payment Successful")
    if world.razorpay.is_open(meera.link):
        meera.pays()


STORY: Final = Script(
    _sells_three_times,
    (Book("lapsed", 0), Book("fulfilled", PRICE), Book("fulfilled", PRICE)),
    ("is cancelled", "Payment Successful", "Payment Successful"),
    55,
    kind=CardWorld,
)
UNHEARD: Final = {
    "card": CARDS["no receipt of a card comes"],
    "canceled": CARDS["no receipt of a closing comes"],
}
"""Call → a story in which no receipt says that it was made, so that it is made again after a death."""


def points_of(names: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the first point of each call, and the one after each commit of a change; with its name.

    Who dies before a commit leaves what they would by dying before its step began.
    """
    seen: set[str] = set()
    changed = ""
    for number, name in enumerate(names):
        statement = " ".join(name.split())
        changed = next((change for change in CHANGES if statement.startswith(change)), changed)
        if name.partition(" ")[2] in CALLS and name not in seen:
            yield number, name
        if name == COMMIT and changed:
            yield number + 1, f"after the commit of {changed}"
        if name in (COMMIT, "ROLLBACK"):
            changed = ""
        seen.add(name)


def test_three_orders_end_the_same_wherever_the_process_dies(directory: Path) -> None:
    names: list[str] = []
    history = play_script(STORY, directory, lambda _, name: names.append(name))
    assert not ended(history, STORY)
    chosen = dict(points_of(names))
    called = {name for name in chosen.values() if name.partition(" ")[2] in CALLS}
    assert called == {f"{when} {call}" for when in ("before", "after") for call in CALLS}
    assert len(chosen) > len(called) + 10, "else a change of a card is not committed"
    for number, name in chosen.items():
        survives(STORY, directory, number, name)


@pytest.mark.parametrize("call", UNHEARD)
def test_what_had_left_unheard_is_sent_again_and_changes_no_end(call: str, directory: Path) -> None:
    names = [f"{when} {call}" for when in ("before", "after")]
    for number, name in zip(first_points(UNHEARD[call], directory, *names), names, strict=True):
        history = survives(UNHEARD[call], directory, number, name)
    assert history.seen[f"{call}: sent again"] == 1


def survives(story: Script, directory: Path, number: int, name: str) -> History:
    """Return the history in which the process dies at this point. Assert that the story has its end."""
    history = play_script(story, directory, killing(number))
    assert history.seen["crash"] == 1
    assert not ended(history, story), f"killed at {number}, {name}: {ended(history, story)}"
    return history
