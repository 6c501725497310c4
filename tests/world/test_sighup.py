"""SIGHUP has a running process serve its flow file as it is now; a broken one is refused."""

import signal
from pathlib import Path

from tests.world.market import market
from tests.world.processes import until
from tests.world.running_bot import FLOW


async def test_a_running_process_serves_its_file_at_sighup(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "flows.yaml"
    text = FLOW.read_text("utf-8")
    file.write_text(text, "utf-8")
    async with market(database_url, tmp_path, seed=3) as street:
        street.env["MUNSHI_FLOW"] = str(file)
        bot = await street.serve()

        async def ready_lines() -> list[str]:
            async with street.http.get(f"{street.bots[0]}/readyz") as answer:
                return (await answer.text()).splitlines()

        async def told(what: str) -> None:
            async def is_logged() -> bool:
                return what in (tmp_path / "stderr.txt").read_text()

            await until(is_logged, what)

        [_, before, _, same] = await ready_lines()
        assert same == "file: the same"
        file.write_text(text.replace("do: cart.empty", "do: cart.emty", 1), "utf-8")
        bot.send_signal(signal.SIGHUP)
        await told("flow refused")
        assert (await ready_lines())[1] == before
        file.write_text(text.replace("Your cart is empty.", "Your basket is empty.", 1), "utf-8")
        bot.send_signal(signal.SIGHUP)
        await told("flow reloaded")
        [_, after, _, same] = await ready_lines()
        assert (after != before, same) == (True, "file: the same")
        await street.stop(bot)
