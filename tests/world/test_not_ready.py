"""Where nothing can be stored, the bot is not ready and says why; afterwards operators get a notice."""

import asyncio
import sqlite3
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot import intake_health
from tests.world.running_bot import Live
from tests.world.test_bad_requests import RAZORPAY, WHATSAPP, signed, text_message, webhook
from tests.world.test_operators import munshi


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the readiness writes."""
    monkeypatch.setattr(intake_health, "_PROBE_SECONDS", 0.0)


def on_sqlite(live: Live) -> bool:
    return live.context.settings.database_url.startswith("sqlite:")


async def readiness(live: Live) -> tuple[int, str]:
    async with live.http.get(f"{live.url}/readyz") as answer:
        return answer.status, (await answer.text()).splitlines()[0]


async def post(live: Live, number: int, size: int = 10) -> int:
    with capture_logs():
        return await live.whatsapp(webhook(text_message(live, f"wamid.{number}", "x" * size)))


async def notices(live: Live) -> list[str]:
    rows = await live.rows("SELECT said FROM notice WHERE kind = 'unstored'")
    return [row["said"] for row in rows]


async def read_only(live: Live, server: Any, on: bool) -> None:
    """Let the database take no writes, or take them again."""
    if on_sqlite(live):
        await live.rows(f"PRAGMA query_only = {int(on)}")
        return
    [row] = await live.rows("SELECT current_database() AS name")
    name = row["name"]
    server.psql(f"ALTER DATABASE {name} SET default_transaction_read_only = {'on' if on else 'off'}")
    server.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


async def test_a_read_only_database_is_not_ready_before_any_webhook_failed(
    live: Live, request: pytest.FixtureRequest
) -> None:
    server = None if on_sqlite(live) else request.getfixturevalue("postgres_server")
    assert await readiness(live) == (200, "ready")
    await read_only(live, server, on=True)
    status, said = await readiness(live)
    assert status == 503
    assert "does not take what is written" in said
    assert "read" in said.lower().partition("written")[2], "the database's own words"
    for number in range(3):
        assert await post(live, number) == 500
    await read_only(live, server, on=False)
    with capture_logs():
        assert await readiness(live) == (200, "ready")
    [said] = await notices(live)
    assert "3," in said
    assert await post(live, 1) == 200


async def test_doctor_says_so_while_it_lasts_and_what_was_lost_afterwards(
    live: Live, request: pytest.FixtureRequest
) -> None:
    server = None if on_sqlite(live) else request.getfixturevalue("postgres_server")
    await read_only(live, server, on=True)
    for number in range(3):
        assert await post(live, number) == 500
    during = await munshi(live, "doctor")
    assert during.exit_code == 1
    [said] = [line for line in during.output.splitlines() if line.startswith("✗ server")]
    assert "does not take what is written" in said
    assert "All is well" not in during.output
    await read_only(live, server, on=False)
    with capture_logs():
        assert await readiness(live) == (200, "ready")
    after = (await munshi(live, "doctor")).output
    assert "✓ server" in after
    assert "✗ notices: 1 you have not seen to" in after
    [notice] = [line for line in after.splitlines() if "(unstored webhooks)" in line]
    assert "3," in notice


async def test_a_full_disk_that_still_takes_a_little_is_not_ready_once_a_webhook_failed(live: Live) -> None:
    if not on_sqlite(live):
        pytest.skip("SQLite can be told that the disk is full")
    [pages] = await live.rows("PRAGMA page_count")
    await live.rows(f"PRAGMA max_page_count = {pages['page_count']}")
    assert await post(live, 1, 200_000) == 500
    for _ in range(2):
        status, said = await readiness(live)
        assert (status, "full" in said) == (503, True)
    assert await notices(live) == []
    await live.rows("PRAGMA max_page_count = 1000000")
    with capture_logs():
        assert await post(live, 1, 200_000) == 200
    assert len(await notices(live)) == 1
    assert await readiness(live) == (200, "ready")


async def test_a_lock_that_somebody_holds_is_seen(live: Live) -> None:
    if not on_sqlite(live):
        pytest.skip("SQLite has one writer")
    await live.rows("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(
        live.context.settings.database_url.removeprefix("sqlite://"), isolation_level=None
    )
    try:
        other.execute("BEGIN IMMEDIATE")
        status, said = await readiness(live)
        assert (status, "locked" in said) == (503, True)
        other.execute("ROLLBACK")
    finally:
        other.close()
    assert await readiness(live) == (200, "ready")


async def test_what_is_refused_and_what_fails_is_counted_at_each_door(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (WHATSAPP, RAZORPAY):
        assert (await live.post(path, b"{}"))[0] == 403
    assert await post(live, 1) == 200

    async def full(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(live.context.store, "arrive", full)
    assert await post(live, 2) == 500
    with capture_logs():
        assert (await live.post(RAZORPAY, b"{}", signed(live, RAZORPAY, b"{}")))[0] == 500
    counted = live.context.metrics.text().decode()
    for path, statuses in {WHATSAPP: (403, 200, 500), RAZORPAY: (403, 500)}.items():
        for status in statuses:
            assert f'munshi_requests_total{{path="{path}",status="{status}"}}' in counted
    assert live.context.intake.unstored == 2


async def test_failed_webhooks_are_remembered_until_operators_are_told(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise OSError("the disk is full")

    for name, answer in (("arrive", 500), ("tell", 200)):
        with monkeypatch.context() as failing:
            failing.setattr(live.context.store, name, full)
            assert await post(live, 1) == answer, "what is stored is acknowledged"
        assert live.context.intake.unstored == 1
    assert await notices(live) == []
    assert await post(live, 2) == 200
    [said] = await notices(live)
    assert "1, OSError" in said
    assert live.context.intake.unstored == 0


async def test_webhooks_that_fail_while_operators_are_told_are_not_forgotten() -> None:
    state, told, go_on = intake_health.IntakeHealth(), [], asyncio.Event()

    class Slow:
        async def tell(self, notices: Any, now: int) -> None:
            told.append(notices)
            await go_on.wait()

    state.failed(OSError())
    telling = [asyncio.create_task(state.recovered(Slow(), 1)) for _ in range(3)]  # type: ignore[arg-type]
    await asyncio.sleep(0)
    state.failed(OSError())
    go_on.set()
    with capture_logs():
        await asyncio.gather(*telling)
    assert (len(told), state.unstored) == (1, 1)


async def test_a_write_is_tried_no_more_often_than_agreed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_health, "_PROBE_SECONDS", 5.0)
    tried: list[float] = []

    class Counting:
        async def probe(self, now: int, size: int) -> None:
            tried.append(size)

    state, store = intake_health.IntakeHealth(), Counting()
    for seconds in (0.0, 1.0, 4.9, 5.1, 6.0, 10.2):
        await state.check(store, 1, seconds)  # type: ignore[arg-type]
    assert tried == [0, 0, 0]
