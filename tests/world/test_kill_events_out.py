"""`kill -9` of a real process between a receiver's 200 and our record of it."""

import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from tests.world.hook_receiver import SECRETS, Receiver, receiving
from tests.world.processes import until
from tests.world.test_kill import ASHA, STEPS, Street, opened

A_MINUTE_LATER: Final = (
    sys.executable,
    "-c",
    "from bot.cli import main; from bot.clock import SystemClock; now = SystemClock.now;"
    " SystemClock.now = lambda self: now(self) + 61_000; main()",
)
"""Munshi whose clock is beyond the lease of what an earlier process had claimed."""


@dataclass
class Deadly(Receiver):
    """A receiver that answers 200 to the first payment, to a bot that can no longer read it."""

    street: Street | None = None

    async def take(self, request: web.Request) -> web.Response:
        answer = await super().take(request)
        if self.street and self.street.bot and self.tries[-1][1]["type"] == "payment.captured":
            bot, self.street = self.street.bot, None
            bot.send_signal(signal.SIGSTOP)
            await answer.prepare(request)
            await answer.write_eof()
            bot.kill()
        return answer


async def test_an_event_comes_again_that_was_taken_when_we_were_killed(
    sqlite_url: str, tmp_path: Path
) -> None:
    receiver = Deadly(status=200)
    async with (
        receiving(receiver),
        opened(sqlite_url, tmp_path, MUNSHI_HOOK_URL=receiver.url, MUNSHI_HOOK_SECRET=SECRETS) as street,
    ):
        receiver.street = street
        for count, step in enumerate(STEPS, 1):
            done = {"text": "hi"} if step == "hi" else {"title": step}
            await street.control("write" if step == "hi" else "tap", wa_id=ASHA, **done)
            [*_, last] = await street.answered(count)
        await street.control("pay", url=last["text"].split()[5])
        await until(lambda: _are(receiver, 2), "the payment")
        assert street.bot is not None
        await street.bot.wait()
        assert street.bot.returncode == -signal.SIGKILL
        await street.start(A_MINUTE_LATER)
        await until(lambda: _are(receiver, 4), "what comes after the payment")
    types = ["order.placed", "payment.captured", "payment.captured", "order.confirmed"]
    assert receiver.types == types
    [sequence] = receiver.by_order().values()
    assert sequence == [1, 2, 2, 3]
    assert receiver.taken[1] == receiver.taken[2], "the same id, and word for word the same"
    assert len({key for key, _ in receiver.taken}) == 3


async def _are(receiver: Receiver, count: int) -> bool:
    return len(receiver.taken) >= count
