"""Chats of the simulation, read from its database, become scenarios that pass."""

import shutil
from pathlib import Path

import uvloop

from bot.flow_file import load_flow
from bot.stored_scenario import as_scenario
from payments.simulator.runner import play as play_scenario
from payments.simulator.scenario import parse
from storage.database.records import reading
from storage.reports.timeline import Story, Subject, story
from tests.simulation.history import crowd, play
from tests.simulation.weather import HOUR
from tests.simulation.world import World
from tests.world.running_bot import FLOW

PEOPLE = 6


class Kept(World):
    """A world whose database is copied before it is thrown away."""

    copy: Path

    def violations(self, path: Path) -> list[str]:
        self.copy.parent.mkdir(exist_ok=True)
        for file in path.parent.glob(f"{path.name}*"):
            shutil.copy(file, self.copy.with_name(self.copy.name + file.name.removeprefix(path.name)))
        return super().violations(path)


async def _stories(url: str) -> list[Story]:
    async with reading(url) as records:
        return [await story(records, Subject(number)) for number in range(1, PEOPLE + 1)]


def test_chats_of_the_simulation_are_scenarios_that_pass(tmp_path: Path) -> None:
    flow = load_flow(FLOW)
    Kept.copy = tmp_path / "kept" / "copy.db"
    assert play(1, tmp_path, crowd(PEOPLE), end=5 * HOUR, kind=Kept).violations == []
    made = [as_scenario(flow, one) for one in uvloop.run(_stories(f"sqlite://{Kept.copy}"))]
    texts = [one.text for one in made if one]
    assert len(texts) > PEOPLE / 2
    for text in texts:
        played = play_scenario(flow, parse(text, "made.yaml"))
        assert played.mismatch is None, f"{played}\n{text}"
