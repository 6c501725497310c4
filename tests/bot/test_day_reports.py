"""The sender of the day's report: when there is nothing to send, when it fails, when it closes."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from bot.clock import ShiftedClock
from bot.context import Context
from bot.flow_file import load_flow
from bot.workers import day_reports
from bot.workers.day_reports import DayReports
from payments.shop.local_time import INDIA, instant, local_date
from tests.payments.tiffin_shop import TEXT
from tests.world.running_bot import START, StillClock

REPORT = 21 * 60 + 30


class Desk:
    """A store and an inbox that fail when they are told to."""

    def __init__(self) -> None:
        self.stored: list[Any] = []
        self.failing = 0
        self.events = ["hi"]

    async def recent(self, limit: int) -> list[str]:
        return self.events[:limit]

    async def known_names(self, kind: str, values: list[str]) -> list[str]:
        return []

    async def put(self, arrivals: list[Any]) -> list[Any]:
        if self.failing:
            self.failing -= 1
            raise ConnectionError("the database restarts")
        self.stored += arrivals
        return arrivals


def sender(tmp_path: Path, desk: Desk, minute: int, at: str = "21:30") -> tuple[DayReports, ShiftedClock]:
    file = tmp_path / "flows.yaml"
    file.write_text(TEXT.replace('day_report: "21:30"', f'day_report: "{at}"' if at else ""), "utf-8")
    clock = ShiftedClock(StillClock())
    clock.put_forward(instant(INDIA, local_date(INDIA, START), minute) - clock.now())
    context = SimpleNamespace(store=desk, inbox=desk, clock=clock, flow=load_flow(file))
    return DayReports(cast(Context, context)), clock


async def test_what_fails_is_tried_again_and_what_is_stored_is_not(tmp_path: Path) -> None:
    desk = Desk()
    desk.failing = 1
    reports, clock = sender(tmp_path, desk, REPORT)
    with pytest.raises(ConnectionError):
        await reports.send_due()
    assert await reports.send_due() == local_date(INDIA, START)
    assert await reports.send_due() is None
    keys = [(arrival.key, arrival.aliases[0][1]) for arrival in desk.stored]
    assert keys == [("day:2026-09-21", f"9198123456{n}") for n in (71, 72, 73)], "not who may only chat"
    clock.put_forward(86_400_000)
    await reports.send_due()
    assert desk.stored[-1].key == "day:2026-09-22"


async def test_a_shop_that_nobody_has_written_to_reports_nothing(tmp_path: Path) -> None:
    desk = Desk()
    desk.events = []
    reports, clock = sender(tmp_path, desk, REPORT + 20)
    assert await reports.send_due() is None
    desk.events = ["hi"]
    assert await reports.send_due() is None, "who writes first in the night does not set it off"
    clock.put_forward(86_400_000)
    assert await reports.send_due() is not None


@pytest.mark.parametrize(("minute", "at"), [(REPORT - 1, "21:30"), (REPORT, "")])
async def test_nothing_is_sent_before_its_time_or_without_one(tmp_path: Path, minute: int, at: str) -> None:
    desk = Desk()
    reports, _ = sender(tmp_path, desk, minute, at)
    assert await reports.send_due() is None
    assert desk.stored == []


async def test_a_failed_look_is_logged_and_closing_ends_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_reports, "LOOK_SECONDS", 0.0)
    desk = Desk()
    desk.failing = 2
    reports, _ = sender(tmp_path, desk, REPORT)
    with capture_logs() as logs:
        loop = asyncio.create_task(reports.run())
        async with asyncio.timeout(5):
            while not desk.stored:
                await asyncio.sleep(0)
        reports.close()
        await loop
    assert [entry["event"] for entry in logs] == ["the day's report was not sent"] * 2 + [
        "the day's report is stored"
    ]
