"""Each script has its expected end under any schedule, with no faults but its own."""

from pathlib import Path

import pytest

from tests.simulation.card_plots import CARDS
from tests.simulation.history import History, play
from tests.simulation.outside_plots import OUTSIDE
from tests.simulation.provocations import PROVOCATIONS
from tests.simulation.scripts import SCRIPTS, ended
from tests.simulation.weather import MINUTE
from tests.simulation.world import World

pytestmark = pytest.mark.usefixtures("quiet")


ALL = {**SCRIPTS, **PROVOCATIONS, **OUTSIDE, **CARDS}


def play_script(name: str, directory: Path, seed: int, worlds: list[World] | None = None) -> History:
    script = ALL[name]

    def populate(world: World) -> None:
        if worlds is not None:
            worlds.append(world)
        script(world)

    end = script.minutes * MINUTE
    return play(seed, directory, populate, weather=script.weather, end=end, kind=script.kind)


@pytest.mark.parametrize("name", ALL)
def test_a_script_has_its_expected_end(name: str, directory: Path) -> None:
    for seed in range(5):
        assert not ended(play_script(name, directory, seed), ALL[name])


def test_scripts_differ_by_seed_and_repeat_by_seed(directory: Path) -> None:
    digests = [play_script("pays two links", directory, seed).digest for seed in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]


def test_a_failed_payment_leaves_the_link_as_it_is(directory: Path) -> None:
    worlds: list[World] = []
    play_script("fails, then pays", directory, 1, worlds)
    assert [link.status for link in worlds[0].razorpay.links.values()] == ["paid"]


def test_who_says_to_have_paid_is_answered_before_any_poll(directory: Path) -> None:
    heard = play_script("every webhook lost, and says so", directory, 1).heard
    asking = next(n for n, text in enumerate(heard) if "we are asking Razorpay" in text)
    assert "Payment Successful" in heard[asking + 1]


def test_what_an_old_link_brings_in_late_is_counted(directory: Path) -> None:
    history = play_script("bank says yes late", directory, 1)
    assert history.seen["late authorisation after expiry"] == 1


def test_only_the_link_of_the_new_order_can_be_paid(directory: Path) -> None:
    worlds: list[World] = []
    play_script("changes the cart", directory, 1, worlds)
    assert [link.status for link in worlds[0].razorpay.links.values()] == ["cancelled", "paid"]
