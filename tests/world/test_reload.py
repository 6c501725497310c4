"""A reload while customers chat: nobody is stranded, no tap is lost, a broken file changes nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from bot.clock import ShiftedClock
from flows.engine import events
from flows.engine.events import Event, Tapped, TextReceived
from payments.processing.step_input import EventKind
from sandbox.world import World
from storage.inbox.arrival import Arrival
from tests.world.running_bot import FLOW, Live, Start

PEOPLE: Final = 1000

RENAMED: Final = (("  cart:\n    start", "  basket:\n    start"), ("to: cart}", "to: basket}"))
MIGRATE: Final = ("start: browsing\n", "migrate: {from: cart, to: basket}\nstart: browsing\n")


def edited(file: Path, *edits: tuple[str, str]) -> Path:
    """Write the shipped flow, with these edits, into `file`."""
    text = FLOW.read_text("utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text, "utf-8")
    return file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return edited(tmp_path / "flows.yaml")


async def reload(live: Live, status: int = 200) -> Any:
    found, answer = await live.api("POST", "/operator/reload", {"by": "ravi"})
    assert found == status, answer
    return answer


async def crowd(live: Live, nth: int, said: Event | dict[int, Event]) -> None:
    """Let everybody say something, which is stored and not stepped yet."""
    for start in range(0, PEOPLE, 200):
        batch = [
            Arrival(
                f"m{nth}",
                EventKind.CHAT,
                {
                    "event": events.to_json(said[n] if isinstance(said, dict) else said),
                    "name": "",
                    "sent_at": 0,
                },
                aliases=(("phone", f"91980000{n:04}"),),
            )
            for n in range(start, start + 200)
        ]
        await live.context.store.arrive(batch, live.clock.now())


async def stepped(live: Live) -> None:
    """Step all that is due, and send nothing."""
    while await live.workers.step():
        pass


async def people(live: Live) -> list[dict[str, Any]]:
    rows = await live.rows("SELECT id, version, state, snapshot FROM conversation ORDER BY id")
    return [{**row, "snapshot": orjson.loads(row["snapshot"])} for row in rows]


async def taps(live: Live, *triggers: str) -> dict[int, Event]:
    """For each of the crowd, a tap on the first button of their last message that is one of `triggers`."""
    found: dict[int, Event] = {}
    for n, row in enumerate(await people(live)):
        offered: Iterator[str] = (id for _, id in row["snapshot"]["choices"])
        found[n] = Tapped(next(id for id in offered if id.split("|")[1] in triggers))
    return found


async def test_a_reload_with_a_thousand_customers_in_mid_chat(
    world: World, clock: ShiftedClock, start: Start, file: Path
) -> None:
    """Their states are renamed, and each has a tap on its way that is stepped after the reload."""
    async with start(world, clock, file) as live:
        await crowd(live, 1, TextReceived("hi"))
        await stepped(live)
        await crowd(live, 2, await taps(live, "add"))
        await stepped(live)
        before = await people(live)
        assert {row["state"] for row in before} == {"cart.review"}
        checkout = await taps(live, "checkout")
        await crowd(live, 3, checkout)
        edited(file, *RENAMED, MIGRATE)
        answer = await reload(live)
        assert answer["changed"]
        await stepped(live)
        after = await people(live)
        assert len(after) == PEOPLE
        assert {row["state"] for row in after} == {"checkout.review"}
        assert {row["version"] for row in after} == {max(row["version"] for row in after)}
        assert [row["snapshot"]["data"]["cart"] for row in after] == [
            row["snapshot"]["data"]["cart"] for row in before
        ]
        results = await live.rows("SELECT state, COUNT(*) AS n FROM inbox WHERE kind = 'chat' GROUP BY state")
        assert {row["state"]: row["n"] for row in results} == {"applied": 3 * PEOPLE}
        traces = await live.rows("SELECT trace FROM inbox WHERE key = 'm3'")
        for row in traces:
            version, taken, *_ = orjson.loads(row["trace"])
            assert (version["event"], version["entered"]) == ("version", ["basket.review"])
            assert taken["taken"]["rule"].endswith(": checkout")
