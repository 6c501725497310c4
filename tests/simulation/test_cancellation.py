"""Webhooks and workers are cancelled at every await: the database answers, and no work is half done.

test_ground does the same with the store's own calls and a made-up step.
"""

import asyncio
import hmac
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from bot.app import _Inbox
from bot.context import Context
from bot.flow_versions import FlowVersions
from bot.http.webhooks import take_razorpay, take_whatsapp
from bot.metrics import Metrics
from bot.whatsapp.channel import WHATSAPP
from bot.workers.loop import Workers
from storage import Store
from tests.simulation.database import in_loop, new_database
from tests.simulation.loop import SimLoop, run
from tests.simulation.meta import NUMBER, Meta
from tests.simulation.razorpay import Razorpay
from tests.simulation.setting import SECRETS, settings, shop
from tests.simulation.weather import Weather

pytestmark = pytest.mark.usefixtures("quiet")

LONG = 120
"""Seconds after which every lease is over and every ambiguous send is decided."""


class System:
    """The bot with an outside that has no faults. Webhooks to the bot wait in `posted`."""

    def __init__(self, store: Store, loop: SimLoop) -> None:
        self.store = store
        self.posted: list[dict[str, Any]] = []
        seen: Counter[str] = Counter()
        common = (loop.clock.now, random.Random(1), Weather())
        self.meta = Meta(*common, lambda value, _: self.posted.append(value), _no_crash, seen, [])
        razorpay = Razorpay(*common, self.posted.append, _no_crash, seen, [])
        inbox = _Inbox(store, loop.clock, Metrics())
        outside = (self.meta, razorpay)
        self.context = Context(settings(), loop.clock, FlowVersions(shop()), store, *outside, inbox.batcher)  # type: ignore[arg-type]
        self.workers = Workers(self.context, random.Random(1))

    async def write(self, n: int) -> None:
        """Send two messages of customer `n` in one webhook."""
        phone = f"9198{n:08}"
        self.meta.wrote_at[phone] = self.context.clock.now()
        messages = [
            {
                "from": phone,
                "id": f"wamid.{n}.{word}",
                "timestamp": "1",
                "type": "text",
                "text": {"body": word},
            }
            for word in ("hi", "help")
        ]
        await self.take({"messages": messages})

    async def take(self, value: dict[str, Any]) -> None:
        """Deliver a webhook of Meta."""
        head = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": NUMBER}}
        change = {"field": "messages", "value": {**head, **value}}
        raw = json.dumps(
            {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
        ).encode()
        await take_whatsapp(self.context, raw, f"sha256={_signed(raw, 'whatsapp_app_secret')}")

    async def pay(self, n: int) -> None:
        """Deliver a webhook of Razorpay about a link that must be looked up."""
        payment = {"id": f"pay_{n}", "description": f"#none{n}", "status": "captured", "notes": []}
        body = {"event": "payment.captured", "payload": {"payment": {"entity": payment}}}
        raw = json.dumps(body).encode()
        await take_razorpay(self.context, raw, _signed(raw, "razorpay_webhook_secret"))

    async def deliver_statuses(self) -> None:
        """Deliver the status webhooks of all messages that Meta accepted."""
        for value in self.posted:
            await self.take(value)
        self.posted.clear()

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        return await self.store._units.read(lambda tx: tx.fetch(sql))


async def _no_crash(_: str) -> None:
    return None


def _signed(raw: bytes, secret: str) -> str:
    return hmac.new(SECRETS[secret].encode(), raw, "sha256").hexdigest()


Action: TypeAlias = Callable[[System, int], Awaitable[object]]


async def nothing(_: System, n: int) -> None:
    return None


async def stepped(system: System, n: int) -> None:
    await system.write(n)
    await system.workers.step()


async def performed(system: System, n: int) -> None:
    await system.write(n)
    await system.workers.drain()
    await system.deliver_statuses()


ACTIONS: dict[str, tuple[Action, Action]] = {
    "take_whatsapp": (nothing, lambda system, n: system.write(n)),
    "take_razorpay": (lambda system, n: system.write(n), lambda system, n: system.pay(n)),
    "a round of stepping": (lambda system, n: system.write(n), lambda system, _: system.workers.step()),
    "a round of performing": (stepped, lambda system, _: system.workers.perform()),
    "both until nothing is due": (
        lambda system, n: system.write(n),
        lambda system, _: system.workers.drain(),
    ),
    "apply_receipts": (
        performed,
        lambda system, _: system.store.apply_receipts(system.context.clock.now()),
    ),
}
"""Name → (preparation, action to cancel)."""


async def cancelled_after(loop: SimLoop, turns: int, action: Awaitable[object]) -> bool:
    """Cancel `action` after so many turns of the loop. Return False if it had ended by then."""
    task = asyncio.ensure_future(action)
    last = loop.turns + turns
    while loop.turns < last:
        await asyncio.sleep(0)
    was_done = not task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return not was_done


async def assert_whole(system: System, n: int) -> None:
    """Assert that the database works, and that customer `n` is answered as without a cancellation."""
    await system.store.ping()
    await system.write(n)  # Meta sends again what was not acknowledged
    await system.pay(n)
    for _ in range(3):
        await system.workers.drain()
        await system.deliver_statuses()
        await asyncio.sleep(LONG)
    texts = [message.text for message in system.meta.inboxes[f"9198{n:08}"]]
    assert len(texts) == 2, texts
    assert "Welcome" in texts[0]
    assert "How it works" in texts[1]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", ACTIONS)
def test_work_cancelled_at_any_turn_breaks_nothing(name: str, seed: int, directory: Path) -> None:
    prepare, action = ACTIONS[name]

    async def main(loop: SimLoop) -> int:
        system = System(await Store.open(url, WHATSAPP), loop)
        for n in count():
            await prepare(system, n)
            was_cancelled = await cancelled_after(loop, n, action(system, n))
            await assert_whole(system, n)
            if not was_cancelled:
                break
        assert not await system.rows("SELECT id FROM inbox WHERE state IN ('pending', 'parked')")
        assert not await system.rows("SELECT id FROM outbox WHERE state <> 'done'")
        assert await system.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
        await system.workers.close()
        await system.store.close()
        return n

    url = new_database(directory)
    with in_loop():
        turns = run(seed, main)
    print(f"{name}: cancelled at {turns} turns")
    assert turns > 0
