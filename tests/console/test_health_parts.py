"""The parts of the page Health that need no browser."""

import asyncio
from pathlib import Path

import pytest

from bot.checks.finding import Finding
from bot.clock import SystemClock
from bot.console.books import Books
from bot.console.context import Console
from bot.console.health.checkup import Checkup, Report
from bot.console.health.lights import Level, of_books, of_finding
from bot.console.health.shared import Shared
from bot.console.health.words import HEALTH
from bot.console.server_desk import ServerDesk
from bot.console.shop_now import ShopNow
from bot.console.visit import Visit
from bot.console.words import Words
from bot.settings import WHERE
from storage.accounts.people import Role
from storage.reports.queries import Counts
from storage.reports.traffic import Traffic

HOUR = 3_600_000
NOW = 1_000 * HOUR


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize(
    ("pending", "oldest", "retried", "silent", "levels"),
    [
        (0, 0, 0, 0, "fine fine fine"),
        (5, 9_999, 0, 24 * HOUR - 1, "fine fine fine"),
        (5, 10_000, 1, 24 * HOUR, "look look look"),
        (5, 60_000, 9, None, "broken look look"),
        (0, 0, 0, -5_000, "fine fine fine"),  # the clock of the console is behind
    ],
)
def test_lights_of_the_books(
    language: str, pending: int, oldest: int, retried: int, silent: int | None, levels: str
) -> None:
    words = Words(language).of(HEALTH)
    counts = Counts(pending, parked=0, unfinished=retried, held=0, notices=0, oldest_due_ms=oldest)
    heard = None if silent is None else NOW - silent
    lights = of_books(words, counts, Traffic(retried, heard), NOW)
    assert " ".join(light.level for light in lights) == levels
    for light in lights:
        assert bool(light.mend) == (light.level is not Level.FINE), "what is not fine says what to do"


@pytest.mark.parametrize(("well", "level"), [(True, Level.FINE), (None, Level.LOOK), (False, Level.BROKEN)])
def test_a_finding_that_is_well_asks_for_nothing(well: bool | None, level: Level) -> None:
    light = of_finding(Finding("hooks", well, "said", "mend it"))
    assert (light.level, light.mend) == (level, "" if well else "mend it")


async def test_many_visitors_cost_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    async def look() -> int:
        looks.append(len(looks))
        await asyncio.sleep(0)
        return len(looks)

    at = [1_000.0]
    monkeypatch.setattr("bot.console.health.shared.monotonic", lambda: at[0])
    shared = Shared(look, 60)
    assert set(await asyncio.gather(*(shared.recent() for _ in range(100)))) == {1}
    at[0] += 9
    assert set(await asyncio.gather(*(shared.now() for _ in range(100)))) == {1}, "that was a moment ago"
    at[0] += 2
    assert set(await asyncio.gather(*(shared.now() for _ in range(100)))) == {2}
    at[0] += 59
    assert await shared.recent() == 2
    at[0] += 2
    assert await shared.recent() == 3


def test_what_is_weak_is_shown_to_owners_alone() -> None:
    found = tuple(Finding(name, False, "said", "mend") for name in ("server", "secrets", "disk", "WhatsApp"))
    seen = {role: Report(0, found).seen_by(Visit("Asha", role, Words("en"))) for role in Role}
    assert seen.pop(Role.OWNER) == found
    for those in seen.values():
        assert [one.name for one in those] == ["server", "WhatsApp"]


async def test_a_look_that_fails_is_tried_again_by_the_next() -> None:
    outcomes = iter([ValueError("no"), None])

    async def look() -> str:
        if error := next(outcomes):
            raise error
        return "well"

    shared = Shared(look, 60)
    with pytest.raises(ValueError, match="no"):
        await shared.recent()
    assert await shared.recent() == "well"


async def test_without_server_and_keys_it_is_said_how_to_start_and_what_was_not_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in WHERE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MUNSHI_FLOW", str(Path("flows.yaml").absolute()))
    monkeypatch.chdir(tmp_path)
    desk = ServerDesk("http://127.0.0.1:9", "nobody listens at this port")
    books = Books(f"sqlite://{tmp_path}/none.db")
    try:
        checkup = Checkup(Console(books, desk, ShopNow(), Path("flows.yaml"), None, SystemClock()))
        found = (await checkup.report.recent()).found
    finally:
        await desk.close()
    assert [(one.name, one.well) for one in found] == [("settings", None), ("server", False), ("flow", True)]
    assert "WHATSAPP_ACCESS_TOKEN" in found[0].said
    assert found[1].said == "Nobody answers at http://127.0.0.1:9: start the server (munshi serve)."
