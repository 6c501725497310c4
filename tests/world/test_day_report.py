"""The day's report and the exports, over HTTP and on a real database."""

import csv
import io
from pathlib import Path

import pytest

from bot.clock import ShiftedClock
from bot.workers.day_reports import DayReports
from payments.shop.local_time import INDIA, instant, local_date
from sandbox.world import World
from storage import Store
from tests.payments.tiffin_shop import TEXT
from tests.world.running_bot import START, Live, Start
from tests.world.test_operators import munshi

MEENA, RAMESH, CHAND = "919812345671", "919812345672", "919812345674"
LUNCH = "Tomorrow, Lunch"


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    file = tmp_path / "tiffin.yaml"
    file.write_text(TEXT, "utf-8")
    return file


async def buy(live: Live) -> None:
    asha = live.customer()
    await asha.write("hi")
    await asha.tap("Thali")
    await asha.tap(LUNCH)
    await asha.tap("Cash")
    assert asha.texts[-1] == "#10001 cash"


async def until(live: Live, minute: int) -> None:
    """Put the clock to this minute of the day of START, in the shop's time zone."""
    at = instant(INDIA, local_date(INDIA, START), minute)
    live.clock.put_forward(at - live.clock.now())
    await live.settle()


async def test_the_report_comes_once_a_day_whoever_sends_it(
    world: World, clock: ShiftedClock, start: Start, flow: Path
) -> None:
    async with start(world, clock, flow) as live:
        meena, ramesh = live.customer(MEENA, "Meena"), live.customer(RAMESH, "Ramesh")
        chand = live.customer(CHAND, "Chand")
        await meena.write("hi")
        await buy(live)
        await meena.write("#10001 delivered cash")
        heard = len(meena.texts)
        await until(live, 21 * 60 + 29)
        one, other = DayReports(live.context), DayReports(live.context)
        assert await one.send_due() is None
        await until(live, 21 * 60 + 30)
        for sender in (one, other, one):
            await sender.send_due()
            await live.settle()
        [report] = meena.texts[heard:]
        assert "1 order, ₹160" in report
        assert "Cash: ₹160 (Meena ₹160)" in report
        assert (ramesh.heard("1 order, ₹160"), chand.texts) == (1, [])
        await meena.tap("Orders to do")
        assert meena.texts[-1] == "Nothing is to do."
        assert await live.parked() == []
        why = (await munshi(live, "why", MEENA)).output
        for said in (
            "told stage to the chat",
            "Munshi asked for the figures of a day",
            "asked what is to do",
        ):
            assert said in why
    async with start(world, clock, flow) as live:
        await until(live, 24 * 60 + 60)
        await DayReports(live.context).send_due()
        await live.settle()
        assert len(live.customer(MEENA, "Meena").texts) == heard + 2, "not again after a restart"


async def test_a_report_that_was_missed_comes_after_a_restart(
    world: World, clock: ShiftedClock, start: Start, flow: Path
) -> None:
    async with start(world, clock, flow) as live:
        await live.customer(MEENA, "Meena").write("hi")
    async with start(world, clock, flow) as live:
        await until(live, 25 * 60)
        await DayReports(live.context).send_due()
        await live.settle()
        assert live.customer(MEENA, "Meena").heard("0 orders, ₹0") == 1


async def test_a_day_after_they_wrote_the_staff_get_the_template(
    world: World, clock: ShiftedClock, start: Start, flow: Path
) -> None:
    async with start(world, clock, flow) as live:
        meena = live.customer(MEENA, "Meena")
        await meena.write("hi")
        await live.wait(26 * 60)
        status, said = await live.until(live.api("POST", "/day", {"date": "yesterday"}))
        assert status == 200
        assert said["to"] == 3
        await live.settle()
        assert [message.kind for message in meena.person.messages[1:]] == ["template"]


async def test_the_figures_and_tables_over_http_and_on_the_command_line(
    world: World, clock: ShiftedClock, start: Start, flow: Path
) -> None:
    async with start(world, clock, flow) as live:
        await buy(live)
        today = local_date(INDIA, START).isoformat()
        status, day = await live.api("GET", f"/export/day?date={today}")
        assert status == 200
        expected = (today, 1, {"placed": 1})
        assert (day["date"], day["orders"], day["to_do"]) == expected
        shown = await munshi(live, "day", "--date", today, MUNSHI_FLOW=str(flow))
        assert shown.output.splitlines()[1:] == [
            "1 order, ₹160", "Paid online: ₹0 in 0 payments", "Best sellers: 1 × Veg thali",
            "To do: 1 placed",
        ]  # fmt: skip
        span = ("--from", "2026-09-01", "--to", "2026-09-30")
        for what in ("orders", "lines", "gst", "ratings", "customers", "catalogue"):
            status, table = await live.api("GET", f"/export/{what}?from=2026-09-01&to=2026-09-30")
            assert status == 200, what
            rows = [*csv.DictReader(io.StringIO(table))]
            counts = {"orders": 1, "lines": 1, "gst": 2, "ratings": 0, "customers": 1, "catalogue": 2}
            assert len(rows) == counts[what], (what, rows)
            told = await munshi(live, "export", what, *span, MUNSHI_FLOW=str(flow))
            assert told.stdout.splitlines() == table.splitlines()
        [order] = csv.DictReader(io.StringIO((await live.api("GET", "/export/orders?from=2026-09-01"))[1]))
        assert (order["number"], order["customer"], order["total"]) == ("10001", "Asha", "160.00")
        for path, wrong in (
            ("/export/orders?from=2026-10-01&to=2026-09-01", 422),
            ("/export/orders?from=yesterday", 422),
            ("/export/day?date=soon", 422),
            ("/export/secrets", 404),
        ):
            assert (await live.api("GET", path))[0] == wrong, path
        for path in ("/export/orders", "/export/day"):
            assert (await live.api("GET", path, token="wrong"))[0] == 401
        assert (await live.api("POST", "/day", {}, token="wrong"))[0] == 401


async def test_an_export_is_read_in_pages(
    world: World, clock: ShiftedClock, start: Start, flow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store.export, "__defaults__", (2,))
    async with start(world, clock, flow) as live:
        asha = live.customer()
        await asha.write("hi")
        for _ in range(5):
            await asha.tap("Thali")
            await asha.tap(LUNCH)
            await asha.tap("Cash")
        for what, rows in (("orders", 5), ("customers", 1)):
            _, table = await live.api("GET", f"/export/{what}?from=2026-09-01&bom=1")
            assert table.startswith("\ufeff")
            assert len(table.splitlines()) == rows + 1
        _, table = await live.api("GET", "/export/orders?from=2026-09-01")
        numbers = [row["number"] for row in csv.DictReader(io.StringIO(table))]
        assert numbers == ["10001", "10002", "10003", "10004", "10005"]
