"""Each script has its end, whatever the schedule, with no misfortune but those that it tells of itself."""

from pathlib import Path

import pytest

from tests.simulation.history import History, play
from tests.simulation.outside_plots import OUTSIDE
from tests.simulation.provocations import PROVOCATIONS
from tests.simulation.scripts import SCRIPTS, ended
from tests.simulation.weather import MINUTE
from tests.simulation.world import World

pytestmark = pytest.mark.usefixtures("quiet")


ALL = {**SCRIPTS, **PROVOCATIONS, **OUTSIDE}


def lived(name: str, directory: Path, seed: int, worlds: list[World] | None = None) -> History:
    script = ALL[name]

    def cast(world: World) -> None:
        if worlds is not None:
            worlds.append(world)
        script(world)

    return play(seed, directory, cast, weather=script.weather, end=script.minutes * MINUTE)


@pytest.mark.parametrize("name", ALL)
def test_it_ends_as_it_must(name: str, directory: Path) -> None:
    for seed in range(5):
        assert not ended(lived(name, directory, seed), ALL[name])


def test_scripts_differ_by_seed_and_repeat_by_seed(directory: Path) -> None:
    digests = [lived("pays two links", directory, seed).digest for seed in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]


def test_a_failed_payment_leaves_the_link_as_it_is(directory: Path) -> None:
    worlds: list[World] = []
    lived("fails, then pays", directory, 1, worlds)
    assert [link.status for link in worlds[0].razorpay.links.values()] == ["paid"]


def test_who_says_to_have_paid_is_answered_before_any_poll(directory: Path) -> None:
    heard = lived("every webhook lost, and says so", directory, 1).heard
    asking = next(n for n, said in enumerate(heard) if "we are asking Razorpay" in said)
    assert "Payment Successful" in heard[asking + 1]


def test_what_an_old_link_brings_in_late_is_counted(directory: Path) -> None:
    history = lived("bank says yes late", directory, 1)
    assert history.seen["late authorisation after expiry"] == 1


def test_only_the_link_of_the_new_order_can_be_paid(directory: Path) -> None:
    worlds: list[World] = []
    lived("changes the cart", directory, 1, worlds)
    assert [link.status for link in worlds[0].razorpay.links.values()] == ["cancelled", "paid"]
